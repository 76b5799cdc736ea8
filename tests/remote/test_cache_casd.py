"""remote/cache.h against a real server of the Remote Execution API: what goes in comes out, and few calls carry it."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from probe import Probe, key_of, name_of, noise  # noqa: E402
from reapi import Client, digest_of, re  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402

BLOBS = [b"", b"x", noise(5 << 20), noise(20 << 20)]
SMALL = [b"%d" % i * 50 for i in range(3000)]


class CacheOnCasd(ServerCase):
    def setUp(self) -> None:
        self.casd = self.start(Casd())

    def probe(self, **options: object) -> Probe:
        probe = Probe(self.casd.url, **options)
        self.addCleanup(probe.close)
        return probe

    def test_blobs_of_every_size_go_in_and_out(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*BLOBS)
        self.assertEqual(writer.send(names), "found")
        self.assertEqual(reader.fetch(names), {"found": 4, "missing": 0, "failed": 0})
        self.assertEqual([reader.content(name) for name in names], BLOBS)

    def test_three_thousand_small_blobs_travel_in_a_handful_of_calls(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*SMALL)
        self.assertEqual(writer.send(names), "found")
        self.assertEqual(reader.fetch(names)["found"], 3000)
        sent, fetched = writer.counters(), reader.counters()
        print(f"sent: {sent}\nfetched: {fetched}", file=sys.stderr)
        # what the server can do; which are missing; the blobs, or the blobs alone
        self.assertLessEqual(sent["calls"], 3)
        self.assertLessEqual(fetched["calls"], 2)
        payload = sum(map(len, SMALL))
        self.assertLess(sent["bytes_sent"], payload + 3000 * 2 * 100)
        self.assertLess(fetched["bytes_received"], payload + 3000 * 100)

    def test_blobs_that_are_there_are_not_sent_again(self) -> None:
        first, second = self.probe(), self.probe()
        names = first.keep(*BLOBS)
        first.send(names)
        second.keep(*BLOBS)
        self.assertEqual(second.send(names), "found")
        counters = second.counters()
        self.assertEqual((counters["blobs_sent"], counters["blobs_there"]), (0, 3))
        self.assertLess(counters["bytes_sent"], 2000)

    def test_a_record_is_found_by_others_with_the_blobs_it_names(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*BLOBS)
        writer.put(key_of("a"), "what it says", names)
        found, absent = reader.ask({"get": key_of("a")}, {"get": key_of("b")})
        self.assertEqual((found["answer"], found["record"]), ("found", "what it says"))
        self.assertEqual((absent["answer"], absent["len"]), ("missing", 0))
        self.assertEqual(reader.fetch(names)["found"], 4)
        counters = writer.counters()
        self.assertEqual((counters["records_sent"], counters["dropped"], counters["problems"]), (1, 0, ""))

    def test_a_record_is_an_action_result_that_other_clients_can_read(self) -> None:
        writer = self.probe()
        names = writer.keep(b"one", b"two")
        writer.put(key_of("a"), "said", names)
        client = Client(self.casd.address)
        self.addCleanup(client.close)
        result = client.get_action(re.Digest(hash=key_of("a"), size_bytes=32))
        self.assertEqual(result.stdout_raw, b"said")
        self.assertEqual([(file.path, file.digest) for file in result.output_files],
                         sorted([(digest_of(b).hash, digest_of(b)) for b in (b"one", b"two")], key=lambda f: f[0]))

    def test_a_record_that_is_too_large_for_one_message_travels_as_a_blob(self) -> None:
        writer, reader = self.probe(), self.probe()
        for size in (1 << 20, (1 << 20) + 1, 9 << 20):
            with self.subTest(size=size), Probe(self.casd.url) as one:
                one.put(key_of(str(size)), size)
                answer = reader.get(key_of(str(size)))
                self.assertEqual((answer["answer"], answer["len"]), ("found", size))
                self.assertEqual(answer["digest"], name_of(b"r" * size)[0])
        self.assertEqual(writer.counters()["problems"], "")

    def test_three_thousand_look_ups_are_under_way_at_a_time(self) -> None:
        reader = self.probe()
        answers = reader.ask(*({"get": key_of(str(i))} for i in range(3000)))
        self.assertEqual({answer["answer"] for answer in answers}, {"missing"})
        counters = reader.counters()
        print(f"look-ups: {counters}", file=sys.stderr)
        self.assertEqual(counters["failed"], 0)
        self.assertLess(counters["bytes_sent"], 3000 * 200)

    def test_what_is_missing_is_said_of_each_blob(self) -> None:
        probe = self.probe()
        names = probe.keep(b"here", b"there")
        probe.send(names)
        answer = probe.ask({"find": [names[0], name_of(b"nowhere"), names[1], name_of(b"")]})[0]
        self.assertEqual(answer, {"answer": "found", "missing": [0, 1, 0, 0]})

    def test_a_record_whose_blob_is_gone_is_not_put(self) -> None:
        writer, reader = self.probe(), self.probe()
        writer.put(key_of("a"), "said", [name_of(b"never kept")])
        self.assertEqual(writer.counters()["dropped"], 1)
        self.assertEqual(reader.get(key_of("a"))["answer"], "missing")

    def test_a_reader_writes_nothing(self) -> None:
        reader = self.probe(upload="no")
        reader.put(key_of("a"), "said", reader.keep(b"blob"))
        counters = reader.counters()
        self.assertEqual((counters["calls"], counters["dropped"], counters["problems"]), (0, 0, ""))

    def test_a_server_that_comes_back_is_found_again(self) -> None:
        probe = self.probe()
        names = probe.keep(*BLOBS)
        probe.send(names)
        self.casd.kill()
        self.casd.start()
        self.assertEqual(probe.fetch(names)["found"], 4)
        self.assertEqual(probe.counters()["problems"], "")

    def test_nobody_is_there(self) -> None:
        probe = self.probe()
        self.casd.kill()
        answers = probe.ask(*({"get": key_of(str(i))} for i in range(100)), {"fetch": [name_of(b"x")]})
        self.assertEqual({answer.get("answer") for answer in answers[:-1]}, {"failed"})
        self.assertEqual(answers[-1]["failed"], 1)
        counters = probe.counters()
        self.assertTrue(counters["given_up"])
        self.assertEqual(counters["problems"].count("\n"), 1)
        self.assertIn(self.casd.address, counters["problems"])


if __name__ == "__main__":
    unittest.main()
