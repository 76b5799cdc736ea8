"""A web shop, small enough to read."""
