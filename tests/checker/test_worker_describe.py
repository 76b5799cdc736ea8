"""What the worker says of a command line is what mypy makes of it, and names what that stands on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from worker_client import Worker, ask_mypy, environment, python  # noqa: E402


class Describe(unittest.TestCase):
    def setUp(self) -> None:
        self.root = os.path.realpath(tempfile.mkdtemp(prefix="sepal-describe-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.write(".git/HEAD", "")
        self.write("pkg/__init__.py", "")
        self.write("pkg/a.py", "")
        self.write("pkg/sub/b.pyi", "")

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def ask(self, *argv: str, cwd: str | None = None) -> dict[str, Any]:
        with Worker() as worker:
            worker.send(op="describe", cwd=cwd or self.root, argv=list(argv))
            return worker.receive()

    def answer(self, *argv: str, cwd: str | None = None) -> dict[str, Any]:
        described = self.ask(*argv, cwd=cwd)
        self.assertIsNone(described["exit"], described)
        return described["answer"]

    def mypy(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """As the script that an installation puts on the PATH: the current directory is not where Python imports."""
        script = os.path.join(os.path.dirname(python()), "mypy")
        return subprocess.run([python(), script, *argv], cwd=self.root, env=environment(), text=True,
                              capture_output=True, check=False)

    def test_lists_the_sources_in_mypys_order(self) -> None:
        answer = self.answer("pkg", "--exclude", "sub/")
        self.assertEqual([(source["module"], source["path"]) for source in answer["sources"]],
                         [("pkg", "pkg/__init__.py"), ("pkg.a", "pkg/a.py")])
        self.assertEqual(self.answer("-m", "pkg.a")["sources"],
                         [{"path": None, "module": "pkg.a", "base_dir": None, "followed": False}])

    def test_takes_the_options_of_the_configuration(self) -> None:
        self.write("mypy.ini", "[mypy]\nstrict = True\ndisable_error_code = misc\n[mypy-pkg.*]\nignore_errors = True\n"
                               "[mypy-pkg.a]\nenable_error_code = redundant-expr\n")
        answer = self.answer("pkg", "-n", "4", "--cache-dir", "/nowhere", "--no-incremental")
        options = answer["options"]
        self.assertTrue(options["global"]["disallow_untyped_defs"])
        self.assertEqual(options["global"]["disabled_error_codes"], ["misc"])
        self.assertEqual([pattern for pattern, _ in options["sections"]], ["pkg.*", "pkg.a"])
        self.assertTrue(options["sections"][0][1]["ignore_errors"])
        self.assertEqual(options["sections"][1][1]["enable_error_code"], ["redundant-expr"])
        self.assertEqual(options["refused"], [])
        self.assertEqual(answer["display"]["config_file"], "mypy.ini")

    def test_options_do_not_depend_on_workers_caches_or_looks(self) -> None:
        plain = self.answer("pkg")["options"]
        self.assertEqual(plain, self.answer(
            "pkg", "-n", "2", "--cache-dir=x", "--no-incremental", "--sqlite-cache", "--pretty",
            "--show-column-numbers", "--no-color-output", "--cache-fine-grained", "--verbose")["options"])

    def test_names_where_it_looked_for_configuration(self) -> None:
        config = self.write("setup.cfg", "[mypy]\n")
        self.write("inner/main.py", "")
        answer = self.answer("main.py", cwd=os.path.join(self.root, "inner"))
        depends = answer["depends"]
        self.assertIn(config, depends["files"])
        self.assertEqual(answer["display"]["config_file"], "../setup.cfg")
        for name in ("inner/mypy.ini", "inner/.mypy.ini", "inner/pyproject.toml", "mypy.ini", "pyproject.toml"):
            absent = os.path.join(self.root, name)
            self.assertTrue(absent in depends["absent"] or os.path.dirname(absent) in depends["dirs"], name)
        self.assertNotIn(os.path.dirname(self.root), depends["dirs"])

    def test_a_file_without_a_mypy_section_counts_as_read(self) -> None:
        config = self.write("pyproject.toml", "[tool.black]\n")
        self.assertIn(config, self.answer("pkg")["depends"]["files"])

    def test_names_the_directories_that_it_listed(self) -> None:
        dirs = self.answer("pkg")["depends"]["dirs"]
        for name in ("pkg", "pkg/sub"):
            self.assertIn(os.path.join(self.root, name), dirs)

    def test_names_the_environment_that_it_read(self) -> None:
        self.write("mypy.ini", "[mypy]\nmypy_path = $SEPAL_TEST_PLACE/stubs\n")
        os.environ["SEPAL_TEST_PLACE"] = "/place"
        self.addCleanup(os.environ.pop, "SEPAL_TEST_PLACE")
        answer = self.answer("pkg")
        self.assertEqual(answer["search"]["mypy_path"], ["/place/stubs"])
        self.assertEqual(answer["depends"]["env"]["SEPAL_TEST_PLACE"], "/place")
        self.assertIn("MYPYPATH", answer["depends"]["env"])
        self.assertIsNone(answer["depends"]["env"]["MYPYPATH"])

    def test_says_what_mypy_says_of_a_bad_command_line(self) -> None:
        for argv in (["--no-such-option"], [], ["--version"], ["-p", "nosuch"], ["pkg", "--config-file", "nosuch.ini"],
                     ["--allow-redefinition", "--no-local-partial-types", "pkg"], ["pkg", "-m", "pkg"]):
            with self.subTest(argv):
                described, direct = self.ask(*argv), self.mypy(*argv)
                self.assertEqual((described["exit"], described["stdout"], described["stderr"], described["answer"]),
                                 (direct.returncode, direct.stdout, direct.stderr, None))

    def test_passes_on_warnings_about_the_configuration(self) -> None:
        self.write("mypy.ini", "[mypy]\nno_such_option = True\n")
        described = self.ask("pkg")
        self.assertIsNone(described["exit"])
        self.assertEqual(described["stderr"], "mypy.ini: [mypy]: Unrecognized option: no_such_option = True\n")

    def test_refuses_a_plugin_that_cannot_be_loaded_as_mypy_does(self) -> None:
        self.write("mypy.ini", "[mypy]\nplugins = nosuch.py\n")
        described, direct = self.ask("pkg"), self.mypy("pkg")
        self.assertEqual((described["exit"], described["stdout"], described["stderr"]),
                         (direct.returncode, direct.stdout, direct.stderr))

    def test_refuses_a_module_that_shadows_a_core_one_as_mypy_does(self) -> None:
        self.write("types.py", "")
        described, direct = self.ask("types.py"), self.mypy("types.py")
        self.assertEqual((described["exit"], described["stdout"], described["stderr"]),
                         (direct.returncode, direct.stdout, direct.stderr))

    def test_lists_the_options_that_cannot_be_split(self) -> None:
        for argv in (["--soft-error-limit=3"], ["--show-error-context"], ["--junit-xml=x"], ["--linecount-report=x"],
                     ["--dump-graph"], ["--timing-stats=x"], ["--shadow-file", "pkg/a.py", "x.py"],
                     ["--package-root=x"], ["--fast-module-lookup"], ["--pdb"], ["--raise-exceptions"]):
            with self.subTest(argv):
                refused = self.answer("pkg", *argv)["options"]["refused"]
                self.assertEqual(len(refused), 1)
                self.assertRegex(refused[0][1], r"cannot be split over units: .+\.$")
        self.assertEqual([option for option, _ in self.answer("-c", "x = 1")["options"]["refused"]], ["-c"])

    def test_describes_plugins_with_their_part_of_the_configuration(self) -> None:
        plugin = self.write("conf/odd.py", "from mypy.plugin import Plugin\ndef plugin(version): return Plugin\n")
        self.write("pyproject.toml", '[tool.mypy]\nplugins = ["conf/odd.py"]\nexclude = [\n  "x",\n]\n[tool.odd]\n'
                                     'deep = [\n  ["a"],\n]\n[[tool.mypy.overrides]]\nmodule = "y"\n'
                                     'ignore_errors = true\n[other]\nz = 1\n')
        answer = self.answer("pkg")
        self.assertEqual(answer["plugins"], [{"spec": "conf/odd.py", "path": plugin}])
        self.assertEqual(answer["plugin_config"],
                         {"format": "toml", "text": '[tool.odd]\ndeep = [\n  ["a"],\n]\n[other]\nz = 1\n'})
        self.assertIn("conf/odd.py", [name for name, _, _ in answer["toolchain"]])
        self.assertIn(plugin, answer["depends"]["files"])

    def test_the_toolchain_has_a_digest_for_every_part(self) -> None:
        toolchain = self.answer("pkg")["toolchain"]
        self.assertEqual(toolchain, sorted(toolchain))
        self.assertLessEqual({"mypy", "librt", "mypy_extensions", "typing_extensions", "pathspec", "ast_serialize"},
                             {name for name, _, _ in toolchain})
        digests = [digest for _, _, digest in toolchain]
        self.assertEqual(len(digests), len(set(digests)))

    def test_options_are_those_of_the_planner(self) -> None:
        self.assertEqual(self.answer("pkg", "--strict")["options"]["global"],
                         ask_mypy("plan", ["pkg", "--strict"], cwd=self.root)["options"])

    def test_answers_twice(self) -> None:
        with Worker() as worker:
            worker.send(op="describe", cwd=self.root, argv=["--bad"])
            self.assertEqual(worker.receive()["exit"], 2)
            worker.send(op="describe", cwd=self.root, argv=["pkg"])
            self.assertEqual(len(worker.receive()["answer"]["sources"]), 3)


if __name__ == "__main__":
    unittest.main()
