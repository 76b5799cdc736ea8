"""A batch of units, in the forked child that checks them.

The interfaces of all units come first, because other units wait for them; then the bodies. The bytes go to the
batch's pack file, the frames to the pipe. A unit that fails says so and does not concern the others.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
import traceback
from typing import Any, Callable

from sepal_frames import pack, write_all
from sepal_mypy_files import ChangedSource
from sepal_mypy_interfaces import BadBlob
from sepal_mypy_manager import Checker
from sepal_mypy_parts import Report
from sepal_mypy_unit import Blocked, Discovered, Unit
from sepal_trace import Trace


_PATIENCE = 0.05  # seconds: how long a report may wait for others to go with it


class Batch:
    def __init__(self, checker: Checker, request: dict[str, Any], pipe: int, trace: Trace) -> None:
        self.checker = checker
        self.trace = trace
        self.number: int = request["batch"]
        self.requests: list[dict[str, Any]] = request["units"]
        self.pipe = pipe
        self.path = os.path.join(os.getcwd(), f"pack-{self.number}")
        self.pack = -1
        self.end = 0
        self.kept: list[bytes] = []  # for the pack file
        self.frames: list[bytes] = []  # for the pipe, once the pack file has what they name
        self.flushed = 0.0
        self.sound = True

    def run(self) -> bool:
        """False if this process should check nothing more: the checker failed in a way that may have left something
        behind, or builtins were made here. mypy keeps some of their types for good (types.instance_cache), and they
        are not those of the interface that is loaded from then on."""
        # Syntax trees and interfaces stay to the end of this process, and checking leaves few cycles beside them.
        gc.disable()
        self.pack = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        units = [Unit(self.checker, request, self.trace) for request in self.requests]
        if self.checker.ahead:
            self.checker.ahead.claim(member for unit in units for member in unit.members)
        waiting = [unit for unit in units if self._guarded(unit, self._first_step)]
        for unit in waiting:
            self._guarded(unit, self._second_step)
        self._send({"event": "end", "batch": self.number})
        self._flush()
        os.close(self.pack)
        return self.sound and not any(unit.makes_builtins() for unit in units)

    def _first_step(self, unit: Unit) -> bool:
        """True if bodies remain to be checked."""
        start = time.monotonic()
        unit.load()
        if unit.two_phases():
            self._send_interface(unit, unit.interface(), start)
            unit.pause()
            return True
        interfaces, reports = unit.whole()
        self._send_interface(unit, interfaces, start)
        self._send_report(unit, reports, start)
        return False

    def _second_step(self, unit: Unit) -> bool:
        start = time.monotonic()
        self._send_report(unit, unit.bodies(self.checker.lanes), start)
        return True

    def _guarded(self, unit: Unit, step: Callable[[Unit], bool]) -> bool:
        """Run a step; if it ends in another way than by its own frame, send the frame that says how."""
        console = self.checker.console
        console.seek(0)
        console.truncate()
        try:
            with contextlib.redirect_stdout(console), contextlib.redirect_stderr(console):
                going_on = step(unit)
        except Blocked as err:
            answer = {"event": "blocked", "phase": err.phase, "messages": err.messages}
        except Discovered as err:
            answer = {"event": "discovered", "dependencies": err.dependencies}
        except ChangedSource as err:
            answer = {"event": "failed", "kind": "changed-source", "message": str(err)}
        except BadBlob as err:
            answer = {"event": "failed", "kind": "bad-blob", "message": str(err)}
        except SystemExit:  # mypy's INTERNAL ERROR: it has printed all it knows
            answer = {"event": "failed", "kind": "crash", "message": console.getvalue()}
        except Exception as err:
            kind = "internal" if _raised_here(err) else "crash"
            answer = {"event": "failed", "kind": kind, "message": console.getvalue() + traceback.format_exc()}
        else:
            sys.stderr.write(console.getvalue())
            return going_on
        self.sound = self.sound and answer.get("kind") not in ("crash", "internal")
        self._send({**answer, "batch": self.number, "unit": unit.number})
        return False

    def _send_interface(self, unit: Unit, members: list[tuple[str, bytes, bytes]], start: float) -> None:
        places = [{"id": name, "data": self._keep(data), "meta": self._keep(meta),
                   **({"said": unit.said[name]} if unit.said else {})} for name, data, meta in members]
        self._send_step("interface", unit, places, start)
        self._flush()

    def _send_report(self, unit: Unit, members: list[tuple[str, Report]], start: float) -> None:
        for frame in self.trace.frames():  # nobody may listen any more after the last report
            self._send(frame)
        places = [{"id": name, "meta_ex": self._keep(meta_ex), "uses": uses} for name, (meta_ex, uses) in members]
        self._send_step("report", unit, places, start)
        if time.monotonic() > self.flushed + _PATIENCE:  # no other unit waits for a report
            self._flush()

    def _send_step(self, event: str, unit: Unit, places: list[dict[str, Any]], start: float) -> None:
        spent = int((time.monotonic() - start + unit.seconds_elsewhere) * 1_000_000)
        self._send({"event": event, "batch": self.number, "unit": unit.number, "pack": self.path,
                    "members": places, "us": spent})

    def _keep(self, data: bytes) -> list[int]:
        place = [self.end, len(data)]
        self.kept.append(data)
        self.end += len(data)
        return place

    def _send(self, message: dict[str, Any]) -> None:
        self.frames.append(pack(message))

    def _flush(self) -> None:
        write_all(self.pack, b"".join(self.kept))
        write_all(self.pipe, b"".join(self.frames))
        self.kept.clear()
        self.frames.clear()
        self.flushed = time.monotonic()


def _raised_here(err: Exception) -> bool:
    """Our mistake, or the checker's (or a plugin's)?"""
    frames = traceback.extract_tb(err.__traceback__)
    return not frames or os.path.basename(frames[-1].filename).startswith("sepal_")
