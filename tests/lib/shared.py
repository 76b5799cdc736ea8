"""`sepal check` on several machines that share nothing but a cache.

    class Some(SharedCase):
        def test_it(self):
            casd = self.start(Casd())
            first, second = self.machine(CHAIN), self.machine(CHAIN)        # other paths, other stores
            self.check_with(first, casd.url); self.check_with(second, casd.url)

The checker is the toy; what real mypy adds is in test_check_cache_mypy.py.
"""

from __future__ import annotations

import time
from typing import Any

from servers import ServerCase
from testrepo import Repo, Run
from toy import ToyCase


class SharedCase(ServerCase, ToyCase):
    def machine(self, files: str) -> Repo:
        """A work tree at a path of its own, and a store that is empty."""
        return self.repo(files)

    def check_with(self, repo: Repo, url: str, *arguments: str, **options: Any) -> Run:
        return self.check(repo, "--remote-cache", url, *arguments, **options)

    def assert_all_from_the_cache(self, run: Run, like: Run) -> None:
        self.assertEqual((run.stdout, run.status), (like.stdout, like.status), str(run))
        self.assertEqual((run.stats["checker_processes"], run.stats["modules_run"]), (0, []), str(run))

    def assert_right(self, run: Run, like: Run, seconds: float = 30.0, started: float = 0.0) -> None:
        """Whatever the cache did, the answer is the answer, and at most one line is about the cache."""
        self.assertEqual((run.stdout, run.status), (like.stdout, like.status), str(run))
        self.assertLessEqual(len(run.stderr.splitlines()), 1, str(run))
        if started:
            self.assertLess(time.monotonic() - started, seconds)
