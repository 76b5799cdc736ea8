"""A source that is edited between the plan and the worker's reading: its result must not be kept under the digest of
the bytes that were planned with."""

from __future__ import annotations

import os
import stat
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, TestCase  # noqa: E402

# An interpreter that edits a file when the worker is asked for units, which is after the plan was made.
EDITING = """#!{python}
import os, subprocess, sys
worker = subprocess.Popen([{python!r}, *sys.argv[1:]], stdin=subprocess.PIPE)
seen = b""
while data := os.read(0, 1 << 16):
    seen = seen[-20:] + data
    if b'"op":"run"' in seen and os.path.exists({trigger!r}):
        os.remove({trigger!r})
        with open({target!r}, "w") as file:
            file.write({text!r})
    worker.stdin.write(data)
    worker.stdin.flush()
worker.stdin.close()
sys.exit(worker.wait())
"""


class ChangedSource(TestCase):
    def edited_in_between(self, checker: str) -> Repo:
        repo = self.repo("-- a.py --\n" + {"mypy": "x: int = 1\n", "toy": "export z\n"}[checker])
        trigger = os.path.join(repo.base, "trigger")
        program = os.path.join(repo.base, "python")
        text = {"mypy": 'x: int = ""\n', "toy": "blocker no\n"}[checker]
        with open(program, "w", encoding="utf-8") as file:
            file.write(EDITING.format(trigger=trigger, text=text, target=repo.path("a.py"), python=repo.python))
        os.chmod(program, stat.S_IRWXU)
        options = ("--checker", checker, "--python", program)
        repo.settle()
        repo.check(*options, "a.py")
        repo.write("a.py", {"mypy": "x: int = 2\n", "toy": "export w\n"}[checker])
        repo.settle()
        open(trigger, "w", encoding="utf-8").close()
        run = repo.check(*options, "a.py")
        self.assertFalse(os.path.exists(trigger), "Python was not started")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("has changed since it was looked at; run the command again", run.stderr)
        after = repo.check(*options, "a.py")
        self.assertNotEqual(after.status, 0, str(after))
        self.assertNotEqual(after.status, 3, str(after))
        repo.write("a.py", {"mypy": "y: int = 1\n", "toy": "export y\n"}[checker])
        self.assertEqual(repo.check(*options, "a.py").status, 0)
        return repo

    def test_the_toy_says_so_and_keeps_nothing(self) -> None:
        self.edited_in_between("toy")

    def test_mypys_worker_says_so_and_keeps_nothing(self) -> None:
        self.edited_in_between("mypy")


if __name__ == "__main__":
    unittest.main()
