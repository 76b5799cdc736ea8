"""`--runner remote` on buildbox-casd: the same bytes as at home, a second run is all hits, and what happens when the
executor or the checker there does wrong."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import grpc  # noqa: E402
from faults import (  # noqa: E402
    Broken, Call, FaultProxy, Rule, at_call, cut, delay, demand_token, fail, garbage, hang, wrong_bytes)
from buildgrid._protos.google.longrunning import operations_pb2 as operations  # noqa: E402
from sandbox import needs_sandbox  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402
from testrepo import ROOT, Repo, Run, sepal_binary  # noqa: E402
from tls import Authority  # noqa: E402
from toy import CHAIN  # noqa: E402

TOY = ("--checker", "toy")
PLUGIN = """
-- mypy.ini --
[mypy]
plugins = plug.py
-- plug.py --
from mypy.plugin import Plugin

class Mine(Plugin):
    def get_function_hook(self, fullname):
        if fullname == "lib.magic":
            return lambda ctx: ctx.api.named_generic_type("builtins.int", [])

def plugin(version):
    return Mine
-- lib.py --
def magic() -> object: ...
-- app.py --
from lib import magic
reveal_type(magic())
"""


def python_there() -> str:
    """The interpreter of the tests' checker, by a name that it has in the sandbox too (sandbox.system_mounts)."""
    said = subprocess.run([os.environ["SEPAL_PYTHON"], "-I", "-c",
                           "import sys; print(sys.base_prefix + '/bin/python%d.%d' % sys.version_info[:2])"],
                          stdout=subprocess.PIPE, text=True, check=True)
    return said.stdout.strip()


class ExecuteCase(ServerCase):
    def repo(self, files: str = "") -> Repo:
        repo = Repo(files)
        self.addCleanup(repo.delete)
        return repo

    def check(self, repo: Repo, url: str, *arguments: str, store: str = "", fallback: str = "fail",
              **options: Any) -> Run:
        place = ("--store", os.path.join(repo.base, store)) if store else ()
        return repo.check("--runner", "remote", "--remote-executor", url, "--remote-python", python_there(),
                          "--remote-fallback", fallback, *place, *arguments, **options)

    def verify(self, repo: Repo, url: str, store: str) -> Run:
        return repo.run("verify", "--store", os.path.join(repo.base, store), "--runner", "remote",
                        "--remote-executor", url, "--remote-python", python_there(), ".")

    def assert_executor(self, run: Run, hits: int, runs: int, locals_: int = 0) -> None:
        self.assertEqual(run.stats["executor"], {"hits": hits, "runs": runs, "locals": locals_}, str(run))


@needs_sandbox
class OnCasd(ExecuteCase):
    """One server for tests that find it well, with work trees of different contents."""

    casd: Casd

    @classmethod
    def setUpClass(cls) -> None:
        cls.casd = Casd(execution=True)
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()

    def test_the_toy_runs_there_once(self) -> None:
        repo = self.repo(CHAIN)
        first = self.check(repo, self.casd.url, *TOY, ".")
        self.assertEqual(first.status, 0, str(first))
        self.assertEqual(first.stats["executor"]["runs"] + first.stats["executor"]["hits"], 5)
        self.assertEqual(first.stats["checker_processes"], 0)
        second = self.check(repo, self.casd.url, *TOY, ".", store="other")
        self.assert_executor(second, 5, 0)
        here = repo.check(*TOY, "--store", os.path.join(repo.base, "here"), ".")
        self.assertEqual((here.status, here.stdout), (first.status, first.stdout))

    def test_the_example_has_the_same_bytes_as_here_and_a_second_run_is_all_hits(self) -> None:
        repo = self.repo()
        shutil.copytree(os.path.join(ROOT, "doc", "examples", "shop"), repo.root, dirs_exist_ok=True)
        first = self.check(repo, self.casd.url, ".")
        here = repo.check("--store", os.path.join(repo.base, "here"), ".")
        self.assertEqual((first.status, first.stdout), (here.status, here.stdout), str(first))
        units = first.stats["units"]
        self.assert_executor(first, 0, units)
        second = self.check(repo, self.casd.url, ".", store="other")
        self.assertEqual(second.stdout, first.stdout)
        self.assert_executor(second, units, 0)
        verified = self.verify(repo, self.casd.url, "here")
        self.assertEqual(verified.status, 0, str(verified))
        self.assertEqual(verified.stdout.count(": 0 differences"), 2, str(verified))
        self.assertIn("by remote execution", verified.stdout)

    def test_a_plugin_goes_along(self) -> None:
        repo = self.repo(PLUGIN)
        there = self.check(repo, self.casd.url, ".")
        here = repo.check("--store", os.path.join(repo.base, "here"), ".")
        self.assertIn('Revealed type is "int"', there.stdout)
        self.assertEqual((there.status, there.stdout), (here.status, here.stdout), str(there))

    def test_an_edit_runs_what_it_concerns(self) -> None:
        repo = self.repo(CHAIN.replace("X 1", "X 7"))
        self.check(repo, self.casd.url, *TOY, ".")
        repo.write("d.py", "import c\nbody Z\nbody X\n")
        run = self.check(repo, self.casd.url, *TOY, ".")
        self.assert_executor(run, 0, 1)
        self.assertEqual(run.stats["modules_run"], ["d"])

    def test_a_blocking_error_comes_back_as_one(self) -> None:
        repo = self.repo(CHAIN.replace("X 1", "X 1\n!syntax"))
        there = self.check(repo, self.casd.url, *TOY, ".")
        here = repo.check(*TOY, "--store", os.path.join(repo.base, "here"), ".")
        self.assertEqual((there.status, there.stdout, there.stderr), (here.status, here.stdout, here.stderr))

    def test_another_interpreter_is_refused_whatever_the_fallback_is(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            other = os.path.join(scratch, "python3")  # is not there, in the sandbox
            repo = self.repo(CHAIN.replace("X 1", "X 2"))
            run = repo.check(*TOY, "--runner", "remote", "--remote-executor", self.casd.url, "--remote-python", other,
                             ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(f"have no {other}", run.stderr)
        self.assertIn("--remote-python", run.stderr)

    def test_a_version_that_is_not_ours_is_named(self) -> None:
        """The system's interpreter, where it is another one than the checker's."""
        system = subprocess.run(["/usr/bin/python3", "-I", "-c", "import platform; print(platform.python_version())"],
                                stdout=subprocess.PIPE, text=True).stdout.strip()
        ours = subprocess.run([os.environ["SEPAL_PYTHON"], "-I", "-c",
                               "import platform; print(platform.python_version())"], stdout=subprocess.PIPE,
                              text=True).stdout.strip()
        repo = self.repo(CHAIN.replace("X 1", "X 3"))
        run = repo.check(*TOY, "--runner", "remote", "--remote-executor", self.casd.url, "--remote-python",
                         "/usr/bin/python3", ".")
        if system == ours:
            self.assertEqual(run.status, 0, str(run))
            return
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(f"have python {system}, and the checker here runs with Python {ours}", run.stderr)

    def test_a_crash_fails_the_unit_or_is_tried_here(self) -> None:
        repo = self.repo(CHAIN.replace("X 1", "X 4\ncrash"))
        run = self.check(repo, self.casd.url, *TOY, ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual((run.stats["units_failed"], run.stats["units_blocked"]), (1, 3))
        self.assertIn("checking a by remote execution", run.stderr)
        again = self.check(repo, self.casd.url, *TOY, ".", store="other", fallback="local")
        self.assertEqual(again.status, 3, str(again))
        self.assertIn("checking a in a hermetic process", again.stderr)
        self.assert_executor(again, 1, 0, 1)

    def test_a_hang_ends_with_its_time(self) -> None:
        repo = self.repo(CHAIN.replace("X 1", "X 5\nhang"))
        before = time.monotonic()
        run = self.check(repo, self.casd.url, "--timeout", "2", *TOY, ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("within 2 seconds", run.stderr)
        self.assertLess(time.monotonic() - before, 30)

    def test_an_interrupt_leaves_nothing_running_there(self) -> None:
        repo = self.repo(CHAIN.replace("X 1", "X 6\nhang"))
        process = subprocess.Popen([sepal_binary(), "check", "--runner", "remote", "--remote-executor", self.casd.url,
                                    "--remote-python", python_there(), *TOY, "."], cwd=repo.root,
                                   env=repo.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.wait_for_actions(1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, said)
        self.wait_for_actions(0)

    def wait_for_actions(self, count: int) -> None:
        """Until so many processes run the toy in some sandbox, not more and not fewer."""
        deadline = time.monotonic() + 20
        while (running := running_units(self.casd.kept[0].process.pid)) != count:
            self.assertLess(time.monotonic(), deadline, f"{running} actions are running, not {count}")
            time.sleep(0.05)


def running_units(server: int) -> int:
    """Processes of the toy below that of the server."""
    parents, units = {}, []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                parents[int(pid)] = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{pid}/cmdline") as file:
                if file.read().split("\0")[-3:] == ["toy.py", "unit.json", ""]:
                    units.append(int(pid))
        except OSError:
            pass  # it has ended
    return sum(is_below(pid, server, parents) for pid in units)


def is_below(pid: int, above: int, parents: dict[int, int]) -> bool:
    while pid and pid != above:
        pid = parents.get(pid, 0)
    return pid == above


def break_before_the_end(count: int) -> Rule:
    """The first streams of executions break when their operation is done, which nobody hears."""
    left = [count]

    def alter(call: Call, message: bytes) -> list[bytes]:
        if operations.Operation.FromString(message).done and left[0]:
            left[0] -= 1
            raise Broken("the stream was cut by the test")
        return [message]
    return Rule(methods=("Execute", "WaitExecution"), message=alter)


def at_most(count: int) -> Rule:
    """So many executions are listened to at a time, whoever listens."""
    under_way, lock = [0], threading.Lock()

    def leave() -> None:
        with lock:
            under_way[0] -= 1

    def enter(call: Call) -> None:
        with lock:
            if under_way[0] >= count:
                call.context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many calls are under way")
            under_way[0] += 1
        call.context.add_callback(leave)
    return Rule(methods=("Execute", "WaitExecution"), before=enter)


@needs_sandbox
class InTrouble(ExecuteCase):
    """Through a proxy that does wrong, or with a server that dies."""

    def proxy(self, *rules: Any) -> FaultProxy:
        self.casd = self.start(Casd(execution=True))
        return self.start(FaultProxy(self.casd.address, *rules))

    def assert_right(self, run: Run) -> None:
        self.assertEqual((run.status, run.stdout), (0, "Success: no issues found in 4 source files\n"), str(run))

    def test_calls_that_fail_are_made_again(self) -> None:
        proxy = self.proxy(fail("UNAVAILABLE", rate=0.2, seed=1))
        self.assert_right(self.check(self.repo(CHAIN), proxy.url, *TOY, "."))

    def test_a_stream_that_is_lost_is_taken_up_again(self) -> None:
        proxy = self.proxy(break_before_the_end(2))
        run = self.check(self.repo(CHAIN), proxy.url, *TOY, ".")
        self.assert_right(run)
        self.assertEqual((proxy.calls["Execute"], proxy.calls["WaitExecution"]), (5, 2))

    def test_one_that_is_lost_before_it_says_anything_is_started_again(self) -> None:
        proxy = self.proxy(cut(1, method="Execution/Execute", count=2))
        run = self.check(self.repo(CHAIN), proxy.url, *TOY, ".")
        self.assert_right(run)
        self.assertEqual(proxy.calls["Execute"], 7)

    def test_what_the_server_lacks_is_uploaded_once_more(self) -> None:
        proxy = self.proxy(fail("FAILED_PRECONDITION", "a blob is missing", method="Execution/Execute", count=1))
        run = self.check(self.repo(CHAIN), proxy.url, *TOY, ".")
        self.assert_right(run)
        self.assertEqual(proxy.calls["Execute"], 6)

    def test_a_server_that_restarts_and_has_forgotten_everything_is_filled_anew(self) -> None:
        proxy, now, runs = self.proxy(), threading.Event(), []
        proxy.rules[:] = [at_call(3, now.set, method="Execution/Execute")]
        repo = self.repo(CHAIN)
        check = threading.Thread(target=lambda: runs.append(self.check(repo, proxy.url, *TOY, ".")))
        check.start()
        self.addCleanup(check.join)
        self.assertTrue(now.wait(60))
        self.casd.kill()
        shutil.rmtree(self.casd.data)
        self.casd.start()
        check.join()
        self.assert_right(runs[0])

    def test_a_server_that_takes_few_calls_is_given_few(self) -> None:
        proxy = self.proxy(at_most(5))
        repo = self.repo("".join(f"-- m{number}.py --\nexport X {number}\n" for number in range(24)))
        run = self.check(repo, proxy.url, *TOY, ".")
        self.assertEqual((run.status, run.stdout), (0, "Success: no issues found in 24 source files\n"), str(run))
        self.assert_executor(run, 0, 25)

    def test_what_takes_too_long_there_is_raced_here(self) -> None:
        proxy = self.proxy(hang(method="Execution/Execute", after=2, count=1))
        before = time.monotonic()
        run = self.check(self.repo(CHAIN), proxy.url, "--race-after", "1", *TOY, ".")
        self.assert_right(run)
        self.assert_executor(run, 0, 4, 1)
        self.assertLess(time.monotonic() - before, 60)

    def test_of_a_race_one_result_counts_whoever_is_first(self) -> None:
        """Both take about as long, so both win some."""
        proxy = self.proxy(delay(0.7, method="Execution/Execute"))
        repo = self.repo("".join(f"-- m{number}.py --\nexport X {number}\n" for number in range(24)))
        run = self.check(repo, proxy.url, "--race-after", "1", *TOY, ".")
        self.assertEqual((run.status, run.stdout), (0, "Success: no issues found in 24 source files\n"), str(run))
        self.assertEqual(sum(run.stats["executor"].values()), 25)
        print(run.stats["executor"], file=sys.stderr)

    def test_wrong_bytes_are_not_believed(self) -> None:
        proxy = self.proxy(wrong_bytes(count=1))
        run = self.check(self.repo(CHAIN), proxy.url, *TOY, ".", fallback="local")
        self.assert_right(run)
        self.assert_executor(run, 0, 4, 1)

    def test_results_that_do_not_parse_are_not_believed(self) -> None:
        proxy = self.proxy(garbage(method="Execution/Execute", count=1))
        self.assert_right(self.check(self.repo(CHAIN), proxy.url, *TOY, "."))

    def test_it_is_spoken_to_as_the_cache_is(self) -> None:
        """TLS and a token, by the options of the cache."""
        casd = self.start(Casd(execution=True))
        with tempfile.TemporaryDirectory() as scratch:
            authority = Authority(scratch)
            proxy = self.start(FaultProxy(casd.address, demand_token("a-secret"), tls=authority.server()))
            token = os.path.join(scratch, "token")
            repo = self.repo(CHAIN)
            options = ("--remote-ca-file", authority.certificate, "--remote-token-file", token)
            for content, status in (("wrong", 3), ("a-secret", 0)):
                with open(token, "w") as file:
                    file.write(content)
                run = self.check(repo, proxy.url, *options, *TOY, ".", store=content)
                self.assertEqual(run.status, status, str(run))
                self.assertNotIn(content, run.stderr)

    def test_an_executor_that_goes_away_fails_the_rest(self) -> None:
        proxy = self.proxy()
        proxy.rules[:] = [at_call(3, self.casd.kill, method="Execution/Execute")]
        run = self.check(self.repo(CHAIN), proxy.url, *TOY, ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertEqual(run.stderr.count(proxy.address), 1, str(run))

    def test_or_the_rest_runs_here(self) -> None:
        proxy = self.proxy()
        proxy.rules[:] = [at_call(3, self.casd.kill, method="Execution/Execute")]
        run = self.check(self.repo(CHAIN), proxy.url, *TOY, ".", fallback="local")
        self.assert_right(run)
        self.assert_executor(run, 0, 2, 3)
        self.assertEqual(run.stderr.count("sepal: warning:"), 1, str(run))

    def test_a_worker_takes_what_is_left(self) -> None:
        proxy = self.proxy()
        proxy.rules[:] = [at_call(4, self.casd.kill, method="Execution/Execute")]
        repo = self.repo()
        shutil.copytree(os.path.join(ROOT, "doc", "examples", "shop"), repo.root, dirs_exist_ok=True)
        there = self.check(repo, proxy.url, ".", fallback="local")
        here = repo.check("--store", os.path.join(repo.base, "here"), ".")
        self.assertEqual((there.status, there.stdout), (here.status, here.stdout), str(there))
        self.assertEqual(sum(there.stats["executor"].values()), there.stats["units"])
        self.assertGreater(there.stats["executor"]["locals"], 10, str(there))
        self.assertLess(there.stats["checker_processes"], there.stats["executor"]["locals"], "each ran alone")

    def test_one_that_is_not_there_at_all(self) -> None:
        casd = Casd(execution=True)  # a port that nobody listens on
        self.addCleanup(casd.delete)
        repo = self.repo(CHAIN)
        run = self.check(repo, casd.url, *TOY, ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(casd.address, run.stderr)
        run = self.check(repo, casd.url, *TOY, ".", fallback="local")
        self.assert_right(run)
        self.assertEqual(run.stderr.count("sepal: warning:"), 1, str(run))

    def test_a_cache_is_no_executor(self) -> None:
        casd = self.start(Casd())
        run = self.check(self.repo(CHAIN), casd.url, *TOY, ".")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn("does not execute actions", run.stderr)

    def test_options_that_make_no_sense(self) -> None:
        repo = self.repo(CHAIN)
        for arguments, sentence in (
                (("--runner", "remote"), "--remote-executor URL"),
                (("--remote-executor", "grpc://h:1"), "--runner remote"),
                (("--runner", "remote", "--remote-executor", "http://h:1"), "no executor"),
                (("--runner", "remote", "--remote-executor", "grpc://h:1", "--remote-platform", "x"), "KEY=VALUE")):
            run = repo.check(*TOY, *arguments, ".")
            self.assertEqual(run.status, 2, str(run))
            self.assertIn(sentence, run.stderr)


if __name__ == "__main__":
    unittest.main()
