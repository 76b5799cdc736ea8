"""Sepal's worker for the toy language (sepal_toy_language.py): the example of doc/adapters.md.

Speaks doc/formats/worker.md on stdin and stdout; the loop is sepal_server.py.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable

from sepal_frames import pack, write_all
from sepal_trace import Trace

HERE = os.path.dirname(os.path.abspath(__file__))


class BadBlob(Exception):
    """An interface is not what its digest says. One sentence."""


class ToyAdapter:
    """See sepal_server.Adapter."""

    def __init__(self) -> None:
        self.options: dict[int, dict[str, Any]] = {}
        self.announced: dict[str, dict[str, Any]] = {}
        self.loaded: dict[str, dict[str, Any]] = {}

    def describe(self, cwd: str, argv: list[str]) -> dict[str, Any]:
        from sepal_toy_describe import describe

        return describe(cwd, argv)

    def files(self, plugins: list[dict[str, Any]]) -> list[list[str]]:
        return []  # its language is an input of each action

    def begin(self, request: dict[str, Any]) -> None:
        pass

    def define_options(self, index: int, values: dict[str, Any]) -> None:
        self.options[index] = values

    def announce(self, modules: list[dict[str, Any]]) -> bool:
        changed = False
        for module in modules:
            name = module["id"]
            differs = name in self.announced and module["digest"] != self.announced[name]["digest"]
            if differs and name in self.loaded:
                raise ValueError(f"{name} is loaded and has another interface than when it was announced first")
            self.announced[name] = module
            changed = changed or differs
        return changed

    def load_hot(self) -> None:
        pass

    def expect(self, members: list[dict[str, Any]]) -> None:
        pass

    def load(self, modules: list[str]) -> None:
        for name in modules:
            try:
                self.interface(name)
            except BadBlob as err:
                sys.stderr.write(f"{err}\n")

    def interface(self, name: str) -> dict[str, Any]:
        if name not in self.loaded:
            self.loaded[name] = self._read(name)
        return self.loaded[name]

    def _read(self, name: str) -> dict[str, Any]:
        import hashlib
        import json

        entry = self.announced[name]
        try:
            with open(entry["blob"], "rb") as file:
                data = file.read()
        except OSError as err:
            raise BadBlob(f"The interface of {name} cannot be read: {err}.") from None
        if hashlib.sha256(data).hexdigest() != entry["digest"]:
            raise BadBlob(f"{entry['blob']}, the interface of {name}, has been altered.")
        return json.loads(data)

    def check(self, request: dict[str, Any], pipe: int, trace: Trace) -> bool:
        Batch(self, request["batch"], pipe).run(request["units"], trace)
        return True


class Batch:
    """A batch of units in its child: all interfaces first, then the bodies."""

    def __init__(self, adapter: ToyAdapter, number: int, pipe: int) -> None:
        self.adapter = adapter
        self.number = number
        self.pipe = pipe
        self.path = os.path.join(os.getcwd(), f"pack-{number}")
        self.end = 0

    def run(self, requests: list[dict[str, Any]], trace: Trace) -> None:
        self.pack = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        waiting: list[tuple[int, Any]] = []
        for request in requests:
            with trace.phase("interfaces", request["members"][0]["id"]):
                self._guarded(request["unit"], lambda: self._interfaces(request, waiting))
        for number, unit in waiting:
            with trace.phase("bodies"):
                self._guarded(number, lambda: self._reports(number, unit, trace))
        self._send({"event": "end"})

    def _interfaces(self, request: dict[str, Any], waiting: list[tuple[int, Any]]) -> None:
        from sepal_toy_language import Unit

        start = time.monotonic()
        number = request["unit"]
        unit = Unit(request, self.adapter.options, self.adapter.interface)
        unknown = {name: needed for name, member in unit.members.items()
                   if (needed := [other for other in member.dependencies
                                  if other not in unit.members and other not in self.adapter.announced])}
        if unknown:
            self._send({"event": "discovered", "unit": number, "dependencies": unknown})
            return
        places = [{"id": name, "data": self._keep(data), "meta": self._keep(meta)}
                  for name, data, meta in unit.interfaces()]
        self._send_step("interface", number, places, start)
        waiting.append((number, unit))

    def _reports(self, number: int, unit: Any, trace: Trace) -> None:
        start = time.monotonic()
        places = [{"id": name, "meta_ex": self._keep(meta_ex)} for name, meta_ex in unit.reports()]
        for frame in trace.frames():  # nobody may listen any more after the last report
            self._send(frame)
        self._send_step("report", number, places, start)

    def _guarded(self, unit: int, step: Callable[[], None]) -> None:
        """A unit that fails says so and does not concern the others."""
        from sepal_toy_language import Blocked, ChangedSource

        try:
            step()
        except Blocked as err:
            self._send({"event": "blocked", "unit": unit, "phase": err.phase, "messages": err.messages})
        except ChangedSource as err:
            self._send({"event": "failed", "unit": unit, "kind": "changed-source", "message": str(err)})
        except BadBlob as err:
            self._send({"event": "failed", "unit": unit, "kind": "bad-blob", "message": str(err)})
        except Exception as err:
            self._send({"event": "failed", "unit": unit, "kind": "crash", "message": repr(err)})

    def _send_step(self, event: str, unit: int, places: list[dict[str, Any]], start: float) -> None:
        self._send({"event": event, "unit": unit, "pack": self.path, "members": places,
                    "us": int((time.monotonic() - start) * 1_000_000)})

    def _keep(self, data: bytes) -> list[int]:
        place = [self.end, len(data)]
        write_all(self.pack, data)
        self.end += len(data)
        return place

    def _send(self, message: dict[str, Any]) -> None:
        write_all(self.pipe, pack({**message, "batch": self.number}))


def main() -> int:
    # stdout is for frames. Whatever else writes to it goes to stderr.
    answers = os.dup(1)
    os.dup2(2, 1)
    from sepal_server import serve

    return serve(ToyAdapter(), answers, "sepal_toy_worker")


if __name__ == "__main__":
    sys.exit(main())
