"""Real servers for tests: started on a free port of the loopback interface, in a scratch directory of their own, and
gone when the test ends, however it ends.

    class Cache(ServerCase):
        def test_something(self):
            casd = self.start(Casd())
            repo.check(".", "--remote-cache", casd.url)
            casd.kill()                # as in a crash; casd.start() brings it back on the same port, with its data

What there is: Casd (cache and sandboxed execution), BuildGrid in grid.py (execution), Nginx (HTTP cache); stand-ins for
bazel-remote and Buildbarn in personas.py; what goes wrong in faults.py (gRPC), faults_http.py (an HTTP cache) and
faults_tcp.py (the line); tls.py for certificates; reapi.py for a client that is not ours. ./dev installs the programs:
those from wheels into $SEPAL_SERVERS, the others are Debian's. Anything with start(), stop() and delete() can be given
to ServerCase.start; it is stopped after the test and its logs are shown if the test failed.

Readiness is polled: no test waits longer than it must. A server that does not come up is an AssertionError with its
log. Tests that execute actions are in classes under @needs_sandbox (sandbox.py).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from typing import Any, TypeVar

import sandbox
from kept import Kept, installed, program, tail


class Port:
    """A port of 127.0.0.1 that is ours until the end: a bound socket keeps it from everybody else, while servers that
    set SO_REUSEPORT (gRPC always does) can listen on it, stop, and listen again."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", self.number)) == 0

    def close(self) -> None:
        self._socket.close()


class Server:
    """A server made of programs under keepers. Subclasses say what to run (`_launch`) and when it is ready."""

    name = "server"

    def __init__(self) -> None:
        self.scratch = os.path.realpath(tempfile.mkdtemp(prefix=f"sepal-{self.name}."))
        os.chmod(self.scratch, 0o755)  # PostgreSQL is another user
        self.port = Port()
        self.kept: list[Kept] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port.number}"

    @property
    def logs(self) -> list[str]:
        return sorted(os.path.join(self.scratch, name) for name in os.listdir(self.scratch) if name.endswith(".log"))

    def start(self) -> None:
        try:
            self._launch()
        except BaseException:
            self._end(signal.SIGUSR1)
            raise

    def stop(self) -> None:
        """As an administrator would. Its data stay; start() takes them up."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a crash would."""
        self._end(signal.SIGUSR1)

    def delete(self) -> None:
        self.port.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        while self.kept:
            self.kept.pop().end(how)

    def _run(self, name: str, argv: list[str], **options: Any) -> Kept:
        kept = Kept(argv, os.path.join(self.scratch, name + ".log"), **options)
        self.kept.append(kept)
        return kept

    def _launch(self) -> None:
        raise NotImplementedError


# ---- the servers


class Casd(Server):
    """buildbox-casd: content-addressed store, action cache, byte streams, capabilities, sandboxed execution. No TLS and
    no tokens (fronts.py has those), no compression, REAPI 2.1 to 2.12, no instance name. Blobs are checked on writing;
    failed actions are not cached, as with most other servers."""

    name = "casd"

    def __init__(self, execution: bool = False, jobs: int = 2, arguments: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.execution, self.jobs, self.arguments = execution, jobs, arguments
        self.data = os.path.join(self.scratch, "data")

    @property
    def url(self) -> str:
        return f"grpc://{self.address}"

    def _launch(self) -> None:
        argv = [installed("buildbox", "buildbox-casd"), f"--bind={self.address}", "--log-level=warning",
                "--reserved=64M", *self.arguments]
        if self.execution:
            argv += [f"--buildbox-run={installed('buildbox', 'buildbox-run')}", f"--jobs={self.jobs}",
                     "--cache-failures=false", *(f"--runner-arg={argument}" for argument in sandbox.runner_arguments())]
        options = sandbox.way().options(self.scratch) if self.execution else {"env": sandbox.environment()}
        kept = self._run("casd", [*argv, self.data], **options)
        kept.wait_until(self.port.listens, "buildbox-casd")


NGINX = """\
{user}
daemon off;
pid {scratch}/nginx.pid;
error_log stderr warn;
worker_processes 2;
events {{ worker_connections 512; }}
http {{
	access_log {scratch}/access.log;
	client_body_temp_path {scratch}/body;
	proxy_temp_path {scratch}/proxy;
	fastcgi_temp_path {scratch}/fastcgi;
	uwsgi_temp_path {scratch}/uwsgi;
	scgi_temp_path {scratch}/scgi;
	keepalive_requests 100000;
	server {{
		listen {address} reuseport;
		root {scratch}/data;
		client_max_body_size {limit};
		location ~ "^/(ac|cas)/[0-9a-f]{{64}}$" {{
			dav_methods {methods};
			create_full_put_path on;
			limit_except GET {allow}
		}}
		location / {{ return 404; }}
	}}
}}
"""


class Nginx(Server):
    """nginx with PUT: GET and PUT of /ac/HASH and /cas/HASH, and nothing is checked. `writable=False` answers every
    PUT with 403; a body above `limit` with 413."""

    name = "nginx"

    def __init__(self, writable: bool = True, limit: str = "256m") -> None:
        super().__init__()
        self.data = os.path.join(self.scratch, "data")
        os.makedirs(self.data)
        self.writable, self.limit = writable, limit

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def _launch(self) -> None:
        configuration = os.path.join(self.scratch, "nginx.conf")
        with open(configuration, "w") as file:
            file.write(NGINX.format(
                user="user root;" if os.geteuid() == 0 else "", scratch=self.scratch, address=self.address,
                limit=self.limit, methods="PUT" if self.writable else "off",
                allow="{ allow all; }" if self.writable else "{ deny all; }"))
        # the name of a log that is kept for the moment before it has read its configuration
        argv = [program("nginx"), "-e", "stderr", "-p", self.scratch, "-c", configuration]
        self._run("nginx", argv).wait_until(self._answers, "nginx")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url + "/", timeout=1.0).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


# ---- for tests

Any_server = TypeVar("Any_server")


class ServerCase(unittest.TestCase):
    """Tests that start servers. If one fails, the scratch directories of its servers stay and their logs are shown."""

    def start(self, server: Any_server) -> Any_server:
        self.addCleanup(self._finish, server)
        server.start()  # type: ignore[attr-defined]
        return server

    def _finish(self, server: Any) -> None:
        server.stop()
        if not self._is_bad():
            server.delete()
            return
        print(f"{self.id()}: kept {getattr(server, 'scratch', server)}", file=sys.stderr)
        for log in getattr(server, "logs", []):
            print(f"---- {log}\n{tail(log)}", file=sys.stderr)

    def _is_bad(self) -> bool:
        outcome = getattr(self, "_outcome", None)
        result = getattr(outcome, "result", None)
        if not getattr(outcome, "success", True):
            return True
        return result is not None and any(test is self for test, _ in result.failures + result.errors)
