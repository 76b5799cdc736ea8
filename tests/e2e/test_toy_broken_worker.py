"""A worker that does not keep to its protocol: the run ends, says so in one sentence and keeps nothing wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import sepal_binary  # noqa: E402
from toy import ToyCase  # noqa: E402

TWO = """
-- a.py --
from b import B
export A
-- b.py --
from a import A
export B
"""

SEND = '        self._send_step("interface", number, places, start)\n'
WRITE = "        write_all(self.pipe, pack({**message, \"batch\": self.number}))\n"
OPEN = "    from sepal_server import serve\n"

# what is wrong with it, what is replaced in sepal_toy_worker.py, by what, and what the message says
MISTAKES = (
    ("one member twice", SEND, SEND.replace("places", "places[:1] * len(places)"), "answered for already"),
    ("a member too few", SEND, SEND.replace("places", "places[:1]"), "1 modules of 2"),
    ("a member of another unit", SEND, SEND.replace("places", "[{**p, 'id': 'x'} for p in places]"),
     "answered for x, which is not in the unit"),
    ("a range beyond the pack", SEND, "        self._keep(b'x')\n" + SEND.replace(
        "places", "[{**p, 'data': [1 << 40, 3]} for p in places]"), "shorter than it says"),
    ("a range that is none", SEND, SEND.replace("places", "[{**p, 'data': 'x'} for p in places]"), "cannot be right"),
    ("bytes that are no interface", SEND, SEND.replace("places", "[{**p, 'data': [0, 1]} for p in places]"), ""),
    ("a pack that is not there", SEND, "        self.path = '/nowhere'\n" + SEND, "/nowhere"),
    ("a report before the interfaces", SEND, "        self._send_step('report', number, places, start)\n",
     "before the interfaces: `report`"),
    ("interfaces twice", SEND, SEND + SEND, "after the interfaces: `interface`"),
    ("blocked after the interfaces", SEND, SEND + "        self._send({'event': 'blocked', 'unit': number, "
     "'phase': 'analysis', 'messages': []})\n", "after the interfaces: `blocked`"),
    ("nothing discovered", SEND, "        self._send({'event': 'discovered', 'unit': number, 'dependencies': {}})\n",
     "names none"),
    ("no answer", SEND, "        return\n", "ended without an answer"),
    ("a frame that is no JSON", WRITE, "        import struct\n"
     "        write_all(self.pipe, struct.pack('<I', 3) + b'{]}')\n", ""),
    ("a frame too large", WRITE, "        write_all(self.pipe, b'\\xff' * 64)\n", ""),
    ("words in place of frames", OPEN, OPEN + "    os.write(answers, b'hello, this is not a frame')\n", "bytes"),
    ("an end before the beginning", OPEN, "    sys.exit('no disk today')\n", "no disk today"),
    ("a list in place of an object", OPEN, OPEN + "    os.write(answers, b'\\x02\\0\\0\\0[]')\n", ""),
)


class BrokenWorker(ToyCase):
    def test_every_mistake_is_named_and_nothing_wrong_is_kept(self) -> None:
        for what, old, new, says in MISTAKES:
            with self.subTest(what):
                repo = self.repo(TWO)
                good = repo.environment()["SEPAL_WORKER_DIR"]
                workers = os.path.join(repo.base, "worker")
                shutil.copytree(good, workers, ignore=shutil.ignore_patterns("__pycache__"))
                program = os.path.join(workers, "sepal_toy_worker.py")
                with open(program, encoding="utf-8") as file:
                    text = file.read()
                self.assertEqual(text.count(old), 1, what)
                with open(program, "w", encoding="utf-8") as file:
                    file.write(text.replace(old, new))
                run = repo.check("--checker", "toy", ".", env={"SEPAL_WORKER_DIR": workers}, timeout=30)
                self.assertEqual(run.status, 3, f"{what}: {run}")
                self.assertTrue(run.stderr.startswith("sepal: "), f"{what}: {run}")
                self.assertIn(says, run.stderr, what)
                self.assertNotIn("Success", run.stdout, what)
                self.assertEqual(repo.check("--checker", "toy", ".").status, 0, what)

    def test_a_report_that_cannot_be_written_is_no_success(self) -> None:
        repo = self.repo(TWO)
        for _ in ("a run", "the answer of the last one"):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([sepal_binary(), "check", "--checker", "toy", "."], cwd=repo.root,
                                      env=repo.environment(), stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("could not be written", done.stderr)


if __name__ == "__main__":
    unittest.main()
