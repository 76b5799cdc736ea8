"""Frames: a 4-byte little-endian length and one JSON object, both ways (doc/formats/worker.md).

Knows bytes and JSON only; what the objects mean is the business of whoever reads them.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Iterator

MAX_PAYLOAD = 64 * 1024 * 1024
_HEAD = struct.Struct("<I")


class BadFrame(Exception):
    """The other side wrote something that is not a frame. One sentence."""


def pack(message: dict[str, Any]) -> bytes:
    payload = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")
    if len(payload) > MAX_PAYLOAD:
        raise BadFrame(f"A frame of {len(payload)} bytes is larger than the {MAX_PAYLOAD} that the protocol allows.")
    return _HEAD.pack(len(payload)) + payload


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


class FrameBuffer:
    """Collects bytes as they come and hands out whole frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data

    def pending(self) -> int:
        return len(self._bytes)

    def frames(self) -> Iterator[dict[str, Any]]:
        for raw in self.raw_frames():
            yield decode(raw)

    def raw_frames(self) -> Iterator[bytes]:
        """Whole frames with their heads, to be passed on as they are."""
        while len(self._bytes) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._bytes)
            if length > MAX_PAYLOAD:
                raise BadFrame(f"A frame announces {length} bytes; the protocol allows {MAX_PAYLOAD}.")
            end = _HEAD.size + length
            if end > len(self._bytes):
                return
            raw = bytes(self._bytes[:end])
            del self._bytes[:end]
            yield raw

    def take(self) -> bytes:
        """Everything that has not been handed out."""
        rest = bytes(self._bytes)
        self._bytes.clear()
        return rest


def decode(raw: bytes) -> dict[str, Any]:
    try:
        message = json.loads(raw[_HEAD.size:].decode("utf-8"))
    except ValueError as err:
        raise BadFrame(f"A frame is not JSON in UTF-8: {err}.") from None
    if not isinstance(message, dict):
        raise BadFrame("A frame holds JSON, but not an object.")
    return message
