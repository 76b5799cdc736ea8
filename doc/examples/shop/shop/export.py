"""Orders for the accountant."""

from __future__ import annotations

import json

# Not installed, and nobody says that it may be ignored: mypy reports it.
import babelnet

from shop.order import Order, total
from shop.speedups import checksum


def export(orders: list[Order]) -> str:
    rows = [{"customer": babelnet.plain(order.customer.full_name), "cents": total(order).cents} for order in orders]
    text = json.dumps(rows)
    return f"{text}\n{checksum(text.encode())}\n"
