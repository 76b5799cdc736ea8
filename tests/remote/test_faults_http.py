"""The HTTP cache of the tests' own keeps what it is given, and does the wrong that it is asked to do."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults_http as faults  # noqa: E402
from faults_http import HttpCache, Rule  # noqa: E402
from reapi import re  # noqa: E402
from servers import ServerCase  # noqa: E402

BLOB = b"some bytes " * 1000
PLACE = "/cas/" + hashlib.sha256(BLOB).hexdigest()


class Http(ServerCase):
    def cache(self, *rules: Rule, checks: bool = True) -> HttpCache:
        cache = self.start(HttpCache(*rules, checks=checks))
        cache.entries[PLACE] = BLOB
        return cache

    def connect(self, cache: HttpCache, timeout: float = 10) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(cache.address, timeout=timeout)
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str = PLACE, body: bytes | None = None,
            **headers: str) -> tuple[int, bytes]:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def test_it_keeps_what_it_is_given_on_one_connection(self) -> None:
        cache = self.cache()
        connection = self.connect(cache)
        other = "/ac/" + "0" * 64
        self.assertEqual(self.ask(connection, "GET", other), (404, b""))
        result = re.ActionResult(stdout_raw=b"raw").SerializeToString()
        self.assertEqual(self.ask(connection, "PUT", other, result), (200, b""))
        self.assertEqual(self.ask(connection, "GET", other), (200, result))
        self.assertEqual(self.ask(connection, "HEAD"), (200, b""))
        self.assertEqual(self.ask(connection, "GET"), (200, BLOB))
        self.assertEqual(self.ask(connection, "GET", "/cas/short"), (404, b""))
        self.assertEqual(dict(cache.calls), {"GET ac": 2, "PUT ac": 1, "HEAD cas": 1, "GET cas": 2})
        self.assertEqual((cache.sent["GET cas"], cache.received["PUT ac"]), (len(BLOB), len(result)))

    def test_it_checks_what_it_is_given_or_not(self) -> None:
        for checks, status in ((True, 400), (False, 200)):
            connection = self.connect(self.cache(checks=checks))
            self.assertEqual(self.ask(connection, "PUT", PLACE, b"other")[0], status)
            self.assertEqual(self.ask(connection, "PUT", "/ac/" + "1" * 64, b"\xff\xff")[0], status)

    def test_requests_are_refused(self) -> None:
        connection = self.connect(self.cache(faults.disk_full(), faults.fail(503, request="HEAD", count=1)))
        self.assertEqual([self.ask(connection, "HEAD")[0], self.ask(connection, "HEAD")[0]], [503, 200])
        self.assertEqual(self.ask(connection, "PUT", PLACE, BLOB)[0], 507)
        self.assertEqual(self.ask(connection, "GET"), (200, BLOB))
        connection = self.connect(self.cache(faults.demand_token("secret")))
        self.assertEqual(self.ask(connection, "GET")[0], 401)
        self.assertEqual(self.ask(connection, "GET", Authorization="Bearer secret"), (200, BLOB))

    def test_bodies_are_wrong(self) -> None:
        ends = {
            "wrong": (faults.wrong_bytes(), BLOB[:-1] + b"!"),
            "longer": (faults.longer(3), BLOB + bytes(3)),
            "shorter": (faults.shorter(3), BLOB[:-3]),
            "chunked": (faults.chunked(), BLOB),
        }
        for name, (rule, body) in ends.items():
            with self.subTest(name):
                self.assertEqual(self.ask(self.connect(self.cache(rule)), "GET"), (200, body))
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.ask(self.connect(self.cache(faults.cut(1234))), "GET")
        self.assertEqual(caught.exception.partial, BLOB[:1234])

    def test_answers_are_late_slow_or_endless(self) -> None:
        start = time.monotonic()
        self.ask(self.connect(self.cache(faults.delay(0.2))), "GET")
        self.assertGreater(time.monotonic() - start, 0.2)
        start = time.monotonic()
        self.ask(self.connect(self.cache(faults.dripping(len(BLOB) // 5, 0.06))), "GET")
        self.assertGreater(time.monotonic() - start, 0.2)
        with self.assertRaises(TimeoutError):
            self.ask(self.connect(self.cache(faults.hang()), timeout=0.2), "GET")
        connection = self.connect(self.cache(faults.endless()))
        connection.request("GET", PLACE)
        self.assertEqual(len(connection.getresponse().read(1 << 20)), 1 << 20)

    def test_it_can_send_elsewhere(self) -> None:
        connection = self.connect(self.cache(faults.redirect("http://127.0.0.1:9")))
        connection.request("GET", PLACE)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("Location")), (302, "http://127.0.0.1:9" + PLACE))

    def test_it_comes_back_on_its_port_with_its_entries(self) -> None:
        cache = self.cache()
        connection = self.connect(cache)
        self.ask(connection, "GET")
        cache.stop()
        with self.assertRaises(OSError):
            self.ask(connection, "GET")
        with self.assertRaises(OSError):
            self.ask(self.connect(cache), "GET")
        cache.start()
        self.assertEqual(self.ask(self.connect(cache), "GET"), (200, BLOB))


if __name__ == "__main__":
    unittest.main()
