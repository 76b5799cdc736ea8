"""`sepal check --remote-cache` where something has to run on top of what others made: interfaces are fetched, whatever
happens to them on the way, and others are asked about what does not hold here any more."""

from __future__ import annotations

import concurrent.futures
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
import faults_http  # noqa: E402
from faults import READS, FaultProxy, Rule  # noqa: E402
from faults_http import HttpCache  # noqa: E402
from servers import Casd, Nginx  # noqa: E402
from shared import SharedCase  # noqa: E402
from testrepo import Repo, Run  # noqa: E402

HEIGHT = 20
ALL = HEIGHT + 1  # with what every module of the toy stands on
LARGE = 6_000_000  # bytes of one interface: more than a batch takes


def tower(large: int = LARGE) -> str:
    """Each module imports the one before; the first one's interface is large."""
    files = f"-- m0.py --\nexport BIG {'x' * large}\nexport A 0\n"
    for number in range(1, HEIGHT):
        files += f"-- m{number}.py --\nimport m{number - 1}\nexport A {number}\nerror fault {number}\n"
    return files


class TowerCase(SharedCase):
    """The machine at hand has an edit at the top, and needs the interfaces of all below."""

    def edited(self, files: str) -> Repo:
        repo = self.machine(files)
        repo.write(f"m{HEIGHT - 1}.py", f"import m{HEIGHT - 2}\nreveal m{HEIGHT - 2}.A\n")
        return repo

    def assert_one_ran(self, run: Run, like: Run) -> None:
        self.assert_right(run, like)
        self.assertEqual(run.stderr, "")
        self.assert_ran(run, f"m{HEIGHT - 1}")


class Fetching(TowerCase):
    def test_interfaces_come_from_every_kind_of_server(self) -> None:
        like = self.check(self.edited(tower()))
        for make in (Casd, Nginx, HttpCache):
            with self.subTest(make.__name__):
                url = self.start(make()).url
                self.check_with(self.machine(tower()), url, "--remote-upload", "yes")
                run = self.check_with(self.edited(tower()), url)
                self.assert_one_ran(run, like)
                self.assertEqual(run.stats["remote"]["interfaces_found"], ALL - 1, str(run))
                self.assertEqual(run.stats["remote"]["lost"], 0)

    def test_nothing_is_fetched_that_nothing_stands_on(self) -> None:
        url = self.start(Casd()).url
        self.check_with(self.machine(tower()), url, "--remote-upload", "yes")
        repo = self.machine(tower())
        repo.write("m3.py", "import m2\nexport A 3\nerror fault 3\n# edited\n")
        run = self.check_with(repo, url)
        self.assert_ran(run, "m3")
        self.assertEqual(run.stats["remote"]["interfaces_found"], 3 + ALL - HEIGHT, str(run))

    def test_what_the_server_forgot_is_made_again(self) -> None:
        cache = self.start(HttpCache())
        like = self.check(self.edited(tower(10)))
        self.check_with(self.machine(tower(10)), cache.url, "--remote-upload", "yes")
        for name in [name for name in cache.entries if name.startswith("/cas/")]:
            del cache.entries[name]
        repo = self.edited(tower(10))
        run = self.check_with(repo, cache.url, "--remote-upload", "yes")
        self.assert_right(run, like)
        self.assertEqual(len(run.stats["modules_run"]), ALL)
        self.assertEqual(run.stats["remote"]["lost"], ALL - 1)
        repo = self.machine(tower(10))  # and is there for others now
        repo.write(f"m{HEIGHT - 1}.py", f"import m{HEIGHT - 2}\n# again\n")
        run = self.check_with(repo, cache.url)
        self.assert_ran(run, f"m{HEIGHT - 1}")
        self.assertEqual(run.stats["remote"]["lost"], 0)

    def test_after_a_pull_only_what_nobody_checked_runs(self) -> None:
        """The store has results of yesterday for modules whose sources are as they were."""
        url = self.start(Casd()).url
        ours, theirs = self.machine(tower(10)), self.machine(tower(10))
        self.check_with(ours, url, "--remote-upload", "yes")
        self.check_with(theirs, url, "--remote-upload", "yes")
        theirs.write("m0.py", "export A 1000\n")
        for number in range(1, HEIGHT):
            theirs.write(f"m{number}.py", f"import m{number - 1}\nexport A = m{number - 1}.A\n")
        self.check_with(theirs, url, "--remote-upload", "yes")
        theirs.write("m0.py", "export A 2000\n")  # from here on interfaces change without sources
        self.assertEqual(len(self.check_with(theirs, url, "--remote-upload", "yes").stats["modules_run"]), HEIGHT)
        for value in ("1000", "2000"):
            for number in range(HEIGHT):
                ours.write(f"m{number}.py", theirs.read(f"m{number}.py").replace("2000", value))
            run = self.check_with(ours, url)
            self.assert_ran(run)
            self.assertEqual(run.stats["checker_processes"], 0)
        self.assertEqual(run.stdout, self.check(theirs).stdout)

    def test_results_without_interfaces_can_be_verified_and_gone_on_with(self) -> None:
        casd = self.start(Casd())
        self.check_with(self.machine(tower(10)), casd.url, "--remote-upload", "yes")
        repo = self.machine(tower(10))
        self.assert_ran(self.check_with(repo, casd.url))
        casd.kill()
        run = self.check(repo)
        self.assert_ran(run)
        repo.write(f"m{HEIGHT - 1}.py", f"import m{HEIGHT - 2}\nreveal m{HEIGHT - 2}.A\n")
        run = self.check(repo)
        self.assertEqual(run.stdout, self.check(self.edited(tower(10))).stdout)
        other = self.machine(tower(10))
        casd.start()
        self.assert_ran(self.check_with(other, casd.url))
        run = other.run("verify", "--checker", "toy")
        self.assertEqual((run.status, run.stdout), (0, f"verified {ALL} units ({ALL} modules) in hermetic "
                                                       "processes: 0 differences\n"), str(run))


class Trouble(TowerCase):
    """Between the look-up and the run, everything goes wrong: the answer is right, in time, with one warning."""

    casd: Casd

    @classmethod
    def setUpClass(cls) -> None:
        cls.casd = Casd()
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()

    def fill(self) -> None:
        run = self.check_with(self.machine(tower()), self.casd.url, "--remote-upload", "yes")
        self.assertEqual((run.stderr, run.stats["remote"]["dropped"]), ("", 0))

    def tell(self, what: str, started: float, run: Run) -> None:
        counters = run.stats["remote"]
        print(f"{what}: {time.monotonic() - started:.1f} s, {len(run.stats['modules_run'])} ran, "
              f"{counters['lost']} lost, {counters['impatient']} not waited for, {counters['failed']} calls failed. "
              f"{run.stderr.strip()}", file=sys.stderr)

    def check_behind(self, *rules: Rule) -> Run:
        proxy = self.start(FaultProxy(self.casd.address, *rules))
        return self.check_with(self.edited(tower()), proxy.url, "--remote-upload", "no", "--remote-timeout", "5")

    def test_over_grpc(self) -> None:
        like = self.check(self.edited(tower()))
        self.fill()
        for name, rules in {
            "cut once": [faults.cut(100_000, count=1)],
            "cut always": [faults.cut(100_000)],
            "batch cut": [faults.cut(300, method="BatchReadBlobs")],
            "wrong bytes": [faults.wrong_bytes()],
            "wrong bytes once": [faults.wrong_bytes(count=1)],
            "truncated": [faults.truncated(methods=READS)],
            "garbage": [faults.garbage(methods=READS)],
            "oversized": [faults.oversized(70 << 20, methods=READS, count=2)],
            "twice": [faults.twice(methods=READS)],
            "silent": [faults.hang(methods=READS)],
            "refused": [faults.fail("PERMISSION_DENIED", methods=READS)],
            "failing": [faults.fail("UNAVAILABLE", rate=0.05), faults.fail("UNAVAILABLE", methods=READS, rate=0.5)],
            "late": [faults.delay(0.2)],
            "expired": [faults.token_expires_after(2)],
            "not found": [faults.fail("NOT_FOUND", methods=READS)],
        }.items():
            with self.subTest(name):
                started = time.monotonic()
                run = self.check_behind(*rules)
                self.assert_right(run, like, started=started)
                self.tell(name, started, run)

    def test_a_server_that_is_restarted(self) -> None:
        """While a call of ours waits: it ends with the server, and the next one finds it again or does not."""
        like = self.check(self.edited(tower()))
        self.fill()
        for number in (1, 2, 3, 4):
            with self.subTest(call=number), concurrent.futures.ThreadPoolExecutor(1) as pool:
                called, started = threading.Event(), time.monotonic()
                rules = [faults.at_call(number, called.set), faults.delay(0.05, after=number - 1, count=1)]
                run = pool.submit(self.check_behind, *rules)
                if called.wait(30):
                    self.casd.kill()  # not in a thread that ends: the server would end with it
                    self.casd.start()
                self.assert_right(run.result(), like, started=started)
                self.tell(f"restarted at call {number}", started, run.result())

    def test_over_http(self) -> None:
        like = self.check(self.edited(tower()))
        cache = self.start(HttpCache())
        self.check_with(self.machine(tower()), cache.url, "--remote-upload", "yes")
        for name, rule in {
            "cut": faults_http.cut(1000, request="GET cas"),
            "wrong bytes": faults_http.wrong_bytes(request="GET cas"),
            "longer": faults_http.longer(5, request="GET cas"),
            "shorter": faults_http.shorter(5, request="GET cas"),
            "endless": faults_http.endless(request="GET cas"),
            "silent": faults_http.hang(request="GET cas"),
            "refused": faults_http.fail(403, request="GET cas"),
            "failing": faults_http.fail(503, request="GET cas", rate=0.3),
            "late": faults_http.delay(0.2),
        }.items():
            with self.subTest(name):
                cache.rules[:] = [rule]
                started = time.monotonic()
                run = self.check_with(self.edited(tower()), cache.url, "--remote-upload", "no")
                self.assert_right(run, like, started=started)
                self.tell(name, started, run)


if __name__ == "__main__":
    unittest.main()
