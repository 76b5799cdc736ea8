"""`sepal check --remote-cache` as a guest: what it says and keeps to itself, when it writes, what a dead server costs,
and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
import faults_http  # noqa: E402
import jsonschema  # noqa: E402
from faults import READS, WRITES, FaultProxy  # noqa: E402
from faults_http import HttpCache  # noqa: E402
from servers import Casd, Nginx, Port  # noqa: E402
from shared import SharedCase  # noqa: E402
from testrepo import ROOT, Repo, Run, sepal_binary  # noqa: E402
from toy import CHAIN, wait_until_running  # noqa: E402
from watching import HEARING, Watch  # noqa: E402

WRONG = CHAIN + "-- e.py --\nimport d\nerror a fault in e\n"
SECRET = "a-secret-that-nobody-may-read"
HELPER = f"""\
#!/bin/sh
cat > /dev/null
echo '{{"headers": {{"Authorization": ["Bearer {SECRET}"]}}}}'
"""


def files_with(text: str, *places: str) -> list[str]:
    found = []
    for place in places:
        for directory, _, names in os.walk(place):
            for name in names:
                path = os.path.join(directory, name)
                with open(path, "rb") as file:
                    if text.encode() in file.read():
                        found.append(path)
    return found


class BackgroundCase(SharedCase):
    def start_with(self, repo: Repo, url: str, *arguments: str) -> subprocess.Popen[str]:
        """`sepal check` with a shared cache, in the background, and it hears signals."""
        argv = [*HEARING, sepal_binary(), "check", "--checker", "toy", "--remote-cache", url, *arguments]
        process = subprocess.Popen(argv, cwd=repo.root, env=repo.environment(), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process


class Secrets(BackgroundCase):
    def token_file(self, repo: Repo, text: str = SECRET) -> str:
        path = os.path.join(repo.base, "home", "token")
        with open(path, "w") as file:
            file.write(text + "\n")
        return path

    def helper(self, repo: Repo) -> str:
        path = os.path.join(repo.base, "home", "helper")
        with open(path, "w") as file:
            file.write(HELPER)
        os.chmod(path, stat.S_IRWXU)
        return path

    def assert_nowhere(self, repo: Repo, run: Run) -> None:
        self.assertNotIn(SECRET, run.stdout + run.stderr)
        self.assertNotIn(SECRET, json.dumps(run.stats))
        self.assertEqual(files_with(SECRET, repo.root, repo.cache), [])

    def ways(self, repo: Repo) -> dict[str, tuple[str, ...]]:
        return {"file": ("--remote-token-file", self.token_file(repo)),
                "helper": ("--remote-credential-helper", self.helper(repo)),
                "header": ("--remote-header", f"authorization=Bearer {SECRET}")}

    def test_a_secret_reaches_the_server_and_nothing_else(self) -> None:
        grpc = self.start(FaultProxy(self.start(Casd()).address, faults.demand_token(SECRET)))
        http = self.start(HttpCache(faults_http.demand_token(SECRET)))
        for url in (grpc.url, http.url):
            for name in ("file", "helper", "header"):
                with self.subTest(name, url=url):
                    repo = self.machine(WRONG)
                    trace = os.path.join(repo.root, "trace.json")
                    run = self.check_with(repo, url, *self.ways(repo)[name], "--remote-upload", "yes", "--trace", trace,
                                          "--verbose")
                    self.assertEqual(run.status, 1, str(run))
                    self.assertNotIn("warning", run.stderr)
                    self.assertEqual(run.stats["remote"]["failed"], 0)
                    self.assert_nowhere(repo, run)
        self.assertIn(f"Bearer {SECRET}", http.secrets)

    def test_a_secret_that_is_refused_is_in_no_sentence(self) -> None:
        grpc = self.start(FaultProxy(self.start(Casd()).address, faults.demand_token("another")))
        http = self.start(HttpCache(faults_http.demand_token("another")))
        for url in (grpc.url, http.url):
            for name in ("file", "helper", "header"):
                with self.subTest(name, url=url):
                    repo = self.machine(WRONG)
                    run = self.check_with(repo, url, *self.ways(repo)[name])
                    self.assertEqual((run.status, len(run.stderr.splitlines())), (1, 1), str(run))
                    self.assert_nowhere(repo, run)

    def test_a_secret_is_in_no_command_line_and_no_environment_of_children(self) -> None:
        proxy = self.start(FaultProxy(self.start(Casd()).address, faults.demand_token(SECRET)))
        for name in ("file", "helper", "header"):
            with self.subTest(name):
                repo = self.machine("-- a.py --\nhang\n")
                process = self.start_with(repo, proxy.url, *self.ways(repo)[name])
                wait_until_running(repo.store)
                children = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if descends_from(pid, process.pid)]
                self.assertNotEqual(children, [])
                for pid in children:
                    for what in ("cmdline", "environ"):
                        with open(f"/proc/{pid}/{what}", "rb") as file:
                            self.assertNotIn(SECRET.encode(), file.read())
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(30), 130)

    def test_a_token_that_is_renewed_in_the_middle_is_read_again(self) -> None:
        repo = self.machine(WRONG)
        path = self.token_file(repo, "old")

        def renew() -> None:
            self.token_file(repo, "new")
            proxy.rules[:] = [faults.demand_token("new")]

        proxy = FaultProxy(self.start(Casd()).address, faults.demand_token("old"), faults.at_call(3, renew))
        self.start(proxy)
        run = self.check_with(repo, proxy.url, "--remote-token-file", path, "--remote-upload", "yes")
        self.assertEqual((run.status, run.stderr, run.stats["remote"]["dropped"]), (1, "", 0), str(run))
        self.assert_all_from_the_cache(
            self.check_with(self.machine(WRONG), proxy.url, "--remote-token-file", path), run)


def descends_from(pid: str, ancestor: int) -> bool:
    while int(pid) > 1:
        try:
            with open(f"/proc/{pid}/stat") as file:
                pid = file.read().rpartition(")")[2].split()[1]
        except OSError:
            return False
        if int(pid) == ancestor:
            return True
    return False


class Refusals(SharedCase):
    """What is wrong with the command line is said before anything is done."""

    def test_bad_input_is_a_sentence_and_status_2(self) -> None:
        repo = self.machine(WRONG)
        nowhere = os.path.join(repo.base, "nowhere")
        good = ("--remote-cache", "grpc://127.0.0.1:1")
        for arguments, text in {
            ("--remote-cache", "ftp://cache.example"): "grpc://",
            ("--remote-cache", "cache.example:443"): "grpc://",
            ("--remote-cache", "grpc://"): "host",
            ("--remote-cache", f"https://user:{SECRET}@cache.example/"): "token",
            ("--remote-cache", f"https://cache.example/?key={SECRET}"): "",
            ("--remote-cache", "grpc://127.0.0.1:99999"): "port",
            (*good, "--remote-token-file", nowhere): nowhere,
            (*good, "--remote-header", f"{SECRET}"): "NAME=VALUE",
            (*good, "--remote-header", f"content-length={SECRET}"): "content-length",
            (*good, "--remote-header", f"bad name={SECRET}"): "header",
            (*good, "--remote-upload", "perhaps"): "auto",
            (*good, "--remote-timeout", "soon"): "--remote-timeout",
            ("--remote-cache", "grpcs://127.0.0.1:1", "--remote-ca-file", nowhere): nowhere,
            ("--remote-cache", "https://127.0.0.1:1", "--remote-cert", nowhere): nowhere,
        }.items():
            with self.subTest(arguments):
                run = self.check(repo, *arguments)
                self.assertEqual((run.status, run.stdout), (2, ""), str(run))
                self.assertIn(text, run.stderr)
                self.assertNotIn(SECRET, run.stderr)
                self.assertEqual([line for line in run.stderr.splitlines()[1:] if not line.startswith("  while ")], [])


class Writing(SharedCase):
    def test_what_may_only_be_read_is_not_written(self) -> None:
        casd = self.start(Casd())
        for policy, warnings in (("auto", 0), ("no", 0), ("yes", 1)):
            with self.subTest(policy):
                proxy = self.start(FaultProxy(casd.address, *faults.read_only()))
                run = self.check_with(self.machine(WRONG), proxy.url, "--remote-upload", policy)
                self.assertEqual((run.status, len(run.stderr.splitlines())), (1, warnings), str(run))
                self.assertEqual(sum(proxy.calls[name] for name in WRITES), 0, proxy.calls)
                self.assertEqual(run.stats["remote"]["records_sent"], 0)

    def test_a_server_that_says_no_too_late_is_not_asked_again(self) -> None:
        """It announces that it can be written to, and refuses."""
        casd = self.start(Casd())
        for policy, warnings in (("auto", 0), ("yes", 1)):
            with self.subTest(policy):
                proxy = self.start(FaultProxy(casd.address, faults.fail("PERMISSION_DENIED", methods=WRITES)))
                run = self.check_with(self.machine(WRONG), proxy.url, "--remote-upload", policy)
                self.assertEqual(run.status, 1, str(run))
                self.assertLessEqual(len(run.stderr.splitlines()), 1, run.stderr)
                self.assertEqual(run.stats["remote"]["records_sent"], 0)

    def test_over_http(self) -> None:
        for policy, most in (("auto", 0), ("no", 0), ("yes", 1)):
            with self.subTest(policy):
                nginx = self.start(Nginx(writable=False))
                run = self.check_with(self.machine(WRONG), nginx.url, "--remote-upload", policy)
                self.assertEqual(run.status, 1, str(run))
                self.assertLessEqual(len(run.stderr.splitlines()), most, run.stderr)
                self.assertEqual(os.listdir(nginx.data), [])

    def test_a_reader_reads(self) -> None:
        casd = self.start(Casd())
        made = self.check_with(self.machine(WRONG), casd.url, "--remote-upload", "yes")
        proxy = self.start(FaultProxy(casd.address, *faults.read_only()))
        for policy in ("auto", "no"):
            run = self.check_with(self.machine(WRONG), proxy.url, "--remote-upload", policy)
            self.assert_all_from_the_cache(run, made)
            self.assertEqual(run.stderr, "")


class Dead(SharedCase):
    """What there is to wait for is counted; time is only bounded."""

    def assert_cheap(self, url: str, most_warnings: int = 1) -> Run:
        like = self.check(self.machine(WRONG))
        started = time.monotonic()
        run = self.check_with(self.machine(WRONG), url)
        self.assert_right(run, like, seconds=10, started=started)
        self.assertLessEqual(len(run.stderr.splitlines()), most_warnings, run.stderr)
        return run

    def test_nobody_listens(self) -> None:
        port = Port()
        self.addCleanup(port.close)
        for scheme in ("grpc", "http"):
            run = self.assert_cheap(f"{scheme}://127.0.0.1:{port.number}")
            self.assertEqual((run.stats["remote"]["records_found"], run.stats["remote"]["records_sent"]), (0, 0))
            self.assertIn("warning", run.stderr)

    def test_it_listens_and_never_answers(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            for scheme in ("grpc", "http", "grpcs", "https"):
                run = self.assert_cheap(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
                self.assertIn("nothing has come from there", run.stderr)
                self.assertEqual(run.stats["remote"]["impatient"], len(run.stats["modules_run"]), str(run))

    def test_nothing_comes_back_at_all(self) -> None:
        """The queue of the listener is full: not even a connection comes about."""
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            others = [socket.socket() for _ in range(4)]
            for other in others:
                other.setblocking(False)
                other.connect_ex(listener.getsockname())
            for scheme in ("grpc", "http"):
                run = self.assert_cheap(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
                self.assertEqual(run.stats["remote"]["impatient"], len(run.stats["modules_run"]), str(run))
            for other in others:
                other.close()

    def test_quiet_is_quiet(self) -> None:
        port = Port()
        self.addCleanup(port.close)
        self.assertEqual(self.check_with(self.machine(WRONG), f"grpc://127.0.0.1:{port.number}", "--quiet").stderr, "")


class Statistics(SharedCase):
    def test_they_keep_to_the_schema(self) -> None:
        with open(os.path.join(ROOT, "schemas", "stats.schema.json")) as file:
            validator = jsonschema.Draft202012Validator(json.load(file))
        for url in (self.start(Casd()).url, self.start(HttpCache()).url, "grpc://127.0.0.1:1"):
            for _ in range(2):
                run = self.check_with(self.machine(WRONG), url)
                validator.validate(run.stats)
                self.assertIn("remote", run.stats)
        self.assertNotIn("remote", self.check(self.machine(WRONG)).stats)

    def test_they_tell_what_travelled(self) -> None:
        url = self.start(Casd()).url
        made = self.check_with(self.machine(WRONG), url, "--remote-upload", "yes").stats
        self.assertEqual((made["remote"]["records_sent"], made["remote"]["blobs_sent"]),
                         (made["units_run"] + 1, made["units_run"]))  # the units, and the tree
        used = self.check_with(self.machine(WRONG), url).stats["remote"]
        self.assertEqual((used["units_found"], used["records_sent"], used["blobs_asked"]), (made["units_run"], 0, 0))


class Together(SharedCase):
    def test_another_command_line_has_the_same_results(self) -> None:
        url = self.start(Casd()).url
        self.check_with(self.machine(WRONG), url, "--remote-upload", "yes")
        repo = self.machine(WRONG)
        for paths in (("e.py",), ("b.py", "c.py"), (".",)):
            run = self.check_with(repo, url, *paths)
            self.assert_ran(run)
        with_options = self.machine(WRONG)
        with_options.write("toy.ini", "[toy]\nshout = yes\n")
        run = self.check_with(with_options, url, "--remote-upload", "yes")
        self.assertIn("A FAULT IN E", run.stdout)
        self.assert_ran(self.check_with(self.machine(WRONG), url))

    def test_a_watch_uses_what_others_made_meanwhile(self) -> None:
        url = self.start(Casd()).url
        ours, theirs = self.machine(WRONG), self.machine(WRONG)
        made = self.check_with(theirs, url, "--remote-upload", "yes")
        stats = os.path.join(ours.base, "stats.json")
        watch = Watch(ours, "--checker", "toy", "--remote-cache", url, "--stats-json", stats)
        self.addCleanup(watch.kill)
        watch.wait()
        self.assertEqual(watch.now(), sorted(made.lines[:-1]))
        for number in range(3):
            text = f"import d\nerror fault number {number}\n"
            theirs.write("e.py", text)
            self.check_with(theirs, url, "--remote-upload", "yes")
            ours.write("e.py", text)
            watch.wait(lambda: any(line.endswith(f"number {number}  [toy]") for line in watch.now()))
        with open(stats) as file:
            self.assertEqual(json.load(file)["modules_run"], [])
        self.assertEqual(watch.end(), 130)
        self.assertEqual(watch.errors(), "")

    def test_a_watch_with_a_dead_cache_says_so_once(self) -> None:
        port = Port()
        self.addCleanup(port.close)
        repo = self.machine(WRONG)
        watch = Watch(repo, "--checker", "toy", "--remote-cache", f"grpc://127.0.0.1:{port.number}")
        self.addCleanup(watch.kill)
        watch.wait()
        for number in range(4):
            repo.write("e.py", f"import d\nerror fault number {number}\n")
            watch.wait(lambda: any(line.endswith(f"number {number}  [toy]") for line in watch.now()))
        self.assertEqual(len(watch.errors().splitlines()), 1, watch.errors())
        self.assertEqual(watch.end(), 130)


class Endings(BackgroundCase):
    def test_an_interrupt_while_it_waits_for_the_cache_ends_it_at_once(self) -> None:
        casd = self.start(Casd())
        large = WRONG.replace("export X 1", "export X " + "x" * 6_000_000)
        self.check_with(self.machine(large), casd.url, "--remote-upload", "yes")
        for number, methods in enumerate((("GetCapabilities",), ("GetActionResult",), READS)):
            with self.subTest(methods):
                proxy = self.start(FaultProxy(casd.address, faults.hang(methods=methods)))
                repo = self.machine(large)
                repo.write("e.py", f"import d\n# edit {number}\n")
                process = self.start_with(repo, proxy.url)
                deadline = time.monotonic() + 30
                while not any(proxy.calls[name] for name in methods) and time.monotonic() < deadline:
                    time.sleep(0.002)
                started = time.monotonic()
                process.send_signal(signal.SIGINT)
                _, said = process.communicate(timeout=30)
                self.assertEqual(process.returncode, 130, said)
                self.assertLess(time.monotonic() - started, 5)
                self.assert_no_children(repo)
                repo.doctor()
                self.assert_ran(self.check_with(repo, casd.url), "e")


if __name__ == "__main__":
    unittest.main()
