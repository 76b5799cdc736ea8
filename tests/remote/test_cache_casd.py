"""remote/cache.h against a real server of the Remote Execution API: what goes in comes out, and few calls carry it."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from cache_cases import BLOBS, SMALL, CacheCases  # noqa: E402
from probe import key_of, name_of  # noqa: E402
from reapi import Client, digest_of, re  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402


class CacheOnCasd(CacheCases, ServerCase):
    def setUp(self) -> None:
        self.casd = self.start(Casd())
        self.url = self.casd.url

    def test_three_thousand_small_blobs_travel_in_a_handful_of_calls(self) -> None:
        writer, reader = self.probe(), self.probe()
        names = writer.keep(*SMALL)
        writer.send(names)
        reader.fetch(names)
        sent, fetched = writer.counters(), reader.counters()
        # what the server can do; which are missing; the blobs, or the blobs alone
        self.assertLessEqual(sent["calls"], 3)
        self.assertLessEqual(fetched["calls"], 2)
        payload = sum(map(len, SMALL))
        self.assertLess(sent["bytes_sent"], payload + 3000 * 2 * 100)
        self.assertLess(fetched["bytes_received"], payload + 3000 * 100)

    def test_a_record_is_an_action_result_that_other_clients_can_read(self) -> None:
        writer = self.probe()
        names = writer.keep(b"one", b"two")
        writer.put(key_of("a"), "said", names)
        client = Client(self.casd.address)
        self.addCleanup(client.close)
        result = client.get_action(re.Digest(hash=key_of("a"), size_bytes=32))
        self.assertEqual(result.stdout_raw, b"said")
        digests = sorted(map(digest_of, (b"one", b"two")), key=lambda digest: digest.hash)
        self.assertEqual([(file.path, file.digest) for file in result.output_files], list(zip("01", digests)))

    def test_a_server_that_is_restarted_is_waited_for(self) -> None:
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
        self.assertEqual(counters["problems"].count(self.casd.address), 1)


if __name__ == "__main__":
    unittest.main()
