"""Certificates for tests, made by the openssl program: a root, and certificates that it signs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest

from kept import program


class Authority:
    """A root certificate in `root`; issue() makes others. All files are in a directory that goes with the test."""

    def __init__(self, case: unittest.TestCase, name: str = "Test root") -> None:
        directory = tempfile.TemporaryDirectory(prefix="sepal-certificates.")
        case.addCleanup(directory.cleanup)
        self.dir = directory.name
        self.root, self.key = self._path("root.pem"), self._path("root.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.root)

    def _path(self, name: str) -> str:
        return os.path.join(self.dir, name)

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run([program("openssl"), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise AssertionError(f"openssl {' '.join(arguments)}:\n{done.stdout}")

    def issue(self, name: str, *alternatives: str, days: int = 2) -> tuple[str, str]:
        """(certificate, key) of `name`; `alternatives` are such as "DNS:localhost" and "IP:127.0.0.1"."""
        certificate, key, request = (self._path(f"{name}.{kind}") for kind in ("pem", "key", "request"))
        extensions = self._path(f"{name}.cnf")
        with open(extensions, "w") as file:
            file.write(f"subjectAltName={','.join(alternatives or ('DNS:' + name,))}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self.key, "-CAcreateserial",
                      "-days", str(days), "-extfile", extensions, "-out", certificate)
        return certificate, key

    def with_pass_phrase(self, key: str) -> str:
        locked = key + ".locked"
        self._openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked)
        return locked


def content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
