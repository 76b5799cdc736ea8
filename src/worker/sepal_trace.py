"""What took how long in a process of the worker, for `sepal check --trace` (doc/formats/worker.md, trace)."""

from __future__ import annotations

import contextlib
import time
from typing import Any, ContextManager, Iterator

WORKER_LANE = 1
FIRST_CHILD_LANE = 2


class Trace:
    """Phases on one lane. Without `wanted` nothing is kept, and it costs next to nothing."""

    def __init__(self, wanted: bool, lane: int) -> None:
        self.wanted = wanted
        self.lane = lane
        self.phases: list[list[Any]] = []
        self.foreign: list[dict[str, Any]] = []  # frames of forks of this process

    def phase(self, name: str, detail: str = "") -> ContextManager[None]:
        return self._timed(name, detail) if self.wanted else contextlib.nullcontext()

    @contextlib.contextmanager
    def _timed(self, name: str, detail: str) -> Iterator[None]:
        start = time.monotonic_ns()
        try:
            yield
        finally:
            self.phases.append([name, detail, start // 1000, time.monotonic_ns() // 1000])

    def begin_lane(self, lane: int) -> None:
        """This process has been forked from the one that the trace was made in."""
        self.lane = lane
        self.phases, self.foreign = [], []

    def frame(self) -> dict[str, Any]:
        """What was kept since the last time, as an answer of the worker."""
        phases, self.phases = self.phases, []
        return {"event": "trace", "lane": self.lane, "phases": phases}

    def frames(self) -> list[dict[str, Any]]:
        """The same for this process and its forks; none if nobody wants to know."""
        foreign, self.foreign = self.foreign, []
        return [self.frame(), *foreign] if self.wanted else []
