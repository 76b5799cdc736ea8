"""A store that is damaged, full, read-only or somebody else's: a sentence and exit status 3, or a miss; never a wrong
answer, and the next run is right."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, Run, sepal_binary  # noqa: E402
from toy import CHAIN, ToyCase  # noqa: E402

LIBC = ctypes.CDLL(None)
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def obey_permissions() -> None:
    """Run in a child before exec: root has to obey permission bits like everybody."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def no_large_files() -> None:
    """Run in a child before exec: no file may grow beyond 20,000 bytes, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def blobs(repo: Repo, shelf: str = "cas") -> list[str]:
    found = [os.path.join(directory, name) for directory, _, names in os.walk(os.path.join(repo.store, "v2", shelf))
             for name in names]
    return sorted(found)


def alter(path: str) -> None:
    """Another byte in the middle, the same size."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 0xff
    os.chmod(path, 0o644)
    with open(path, "wb") as file:
        file.write(data)


class StoreCase(ToyCase):
    def check_limited(self, repo: Repo, limit: object, *arguments: str) -> Run:
        done = subprocess.run([sepal_binary(), "check", "--checker", "toy", *arguments], cwd=repo.root,
                              env=repo.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, preexec_fn=limit, restore_signals=False, timeout=60)
        run = Run(["sepal", "check", *arguments], done.returncode, done.stdout, done.stderr, {})
        repo.runs.append(run)
        return run


class Damaged(StoreCase):
    def test_any_altered_blob_is_a_miss_and_is_made_again(self) -> None:
        for runner in ("worker", "process"):
            repo = self.repo(CHAIN.replace("export Y", "export Y = a.X").replace("export Z", "export Z = b.Y"))
            self.check(repo)
            for number, path in enumerate(blobs(repo)):
                with self.subTest(runner=runner, blob=path):
                    alter(path)
                    repo.write("d.py", f"import c\nreveal Z\nnote {runner} {number}\n")
                    run = self.check(repo, "--runner", runner, doctor=False)
                    self.assertEqual((run.status, run.lines[:2]),
                                     (0, ["d.py:2: note: Z is 1", f"d.py:3: note: {runner} {number}"]), str(run))

    def test_all_altered_at_once(self) -> None:
        repo = self.repo(CHAIN)
        clean = self.check(repo)
        for path in [*blobs(repo), *blobs(repo, "manifest")]:
            alter(path)
        self.assertNotEqual(repo.run("doctor", "--store-only", doctor=False).status, 0)
        repo.remove(os.path.join(repo.store, "v2", "state"))
        run = self.check(repo, doctor=False)
        self.assert_ran(run, "a", "b", "builtins", "c", "d")
        self.assertEqual(run.lines, clean.lines)

    def test_torn_files_are_misses(self) -> None:
        repo = self.repo(CHAIN)
        clean = self.check(repo)
        for path in [*blobs(repo), *blobs(repo, "manifest")]:
            os.chmod(path, 0o644)
            os.truncate(path, os.path.getsize(path) // 2)
        repo.remove(os.path.join(repo.store, "v2", "state"))
        run = self.check(repo)  # with doctor: all are replaced
        self.assert_ran(run, "a", "b", "builtins", "c", "d")
        self.assertEqual(run.lines, clean.lines)

    def test_files_of_the_work_trees_state_can_be_anything(self) -> None:
        repo = self.repo(CHAIN)
        clean = self.check(repo)
        state = os.path.join(repo.store, "v2", "state")
        files = [os.path.join(directory, name) for directory, _, names in os.walk(state) for name in names]
        self.assertGreater(len(files), 3)
        for path in files:
            for change in (alter, lambda path: os.truncate(path, 7), lambda path: os.truncate(path, 0), os.unlink):
                with self.subTest(path):
                    if os.path.getsize(path) > 0:
                        change(path)
                    run = self.check(repo)
                    self.assertEqual((run.lines, run.status), (clean.lines, clean.status))
                    self.assert_ran(run)
                    if not os.path.exists(path):
                        break

    def test_an_emptied_store_is_an_empty_store(self) -> None:
        repo = self.repo(CHAIN)
        clean = self.check(repo)
        for shelf in ("cas", "manifest"):
            shutil.rmtree(os.path.join(repo.store, "v2", shelf))
        repo.edit("a.py", "X 1", "X 1 ")
        run = self.check(repo)
        self.assert_ran(run, "a", "b", "builtins", "c", "d")
        self.assertEqual(run.lines, clean.lines)


class Refusing(StoreCase):
    def assert_sentence(self, run: Run, repo: Repo, said: str) -> None:
        self.assertEqual(run.status, 3, str(run))
        self.assertTrue(run.stderr.startswith("sepal: "), str(run))
        self.assertIn(repo.store, run.stderr)
        self.assertIn(said, run.stderr)

    def test_a_store_that_cannot_be_written(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        repo.edit("a.py", "X 1", "X 2")
        for directory, _, _ in os.walk(repo.store):
            os.chmod(directory, 0o555)
        self.assert_sentence(self.check_limited(repo, obey_permissions), repo, "Permission denied")
        for directory, _, _ in os.walk(repo.store):
            os.chmod(directory, 0o755)
        self.assert_ran(self.assert_as_clean(repo), "a", "b")

    def test_a_store_that_cannot_be_made(self) -> None:
        repo = self.repo(CHAIN)
        with open(repo.store, "w") as file:
            file.write("in the way")
        self.assert_sentence(self.check(repo, doctor=False), repo, "move it away")
        os.unlink(repo.store)
        self.assert_as_clean(repo)

    def test_a_disk_that_is_full(self) -> None:
        for runner in ("worker", "process"):
            with self.subTest(runner):
                repo = self.repo(CHAIN)
                repo.write("b.py", "import a\n" + "".join(f"export name_{n} {n}\n" for n in range(3000)) + "export Y\n")
                run = self.check_limited(repo, no_large_files, "--runner", runner)
                self.assertEqual(run.status, 3, str(run))
                self.assertIn("File too large", run.stderr)
                repo.doctor()
                run = self.assert_as_clean(repo)
                self.assertNotIn("a", run.stats["modules_run"])

    def test_a_store_of_a_newer_version(self) -> None:
        repo = self.repo(CHAIN)
        self.check(repo)
        with open(os.path.join(repo.store, "FORMAT"), "w") as file:
            file.write("sepal store 99\n")
        self.assert_sentence(self.check(repo, doctor=False), repo, "was written by a newer sepal (format 99")

    def test_something_that_is_no_store(self) -> None:
        repo = self.repo(CHAIN)
        os.makedirs(repo.store)
        with open(os.path.join(repo.store, "FORMAT"), "w") as file:
            file.write("a diary\n")
        self.assert_sentence(self.check(repo, doctor=False), repo, "is not what a store says of itself")


if __name__ == "__main__":
    unittest.main()
