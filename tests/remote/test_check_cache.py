"""`sepal check --remote-cache`: machines that share nothing but a cache have the same answers, and nobody works
twice."""

from __future__ import annotations

import concurrent.futures
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
import faults_http  # noqa: E402
from faults import FaultProxy, Rule  # noqa: E402
from faults_http import HttpCache  # noqa: E402
from faults_tcp import TcpProxy  # noqa: E402
from personas import BazelRemote  # noqa: E402
from servers import Casd, Nginx, Port  # noqa: E402
from shared import SharedCase  # noqa: E402
from toy import CHAIN  # noqa: E402

FAULTY = CHAIN + """\
-- e.py --
import d
error a fault in e
-- f.py --
import a
error a fault in f
"""
WRITES = ("BatchUpdateBlobs", "ByteStream/Write", "UpdateActionResult")
LANES, STARTS = 8, 200
SECRET = "very-secret-token"


def many(count: int) -> str:
    """Modules in rows of ten, each of which imports one of the row before."""
    return "".join(f"-- m{number}.py --\n" + (f"import m{number - 10}\n" if number >= 10 else "")
                   + f"export X{number} {number}\nerror fault {number}\n" for number in range(count))


class Sharing(SharedCase):
    def test_a_machine_that_never_saw_the_tree_runs_nothing(self) -> None:
        for make in (Casd, BazelRemote, Nginx, HttpCache):
            with self.subTest(make.__name__):
                url = self.start(make()).url
                first, second = self.machine(FAULTY), self.machine(FAULTY)
                made = self.check_with(first, url, "--remote-upload", "yes")
                self.assertNotEqual(made.stats["modules_run"], [])
                self.assert_all_from_the_cache(self.check_with(second, url), made)

    def test_a_second_run_does_not_ask(self) -> None:
        proxy = self.start(FaultProxy(self.start(Casd()).address))
        repo = self.machine(FAULTY)
        made = self.check_with(repo, proxy.url, "--remote-upload", "yes")
        repo.settle()
        proxy.reset()
        self.assert_all_from_the_cache(self.check_with(repo, proxy.url), made)
        self.assertEqual(dict(proxy.calls), {})

    def test_an_edit_elsewhere_reruns_only_itself(self) -> None:
        """A edits the body of `a`, B that of `d`; nobody's interface changes."""
        url = self.start(Casd()).url
        start, left, right = (self.machine(FAULTY) for _ in range(3))
        self.check_with(start, url, "--remote-upload", "yes")
        left.edit("a.py", "export X 1", "export X 1\nbody X")
        self.check_with(left, url, "--remote-upload", "yes")
        right.edit("a.py", "export X 1", "export X 1\nbody X")
        right.edit("d.py", "body Z", "body Z\nerror new in d")
        run = self.check_with(right, url)
        self.assert_ran(run, "d")
        self.assert_as_clean(right)

    def test_a_reader_never_writes(self) -> None:
        proxy = self.start(FaultProxy(self.start(Casd()).address))
        run = self.check_with(self.machine(FAULTY), proxy.url, "--remote-upload", "no")
        self.assertEqual(run.status, 1, str(run))
        self.assertGreater(sum(proxy.calls.values()), 0)
        self.assertEqual(sum(proxy.calls[name] for name in WRITES), 0)

    def test_look_ups_travel_together(self) -> None:
        proxy = self.start(FaultProxy(self.start(Casd()).address))
        files = many(200)
        made = self.check_with(self.machine(files), proxy.url, "--remote-upload", "yes")
        proxy.reset()
        self.assert_all_from_the_cache(self.check_with(self.machine(files), proxy.url), made)
        self.assertLess(sum(proxy.calls.values()), 60, proxy.calls)


class Refusals(SharedCase):
    def refusal(self, url: str) -> tuple[int, str]:
        run = self.check_with(self.machine(FAULTY), url)
        return run.status, run.stderr

    def test_an_unknown_scheme_is_a_usage_error(self) -> None:
        status, said = self.refusal("ftp://127.0.0.1:1")
        self.assertEqual(status, 2, said)
        self.assertIn("ftp", said)

    def test_a_server_that_is_not_there_is_one_warning(self) -> None:
        port = Port()
        self.addCleanup(port.close)
        for scheme in ("grpc", "http", "grpcs", "https"):
            with self.subTest(scheme):
                status, said = self.refusal(f"{scheme}://127.0.0.1:{port.number}")
                self.assertEqual(status, 1, said)
                self.assertEqual(len(said.splitlines()), 1, said)
                self.assertIn(f"127.0.0.1:{port.number}", said)

    def test_a_server_of_another_api_is_one_warning(self) -> None:
        def future(said: faults.re.ServerCapabilities) -> None:
            said.low_api_version.major = said.high_api_version.major = 3

        proxy = self.start(FaultProxy(self.start(Casd()).address, faults.announce(future)))
        status, said = self.refusal(proxy.url)
        self.assertEqual((status, len(said.splitlines())), (1, 1), said)
        self.assertIn(proxy.address, said)


class Trouble(SharedCase):
    """Issue by issue what can be wrong with a server: the answer is right, in time, and the trouble is one warning."""

    casd: Casd

    @classmethod
    def setUpClass(cls) -> None:
        cls.casd = Casd()
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()

    def go_through(self, make: dict[str, list[Rule]]) -> None:
        files = many(60)
        with_none = self.check(self.machine(files))
        for name, rules in make.items():
            for warm in (False, True):
                with self.subTest(name, warm=warm):
                    if warm:
                        self.check_with(self.machine(files), self.casd.url, "--remote-upload", "yes")
                    proxy = self.start(FaultProxy(self.casd.address, *rules))
                    started = time.monotonic()
                    run = self.check_with(self.machine(files), proxy.url, "--remote-upload", "yes",
                                          "--remote-timeout", "3")
                    self.assert_right(run, with_none, started=started)

    def test_the_answer_is_right_when_calls_are_late_or_fail(self) -> None:
        self.go_through({"late": [faults.delay(0.2)],
                         "failing": [faults.fail("UNAVAILABLE", rate=0.05)],
                         "refusing": [faults.fail("PERMISSION_DENIED")],
                         "silent": [faults.hang()]})

    def test_the_answer_is_right_when_bytes_are_wrong(self) -> None:
        self.go_through({"wrong": [faults.wrong_bytes()],
                         "truncated": [faults.truncated()],
                         "garbage": [faults.garbage()],
                         "oversized": [faults.oversized(70 << 20, count=3)],
                         "cut": [faults.cut(1000), faults.cut(1000, method="BatchReadBlobs")]})

    def test_the_answer_is_right_when_nothing_can_be_written(self) -> None:
        self.go_through({"full": [faults.disk_full()], "full for each": [faults.disk_full_for_each()],
                         "expired": [faults.token_expires_after(3)]})

    def test_the_answer_is_right_when_the_server_restarts(self) -> None:
        files = many(60)
        with_none = self.check(self.machine(files))
        for number in (2, 4, 8):
            proxy = self.start(FaultProxy(self.casd.address))

            def restart(proxy: FaultProxy = proxy) -> None:
                proxy.stop()
                proxy.start()

            proxy.rules.append(faults.at_call(number, restart))
            self.assert_right(self.check_with(self.machine(files), proxy.url), with_none)

    def test_the_answer_is_right_when_the_line_breaks(self) -> None:
        files = many(60)
        with_none = self.check(self.machine(files))
        line = self.start(TcpProxy(self.casd.port.number))
        for line.cut_after in (1, 100, 5000):
            self.assert_right(self.check_with(self.machine(files), f"grpc://{line.address}"), with_none)

    def test_the_answer_is_right_when_an_http_cache_does_wrong(self) -> None:
        files = many(60)
        with_none = self.check(self.machine(files))
        for rule in (faults_http.delay(0.2), faults_http.fail(503, rate=0.2), faults_http.wrong_bytes(),
                     faults_http.cut(100), faults_http.shorter(5), faults_http.disk_full(), faults_http.hang(),
                     faults_http.fail(401, after=3), faults_http.endless()):
            cache = self.start(HttpCache())
            self.check_with(self.machine(files), cache.url, "--remote-upload", "yes")
            cache.rules.append(rule)
            started = time.monotonic()
            run = self.check_with(self.machine(files), cache.url, "--remote-upload", "yes")
            self.assert_right(run, with_none, started=started)


class Crowd(SharedCase):
    def test_two_hundred_checks_in_eight_lanes_against_one_server(self) -> None:
        url = self.start(Casd()).url
        files = many(30)
        like = self.check(self.machine(files))
        lanes = [self.machine(files) for _ in range(LANES)]

        def lane(number: int) -> list[str]:
            wrong = []
            for turn in range(STARTS // LANES):
                repo = lanes[number]
                # each start has a store of its own; some edit a body that others edit, too
                repo.write("m5.py", f"export X5 5\nerror fault 5\n# {turn % 5}\n")
                run = repo.run("check", "--checker", "toy", "--remote-cache", url, "--remote-upload", "yes",
                               "--store", os.path.join(repo.base, f"store-{turn}"), doctor=False)
                if (run.stdout, run.status, run.stderr) != (like.stdout, like.status, ""):
                    wrong.append(str(run))
            return wrong

        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            wrong = [run for found in pool.map(lane, range(LANES)) for run in found]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
