"""An authority of the test's own, and what it signs: made by the openssl program, for a day, in a directory.

    authority = Authority(directory)                                # authority.certificate: what callers trust
    server = authority.server()                                     # for localhost and 127.0.0.1
    proxy = self.start(FaultProxy(casd.address, tls=server))        # HttpCache takes it as well
    server = authority.server(clients=True)                         # callers need a certificate of this authority,
    mine = authority.client()                                       # as in the files mine.certificate and mine.key
    authority.server(names="DNS:other.example")                     # for somebody else
    authority.server(days=-1)                                       # no longer valid

Two authorities do not trust each other.
"""

from __future__ import annotations

import os
import ssl
import subprocess
from dataclasses import dataclass
from typing import Any

from kept import program

HERE = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Identity:
    """A certificate with its key. `clients` is the authority whose certificates callers must have, or empty."""

    certificate: str
    key: str
    clients: str = ""

    def grpc_credentials(self) -> Any:
        import grpc

        pairs = [(read(self.key), read(self.certificate))]
        if self.clients:
            return grpc.ssl_server_credentials(pairs, read(self.clients), require_client_auth=True)
        return grpc.ssl_server_credentials(pairs)

    def context(self) -> ssl.SSLContext:
        """For a server of Python's own."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if self.clients:
            context.load_verify_locations(self.clients)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


class Authority:
    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._number = 0
        self.certificate, self.key = self._path("authority.pem"), self._path("authority.key")
        self._make_key(self.key)
        self._openssl("req", "-new", "-x509", "-key", self.key, "-out", self.certificate, "-days", "1", "-subj",
                      "/CN=authority of a test", "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                      "keyUsage=critical,keyCertSign,cRLSign")

    def server(self, names: str = HERE, days: int = 1, clients: bool = False) -> Identity:
        certificate, key = self._sign("serverAuth", f"subjectAltName={names}", days)
        return Identity(certificate, key, self.certificate if clients else "")

    def client(self, days: int = 1) -> Identity:
        return Identity(*self._sign("clientAuth", "subjectAltName=DNS:client.example", days))

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run([program("openssl"), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise AssertionError(f"openssl {' '.join(arguments)}:\n{done.stdout}")

    def _make_key(self, path: str) -> None:
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        os.chmod(path, 0o600)

    def _sign(self, usage: str, names: str, days: int) -> tuple[str, str]:
        self._number += 1
        base = self._path(f"{usage}-{self._number}")
        certificate, key, request, extensions = (base + end for end in (".pem", ".key", ".csr", ".ext"))
        self._make_key(key)
        self._openssl("req", "-new", "-key", key, "-out", request, "-subj", "/CN=of a test")
        with open(extensions, "w") as file:
            file.write(f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage={usage}\n{names}\n")
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-set_serial",
                      str(self._number), "-days", str(days), "-extfile", extensions, "-out", certificate)
        return certificate, key
