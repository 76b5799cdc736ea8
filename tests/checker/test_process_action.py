"""One plain mypy process per unit, in a directory that holds only its inputs: the reference for the other runners."""

from __future__ import annotations

import copy
import os
import shutil
import sys
import tempfile
import textwrap
import unittest
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from action_client import Actions, WholeByActions, described, sha256_of_file  # noqa: E402
from worker_client import Whole, Worker, ask_mypy, cold_lines  # noqa: E402

FAKE_PYTHON = "#!/bin/sh\necho \"([], ['ROOT/site'])\"\n"  # all that mypy asks an interpreter: where packages are

# Every way in which an import can end.
IMPORTS = {
    "app/__init__.py": "",
    "app/main.py": """\
        import typed, typed.sub
        from typed.inner.deep import f
        from typed import nothing_here
        import ns.pkg.mod, ns.pkg, ns.untyped_part, ns.mod_in_ns
        from ns import pkg as package
        import plain_untyped, single, follow.un
        import stubbed.part
        import yaml, nowhere_at_all
        from stubbed.absent import x
        from gone.deep.below import y
        import gone
        from app import silent_one, util
        import partial.known, partial.unknown.deeper
        import marked.real, marked.bare, marked.absent, marked.absent.deeper.still

        reveal_type(typed.sub.g(f()))
        reveal_type(typed.cycle_a.A().b().a())
        reveal_type(ns.pkg.mod.h())
        reveal_type(stubbed.part.k)
        reveal_type(silent_one.v)
        reveal_type(single.one())
        reveal_type(follow.un.q())
        reveal_type(partial.unknown.deeper)
        package.nope
        """,
    "app/util.py": "import app.main\ndef u() -> int: return app.main.f()\n",
    "app/silent_one.py": "from app import util\nv: int = 'wrong'\n",
    "site/typed/__init__.py": "from typed import cycle_a as cycle_a\nx: int = ''\n",
    "site/typed/py.typed": "",
    "site/typed/sub.py": "def g(x: int) -> str: return x\n",
    "site/typed/inner/deep.py": "def f() -> int: return 1\n",
    "site/typed/cycle_a.py": """\
        from typed import cycle_b
        class A:
            def b(self) -> "cycle_b.B": return cycle_b.B()
            z = cycle_b.Y
        X = 1
        """,
    "site/typed/cycle_b.py": """\
        from typed import cycle_a
        class B:
            def a(self) -> "cycle_a.A": return cycle_a.A()
        Y = cycle_a.X
        """,
    "site/ns/pkg/__init__.py": "",
    "site/ns/pkg/py.typed": "",
    "site/ns/pkg/mod.py": "import ns.pkg.low.lowest\ndef h() -> bytes: return b''\n",
    "site/ns/pkg/low/__init__.py": "",
    "site/ns/pkg/low/lowest.py": "",
    "site/ns/untyped_part/__init__.py": "",
    "site/ns/mod_in_ns.py": "a = 1\n",
    "site/plain_untyped.py": "",
    "site/single.py": "def one(): return 1\n",
    "site/follow/un.py": "def q() -> int: return 1\n",
    "site/stubbed-stubs/__init__.pyi": "",
    "site/stubbed-stubs/part.pyi": "k: int\n",
    "site/partial-stubs/__init__.pyi": "def __getattr__(name: str) -> object: ...\n",
    "site/partial-stubs/known.pyi": "",
    "site/marked/py.typed": "",
    "site/marked/real/__init__.py": "",
    "site/marked/real/py.typed": "",
    "site/marked/bare.py": "",
    "fakepython": FAKE_PYTHON,
    "mypy.ini": """\
        [mypy]
        python_executable = ROOT/fakepython
        [mypy-app.silent_one]
        follow_imports = silent
        [mypy-single,follow.*]
        follow_untyped_imports = True
        """,
}

# A class attribute that a plugin makes an int, and a plugin that breaks.
PLUGIN = """\
from mypy.plugin import Plugin

class Numbers(Plugin):
    def get_attribute_hook(self, fullname):
        if fullname == "m.C.number":
            return lambda context: context.api.named_generic_type("builtins.int", [])
        if fullname == "m.C.broken":
            raise RuntimeError("the plugin broke")
        return None

def plugin(version):
    return Numbers
"""


class ProcessAction(unittest.TestCase):
    def setUp(self) -> None:
        self.root = tempfile.mkdtemp(prefix="sepal-process-action.")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def write(self, files: dict[str, str], below: str = "tree") -> str:
        root = os.path.join(self.root, below)
        for name, text in files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(textwrap.dedent(text).replace("ROOT", root))
            os.chmod(path, 0o755 if text.startswith("#!") else 0o644)
        return root

    def scratch(self) -> str:
        return os.path.join(tempfile.mkdtemp(dir=self.root), "stage")

    def actions(self, cwd: str, argv: list[str], **changes: Any) -> Actions:
        return Actions(described(cwd, argv), self.scratch(), **changes)

    def compare(self, cwd: str, argv: list[str], with_worker: bool = False) -> WholeByActions:
        plan = ask_mypy("plan", argv, cwd)
        with self.actions(cwd, argv) as actions:
            whole = WholeByActions(actions, plan)
            whole.run_all()
        self.assertEqual(whole.other, [])
        self.assertEqual(whole.lines(), cold_lines(cwd, argv, self.scratch()))
        if with_worker:
            self.compare_with_worker(plan, whole)
        return whole

    def compare_with_worker(self, plan: dict[str, Any], whole: WholeByActions) -> None:
        with Worker() as worker:
            other = Whole(worker, plan, self.scratch())
            other.run_all()
        self.assertEqual(sorted(other.interfaces), sorted(whole.results))
        for name, interface in other.interfaces.items():
            self.assertEqual(whole.results[name]["data"], interface["digest"], name)

    def test_every_kind_of_import_ends_as_in_a_whole_run_and_as_in_the_worker(self) -> None:
        whole = self.compare(self.write(IMPORTS), ["-m", "app.main", "-m", "app"], with_worker=True)
        self.assertGreater(sum(whole.lines().values()), 15)
        self.assertEqual(whole.results["typed"]["diags"], [])  # has an error, but is not ours

    def test_modules_that_are_not_followed_are_left_out_as_in_a_whole_run(self) -> None:
        tree = self.write(IMPORTS)
        for follow in ("skip", "error", "silent"):
            with self.subTest(follow):
                self.compare(tree, [f"--follow-imports={follow}", "-m", "app.util", "-m", "app.main"])

    def test_a_package_directory_is_told_from_a_module_that_is_nowhere(self) -> None:
        tree = self.write({"sibling.py": "", "pkg/__init__.py": "", "pkg/other.py": "y = 1\n",
                           "pkg/m.py": "import sibling, nowhere\nfrom pkg.other import y\nimport pkg\n"})
        whole = self.compare(os.path.join(tree, "pkg"), ["-m", "m"], with_worker=True)
        self.assertTrue(any("mypy should be run on the package root" in line for line in whole.lines()))

    def test_a_plugin_that_is_a_file_is_at_work(self) -> None:
        tree = self.write({"tools/plug.py": PLUGIN, "mypy.ini": "[mypy]\nplugins = tools/plug.py\n",
                           "m.py": "class C:\n    number: str\nreveal_type(C().number)\n"})
        plan = ask_mypy("plan", ["m.py"], tree)
        plugin = os.path.join(tree, "tools", "plug.py")
        with self.actions(tree, ["m.py"], plugins=[[plugin, sha256_of_file(plugin)]]) as actions:
            whole = WholeByActions(actions, plan)
            whole.run_all()
        self.assertEqual(whole.other, [])
        self.assertEqual(whole.lines(), cold_lines(tree, ["m.py"], self.scratch()))
        self.assertIn('Revealed type is "int"', "".join(whole.lines()))

    def test_a_crash_is_an_error_that_shows_what_the_checker_said(self) -> None:
        tree = self.write({"tools/plug.py": PLUGIN, "mypy.ini": "[mypy]\nplugins = tools/plug.py\n",
                           "m.py": "class C:\n    broken: str\nreveal_type(C().broken)\n"})
        plan = ask_mypy("plan", ["m.py"], tree)
        plugin = os.path.join(tree, "tools", "plug.py")
        with self.actions(tree, ["m.py"], plugins=[[plugin, sha256_of_file(plugin)]]) as actions:
            whole = WholeByActions(actions, plan)
            whole.run_all()
        self.assertEqual([answer["kind"] for answer in whole.other], ["error"])
        self.assertIn("mypy crashed while it checked m", whole.other[0]["message"])
        self.assertIn("INTERNAL ERROR", whole.other[0]["message"])

    def test_the_action_does_not_depend_on_where_anything_lies(self) -> None:
        digests = []
        for place in ("one", "another/place/altogether"):
            tree = self.write({"a.py": "x = 1\n", "b.py": "import a\nimport nowhere\n"}, place)
            plan = ask_mypy("plan", ["a.py", "b.py"], tree)
            with self.actions(tree, ["a.py", "b.py"]) as actions:
                whole = WholeByActions(actions, plan)
                answers = [actions.run(whole.request(unit)) for unit in whole.units]
            digests.append([(answer["action"], [member["data"] for member in answer["members"]])
                            for answer in answers])
        self.assertEqual(digests[0], digests[1])


class OneUnit(unittest.TestCase):
    """Single units of a small program; what they stand on is checked once."""

    root: str
    actions: Actions
    units: dict[str, dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.root = tempfile.mkdtemp(prefix="sepal-process-action.")
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        for name, text in {"a": "x = 1\n", "b": "import a\n", "c": "import b\n", "m": "import os\n", "z": ""}.items():
            cls.set_source(name, text.encode())
        argv = [name + ".py" for name in "abcmz"]
        plan = ask_mypy("plan", argv, cls.root)
        cls.actions = Actions(described(cls.root, argv), os.path.join(cls.root, "stage"))
        cls.addClassCleanup(cls.actions.__exit__)
        whole = WholeByActions(cls.actions, plan)
        cls.units = {unit[0]["id"]: whole.request(unit) for unit in whole.units}
        for name, request in cls.units.items():
            if name not in "bcm":
                assert cls.actions.run(request)["kind"] == "result"

    @classmethod
    def set_source(cls, name: str, text: bytes) -> str:
        path = os.path.join(cls.root, name + ".py")
        with open(path, "wb") as file:
            file.write(text)
        return sha256_of_file(path)

    def blocked(self, source: bytes) -> dict[str, Any]:
        """The answer for m, whose text is only set after the plan was made."""
        request = copy.deepcopy(self.units["m"])
        request["members"][0]["digest"] = self.set_source("m", source)
        answer = self.actions.run(request)
        self.assertEqual(answer["kind"], "blocked", answer)
        return answer

    def test_a_syntax_error_blocks_while_sources_are_read(self) -> None:
        answer = self.blocked(b"import os\nx = (\n")
        self.assertTrue(answer["in_parse"])
        path, line, *_, code = answer["diags"][0]
        self.assertEqual((path, code), ("/proc/self/cwd/s/m.py", "syntax"))
        self.assertGreaterEqual(line, 2)

    def test_a_file_that_cannot_be_decoded_blocks_while_sources_are_read(self) -> None:
        answer = self.blocked(b"import os\n# \xff\n")
        self.assertTrue(answer["in_parse"])
        self.assertIn("Cannot decode file", answer["diags"][0][6])

    def test_a_relative_import_at_the_top_blocks_while_sources_are_read(self) -> None:
        answer = self.blocked(b"import os\nfrom . import x\n")
        self.assertTrue(answer["in_parse"])
        self.assertIn("relative import", answer["diags"][0][6])

    def test_a_misplaced_yield_blocks_when_the_unit_is_analyzed(self) -> None:
        answer = self.blocked(b"import os\nyield 1\n")
        self.assertFalse(answer["in_parse"])
        self.assertIn('"yield" outside function', answer["diags"][0][6])

    def test_a_dependency_whose_interface_is_rejected_is_named(self) -> None:
        b, c = copy.deepcopy(self.units["b"]), copy.deepcopy(self.units["c"])
        b["members"][0]["deps"].append("z")  # c is given an interface of b with a dependency that is not there
        self.assertEqual(self.actions.run(b)["kind"], "result")
        answer = self.actions.run(c)
        self.assertEqual(answer["kind"], "error")
        self.assertIn("did not accept the interface of b", answer["message"])

    def test_a_dependency_that_is_not_staged_is_not_found_elsewhere(self) -> None:
        request = copy.deepcopy(self.units["b"])
        request["closure"].remove("a")
        request["names"] = []
        answer = self.actions.run(request)
        self.assertEqual(answer["kind"], "result")
        self.assertIn('named "a"', answer["members"][0]["diags"][0][6])

    def test_a_source_that_changed_after_the_plan_was_made_is_not_checked(self) -> None:
        request = copy.deepcopy(self.units["m"])
        self.set_source("m", b"import os, sys\n")
        answer = self.actions.run(request)
        self.assertEqual(answer["kind"], "error")
        self.assertIn("has changed since it was looked at", answer["message"])


if __name__ == "__main__":
    unittest.main()
