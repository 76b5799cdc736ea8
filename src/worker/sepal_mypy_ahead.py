"""Sources parsed ahead of their turn, by a process that runs only when a processor has nothing else to do.

A check begins with chains in which one unit waits for another. Parsing waits for nobody: what mypy's native parser
makes of a source (nodes.FileRawData) is a function of the bytes, the options and whether errors are shown. It is kept
in files of the memory that all processes of the worker have open, and whoever checks the unit builds its tree from
there, as mypy's own workers do with what their coordinator parsed.

The table's slots hold where a record begins, or nothing. A record begins with its whole key, so it is right or not
there, whatever is read while the one writer writes.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING, Any, Iterable

from librt.internal import ReadBuffer, WriteBuffer
from mypy.nodes import FileRawData
from mypy.parse import parse
from mypy.util import decode_python_encoding
from mypy.version import __version__

from sepal_frames import write_all

if TYPE_CHECKING:
    from sepal_mypy_manager import Checker

_SLOTS = 1 << 17  # many more than modules
_PROBES = 8
_SLOT = struct.Struct("<Q")
_HEAD = struct.Struct("<II")  # lengths of the key and of the rest

Member = dict[str, Any]

# Where a tree can be built from what another process parsed (build.State.parse_file).
POSSIBLE = tuple(map(int, __version__.split(".")[:2])) >= (2, 4)


class Ahead:
    def __init__(self) -> None:
        self.records = os.memfd_create("parsed")
        self.end = 0
        table = os.memfd_create("parsed-table")
        os.ftruncate(table, _SLOTS * (_SLOT.size + 1))
        self.table = mmap.mmap(table, _SLOTS * (_SLOT.size + 1))
        os.close(table)

    # By who checks.

    def claim(self, members: Iterable[Member]) -> None:
        """These are about to be parsed here."""
        for member in members:
            if member["digest"] is not None:
                self.table[self._claim(_key(member))] = 1

    def take(self, members: Iterable[Member]) -> list[FileRawData] | None:
        """What was parsed ahead, if that is all of them."""
        found = []
        for member in members:
            data = self._find(member) if member["digest"] is not None else None
            if data is None:
                return None
            found.append(FileRawData.read(ReadBuffer(data)))
        return found

    def _find(self, member: Member) -> bytes | None:
        key = _key(member)
        for slot in _probes(key):
            (place,) = _SLOT.unpack_from(self.table, slot)
            if not place:
                return None
            head = os.pread(self.records, _HEAD.size, place - 1)
            if len(head) < _HEAD.size:
                return None
            lengths = _HEAD.unpack(head)
            if lengths[0] != len(key):
                continue
            record = os.pread(self.records, sum(lengths), place - 1 + _HEAD.size)
            if record.startswith(key) and len(record) == sum(lengths):
                return record[len(key):]
        return None

    @staticmethod
    def _claim(key: bytes) -> int:
        return _SLOTS * _SLOT.size + _place(key)

    # By the process that parses ahead.

    def parse(self, checker: Checker, members: list[Member]) -> None:
        """One after the other, without those that somebody else is at. What cannot be parsed is left to who has to say
        so."""
        for member in members:
            key = _key(member)
            if not self.table[self._claim(key)]:
                try:
                    self._keep(key, _parsed(checker, member))
                except Exception:
                    continue

    def _keep(self, key: bytes, parsed: FileRawData | None) -> None:
        if parsed is None or parsed.raw_errors or parsed.mypy_comments:
            return  # rare, and in the order of things: errors, and options inside the source
        slot = next((slot for slot in _probes(key) if self.table[slot:slot + _SLOT.size] == bytes(_SLOT.size)), None)
        if slot is None:
            return
        buffer = WriteBuffer()
        parsed.write(buffer)
        data = buffer.getvalue()
        place = self.end
        record = _HEAD.pack(len(key), len(data)) + key + data
        write_all(self.records, record)
        self.end += len(record)
        self.table[slot:slot + _SLOT.size] = _SLOT.pack(place + 1)


def _parsed(checker: Checker, member: Member) -> FileRawData | None:
    path: str = member["path"]
    checker.files.use({path: member["source"]})
    checker.files.verify({path: member["digest"]})
    options = checker.option_sets[member["options"]]
    checker.errors.ignored_files = {path} if member["silent"] or options.ignore_errors else set()
    source = decode_python_encoding(checker.files.read(path))
    return parse(source, path, member["id"], checker.errors, options).raw_data


def _key(member: Member) -> bytes:
    return f"{member['digest']} {member['options']} {member['silent']} {member['path']}".encode()


def _place(key: bytes) -> int:
    return int(key[:8], 16) % _SLOTS


def _probes(key: bytes) -> Iterable[int]:
    first = _place(key)
    return (((first + probe) % _SLOTS) * _SLOT.size for probe in range(_PROBES))
