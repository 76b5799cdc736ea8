"""The file system as the checker sees it: canonical paths over real files (doc/formats/worker.md, Paths).

mypy reads sources, and looks for typeshed's core modules, through one FileSystemCache. This one answers for
canonical paths only; nothing outside the table is there, so a result cannot depend on where anything lies.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os

from mypy.fscache import FileSystemCache
from mypy.util import hash_digest

from sepal_mypy_options import TYPESHED


def _is_utf8(contents: bytes) -> bool:
    try:
        contents.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class ChangedSource(Exception):
    """A source is not what it was when the run was planned. A clause."""


class StagedFiles(FileSystemCache):
    def __init__(self, typeshed: str) -> None:
        super().__init__()
        self.typeshed = typeshed
        self.native_parser = False  # does the parser of this run read files by itself, in mypy's own runs?
        self.sources: dict[str, str | None] = {}  # canonical -> real; None: a namespace package, a bare directory
        self.contents: dict[str, bytes] = {}

    def use(self, sources: dict[str, str | None]) -> None:
        """These are the sources of the unit to come; what was read before is forgotten."""
        self.sources = sources
        self.contents.clear()

    def verify(self, digests: dict[str, str | None]) -> None:
        """Read the sources, each of which must have its digest: results are kept under it. Without a digest: a source
        that could not be read when the run was planned, and need not be now."""
        for path, digest in digests.items():
            if digest is not None and not self._has(path, digest):
                raise ChangedSource(f"{self.sources[path]} has changed since it was looked at")

    def _has(self, path: str, digest: str) -> bool:
        try:
            return hashlib.sha256(self._contents(path)).hexdigest() == digest
        except OSError:
            return False

    def _real(self, path: str) -> str | None:
        real = self.sources.get(path)
        if real is None and (path == TYPESHED or path.startswith(TYPESHED + "/")):
            real = self.typeshed + path[len(TYPESHED):]
        return real

    def _namespace(self, path: str) -> bool:
        return path in self.sources and self.sources[path] is None

    def stat_or_none(self, path: str) -> os.stat_result | None:
        real = self.typeshed if self._namespace(path) else self._real(path)
        try:
            return os.stat(real) if real is not None else None
        except OSError:
            return None

    def listdir(self, path: str) -> list[str]:
        real = self._real(os.path.normpath(path))
        if real is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return os.listdir(real)

    def isfile(self, path: str) -> bool:
        real = self._real(path)
        return real is not None and os.path.isfile(real)

    def isdir(self, path: str) -> bool:
        if self._namespace(path):
            return True
        if path in self.sources:
            return False
        real = self._real(path)
        return real is not None and os.path.isdir(real)

    def isfile_case(self, path: str, prefix: str) -> bool:
        return self.isfile(path)

    def exists_case(self, path: str, prefix: str) -> bool:
        return self.stat_or_none(path) is not None

    def exists(self, path: str, real_only: bool = False) -> bool:
        # real_only asks whether the parser may open the path by itself. It may not: canonical paths are names.
        return not real_only and self.stat_or_none(path) is not None

    def read(self, path: str) -> bytes:
        """The bytes of a source, for mypy to decode and to hand to its parser.

        A parser that opens the file by itself takes every file that is UTF-8 as UTF-8, whatever it declares, and counts
        a byte order mark as a column of the first line. Decoding takes one such mark away, and then asks no further."""
        contents = self._contents(path)
        if self.native_parser and _is_utf8(contents):
            return codecs.BOM_UTF8 + contents
        return contents

    def _contents(self, path: str) -> bytes:
        if path not in self.contents:
            real = self._real(path)
            if real is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            with open(real, "rb") as source:
                self.contents[path] = source.read()
        return self.contents[path]

    def hash_digest(self, path: str) -> str:
        return hash_digest(self._contents(path))

    def samefile(self, f1: str, f2: str) -> bool:
        return f1 == f2

    def size(self, path: str) -> int:
        return 0 if self._namespace(path) else len(self._contents(path))
