"""After each of 60 random edits of pytest, Sepal says what a cold mypy says.

Whatever it kept from the states before: lines, stderr and status are compared after every edit. SEPAL_EDITS_SEED and
SEPAL_EDITS_COUNT try other edits, and more.
"""

from __future__ import annotations

import concurrent.futures
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from edits import Edits  # noqa: E402
from subjects import SUBJECTS, SubjectTestCase  # noqa: E402

SEED = int(os.environ.get("SEPAL_EDITS_SEED", "2026"))
COUNT = int(os.environ.get("SEPAL_EDITS_COUNT", "60"))


class RandomEdits(SubjectTestCase):
    def test_every_state_is_reported_as_by_a_cold_mypy(self) -> None:
        subject = SUBJECTS["pytest"]
        repo = self.checkout(subject)
        packages = ("_pytest", "pytest")
        edits = Edits(repo.root, SEED)
        units = repo.check(*packages).stats["units"]
        history: list[str] = []
        ran = 0
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for step in range(COUNT):
                history.append(edits.next())
                cold = pool.submit(repo.mypy, *packages)
                mine = repo.check(*packages)
                theirs = cold.result()
                about = f"seed {SEED}, edit {step + 1}:\n" + "\n".join(history) + f"\nsepal:\n{mine}\nmypy:\n{theirs}"
                self.assertEqual(sorted(mine.lines), sorted(theirs.lines), about)
                self.assertEqual(mine.stderr, theirs.stderr, about)
                self.assertEqual(mine.status, theirs.status, about)
                ran += mine.stats["units_run"]
                repo.runs.clear()
        self.assertLess(ran, COUNT * units // 2)
        again = self.checkout(subject)  # and what the edits left in the store does no harm elsewhere
        self.assert_said(again.check(*subject.arguments), subject)


if __name__ == "__main__":
    unittest.main()
