"""A client of remote/cache.h for tests (remote_probe.c): a directory of blobs, and requests as Python values."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import tempfile
from typing import Any, Sequence

from native import tool

Blob = tuple[str, int]


def name_of(content: bytes) -> Blob:
    return hashlib.sha256(content).hexdigest(), len(content)


def key_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed * 1000003 + size).randbytes(size)


class Probe:
    """One cache, open until close() or the end of the `with`. Blobs that are sent come from `dir`, fetched ones go
    there."""

    def __init__(self, url: str, **options: object) -> None:
        self.scratch = tempfile.TemporaryDirectory(prefix="sepal-probe.")
        self.dir = self.scratch.name
        arguments = [f"{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen([tool("remote_probe"), url, f"dir={self.dir}", *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.close()

    def close(self) -> str:
        """What it said on standard error."""
        _, said = self.process.communicate()
        self.scratch.cleanup()
        if self.process.returncode not in (0, 3):
            raise AssertionError(f"remote_probe ended with status {self.process.returncode}:\n{said}")
        return said

    def keep(self, *contents: bytes) -> list[Blob]:
        names = []
        for content in contents:
            names.append(name_of(content))
            with open(os.path.join(self.dir, names[-1][0]), "wb") as file:
                file.write(content)
        return names

    def content(self, blob: Blob) -> bytes:
        with open(os.path.join(self.dir, blob[0]), "rb") as file:
            return file.read()

    def ask(self, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """All of them at once."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps(requests) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise AssertionError(f"remote_probe has gone: {self.process.communicate()[1]}")
        answers: list[dict[str, Any]] = json.loads(line)
        return answers

    def get(self, key: str) -> dict[str, Any]:
        return self.ask({"get": key})[0]

    def put(self, key: str, record: str | int, blobs: Sequence[Blob] = (), budget_ms: int = 30000) -> None:
        """And waits until it has gone. Nothing can be put afterwards."""
        self.ask({"put": key, "record": record, "blobs": blobs}, {"finish": budget_ms})

    def send(self, blobs: Sequence[Blob]) -> str:
        answer: str = self.ask({"send": blobs})[0]["answer"]
        return answer

    def fetch(self, blobs: Sequence[Blob]) -> dict[str, int]:
        return self.ask({"fetch": blobs})[0]

    def counters(self) -> dict[str, Any]:
        return self.ask({"counters": True})[0]
