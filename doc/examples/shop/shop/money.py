"""Amounts in cents: no floats, no currencies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Money:
    cents: int

    def plus(self, other: Money) -> Money:
        return Money(self.cents + other.cents)

    def times(self, count: int) -> Money:
        return Money(self.cents * count)

    def __str__(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02}"


ZERO = Money(0)
