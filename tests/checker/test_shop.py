"""doc/examples/shop says what its README says it says: by real mypy, and by Sepal."""

from __future__ import annotations

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import ROOT, Repo, TestCase, by_path  # noqa: E402

SHOP = os.path.join(ROOT, "doc", "examples", "shop")


class Shop(TestCase):
    def shop(self) -> Repo:
        repo = self.repo()
        shutil.copytree(SHOP, repo.root, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns(".mypy_cache", "__pycache__"))
        return repo

    def test_mypy_prints_what_the_readme_shows(self) -> None:
        repo = self.shop()
        shown = [line[4:] for line in repo.read("README.md").splitlines() if line.startswith("    ")]
        self.assertGreater(len(shown), 4)
        self.assertEqual(by_path(repo.mypy().lines), shown)

    def test_sepal_prints_what_mypy_prints_cold_and_warm(self) -> None:
        repo = self.shop()
        self.assert_same_as_mypy(repo)
        self.assert_same_as_mypy(repo)

    def test_both_runners_agree(self) -> None:
        repo = self.shop()
        self.assertEqual(repo.check("--runner=process").lines, repo.check("--runner=worker", "--no-store-read").lines)


if __name__ == "__main__":
    unittest.main()
