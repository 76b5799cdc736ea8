"""`sepal plan --simulate`: a table and the critical path, of what was measured or guessed; nothing is checked."""

from __future__ import annotations

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo  # noqa: E402
from toy import CHAIN, ToyCase  # noqa: E402


class Simulate(ToyCase):
    def simulate(self, repo: Repo, *values: str) -> str:
        run = repo.run("plan", "--checker", "toy", *(f"--simulate={value}" for value in values))
        self.assertEqual((run.status, run.stderr), (0, ""), str(run))
        return run.stdout

    def rows(self, text: str) -> list[list[str]]:
        """Workers, makespan, speed-up, utilised, batches, fetched, sent and the first word of the conditions."""
        return [line.split()[:8] for line in text.splitlines() if re.match(r" *\d+ +\d+\.\d{3} +\d+\.\d\d ", line)]

    def test_without_a_check_everything_is_estimated_by_its_size(self) -> None:
        text = self.simulate(self.repo(CHAIN), "1")
        self.assertIn("5 modules in 5 units", text)
        self.assertIn("measured: times of 0 units, sizes of the interfaces of 0;", text)

    def test_a_check_measures_times_and_sizes(self) -> None:
        repo = self.repo("".join(f"-- m{i}.py --\nexport X\nbody X\n" for i in range(6)))
        self.check(repo)
        text = self.simulate(repo, "1")
        self.assertIn("measured: times of 7 units, sizes of the interfaces of 7;", text)
        repo.edit("m0.py", "body X", "body X  ")
        text = self.simulate(repo, "1")
        self.assertIn("measured: times of 7 units, sizes of the interfaces of 6;", text)

    def test_several_make_a_table_and_each_condition_has_its_critical_path(self) -> None:
        text = self.simulate(self.repo(CHAIN), "1", "3", "1,40ms,100MB/s", "3,40ms,100MB/s")
        rows = self.rows(text)
        self.assertEqual([row[0] for row in rows], ["1", "3", "1", "3"])
        self.assertEqual([row[7] for row in rows], ["on", "on", "40", "40"])
        self.assertEqual((rows[0][2:4], rows[2][2]), (["1.00", "100.0"], "1.00"))
        self.assertGreater(float(rows[2][1]), float(rows[0][1]) + 4 * 0.04 - 0.002)  # builtins, a, b, c and d: a chain
        paths = re.findall(r"(?m)^critical path, (.*?):", text)
        self.assertEqual(paths, ["on one machine", "40 ms a batch, 100 MB/s"])
        named = re.findall(r"(?m)^ +[\d.]+ +[\d.]+ +[\d.]+  (\w+)$", text)
        self.assertEqual(named, ["builtins", "a", "b", "c", "d"] * 2)

    def test_it_is_the_same_each_time_and_nothing_is_checked(self) -> None:
        repo = self.repo("-- a.py --\nimport b\nhang\n-- b.py --\nimport a\n-- c.py --\nimport a\nbody a\n")
        texts = {self.simulate(repo, "2", "2,1ms,1MB/s") for _ in range(3)}
        self.assertEqual(len(texts), 1)
        self.assertIn("a (a cycle of 2)", texts.pop())

    def test_what_it_does_not_understand(self) -> None:
        repo = self.repo(CHAIN)
        for value, said in (("0", "a number of workers from 1 to 10000, not `0`"),
                            ("many", "a number of workers from 1 to 10000, not `many`"),
                            ("1,40ms", "WORKERS or WORKERS,LATENCY,BANDWIDTH, such as 100,40ms,100MB/s, not `1,40ms`"),
                            ("1,40,1MB/s", "a latency of at most an hour in us, ms or s, such as 40ms, not `40`"),
                            ("1,40ms,fast", "a bandwidth of at least 1kB/s in B/s, kB/s, MB/s or GB/s")):
            with self.subTest(value):
                run = repo.run("plan", "--checker", "toy", "--simulate", "1", "--simulate", value, doctor=False)
                self.assertEqual((run.status, run.stdout), (2, ""), str(run))
                self.assertTrue(run.stderr.startswith(f"sepal: --simulate wants {said}"), run.stderr)
        self.assertEqual(repo.run("check", "--simulate=1", doctor=False).status, 2)
        self.assertFalse(os.path.exists(repo.store))


if __name__ == "__main__":
    unittest.main()
