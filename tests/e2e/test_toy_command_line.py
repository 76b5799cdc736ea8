"""The command line: help, mistakes, and the verbs beside check."""

from __future__ import annotations

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from toy import CHAIN, ToyCase  # noqa: E402

VERBS = ("check", "plan", "explain", "merge", "verify", "doctor", "baseline")
A, B = "a" * 64, "b" * 64


class Help(ToyCase):
    def test_every_verb_has_one_and_it_fits_the_terminal(self) -> None:
        repo = self.repo()
        program = repo.run("--help", doctor=False)
        self.assertEqual(program.status, 0)
        for verb in VERBS:
            self.assertRegex(program.stdout, rf"(?m)^  {verb} +\S")
            run = repo.run(verb, "--help", doctor=False)
            self.assertEqual((run.status, run.stderr), (0, ""))
            self.assertTrue(run.stdout.startswith(f"usage: sepal {verb} "), run.stdout)
            self.assertIn("--help", run.stdout)
        self.assertEqual(repo.run("help", doctor=False).stdout, program.stdout)
        self.assertFalse(os.path.exists(repo.store))

    def test_the_version_is_a_version(self) -> None:
        self.assertRegex(self.repo().run("--version", doctor=False).stdout, r"^sepal \d+\.\d+\S*\n$")


class Mistakes(ToyCase):
    def test_each_is_a_sentence_and_status_2(self) -> None:
        repo = self.repo(CHAIN)
        for arguments, said in (
            ((), "a verb is missing"),
            (("chekc",), "there is no verb `chekc`"),
            (("check", "--strict"), "Options of the checker go after `--`"),
            (("check", "-x"), "has no option -x"),
            (("check", "--jobs"), "--jobs wants a value: N"),
            (("check", "--jobs=0"), "--jobs wants at least 1"),
            (("check", "-jmany"), "--jobs wants a whole number, not `many`"),
            (("check", "--jobs=-1"), "--jobs wants a whole number"),
            (("check", "--runner=far"), "--runner is one of worker|process|remote, not `far`"),
            (("check", "--checker=pyright"), "--checker is one of mypy|toy"),
            (("check", "--on-conflict=last"), "--on-conflict is one of fail|harmless|first"),
            (("check", "--no-store-read=yes"), "--no-store-read takes no value"),
            (("check", "--sample=0.5"), "has no option --sample=0.5"),
            (("verify", "--sample=2"), "--sample wants a number from 0 to 1"),
            (("explain",), "wants one module"),
            (("explain", "a", "b"), "wants one module"),
            (("merge", "one.json"), "wants two or more manifests"),
            (("doctor", "."), "takes no paths"),
        ):
            with self.subTest(arguments):
                run = repo.run(*arguments, doctor=False)
                self.assertEqual((run.status, run.stdout), (2, ""), str(run))
                self.assertTrue(run.stderr.startswith("sepal: "), run.stderr)
                self.assertIn(said, run.stderr)
                self.assertEqual(run.stderr.count("\n"), 1)

    def test_what_the_checker_refuses_it_says_itself(self) -> None:
        repo = self.repo(CHAIN)
        for arguments, said in (
            (("nowhere",), "toy: can't read 'nowhere': there is no such file or directory\n"),
            (("--", "--strict"), "toy: there is no option --strict\n"),
        ):
            run = self.check(repo, *arguments)
            self.assertEqual((run.status, run.stdout, run.stderr), (2, "", said))
        repo.write("toy.ini", "[toy]\nloud = yes\n")
        self.assertEqual(self.check(repo).stderr, "toy: toy.ini: there is no option 'loud'\n")

    def test_without_a_home_the_store_must_be_named(self) -> None:
        repo = self.repo(CHAIN)
        run = repo.run("check", "--checker", "toy", env={"HOME": "", "XDG_CACHE_HOME": ""}, doctor=False)
        self.assertEqual(run.status, 2)
        self.assertIn("give --store DIR", run.stderr)

    def test_one_module_under_two_names_stops_everything(self) -> None:
        repo = self.repo("-- p/m.py --\nexport M\n-- p/m/__init__.py --\nexport M\n")
        run = self.check(repo)
        self.assertEqual(run.status, 2)
        self.assertIn('Duplicate module named "p.m"', run.stdout)


class Quiet(ToyCase):
    def test_verbose_says_why_each_unit_ran(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        repo.edit("a.py", "X 1", "X 2")
        lines = self.check(repo, "-v").stderr.splitlines()
        self.assertRegex(lines[0], "^a: source of a changed from [0-9a-f]{12} to [0-9a-f]{12}$")
        self.assertRegex(lines[1], "^b: interface of a changed from [0-9a-f]{12} to [0-9a-f]{12}$")

    def test_without_a_terminal_nothing_is_said_beside_the_report(self) -> None:
        self.assertEqual(self.check(self.repo(CHAIN)).stderr, "")


class Plan(ToyCase):
    def test_it_is_the_same_for_two_checkouts_and_orders_of_names(self) -> None:
        one, two = self.repo(CHAIN), self.repo(CHAIN)
        texts = [one.run("plan", "--checker", "toy").stdout, two.run("plan", "--checker", "toy").stdout,
                 one.run("plan", "--checker", "toy", env={"LC_ALL": "de_DE.UTF-8"}).stdout]
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0], texts[2])
        self.assertNotIn(one.base, texts[0])
        plan = json.loads(texts[0])
        self.assertEqual([module["id"] for module in plan["modules"]], ["a", "b", "c", "d", "builtins"])

    def test_nothing_is_checked(self) -> None:
        repo = self.repo("-- a.py --\nhang\n")
        self.assertEqual(repo.run("plan", "--checker", "toy").status, 0)


class Explain(ToyCase):
    def explain(self, repo: object, module: str) -> str:
        run = repo.run("explain", "--checker", "toy", module)  # type: ignore[attr-defined]
        self.assertEqual(run.status, 0, str(run))
        return run.stdout

    def test_it_names_the_field_that_changed(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        self.assertIn("it was not in the last run", self.explain(repo, "b"))
        repo.edit("a.py", "X 1", "X 2")
        self.check(repo)
        self.assertRegex(self.explain(repo, "a"), "source of a changed from [0-9a-f]{12} to [0-9a-f]{12}")
        self.assertRegex(self.explain(repo, "b"), "interface of a changed from [0-9a-f]{12} to [0-9a-f]{12}")
        repo.write("toy.ini", "[toy-c]\nshout = yes\n")
        self.check(repo)
        self.assertIn("options of c: shout changed from false to true", self.explain(repo, "c"))
        repo.edit("d.py", "import c\n", "import c\nimport b\n")
        self.check(repo)
        self.assertIn("import of d is new: b -> /proc/self/cwd/s/b.py", self.explain(repo, "d"))

    def test_its_fields_are_those_of_the_key(self) -> None:
        one, two = self.repo(CHAIN), self.repo(CHAIN)
        for repo in (one, two):
            self.check(repo)
        self.assertEqual(self.explain(one, "d"), self.explain(two, "d"))
        key = re.compile("strict key: ([0-9a-f]{64})")
        before = key.findall(self.explain(one, "d"))
        one.edit("d.py", "body Z", "body Z  ")
        self.check(one)
        self.assertNotEqual(key.findall(self.explain(one, "d")), before)

    def test_what_it_does_not_know(self) -> None:
        repo = self.repo(CHAIN)
        run = repo.run("explain", "--checker", "toy", "a")
        self.assertEqual(run.status, 2)
        self.assertIn("nothing has been checked", run.stderr)
        self.check(repo)
        run = repo.run("explain", "--checker", "toy", "a/b")
        self.assertEqual(run.status, 2)
        self.assertIn("knew no module called a/b", run.stderr)


class Merge(ToyCase):
    def merge(self, first: object, second: object, *arguments: str) -> tuple[int, str, str]:
        repo = self.repo()
        for name, outputs in (("one.json", first), ("two.json", second)):
            text = outputs if isinstance(outputs, str) else json.dumps({"version": 1, "outputs": outputs})
            repo.write(name, text)
        run = repo.run("merge", *arguments, "one.json", "two.json", doctor=False)
        return run.status, run.stdout, run.stderr

    def test_equal_duplicates_are_one(self) -> None:
        status, out, err = self.merge({"x": A, "y": B}, {"x": A, "z": A})
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(json.loads(out), {"version": 1, "outputs": {"x": A, "y": B, "z": A}})

    def test_order_does_not_matter(self) -> None:
        self.assertEqual(self.merge({"x": A}, {"y": B})[1], self.merge({"y": B}, {"x": A})[1])

    def test_a_conflict_is_named(self) -> None:
        status, out, _ = self.merge({"x": B, "y": A}, {"x": A, "y": A})
        self.assertEqual((status, out), (4, f"conflict: x: {A} from two.json, {B} from one.json\n"))

    def test_first_takes_the_first(self) -> None:
        status, out, _ = self.merge({"x": B}, {"x": A}, "--on-conflict=first")
        self.assertEqual((status, json.loads(out)["outputs"]), (0, {"x": B}))

    def test_a_file_that_is_no_manifest(self) -> None:
        for broken, said in (("{", "two.json"), ("[]", "two.json"), ('{"version": 2, "outputs": {}}', "version"),
                             ('{"version": 1, "outputs": {"x": "12"}}', "x"),
                             ('{"version": 1, "outputs": {"../x": "%s"}}' % A, "../x")):
            with self.subTest(broken):
                status, out, err = self.merge({"x": A}, broken)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
        run = self.repo().run("merge", "no.json", "such.json", doctor=False)
        self.assertEqual(run.status, 2)
        self.assertIn("no.json", run.stderr)


if __name__ == "__main__":
    unittest.main()
