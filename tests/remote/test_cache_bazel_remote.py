"""remote/cache.h against a server that compresses, and that serves the same entries over HTTP (personas.py)."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from cache_cases import CacheCases  # noqa: E402
from personas import BazelRemote  # noqa: E402
from probe import Probe, noise  # noqa: E402
from servers import ServerCase  # noqa: E402

WORDS = b"interface " * 100000
LARGE = WORDS * 10 + noise(5 << 20)  # fits into no message, compressed or not


class CacheThatCompresses(CacheCases, ServerCase):
    def setUp(self) -> None:
        self.server = self.start(BazelRemote())
        self.url = self.server.url

    def test_fewer_bytes_travel(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(WORDS, LARGE, noise(2000))
        self.assertEqual(writer.send(names), "found")
        self.assertEqual(reader.fetch(names)["found"], 3)
        self.assertEqual([reader.content(name) for name in names], [WORDS, LARGE, noise(2000)])
        self.assertLess(writer.counters()["bytes_sent"], 6 << 20)
        self.assertLess(reader.counters()["bytes_received"], 6 << 20)
        # what compression would make larger goes as it is
        self.assertEqual(self.server.compressed["in"], 2)

    def test_what_goes_in_by_one_protocol_comes_out_by_the_other(self) -> None:
        with Probe(self.server.url) as writer, Probe(self.server.http.url) as reader:
            names = writer.keep(WORDS, LARGE)
            writer.put(self.key("a"), "said", names)
            self.assertEqual(reader.get(self.key("a"))["record"], "said")
            self.assertEqual(reader.fetch(names)["found"], 2)
        with Probe(self.server.http.url) as writer, Probe(self.server.url) as reader:
            names = writer.keep(b"other", noise(5 << 20))
            writer.put(self.key("b"), "so", names)
            self.assertEqual(reader.get(self.key("b"))["record"], "so")
            self.assertEqual(reader.fetch(names)["found"], 2)


class CacheOverHttpThatChecks(CacheCases, ServerCase):
    def setUp(self) -> None:
        self.server = self.start(BazelRemote())
        self.url = self.server.http.url


if __name__ == "__main__":
    unittest.main()
