"""Real mypy and a shared cache: a machine that has never seen a tree, at another path and with another environment,
says the same and starts no checker for it."""

from __future__ import annotations

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from environments import Environment  # noqa: E402
from faults import FaultProxy  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402
from subjects import SUBJECTS, copy_subject  # noqa: E402
from testrepo import ROOT, Repo, Run, TestCase  # noqa: E402

SHOP = os.path.join(ROOT, "doc", "examples", "shop")
LEAF = os.path.join("sphinx", "ext", "githubpages.py")  # nothing imports it
MOST_CALLS, MOST_BYTES = 60, 2_000_000


class Machines(ServerCase, TestCase):
    """All tests share one server, so a test may find there what another one has put there."""

    casd: Casd
    proxy: FaultProxy

    @classmethod
    def setUpClass(cls) -> None:
        cls.casd, cls.proxy = Casd(), None  # type: ignore[assignment]
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()
        cls.proxy = FaultProxy(cls.casd.address)
        cls.addClassCleanup(cls.proxy.delete)
        cls.addClassCleanup(cls.proxy.stop)
        cls.proxy.start()

    def shop(self) -> Repo:
        repo = self.repo()
        shutil.copytree(SHOP, repo.root, dirs_exist_ok=True)
        return repo

    def sphinx(self) -> Repo:
        repo = self.repo()
        copy_subject(SUBJECTS["sphinx"], repo.root)
        return repo

    def check(self, repo: Repo, *arguments: str) -> Run:
        return repo.check("--remote-cache", self.proxy.url, *arguments, timeout=1500)

    def elsewhere(self, repo: Repo) -> Repo:
        """Gives it another virtual environment, with the same checker in it."""
        repo.python = Environment(os.path.join(repo.base, "other", "env"), with_checker=True).python
        return repo

    def assert_nothing_ran(self, run: Run, like: Run) -> None:
        self.assertEqual((run.stdout, run.status), (like.stdout, like.status), str(run))
        self.assertEqual((run.stats["checker_processes"], run.stats["modules_run"]), (0, []), str(run))
        self.assertEqual(run.stderr, like.stderr)

    def test_the_example_comes_out_of_the_cache_whoever_asks(self) -> None:
        made = self.check(self.shop(), "--remote-upload", "yes")
        self.assertEqual(made.status, 1, str(made))
        again = self.check(self.elsewhere(self.shop()), "--remote-upload", "no")
        self.assert_nothing_ran(again, made)

    def test_a_body_that_somebody_else_edited_does_not_concern_us(self) -> None:
        self.check(self.shop(), "--remote-upload", "yes")
        theirs, ours = self.shop(), self.shop()
        theirs.edit("shop/money.py", "    def plus(", "    # somebody else's line\n    def plus(")
        self.assertEqual(self.check(theirs, "--remote-upload", "yes").stats["modules_run"], ["shop.money"])
        ours.write("shop/report.py", ours.read("shop/report.py") + "\n\ndef ours() -> int:\n    return ''\n")
        run = self.check(ours, "--remote-upload", "no")
        self.assertEqual(run.stats["modules_run"], ["shop.report"], str(run))
        self.assertEqual(run.status, 1)
        self.assertIn("shop/report.py", run.stdout)

    def test_sphinx_comes_out_of_the_cache_in_few_calls_and_bytes(self) -> None:
        made = self.check(self.sphinx(), "--remote-upload", "yes", "sphinx")
        with self.subTest("nothing changed"):
            self.proxy.reset()
            again = self.check(self.elsewhere(self.sphinx()), "--remote-upload", "no", "sphinx")
            self.assert_nothing_ran(again, made)
            self.assert_little_traffic()
        with self.subTest("a leaf was edited"):
            self.proxy.reset()
            repo = self.sphinx()
            repo.write(LEAF, repo.read(LEAF) + "\n\nnew: int = ''\n")
            run = self.check(repo, "--remote-upload", "no", "sphinx")
            self.assertEqual(run.stats["modules_run"], ["sphinx.ext.githubpages"], str(run))
            self.assertIn(LEAF, run.stdout)
            print(f"a leaf: {dict(self.proxy.calls)}, {sum(self.proxy.sent.values())} bytes", file=sys.stderr)

    def assert_little_traffic(self) -> None:
        calls, sent = sum(self.proxy.calls.values()), sum(self.proxy.sent.values())
        print(f"sphinx: {dict(self.proxy.calls)}, {sent} bytes", file=sys.stderr)
        self.assertLess(calls, MOST_CALLS, self.proxy.calls)
        self.assertLess(sent, MOST_BYTES, self.proxy.sent)


if __name__ == "__main__":
    unittest.main()
