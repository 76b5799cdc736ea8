"""remote/cache.h against HTTP caches: nginx as it is, and a server of the tests' own that does wrong on purpose."""

from __future__ import annotations

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults_http as faults  # noqa: E402
from cache_cases import CacheCases  # noqa: E402
from faults_http import HttpCache, Rule  # noqa: E402
from probe import Probe, key_of, noise  # noqa: E402
from servers import Nginx, ServerCase  # noqa: E402


class CacheOnNginx(CacheCases, ServerCase):
    def setUp(self) -> None:
        self.nginx = self.start(Nginx())
        self.url = self.nginx.url

    def test_a_record_is_a_file_beside_its_blobs(self) -> None:
        writer = self.probe()
        names = writer.keep(b"one", b"two")
        writer.put(key_of("a"), "said", names)
        self.assertEqual(sorted(os.listdir(os.path.join(self.nginx.data, "cas"))), sorted(name for name, _ in names))
        self.assertEqual(os.listdir(os.path.join(self.nginx.data, "ac")), [key_of("a")])

    def test_a_blob_that_was_altered_on_the_server_is_missing(self) -> None:
        probe = self.probe()
        good, bad = probe.keep(b"good", b"bad!")
        probe.send([good, bad])
        with open(os.path.join(self.nginx.data, "cas", bad[0]), "wb") as file:
            file.write(b"BAD!")
        self.assertEqual(probe.fetch([good, bad]), {"found": 1, "missing": 1, "failed": 0})
        counters = probe.counters()
        self.assertEqual(counters["corrupt"], 1)
        self.assertIn("bytes are not those of its digest", counters["problems"])

    def test_a_record_that_is_something_else_is_missing(self) -> None:
        probe = self.probe()
        os.makedirs(os.path.join(self.nginx.data, "ac"))
        with open(os.path.join(self.nginx.data, "ac", key_of("a")), "wb") as file:
            file.write(b"<html>please log in</html>")
        self.assertEqual(probe.get(key_of("a"))["answer"], "missing")
        self.assertEqual(probe.counters()["corrupt"], 1)


class CacheOnNginxThatCannotBeWritten(ServerCase):
    def test_it_is_read_without_a_word_unless_uploads_were_asked_for(self) -> None:
        nginx = self.start(Nginx(writable=False))
        for upload, problems in (("auto", 0), ("yes", 1)):
            with self.subTest(upload=upload), Probe(nginx.url, upload=upload) as probe:
                probe.put(key_of("a"), "said", probe.keep(*(b"%d" % i for i in range(100))))
                counters = probe.counters()
                self.assertEqual((counters["records_sent"], counters["dropped"]), (0, 1))
                self.assertEqual(counters["problems"].count("\n"), problems, counters["problems"])
                self.assertEqual(probe.get(key_of("a"))["answer"], "missing")


class CacheOnServersThatDoWrong(ServerCase):
    def world(self, *rules: Rule, **options: object) -> tuple[HttpCache, Probe]:
        """A server with three blobs and a record, and a client that meets it with these rules."""
        server = self.start(HttpCache())
        with Probe(server.url) as writer:
            self.names = writer.keep(b"small", noise(100000), noise(3 << 20))
            writer.put(key_of("a"), "said", self.names)
        server.rules[:] = rules
        probe = Probe(server.url, **options)
        self.addCleanup(probe.close)
        return server, probe

    def all_found(self, probe: Probe) -> None:
        self.assertEqual(probe.get(key_of("a"))["record"], "said")
        self.assertEqual(probe.fetch(self.names), {"found": 3, "missing": 0, "failed": 0})

    def test_a_tenth_of_the_answers_is_an_error(self) -> None:
        _, probe = self.world(faults.fail(503, rate=0.1, seed=3))
        for _ in range(20):
            self.all_found(probe)
        self.assertEqual(probe.counters()["problems"], "")

    def test_answers_that_break_off_once_are_asked_for_again(self) -> None:
        _, probe = self.world(faults.cut(50000, count=2))
        self.all_found(probe)
        self.assertEqual(probe.counters()["problems"], "")

    def test_no_length_is_announced(self) -> None:
        self.all_found(self.world(faults.chunked())[1])

    def test_wrong_bytes_are_never_used(self) -> None:
        for rule in (faults.wrong_bytes(request="GET cas"), faults.shorter(1, request="GET cas"),
                     faults.longer(1, request="GET cas"), faults.endless(request="GET cas")):
            with self.subTest(rule=rule):
                _, probe = self.world(rule)
                found = probe.fetch(self.names)
                self.assertEqual(found["found"], 0)
                self.assertEqual(probe.counters()["problems"].count("\n"), 1)

    def test_a_server_that_says_nothing_is_given_up_in_time(self) -> None:
        _, probe = self.world(faults.hang(), patience_ms=400)
        start = time.monotonic()
        answers = probe.ask({"fetch": self.names}, *({"get": key_of(str(i))} for i in range(200)))
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(answers[0]["failed"], 3)
        counters = probe.counters()
        self.assertTrue(counters["given_up"])
        self.assertIn("has not said a word", counters["problems"])

    def test_a_slow_server_is_not_taken_for_a_silent_one(self) -> None:
        _, probe = self.world(faults.dripping(10000, 0.05, request="GET cas"), patience_ms=400)
        self.assertEqual(probe.fetch(self.names[:2])["found"], 2)
        self.assertEqual(probe.counters()["problems"], "")

    def test_a_full_disk_stops_uploads_only(self) -> None:
        _, probe = self.world(faults.disk_full())
        probe.put(key_of("b"), "more", probe.keep(b"new"), budget_ms=20000)
        counters = probe.counters()
        self.assertEqual((counters["records_sent"], counters["dropped"]), (0, 1))
        self.assertEqual(counters["problems"].count("\n"), 1)
        self.all_found(probe)

    def test_a_token_is_sent_and_a_missing_one_is_named(self) -> None:
        server, probe = self.world(faults.demand_token("letmein"), header="Authorization: Bearer letmein")
        self.all_found(probe)
        with Probe(server.url) as other:
            self.assertEqual(other.get(key_of("a"))["answer"], "failed")
            problem = other.counters()["problems"]
            self.assertIn("401", problem)
            self.assertIn(server.address, problem)

    def test_a_server_that_is_restarted_is_waited_for(self) -> None:
        server, probe = self.world()
        self.all_found(probe)
        server.stop()
        server.start()
        self.all_found(probe)
        self.assertEqual(probe.counters()["problems"], "")


if __name__ == "__main__":
    unittest.main()
