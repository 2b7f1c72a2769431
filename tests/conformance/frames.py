"""Frames: docs/protocol/wire.md, Frames."""
import struct

import specification
from postcard import Refused

HEADER_BYTES = 8


def names_from(sender):
    return {f.name for f in specification.read().frames.values() if sender in f.senders}


# What may come where.
PLACES = {
    "to_relay": names_from("client"),
    "from_relay": names_from("relay"),
    "handshake": {n for n in names_from("peer") if n.startswith("HANDSHAKE_") or n == "ABORT"},
    "control": {"SEALED"},
    "lane": {"SEALED", "DATA"},
}


def header(name, length, flags=0, reserved=0):
    number = name if isinstance(name, int) else specification.read().frames[name].number
    return struct.pack(">IBBH", length, number, flags, reserved)


def frame(name, body=b""):
    return header(name, len(body)) + body


def split(stream, place, body_bytes_max=None):
    """The frames of a stream, and how it ends: (frames, offset of the one at fault, failure)."""
    by_number = {f.number: f for f in specification.read().frames.values()}
    found, offset = [], 0
    while offset < len(stream):
        if len(stream) - offset < HEADER_BYTES:
            return found, offset, "truncated"
        length, number, flags, reserved = struct.unpack_from(">IBBH", stream, offset)
        kind = by_number.get(number)
        try:
            _check(kind, length, flags, reserved, place, body_bytes_max)
        except Refused as refused:
            return found, offset, refused.kind
        start = offset + HEADER_BYTES
        if len(stream) - start < length:
            return found, offset, "truncated"
        found.append((kind.name, stream[start:start + length]))
        offset = start + length
    return found, offset, "success"


def _check(kind, length, flags, reserved, place, body_bytes_max):
    if kind is None or kind.name not in PLACES[place]:
        raise Refused("frame_type_unknown")
    if length > kind.bytes_max or (body_bytes_max is not None and length > body_bytes_max):
        raise Refused("frame_too_large")
    if flags or reserved:
        raise Refused("frame_reserved_set")
