"""Who buys. Imports shop.order and is imported by it: the two are one unit."""

from __future__ import annotations

from dataclasses import dataclass, field

from shop.money import ZERO, Money
from shop.order import Order, total


@dataclass
class Customer:
    full_name: str
    email: str | None = None
    orders: list[Order] = field(default_factory=list)

    def spent(self) -> Money:
        amount = ZERO
        for order in self.orders:
            amount = amount.plus(total(order))
        return amount
