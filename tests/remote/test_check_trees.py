"""Real mypy and a shared cache, where the toy is too kind: large trees over gRPC and HTTP, trouble on the way, and many
at once. What the cache has is there for the tests of one class."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import sys
import time
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
from environments import Environment, site_packages  # noqa: E402
from faults import READS, FaultProxy  # noqa: E402
from servers import Casd, Nginx, ServerCase  # noqa: E402
from subjects import SUBJECTS, copy_subject  # noqa: E402
from testrepo import ROOT, Repo, Run, TestCase, checker_python  # noqa: E402

SHOP = os.path.join(ROOT, "doc", "examples", "shop")
LANES, STARTS = 4, 24


class MachineCase(ServerCase, TestCase):
    def shop(self) -> Repo:
        repo = self.repo()
        shutil.copytree(SHOP, repo.root, dirs_exist_ok=True)
        return repo

    def edited_shop(self) -> Repo:
        """Something at the top has to run, and needs the interfaces of what is below, the standard library's too."""
        repo = self.shop()
        repo.write("shop/report.py", repo.read("shop/report.py") + "\n\ndef ours() -> int:\n    return ''\n")
        return repo

    def check(self, repo: Repo, url: str, *arguments: str, **options: Any) -> Run:
        return repo.check("--remote-cache", url, *arguments, timeout=1500, **options)


class Trees(MachineCase):
    def test_pip_comes_out_of_an_http_cache(self) -> None:
        url = self.start(Nginx()).url
        made = self.check(self.pip(), url, "--remote-upload", "yes", "pip")
        self.assertEqual(made.stderr, "")
        repo = self.pip()
        other = Environment(os.path.join(repo.base, "other", "env"), with_checker=True)
        # the tests' own has it, and what a search finds there is part of the answer
        shutil.copytree(os.path.join(site_packages(checker_python()), "pip"), os.path.join(other.site, "pip"))
        repo.python = other.python
        run = self.check(repo, url, "--remote-upload", "no", "pip")
        self.assertEqual((run.stdout, run.status, run.stderr), (made.stdout, made.status, ""), str(run))
        self.assertEqual((run.stats["checker_processes"], run.stats["modules_run"]), (0, []))
        print(f"pip over HTTP: {run.stats['remote']}", file=sys.stderr)

    def pip(self) -> Repo:
        repo = self.repo()
        copy_subject(SUBJECTS["pip"], repo.root)
        return repo


RING = """
-- ring/__init__.py --
""" + "".join(f"""\
-- ring/m{number}.py --
from __future__ import annotations
from ring import m{(number + 1) % 6}

def value(depth: int) -> int:
    return m{(number + 1) % 6}.value(depth - 1) if depth else {number}

def wrong() -> str:
    return value(1)
""" for number in range(6))


class Cycles(MachineCase):
    def test_an_edit_inside_a_cycle_checks_one_body_on_a_machine_that_never_saw_it(self) -> None:
        url = self.start(Casd()).url
        self.check(self.repo(RING), url, "--remote-upload", "yes", "ring")
        ours = self.repo(RING)
        ours.edit("ring/m3.py", "return value(1)", "return value(2)")
        run = self.check(ours, url, "--remote-upload", "yes", "ring")
        like = self.repo(RING)
        like.edit("ring/m3.py", "return value(1)", "return value(2)")
        self.assertEqual((run.stdout, run.status), (like.check("ring").stdout, 1), str(run))
        self.assertEqual((run.stats["units_run"], run.stats["bodies_run"]), (1, 1), str(run))
        # and what it knows then is there for a third one
        theirs = self.repo(RING)
        theirs.edit("ring/m3.py", "return value(1)", "return value(2)")
        theirs.edit("ring/m5.py", "return value(1)", "return value(3)")
        run = self.check(theirs, url, "ring")
        self.assertEqual((run.stats["units_run"], run.stats["bodies_run"]), (1, 1), str(run))


class Trouble(MachineCase):
    def test_the_answer_is_right_whatever_happens_to_interfaces(self) -> None:
        casd = self.start(Casd())
        like = self.check(self.edited_shop(), casd.url, "--remote-upload", "no")
        made = self.check(self.shop(), casd.url, "--remote-upload", "yes")
        self.assertEqual(made.stderr, "")
        for name, rules, most in (
            ("nothing", [], 1),
            ("cut", [faults.cut(30_000, method="BatchReadBlobs", count=2)], 1),
            ("wrong bytes", [faults.wrong_bytes(count=1)], None),
            ("failing", [faults.fail("UNAVAILABLE", rate=0.05)], 1),
            ("late", [faults.delay(0.2)], None),
            ("refused", [faults.fail("PERMISSION_DENIED", methods=READS)], None),
        ):
            with self.subTest(name):
                proxy = self.start(FaultProxy(casd.address, *rules))
                started = time.monotonic()
                run = self.check(self.edited_shop(), proxy.url, "--remote-upload", "no")
                self.assertEqual((run.stdout, run.status), (like.stdout, like.status), str(run))
                self.assertLessEqual(len(run.stderr.splitlines()), 1, run.stderr)
                ran, remote = run.stats["modules_run"], run.stats["remote"]
                print(f"{name}: {time.monotonic() - started:.1f} s, {len(ran)} ran, {remote}", file=sys.stderr)
                if most is not None:
                    self.assertEqual(ran, ["shop.report"], str(run))


class Crowd(MachineCase):
    def test_many_checks_at_once_are_all_right(self) -> None:
        """Each start has an empty store; some are the first to check an edit, others find it."""
        url = self.start(Casd()).url
        self.assertEqual(self.check(self.shop(), url, "--remote-upload", "yes").stderr, "")
        repos = [self.edited_shop() for _ in range(LANES)]
        like = self.check(self.edited_shop(), url, "--remote-upload", "no")

        def lane(number: int) -> list[str]:
            wrong = []
            for turn in range(STARTS // LANES):
                repo = repos[number]
                repo.write("shop/report.py", self.edited_text + f"# {turn // 2}\n")
                run = repo.run("check", "--remote-cache", url, "--remote-upload", "yes", "-j1", "--store",
                               os.path.join(repo.base, f"store-{turn}"), doctor=False)
                if (run.stdout, run.status, run.stderr) != (like.stdout, like.status, ""):
                    wrong.append(str(run))
            return wrong

        self.edited_text = repos[0].read("shop/report.py")
        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            wrong = [run for found in pool.map(lane, range(LANES)) for run in found]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
