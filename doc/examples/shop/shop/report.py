"""What the owner reads on Monday."""

from __future__ import annotations

from collections import Counter

from shop.customer import Customer


def best_sellers(customers: list[Customer]) -> list[tuple[str, int]]:
    sold: Counter[str] = Counter()
    for customer in customers:
        for order in customer.orders:
            for line in order.lines:
                sold[line.product.name] += line.count
    return sold.most_common(3)


def letter(customer: Customer) -> str:
    # The second deliberate error: the attribute is called full_name.
    return f"Dear {customer.fullname}, you spent {customer.spent()}."
