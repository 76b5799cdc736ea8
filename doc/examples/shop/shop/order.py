"""What was bought, by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shop.money import ZERO, Money
from shop.product import Product

if TYPE_CHECKING:
    from shop.customer import Customer


@dataclass
class Line:
    product: Product
    count: int


@dataclass
class Order:
    customer: Customer
    lines: list[Line] = field(default_factory=list)

    def greeting(self) -> str:
        return f"Dear {self.customer.full_name},"


def total(order: Order) -> Money:
    amount = ZERO
    for line in order.lines:
        amount = amount.plus(line.product.price.times(line.count))
    return amount
