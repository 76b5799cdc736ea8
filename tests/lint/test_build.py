"""Makefile.am lists every source file and every test program that is there."""

from __future__ import annotations

import glob
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def variables() -> dict[str, list[str]]:
    with open(os.path.join(ROOT, "Makefile.am")) as file:
        text = file.read().replace("\\\n", " ")
    return {name: value.split() for name, value in re.findall(r"^(\w+) =(.*)$", text, re.MULTILINE)}


def there(pattern: str) -> list[str]:
    return sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, pattern)))


class Build(unittest.TestCase):
    maxDiff = None

    def test_every_room_lists_its_sources(self) -> None:
        listed = variables()
        rooms = sorted({path.split("/")[1] for path in there("src/*/*.c")})
        self.assertGreater(len(rooms), 2)
        for room in rooms:
            kinds = (f"{room}_sources", f"{room}_with_remote_sources", f"{room}_without_remote_sources")
            self.assertEqual(sorted(path for kind in kinds for path in listed.get(kind, [])),
                             there(f"src/{room}/*.c"), room)

    def test_every_test_program_is_listed(self) -> None:
        listed = variables()
        for name, pattern in (("unit_tests", "tests/unit/*/test_*.c"), ("fuzz_targets", "tests/fuzz/fuzz_*.c"),
                              ("test_tools", "tests/lib/*.c")):
            self.assertEqual(sorted(listed[name] + listed["remote_" + name]), [path[:-2] for path in there(pattern)],
                             name)

    def test_every_fuzz_target_has_a_corpus(self) -> None:
        for path in there("tests/fuzz/fuzz_*.c"):
            name = os.path.basename(path)[len("fuzz_"):-2]
            self.assertNotEqual(there(f"tests/fuzz/corpora/{name}/*"), [], path)


if __name__ == "__main__":
    unittest.main()
