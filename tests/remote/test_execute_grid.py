"""`--runner remote` on BuildGrid, with the stages and the polling of a cluster, and an instance name."""

from __future__ import annotations

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from faults import FaultProxy  # noqa: E402
from grid import INSTANCE, BuildGrid  # noqa: E402
from sandbox import needs_sandbox  # noqa: E402
from test_execute import TOY, ExecuteCase, break_before_the_end  # noqa: E402
from testrepo import ROOT  # noqa: E402
from toy import CHAIN  # noqa: E402


@needs_sandbox
class OnBuildGrid(ExecuteCase):
    grid: BuildGrid

    @classmethod
    def setUpClass(cls) -> None:
        cls.grid = BuildGrid()
        cls.addClassCleanup(cls.grid.delete)
        cls.addClassCleanup(cls.grid.stop)
        cls.grid.start()

    def test_the_example_has_the_same_bytes_as_here_and_a_second_run_is_all_hits(self) -> None:
        repo = self.repo()
        shutil.copytree(os.path.join(ROOT, "doc", "examples", "shop"), repo.root, dirs_exist_ok=True)
        first = self.check(repo, self.grid.url, ".")
        here = repo.check("--store", os.path.join(repo.base, "here"), ".")
        self.assertEqual((first.status, first.stdout), (here.status, here.stdout), str(first))
        self.assert_executor(first, 0, first.stats["units"])
        second = self.verify(repo, self.grid.url, "here")
        self.assertEqual(second.stdout.count(": 0 differences"), 2, str(second))
        third = self.check(repo, self.grid.url, ".", store="other")
        self.assertEqual(third.stdout, first.stdout)
        self.assert_executor(third, first.stats["units"], 0)

    def test_a_lost_stream_is_waited_for_and_another_instance_is_unknown(self) -> None:
        proxy = self.start(FaultProxy(self.grid.address, break_before_the_end(2)))
        repo = self.repo(CHAIN)
        run = self.check(repo, f"{proxy.url}/{INSTANCE}", *TOY, ".")
        self.assertEqual((run.status, run.stdout), (0, "Success: no issues found in 4 source files\n"), str(run))
        self.assertEqual(proxy.calls["WaitExecution"], 2)
        other = self.check(repo, f"{proxy.url}/other", *TOY, ".", store="other")
        self.assertEqual(other.status, 3, str(other))
        self.assertIn("other", other.stderr)

    def test_many_units_at_once(self) -> None:
        """As many as it is given by itself: fewer than the server has threads, which its workers need too."""
        repo = self.repo("".join(f"-- m{number}.py --\nexport X {number}\n" for number in range(40)))
        run = self.check(repo, self.grid.url, *TOY, ".")
        self.assertEqual((run.status, run.stdout), (0, "Success: no issues found in 40 source files\n"), str(run))
        self.assertEqual(run.stats["executor"]["locals"], 0)

    def test_a_crash_is_not_kept_there(self) -> None:
        repo = self.repo(CHAIN.replace("X 1", "X 1\ncrash"))
        for store in ("one", "two"):
            run = self.check(repo, self.grid.url, *TOY, ".", store=store)
            self.assertEqual((run.status, run.stats["units_failed"]), (3, 1), str(run))
            self.assertIn("the toy crashes in a", run.stderr)

    def test_a_hang_ends_with_its_time(self) -> None:
        run = self.check(self.repo(CHAIN.replace("X 1", "X 5\nhang")), self.grid.url, "--timeout", "2", *TOY, ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("within 2 seconds", run.stderr)


if __name__ == "__main__":
    unittest.main()
