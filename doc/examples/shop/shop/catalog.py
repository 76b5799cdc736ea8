"""All products, by number."""

from __future__ import annotations

from collections.abc import Iterator

from shop.product import Product
from shop.speedups import rank


class Catalog:
    def __init__(self) -> None:
        self._products: dict[int, Product] = {}

    def add(self, product: Product) -> None:
        self._products[product.number] = product

    def __iter__(self) -> Iterator[Product]:
        return iter(self._products.values())

    def cheapest(self) -> list[Product]:
        products = list(self)
        return [products[i] for i in rank([product.price.cents for product in products])]


def find(catalog: Catalog, number: int) -> Product | None:
    return next((product for product in catalog if product.number == number), None)
