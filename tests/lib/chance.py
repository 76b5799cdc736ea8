"""Which calls a rule of the fault servers is for."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field


@dataclass
class Chance:
    """Of the calls that match: all but the first `after`, at most `count` in all, each with the probability `rate`. The
    random numbers are the rule's own, from its seed: the same calls in the same order meet the same trouble."""

    after: int = 0
    count: int | None = None
    rate: float = 1.0
    seed: int = 1
    applied: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        self._seen = 0

    def matches(self, call: str) -> bool:
        raise NotImplementedError

    def fits(self, call: str) -> bool:
        """Whether it is for this call, which is counted: to be asked once for each."""
        if not self.matches(call):
            return False
        with self._lock:
            self._seen += 1
            if self._seen <= self.after or (self.count is not None and self.applied >= self.count):
                return False
            if self.rate < 1.0 and self._random.random() >= self.rate:
                return False
            self.applied += 1
        return True
