"""The state takes its share."""

from __future__ import annotations

from typing import Final

from shop.money import Money

PERCENT: Final = 19


def gross(net: Money) -> Money:
    return Money(net.cents * (100 + PERCENT) // 100)
