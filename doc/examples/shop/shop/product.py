"""What can be bought."""

from __future__ import annotations

from dataclasses import dataclass, field

from shop.money import Money


@dataclass(frozen=True)
class Product:
    number: int
    name: str
    price: Money
    tags: frozenset[str] = field(default_factory=frozenset)
