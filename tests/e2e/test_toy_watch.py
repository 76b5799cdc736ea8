"""`sepal check --watch` with the toy checker: what is printed after which change, and what is left at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo  # noqa: E402
from toy import CHAIN, Program, ToyCase, running_below  # noqa: E402
from watching import Watch  # noqa: E402

SEED = 7
NUMBERS = """
-- a.py --
export X 1
-- b.py --
import a
reveal a.X
-- c.py --
import b
"""


class WatchCase(ToyCase):
    def watch(self, repo: Repo, *arguments: str, **options: Any) -> Watch:
        watch = Watch(repo, "--checker", "toy", *arguments, **options)
        self.addCleanup(watch.kill)
        return watch

    def assert_right(self, watch: Watch) -> None:
        """What it says in the end is what a run with an empty store says."""
        repo = watch.repo
        cold = self.check(repo, "--store", os.path.join(repo.base, f"clean-{len(repo.runs)}"))
        if not watch.totals:
            watch.wait()
        said = sorted(cold.lines[:-1])
        if (watch.now(), watch.total) != (said, cold.lines[-1]):
            watch.wait(lambda: (watch.now(), watch.total) == (said, cold.lines[-1]))

    def assert_nothing_left(self, repo: Repo) -> None:
        self.assert_no_children(repo)
        scratch = os.path.join(repo.store, "v2", "tmp")
        self.assertEqual([name for name in os.listdir(scratch) if os.path.isdir(os.path.join(scratch, name))], [])
        repo.doctor()


class Changes(WatchCase):
    def test_an_edit_tells_what_is_gone_and_what_is_new(self) -> None:
        watch = self.watch(self.repo(NUMBERS))
        watch.wait()
        self.assertEqual(watch.said, ["b.py:2: note: a.X is 1", "Success: no issues found in 3 source files"])
        for value in ("2", "3", "4"):  # an interface that is loaded changes, again and again
            watch.repo.write("a.py", f"export X {value}\n")
            watch.wait()
            self.assertEqual(watch.said[-2:], [f"+ b.py:2: note: a.X is {value}", watch.total])
        self.assertEqual(watch.said.count("- b.py:2: note: a.X is 2"), 1)
        watch.repo.write("c.py", "import b\nerror wrong\n")
        watch.wait()
        self.assertEqual(watch.said[-2:], ["+ c.py:2: error: wrong  [toy]",
                                           "Found 1 error in 1 file (checked 3 source files)"])

    def test_an_edit_without_consequence_tells_the_total(self) -> None:
        watch = self.watch(self.repo(NUMBERS))
        watch.wait()
        watch.repo.write("c.py", "import b\n# nothing\n")
        watch.wait()
        self.assertEqual(watch.said[-1:], ["Success: no issues found in 3 source files"])
        self.assertEqual(len(watch.said), 3)

    def test_a_syntax_error_hides_the_rest_and_brings_nothing_new_when_it_goes(self) -> None:
        watch = self.watch(self.repo(NUMBERS))
        watch.wait()
        watch.repo.write("c.py", "garbage (\n")
        watch.wait()
        self.assertEqual(len(watch.said), 4, watch)
        self.assertRegex(watch.said[2], r"^\+ c.py:1: error: .*\[syntax\]$")
        self.assertIn("(errors prevented further checking)", watch.total)
        watch.repo.write("c.py", "garbage [\nimport b\n")
        watch.wait()
        watch.repo.write("c.py", "import b\n")
        watch.wait()
        self.assertRegex(watch.said[-2], r"^- c.py:1: error: .*\[syntax\]$")
        self.assertEqual(watch.now(), ["b.py:2: note: a.X is 1"])

    def test_files_come_and_go(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        repo.write("d.py", "import c\nerror here\n")
        watch.wait()
        self.assertIn("(checked 4 source files)", watch.total)
        repo.write("deep/er/e.py", "error below\n")
        self.assert_right(watch)
        repo.write("deep/er/f.py", "error beside\n")  # in directories that the watch has not seen when it began
        self.assert_right(watch)
        repo.remove("d.py")
        self.assert_right(watch)
        os.rename(repo.path("deep"), repo.path("other"))
        self.assert_right(watch)
        repo.write("other/er/f.py", "error moved\n")
        self.assert_right(watch)
        repo.remove("other")
        self.assert_right(watch)

    def test_a_file_that_is_replaced_by_a_rename_is_seen_again_and_again(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        for value in ("2", "3"):
            repo.write(".a.py.swp", f"export X {value}\n")
            os.replace(repo.path(".a.py.swp"), repo.path("a.py"))
            watch.wait(lambda: watch.now() == [f"b.py:2: note: a.X is {value}"])

    def test_what_a_link_leads_to_is_seen(self) -> None:
        repo = self.repo(NUMBERS)
        for place in ("one", "two"):
            os.mkdir(os.path.join(repo.base, place))
            with open(os.path.join(repo.base, place, "real.py"), "w") as file:
                file.write(f"export X {place}\n")
        os.unlink(repo.path("a.py"))
        os.symlink(os.path.join(repo.base, "one", "real.py"), repo.path("a.py"))
        watch = self.watch(repo)
        watch.wait()
        with open(os.path.join(repo.base, "one", "real.py"), "w") as file:
            file.write("export X changed\n")
        watch.wait(lambda: watch.now() == ["b.py:2: note: a.X is changed"])
        os.symlink(os.path.join(repo.base, "two", "real.py"), repo.path(".new"))
        os.replace(repo.path(".new"), repo.path("a.py"))
        watch.wait(lambda: watch.now() == ["b.py:2: note: a.X is two"])

    def test_configuration_counts_also_when_it_is_wrong(self) -> None:
        repo = self.repo(NUMBERS)
        repo.write("c.py", "error loud\n")
        watch = self.watch(repo)
        watch.wait()
        repo.write("toy.ini", "[toy]\nshout = yes\n")
        watch.wait(lambda: watch.now()[-1] == "c.py:1: error: LOUD  [toy]")
        repo.write("toy.ini", "[toy]\nwhisper = yes\n")
        watch.wait_for_error("there is no option 'whisper'")
        repo.write("toy.ini", "[toy-c]\nshout = no\n")
        watch.wait(lambda: watch.now()[-1] == "c.py:1: error: loud  [toy]")

    def test_what_is_of_no_concern_is_no_reason(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        for name in ("notes.txt", ".c.py.swp", "__pycache__/c.pyc", "c.py~"):
            repo.write(name, "text\n")
        repo.write("c.py", "import b\nerror wrong\n")
        watch.wait(lambda: "Found 1" in watch.total)
        self.assertEqual(watch.totals, 2, watch)

    def test_many_changes_are_one_check(self) -> None:
        repo = self.repo()
        program = Program(SEED, modules=60)
        program.write(repo)
        stats = os.path.join(repo.base, "stats.json")
        watch = self.watch(repo, "--stats-json", stats)
        watch.wait()
        for _ in range(40):
            program.edit(repo)
        watch.wait()
        self.assert_right(watch)
        self.assertLess(watch.totals, 8, watch)

    def test_every_edit_of_a_random_program_is_right(self) -> None:
        repo = self.repo()
        program = Program(SEED, modules=25)
        program.write(repo)
        watch = self.watch(repo)
        watch.wait()
        for _ in range(25):
            program.edit(repo)
            watch.wait()
            self.assert_right(watch)

    def test_the_statistics_are_those_of_the_last_check(self) -> None:
        repo = self.repo(CHAIN)
        stats = os.path.join(repo.base, "stats.json")
        watch = self.watch(repo, "--stats-json", stats)
        watch.wait()
        repo.write("a.py", "export X 2\n")
        watch.wait(lambda: not watch.lines)
        self.assert_right(watch)
        repo.write("d.py", "import c\nbody Z\n# more\n")
        deadline = time.monotonic() + 30
        ran = None
        while ran != ["d"] and time.monotonic() < deadline:
            if os.path.exists(stats):
                with open(stats) as file:
                    ran = json.load(file)["modules_run"]
            time.sleep(0.01)
        self.assertEqual(ran, ["d"])


class Failures(WatchCase):
    def test_a_checker_that_fails_is_told_and_the_watch_goes_on(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        repo.write("c.py", "import b\ncrash\n")
        watch.wait_for_error("the toy crashes in c")
        repo.write("c.py", "import b\nerror better\n")
        watch.wait(lambda: "Found 1 error" in watch.total)
        self.assertEqual(watch.end(), 130)

    def test_a_worker_that_is_gone_is_started_again(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        repo.write("a.py", "export X 2\n")
        watch.wait()
        for directory in os.listdir("/proc"):
            if directory.isdigit() and parent_of(directory) == watch.process.pid:
                os.kill(int(directory), signal.SIGKILL)
        repo.write("a.py", "export X 3\n")
        self.assert_right(watch)

    def test_it_begins_where_nothing_is_right(self) -> None:
        repo = self.repo("-- toy.ini --\n[toy]\nwhisper = yes\n-- a.py --\nerror a\n")
        watch = self.watch(repo)
        watch.wait_for_error("there is no option 'whisper'")
        repo.write("toy.ini", "[toy]\nshout = yes\n")
        watch.wait()
        self.assertEqual(watch.now(), ["a.py:1: error: A  [toy]"])

    def test_what_it_cannot_do_is_refused(self) -> None:
        repo = self.repo(NUMBERS)
        run = self.check(repo, "--watch", "--no-store-read")
        self.assertEqual(run.status, 2)
        self.assertIn("--watch checks again only what a change concerns", run.stderr)


class Ends(WatchCase):
    def test_a_signal_ends_it_and_leaves_nothing(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                repo = self.repo(NUMBERS)
                watch = self.watch(repo)
                watch.wait()
                repo.write("a.py", "export X 2\n")
                watch.wait()
                self.assertNotEqual(running_below(repo.store), [])
                self.assertEqual(watch.end(number), 130)
                self.assert_nothing_left(repo)
                self.assertEqual(watch.errors(), "")

    def test_a_signal_in_the_middle_of_a_check_ends_it(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        workers = len(running_below(repo.store))
        repo.write("c.py", "import b\nhang\n")
        deadline = time.monotonic() + 30
        while len(running_below(repo.store)) <= workers and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(watch.end(), 130)
        self.assert_nothing_left(repo)

    def test_it_ends_with_its_input(self) -> None:
        for text, status in (("", 0), ("error wrong\n", 1)):
            with self.subTest(status=status):
                repo = self.repo(NUMBERS)
                repo.write("c.py", text)
                watch = self.watch(repo, stdin=subprocess.PIPE)
                watch.wait()
                assert watch.process.stdin
                watch.process.stdin.close()
                self.assertEqual(watch.process.wait(timeout=30), status)
                self.assert_nothing_left(repo)

    def test_a_killed_watch_leaves_no_process(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        watch.kill()
        self.assert_no_children(repo)
        self.assert_ran(self.check(repo))

    def test_the_next_run_finds_all_that_the_watch_did(self) -> None:
        repo = self.repo(NUMBERS)
        watch = self.watch(repo)
        watch.wait()
        repo.write("a.py", "export X 2\n")
        watch.wait()
        watch.end()
        self.assert_ran(self.check(repo))


def parent_of(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    unittest.main()
