"""remote/cache.h in bad company: whatever a server does, what is found is right, the rest is a miss, and nobody waits
longer than was said."""

from __future__ import annotations

import os
import sys
import threading
import time
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
from faults import FaultProxy, Rule  # noqa: E402
from faults_tcp import TcpProxy  # noqa: E402
from personas import BazelRemote  # noqa: E402
from probe import Blob, Probe, key_of, name_of, noise  # noqa: E402
from reapi import Client  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402

SMALL = [b"small %d " % number * 20 for number in range(200)]
LARGE = [noise(5 << 20), noise(7 << 20)]
EVERYTHING = [*SMALL, *LARGE]
KEY, RECORD = key_of("a record"), "what is recorded"
PATIENCE_SECONDS = 20.0
TIMEOUT_MS = 2000


class Faults(ServerCase):
    """One casd that has everything; each test has its own proxy before it."""

    casd: Casd

    @classmethod
    def setUpClass(cls) -> None:
        cls.casd = Casd()
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()
        with Probe(cls.casd.url) as probe:
            probe.put(KEY, RECORD, probe.keep(*EVERYTHING))

    def setUp(self) -> None:
        self.started = time.monotonic()

    def probe(self, url: str, **options: object) -> Probe:
        probe = Probe(url, timeout_ms=TIMEOUT_MS, **options)
        self.addCleanup(probe.close)
        return probe

    def proxy(self, *rules: Rule) -> FaultProxy:
        return self.start(FaultProxy(self.casd.address, *rules))

    def read_all(self, probe: Probe) -> dict[str, int]:
        """Asks for the record and all blobs. What is found is right, and it did not take for ever."""
        blobs = [name_of(content) for content in EVERYTHING]
        record, fetched = probe.ask({"get": KEY}, {"fetch": blobs})
        if record["answer"] == "found":
            self.assertEqual(record["record"], RECORD)
        found = 0
        for blob, content in zip(blobs, EVERYTHING):
            path = os.path.join(probe.dir, blob[0])
            if os.path.exists(path):
                found += 1
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), content)
        self.assertEqual(found, fetched["found"])
        self.assertEqual(sum(fetched.values()), len(EVERYTHING))
        self.assertLess(time.monotonic() - self.started, PATIENCE_SECONDS)
        return {**fetched, "record": int(record["answer"] == "found")}

    def assert_all_found(self, found: dict[str, int]) -> None:
        self.assertEqual((found["found"], found["record"]), (len(EVERYTHING), 1), found)

    def problems(self, probe: Probe) -> str:
        said: str = probe.counters()["problems"]
        self.assertLessEqual(said.count("\n"), 1, said)
        return said

    # ---- what a client makes good

    def test_everything_comes_over_a_slow_line(self) -> None:
        probe = self.probe(self.proxy(faults.delay(0.2)).url)
        self.assert_all_found(self.read_all(probe))
        self.assertLess(time.monotonic() - self.started, 5.0)

    def test_everything_comes_when_some_calls_fail(self) -> None:
        for seed in (1, 2, 3):
            proxy = self.proxy(faults.fail("UNAVAILABLE", rate=0.05, seed=seed))
            self.assert_all_found(self.read_all(self.probe(proxy.url)))

    def test_everything_comes_when_the_first_call_of_each_kind_fails(self) -> None:
        methods = ("GetCapabilities", "GetActionResult", "BatchReadBlobs", "ByteStream/Read")
        proxy = self.proxy(*(faults.fail("UNAVAILABLE", count=1, method=method) for method in methods))
        self.assert_all_found(self.read_all(self.probe(proxy.url)))

    def test_everything_comes_when_a_stream_is_cut_once(self) -> None:
        proxy = self.proxy(faults.cut(3 << 20, count=1))
        self.assert_all_found(self.read_all(self.probe(proxy.url)))

    def test_everything_comes_when_the_line_breaks_once(self) -> None:
        for gentle in (False, True):
            line = self.start(TcpProxy(self.casd.port.number))
            line.cut_after, line.cut_count, line.gentle = 1_000_001, 1, gentle
            self.assert_all_found(self.read_all(self.probe(f"grpc://{line.address}")))

    def test_everything_comes_when_the_server_restarts(self) -> None:
        proxy = self.proxy()

        def restart() -> None:
            proxy.stop()
            proxy.start()

        proxy.rules.append(faults.at_call(3, restart))
        self.assert_all_found(self.read_all(self.probe(proxy.url)))

    # ---- what is lost, and said

    def test_wrong_bytes_are_misses_and_counted(self) -> None:
        probe = self.probe(self.proxy(faults.wrong_bytes()).url)
        self.assertEqual(self.read_all(probe)["found"], 0)
        self.assertGreater(probe.counters()["corrupt"], 0)

    def test_broken_messages_are_misses(self) -> None:
        for rule in (faults.truncated(methods=faults.READS), faults.garbage(methods=faults.READS, seed=5),
                     faults.garbage(seed=6), faults.truncated(), faults.twice(methods=("BatchReadBlobs",)),
                     faults.oversized(70 << 20, method="BatchReadBlobs")):
            self.started = time.monotonic()
            self.read_all(self.probe(self.proxy(rule).url))

    def test_a_server_that_always_fails_is_given_up_and_said_once(self) -> None:
        for status in ("UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED"):
            with self.subTest(status):
                self.started = time.monotonic()
                proxy = self.proxy(faults.fail(status, "in the test's own words"))
                probe = self.probe(proxy.url)
                found = self.read_all(probe)
                self.assertEqual((found["found"], found["record"]), (0, 0))
                self.assertIn(proxy.address, self.problems(probe))
                self.assertLess(sum(proxy.calls.values()), 40)

    def test_an_expired_token_is_said_and_is_not_shown(self) -> None:
        token = os.path.join(self.casd.scratch, "token")
        with open(token, "w") as file:
            file.write("very-secret")
        proxy = self.proxy(faults.demand_token("very-secret"), faults.token_expires_after(2))
        probe = self.probe(proxy.url, token_file=token)
        self.read_all(probe)
        self.read_all(probe)
        said = self.problems(probe)
        self.assertIn(proxy.address, said)
        self.assertNotIn("very-secret", said)

    def test_a_silent_server_costs_no_more_than_was_said(self) -> None:
        probe = self.probe(self.proxy(faults.hang()).url)
        self.assertEqual(self.read_all(probe)["found"], 0)
        self.assertNotEqual(self.problems(probe), "")
        before = time.monotonic()
        self.read_all(probe)
        self.assertLess(time.monotonic() - before, 1.0)

    def test_a_silent_line_costs_no_more_than_was_said(self) -> None:
        line = self.start(TcpProxy(self.casd.port.number))
        line.silent = True
        probe = self.probe(f"grpc://{line.address}")
        self.assertEqual(self.read_all(probe)["found"], 0)
        self.assertNotEqual(self.problems(probe), "")

    def test_a_server_of_another_api_is_refused(self) -> None:
        def future(said: Any) -> None:
            said.low_api_version.major = said.high_api_version.major = 3

        proxy = self.proxy(faults.announce(future))
        probe = self.probe(proxy.url)
        self.assertEqual(self.read_all(probe)["found"], 0)
        self.assertIn("3", self.problems(probe))

    # ---- writing

    def send_and_look(self, proxy: FaultProxy, contents: list[bytes]) -> tuple[str, list[Blob]]:
        """What the writer was told, and which blobs the server lacks afterwards."""
        probe = self.probe(proxy.url)
        names = probe.keep(*contents)
        probe.ask({"put": key_of(self.id()), "record": "r", "blobs": names}, {"finish": 10_000})
        said = self.problems(probe)
        self.assertLess(time.monotonic() - self.started, PATIENCE_SECONDS)
        with Client(self.casd.address) as client:
            lost = client.missing([faults.re.Digest(hash=name, size_bytes=size) for name, size in names])
        return said, [name for name in names if name[0] in lost]

    def test_uploads_are_finished_after_trouble(self) -> None:
        for number, rule in enumerate((faults.cut_upload(1 << 20, count=1), faults.fail("UNAVAILABLE", rate=0.2),
                                       faults.delay(0.2))):
            with self.subTest(number):
                self.started = time.monotonic()
                contents = [noise(5 << 20, seed=100 + number), *(b"%d new %d" % (number, n) for n in range(50))]
                self.assertEqual(self.send_and_look(self.proxy(rule), contents), ("", []))

    def test_a_full_disk_is_said_and_no_record_points_into_the_void(self) -> None:
        for number, rule in enumerate((faults.disk_full(), faults.disk_full_for_each())):
            with self.subTest(number):
                self.started = time.monotonic()
                contents = [b"no room %d" % number]
                said, lost = self.send_and_look(self.proxy(rule), contents)
                self.assertEqual(len(lost), 1)
                self.assertNotEqual(said, "")
                with Client(self.casd.address) as client:
                    digest = faults.re.Digest(hash=key_of(self.id()), size_bytes=32)
                    self.assertIsNone(client.get_action(digest))

    def test_who_may_only_read_reads(self) -> None:
        proxy = self.proxy(*faults.read_only())
        probe = self.probe(proxy.url)
        names = probe.keep(b"not for you")
        probe.get(key_of("not there"))  # now it knows what the server lets it do
        probe.put(key_of("read only"), "r", names)
        self.assertEqual(proxy.calls["BatchUpdateBlobs"] + proxy.calls["UpdateActionResult"], 0)
        self.assertEqual(self.problems(probe), "")
        self.assert_all_found(self.read_all(self.probe(proxy.url)))


class Zstandard(ServerCase):
    def test_compressed_blobs_are_the_same_blobs(self) -> None:
        cache = self.start(BazelRemote())
        contents = [b"compressible " * 500_000, noise(6 << 20), *SMALL, b""]
        with Probe(cache.url) as writer:
            writer.put(KEY, RECORD, writer.keep(*contents))
        self.assertGreater(cache.compressed["in"], 0)
        with Probe(cache.url) as reader:
            names = [name_of(content) for content in contents]
            self.assertEqual(reader.fetch(names)["found"], len(contents))
            self.assertEqual([reader.content(name) for name in names], contents)
            self.assertEqual(reader.get(KEY)["record"], RECORD)
            self.assertLess(reader.counters()["bytes_received"], sum(map(len, contents)) - 5_000_000)
        self.assertGreater(cache.compressed["out"], 0)

    def test_a_compressed_blob_that_is_broken_is_a_miss(self) -> None:
        cache = self.start(BazelRemote())
        with Client(cache.address) as client:
            client.write_stream(LARGE[0])
        cache.entries["/cas/" + name_of(LARGE[0])[0]] = LARGE[1]
        with Probe(cache.url) as reader:
            self.assertEqual(reader.fetch([name_of(LARGE[0])])["found"], 0)
            self.assertGreater(reader.counters()["corrupt"], 0)

    def test_few_streams_are_enough(self) -> None:
        cache = self.start(BazelRemote(max_streams=2))
        with Probe(cache.url) as writer:
            writer.put(KEY, RECORD, writer.keep(*EVERYTHING))
        with Probe(cache.url) as reader:
            self.assertEqual(reader.fetch([name_of(content) for content in EVERYTHING])["found"], len(EVERYTHING))

    def test_several_at_once(self) -> None:
        cache = self.start(BazelRemote())
        results: list[str] = []

        def send(number: int) -> None:
            with Probe(cache.url) as probe:
                results.append(probe.send(probe.keep(*SMALL, noise(5 << 20, number))))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, ["found"] * 4)


if __name__ == "__main__":
    unittest.main()
