"""doc/sepal.1 says what the program says: its verbs, options, statistics and exit statuses, no more and no fewer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def help_of(*verb: str) -> str:
    program = os.environ.get("SEPAL")
    if not program:
        raise AssertionError("Set SEPAL to the path of the sepal program, or run the tests by ./dev test.")
    return subprocess.run([program, *verb, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


class Man(unittest.TestCase):
    def setUp(self) -> None:
        page = read("doc/sepal.1")
        self.sections = dict(re.findall(r"^\.Sh ([A-Z ]+)\n(.*?)(?=^\.Sh |\Z)", page, re.M | re.S))

    def items(self, section: str) -> list[str]:
        return re.findall(r"^\.It (.*)", self.sections[section], re.M)

    def verbs(self) -> list[str]:
        return re.findall(r"^  ([a-z]+) ", help_of(), re.M)

    def test_verbs(self) -> None:
        self.assertEqual([item.removeprefix("Cm ") for item in self.items("VERBS")], self.verbs())
        self.assertEqual(re.findall(r"^\.Nm\n\.Cm (\w+)", self.sections["SYNOPSIS"], re.M), self.verbs())

    def test_options(self) -> None:
        helps = "".join(help_of(verb) for verb in self.verbs())
        known = set(re.findall(r"^  (?:-\w, )?--([a-z-]+)", helps, re.M))
        named = [option for item in self.items("OPTIONS") for option in re.findall(r"Fl -([a-z-]+)", item)]
        self.assertEqual(sorted(named), sorted(known))

    def test_statistics(self) -> None:
        schema = json.loads(read("schemas/stats.schema.json"))
        self.assertEqual([item.removeprefix("Cm ") for item in self.items("STATISTICS")], list(schema["properties"]))

    def test_exit_statuses(self) -> None:
        used = set(re.findall(r"exit (\d+)", read("src/base/err.h"))) | {"0", "1"}  # clean, and errors found
        self.assertEqual(self.items("EXIT STATUS"), sorted(used, key=int))


if __name__ == "__main__":
    unittest.main()
