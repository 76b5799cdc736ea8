"""Prices that depend on more than the product."""

from shop.pricing.discount import discounted as discounted
from shop.pricing.tax import gross as gross
