"""Runs that are killed, interrupted or not alone: the store stays sound, the next run is right, nothing is left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo  # noqa: E402
from toy import Program, ToyCase, wait_until_running  # noqa: E402

ROUNDS = 20
KILLS = 100


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def kill(sepal: subprocess.Popen[str], victim: str, chance: random.Random) -> bool:
    """Kill sepal, its worker or one of that one's children a moment after it came to be; was there one?"""
    found: list[int] = []
    while not found and sepal.poll() is None:
        found = [sepal.pid] if victim == "sepal" else children(sepal.pid)
        if victim == "child":
            found = [child for worker in found for child in children(worker)]
    time.sleep(chance.uniform(0, 0.1))
    try:
        os.kill(chance.choice(found), signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def wait_until_recorded(repo: Repo, count: int) -> None:
    """Until the store knows the results of so many units (the toy's builtins are one of them)."""
    manifests = os.path.join(repo.store, "v2", "manifest")
    deadline = time.monotonic() + 60
    while sum(len(names) for _, _, names in os.walk(manifests)) < count:
        if time.monotonic() > deadline:
            raise AssertionError(f"{repo.store} does not know {count} results after a minute")
        time.sleep(0.01)


class Slow(Program):
    """A program whose checking takes a while."""

    def _text(self, number: int) -> str:
        return super()._text(number) + "sleep 0.01\n"


class Killed(ToyCase):
    def test_after_a_kill_at_any_moment_the_next_run_is_right(self) -> None:
        for runner in ("worker", "process"):
            repo = self.repo()
            Slow(11, modules=20).write(repo)
            start = time.monotonic()
            clean = self.check(repo, "--runner", runner)
            duration = time.monotonic() - start
            moments = random.Random(5)
            for number in range(ROUNDS // 2):
                shutil.rmtree(repo.store)
                delay = moments.uniform(0, duration)
                with self.subTest(runner=runner, round=number, delay=delay):
                    process = self.start(repo, "--runner", runner)
                    time.sleep(delay)
                    process.kill()
                    process.communicate()
                    repo.doctor()
                    run = self.check(repo, "--runner", runner)
                    self.assertEqual((run.lines, run.status), (clean.lines, clean.status))

    def test_after_a_hundred_kills_of_anyone_between_edits_the_next_run_is_right(self) -> None:
        """A child, the worker or sepal itself, on one store that lives through it all."""
        repo = self.repo()
        program = Slow(12, modules=20)
        program.write(repo)
        chance = random.Random(6)
        hit = {"sepal": 0, "worker": 0, "child": 0}
        for number in range(KILLS):
            for _ in range(5):
                program.edit(repo)
            victim = chance.choice(list(hit))
            with self.subTest(round=number, victim=victim):
                process = self.start(repo)
                hit[victim] += kill(process, victim, chance)
                process.communicate()
                if number % 10 == 0:
                    self.assert_as_clean(repo)
                else:
                    self.assertIn(self.check(repo).status, (0, 1, 2))
        self.assert_as_clean(repo)
        repo.doctor()
        self.assertGreater(min(hit.values()), KILLS // 10, hit)

    def test_what_was_finished_is_not_run_again(self) -> None:
        repo = self.repo("-- done.py --\nexport D\n-- stuck.py --\nimport done\nhang\n")
        process = self.start(repo)
        wait_until_recorded(repo, 2)
        process.kill()
        process.communicate()
        repo.edit("stuck.py", "hang", "body D")
        self.assert_ran(self.check(repo), "stuck")

    def test_a_killed_run_leaves_no_worker(self) -> None:
        repo = self.repo("-- stuck.py --\nhang\n")
        process = self.start(repo)
        wait_until_running(repo.store)
        process.kill()
        process.communicate()
        self.assert_no_children(repo)


class Interrupted(ToyCase):
    def test_a_signal_ends_the_run_and_its_children(self) -> None:
        for runner in ("worker", "process"):
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(runner=runner, signal=number):
                    repo = self.repo("-- done.py --\nexport D\n-- stuck.py --\nimport done\nhang\n")
                    process = self.start(repo, "--runner", runner)
                    wait_until_running(repo.store)
                    wait_until_recorded(repo, 2)
                    process.send_signal(number)
                    out, err = process.communicate(timeout=10)
                    self.assertEqual((process.returncode, out), (130, ""), err)
                    self.assertIn("interrupted", err)
                    self.assert_no_children(repo)
                    repo.doctor()
                    scratch = os.path.join(repo.store, "v2", "tmp")
                    self.assertEqual([name for name in os.listdir(scratch)
                                      if os.path.isdir(os.path.join(scratch, name))], [])
                    repo.edit("stuck.py", "hang", "body D")
                    self.assert_ran(self.check(repo), "stuck")


class Together(ToyCase):
    def test_two_runs_on_one_store_agree(self) -> None:
        one, two = self.repo(), self.repo()
        for repo in (one, two):
            Slow(3, modules=25).write(repo)
        clean = self.check(one, "--store", os.path.join(one.base, "other"))
        processes = [self.start(repo, "--store", one.store) for repo in (one, two, one, two)]
        for process in processes:
            out, err = process.communicate(timeout=60)
            self.assertEqual((out, process.returncode), (clean.stdout, clean.status), err)
        one.doctor()
        self.assert_ran(self.check(two, "--store", one.store, "-j1"))


if __name__ == "__main__":
    unittest.main()
