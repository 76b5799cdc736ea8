"""Bad input gets a sentence: paths, interpreters, versions of mypy, stores, and checkers that do what they should not.

The tests with the toy (tests/e2e) break every place on purpose; these show what a user of mypy reads.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from environments import Environment  # noqa: E402
from testrepo import Repo, Run, TestCase  # noqa: E402

CLEAN = "-- a.py --\nx: int = 1\n"


class SaysSo(TestCase):
    primed_by = "-- empty.py --\n"

    def assert_sentence(self, run: Run, status: int, *parts: str) -> None:
        """The status, nothing on standard output, and one complaint that holds all of `parts`."""
        self.assertEqual((run.status, run.stdout), (status, ""), str(run))
        self.assertTrue(run.stderr.startswith("sepal: "), str(run))
        self.assertNotIn("Sanitizer", run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)


class Paths(SaysSo):
    def test_a_path_that_is_not_there_is_mypys_to_say(self) -> None:
        repo = self.repo(CLEAN)
        for names in (("nowhere.py",), ("a.py", "no/such/dir"), ("nowhere",)):
            mine, theirs = repo.check(*names), repo.mypy(*names)
            self.assertEqual((mine.status, mine.stdout, mine.stderr), (theirs.status, theirs.stdout, theirs.stderr))

    def test_nothing_to_check(self) -> None:
        repo = self.repo("-- docs/readme.txt --\n")
        for names in ((), ("docs",)):
            mine, theirs = repo.check(*names), repo.mypy(*names)
            self.assertEqual((mine.status, mine.stdout, mine.stderr), (theirs.status, theirs.stdout, theirs.stderr))

    def test_a_directory_that_cannot_be_read(self) -> None:
        repo = self.repo(CLEAN)
        os.symlink("loop", repo.path("loop"))
        self.assert_same_as_mypy(repo, ".")
        mine, theirs = repo.check("loop"), repo.mypy("loop")
        self.assertEqual((mine.status, mine.stdout), (theirs.status, theirs.stdout))

    def test_a_configuration_that_is_wrong_is_mypys_to_say(self) -> None:
        repo = self.repo(CLEAN)
        for text in ("[mypy]\nno_such_option = 1\n", "[mypy]\npython_version = 2.7\n", "not a configuration\n",
                     "[mypy]\nstrict_equality = perhaps\n", "[mypy-a.*.b.c*d]\nignore_errors = True\n",
                     "[mypy]\n[mypy-a]\npython_version = 3.12\n"):
            repo.write("mypy.ini", text)
            with self.subTest(text):
                mine, theirs = repo.check("a.py"), repo.mypy("a.py")
                self.assertEqual((mine.status, mine.stdout, sorted(mine.stderr.splitlines())),
                                 (theirs.status, theirs.stdout, sorted(theirs.stderr.splitlines())))


class Interpreters(SaysSo):
    def test_no_python_there(self) -> None:
        repo = self.repo(CLEAN)
        for path in ("nowhere/bin/python", repo.path("nowhere"), repo.root):
            run = repo.check("--python", path, "a.py")
            self.assert_sentence(run, 3, "there is no Python interpreter at", "--python")

    def test_something_that_is_no_python(self) -> None:
        repo = self.repo(CLEAN)
        script = os.path.join(repo.base, "script")
        for text in ("#!/bin/sh\nexit 0\n", "#!/bin/sh\necho hello\n", "#!/bin/sh\nkill -9 $$\n",
                     "#!/bin/sh\nhead -c 100000 /dev/zero\n"):
            with open(script, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(script, 0o755)
            with self.subTest(text):
                self.assert_sentence(repo.check("--python", script, "a.py"), 3, script)

    def test_an_interpreter_without_mypy(self) -> None:
        repo = self.repo(CLEAN)
        python = Environment(os.path.join(repo.base, "env")).python
        self.assert_sentence(repo.check("--python", python, "a.py"), 3, "has no mypy", "pip install mypy", python)

    def test_a_mypy_that_is_too_old_or_too_new(self) -> None:
        repo = self.repo(CLEAN)
        for version, cache in (("1.18.2", 0), ("1.20.0", 6), ("2.5.0", 12)):
            fake = Environment(os.path.join(repo.base, "env" + version), {
                "mypy/__init__.py": "", "mypy/version.py": f"__version__ = '{version}'\n",
                "mypy/cache.py": f"CACHE_VERSION = {cache}\n"})
            with self.subTest(version):
                self.assert_sentence(repo.check("--python", fake.python, "a.py"), 3, version, "2.0 to 2.4")


class Stores(SaysSo):
    def test_a_store_that_cannot_be_made_or_written(self) -> None:
        repo = self.repo(CLEAN)
        repo.write("file", "")
        for store in (repo.path("file"), repo.path("file/below"), "/proc/nowhere", "/dev/null"):
            with self.subTest(store):
                self.assert_sentence(repo.check("--store", store, "a.py", doctor=False), 3, store)

    def test_a_full_disk(self) -> None:
        repo = self.repo(CLEAN)
        run = repo.check("--stats-json", "/dev/full", "a.py")
        self.assertEqual(run.status, 3)
        self.assertIn("/dev/full", run.stderr)
        self.assertIn("No space left on device", run.stderr)

    def test_a_store_of_a_newer_version(self) -> None:
        repo = self.repo(CLEAN)
        with open(os.path.join(repo.store, "FORMAT"), "w", encoding="utf-8") as file:
            file.write("sepal store 99\n")
        self.assert_sentence(repo.check("a.py", doctor=False), 3, repo.store, "newer sepal")

    def blobs(self, repo: Repo) -> list[str]:
        return sorted(os.path.join(directory, name) for directory, _, names in os.walk(repo.store) for name in names
                      if "/cas" in directory)

    def test_altered_and_torn_entries_are_made_again(self) -> None:
        repo = self.repo("-- a.py --\nimport b\nx: int = b.y\n-- b.py --\ny: str = 1\n")
        first = self.assert_same_as_mypy(repo, "a.py")
        blobs = self.blobs(repo)
        self.assertGreater(len(blobs), 10)
        for path in blobs[::3]:
            os.chmod(path, 0o644)
            with open(path, "r+b") as file:
                file.write(b"altered")
        for path in blobs[1::3]:
            os.chmod(path, 0o644)
            os.truncate(path, 3)
        repo.write("a.py", repo.read("a.py") + "# edited\n")
        run = repo.check("a.py", doctor=False)
        self.assertEqual((run.stdout, run.status), (first.stdout, first.status), str(run))
        again = repo.check("a.py", doctor=False)  # entries that nobody asks for stay as they are
        self.assertEqual((again.stdout, again.stats["units_run"]), (first.stdout, 0))


class Checkers(SaysSo):
    PLUGIN = """
import os, sys, time
from mypy.plugin import Plugin

class Mine(Plugin):
    def get_function_hook(self, fullname):
        if fullname == "lib.magic":
            {deed}

def plugin(version):
    return Mine
"""

    def broken(self, deed: str) -> Repo:
        repo = self.repo("-- mypy.ini --\n[mypy]\nplugins = plug.py\n-- app.py --\nfrom lib import magic\nmagic()\n"
                         "-- lib.py --\ndef magic() -> None: ...\nx: int = ''\n"
                         "-- above.py --\nimport app\ny: int = ''\n"
                         "-- beside.py --\nz: int = ''\n")
        repo.write("plug.py", self.PLUGIN.format(deed=deed))
        return repo

    def test_a_checker_that_dies(self) -> None:
        for runner in ("worker", "process"):
            repo = self.broken("os.kill(os.getpid(), 9)")
            run = repo.check("--runner", runner, "app.py", "above.py", "beside.py")
            self.assertEqual(run.status, 3, str(run))
            self.assertRegex(run.stderr, r"(?s)sepal: .*(SIGKILL|signal 9).*app")
            self.assertIn("beside.py:1: error", run.stdout)  # what is known is said
            self.assertNotIn("Found", run.stdout)

    def test_a_checker_that_hangs(self) -> None:
        for runner in ("worker", "process"):
            repo = self.broken("time.sleep(600)")
            run = repo.check("--runner", runner, "--timeout", "3", "app.py", "above.py", "beside.py", timeout=60)
            self.assertEqual(run.status, 3, str(run))
            self.assertRegex(run.stderr, r"(?s)sepal: .*app")
            self.assertNotIn("Found", run.stdout)

    def test_a_checker_that_writes_to_standard_output(self) -> None:
        repo = self.broken("print('hello' * 10000); sys.stdout.flush(); os.write(1, b'raw bytes')")
        mine = repo.check("app.py", "above.py", "beside.py")
        self.assertEqual(mine.status, 1, str(mine))
        self.assertNotIn("hello", mine.stdout)
        self.assertNotIn("raw bytes", mine.stdout)
        self.assertEqual(len(mine.lines), 4)

    def test_a_checker_that_ends_early(self) -> None:
        for deed in ("os._exit(0)", "sys.exit(0)", "raise KeyboardInterrupt", "raise MemoryError"):
            repo = self.broken(deed)
            with self.subTest(deed):
                run = repo.check("app.py", "beside.py")
                self.assertEqual(run.status, 3, str(run))
                self.assertRegex(run.stderr, r"(?s)sepal: .*app")

    def test_a_hermetic_process_that_writes_what_it_should_not(self) -> None:
        repo = self.broken("open('s/lib.py', 'w').write('x = 1')")
        run = repo.check("--runner", "process", "app.py")
        self.assertEqual(run.status, 3, str(run))
        repo = self.broken("open('left-behind', 'w').write('x')")
        run = repo.check("--runner", "process", "app.py")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("left-behind", run.stderr)


if __name__ == "__main__":
    unittest.main()
