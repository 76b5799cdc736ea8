"""The bodies of a large unit, checked by several processes.

After a unit's interfaces are settled no body depends on another, so forks of the process that knows the interfaces
check them. The places of members lie in a file of the memory that all have open together, so they share where it is
read next: whoever is free takes the next one. Small units are not worth a fork.
"""

from __future__ import annotations

import marshal
import os
import struct
import time
from typing import Any, Callable, Iterator

from sepal_frames import write_all
from sepal_server import die_with_parent
from sepal_trace import Trace

_WORTH_A_FORK = 30  # members
_PLACE = struct.Struct("<I")

Report = tuple[bytes, list[str]]  # meta_ex, and the modules used beyond those that are recorded in it
Check = Callable[[str], Report]


def check_in_parts(members: list[str], lanes: int, check: Check, trace: Trace) -> tuple[dict[str, Report], float]:
    """`check` of every member, in this process and in forks on lanes above those of all children; and for how many
    seconds the forks worked.

    What a fork could not do is tried again here, where an error takes its usual way.
    """
    count = min(lanes, len(members) // _WORTH_A_FORK)
    if count < 2:
        with trace.phase("bodies", members[0] if members else ""):
            return {name: check(name) for name in members}, 0.0
    queue = os.memfd_create("members")
    write_all(queue, b"".join(map(_PLACE.pack, range(len(members)))))
    os.lseek(queue, 0, os.SEEK_SET)
    forks = [_fork(members, queue, check, trace, trace.lane + lanes * number) for number in range(1, count)]
    try:
        results = _work(members, queue, check, trace)
    finally:
        os.close(queue)
        answers = [_collect(pid, pipe) for pid, pipe in forks]
    elsewhere = 0.0
    for answer in answers:
        if answer is not None:
            reports, frame, seconds = answer
            results.update(reports)
            trace.foreign.append(frame)
            elsewhere += seconds
    results.update((name, check(name)) for name in members if name not in results)
    return results, elsewhere


def _work(members: list[str], queue: int, check: Check, trace: Trace) -> dict[str, Report]:
    with trace.phase("bodies", members[0]):
        return {name: check(name) for name in _take(members, queue)}


def _take(members: list[str], queue: int) -> Iterator[str]:
    """The system reads and moves on in one step (read(2); the lock of a shared file offset, since Linux 3.14)."""
    while place := os.read(queue, _PLACE.size):
        yield members[_PLACE.unpack(place)[0]]


def _fork(members: list[str], queue: int, check: Check, trace: Trace, lane: int) -> tuple[int, int]:
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    status = 1
    try:
        die_with_parent()
        os.close(read)
        trace.begin_lane(lane)
        with os.fdopen(write, "wb") as pipe:
            start = time.monotonic()
            reports = _work(members, queue, check, trace)
            marshal.dump((reports, trace.frame(), time.monotonic() - start), pipe)
        status = 0
    finally:
        os._exit(status)


def _collect(pid: int, pipe: int) -> Any:
    with os.fdopen(pipe, "rb") as answers:
        data = answers.read()
    _, status = os.waitpid(pid, 0)
    return marshal.loads(data) if status == 0 else None
