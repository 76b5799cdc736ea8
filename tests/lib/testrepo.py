"""A repository in a temporary directory, for end-to-end tests.

    class Cutoff(TestCase):
        def test_a_body_edit_stops_at_its_own_module(self):
            repo = self.repo('''
    -- app/a.py --
    def f() -> int:
        return 1
    -- app/b.py --
    from app.a import f
    ''')
            repo.check("app")
            repo.edit("app/a.py", "return 1", "return 2")
            run = repo.check("app")
            self.assertEqual(run.status, 0)
            self.assertEqual(run.stats["..."], ...)

Each repository has its own HOME, XDG directories and store, the locale C.UTF-8, and none of the caller's SEPAL_*, MYPY*
or PYTHON* variables: only those given to Repo(env=...) or to one run. The program is $SEPAL, its worker directory
$SEPAL_WORKER_DIR, the interpreter of the checker $SEPAL_PYTHON (./dev test sets them).

After every run the store must pass `sepal doctor`; a run that is killed or meant to damage the store says
doctor=False. When a test fails its directory is kept and its path printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import dataclass
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLEANED = re.compile(r"SEPAL|MYPY|PYTHON|XDG_|GIT_|VIRTUAL_ENV|LC_|LANG|FORCE_COLOR|NO_COLOR|TERM$|COLUMNS$")
SEPARATOR = re.compile(r"^-- (.+) --\n", re.MULTILINE)
TIMEOUT_SECONDS = 300


def setting(name: str, what: str) -> str:
    """An environment variable that ./dev test sets; its absence is a failure, never a skip."""
    value = os.environ.get(name)
    if not value:
        raise AssertionError(f"Set {name} to {what}, or run the tests by ./dev test.")
    return value


def sepal_binary() -> str:
    return os.path.abspath(setting("SEPAL", "the path of the sepal program"))


def checker_python() -> str:
    return setting("SEPAL_PYTHON", "the interpreter that mypy is installed for")


def tree(name: str) -> str:
    """The directory of a package of tests/trees.txt."""
    path = os.path.join(setting("SEPAL_TREES", "the directory of the trees of tests/trees.txt"), name)
    if not os.path.isdir(path):
        raise AssertionError(f"{path} is not there: run ./dev test, which downloads it.")
    return path


def by_path(lines: list[str]) -> list[str]:
    """Mypy's lines in the order in which Sepal prints them: mypy goes from cycle to cycle, Sepal from path to path.
    What is said about one file keeps its order, and the summary its place at the end."""
    def key(line: str) -> tuple[bool, str]:
        path, colon, _ = line.partition(":")
        return not colon or line.startswith(("Found ", "Success: ")), path if colon else ""
    return sorted(lines, key=key)


@dataclass
class Run:
    """What one run of the program did."""

    argv: list[str]
    status: int
    stdout: str
    stderr: str
    stats: dict[str, Any]  # the document of --stats-json; empty if the run wrote none

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()

    def __str__(self) -> str:
        return f"$ {' '.join(self.argv)}\n{self.stdout}{self.stderr}[status {self.status}]"


class Repo:
    """`root` is the work tree; HOME, cache and scratch files lie beside it. `python` has the mypy of its runs."""

    def __init__(self, files: str = "", env: dict[str, str] | None = None) -> None:
        self.base = os.path.realpath(tempfile.mkdtemp(prefix="sepal-repo."))
        self.root = os.path.join(self.base, "repo")
        self.cache = os.path.join(self.base, "cache")
        self.store = os.path.join(self.cache, "sepal")
        self.env = dict(env or {})
        self.python = checker_python()
        self.runs: list[Run] = []
        for directory in (self.root, self.cache, os.path.join(self.base, "home")):
            os.mkdir(directory)
        self.write_files(files)

    # ---- the work tree

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)

    def write_files(self, files: str) -> None:
        """Writes what stands below each `-- path --` line."""
        parts = SEPARATOR.split(files.lstrip("\n"))
        if parts[0].strip():
            raise AssertionError(f"text before the first `-- path --` line: {parts[0]!r}")
        for name, content in zip(parts[1::2], parts[2::2]):
            self.write(name, content)

    def write(self, name: str, content: str) -> None:
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)

    def read(self, name: str) -> str:
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces the one place where `old` stands."""
        text = self.read(name)
        if text.count(old) != 1:
            raise AssertionError(f"{old!r} stands {text.count(old)} times in {name}, not once")
        self.write(name, text.replace(old, new))

    def remove(self, name: str) -> None:
        path = self.path(name)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def settle(self) -> None:
        """Waits until what was written is older than the next run: files as young as the run itself are read again."""
        time.sleep(0.1)

    def git(self, *arguments: str) -> str:
        """Git with a fixed identity and time, so that commits have the same names everywhere."""
        identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                    (("NAME", "A Tester"), ("EMAIL", "tester@example.org"), ("DATE", "2024-01-01T00:00:00Z"))}
        done = subprocess.run(["git", "-c", "init.defaultBranch=main", *arguments], cwd=self.root,
                              env=self.environment(identity), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode != 0:
            raise AssertionError(f"git {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    def commit(self, message: str = "change") -> None:
        if not os.path.isdir(self.path(".git")):
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    # ---- running

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items()
                if not CLEANED.match(name)}
        python = self.python
        return {
            **kept,
            "HOME": os.path.join(self.base, "home"),
            "XDG_CACHE_HOME": self.cache,
            "XDG_CONFIG_HOME": os.path.join(self.base, "home", ".config"),
            "LC_ALL": "C.UTF-8",
            "PATH": os.path.dirname(python) + os.pathsep + os.environ.get("PATH", os.defpath),
            "SEPAL_PYTHON": python,
            "SEPAL_WORKER_DIR": os.environ.get("SEPAL_WORKER_DIR", os.path.join(ROOT, "src", "worker")),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.env,
            **(extra or {}),
        }

    def run(self, *arguments: str, env: dict[str, str] | None = None, cwd: str = "", stdin: str = "",
            doctor: bool = True, timeout: float = TIMEOUT_SECONDS) -> Run:
        """`sepal ARGUMENTS`, in the work tree or in its directory `cwd`."""
        argv = [sepal_binary(), *arguments]
        done = subprocess.run(argv, cwd=os.path.join(self.root, cwd), env=self.environment(env), input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              timeout=timeout)
        run = Run(["sepal", *arguments], done.returncode, done.stdout, done.stderr, {})
        self.runs.append(run)
        if doctor:
            self.doctor(env)
        return run

    def check(self, *arguments: str, mypy_arguments: tuple[str, ...] = (), **options: Any) -> Run:
        """`sepal check ARGUMENTS -- MYPY ARGUMENTS`, with its counters in run.stats."""
        stats = os.path.join(self.base, f"stats-{len(self.runs)}.json")
        tail = ("--", *mypy_arguments) if mypy_arguments else ()
        run = self.run("check", "--stats-json", stats, *arguments, *tail, **options)
        if os.path.exists(stats):
            with open(stats, encoding="utf-8") as file:
                run.stats = json.load(file)
        return run

    def doctor(self, env: dict[str, str] | None = None) -> None:
        """The store verifies, whatever the run before did."""
        argv = [sepal_binary(), "doctor", "--store-only", "--store", self.store]
        done = subprocess.run(argv, cwd=self.root, env=self.environment(env), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=TIMEOUT_SECONDS)
        if done.returncode != 0:
            before = self.runs[-1] if self.runs else "no run"
            raise AssertionError(f"`sepal {' '.join(argv[1:])}` ended with status {done.returncode}:\n"
                                 f"{done.stdout}\nafter\n{before}")

    def mypy(self, *arguments: str, cwd: str = "") -> Run:
        """Real mypy on the same tree, without a cache: what `sepal check` must say."""
        argv = [self.python, "-m", "mypy", "--cache-dir=/dev/null", *arguments]
        # as the program `mypy` runs: a json.py in the work tree is code to check, not mypy's own json
        env = self.environment({"PYTHONSAFEPATH": "1"})
        done = subprocess.run(argv, cwd=os.path.join(self.root, cwd), env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              timeout=TIMEOUT_SECONDS)
        return Run(["mypy", *arguments], done.returncode, done.stdout, done.stderr, {})

    def delete(self) -> None:
        # a test may have taken away the permission to do so
        for directory, _, _ in os.walk(self.base):
            os.chmod(directory, 0o700)
        shutil.rmtree(self.base)


class TestCase(unittest.TestCase):
    """Tests that work in repositories; they are deleted when the test passes.

    A class whose tests need the standard library says so by `primed_by`: files that are checked once, before the first
    repository of the class is made, each of which then starts with a copy of the store."""

    maxDiff = None
    primed_by = ""
    _primed: Repo | None = None

    @classmethod
    def tearDownClass(cls) -> None:
        if cls._primed is not None:
            cls._primed.delete()
            cls._primed = None

    @classmethod
    def _prime(cls, repo: Repo) -> None:
        if cls._primed is None:
            cls._primed = Repo(cls.primed_by)
            run = cls._primed.check(".")
            if run.status != 0:
                raise AssertionError(f"the files of `primed_by` are not clean: {run}")
        shutil.copytree(cls._primed.store, repo.store)

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        self._repos: list[Repo] = []
        bad_before = self._count_bad(result)
        outcome = super().run(result)
        failed = self._count_bad(result) > bad_before
        for repo in self._repos:
            if failed or os.environ.get("SEPAL_KEEP"):
                print(f"{self.id()}: kept {repo.base}", file=sys.stderr)
                for run in repo.runs:
                    print(run, file=sys.stderr)
            else:
                repo.delete()
        return outcome

    @staticmethod
    def _count_bad(result: unittest.TestResult | None) -> int:
        return len(result.failures) + len(result.errors) if result else 0

    def repo(self, files: str = "", env: dict[str, str] | None = None) -> Repo:
        repo = Repo(files, env)
        self._repos.append(repo)
        if self.primed_by:
            self._prime(repo)
        return repo

    def assert_same_as_mypy(self, repo: Repo, *paths: str, mypy_arguments: tuple[str, ...] = (), cwd: str = "") -> Run:
        """Status and lines of `sepal check` are those of mypy with the same arguments. Returns our run."""
        mine = repo.check(*paths, mypy_arguments=mypy_arguments, cwd=cwd)
        theirs = repo.mypy(*paths, *mypy_arguments, cwd=cwd)
        self.assertEqual(mine.lines, by_path(theirs.lines), str(mine))
        self.assertEqual(mine.status, theirs.status, str(mine))
        return mine

    def assert_step(self, repo: Repo, ran: list[str], *paths: str, mypy_arguments: tuple[str, ...] = ()) -> Run:
        """The same as mypy, and exactly these modules ran; all the others were answered by the store."""
        run = self.assert_same_as_mypy(repo, *paths, mypy_arguments=mypy_arguments)
        self.assertEqual(run.stats["modules_run"], sorted(ran), str(run))
        self.assertEqual((run.stats["units_failed"], run.stats["conflicts"]), (0, 0), str(run))
        return run
