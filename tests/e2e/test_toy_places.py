"""Where things lie, how many processes there are and which language is set makes no difference."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo  # noqa: E402
from toy import CHAIN, Program, ToyCase  # noqa: E402

RUNNERS = ("worker", "process")


def contents(repo: Repo) -> dict[str, bytes]:
    """Everything in the store that other work trees share."""
    found = {}
    for shelf in ("cas", "manifest", "bodies"):
        for directory, _, names in os.walk(os.path.join(repo.store, "v2", shelf)):
            for name in names:
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    found[os.path.relpath(path, repo.store)] = file.read()
    return found


class Bytes(ToyCase):
    def store_of(self, *arguments: str, env: dict[str, str] | None = None) -> dict[str, bytes]:
        repo = self.repo()
        Program(23, modules=16).write(repo)
        self.check(repo, *arguments, env=env)
        return contents(repo)

    def test_they_do_not_depend_on_anything_around(self) -> None:
        expected = self.store_of("-j1")
        self.assertGreater(len(expected), 30)
        for arguments in (("-j4",), ("-j2", "--runner=process"), ("-j1", "--runner=process")):
            with self.subTest(arguments):
                self.assertEqual(self.store_of(*arguments), expected)
        for env in ({"LC_ALL": "C"}, {"LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de", "TZ": "Asia/Tokyo"},
                    {"PYTHONHASHSEED": "77", "USER": "somebody"}):
            with self.subTest(env):
                self.assertEqual(self.store_of(env=env), expected)


class Names(ToyCase):
    FILES = """
-- pack age/größe.py --
export G 1
error it is
-- pack age/ärger.py --
import größe
reveal größe.G
"""

    def test_spaces_and_umlauts_in_paths(self) -> None:
        for runner in RUNNERS:
            with self.subTest(runner):
                repo = self.repo()
                repo.base = os.path.join(repo.base, "a b", "ü")
                for name in ("root", "cache", "store"):
                    setattr(repo, name, getattr(repo, name).replace(os.path.dirname(os.path.dirname(repo.base)),
                                                                    repo.base))
                os.makedirs(repo.root)
                os.makedirs(repo.cache)
                os.makedirs(os.path.join(repo.base, "home"))
                repo.write_files(self.FILES)
                for env in ({}, {"LC_ALL": "C"}):
                    run = self.check(repo, "--runner", runner, cwd="pack age", env=env)
                    self.assertEqual(run.lines, ["größe.py:2: error: it is  [toy]", "ärger.py:2: note: größe.G is 1",
                                                 "Found 1 error in 1 file (checked 2 source files)"])
                    self.assertEqual(run.status, 1)

    def test_files_can_be_named_in_many_ways(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        for paths in (("a.py",), ("./a.py",), (repo.path("a.py"),), (".",), (repo.root,)):
            with self.subTest(paths):
                run = self.check(repo, *paths)
                self.assert_ran(run)

    def test_from_another_directory_the_same_files_are_other_modules(self) -> None:
        repo = self.repo("-- p/__init__.py --\n-- p/m.py --\nexport M\n-- p/n.py --\nfrom p import m\nreveal p.m.M\n")
        self.assertIn("p/n.py:2: note: p.m.M is M", self.check(repo, "p").lines)
        self.assertIn('n.py:1: error: There is no module "p"  [import]', self.check(repo, cwd="p").lines)

    def test_links_are_followed(self) -> None:
        repo = self.repo("-- real/m.py --\nexport M 5\n-- use.py --\nimport m\nreveal M\n")
        os.symlink("real/m.py", repo.path("m.py"))
        self.assertIn("use.py:2: note: M is 5", self.check(repo, "use.py").lines)
        repo.edit("real/m.py", "M 5", "M 6")
        self.assertIn("use.py:2: note: M is 6", self.check(repo, "use.py").lines)

    def test_a_long_chain_and_a_wide_fan(self) -> None:
        repo = self.repo()
        for number in range(100):
            repo.write(f"chain{number}.py", f"import chain{number - 1}\nexport X\n" if number else "export X\n")
        for number in range(600):
            repo.write(f"fan{number}.py", "import chain50\nbody X\n")
        run = self.check(repo)
        self.assertEqual((run.status, run.stats["units_run"]), (0, 701))
        self.assertLess(run.stats["checker_processes"], 200)  # the fan runs in batches
        repo.write("chain0.py", "blocker stop\n")
        run = self.check(repo)
        self.assertEqual((run.status, run.stats["units_blocked"]), (2, 700))


if __name__ == "__main__":
    unittest.main()
