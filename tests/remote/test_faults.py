"""The fault proxy passes on what it should, and does the wrong that it is asked to do."""

from __future__ import annotations

import os
import sys
import threading
import time
import unittest
from typing import Callable

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
from faults import FaultProxy, Rule  # noqa: E402
from reapi import Client, digest_of, re  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402

BIG = bytes(range(256)) * (6 << 12)


class Faults(ServerCase):
    casd: Casd

    @classmethod
    def setUpClass(cls) -> None:
        cls.casd = Casd()
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()

    def proxy(self, *rules: Rule, options: tuple[tuple[str, int], ...] = ()) -> FaultProxy:
        return self.start(FaultProxy(self.casd.address, *rules, options=options))

    def client(self, proxy: FaultProxy) -> Client:
        client = Client(proxy.address)
        self.addCleanup(client.close)
        return client

    def assert_fails(self, status: str, call: Callable[[], object], text: str = "") -> None:
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code(), grpc.StatusCode[status])
        self.assertIn(text, caught.exception.details())

    def test_without_rules_it_is_the_server(self) -> None:
        proxy = self.proxy()
        client = self.client(proxy)
        blobs, key = [b"one", b"two"], digest_of(b"an action")
        self.assertEqual(client.upload(blobs), [0, 0])
        big = b"only here" + BIG  # a server that has a blob does not read all of an upload
        self.assertEqual(client.write_stream(big), len(big))
        self.assertEqual(client.missing([digest_of(big), digest_of(b"one")]), [])
        self.assertEqual(client.read(*map(digest_of, blobs)), [(0, b"one"), (0, b"two")])
        self.assertEqual(client.read_stream(digest_of(big)), big)
        self.assertIsNone(client.get_action(digest_of(b"no action")))
        client.put_action(key, re.ActionResult(stdout_raw=b"raw"))
        self.assertEqual(client.get_action(key).stdout_raw, b"raw")
        self.assertEqual(client.capabilities(), self.client(self.proxy()).capabilities())
        self.assertEqual({name: number for name, number in proxy.calls.items()},
                         {"BatchUpdateBlobs": 1, "ByteStream/Write": 1, "FindMissingBlobs": 1, "BatchReadBlobs": 1,
                          "ByteStream/Read": 1, "GetActionResult": 2, "UpdateActionResult": 1, "GetCapabilities": 1})
        self.assertEqual(dict(proxy.failed), {"GetActionResult": 1})
        self.assertGreater(proxy.sent["ByteStream/Read"], len(big))
        self.assertGreater(proxy.received["ByteStream/Write"], len(big))

    def test_calls_are_delayed_side_by_side(self) -> None:
        client = self.client(self.proxy(faults.delay(0.2)))
        start = time.monotonic()
        threads = [threading.Thread(target=client.missing, args=([digest_of(b"x")],)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertGreater(time.monotonic() - start, 0.2)
        self.assertLess(time.monotonic() - start, 2.0)

    def test_some_calls_fail_and_the_same_ones_each_time(self) -> None:
        seen = []
        for _ in range(2):
            client = self.client(self.proxy(faults.fail("UNAVAILABLE", rate=0.2, seed=7)))
            failed = []
            for number in range(50):
                try:
                    client.missing([])
                except grpc.RpcError:
                    failed.append(number)
            seen.append(failed)
        self.assertEqual(seen[0], seen[1])
        self.assertTrue(3 <= len(seen[0]) <= 20, seen[0])

    def test_streams_are_cut(self) -> None:
        client = self.client(self.proxy(faults.cut(3 << 20), faults.cut_upload(2 << 20)))
        self.assert_fails("UNAVAILABLE", lambda: client.write_stream(BIG), "upload was cut")
        self.client(self.proxy()).write_stream(BIG)
        self.assert_fails("UNAVAILABLE", lambda: client.read_stream(digest_of(BIG)), "answer was cut")
        self.assertEqual(client.read_stream(digest_of(BIG), len(BIG) - 5), BIG[-5:])

    def test_bytes_are_wrong_and_messages_broken(self) -> None:
        self.client(self.proxy()).upload([b"right"])
        digest = digest_of(b"right")
        client = self.client(self.proxy(faults.wrong_bytes()))
        self.assertEqual(client.read(digest), [(0, b"righu")])
        self.assertEqual(client.read_stream(digest), b"righu")
        for rule in (faults.truncated(), faults.garbage(seed=3), faults.twice()):
            client = self.client(self.proxy(rule))
            client.how["timeout"] = 1.0  # this client waits for the end when there is a message too many
            with self.assertRaises(grpc.RpcError):
                client.read(digest)
        proxy = self.proxy(faults.oversized(70 << 20))
        self.assertEqual(self.client(proxy).read(digest), [(0, b"right")])
        self.assertGreater(proxy.sent["BatchReadBlobs"], 70 << 20)

    def test_tokens_expire_and_are_demanded(self) -> None:
        client = self.client(self.proxy(faults.token_expires_after(3)))
        for _ in range(3):
            client.missing([])
        self.assert_fails("UNAUTHENTICATED", lambda: client.missing([]), "expired")
        proxy = self.proxy(faults.demand_token("secret", "other"))
        self.assert_fails("UNAUTHENTICATED", lambda: self.client(proxy).missing([]))
        for token, good in (("secret", True), ("wrong", False)):
            with Client(proxy.address, metadata=(("authorization", f"Bearer {token}"),)) as bearer:
                if good:
                    bearer.missing([])
                else:
                    self.assert_fails("UNAUTHENTICATED", lambda: bearer.missing([]))

    def test_the_disk_is_full_for_writers_only(self) -> None:
        client = self.client(self.proxy(faults.disk_full()))
        for write in (lambda: client.upload([b"x"]), lambda: client.write_stream(b"x"),
                      lambda: client.put_action(digest_of(b"a"), re.ActionResult())):
            self.assert_fails("RESOURCE_EXHAUSTED", write, "no space")
        self.assertEqual(client.missing([]), [])
        self.assertEqual(self.client(self.proxy(faults.disk_full_for_each())).upload([b"x", b"y"]), [8, 8])

    def test_who_may_only_read_is_told_so(self) -> None:
        client = self.client(self.proxy(*faults.read_only()))
        self.assertFalse(client.capabilities().cache_capabilities.action_cache_update_capabilities.update_enabled)
        self.assert_fails("PERMISSION_DENIED", lambda: client.upload([b"x"]))
        self.assertEqual(client.missing([]), [])

    def test_capabilities_can_be_other_ones(self) -> None:
        def ancient(said: re.ServerCapabilities) -> None:
            said.low_api_version.major, said.high_api_version.major, said.high_api_version.minor = 1, 1, 9

        said = self.client(self.proxy(faults.announce(ancient))).capabilities()
        self.assertEqual((said.high_api_version.major, said.high_api_version.minor), (1, 9))

    def test_a_call_hangs_until_its_deadline(self) -> None:
        client = self.client(self.proxy(faults.hang(method="FindMissingBlobs", count=1)))
        client.how["timeout"] = 0.3
        self.assert_fails("DEADLINE_EXCEEDED", lambda: client.missing([]))
        client.how["timeout"] = 10.0
        self.assertEqual(client.missing([]), [])

    def test_it_comes_back_on_its_port(self) -> None:
        proxy = self.proxy()
        client = self.client(proxy)
        client.missing([])
        proxy.stop()
        self.assert_fails("UNAVAILABLE", lambda: client.missing([]))
        proxy.start()
        with Client(proxy.address) as again:
            self.assertEqual(again.missing([]), [])
        self.assertEqual(proxy.calls["FindMissingBlobs"], 2)

    def test_something_can_be_done_at_a_call(self) -> None:
        done = threading.Event()
        client = self.client(self.proxy(faults.at_call(2, done.set)))
        client.missing([])
        self.assertFalse(done.is_set())
        client.missing([])
        self.assertTrue(done.wait(5))


if __name__ == "__main__":
    unittest.main()
