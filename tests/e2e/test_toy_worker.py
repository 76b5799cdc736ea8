"""The example of doc/adapters.md works as printed, and the toy's worker keeps to the protocol's schema."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import unittest
from typing import Any, Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import ROOT, checker_python  # noqa: E402
from toy import ToyCase  # noqa: E402
from worker_client import conforms  # noqa: E402

WORKER = os.path.join(ROOT, "src", "worker", "sepal_toy_worker.py")


class Example(ToyCase):
    def test_the_page_about_adapters_shows_what_happens(self) -> None:
        with open(os.path.join(ROOT, "doc", "adapters.md"), encoding="utf-8") as file:
            block = re.search(r"(?m)^    # shop/prices\.py.*\n(?:(?:    .*)?\n)+", file.read())
        assert block
        lines = [line[4:] for line in block.group().splitlines()]
        sources, shown = lines[:lines.index("")], lines[lines.index("") + 2:]
        column = sources[0].index("# shop/cart.py")
        repo = self.repo()
        repo.write("shop/prices.py", "".join(f"{line[:column].rstrip()}\n" for line in sources))
        repo.write("shop/cart.py", "".join(f"{line[column:]}\n" for line in sources))
        run = self.check(repo)
        expected = [line.replace(":3:", ":4:").replace(":4: error", ":5: error") for line in shown if line]
        self.assertEqual(run.lines, expected)  # one line further down: the comment with the file's name is in it


class Trace(ToyCase):
    def test_a_trace_has_a_lane_for_each_process_and_names_the_phases(self) -> None:
        repo = self.repo("-- a.py --\nimport b\n-- b.py --\n")
        path = os.path.join(repo.root, "trace.json")
        self.check(repo, "--trace", path)
        with open(path, encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        lanes = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
        phases = {(lanes[event["tid"]], event["name"]) for event in events if event["ph"] == "X"}
        self.assertGreaterEqual(phases, {("sepal", "plan"), ("worker", "fork"), ("child 1", "interfaces")})


def run_of(*members: dict[str, Any]) -> dict[str, Any]:
    """A `run` request for one unit; its modules are called a, b ..."""
    return {"op": "run", "batch": 1, "units": [{"unit": 0, "modules": {}, "missing": {}, "members": [
        {"id": name, "path": f"/proc/self/cwd/s/{name}.py", "silent": False, "options": 0, "extra_deps": [], **member}
        for name, member in zip("abc", members)]}]}


class Protocol(ToyCase):
    """Frames by hand."""

    def talk(self, *requests: dict[str, Any], raw: bytes = b"",
             until_end: bool = False) -> tuple[list[dict[str, Any]], int, str]:
        """All answers, the exit status and what was said on stderr. until_end: the input stays open until `end`."""
        for request in requests:
            conforms("request_" + request["op"], request)
        frames = [json.dumps(request).encode() for request in requests]
        worker = subprocess.Popen([checker_python(), WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        assert worker.stdin and worker.stdout
        self.addCleanup(worker.kill)
        worker.stdin.write(b"".join(struct.pack("<I", len(frame)) + frame for frame in frames) + raw)
        worker.stdin.flush()
        answers: list[dict[str, Any]] = []
        while until_end and (not answers or answers[-1]["event"] != "end"):
            answers.append(self.take(worker.stdout.read))
        out, err = worker.communicate(timeout=30)
        rest = io.BytesIO(out)
        while rest.tell() < len(out):
            answers.append(self.take(rest.read))
        return answers, worker.returncode, err.decode()

    @staticmethod
    def take(read: Callable[[int], bytes]) -> dict[str, Any]:
        (length,) = struct.unpack("<I", read(4))
        answer = json.loads(read(length))
        conforms("answer_" + answer["event"], answer)
        return answer

    def test_describe(self) -> None:
        repo = self.repo("-- a.py --\n-- p/__init__.py --\n-- toy.ini --\n[toy-p.*]\nshout = yes\n")
        [answer], status, _ = self.talk({"op": "describe", "cwd": repo.root, "argv": []})
        self.assertEqual(status, 0)
        self.assertEqual([source["module"] for source in answer["answer"]["sources"]], ["a", "p"])
        self.assertEqual(answer["answer"]["options"]["sections"], [["p.*", {"shout": True}]])
        [answer], _, _ = self.talk({"op": "describe", "cwd": repo.root, "argv": ["gone"]})
        self.assertEqual((answer["exit"], answer["answer"]), (2, None))

    def run_one(self, *members: dict[str, Any]) -> list[dict[str, Any]]:
        scratch = os.path.join(self.repo().base, "scratch")
        os.mkdir(scratch)
        answers, status, _ = self.talk(
            {"op": "begin", "scratch": scratch, "typeshed": "/nowhere", "options": {}, "plugins": [],
             "plugin_config": None, "lanes": 1},
            {"op": "options", "index": 0, "values": {}}, run_of(*members), until_end=True)
        self.assertEqual((status, answers[0], answers[-1]), (0, {"event": "ready"}, {"event": "end", "batch": 1}))
        return answers[1:-1]

    def test_run(self) -> None:
        repo = self.repo("-- a.py --\nexport A\n-- b.py --\nblocker no\n-- c.py --\ncrash\n")
        source = {"source": repo.path("a.py"), "digest": hashlib.sha256(b"export A\n").hexdigest()}
        self.assertEqual([answer["event"] for answer in self.run_one(source)], ["interface", "report"])
        self.assertEqual([answer["kind"] for answer in self.run_one({**source, "digest": "0" * 64})],
                         ["changed-source"])
        self.assertEqual([answer["event"] for answer in self.run_one({**source, "digest": None})],
                         ["interface", "report"])
        for name, events in (("b", ["blocked"]), ("c", ["interface", "failed"])):
            answers = self.run_one({"source": repo.path(f"{name}.py"), "digest": None})
            self.assertEqual([answer["event"] for answer in answers], events)

    def test_what_is_no_request_ends_it_with_a_sentence(self) -> None:
        run = run_of({"source": None, "digest": None})
        for requests, raw, said in (((run,), b"", "before a successful 'begin'"),
                                    ((), struct.pack("<I", 2) + b"[]", "not an object"),
                                    ((), struct.pack("<I", 14) + b'{"op": "dance"', "not JSON"),
                                    ((), struct.pack("<I", 15) + b'{"op": "dance"}', "There is no request 'dance'"),
                                    ((), struct.pack("<I", 16) + b'{"op": "begin" }', "has no proper 'scratch'"),
                                    ((), b"\xff\xff\xff\xff", "allows")):
            with self.subTest(said):
                answers, status, err = self.talk(*requests, raw=raw)
                self.assertEqual((answers, status), ([], 3))
                self.assertIn(said, err)

    def test_end_of_input_is_the_end(self) -> None:
        self.assertEqual(self.talk(), ([], 0, ""))
        self.assertEqual(self.talk({"op": "quit"}), ([], 0, ""))


if __name__ == "__main__":
    unittest.main()
