"""TLS, mutual TLS and tokens before any of the servers, seen by clients that are not ours."""

from __future__ import annotations

import os
import shutil
import ssl
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
from faults import FaultProxy  # noqa: E402
from faults_http import HttpCache  # noqa: E402
from reapi import Client  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402
from tls import Authority, Identity, read  # noqa: E402


class Tls(ServerCase):
    directory: str
    authority: Authority
    other: Authority
    casd: Casd

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.mkdtemp(prefix="sepal-tls.")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        authorities = []
        for name in ("ours", "theirs"):
            os.mkdir(os.path.join(cls.directory, name))
            authorities.append(Authority(os.path.join(cls.directory, name)))
        cls.authority, cls.other = authorities
        cls.casd = Casd()
        cls.addClassCleanup(cls.casd.delete)
        cls.addClassCleanup(cls.casd.stop)
        cls.casd.start()

    def answers(self, address: str, authority: Authority, client: Identity | None = None) -> bool:
        pair = (read(client.key), read(client.certificate)) if client else (None, None)
        with Client(address, credentials=grpc.ssl_channel_credentials(read(authority.certificate), *pair)) as asked:
            asked.how["timeout"] = 3.0
            try:
                return asked.missing([]) == []
            except grpc.RpcError as error:
                self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE, error)
                return False

    def test_only_who_trusts_the_authority_connects(self) -> None:
        proxy = self.start(FaultProxy(self.casd.address, tls=self.authority.server()))
        self.assertRegex(proxy.url, "^grpcs://")
        self.assertTrue(self.answers(proxy.address, self.authority))
        self.assertTrue(self.answers(proxy.address.replace("127.0.0.1", "localhost"), self.authority))
        self.assertFalse(self.answers(proxy.address, self.other))

    def test_a_certificate_for_others_or_from_the_past_is_refused(self) -> None:
        for identity in (self.authority.server(names="DNS:other.example"), self.authority.server(days=-1)):
            proxy = self.start(FaultProxy(self.casd.address, tls=identity))
            self.assertFalse(self.answers(proxy.address, self.authority))

    def test_mutual_tls_wants_a_certificate_of_the_same_authority(self) -> None:
        proxy = self.start(FaultProxy(self.casd.address, tls=self.authority.server(clients=True)))
        self.assertTrue(self.answers(proxy.address, self.authority, self.authority.client()))
        self.assertFalse(self.answers(proxy.address, self.authority))
        self.assertFalse(self.answers(proxy.address, self.authority, self.other.client()))

    def test_a_token_goes_with_tls(self) -> None:
        proxy = self.start(FaultProxy(self.casd.address, faults.demand_token("secret"), tls=self.authority.server()))
        roots = grpc.ssl_channel_credentials(read(self.authority.certificate))
        for token, status in (("secret", None), ("other", grpc.StatusCode.UNAUTHENTICATED)):
            bearer = grpc.composite_channel_credentials(roots, grpc.access_token_call_credentials(token))
            with Client(proxy.address, credentials=bearer) as client:
                try:
                    client.missing([])
                    self.assertIsNone(status)
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), status)

    def test_https_the_same_way(self) -> None:
        cache = self.start(HttpCache(tls=self.authority.server(clients=True)))
        mine, theirs = self.authority.client(), self.other.client()
        for authority, client, good in ((self.authority, mine, True), (self.authority, theirs, False),
                                        (self.authority, None, False), (self.other, mine, False)):
            context = ssl.create_default_context(cafile=authority.certificate)
            if client:
                context.load_cert_chain(client.certificate, client.key)
            try:
                urllib.request.urlopen(f"{cache.url}/cas/{'0' * 64}", context=context, timeout=5).close()
            except urllib.error.HTTPError as error:
                self.assertTrue(good and error.code == 404)
            except OSError:
                self.assertFalse(good)


if __name__ == "__main__":
    unittest.main()
