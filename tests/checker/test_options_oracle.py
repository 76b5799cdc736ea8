"""checker/options.h against mypy's Options, over random configurations: what each module's options are, which sections
are unused, mypy's digest of a set, and that mypy reads our configuration text back as what it was written from."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from native import ROOT, ask_tool  # noqa: E402

CONFIGURATIONS = int(os.environ.get("SEPAL_RANDOM_CONFIGURATIONS", "120"))
SEED = int(os.environ.get("SEPAL_SEED", "1"))

FLAGS = ["allow_redefinition", "allow_untyped_globals", "check_untyped_defs", "disallow_any_generics", "extra_checks",
         "disallow_untyped_defs", "follow_imports_for_stubs", "follow_untyped_imports", "ignore_errors", "mypyc",
         "ignore_missing_imports", "implicit_optional", "implicit_reexport", "local_partial_types", "strict_equality",
         "strict_optional", "warn_return_any", "warn_unreachable", "warn_unused_ignores"]
GLOBAL_FLAGS = FLAGS + ["warn_redundant_casts", "old_type_inference", "no_silence_site_packages", "namespace_packages",
                        "warn_incomplete_stub", "show_error_code_links", "strict_bytes"]
CODES = ["misc", "attr-defined", "import-not-found", "redundant-expr", "possibly-undefined", "truthy-bool"]
PARTS = ["a", "b", "c", "tests", "a_b"]
NOT_IN_FILES = {"ignore_missing_imports_per_module", "disable_error_code", "enable_error_code"}


def ask_mypy(what: str, questions: list[Any]) -> Any:
    python = os.environ.get("SEPAL_PYTHON")
    if not python:
        raise AssertionError("Set SEPAL_PYTHON to the interpreter that mypy is installed for.")
    program = os.path.join(ROOT, "tests", "lib", "options_mypy.py")
    done = subprocess.run([python, program, what], input=json.dumps(questions), stdout=subprocess.PIPE, text=True,
                          check=True)
    return json.loads(done.stdout)


def random_module(rng: random.Random) -> str:
    return ".".join(rng.choice(PARTS) for _ in range(rng.randint(1, 4)))


def random_pattern(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.3:
        return random_module(rng)
    if kind < 0.6:
        return random_module(rng) + ".*"
    if kind < 0.62:
        return "*"
    return ".".join(rng.choice(PARTS + ["*", "*", "*"]) for _ in range(rng.randint(2, 4)))


def some(rng: random.Random, items: list[str], most: int) -> str:
    return ", ".join(rng.sample(items, rng.randint(1, most)))


def random_settings(rng: random.Random, flags: list[str]) -> dict[str, str]:
    settings = {flag: rng.choice(["True", "false", "on", "0"]) for flag in rng.sample(flags, rng.randint(0, 4))}
    if rng.random() < 0.3:
        settings["follow_imports"] = rng.choice(["normal", "silent", "skip", "error"])
    if rng.random() < 0.2:
        settings["always_true"] = some(rng, ["X", "Y", "MYPYC"], 2)
    if rng.random() < 0.2:
        settings["always_false"] = rng.choice(["", "Z", "Z,,", "Y, X,"])
    for name in ("disable_error_code", "enable_error_code"):
        if rng.random() < 0.35:
            settings[name] = some(rng, CODES, 3)
    return settings


def random_configuration(rng: random.Random) -> dict[str, Any]:
    settings = random_settings(rng, GLOBAL_FLAGS)
    if rng.random() < 0.5:
        settings.update(python_version=rng.choice(["3.10", "3.12", "3.14"]), platform=rng.choice(["linux", "win32"]))
    if rng.random() < 0.3:
        settings.update(plugins="pydantic.mypy, x/y.py:entry", untyped_calls_exclude="foo.bar, baz",
                        enable_incomplete_feature="InlineTypedDict")
    lines = ["[mypy]", *(f"{name} = {value}" for name, value in settings.items())]
    patterns = dict.fromkeys(random_pattern(rng) for _ in range(rng.randint(0, 9)))
    for pattern in patterns:
        lines.append(f"[mypy-{pattern}]")
        lines.extend(f"{name} = {value}" for name, value in random_settings(rng, FLAGS).items())
    more = {"deprecated_calls_exclude": ["foo", "bar.baz"]} if rng.random() < 0.2 else {}
    modules = list(dict.fromkeys(random_module(rng) for _ in range(40)))
    return {"ini": "\n".join(lines) + "\n", "more": more, "modules": modules,
            "groups": [[modules[0]], *(rng.sample(modules, rng.randint(2, 5)) for _ in range(3))]}


class OptionsOracle(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        rng = random.Random(SEED)
        cls.questions = [random_configuration(rng) for _ in range(CONFIGURATIONS)]
        cls.mypys = ask_mypy("make", cls.questions)
        cls.ours = ask_tool("options_dump", [
            {"options": mypys["described"], "modules": question["modules"], "groups": question["groups"]}
            for question, mypys in zip(cls.questions, cls.mypys)])

    def each_module(self) -> Any:
        for question, mypys, ours in zip(self.questions, self.mypys, self.ours):
            for number, name in enumerate(question["modules"]):
                yield f"{name} with\n{question['ini']}", mypys, number, ours["sets"][ours["of"][number]]

    def test_every_module_has_mypys_options(self) -> None:
        for what, mypys, number, ours in self.each_module():
            self.assertEqual(ours["values"], mypys["values"][number], what)

    def test_every_set_has_mypys_digest(self) -> None:
        for what, mypys, number, ours in self.each_module():
            self.assertEqual(ours["hash"], mypys["hashes"][number], what)

    def test_modules_share_a_set_exactly_when_their_options_are_equal(self) -> None:
        for question, mypys, ours in zip(self.questions, self.mypys, self.ours):
            by_set: dict[int, Any] = {}
            for index, values in zip(ours["of"], mypys["values"]):
                self.assertEqual(by_set.setdefault(index, values), values, question["ini"])
            self.assertEqual(len(by_set), len({json.dumps(values) for values in mypys["values"]}), question["ini"])

    def test_the_same_sections_are_unused(self) -> None:
        for question, mypys, ours in zip(self.questions, self.mypys, self.ours):
            self.assertEqual(ours["unused"], mypys["unused"], question["ini"])

    def test_mypy_reads_the_configuration_text_back(self) -> None:
        exact = total = 0
        for toml in (False, True):
            asked = [(question, ours, group, text) for question, ours in zip(self.questions, self.ours)
                     for group, text in zip(question["groups"], ours["texts"])]
            answers = ask_mypy("read", [{"text": text["toml" if toml else "ini"], "toml": toml,
                                         "modules": [*group, "no.member"]} for _, _, group, text in asked])
            for (question, ours, group, text), answer in zip(asked, answers):
                self.assertEqual(answer["stderr"], "")
                self.assertEqual(answer["hashes"][-1], text["hash"], text["ini"])
                sets = dict(zip(question["modules"], ours["of"]))
                for name, back in zip(group, answer["values"]):
                    wanted = ours["sets"][sets[name]]["values"]
                    left_out = NOT_IN_FILES if toml else NOT_IN_FILES | {"deprecated_calls_exclude"}
                    what = f"{name} in {group} with\n{question['ini']}\n{text['toml' if toml else 'ini']}"
                    self.assertEqual({k: v for k, v in back.items() if k not in left_out},
                                     {k: v for k, v in wanted.items() if k not in left_out}, what)
                    total += 1
                    exact += all(back[k] == wanted[k] for k in NOT_IN_FILES)
        self.assertGreater(exact, total * 0.6)

    def test_one_set_without_sections_is_written_exactly(self) -> None:
        """What nearly every action's configuration is: then the digests for dependencies need no second look."""
        for question, ours in zip(self.questions, self.ours):
            if not any("[mypy-" in line for line in question["ini"].splitlines()):
                self.assertEqual(ours["texts"][0]["hash"], ours["sets"][0]["hash"])


if __name__ == "__main__":
    unittest.main()
