"""The loop of a worker process: requests from stdin, children's frames to stdout, a fork for every batch.

It knows the protocol (doc/formats/worker.md) and no checker: that is an Adapter. The process checks nothing itself, so
it stays as it was after loading: what a child knows is a function of the interfaces.
"""

from __future__ import annotations

import collections
import ctypes
import os
import selectors
import signal
import sys
from typing import Any, Protocol

from sepal_frames import BadFrame, FrameBuffer, decode, pack, write_all

_READ = 1 << 20
_PR_SET_PDEATHSIG = 1

# What a request must have (schemas/worker.schema.json has the whole of it).
_REQUESTS: dict[str, dict[str, Any]] = {
    "describe": {"cwd": str, "argv": list},
    "begin": {"scratch": str, "typeshed": str, "options": dict, "plugins": list, "plugin_config": (dict, type(None)),
              "lanes": int},
    "options": {"index": int, "values": dict},
    "modules": {"modules": list},
    "run": {"batch": int, "units": list},
    "cancel": {"batch": int},
    "quit": {},
}
_AFTER_BEGIN = ("options", "modules", "run", "cancel")


class Refused(Exception):
    """The checker cannot be set up as asked. One sentence."""


class Adapter(Protocol):
    """What a checker's side of the worker does. All but check() runs in the process that stays pristine."""

    def describe(self, cwd: str, argv: list[str]) -> dict[str, Any]:
        """The whole answer to `describe`."""

    def begin(self, request: dict[str, Any]) -> None:
        """Loads the checker; the current directory is the scratch directory. Raises Refused."""

    def define_options(self, index: int, values: dict[str, Any]) -> None:
        """Raises BadFrame for options that the checker does not know."""

    def announce(self, modules: list[dict[str, Any]]) -> None:
        """Interfaces that are known from now on. Raises KeyError, TypeError or ValueError for what is none."""

    def check(self, request: dict[str, Any], pipe: int) -> None:
        """Checks the batch of a `run` request, in a child of its own, and writes all its answers to `pipe`."""


def die_with_parent() -> None:
    """A forked process has no reason to outlive the one that reads from it, however that one ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(adapter: Adapter, answers: int, name: str) -> int:
    """Answers requests until the end of input; `answers` is where frames go. The exit status of the process."""
    server = Server(adapter, answers)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve()
    except BadFrame as err:
        sys.stderr.write(f"{name}: {err}\n")
        return 3
    except BrokenPipeError:
        return 0  # nobody listens any more
    return 0


class Child:
    """A forked process and the batch that it checks."""

    def __init__(self, pid: int, pipe: int, request: dict[str, Any]) -> None:
        self.pid = pid
        self.pipe = pipe
        self.batch: int = request["batch"]
        self.unfinished = {unit["unit"]: [member["id"] for member in unit["members"]] for unit in request["units"]}
        self.ended = False
        self.buffer = FrameBuffer()


class Server:
    def __init__(self, adapter: Adapter, answers: int) -> None:
        self.adapter = adapter
        self.answers = answers
        self.lanes = 0  # none before a successful `begin`
        self.queue: collections.deque[dict[str, Any]] = collections.deque()
        self.children: dict[int, Child] = {}
        self.selector = selectors.DefaultSelector()
        self.requests = FrameBuffer()
        self.over = False

    def serve(self) -> None:
        self.selector.register(0, selectors.EVENT_READ)
        try:
            while not self.over:
                for key, _ in self.selector.select():
                    self._ready(key.fd)
                while self.queue and len(self.children) < self.lanes:
                    self._fork(self.queue.popleft())
        finally:
            self.kill()

    def _ready(self, fd: int) -> None:
        if fd:
            self._hear(self.children[fd])
            return
        data = os.read(0, _READ)
        self.over = not data
        self.requests.feed(data)
        for request in self.requests.frames():
            self._obey(request)

    def kill(self) -> None:
        for child in self.children.values():
            try:
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        self.children.clear()

    def _answer(self, message: dict[str, Any]) -> None:
        write_all(self.answers, pack(message))

    # Requests

    def _obey(self, request: dict[str, Any]) -> None:
        op = request.get("op")
        shape = _REQUESTS.get(op) if isinstance(op, str) else None
        if shape is None:
            raise BadFrame(f"There is no request {op!r}.")
        for name, kind in shape.items():
            if not isinstance(request.get(name, self), kind):
                raise BadFrame(f"The request {op!r} has no proper {name!r}.")
        if not self.lanes and op in _AFTER_BEGIN:
            raise BadFrame(f"The request {op!r} came before a successful 'begin'.")
        getattr(self, "_" + op)(request)

    def _describe(self, request: dict[str, Any]) -> None:
        self._answer(self.adapter.describe(request["cwd"], request["argv"]))

    def _begin(self, request: dict[str, Any]) -> None:
        os.chdir(request["scratch"])
        try:
            self.adapter.begin(request)
        except Refused as err:
            self._answer({"event": "refused", "message": str(err)})
            return
        self.lanes = max(1, request["lanes"])
        self._answer({"event": "ready"})

    def _options(self, request: dict[str, Any]) -> None:
        self.adapter.define_options(request["index"], request["values"])

    def _modules(self, request: dict[str, Any]) -> None:
        try:
            self.adapter.announce(request["modules"])
        except (KeyError, TypeError, ValueError) as err:
            raise BadFrame(f"The request 'modules' is not as the protocol says: {err!r}.") from None

    def _run(self, request: dict[str, Any]) -> None:
        self.queue.append(request)

    def _cancel(self, request: dict[str, Any]) -> None:
        """Nobody waits for the batch any more: its units get no answers, only its end is said."""
        for waiting in [waiting for waiting in self.queue if waiting["batch"] == request["batch"]]:
            self.queue.remove(waiting)
            self._answer({"event": "end", "batch": request["batch"]})
        for child in self.children.values():
            if child.batch == request["batch"]:
                child.unfinished.clear()
                os.kill(child.pid, signal.SIGKILL)

    def _quit(self, _request: dict[str, Any]) -> None:
        self.over = True

    # Children

    def _fork(self, request: dict[str, Any]) -> None:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_child(request, write)
        os.close(write)
        self.children[read] = Child(pid, read, request)
        self.selector.register(read, selectors.EVENT_READ)

    def _be_child(self, request: dict[str, Any], pipe: int) -> None:
        """Never returns: nothing of the parent's loop may run in the child."""
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            die_with_parent()
            self.selector.close()
            for child in self.children.values():
                os.close(child.pipe)
            os.close(0)
            os.close(self.answers)
            self.adapter.check(request, pipe)
            status = 0
        except BaseException as err:  # the parent is told by the status; what happened is for people
            sys.stderr.write(f"A batch of units ended early: {err!r}\n")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _hear(self, child: Child) -> None:
        data = os.read(child.pipe, _READ)
        if not data:
            self._bury(child)
            return
        child.buffer.feed(data)
        for raw in child.buffer.raw_frames():
            message = decode(raw)
            if message["event"] == "end":
                child.ended = True
            elif message["event"] != "interface":
                child.unfinished.pop(message["unit"], None)
            write_all(self.answers, raw)

    def _bury(self, child: Child) -> None:
        self.selector.unregister(child.pipe)
        os.close(child.pipe)
        del self.children[child.pipe]
        _, status = os.waitpid(child.pid, 0)
        if child.ended:
            return
        for unit, members in child.unfinished.items():
            self._answer({"event": "failed", "batch": child.batch, "unit": unit, "kind": "crash", "message": (
                f"The process that checked {', '.join(members[:3])}{', ...' if members[3:] else ''} "
                f"{_ending(status)} before it had an answer.")})
        self._answer({"event": "end", "batch": child.batch})


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"died of signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with status {os.waitstatus_to_exitcode(status)}"
