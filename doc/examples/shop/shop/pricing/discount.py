"""Loyal customers pay less."""

from __future__ import annotations

from shop.customer import Customer
from shop.money import Money

LOYAL_FROM = Money(100_00)


def discounted(price: Money, customer: Customer) -> Money:
    if customer.spent() < LOYAL_FROM:
        return price
    # The first deliberate error: a float where Money was promised.
    reduced = price.cents * 0.9
    return reduced
