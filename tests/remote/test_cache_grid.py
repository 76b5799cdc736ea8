"""remote/cache.h against BuildGrid: another server of the Remote Execution API, of an older version, with an instance
name."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from cache_cases import CacheCases  # noqa: E402
from grid import BuildGrid  # noqa: E402
from probe import Probe, key_of  # noqa: E402
from servers import ServerCase  # noqa: E402


class CacheOnBuildGrid(CacheCases, ServerCase):
    """One server for all of them: to start it takes seconds."""

    grid: BuildGrid

    @classmethod
    def setUpClass(cls) -> None:
        cls.grid = BuildGrid()
        cls.addClassCleanup(cls.grid.delete)
        cls.addClassCleanup(cls.grid.stop)
        cls.grid.start()
        cls.url = cls.grid.url

    def probe(self, **options: object) -> Probe:
        """With much patience: each blob is a file to it, and it is written in Python."""
        return super().probe(**{"timeout_ms": 60000, "patience_ms": 60000, **options})

    def test_another_instance_is_named_as_not_there(self) -> None:
        with Probe(self.url + "x") as probe:
            self.assertEqual(probe.get(key_of("a"))["answer"], "failed")
            self.assertIn('does not know the instance "mainx"', probe.counters()["problems"])


if __name__ == "__main__":
    unittest.main()
