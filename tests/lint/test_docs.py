"""What the documentation names exists: paths of this repository, verbs and options of the program, and the schemas
are schemas that accept their good examples and refuse their bad ones."""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP_LEVEL = "src|tests|doc|schemas|bench|build|\\.ci"
# src/base/err.c, tests/unit/<room>/ (only src and tests/unit are looked for), doc/formats/*.md
PATH = re.compile(rf"(?<![\w./-])((?:{TOP_LEVEL})/[\w./*-]*[\w*])")
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b|(?<=_)[A-Z]{3,}\b")  # as in tests/fuzz/fuzz_NAME.c
VERB = re.compile(r"`sepal ([a-z][a-z-]*)")
OPTION = re.compile(r"(?:^|[\s`\[(])sepal [a-z-]+[^`\n]*?(--[a-z][a-z-]*)")
MADE = ("build/", "build-")  # made by ./dev, not in the repository


def documents() -> list[str]:
    return [os.path.join(ROOT, "README.md"), os.path.join(ROOT, "CONTRIBUTING.md"),
            *sorted(glob.glob(os.path.join(ROOT, "doc", "**", "*.md"), recursive=True))]


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def help_of(*verb: str) -> str:
    program = os.environ.get("SEPAL")
    if not program:
        raise AssertionError("Set SEPAL to the path of the sepal program, or run the tests by ./dev test.")
    done = subprocess.run([program, *verb, "--help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


class Docs(unittest.TestCase):
    maxDiff = None

    def test_paths_exist(self) -> None:
        wrong = []
        for document in documents():
            for name in PATH.findall(read(document)):
                name = PLACEHOLDER.sub("*", name)
                if not name.startswith(MADE) and not glob.glob(os.path.join(ROOT, name)) \
                        and not glob.glob(os.path.join(os.path.dirname(document), name)):
                    wrong.append(f"{os.path.relpath(document, ROOT)}: {name}")
        self.assertEqual(wrong, [])

    def test_verbs_exist(self) -> None:
        known = help_of()
        wrong = [f"{os.path.relpath(document, ROOT)}: sepal {verb}" for document in documents()
                 for verb in VERB.findall(read(document)) if not re.search(rf"^\s*(sepal )?{verb}\b", known, re.M)]
        self.assertEqual(wrong, [])

    def test_own_options_exist(self) -> None:
        wrong = []
        known: dict[str, str] = {}
        for document in documents():
            for line in read(document).splitlines():
                for verb, rest in re.findall(r"`sepal ([a-z][a-z-]*)([^`]*)`", line):
                    known.setdefault(verb, help_of(verb))
                    # what stands after `check` without being Sepal's own is mypy's
                    wrong += [f"{os.path.relpath(document, ROOT)}: sepal {verb} {option}"
                              for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest)
                              if verb != "check" and option not in known[verb]]
        self.assertEqual(wrong, [])


class Formats(unittest.TestCase):
    """A record says by its first four bytes what it is."""

    def first_bytes(self, pattern: str) -> list[str]:
        found = []
        for suffix in ("c", "h"):
            for path in glob.glob(os.path.join(ROOT, "src", "**", "*." + suffix), recursive=True):
                found += re.findall(pattern, read(path))
        return sorted(found)

    def test_no_two_records_begin_alike_and_each_has_its_grammar(self) -> None:
        used = self.first_bytes(r'(?i)magic\[\w*\] = "(\w{4})";')
        self.assertGreater(len(used), 8)
        self.assertEqual(sorted(set(used)), used)
        self.assertEqual(self.first_bytes(r':= "(SEP\w)"'), used)


class Schemas(unittest.TestCase):
    maxDiff = None

    def schemas(self) -> list[str]:
        return sorted(glob.glob(os.path.join(ROOT, "schemas", "*.schema.json")))

    def test_schemas_are_json_schemas(self) -> None:
        import jsonschema

        self.assertNotEqual(self.schemas(), [])
        for path in self.schemas():
            with self.subTest(os.path.basename(path)):
                schema = json.loads(read(path))
                jsonschema.validators.validator_for(schema).check_schema(schema)

    def test_good_examples_are_accepted_and_bad_ones_refused(self) -> None:
        import jsonschema

        for path in self.schemas():
            name = os.path.basename(path).split(".")[0]
            validator = jsonschema.Draft202012Validator(json.loads(read(path)))
            for quality in ("good", "bad"):
                for example in sorted(glob.glob(os.path.join(ROOT, "schemas", "examples", name, quality, "*.json"))):
                    with self.subTest(os.path.relpath(example, ROOT)):
                        self.assertEqual(validator.is_valid(json.loads(read(example))), quality == "good")


if __name__ == "__main__":
    unittest.main()
