"""Two different results for one action: found, named, and by default fatal."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from toy import ToyCase  # noqa: E402

RANDOM = "-- steady.py --\nexport S\n-- wild.py --\nrandom\nexport W\n"


class Conflicts(ToyCase):
    def test_a_result_that_changes_by_itself_is_a_conflict(self) -> None:
        repo = self.repo(RANDOM)
        self.assertEqual(self.check(repo).status, 0)
        run = self.check(repo, "--no-store-read")
        self.assertEqual(run.status, 4)
        self.assertIn("1 action gave different results", run.stderr)
        self.assertIn("wild", run.stderr)
        self.assertEqual((run.stats["conflicts"], run.stats["conflicts_tolerated"]), (1, 0))

    def test_differences_in_an_interface_are_not_harmless(self) -> None:
        repo = self.repo(RANDOM)
        self.check(repo)
        self.assertEqual(self.check(repo, "--no-store-read", "--on-conflict=harmless").status, 4)

    def test_first_keeps_what_the_store_has_and_says_so(self) -> None:
        repo = self.repo(RANDOM + "-- upon.py --\nimport wild\nreveal wild.random\n")
        first = self.check(repo)
        run = self.check(repo, "--no-store-read", "--on-conflict=first")
        self.assertEqual(run.status, 0, str(run))
        self.assertEqual((run.stats["conflicts"], run.stats["conflicts_tolerated"]), (0, 1))
        self.assertEqual(self.check(repo).lines, first.lines)

    def test_verify_names_what_is_not_the_same_again(self) -> None:
        repo = self.repo(RANDOM)
        self.check(repo)
        run = repo.run("verify", "--checker", "toy")
        self.assertEqual(run.status, 4)
        self.assertRegex(run.stdout, "wild: the interface differs: [0-9a-f]{64} in the store, [0-9a-f]{64} now")
        self.assertNotIn("steady", run.stdout)

    def test_equal_results_are_none(self) -> None:
        repo = self.repo("-- a.py --\nexport A\nerror x\n")
        self.check(repo)
        run = self.check(repo, "--no-store-read")
        self.assertEqual((run.status, run.stats["conflicts"], run.stats["units_run"]), (1, 0, 2))


if __name__ == "__main__":
    unittest.main()
