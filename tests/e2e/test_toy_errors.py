"""What a run says and how it ends when sources are wrong or the checker is: with the toy, which can be both."""

from __future__ import annotations

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from toy import CHAIN, ToyCase  # noqa: E402

RUNNERS = ("worker", "process")

INDEPENDENT = """
-- bad.py --
export B
-- one.py --
error first
-- two.py --
note second
-- upon.py --
import bad
body B
"""


class Diagnostics(ToyCase):
    def test_errors_do_not_stop_anything(self) -> None:
        repo = self.repo(CHAIN.replace("export X 1", "export X 1\nerror wrong here").replace("export Z",
                                                                                             "export Z\nbody NOTHING"))
        run = self.check(repo)
        self.assertEqual(run.lines, ["a.py:2: error: wrong here  [toy]",
                                     'c.py:3: error: There is no name "NOTHING"  [name]',
                                     "Found 2 errors in 2 files (checked 4 source files)"])
        self.assertEqual((run.status, run.stats["units_run"]), (1, 5))
        again = self.check(repo)
        self.assertEqual((again.lines, again.status), (run.lines, 1))
        self.assert_ran(again)

    def test_notes_alone_are_a_success(self) -> None:
        run = self.check(self.repo("-- a.py --\nnote hello\n"))
        self.assertEqual(run.status, 0)
        self.assertIn("a.py:1: note: hello", run.lines)

    def test_a_missing_module_is_an_error_of_who_imports_it(self) -> None:
        run = self.check(self.repo("-- a.py --\nimport nowhere\n"))
        self.assertEqual((run.status, run.lines[0]), (1, 'a.py:1: error: There is no module "nowhere"  [import]'))


class Blockers(ToyCase):
    def test_a_blocker_is_reported_once_and_blocks_who_stands_on_it(self) -> None:
        for runner in RUNNERS:
            with self.subTest(runner):
                repo = self.repo(INDEPENDENT)
                repo.write("bad.py", "export B\nblocker stop here\n")
                repo.write("more.py", "import upon\n")
                run = self.check(repo, "--runner", runner)
                self.assertEqual(run.status, 2)
                self.assertEqual([line for line in run.lines if "stop here" in line],
                                 ["bad.py:2: error: stop here  [blocker]"])
                self.assertIn("one.py:1: error: first  [toy]", run.lines)
                self.assertIn("(errors prevented further checking)", run.lines[-1])
                self.assertEqual((run.stats["units_blocked"], run.stats["units_failed"]), (3, 0))

    def test_a_source_that_cannot_be_read_is_all_that_is_said(self) -> None:
        for runner in RUNNERS:
            with self.subTest(runner):
                repo = self.repo(INDEPENDENT)
                repo.write("bad.py", "nonsense\n")
                run = self.check(repo, "--runner", runner)
                self.assertEqual(run.lines, ['bad.py:1: error: There is no verb "nonsense"  [syntax]',
                                             "Found 1 error in 1 file (errors prevented further checking)"])
                self.assertEqual(run.status, 2)

    def test_after_the_repair_only_what_was_blocked_runs(self) -> None:
        repo = self.repo(INDEPENDENT)
        repo.write("bad.py", "export B\nblocker stop\n")
        self.check(repo)
        repo.write("bad.py", "export B\n")
        run = self.check(repo)
        self.assert_ran(run, "bad", "upon")
        self.assertEqual(run.status, 1)


class BrokenChecker(ToyCase):
    """Exit status 3, the unit is named, all others are finished and kept."""

    def assert_fails_alone(self, trouble: str, said: str, *arguments: str) -> None:
        for runner in RUNNERS:
            with self.subTest(runner):
                repo = self.repo(INDEPENDENT)
                repo.write("bad.py", f"export B\n{trouble}\n")
                run = self.check(repo, "--runner", runner, *arguments)
                self.assertEqual(run.status, 3, str(run))
                self.assertIn("checking bad", run.stderr)
                self.assertIn(said, run.stderr)
                self.assertIn("one.py:1: error: first  [toy]", run.lines)
                self.assertIn("two.py:1: note: second", run.lines)
                self.assertEqual(run.stats["units_failed"], 1, str(run))
                repo.write("bad.py", "export B\n")
                run = self.assert_as_clean(repo)
                self.assertIn("bad", run.stats["modules_run"])
                self.assertNotIn("one", run.stats["modules_run"])
                self.assertNotIn("two", run.stats["modules_run"])

    def test_an_exception(self) -> None:
        self.assert_fails_alone("crash badly", "the toy crashes in bad badly")

    def test_the_death_of_the_process(self) -> None:
        self.assert_fails_alone("die", "signal")

    def test_no_answer_in_time(self) -> None:
        start = time.monotonic()
        self.assert_fails_alone("hang", "--timeout", "--timeout=1")
        self.assertLess(time.monotonic() - start, 30)

    def test_all_that_failed_are_counted(self) -> None:
        repo = self.repo("-- a.py --\ncrash\n-- b.py --\ncrash\n-- c.py --\ncrash\n")
        run = self.check(repo)
        self.assertEqual(run.status, 3)
        self.assertIn("2 more failed as well", run.stderr)
        verbose = self.check(repo, "--verbose")
        for name in "abc":
            self.assertIn(f"{name}: failed: ", verbose.stderr)

    def test_a_member_of_a_cycle(self) -> None:
        run = self.check(self.repo("-- a.py --\nimport b\n-- b.py --\nimport a\ncrash\n"))
        self.assertEqual(run.status, 3)
        self.assertIn("the modules of its import cycle", run.stderr)

    def test_an_undeclared_output_is_refused_and_its_directory_can_be_kept(self) -> None:
        repo = self.repo(INDEPENDENT)
        repo.write("bad.py", "export B\nextra-output surprise.txt\n")
        run = self.check(repo, "--runner=process", "--keep")
        self.assertEqual(run.status, 3)
        self.assertIn("surprise.txt, which is no output of the unit", run.stderr)
        kept = next(line for line in run.stderr.splitlines() if "which is kept" in line).split(" in ")[1].split(",")[0]
        self.assertTrue(os.path.exists(os.path.join(kept, "surprise.txt")), kept)

    def test_a_checker_that_is_not_there(self) -> None:
        repo = self.repo(CHAIN)
        run = repo.run("check", "--checker", "toy", "--python", os.path.join(repo.base, "nowhere"))
        self.assertEqual(run.status, 3)
        self.assertIn("there is no Python interpreter at", run.stderr)
        run = repo.run("check", "--checker", "toy", env={"SEPAL_WORKER_DIR": repo.base})
        self.assertEqual(run.status, 3)
        self.assertIn("cannot find the worker program sepal_toy_worker.py", run.stderr)


class Discovered(ToyCase):
    """A dependency that only the checker knows of."""

    FILES = "-- late/late.py --\nexport L 1\n-- user.py --\nneeds late.late\nreveal L\n"

    def test_the_unit_is_planned_again_with_it(self) -> None:
        for runner in RUNNERS:
            with self.subTest(runner):
                repo = self.repo(self.FILES)
                run = self.check(repo, "user.py", "--runner", runner)
                self.assertIn("user.py:2: note: L is 1", run.lines)
                self.assertEqual(run.status, 0, str(run))

    def test_it_is_known_the_next_time_and_an_edit_of_it_is_noticed(self) -> None:
        repo = self.repo(self.FILES)
        self.check(repo, "user.py")
        repo.edit("late/late.py", "L 1", "L 2")
        run = self.check(repo, "user.py")
        self.assert_ran(run, "late.late", "user")
        self.assertIn("user.py:2: note: L is 2", run.lines)


if __name__ == "__main__":
    unittest.main()
