"""Real packages: Sepal says what a cold mypy says, with both runners, and both runners make the same bytes.

Nothing is forgiven: the lines are compared as mypy prints them, notes, summary and multiplicities included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from subjects import SLOW_SECONDS, SUBJECTS, Subject, SubjectTestCase  # noqa: E402
from testrepo import Run, checker_python  # noqa: E402


class Trees(SubjectTestCase):
    def check(self, subject: Subject) -> Run:
        """The same lines and status as mypy: from the worker, from hermetic processes, and from the store alone.

        The processes run every unit again at another place, where nothing is known but the store: a unit whose bytes
        differ from the worker's is a conflict."""
        worker = self.checkout(subject).check(*subject.arguments)
        self.assert_said(worker, subject)
        self.assertGreater(worker.stats["units_run"], 0)

        process = self.checkout(subject).check("--runner=process", "--no-store-read", *subject.arguments,
                                               timeout=SLOW_SECONDS)
        self.assert_said(process, subject)
        self.assertEqual(process.stats["conflicts"], 0)
        self.assertGreaterEqual(process.stats["checker_processes"], process.stats["units"])

        again = self.checkout(subject).check(*subject.arguments)
        self.assert_said(again, subject)
        self.assertEqual(again.stats["units_run"], 0)
        return worker

    def test_pytest(self) -> None:
        self.check(SUBJECTS["pytest"])

    def test_sphinx(self) -> None:
        self.check(SUBJECTS["sphinx"])

    def test_pip(self) -> None:
        self.check(SUBJECTS["pip"])

    def test_sqlalchemy(self) -> None:
        self.check(SUBJECTS["sqlalchemy"])

    def test_fastapi_strict_with_its_plugin_and_site_packages(self) -> None:
        subject = SUBJECTS["fastapi"]
        for python in (subject.python, checker_python()):
            version = subprocess.run([python, "-m", "mypy", "--version"], stdout=subprocess.PIPE, text=True).stdout
            self.assertTrue(version.startswith("mypy 2.4.1 "), f"{python}: {version}")
        worker = self.check(subject)
        paths = {line.partition(":")[0] for line in worker.lines if ": error:" in line}
        self.assertIn("measure.py", paths)
        self.assertTrue(all(path == "measure.py" or path.startswith("fastapi/") for path in paths), paths)
        ran = worker.stats["modules_run"]
        self.assertEqual(len(ran), len(set(ran)))
        self.assertTrue({"numpy", "pydantic.main", "starlette.routing"} <= set(ran), sorted(ran))


if __name__ == "__main__":
    unittest.main()
