"""`sepal check --report` and --new-only, and `sepal baseline`, with the toy checker: what is written where, when, and
what is refused before anything runs. The forms of the reports are held against schemas in tests/checker."""

from __future__ import annotations

import json
import os
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, Run  # noqa: E402
from toy import ToyCase  # noqa: E402
from watching import Watch  # noqa: E402

FORMATS = ("text", "json", "jsonl", "sarif", "junit", "github", "gitlab", "checkstyle")
ERRORS = """
-- a.py --
export X 1
error Größe "x" <y> & 100% of it
-- p/b.py --
import a
reveal a.X
error twice
error twice
"""
BASELINE = """# sepal baseline 1
a.py\terror\ttoy\tGröße "x" <y> & 100% of it
p/b.py\terror\ttoy\ttwice
p/b.py\terror\ttoy\ttwice
p/b.py\tnote\t\ta.X is 1
# end
"""


class ReportCase(ToyCase):
    def texts(self, repo: Repo, *names: str) -> list[str]:
        return [repo.read(name) for name in names]

    def baseline(self, repo: Repo, *arguments: str, **options: Any) -> Run:
        return repo.run("baseline", "--checker", "toy", *arguments, **options)


class Places(ReportCase):
    def test_files_are_written_and_the_text_is_printed(self) -> None:
        repo = self.repo(ERRORS)
        plain = self.check(repo)
        arguments = [f"--report={name}=report.{name}" for name in FORMATS]
        run = self.check(repo, *arguments)
        self.assertEqual((run.stdout, run.status), (plain.stdout, 1))
        self.assertEqual(repo.read("report.text"), plain.stdout)
        for name in FORMATS:
            self.assertIn("twice", repo.read(f"report.{name}"), name)

    def test_a_report_on_standard_output_takes_the_place_of_the_text(self) -> None:
        repo = self.repo(ERRORS)
        run = self.check(repo, "--report", "json")
        document = json.loads(run.stdout)
        self.assertEqual(document["summary"],
                         {"errors": 3, "files_with_errors": 2, "known": 0, "notes": 1, "sources": 2})
        self.assertEqual(run.status, 1)
        self.assertEqual(run.stderr, "")

    def test_text_is_there_if_it_is_asked_for(self) -> None:
        repo = self.repo(ERRORS)
        plain = self.check(repo).stdout
        both = self.check(repo, "--report", "github", "--report=text").stdout
        self.assertTrue(both.startswith(plain), both)
        self.assertEqual(both[len(plain):].count("::error "), 3)
        self.assertEqual(self.check(repo, "--report", "text").stdout, plain)

    def test_an_unchanged_tree_is_reported_without_a_check_and_with_the_same_bytes(self) -> None:
        repo = self.repo(ERRORS)
        repo.settle()
        first = {name: self.check(repo, "--no-store-read", "--report", name).stdout for name in FORMATS}
        for name in FORMATS:
            again = self.check(repo, f"--report={name}")
            self.assertEqual(again.stdout, first[name])
            self.assertEqual(again.status, 1)
            self.assertEqual(again.stats["units_hit"]["unchanged"], again.stats["units"])
            self.assertEqual(again.stats["files_read"], 0)

    def test_a_report_beside_the_sources_is_no_change_of_them(self) -> None:
        repo = self.repo(ERRORS)
        repo.settle()
        for _ in range(3):
            run = self.check(repo, "--report=json=r.json", "--report=sarif=p/r.sarif")
            repo.settle()
        self.assertEqual(run.stats["units_hit"]["unchanged"], run.stats["units"])

    def test_findings_that_are_lost_or_altered_are_found_again(self) -> None:
        repo = self.repo(ERRORS)
        repo.settle()
        whole = self.check(repo, "--report", "json").stdout
        for damage in (os.unlink, lambda path: os.truncate(path, 40)):
            (found,) = [os.path.join(at, name) for at, _, names in os.walk(os.path.join(repo.store, "v2", "state"))
                        for name in names if name.startswith("found-")]
            damage(found)
            run = self.check(repo, "--report", "json")
            self.assertEqual(run.stdout, whole)
            self.assertEqual(run.stats["units_hit"]["unchanged"], 0)
            self.assertEqual(self.check(repo, "--report", "json").stats["units_hit"]["unchanged"], run.stats["units"])

    def test_reports_are_the_same_in_every_checkout(self) -> None:
        one, two = self.repo(ERRORS), self.repo(ERRORS)
        for name in FORMATS:
            texts = [self.check(repo, "--report", name).stdout for repo in (one, two)]
            self.assertEqual(texts[0], texts[1])
            self.assertNotIn(one.base, texts[0])

    def test_a_link_to_nowhere_and_a_pipe_get_the_bytes(self) -> None:
        repo = self.repo(ERRORS)
        whole = self.check(repo, "--report", "github").stdout
        self.assertIn(whole, self.check(repo, "--report", "github=/dev/stdout").stdout)

    def test_nothing_is_left_beside_a_report(self) -> None:
        repo = self.repo(ERRORS)
        os.mkdir(repo.path("out"))
        repo.write("out/r.json", "old and longer" * 10000)
        self.check(repo, "--report", "json=out/r.json")
        self.assertEqual(os.listdir(repo.path("out")), ["r.json"])
        json.loads(repo.read("out/r.json"))

    def test_paths_start_at_the_top_of_the_git_work_tree_where_a_review_page_wants_that(self) -> None:
        repo = self.repo("-- d/a.py --\nerror Bad\n")
        repo.commit()
        reports = {name: self.check(repo, "--report", name, cwd="d").stdout for name in FORMATS}
        self.assertIn("::error file=d/a.py,", reports["github"])
        self.assertEqual(json.loads(reports["gitlab"])[0]["location"]["path"], "d/a.py")
        self.assertIn('"uri": "d/a.py"', reports["sarif"])
        self.assertTrue(reports["text"].startswith("a.py:1: "))
        self.assertEqual(json.loads(reports["jsonl"])["file"], "a.py")
        self.assertEqual(ElementTree.fromstring(reports["checkstyle"])[0].get("name"), "a.py")
        document = json.loads(reports["json"])["diagnostics"][0]
        self.assertEqual((document["path"], document["root_path"]), ("a.py", "d/a.py"))


class Failures(ReportCase):
    def test_a_blocking_error_is_reported_as_such(self) -> None:
        repo = self.repo("-- a.py --\nblocker No way\n")
        run = self.check(repo, "--report", "json", "--report", "sarif=r.sarif", "--report=junit=r.xml")
        self.assertEqual(run.status, 2)
        self.assertTrue(json.loads(run.stdout)["blocked"])
        self.assertFalse(json.loads(repo.read("r.sarif"))["runs"][0]["invocations"][0]["executionSuccessful"])
        self.assertEqual(ElementTree.fromstring(repo.read("r.xml")).get("failures"), "1")

    def test_a_checker_that_crashes_is_in_every_report_that_can_say_it(self) -> None:
        repo = self.repo("-- a.py --\ndie\n-- b.py --\nerror Bad\n")
        names = [name for name in FORMATS if name not in ("text", "jsonl")]
        run = self.check(repo, *(f"--report={name}=r.{name}" for name in names))
        self.assertEqual(run.status, 3)
        for name in names:
            self.assertIn("signal", repo.read(f"r.{name}"), name)
        self.assertIsNotNone(json.loads(repo.read("r.json"))["failure"])

    def test_a_command_line_that_the_checker_refuses_leaves_reports_alone(self) -> None:
        repo = self.repo(ERRORS)
        repo.write("r.json", "old")
        run = self.check(repo, "--report=json=r.json", "--", "--strict")
        self.assertEqual((run.status, repo.read("r.json")), (2, "old"))

    def test_a_report_that_cannot_be_written_is_a_failure_after_the_text(self) -> None:
        repo = self.repo(ERRORS)
        run = self.check(repo, "--report=json=/proc/version")
        self.assertEqual(run.status, 3)
        self.assertIn("/proc/version", run.stderr)
        self.assertIn("twice", run.stdout)

    def test_what_cannot_be_done_is_refused_before_anything_runs(self) -> None:
        repo = self.repo(ERRORS)
        repo.write("known", BASELINE)
        for arguments, said in (
            (("--report", "yaml"), "there is no report format `yaml`; the formats are text, json, jsonl, sarif, "),
            (("--report", "=r"), "there is no report format ``"),
            (("--report", "json="), "--report json= names no file"),
            (("--report", "json=no/r.json"), "there is no directory"),
            (("--report", "json=p"), "p cannot be written: it is a directory"),
            (("--report", "json=r", "--report", "sarif=./p/../r"), "./p/../r is given twice"),
            (("--report", "json", "--report", "json"), "--report json is given twice"),
            (("--report", "json=r", "--trace", "r"), "r is given twice"),
            (("--report", "json=known", "--new-only", "known"), "known is given twice"),
            (("--new-only", "unknown"), "there is no baseline unknown"),
            (("--new-only", "a.py"), "a.py is not a baseline"),
            (("--new-only", "p"), "the baseline cannot be read"),
        ):
            for more in ((), ("--watch",)):
                with self.subTest(arguments):
                    run = repo.run("check", "--checker", "toy", *arguments, *more, doctor=False)
                    self.assertEqual((run.status, run.stdout), (2, ""), str(run))
                    self.assertIn(said, run.stderr)
                    self.assertEqual(run.stderr.count("\n"), 1)
        self.assertFalse(os.path.exists(repo.store))

    def test_a_baseline_of_another_version_or_a_torn_one_is_refused(self) -> None:
        repo = self.repo(ERRORS)
        for text, said in ((BASELINE.replace("baseline 1", "baseline 2"), "is of version 2"),
                           (BASELINE[:-8], "is cut off"), (BASELINE[:60], "is cut off"),
                           (BASELINE.replace("p/b", "=======\np/b", 1), "merge conflict in line 3")):
            repo.write("known", text)
            for run in (self.check(repo, "--new-only=known"), self.baseline(repo, "diff", "known")):
                self.assertEqual((run.status, run.stdout), (2, ""))
                self.assertIn(said, run.stderr)


class Baselines(ReportCase):
    def test_what_is_known_is_not_reported(self) -> None:
        repo = self.repo(ERRORS)
        run = self.baseline(repo, "write", "known")
        self.assertEqual((run.status, run.stdout), (0, "known: 4 known diagnostics\n"))
        self.assertEqual(repo.read("known"), BASELINE)
        run = self.check(repo, "--new-only", "known")
        self.assertEqual(run.status, 0)
        self.assertEqual(run.lines, ["Success: no issues found in 2 source files",
                                     "4 known diagnostics of known are not shown"])

    def test_lines_do_not_matter_and_counts_do(self) -> None:
        repo = self.repo(ERRORS)
        self.baseline(repo, "write", "known")
        repo.edit("a.py", "export X 1\n", "\n\nexport X 1\n")
        self.assertEqual(self.check(repo, "--new-only", "known").status, 0)
        repo.edit("p/b.py", "import a\n", "import a\nerror twice\n")
        run = self.check(repo, "--new-only", "known")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.lines, ["p/b.py:5: error: twice  [toy]",
                                     "Found 1 error in 1 file (checked 2 source files)",
                                     "4 known diagnostics of known are not shown"])

    def test_reports_have_only_what_is_new(self) -> None:
        repo = self.repo(ERRORS)
        self.baseline(repo, "write")
        repo.edit("a.py", "export X 1\n", "export X 1\nerror new\n")
        arguments = [f"--report={name}=report.{name}" for name in FORMATS]
        run = self.check(repo, "--new-only=sepal-baseline.txt", *arguments)
        self.assertEqual(run.status, 1)
        for name in FORMATS:
            self.assertIn("new", repo.read(f"report.{name}"))
            self.assertNotIn("twice", repo.read(f"report.{name}"))
        document = json.loads(repo.read("report.json"))
        self.assertEqual((document["summary"]["errors"], document["summary"]["known"]), (1, 4))

    def test_fingerprints_are_the_same_with_and_without_a_baseline(self) -> None:
        repo = self.repo(ERRORS)
        repo.write("known", BASELINE.replace("p/b.py\terror\ttoy\ttwice\n", "", 1))
        everything = json.loads(self.check(repo, "--report=gitlab").stdout)
        (new,) = json.loads(self.check(repo, "--report=gitlab", "--new-only=known").stdout)
        self.assertEqual(new, [issue for issue in everything if issue["description"] == "twice"][1])

    def test_an_answer_of_the_last_run_knows_the_baseline_of_now(self) -> None:
        repo = self.repo(ERRORS)
        repo.settle()
        self.baseline(repo, "write", "known")
        self.check(repo)
        run = self.check(repo, "--new-only=known")
        self.assertEqual((run.status, run.stats["units_hit"]["unchanged"]), (0, run.stats["units"]))
        repo.write("known", "# sepal baseline 1\n# end\n")
        run = self.check(repo, "--new-only=known")
        self.assertEqual((run.status, run.stats["units_hit"]["unchanged"]), (1, run.stats["units"]))
        self.assertEqual(run.stdout, self.check(repo).stdout)

    def test_a_difference_has_what_is_gone_and_what_is_new(self) -> None:
        repo = self.repo(ERRORS)
        self.baseline(repo, "write", "known")
        self.assertEqual(self.baseline(repo, "diff", "known").status, 0)
        repo.edit("p/b.py", "error twice\nerror twice\n", "error twice\n")
        run = self.baseline(repo, "diff", "known")
        self.assertEqual((run.status, run.stdout), (0, "- p/b.py: error: twice  [toy]\n"))
        repo.edit("a.py", "export X 1", "export X 2")
        run = self.baseline(repo, "diff", "known")
        self.assertEqual((run.status, run.lines), (1, ["- p/b.py: error: twice  [toy]", "- p/b.py: note: a.X is 1",
                                                       "+ p/b.py:2: note: a.X is 2"]))

    def test_only_a_baseline_is_written_over(self) -> None:
        repo = self.repo(ERRORS)
        for name, said in (("a.py", "is there and is not a baseline"), ("p", "it is a directory"),
                           ("no/known", "there is no directory no")):
            run = self.baseline(repo, "write", name)
            self.assertEqual((run.status, run.stdout), (2, ""), str(run))
            self.assertIn(said, run.stderr)
        self.assertTrue(repo.read("a.py").startswith("export X 1"))
        repo.write("known", "# sepal baseline 7\n")
        self.assertEqual(self.baseline(repo, "write", "known").status, 0)
        self.assertEqual(repo.read("known"), BASELINE)

    def test_arguments_behind_the_file_are_those_of_check(self) -> None:
        repo = self.repo(ERRORS)
        self.baseline(repo, "write", "known", "a.py")
        self.assertEqual(repo.read("known").count("\n"), 3)
        run = self.baseline(repo, "diff", "known", "a.py", "--", "--strict")
        self.assertEqual((run.status, run.stderr), (2, "toy: there is no option --strict\n"))

    def test_without_a_word_it_says_what_it_wants(self) -> None:
        repo = self.repo(ERRORS)
        for words in ((), ("show",), ("Write", "known")):
            run = self.baseline(repo, *words, doctor=False)
            self.assertEqual(run.status, 2)
            self.assertIn("wants `write` or `diff`", run.stderr)

    def test_a_blocking_error_or_a_crash_makes_no_baseline(self) -> None:
        repo = self.repo("-- a.py --\nblocker No way\n")
        for status, verb in ((2, "blocker No way"), (3, "die")):
            repo.write("a.py", verb + "\n")
            for command in ("write", "diff"):
                repo.write("known", BASELINE)
                run = self.baseline(repo, command, "known")
                self.assertEqual(run.status, status, str(run))
                self.assertEqual(repo.read("known"), BASELINE)
                self.assertNotIn("Gr", run.stdout)

    def test_git_merges_baselines_of_two_branches(self) -> None:
        repo = self.repo(ERRORS)
        repo.write(".gitattributes", "known merge=union\n")
        self.baseline(repo, "write", "known")
        repo.commit()
        for branch, word in (("one", "eins"), ("two", "zwei")):
            repo.git("checkout", "-q", "-b", branch, "main")
            repo.write(f"{branch}.py", f"error {word}\n")
            self.baseline(repo, "write", "known")
            repo.commit()
        repo.git("merge", "-q", "-m", "both", "one")
        run = self.check(repo, "--new-only=known")
        self.assertEqual((run.status, run.lines[-1]), (0, "6 known diagnostics of known are not shown"))


class Watched(ReportCase):
    def watch(self, repo: Repo, *arguments: str) -> Watch:
        watch = Watch(repo, "--checker", "toy", *arguments)
        self.addCleanup(watch.kill)
        return watch

    def test_files_are_written_anew_after_each_change(self) -> None:
        repo = self.repo(ERRORS)
        repo.write("known", BASELINE)
        watch = self.watch(repo, "--report", "json=r.json", "--new-only", "known")
        watch.wait()
        self.assertEqual(json.loads(repo.read("r.json"))["summary"]["errors"], 0)
        repo.write("a.py", "export X 1\nerror new\n")
        watch.wait()
        self.assertEqual([issue["message"] for issue in json.loads(repo.read("r.json"))["diagnostics"]], ["new"])
        self.assertIn("+ a.py:2: error: new  [toy]", watch.said)


if __name__ == "__main__":
    unittest.main()
