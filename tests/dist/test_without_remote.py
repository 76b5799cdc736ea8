"""A sepal that was configured --without-remote does everything else, and says what it cannot."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from toy import CHAIN, ToyCase  # noqa: E402


class WithoutRemote(ToyCase):
    def test_a_shared_cache_is_refused_with_a_sentence(self) -> None:
        run = self.check(self.repo(CHAIN), "--remote-cache", "grpc://127.0.0.1:1")
        self.assertEqual((run.status, run.stdout), (2, ""), str(run))
        self.assertIn("built without", run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1)

    def test_remote_execution_is_refused_with_a_sentence(self) -> None:
        run = self.check(self.repo(CHAIN), "--runner", "remote", "--remote-executor", "grpc://127.0.0.1:1")
        self.assertEqual((run.status, run.stdout), (2, ""), str(run))
        self.assertIn("built without", run.stderr)

    def test_everything_else_works(self) -> None:
        repo = self.repo(CHAIN)
        self.assertEqual(self.check(repo).status, 0)
        repo.write("a.py", "export X 2\n")
        run = self.assert_as_clean(repo)
        self.assertNotIn("remote", run.stats)


if __name__ == "__main__":
    unittest.main()
