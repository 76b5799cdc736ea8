"""Real servers for tests: started on a free port of the loopback interface, in a scratch directory of their own, and
gone when the test ends, however it ends.

    class Cache(ServerCase):
        def test_something(self):
            casd = self.start(Casd())
            repo.check(".", "--remote-cache", casd.url)
            casd.kill()                # as in a crash; casd.start() brings it back on the same port, with its data

What there is: Casd (cache and sandboxed execution), BuildGrid in buildgrid.py (execution), Nginx (HTTP cache). ./dev
installs their programs: those from wheels into $SEPAL_SERVERS, the others are Debian's. Anything with start(), stop()
and delete() can be given to ServerCase.start; it is stopped after the test and its logs are shown if the test failed.

`servers.ready` and the like are polled: no test waits longer than it must. A server that does not come up is an
AssertionError with its log. The bubblewrap sandbox needs a machine that lets it make namespaces: sandbox_problem() says
in one sentence why it cannot be had, and a class under @needs_sandbox then shows just that.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from typing import Any, Callable, TypeVar

LIB = os.path.dirname(os.path.abspath(__file__))
START_SECONDS = 60.0
LOG_LINES = 60


def setting(name: str, what: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise AssertionError(f"Set {name} to {what}, or run the tests by ./dev test.")
    return value


def installed(*names: str) -> str:
    path = os.path.join(setting("SEPAL_SERVERS", "the directory where ./dev has put the servers"), *names)
    if not os.path.exists(path):
        raise AssertionError(f"{path} is not there: run ./dev test remote, which installs it.")
    return os.path.abspath(path)


def program(name: str) -> str:
    """A program of a Debian package; those for administrators are not on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if not found:
        raise AssertionError(f"There is no program {name}: run ./dev test remote as root, which installs it.")
    return found


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


class Kept:
    """One program under keeper.py, with a log."""

    def __init__(self, argv: list[str], log: str, user: str = "", own_root: str = "",
                 env: dict[str, str] | None = None) -> None:
        self.argv, self.log = argv, log
        keeper = [sys.executable, "-I", "-S", os.path.join(LIB, "keeper.py")]
        if user:
            keeper += ["--user", user]
        if own_root:
            keeper += ["--own-root", own_root]
        with open(log, "ab") as file:
            self.process = subprocess.Popen([*keeper, str(os.getpid()), *argv], stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=subprocess.STDOUT, cwd="/", env=env, start_new_session=True)

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{what} ended with status {self.process.returncode} instead of starting:\n"
                                     f"{tail(self.log)}")
            if time.monotonic() > end:
                self.end(signal.SIGUSR1)
                raise AssertionError(f"{what} is not ready after {START_SECONDS:.0f} s:\n{tail(self.log)}")
            time.sleep(0.01)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Returns when no process of it is left."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait()


def tail(path: str) -> str:
    try:
        with open(path, errors="replace") as file:
            return "".join(file.readlines()[-LOG_LINES:])
    except OSError as error:
        return str(error)


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


# ---- the sandbox


def root_is_mount_point() -> bool:
    with open("/proc/self/mountinfo") as file:
        return any(line.split()[4] == "/" for line in file)


def sandbox_options(scratch: str) -> dict[str, str]:
    """For Kept: what lets bubblewrap work here. In a chroot, whose root is no mount point, it gets one that is."""
    if root_is_mount_point() or os.geteuid() != 0:
        return {}
    own_root = os.path.join(scratch, "own-root")
    os.makedirs(own_root, exist_ok=True)
    return {"own_root": own_root}


def sandbox_problem() -> str:
    """Why bubblewrap cannot run here, in one sentence; empty if it can."""
    with tempfile.TemporaryDirectory(prefix="sepal-sandbox.") as scratch:
        kept = Kept([program("bwrap"), "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc", "/bin/true"],
                    os.path.join(scratch, "log"), **sandbox_options(scratch))
        if kept.process.wait() == 0:
            return ""
        said = tail(os.path.join(scratch, "log")).strip().splitlines()
        return ("Sandboxed execution cannot be shown on this machine, which lets nobody make the namespaces that "
                f"bubblewrap needs: {said[-1] if said else 'it ended without a word'}.")


Class = TypeVar("Class", bound=type)


def needs_sandbox(cls: Class) -> Class:
    """Where the sandbox cannot run, the tests of the class make way for one that says so and shows that it is true."""
    problem = sandbox_problem()
    if problem:
        for name in [name for name in dir(cls) if name.startswith("test")]:
            setattr(cls, name, None)

        def test_this_machine_has_no_sandbox(self: unittest.TestCase) -> None:
            print(problem, file=sys.stderr)
            self.assertNotEqual(sandbox_problem(), "")
        setattr(cls, "test_this_machine_has_no_sandbox", test_this_machine_has_no_sandbox)
    return cls


def system_mounts() -> dict[str, str]:
    """Path in the sandbox -> directory of this machine: the system, and the interpreter that has mypy if it is not the
    system's own. Their paths are the same inside as outside."""
    mounts = {"/usr": "/usr"}
    for name in ("bin", "lib", "lib64"):
        if os.path.isdir("/" + name):
            mounts["/" + name] = os.path.realpath("/" + name)
    python = os.environ.get("SEPAL_PYTHON")
    if python:
        prefix = subprocess.run([python, "-I", "-c", "import sys; print(sys.base_prefix)"], stdout=subprocess.PIPE,
                                text=True, check=True).stdout.strip()
        if not prefix.startswith("/usr"):
            mounts[prefix] = os.path.realpath(prefix)
    return mounts


def runner_arguments() -> list[str]:
    """What buildbox-run is told about the sandbox. Staging through FUSE would make Python three times slower."""
    return ["--staging-mode=copy-or-link",
            *(f"--ro-bind-mount={outside}:{inside}" for inside, outside in sorted(system_mounts().items()))]


def sandbox_environment() -> dict[str, str]:
    """Directories on PATH that cannot be read stop the runner; and the runner looks for its helpers there."""
    return {"PATH": f"{installed('buildbox')}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


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
                     "--cache-failures=false", *(f"--runner-arg={argument}" for argument in runner_arguments())]
        options: dict[str, Any] = sandbox_options(self.scratch) if self.execution else {}
        kept = self._run("casd", [*argv, self.data], env=sandbox_environment(), **options)
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
