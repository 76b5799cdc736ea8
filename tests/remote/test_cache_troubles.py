"""Which kind of trouble ends a shared cache, and what people are told: test_cache_faults.py has what it survives."""

from __future__ import annotations

import os
import sys
import time
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
from faults import FaultProxy, Rule  # noqa: E402
from probe import Probe, key_of, name_of, noise  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402

CONTENTS = [b"small", b"", noise(100000), noise(3 << 20), noise(6 << 20)]


class CacheOnAServerThatDoesWrong(ServerCase):
    def world(self, *rules: Rule, **options: object) -> tuple[FaultProxy, Probe]:
        """A server with five blobs and a record, and a client that meets it with these rules."""
        self.casd = self.start(Casd())
        with Probe(self.casd.url) as writer:
            self.names = writer.keep(*CONTENTS)
            writer.put(key_of("a"), "said", self.names)
        proxy = self.start(FaultProxy(self.casd.address, *rules))
        return proxy, self.client(proxy, **options)

    def client(self, proxy: FaultProxy, **options: object) -> Probe:
        probe = Probe(proxy.url, **options)
        self.addCleanup(probe.close)
        return probe

    def all_found(self, probe: Probe) -> None:
        record, blobs = probe.ask({"get": key_of("a")}, {"fetch": self.names})
        self.assertEqual((record["answer"], record["record"]), ("found", "said"))
        self.assertEqual(blobs, {"found": 5, "missing": 0, "failed": 0})
        for name in self.names:
            self.assertEqual(name_of(probe.content(name)), name)

    def assert_told_once(self, probe: Probe, *texts: str) -> None:
        problems = probe.counters()["problems"]
        self.assertEqual(problems.count("\n"), 1, problems)
        for text in texts:
            self.assertIn(text, problems)

    def assert_given_up(self, probe: Probe, *texts: str) -> None:
        self.assert_told_once(probe, *texts)
        self.assertTrue(probe.counters()["given_up"])

    # ---- what passes

    def test_a_server_that_is_restarted_in_the_middle_is_waited_for(self) -> None:
        proxy, probe = self.world()
        self.all_found(probe)

        def restart() -> None:
            proxy.stop()
            proxy.start()
        proxy.rules[:] = [faults.at_call(20, restart, method="GetActionResult")]
        answers = probe.ask(*({"get": key_of("a")} for _ in range(300)), {"fetch": self.names})
        self.assertEqual({answer.get("answer") for answer in answers[:-1]}, {"found"})
        self.assertEqual(answers[-1]["found"], 5)
        self.assertEqual(probe.counters()["problems"], "")

    # ---- what is a miss

    def test_messages_that_do_not_parse_are_failures(self) -> None:
        for rule in (faults.truncated(method="BatchReadBlobs"), faults.garbage(method="BatchReadBlobs")):
            with self.subTest(rule=rule):
                _, probe = self.world(rule)
                self.assertEqual(probe.fetch([self.names[0]])["found"], 0)
                self.assertEqual(probe.get(key_of("a"))["answer"], "found")
                self.assert_told_once(probe)

    def test_a_record_of_garbage_is_missing(self) -> None:
        _, probe = self.world(faults.garbage(method="GetActionResult"))
        self.assertEqual(probe.get(key_of("a"))["answer"], "missing")
        self.assert_told_once(probe, "an action result that does not parse")

    def test_a_message_that_is_too_large_is_refused(self) -> None:
        _, probe = self.world(faults.oversized(65 << 20, method="GetActionResult"), patience_ms=20000)
        self.assertEqual(probe.get(key_of("a"))["answer"], "failed")
        self.assert_told_once(probe)

    def test_two_answers_where_one_is_due_are_a_failure(self) -> None:
        _, probe = self.world(faults.twice(method="GetActionResult"))
        self.assertEqual(probe.get(key_of("a"))["answer"], "failed")
        self.assert_told_once(probe)

    def test_a_blob_that_is_longer_than_its_name_says_is_missing(self) -> None:
        _, probe = self.world(faults.twice(method="ByteStream/Read"))
        self.assertEqual(probe.fetch([self.names[-1]])["missing"], 1)
        self.assert_told_once(probe, "longer than its name says")

    # ---- what ends it

    def test_silence_ends_it_in_time(self) -> None:
        for method in ("GetCapabilities", "GetActionResult", "BatchReadBlobs"):
            with self.subTest(method=method):
                _, probe = self.world(faults.hang(method=method), patience_ms=500)
                start = time.monotonic()
                probe.ask(*({"get": key_of(str(i))} for i in range(200)), {"fetch": self.names[:3]})
                self.assertLess(time.monotonic() - start, 8)
                self.assert_given_up(probe, "has not said a word")

    def test_waiting_for_credentials_is_no_silence(self) -> None:
        proxy, _ = self.world(faults.demand_token("letmein"))
        helper = os.path.join(self.casd.scratch, "helper")
        with open(helper, "w") as file:
            file.write("#!/bin/sh\nsleep 1.5\necho '{\"headers\": {\"Authorization\": [\"Bearer letmein\"]}}'\n")
        os.chmod(helper, 0o755)
        self.all_found(self.client(proxy, helper=helper, patience_ms=500))

    def test_a_server_of_another_api_is_refused(self) -> None:
        def three(said: Any) -> None:
            said.low_api_version.major = said.high_api_version.major = 3
        proxy, probe = self.world(faults.announce(three))
        self.assertEqual(probe.fetch(self.names)["failed"], 5)
        self.assert_given_up(probe, proxy.address, "speaks versions 3.1 to 3.12", "2.0 to 2.12")

    def test_an_instance_that_is_not_there_is_named(self) -> None:
        proxy, _ = self.world(faults.fail("INVALID_ARGUMENT", "no such instance", method="GetCapabilities"))
        with Probe(proxy.url + "/main") as probe:
            self.assertEqual(probe.fetch(self.names)["failed"], 5)
            self.assert_given_up(probe, 'does not know the instance "main"')

    # ---- writing

    def test_a_full_disk_stops_uploads_and_nothing_else(self) -> None:
        for rule in (faults.disk_full(), faults.disk_full_for_each()):
            with self.subTest(rule=rule):
                proxy, probe = self.world(rule)
                names = probe.keep(*(noise(100000, seed) for seed in range(200)))
                puts: list[dict[str, Any]] = [{"put": key_of(str(i)), "record": "r", "blobs": names[i * 2:i * 2 + 2]}
                                              for i in range(100)]
                probe.ask(*puts, {"get": key_of("a")})
                self.all_found(probe)
                probe.ask({"finish": 20000})
                counters = probe.counters()
                self.assertEqual((counters["records_sent"], counters["dropped"]), (0, 100))
                self.assert_told_once(probe, "no space left on device")
                self.assertFalse(counters["given_up"])
                self.assertLessEqual(proxy.calls["BatchUpdateBlobs"], 4)
                self.all_found(probe)

    def test_a_server_that_takes_no_results_is_read_without_a_word_unless_uploads_were_asked_for(self) -> None:
        def read_only(said: Any) -> None:
            said.cache_capabilities.action_cache_update_capabilities.update_enabled = False
        for rule in (faults.announce(read_only), faults.fail("PERMISSION_DENIED", method="UpdateActionResult")):
            for upload in ("auto", "yes"):
                with self.subTest(rule=rule, upload=upload):
                    _, probe = self.world(rule, upload=upload)
                    probe.put(key_of("b"), "more", probe.keep(b"new"))
                    counters = probe.counters()
                    self.assertEqual((counters["records_sent"], counters["dropped"]), (0, 1))
                    self.assertEqual(counters["problems"].count("\n"), upload == "yes")
                    if upload == "auto":
                        self.all_found(probe)

    def test_uploads_end_when_their_time_is_over(self) -> None:
        _, probe = self.world(faults.delay(3, method="BatchUpdateBlobs"))
        start = time.monotonic()
        probe.put(key_of("b"), "more", probe.keep(b"new"), budget_ms=300)
        self.assertLess(time.monotonic() - start, 2)
        counters = probe.counters()
        self.assertEqual((counters["records_sent"], counters["dropped"], counters["problems"]), (0, 1, ""))


if __name__ == "__main__":
    unittest.main()
