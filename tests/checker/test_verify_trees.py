"""`sepal verify`: every unit once more in a hermetic process, every byte as in the store; on pip and on the example."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from subjects import SLOW_SECONDS, SUBJECTS, SubjectTestCase  # noqa: E402
from testrepo import ROOT, Repo  # noqa: E402

SHOP = os.path.join(ROOT, "doc", "examples", "shop")


class VerifyTrees(SubjectTestCase):
    def verify(self, repo: Repo, *arguments: str) -> int:
        """Returns the number of units that were run again."""
        run = repo.run("verify", *arguments, timeout=SLOW_SECONDS)
        self.assertEqual(run.status, 0, str(run))
        found = re.fullmatch(r"verified (\d+) units \(\d+ modules\) in hermetic processes: 0 differences\n", run.stdout)
        assert found, str(run)
        return int(found[1])

    def test_pip(self) -> None:
        subject = SUBJECTS["pip"]
        repo = self.checkout(subject)
        checked = repo.check(*subject.arguments)
        self.assertEqual(self.verify(repo, *subject.arguments), checked.stats["units"])

    def test_a_sample_of_pip_is_the_same_at_every_place(self) -> None:
        subject = SUBJECTS["pip"]
        counts = {self.verify(self.checkout(subject), "--sample=0.05", "--seed=3", *subject.arguments)
                  for _ in range(2)}
        self.assertEqual(len(counts), 1)
        self.assertTrue(counts < set(range(5, 60)), counts)

    def test_the_example(self) -> None:
        repo = self.repo()
        shutil.copytree(SHOP, repo.root, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns(".mypy_cache", "__pycache__"))
        self.assertGreater(self.verify(repo), 14)


if __name__ == "__main__":
    unittest.main()
