"""What runs again after an edit, and what does not: counted with the toy checker."""

from __future__ import annotations

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from toy import CHAIN, Program, ToyCase  # noqa: E402

CYCLE = """
-- base.py --
export B
-- x.py --
import y
import base
export X = y.Y
-- y.py --
from x import X
export Y 7
-- top.py --
import x
reveal x.X
"""


class Cutoff(ToyCase):
    def test_everything_runs_once(self) -> None:
        repo = self.repo(CHAIN)
        time.sleep(0.05)  # a file as young as the run might have been edited unseen
        first = self.check(repo)
        self.assert_ran(first, "a", "b", "builtins", "c", "d")
        self.assertEqual(first.stats["units_hit"], {"manifest": 0, "strict": 0, "unchanged": 0})
        second = self.check(repo)
        self.assert_ran(second)
        self.assertEqual(second.stats["units_hit"], {"manifest": 0, "strict": 0, "unchanged": 5})
        self.assertEqual((second.stats["checker_processes"], second.stats["describe_processes"]), (0, 0))

    def test_a_body_edit_runs_its_own_module(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        repo.edit("a.py", "export X 1\n", "export X 1\nnote hello\n")
        run = self.check(repo)
        self.assert_ran(run, "a")
        self.assertEqual(run.stats["units_cutoff"], 3)
        self.assertEqual(run.stats["units_hit"]["manifest"], 4)
        self.assertIn("a.py:2: note: hello", run.lines)

    def test_an_interface_edit_runs_those_who_import_it(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        repo.edit("a.py", "X 1", "X 2")
        run = self.check(repo)
        self.assert_ran(run, "a", "b")  # b's interface is as it was, so c and d need not run
        self.assertEqual(run.stats["units_cutoff"], 2)

    def test_a_value_that_is_handed_on_runs_the_whole_chain(self) -> None:
        repo = self.repo(CHAIN.replace("export Y", "export Y = a.X").replace("export Z", "export Z = b.Y"))
        self.check(repo)
        repo.edit("a.py", "X 1", "X 2")
        run = self.check(repo)
        self.assert_ran(run, "a", "b", "c", "d")
        self.assertEqual(run.stats["units_cutoff"], 0)

    def test_a_name_used_through_another_module_is_noticed(self) -> None:
        repo = self.repo(CHAIN.replace("export Z", "export Z\nreveal b.a.X"))
        self.assertIn("c.py:3: note: b.a.X is 1", self.check(repo).lines)
        repo.edit("a.py", "X 1", "X 2")
        run = self.check(repo)
        self.assert_ran(run, "a", "b", "c")  # d did not use a
        self.assertIn("c.py:3: note: b.a.X is 2", run.lines)

    def test_an_edit_taken_back_runs_nothing(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        repo.edit("a.py", "X 1", "X 2")
        self.check(repo)
        repo.edit("a.py", "X 2", "X 1")
        self.assert_ran(self.check(repo))

    def test_a_file_that_was_only_touched_runs_nothing(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        os.utime(repo.path("a.py"), (1, 1))
        run = self.check(repo)
        self.assert_ran(run)
        self.assertEqual(run.stats["checker_processes"], 0)

    def test_a_module_that_appears_runs_who_missed_it(self) -> None:
        repo = self.repo(CHAIN)
        repo.write("e.py", "import late\nreveal late.L\n")
        self.assertEqual(self.check(repo).status, 1)
        repo.write("late.py", "export L\n")
        run = self.check(repo)
        self.assert_ran(run, "e", "late")
        self.assertIn("e.py:2: note: late.L is L", run.lines)
        repo.remove("late.py")
        run = self.check(repo)
        self.assert_ran(run)
        self.assertIn('e.py:1: error: There is no module "late"  [import]', run.lines)

    def test_an_option_of_one_module_runs_that_module(self) -> None:
        repo = self.repo(CHAIN)
        repo.edit("c.py", "import b\n", "import b\nerror quiet\n")
        self.check(repo)
        repo.write("toy.ini", "[toy-c]\nshout = yes\n")
        run = self.check(repo)
        self.assert_ran(run, "c")
        self.assertIn("c.py:2: error: QUIET  [toy]", run.lines)

    def test_two_work_trees_share_their_results(self) -> None:
        first, second = self.repo(CHAIN), self.repo(CHAIN)
        self.check(first)
        run = self.check(second, "--store", first.store)
        self.assert_ran(run)
        self.assertEqual(run.stats["units_hit"]["manifest"], 5)

    def test_without_the_state_of_the_work_tree_nothing_runs(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        repo.remove(os.path.join(repo.store, "v2", "state"))
        run = self.check(repo)
        self.assert_ran(run)
        self.assertEqual(run.stats["units_hit"]["manifest"], 5)


class Cycles(ToyCase):
    def test_a_cycle_is_one_unit(self) -> None:
        repo = self.repo(CYCLE)
        run = self.check(repo)
        self.assertEqual((run.stats["units"], run.stats["modules"]), (4, 5))
        self.assertIn("top.py:2: note: x.X is 7", run.lines)

    def test_a_body_edit_runs_the_cycle_and_not_what_stands_on_it(self) -> None:
        repo = self.repo(CYCLE)
        self.check(repo)
        repo.edit("y.py", "export Y 7\n", "export Y 7\nnote hello\n")
        run = self.check(repo)
        self.assert_ran(run, "x", "y")
        self.assertEqual((run.stats["units_run"], run.stats["units_cutoff"]), (1, 1))

    def test_an_interface_edit_goes_through_the_cycle(self) -> None:
        repo = self.repo(CYCLE)
        self.check(repo)
        repo.edit("y.py", "Y 7", "Y 8")
        run = self.check(repo)
        self.assert_ran(run, "top", "x", "y")
        self.assertIn("top.py:2: note: x.X is 8", run.lines)

    def test_a_cycle_that_is_cut_becomes_two_units(self) -> None:
        repo = self.repo(CYCLE)
        self.check(repo)
        repo.edit("y.py", "from x import X\n", "")
        run = self.assert_as_clean(repo)
        self.assertEqual(run.stats["units"], 5)


class RandomEdits(ToyCase):
    def test_a_warm_run_says_what_a_clean_one_says(self) -> None:
        for seed in range(3):
            repo = self.repo()
            program = Program(seed, modules=14)
            program.write(repo)
            self.check(repo)
            for _ in range(12):
                edited = program.edit(repo)
                with self.subTest(seed=seed, edited=edited):
                    self.assert_as_clean(repo)

    def test_both_runners_say_the_same_and_agree_on_every_byte(self) -> None:
        repo = self.repo()
        Program(7, modules=12).write(repo)
        worker = self.check(repo)
        hermetic = self.check(repo, "--runner=process", "--store", os.path.join(repo.base, "other"))
        self.assertEqual((worker.stdout, worker.status), (hermetic.stdout, hermetic.status))
        verified = repo.run("verify", "--checker", "toy")
        self.assertEqual(verified.status, 0, str(verified))
        self.assertIn(": 0 differences", verified.stdout)


if __name__ == "__main__":
    unittest.main()
