"""The loop of a worker process: requests from stdin, children's frames to stdout, a child for each lane.

It knows the protocol (doc/formats/worker.md) and no checker: that is an Adapter. The process checks nothing itself, so
it stays as it was after loading: what a child knows is a function of the interfaces. A child gets batch after batch,
and loads each interface once, until it has grown large; then another one is forked.
"""

from __future__ import annotations

import collections
import ctypes
import os
import re
import selectors
import signal
import sys
from typing import Any, Protocol

from sepal_frames import BadFrame, FrameBuffer, decode, pack, write_all
from sepal_trace import FIRST_CHILD_LANE, WORKER_LANE, Trace

_READ = 1 << 20
_PR_SET_PDEATHSIG = 1
_STEP = re.compile(rb'....\{"event":"(?:interface|report)",', re.DOTALL)
_IDLE = {"event": "idle"}  # from a child that goes on after the end of a batch; not for the other side

# Syntax trees are not given back. A child that has grown by this much is replaced by a fork of the parent, which has
# loaded interfaces only.
_WORTH_A_FORK = 256 * 1024 * 1024

# What a request must have (schemas/worker.schema.json has the whole of it).
_REQUESTS: dict[str, dict[str, Any]] = {
    "describe": {"cwd": str, "argv": list},
    "files": {"plugins": list},
    "begin": {"scratch": str, "typeshed": str, "options": dict, "plugins": list, "plugin_config": (dict, type(None)),
              "lanes": int},
    "options": {"index": int, "values": dict},
    "modules": {"modules": list},
    "load": {"modules": list},
    "expect": {"members": list},
    "reset": {},
    "run": {"batch": int, "units": list},
    "cancel": {"batch": int},
    "quit": {},
}
_AFTER_BEGIN = ("options", "modules", "load", "expect", "reset", "run", "cancel")


class Refused(Exception):
    """The checker cannot be set up as asked. One sentence."""


class Adapter(Protocol):
    """What a checker's side of the worker does. All but check() runs in the process that stays pristine."""

    def describe(self, cwd: str, argv: list[str]) -> dict[str, Any]:
        """The whole answer to `describe`."""

    def files(self, plugins: list[dict[str, Any]]) -> list[list[str]]:
        """[name, path] of every file that a machine without the checker needs; `name` is below a directory that is
        searched for modules. The plugins are those of the last description."""

    def begin(self, request: dict[str, Any]) -> None:
        """Loads the checker; the current directory is the scratch directory. Raises Refused."""

    def define_options(self, index: int, values: dict[str, Any]) -> None:
        """Raises BadFrame for options that the checker does not know."""

    def announce(self, modules: list[dict[str, Any]]) -> bool:
        """Interfaces that are known from now on; true if some were known otherwise. Raises KeyError, TypeError or
        ValueError for what is none, and for one that was loaded as it was before."""

    def load_hot(self) -> None:
        """Loads what many children will need: one is to be forked."""

    def load(self, modules: list[str]) -> None:
        """Loads the interfaces of these and of all that they stand on, as far as they are known and sound."""

    def expect(self, members: list[dict[str, Any]]) -> None:
        """Prepares for units of these members, in a fork of its own that runs when nothing else does."""

    def check(self, request: dict[str, Any], pipe: int, trace: Trace) -> bool:
        """Checks the batch of a `run` request, in a child, and writes all its answers to `pipe`, `end` the last one.
        False if something went wrong in this process and it should check nothing more."""


def die_with_parent() -> None:
    """A forked process has no reason to outlive the one that reads from it, however that one ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(adapter: Adapter, answers: int, name: str) -> int:
    """Answers requests until the end of input; `answers` is where frames go. The exit status of the process."""
    server = Server(adapter, answers)
    # Children die with this process. An exception could be lost: handlers also run while a fork is prepared.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        server.serve()
    except BadFrame as err:
        sys.stderr.write(f"{name}: {err}\n")
        return 3
    except BrokenPipeError:
        return 0  # nobody listens any more
    return 0


class Child:
    """A forked process and the batch that it checks, if there is one."""

    def __init__(self, pid: int, pipe: int, requests: int, lane: int, told: int) -> None:
        self.pid = pid
        self.pipe = pipe
        self.requests = requests
        self.lane = lane
        self.told = told  # how many requests of the log it knows
        self.idle = True  # it takes a batch
        self.retired = False  # it takes no more batches
        self.batch: int | None = None
        self.buffer = FrameBuffer()

    def begin(self, request: dict[str, Any]) -> None:
        self.idle = False
        self.batch = request["batch"]


class Server:
    def __init__(self, adapter: Adapter, answers: int) -> None:
        self.adapter = adapter
        self.answers = answers
        self.lanes = 0  # none before a successful `begin`
        self.trace = Trace(False, WORKER_LANE)
        self.queue: collections.deque[dict[str, Any]] = collections.deque()
        self.log: list[dict[str, Any]] = []  # `options` and `modules`: children that are older than they need them
        self.children: dict[int, Child] = {}
        self.helpers: list[int] = []  # processes that prepare
        self.selector = selectors.DefaultSelector()
        self.requests = FrameBuffer()
        self.over = False
        self.handover = -1  # of a generation: to the process that starts the next one
        self.left: list[bytes] | None = None  # after `reset`: what the next generation is to obey

    def serve(self) -> None:
        self.selector.register(0, selectors.EVENT_READ)
        try:
            while not self.over:
                for key, _ in self.selector.select():
                    self._ready(key.fd)
                while self.queue and (child := self._free_child()):
                    self._give(child, self.queue.popleft())
                if self.left is not None and not self.queue:
                    self._hand_over(self.left)
        finally:
            self.kill()

    def _ready(self, fd: int) -> None:
        if fd:
            self._hear(self.children[fd])
            return
        data = os.read(0, _READ)
        self.over = not data
        self.requests.feed(data)
        for raw in self.requests.raw_frames():
            request = decode(raw)
            if self.left is None or request.get("op") == "cancel":
                self._obey(request)
            else:
                self.left.append(raw)

    def kill(self) -> None:
        for pid in [*(child.pid for child in self.children.values()), *self.helpers]:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        self.children.clear()
        self.helpers.clear()

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

    def _files(self, request: dict[str, Any]) -> None:
        self._answer({"event": "files", "files": self.adapter.files(request["plugins"])})

    def _begin(self, request: dict[str, Any]) -> None:
        os.chdir(request["scratch"])
        try:
            self.adapter.begin(request)
        except Refused as err:
            self._answer({"event": "refused", "message": str(err)})
            return
        self.lanes = max(1, request["lanes"])
        self.trace.wanted = request.get("trace") is True
        self._answer({"event": "ready"})
        if request.get("generations", False):
            self._start_generations()

    def _options(self, request: dict[str, Any]) -> None:
        self.adapter.define_options(request["index"], request["values"])
        self._log(request)

    def _modules(self, request: dict[str, Any]) -> None:
        try:
            with self.trace.phase("announce", f"{len(request['modules'])} modules"):
                changed = self.adapter.announce(request["modules"])
        except (KeyError, TypeError, ValueError) as err:
            raise BadFrame(f"The request 'modules' is not as the protocol says: {err!r}.") from None
        if changed:
            self._retire()  # they may have loaded what was there before
        self._log(request)

    def _log(self, request: dict[str, Any]) -> None:
        if self.children:
            self.log.append(request)

    def _load(self, request: dict[str, Any]) -> None:
        with self.trace.phase("load"):
            self.adapter.load(request["modules"])
        self._retire()  # a new fork knows more than they do

    def _expect(self, request: dict[str, Any]) -> None:
        """Nobody waits for it, and nothing is lost when it comes to nothing."""
        pid = os.fork()
        if pid:
            self.helpers.append(pid)
            return
        try:
            die_with_parent()
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            self._let_go()
            self.adapter.expect(request["members"])
        finally:
            os._exit(0)

    def _run(self, request: dict[str, Any]) -> None:
        self.queue.append(request)

    def _cancel(self, request: dict[str, Any]) -> None:
        """Nobody waits for the batch any more: its units get no answers, only its end is said."""
        for waiting in [waiting for waiting in self.queue if waiting["batch"] == request["batch"]]:
            self.queue.remove(waiting)
            self._answer({"event": "end", "batch": request["batch"]})
        for child in self.children.values():
            if child.batch == request["batch"]:
                os.kill(child.pid, signal.SIGKILL)

    def _quit(self, _request: dict[str, Any]) -> None:
        self.over = True

    # Generations: what was loaded cannot be unloaded, but the process that loaded it can be replaced.

    def _start_generations(self) -> None:
        """Returns in a fork, which goes on obeying; this process only starts the next one when one hands over."""
        while True:
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                die_with_parent()
                os.close(read)
                self.handover = write
                self.selector.close()
                self.selector = selectors.DefaultSelector()
                self.selector.register(0, selectors.EVENT_READ)
                return
            os.close(write)
            self.requests.take()
            with os.fdopen(read, "rb") as pipe:
                handed_over = pipe.read()
            _, status = os.waitpid(pid, 0)
            if not handed_over:
                sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
            self.requests.feed(handed_over[1:])

    def _reset(self, _request: dict[str, Any]) -> None:
        """What comes from now on is for the next generation, which starts when all batches have ended."""
        if self.handover < 0:
            raise BadFrame("The request 'reset' came, but 'begin' did not ask for generations.")
        self.left = []
        self._retire()

    def _hand_over(self, left: list[bytes]) -> None:
        if self.children:
            return
        write_all(self.handover, b"\n" + b"".join(left) + self.requests.take())
        self.over = True

    # Children

    def _free_child(self) -> Child | None:
        for child in self.children.values():
            if child.idle and not child.retired:
                return child
        return self._fork() if len(self.children) < self.lanes else None

    def _fork(self) -> Child:
        taken = {child.lane for child in self.children.values()}
        lane = next(lane for lane in range(FIRST_CHILD_LANE, FIRST_CHILD_LANE + self.lanes) if lane not in taken)
        with self.trace.phase("load"):
            self.adapter.load_hot()
        answers, pipe = os.pipe()
        requests, orders = os.pipe()
        with self.trace.phase("fork"):
            pid = os.fork()
            if pid == 0:
                os.close(orders)
                self._be_child(requests, pipe, Trace(self.trace.wanted, lane))
        os.close(pipe)
        os.close(requests)
        child = self.children[answers] = Child(pid, answers, orders, lane, len(self.log))
        self.selector.register(answers, selectors.EVENT_READ)
        return child

    def _retire(self) -> None:
        """Every child ends when it has finished its batch."""
        for child in self.children.values():
            if child.idle and not child.retired:
                os.close(child.requests)
            child.retired = True

    def _give(self, child: Child, request: dict[str, Any]) -> None:
        """An idle child reads, so this does not wait for long."""
        child.begin(request)
        frames = [*self.log[child.told:], request]
        child.told = len(self.log)
        try:
            for frame in frames:
                write_all(child.requests, pack(frame))
        except BrokenPipeError:
            pass  # it is dead: the end of its answers is still to be read, and then its batch has failed

    def _be_child(self, requests: int, pipe: int, trace: Trace) -> None:
        """Never returns: nothing of the parent's loop may run in the child."""
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            die_with_parent()
            self._let_go()
            self._work(requests, pipe, trace)
            status = 0
        except BaseException as err:  # the parent is told by the status; what happened is for people
            sys.stderr.write(f"A batch of units ended early: {err!r}\n")
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _let_go(self) -> None:
        """In a fork: what is the parent's."""
        self.selector.close()
        for child in self.children.values():
            os.close(child.pipe)
            if not (child.retired and child.idle):
                os.close(child.requests)
        os.close(0)
        os.close(self.answers)
        if self.handover >= 0:
            os.close(self.handover)

    def _work(self, requests: int, pipe: int, trace: Trace) -> None:
        """Batch after batch, until there are no more, or this process is not worth keeping."""
        grown = _resident_bytes() + _WORTH_A_FORK
        buffer = FrameBuffer()
        while data := os.read(requests, _READ):
            buffer.feed(data)
            for request in buffer.frames():
                if request["op"] == "options":
                    self.adapter.define_options(request["index"], request["values"])
                elif request["op"] == "modules":
                    self.adapter.announce(request["modules"])
                elif not self.adapter.check(request, pipe, trace) or _resident_bytes() > grown:
                    return
                else:
                    write_all(pipe, pack(_IDLE))

    def _hear(self, child: Child) -> None:
        data = os.read(child.pipe, _READ)
        if not data:
            self._bury(child)
            return
        child.buffer.feed(data)
        frames = [raw for raw in child.buffer.raw_frames() if self._note(child, raw)]
        write_all(self.answers, b"".join(frames))

    def _note(self, child: Child, raw: bytes) -> bool:
        """What a frame of a child says about the child; is it for the other side as well?"""
        if _STEP.match(raw):  # nearly all frames, and the longest
            return True
        message = decode(raw)
        if message == _IDLE:
            child.idle = True
            if child.retired:
                os.close(child.requests)
            return False
        if message["event"] == "end":
            child.batch = None
        elif message["event"] == "trace":
            for frame in self.trace.frames():
                self._answer(frame)
        return True

    def _bury(self, child: Child) -> None:
        self.selector.unregister(child.pipe)
        os.close(child.pipe)
        if not (child.retired and child.idle):
            os.close(child.requests)
        del self.children[child.pipe]
        if not self.children:
            self.log.clear()
        _, status = os.waitpid(child.pid, 0)
        if child.batch is None:
            return
        self._answer({"event": "end", "batch": child.batch, "died": f"its process {_ending(status)}"})


def _resident_bytes() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"died of signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with status {os.waitstatus_to_exitcode(status)}"
