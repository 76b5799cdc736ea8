"""remote/action_tree.h gives what Google's protobuf library gives: the digests that its unit test
(tests/unit/remote/test_action_tree.c) expects are computed here once more, by that library."""

from __future__ import annotations

import json
import os
import sys
import unittest
from typing import Any

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "lib"))
from google.protobuf import duration_pb2  # noqa: E402
from reapi import digest_of, re  # noqa: E402


def named(message: Any) -> Any:
    return digest_of(message.SerializeToString())


def directory(files: dict[str, bytes], directories: dict[str, Any], executable: tuple[str, ...] = ()) -> Any:
    made = re.Directory()
    for name, content in sorted(files.items()):
        made.files.add(name=name, digest=digest_of(content), is_executable=name in executable)
    for name, inner in sorted(directories.items()):
        made.directories.add(name=name, digest=named(inner) if isinstance(inner, re.Directory) else inner)
    return made


class ActionOracle(unittest.TestCase):
    def assert_expected(self, message: Any) -> None:
        digest = named(message)
        with open(os.path.join(TESTS, "unit", "remote", "test_action_tree.c")) as file:
            self.assertIn(f'"{digest.hash}", {digest.size_bytes})', file.read())

    def test_the_tree(self) -> None:
        inner = directory({"c.py": b"#!", "d.py": b"x"}, {}, executable=("c.py",))
        self.assert_expected(directory({"z": b"last"}, {
            "a": directory({"d": b""}, {"b": inner, "empty": directory({}, {})}), "a-b": directory({"x": b"x"}, {})}))

    def test_the_action(self) -> None:
        unit = directory({"dep": b"data", "m.ini": b"[m]\n"},
                         {"none": directory({}, {}), "src": directory({"m.py": b"source"}, {})})
        job = {"argv": ["-m", "checker"], "directory": "unit", "env": ["A=1", "B=2"], "outputs": ["out.a", "out.b"],
               "python": "python 3.11.7"}
        top = directory({"job.json": json.dumps(job, sort_keys=True, separators=(",", ":")).encode(),
                         "run.py": b"wrapper"}, {"checker": digest_of(b"checker"), "unit": unit})
        command = re.Command(arguments=["/usr/bin/env", "python3.11", "-I", "-S", "run.py"], working_directory="sepal",
                             output_paths=["out/0", "out/1", "out/status", "out/stderr", "out/stdout"])
        for name, value in (("LC_ALL", "C.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin:/bin"),
                            ("PYTHONDONTWRITEBYTECODE", "1")):
            command.environment_variables.add(name=name, value=value)
        root = directory({}, {"sepal": top})
        self.assert_expected(re.Action(command_digest=named(command), input_root_digest=named(root),
                                       timeout=duration_pb2.Duration(seconds=600)))


if __name__ == "__main__":
    unittest.main()
