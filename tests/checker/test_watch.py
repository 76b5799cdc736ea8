"""`sepal check --watch` against cold runs of mypy: after each of some random edits it has said what mypy says.

SEPAL_WATCH_SEED and SEPAL_WATCH_COUNT try other edits, and more.
"""

from __future__ import annotations

import concurrent.futures
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from edits import Edits  # noqa: E402
from subjects import SUBJECTS, SubjectTestCase  # noqa: E402
from testrepo import Run, TestCase  # noqa: E402
from watching import Watch  # noqa: E402

SEED = int(os.environ.get("SEPAL_WATCH_SEED", "2027"))
COUNT = int(os.environ.get("SEPAL_WATCH_COUNT", "20"))


def agrees(watch: Watch, cold: Run) -> bool:
    """While an error stops mypy, it says nothing else, and the watch keeps what it knew."""
    if watch.total != cold.lines[-1]:
        return False
    if cold.status == 2:
        return all(line in watch.lines for line in cold.lines[:-1])
    return watch.now() == sorted(cold.lines[:-1])


class Concern(TestCase):
    def test_only_what_a_check_stood_on_is_a_reason_for_another(self) -> None:
        repo = self.repo("-- shop.py --\nx: int = 1\n")
        watch = Watch(repo, "shop.py")
        self.addCleanup(watch.kill)
        watch.wait()
        for number in range(5):  # mypy looks for configuration in the directories above, and for nothing else
            os.mkdir(os.path.join(repo.base, f"beside{number}"))
            with open(os.path.join(repo.base, f"beside{number}.py"), "w") as file:
                file.write("x = 1\n")
        repo.write("shop.py", "x: int = ''\n")
        watch.wait(lambda: watch.total.startswith("Found 1 error"))
        self.assertEqual(watch.totals, 2, watch)
        with open(os.path.join(repo.base, "mypy.ini"), "w") as file:
            file.write("[mypy]\ndisable_error_code = assignment\n")
        watch.wait(lambda: watch.total.startswith("Success"))


class RandomEdits(SubjectTestCase):
    def test_every_state_is_reported_as_by_a_cold_mypy(self) -> None:
        repo = self.checkout(SUBJECTS["pytest"])
        packages = ("_pytest", "pytest")
        edits = Edits(repo.root, SEED)
        watch = Watch(repo, *packages)
        self.addCleanup(watch.kill)
        watch.wait()
        history: list[str] = []
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for step in range(COUNT):
                history.append(edits.next())
                theirs = pool.submit(repo.mypy, *packages)
                watch.wait()
                cold = theirs.result()
                if not agrees(watch, cold):
                    try:
                        watch.wait(lambda: agrees(watch, cold))
                    except AssertionError as err:
                        raise AssertionError(f"seed {SEED}, edit {step + 1}:\n" + "\n".join(history) +
                                             f"\nmypy:\n{cold}\nthe watch:\n{err}") from None
        self.assertEqual(watch.end(), 130)
        run = repo.check(*packages)
        self.assertEqual((sorted(run.lines), run.status), (sorted(cold.lines), cold.status))
        self.assertEqual(run.stats["units_run"], 0)


if __name__ == "__main__":
    unittest.main()
