"""The bodies of a large unit, split over processes.

After a unit's interfaces are settled no body depends on another, so each part is checked in a fork of the process
that knows them. Small units are not worth a fork.
"""

from __future__ import annotations

import marshal
import os
from typing import Any, Callable

from sepal_server import die_with_parent
from sepal_trace import Trace

_WORTH_A_FORK = 30  # members

Report = tuple[bytes, list[str]]  # meta_ex, and the modules used beyond those that are recorded in it


def parts_of(members: list[str], lanes: int) -> list[list[str]]:
    """Neighbours in mypy's order are alike in size, so they go to different parts."""
    count = max(1, min(lanes, len(members) // _WORTH_A_FORK))
    return [members[start::count] for start in range(count)]


def check_in_parts(parts: list[list[str]], check: Callable[[list[str]], list[tuple[str, Report]]], trace: Trace,
                   lanes: int) -> dict[str, Report]:
    """`check` of every part: the first in this process, the others in forks, on lanes above those of all children.

    What a fork could not do is tried again here, where an error takes its usual way.
    """
    forks = [_fork(part, check, trace, trace.lane + lanes * number) for number, part in enumerate(parts[1:], 1)]
    try:
        results = dict(check(parts[0]))
    finally:
        answers = [_collect(pid, pipe) for pid, pipe in forks]
    for part, answer in zip(parts[1:], answers):
        if answer is None:
            results.update(check(part))
        else:
            results.update(answer[0])
            trace.foreign.append(answer[1])
    return results


def _fork(part: list[str], check: Callable[[list[str]], list[tuple[str, Report]]], trace: Trace,
          lane: int) -> tuple[int, int]:
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
            marshal.dump((check(part), trace.frame()), pipe)
        status = 0
    finally:
        os._exit(status)


def _collect(pid: int, pipe: int) -> Any:
    with os.fdopen(pipe, "rb") as answers:
        data = answers.read()
    _, status = os.waitpid(pid, 0)
    return marshal.loads(data) if status == 0 else None
