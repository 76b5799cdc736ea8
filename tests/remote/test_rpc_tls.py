"""net/tls.h: who is believed, who is not, and what the user is told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from kept import program  # noqa: E402
from rpc_cases import GrpcServer, RawServer, ToolCase  # noqa: E402
from tls import HERE, Authority, Identity, read  # noqa: E402


class Tls(ToolCase):
    def setUp(self) -> None:
        self.authority = self.another()

    def another(self) -> Authority:
        scratch = tempfile.TemporaryDirectory(prefix="sepal-tls.")
        self.addCleanup(scratch.cleanup)
        return Authority(scratch.name)

    def server(self, names: str = HERE, clients: Authority | None = None, days: int = 1) -> GrpcServer:
        own = self.authority.server(names, days)
        identity = Identity(own.certificate, own.key, clients.certificate if clients else "")
        return GrpcServer(self, credentials=identity.grpc_credentials())

    def failure(self, url: str, **options: object) -> str:
        answer = self.call(url, **options)
        self.assertEqual(answer["status"], "UNAVAILABLE")
        text: str = answer["text"]
        self.assertTrue(text.startswith(url + ": "), text)
        return text

    def test_a_server_of_a_given_root_is_believed(self) -> None:
        server = self.server()
        found, traffic = self.calls(server.url, *({"messages": [100_000]} for _ in range(200)),
                                    {"messages": [8_000_000]}, roots=self.authority.certificate)
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertEqual(traffic["connects"], 1)
        by_name = f"grpcs://LOCALHOST:{server.port}"
        self.assertEqual(self.call(by_name, roots=self.authority.certificate)["status"], "OK")

    def test_the_systems_roots_do_not_vouch_for_it(self) -> None:
        self.assertIn("certificate is not believed", self.failure(self.server().url))

    def test_another_root_does_not_vouch_for_it(self) -> None:
        text = self.failure(self.server().url, roots=self.another().certificate)
        self.assertIn("certificate is not believed", text)
        self.assertIn("give the root certificate", text)

    def test_a_certificate_for_another_host_is_refused(self) -> None:
        roots = self.authority.certificate
        self.assertIn("not one for 127.0.0.1", self.failure(self.server("DNS:localhost").url, roots=roots))
        server = self.server("DNS:other.example,DNS:*.localhost,IP:127.0.0.1")
        self.assertIn("not one for localhost", self.failure(f"grpcs://localhost:{server.port}", roots=roots))

    def test_a_certificate_that_has_expired_is_refused(self) -> None:
        self.assertIn("has expired", self.failure(self.server(days=-1).url, roots=self.authority.certificate))

    def test_a_server_that_asks_for_a_certificate_gets_it(self) -> None:
        clients = self.another()
        server = self.server(clients=clients)
        roots = self.authority.certificate
        mine = clients.client()
        self.assertEqual(self.call(server.url, roots=roots, cert=mine.certificate, key=mine.key)["status"], "OK")
        both = os.path.join(clients.directory, "both.pem")
        with open(both, "wb") as file:
            file.write(read(mine.certificate) + read(mine.key))
        self.assertEqual(self.call(server.url, roots=roots, cert=both)["status"], "OK")

    def test_a_certificate_that_is_missing_or_unknown_is_told(self) -> None:
        server = self.server(clients=self.another())
        other = self.another().client()
        said = self.failure(server.url, roots=self.authority.certificate)
        self.assertRegex(said, "client certificate|hung up|closed")
        self.failure(server.url, roots=self.authority.certificate, cert=other.certificate, key=other.key)

    def test_files_that_cannot_be_used_are_told_before_anything_else(self) -> None:
        mine = self.authority.client()
        certificate, key = mine.certificate, mine.key
        locked = key + ".locked"
        subprocess.run([program("openssl"), "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked],
                       check=True)
        url = "grpcs://127.0.0.1:1"
        for options, text in (({"roots": "/no/such/file"}, "/no/such/file"),
                              ({"roots": key}, "root certificates from"),
                              ({"cert": "/no/such/file"}, "certificate for TLS from /no/such/file"),
                              ({"cert": certificate, "key": self.authority.key}, "belong to the certificate in"),
                              ({"cert": certificate}, "our key for TLS"),
                              ({"cert": certificate, "key": locked}, "without a pass"),
                              ({"key": key}, "no certificate that it belongs to")):
            said = self.refusal("rpc_run", url, **options)
            self.assertIn(text, said)
            self.assertNotIn("PRIVATE KEY", said)

    def test_a_server_without_tls_is_recognised(self) -> None:
        plain = GrpcServer(self)
        url = f"grpcs://127.0.0.1:{plain.port}"
        self.assertIn("does not speak TLS", self.failure(url, roots=self.authority.certificate))

    def test_a_server_with_tls_is_recognised_by_who_does_not_use_it(self) -> None:
        answer = self.call(f"grpc://127.0.0.1:{self.server().port}")
        self.assertEqual(answer["status"], "UNAVAILABLE")
        self.assertRegex(answer["text"], "is not HTTP/2|closed the connection")

    def serve_python(self, *protocols: str) -> RawServer:
        context = self.authority.server().context()
        if protocols:
            context.set_alpn_protocols(list(protocols))

        def serve(connection: socket.socket, number: int) -> None:
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
        return RawServer(self, serve)

    def test_a_server_that_does_not_offer_http2_is_recognised(self) -> None:
        for protocols in ((), ("http/1.1",)):
            url = f"grpcs://127.0.0.1:{self.serve_python(*protocols).port}"
            said = self.failure(url, roots=self.authority.certificate)
            self.assertRegex(said, "does not offer HTTP/2|TLS with the server")

    def test_a_server_that_goes_after_the_handshake(self) -> None:
        url = f"grpcs://127.0.0.1:{self.serve_python('h2').port}"
        self.assertIn("closed the connection", self.failure(url, roots=self.authority.certificate))

    def test_a_handshake_that_never_ends_is_given_up(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            while connection.recv(65536):
                pass
        url = f"grpcs://127.0.0.1:{RawServer(self, serve).port}"
        self.assertIn("in time", self.failure(url, roots=self.authority.certificate, connect_timeout_ms=200))


if __name__ == "__main__":
    unittest.main()
