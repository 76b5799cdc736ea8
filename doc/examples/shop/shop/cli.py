"""The command line. Its functions may go without annotations: see mypy.ini."""

import argparse

from shop.catalog import Catalog, find
from shop.money import Money
from shop.pricing import gross
from shop.product import Product


def stock(catalog: Catalog) -> None:
    catalog.add(Product(1, "tea", Money(4_50), frozenset({"drink"})))
    catalog.add(Product(2, "pot", Money(24_00)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="shop")
    parser.add_argument("number", type=int)
    arguments = parser.parse_args()
    catalog = Catalog()
    stock(catalog)
    # The third deliberate error: products are numbered by int.
    product = find(catalog, str(arguments.number))
    print(gross(product.price) if product else "no such product")
