"""What holds for every kind of cache behind remote/cache.h, to be mixed into a ServerCase that sets `self.url`."""

from __future__ import annotations

import sys
import unittest
from typing import TYPE_CHECKING

from probe import Probe, key_of, name_of, noise

BLOBS = [b"", b"x", noise(5 << 20), noise(20 << 20)]
SMALL = [b"%d" % i * 50 for i in range(3000)]

if TYPE_CHECKING:
    Base = unittest.TestCase
else:
    Base = object


class CacheCases(Base):
    url: str

    def probe(self, **options: object) -> Probe:
        probe = Probe(self.url, **options)
        self.addCleanup(probe.close)
        return probe

    def key(self, text: str) -> str:
        """Of this test alone: it may share its server with others."""
        return key_of(f"{self.id()} {text}")

    def test_blobs_of_every_size_go_in_and_out(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*BLOBS)
        self.assertEqual(writer.send(names), "found")
        self.assertEqual(reader.fetch(names), {"found": 4, "missing": 0, "failed": 0})
        self.assertEqual([reader.content(name) for name in names], BLOBS)

    def test_three_thousand_small_blobs_go_in_and_out(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*SMALL)
        self.assertEqual(writer.send(names), "found")
        self.assertEqual(reader.fetch([*names, name_of(b"nowhere")]), {"found": 3000, "missing": 1, "failed": 0})
        print(f"sent: {writer.counters()}\nfetched: {reader.counters()}", file=sys.stderr)

    def test_blobs_that_are_there_are_not_sent_again(self) -> None:
        first, second = self.probe(), self.probe()
        names = first.keep(*BLOBS)
        first.send(names)
        second.keep(*BLOBS)
        self.assertEqual(second.send(names), "found")
        self.assertLess(second.counters()["bytes_sent"], 2000)

    def test_a_record_is_found_by_others_with_the_blobs_it_names(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*BLOBS)
        writer.put(self.key("a"), "what it says", names)
        found, absent = reader.ask({"get": self.key("a")}, {"get": self.key("b")})
        self.assertEqual((found["answer"], found["record"]), ("found", "what it says"))
        self.assertEqual((absent["answer"], absent["len"]), ("missing", 0))
        self.assertEqual(reader.fetch(names)["found"], 4)
        counters = writer.counters()
        self.assertEqual((counters["records_sent"], counters["dropped"], counters["problems"]), (1, 0, ""))

    def test_a_record_that_is_too_large_for_one_message_travels_as_a_blob(self) -> None:
        reader = self.probe()
        for size in (1 << 20, (1 << 20) + 1, 9 << 20):
            with self.subTest(size=size), Probe(self.url) as writer:
                writer.put(self.key(str(size)), size)
                answer = reader.get(self.key(str(size)))
                self.assertEqual((answer["answer"], answer["len"]), ("found", size))
                self.assertEqual(answer["digest"], name_of(b"r" * size)[0])

    def test_three_thousand_look_ups_are_made_at_once(self) -> None:
        reader = self.probe()
        answers = reader.ask(*({"get": self.key(str(i))} for i in range(3000)))
        self.assertEqual({answer["answer"] for answer in answers}, {"missing"})
        counters = reader.counters()
        print(f"look-ups: {counters}", file=sys.stderr)
        self.assertEqual(counters["failed"], 0)
        self.assertLess(counters["bytes_sent"], 3000 * 200)

    def test_what_is_missing_is_said_of_each_blob(self) -> None:
        probe = self.probe()
        names = probe.keep(b"here", b"there")
        probe.send(names)
        answer = probe.ask({"find": [names[0], name_of(b"nowhere"), names[1]] * 50})[0]
        self.assertEqual(answer, {"answer": "found", "missing": [0, 1, 0] * 50})

    def test_a_record_whose_blob_is_gone_is_not_put(self) -> None:
        writer, reader = self.probe(), self.probe()
        writer.put(self.key("a"), "said", [name_of(b"never kept")])
        self.assertEqual(writer.counters()["dropped"], 1)
        self.assertEqual(reader.get(self.key("a"))["answer"], "missing")

    def test_a_reader_writes_nothing(self) -> None:
        reader = self.probe(upload="no")
        reader.put(self.key("a"), "said", reader.keep(b"blob"))
        counters = reader.counters()
        self.assertEqual((counters["calls"], counters["dropped"], counters["problems"]), (0, 0, ""))
