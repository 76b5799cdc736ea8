"""Every test that doc/fidelity.md names exists: the contract is no better than what shows it."""

from __future__ import annotations

import glob
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def defined_tests() -> set[str]:
    names = set()
    for path in glob.glob(os.path.join(ROOT, "tests", "**", "test_*.py"), recursive=True):
        with open(path, encoding="utf-8") as file:
            names.update(re.findall(r"^ +def (test_\w+)", file.read(), re.MULTILINE))
        names.add(os.path.basename(path))
    return names


class Fidelity(unittest.TestCase):
    def test_every_test_that_the_contract_names_exists(self) -> None:
        with open(os.path.join(ROOT, "doc", "fidelity.md"), encoding="utf-8") as file:
            named = set(re.findall(r"`(?:tests/\w+/)?(test_\w+(?:\.py)?)`", file.read()))
        self.assertGreater(len(named), 50)
        self.assertEqual(sorted(named - defined_tests()), [])


if __name__ == "__main__":
    unittest.main()
