"""What goes wrong when mypy's results are kept and shared without care: versions that are not in its own record,
plugins, crashes, environments. Each test is one such hazard.

Every step compares with a cold mypy and says which modules ran.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from environments import Environment  # noqa: E402
from testrepo import TestCase, sepal_binary, tree  # noqa: E402


class Versions(TestCase):
    primed_by = "-- empty.py --\n"

    def test_each_python_version_and_platform_has_its_own_answers(self) -> None:
        repo = self.repo("-- a.py --\nimport sys\nif sys.version_info >= (3, 12):\n    x: int = ''\n"
                         "if sys.platform == 'win32':\n"
                         "    y: int = ''\n-- b.py --\nimport a\n")
        said = {}
        cases = ((), ("--python-version", "3.13"), ("--platform", "win32"),
                 ("--python-version", "3.13", "--platform", "win32"))
        for arguments in cases + cases:
            run = self.assert_same_as_mypy(repo, "b.py", mypy_arguments=arguments)
            if arguments in said:
                self.assertEqual(run.stats["units_run"], 0, arguments)
            said[arguments] = len(run.lines)
        self.assertEqual(list(said.values()), [1, 2, 2, 3])

    def test_the_oldest_mypy_that_is_supported(self) -> None:
        repo = self.repo("-- app/__init__.py --\n"
                         "-- app/a.py --\nfrom __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
                         "import json, nowhere\nif TYPE_CHECKING:\n    from app.b import B\nclass A:\n"
                         "    def b(self) -> B: return 1\n"
                         "-- app/b.py --\nfrom app.a import A\nclass B(A):\n    x: int = ''\n"
                         "    def b(self) -> int: return json\n"
                         "-- app/c.py --\nfrom app.b import B\nreveal_type(B().b())\n")
        repo.python = os.path.join(tree("mypy-2.0"), "bin", "python")
        first = self.assert_same_as_mypy(repo, "app")
        self.assertEqual(self.assert_same_as_mypy(repo, "app").stats["units_run"], 0)
        repo.edit("app/b.py", "return json", "return ''")
        self.assert_step(repo, ["app.a", "app.b"], "app")
        repo.edit("app/b.py", "-> int", "-> str")
        self.assert_step(repo, ["app.a", "app.b", "app.c"], "app")
        repo.edit("app/b.py", "-> str: return ''", "-> int: return json")
        process = repo.check("--runner=process", "--no-store-read", "app", timeout=900)
        self.assertEqual((process.lines, process.stats["conflicts"]), (first.lines, 0), str(process))
        refused = repo.check("app", mypy_arguments=("--native-parser",))
        self.assertEqual((refused.status, refused.stdout), (2, ""))
        self.assertIn("--native-parser of this mypy", refused.stderr)

    def test_the_one_phase_of_global_partial_types(self) -> None:
        repo = self.repo("-- a.py --\nx = []\ndef f() -> None:\n    x.append(1)\n"
                         "-- b.py --\nimport a\ny: list[str] = a.x\n")
        options = ("--no-local-partial-types",)
        self.assert_same_as_mypy(repo, "b.py", mypy_arguments=options)
        repo.edit("a.py", "append(1)", "append('')")
        self.assert_step(repo, ["a", "b"], "b.py", mypy_arguments=options)
        repo.edit("a.py", "f() ->", "f(z: int = 1) ->")
        self.assert_same_as_mypy(repo, "b.py", mypy_arguments=options)
        self.assert_same_as_mypy(repo, "b.py")

    def test_a_module_goes_back_to_what_it_was(self) -> None:
        # an old interface of a module is never given to the module itself
        repo = self.repo("-- a.py --\nx: int = 1\n-- b.py --\nimport a\ny: str = a.x\n")
        for value in ("int = 1", "str = ''", "int = 2", "str = 'a'", "int = 1"):
            repo.write("a.py", f"x: {value}\n")
            self.assert_same_as_mypy(repo, "b.py")
        self.assertEqual(repo.run("verify", "b.py").status, 0)


class Plugins(TestCase):
    primed_by = "-- empty.py --\n"

    PLUGIN = """
from mypy.plugin import Plugin

class Mine(Plugin):
    def get_additional_deps(self, file):
        return [(10, "hidden", -1)] if file.fullname == "app" else []

    def get_function_hook(self, fullname):
        if fullname == "lib.magic":
            return lambda ctx: ctx.api.named_generic_type("builtins.str", [])

def plugin(version):
    return Mine
"""
    FILES = """
-- mypy.ini --
[mypy]
plugins = plug.py
-- app.py --
from lib import magic
x: int = magic()
-- lib.py --
def magic() -> int: ...
-- hidden.py --
y: int = ''
-- other.py --
z = 1
"""

    def test_a_plugin_is_at_work_and_its_dependencies_are_found(self) -> None:
        repo = self.repo(self.FILES)
        repo.write("plug.py", self.PLUGIN)
        run = self.assert_same_as_mypy(repo, "app.py", "other.py")
        self.assertIn("hidden", run.stats["modules_run"])
        self.assertEqual(self.assert_same_as_mypy(repo, "app.py", "other.py").stats["units_run"], 0)
        repo.edit("hidden.py", "y: int", "y: str")
        self.assert_step(repo, ["app", "hidden"], "app.py", "other.py")
        process = repo.check("--runner=process", "--no-store-read", "app.py", "other.py")
        self.assertEqual((process.lines, process.stats["conflicts"]), (repo.runs[-2].lines, 0), str(process))

    def test_an_edited_plugin_runs_everything(self) -> None:
        repo = self.repo(self.FILES)
        repo.write("plug.py", self.PLUGIN)
        self.assert_same_as_mypy(repo, "app.py", "other.py")
        repo.edit("plug.py", "builtins.str", "builtins.int")
        run = self.assert_same_as_mypy(repo, "app.py", "other.py")
        self.assertEqual(run.stats["units_run"], run.stats["units"])
        repo.write("mypy.ini", "[mypy]\n")  # and its dependencies are forgotten with it
        self.assert_same_as_mypy(repo, "app.py", "other.py")
        self.assertNotIn("hidden", repo.check("--no-store-read", "app.py", "other.py").stats["modules_run"])

    def test_dependencies_that_a_plugin_knew_hold_for_the_source_that_they_were_found_in(self) -> None:
        repo = self.repo(self.FILES)
        condition = f'file.fullname == "app" and "x: int" in open({repo.path("app.py")!r}).read()'
        repo.write("plug.py", self.PLUGIN.replace('file.fullname == "app"', condition))
        self.assertIn("hidden.py", self.assert_same_as_mypy(repo, "app.py").stdout)
        repo.edit("app.py", "x: int", "x: str")
        self.assertNotIn("hidden.py", self.assert_same_as_mypy(repo, "app.py").stdout)
        repo.edit("app.py", "x: str", "x: int")
        self.assertIn("hidden.py", self.assert_same_as_mypy(repo, "app.py").stdout)

    def test_configuration_data_of_a_plugin_are_part_of_the_interface(self) -> None:
        repo = self.repo("-- mypy.ini --\n[mypy]\nplugins = plug.py\n[plug]\nkind = int\n"
                         "-- app.py --\nfrom lib import magic\n"
                         "x: int = magic()\n-- lib.py --\ndef magic() -> int: ...\n"
                         "-- plug.py --\nimport configparser\nfrom mypy.plugin import Plugin\nclass Mine(Plugin):\n"
                         "    def __init__(self, options):\n        super().__init__(options)\n"
                         "        parser = configparser.ConfigParser()\n        parser.read(options.config_file)\n"
                         "        self.kind = parser['plug']['kind']\n    def report_config_data(self, ctx):\n"
                         "        return [self.kind]\n"
                         "    def get_function_hook(self, fullname):\n        if fullname == 'lib.magic':\n"
                         "            return lambda ctx: ctx.api.named_generic_type('builtins.' + self.kind, [])\n"
                         "def plugin(version):\n    return Mine\n")
        as_int = self.assert_same_as_mypy(repo, "app.py")
        repo.edit("mypy.ini", "kind = int", "kind = str")
        self.assertEqual(len(self.assert_same_as_mypy(repo, "app.py").lines), len(as_int.lines) + 1)
        repo.edit("mypy.ini", "kind = str", "kind = int")
        self.assertEqual(self.assert_same_as_mypy(repo, "app.py").stats["units_run"], 0)

    def test_a_plugin_that_is_not_there_or_no_plugin(self) -> None:
        repo = self.repo("-- app.py --\n-- mypy.ini --\n[mypy]\nplugins = nowhere.py\n-- empty.py --\n")
        for text in ("plugins = nowhere.py", "plugins = no.such.module", "plugins = empty.py"):
            repo.write("mypy.ini", f"[mypy]\n{text}\n")
            with self.subTest(text):
                self.assertEqual(self.assert_same_as_mypy(repo, "app.py").status, 2)

    def test_a_crash_is_not_kept_and_not_a_type_error(self) -> None:
        repo = self.repo(self.FILES)
        repo.write("plug.py", "import os\nfrom mypy.plugin import Plugin\nclass Mine(Plugin):\n"
                              "    def get_function_hook(self, fullname):\n"
                   "        if fullname == 'lib.magic' and os.path.exists(os.environ['CRASH']):\n            1 / 0\n"
                   "def plugin(version):\n    return Mine\n")
        flag = os.path.join(repo.base, "crash")
        repo.env["CRASH"] = flag
        with open(flag, "w", encoding="utf-8"):
            pass
        for runner in ("worker", "process"):
            run = repo.check("--runner", runner, "app.py", "other.py")
            self.assertEqual(run.status, 3, str(run))
            self.assertRegex(run.stderr, r"sepal: .*app")
            self.assertRegex(run.stderr, "INTERNAL ERROR")
            self.assertEqual(run.stats["units_failed"], 1)
        os.unlink(flag)
        after = self.assert_same_as_mypy(repo, "app.py", "other.py")
        self.assertEqual(after.stats["modules_run"], ["app"])


class Environments(TestCase):
    primed_by = "-- empty.py --\n"

    def test_a_killed_run_leaves_nothing_that_is_wrong(self) -> None:
        files = "".join(f"-- app/m{i}.py --\nfrom app.m{i + 1} import x as y\nx: int = ''\n" for i in range(60))
        repo = self.repo("-- app/__init__.py --\n-- app/m60.py --\nx = 1\n" + files)
        for moment in (0.25, 0.5, 0.8):
            process = subprocess.Popen([sepal_binary(), "check", "--store", repo.store, "app"], cwd=repo.root,
                                       env=repo.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            repo.doctor()
        self.assert_same_as_mypy(repo, "app")
        self.assertEqual(repo.run("verify", "--sample", "0.2", "app").status, 0)

    def test_a_distribution_that_changed_is_another_checker(self) -> None:
        repo = self.repo("-- a.py --\nx: int = ''\n")
        environment = Environment(os.path.join(repo.base, "env"), with_checker=True)
        repo.python = environment.python
        self.assertEqual(self.assert_same_as_mypy(repo, "a.py").stats["modules_run"], ["a"])
        record = next(os.path.join(environment.site, name, "RECORD") for name in os.listdir(environment.site)
                      if name.startswith("mypy_extensions-"))
        with open(record, encoding="utf-8") as file:
            lines = file.read().splitlines()
        os.unlink(record)  # linked to the installed one
        other = "mypy_extensions.py,sha256=" + "A" * 43 + ",1"
        with open(record, "w", encoding="utf-8") as file:
            file.writelines((other if line.startswith("mypy_extensions.py,") else line) + "\n" for line in lines)
        run = self.assert_same_as_mypy(repo, "a.py")
        self.assertEqual(run.stats["units_run"], run.stats["units"])

    def test_colours_and_widths_are_those_of_the_run_not_of_the_store(self) -> None:
        repo = self.repo("-- a.py --\nx: int = ''\n")
        plain = self.assert_same_as_mypy(repo, "a.py")
        for env in ({"MYPY_FORCE_COLOR": "1", "TERM": "xterm-256color"}, {"FORCE_COLOR": "1", "TERM": "xterm"}):
            mine = repo.check("a.py", env=env)
            self.assertEqual(mine.stats["units_run"], 0)
            self.assertIn("\x1b[", mine.stdout)
            repo.env.update(env)
            self.assertEqual(mine.stdout, repo.mypy("a.py").stdout)
            for name in env:
                del repo.env[name]
        for width in ("40", "100"):
            env = {"MYPY_FORCE_TERMINAL_WIDTH": width}
            mine = repo.check("a.py", env=env, mypy_arguments=("--pretty",))
            repo.env.update(env)
            self.assertEqual(mine.stdout, repo.mypy("a.py", "--pretty").stdout)
            repo.env.clear()
        self.assertEqual(repo.check("a.py").stdout, plain.stdout)


if __name__ == "__main__":
    unittest.main()
