"""Who is believed and who is let in: the shared cache's client behind TLS, mutual TLS, tokens and credential helpers,
over gRPC and over HTTP."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import faults  # noqa: E402
import faults_http  # noqa: E402
from faults import FaultProxy  # noqa: E402
from faults_http import HttpCache  # noqa: E402
from personas import BazelRemote  # noqa: E402
from probe import Probe, key_of  # noqa: E402
from servers import ServerCase  # noqa: E402
from tls import Authority, Identity  # noqa: E402

KEY, RECORD = key_of("a record"), "what is recorded"
SECRET = "very-secret-token"

HELPER = """\
#!/bin/sh
# counts its runs, and gives whatever token the file beside it has
read -r asked
echo "$1 $asked" >> {directory}/asked
printf '{{"headers": {{"Authorization": ["Bearer %s"]}}, "expires": "2999-01-01T00:00:00Z"}}' "$(cat {directory}/token)"
"""


class Auth(ServerCase):
    directory: str
    ours: Authority
    theirs: Authority

    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.mkdtemp(prefix="sepal-auth.")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        for name in ("ours", "theirs"):
            os.mkdir(os.path.join(cls.directory, name))
            setattr(cls, name, Authority(os.path.join(cls.directory, name)))

    def setUp(self) -> None:
        self.scratch = tempfile.mkdtemp(prefix="test.", dir=self.directory)

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.scratch, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def servers(self, identity: Identity | None, *tokens: str) -> list[FaultProxy | HttpCache]:
        """One for gRPC and one for HTTP, both with the record."""
        behind = self.start(BazelRemote())
        with Probe(behind.url) as probe:
            probe.put(KEY, RECORD)
        proxy = self.start(FaultProxy(behind.address, *[faults.demand_token(*tokens)] * bool(tokens), tls=identity))
        cache = self.start(HttpCache(*[faults_http.demand_token(*tokens)] * bool(tokens), tls=identity))
        cache.entries.update(behind.entries)
        return [proxy, cache]

    def ask(self, url: str, **options: object) -> tuple[str, str]:
        """Whether the record was found, and what was said of the server."""
        with Probe(url, timeout_ms=3000, **options) as probe:
            answer = probe.get(KEY)
            if answer["answer"] == "found":
                self.assertEqual(answer["record"], RECORD)
            said = probe.counters()["problems"]
        self.assertNotIn(SECRET, said)
        return answer["answer"], said

    def test_the_given_authority_is_believed_and_no_other(self) -> None:
        for server in self.servers(self.ours.server()):
            for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
                self.assertEqual(self.ask(url, roots=self.ours.certificate), ("found", ""))
            for options in ({"roots": self.theirs.certificate}, {}):
                answer, said = self.ask(server.url, **options)
                self.assertEqual(answer, "failed")
                self.assertRegex(said, rf"{server.address}.*certificate")

    def test_a_certificate_for_somebody_else_or_from_the_past_is_refused(self) -> None:
        for identity in (self.ours.server(names="DNS:other.example"), self.ours.server(days=-1)):
            for server in self.servers(identity):
                answer, said = self.ask(server.url, roots=self.ours.certificate)
                self.assertEqual(answer, "failed", server.url)
                self.assertIn(server.address, said)

    def test_a_server_may_want_our_certificate(self) -> None:
        mine, other = self.ours.client(), self.theirs.client()
        for server in self.servers(self.ours.server(clients=True)):
            self.assertEqual(self.ask(server.url, roots=self.ours.certificate, cert=mine.certificate, key=mine.key),
                             ("found", ""))
            for options in ({}, {"cert": other.certificate, "key": other.key}):
                answer, said = self.ask(server.url, roots=self.ours.certificate, **options)
                self.assertEqual(answer, "failed", server.url)
                self.assertIn(server.address, said)

    def test_tls_against_plain_text_is_a_problem_and_no_riddle(self) -> None:
        for secure, plain in zip(self.servers(self.ours.server()), self.servers(None)):
            for url in (secure.url.replace("s://", "://"), plain.url.replace("://", "s://")):
                answer, said = self.ask(url, roots=self.ours.certificate)
                self.assertEqual(answer, "failed", url)
                self.assertNotEqual(said, "", url)

    def test_a_token_out_of_a_file_lets_in(self) -> None:
        for server in self.servers(self.ours.server(), SECRET):
            options = {"roots": self.ours.certificate}
            self.assertEqual(self.ask(server.url, token_file=self.write("token", SECRET + "\n"), **options),
                             ("found", ""))
            for more in ({"token_file": self.write("wrong", "another-" + SECRET)}, {}):
                answer, said = self.ask(server.url, **options, **more)
                self.assertEqual(answer, "failed")
                self.assertIn(server.address, said)

    def test_a_token_that_is_renewed_in_its_file_goes_on_working(self) -> None:
        proxy, cache = self.servers(None, "first")
        token = os.path.join(self.scratch, "token")
        for server, demand in ((proxy, faults.demand_token), (cache, faults_http.demand_token)):
            self.write("token", "first")
            with Probe(server.url, token_file=token) as probe:
                self.assertEqual(probe.get(KEY)["answer"], "found")
                self.write("token", SECRET)
                server.rules[:] = [demand(SECRET)]
                self.assertEqual(probe.get(KEY)["answer"], "found")
                self.assertEqual(probe.counters()["problems"], "")

    def test_a_credential_helper_is_asked_once_and_again_when_refused(self) -> None:
        proxy, cache = self.servers(None, "first")
        helper = self.write("helper", HELPER.format(directory=self.scratch))
        os.chmod(helper, 0o755)
        for server, demand in ((proxy, faults.demand_token), (cache, faults_http.demand_token)):
            self.write("token", "first")
            self.write("asked", "")
            with Probe(server.url, helper=helper) as probe:
                for _ in range(3):
                    self.assertEqual(probe.get(KEY)["answer"], "found", probe.counters()["problems"])
                self.write("token", SECRET)
                server.rules[:] = [demand(SECRET)]
                self.assertEqual(probe.get(KEY)["answer"], "found")
            with open(os.path.join(self.scratch, "asked")) as file:
                asked = file.read().splitlines()
            self.assertEqual(len(asked), 2, asked)
            self.assertRegex(asked[0], rf'^get \{{"uri": ?"https?://{server.address}/?"\}}$')

    def test_a_redirect_gets_no_secret(self) -> None:
        """To wherever it leads: the token is for the server that was named."""
        _, elsewhere = self.servers(None)
        cache = self.start(HttpCache(faults_http.redirect(elsewhere.url)))
        for options in ({"token_file": self.write("token", SECRET)}, {"header": f"X-Api-Key: {SECRET}"}):
            self.assertEqual(self.ask(cache.url, **options), ("found", ""))
        self.assertEqual(cache.secrets, [f"Bearer {SECRET}", SECRET])
        self.assertEqual(elsewhere.secrets, [])


if __name__ == "__main__":
    unittest.main()
