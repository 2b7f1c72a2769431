"""The encoding of message bodies: docs/protocol/wire.md, Bodies."""
import functools
import re

import specification

BITS = {"u16": 16, "u32": 32, "u64": 64}


class Refused(Exception):
    """The input breaks a rule; `kind` is the name of the failure."""

    def __init__(self, kind):
        super().__init__(kind)
        self.kind = kind


def uint(value):
    """An unsigned integer: seven bits a byte, lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def long_uint(value, count):
    """An unsigned integer in `count` bytes, more than it needs."""
    return bytes(value >> 7 * i & 0x7F | (0x80 if i + 1 < count else 0) for i in range(count))


def fold(value):
    """0, -1, 1, -2 become 0, 1, 2, 3."""
    return 2 * value if value >= 0 else -2 * value - 1


def unfold(value):
    return -(value + 1) // 2 if value & 1 else value // 2


@functools.cache
def split_type(kind):
    """(constructor, arguments) of a type as the page writes it."""
    for pattern, name in [(r"bytes\[(\d+)\]", "array"), (r"bytes <= (\d+)", "bytes"),
                          (r"text <= (\d+)", "text"), (r"list of (.+) <= (\d+)", "list"),
                          (r"choice of (.+) or (.+)", "choice")]:
        if match := re.fullmatch(pattern, kind):
            return name, match.groups()
    known = specification.read()
    if kind in known.structures:
        return "structure", (known.structures[kind],)
    if kind in known.enumerations:
        return "enumeration", (known.enumerations[kind],)
    return kind, ()


def pieces(kind, value):
    """The encoding, cut where it is best read."""
    name, args = split_type(kind)
    if name == "list":
        return [uint(len(value)), *(encode(args[0], v) for v in value)]
    if name in ("bytes", "text"):
        raw = value.encode() if name == "text" else bytes.fromhex(value)
        return [uint(len(raw)) + raw] if len(raw) < 32 else [uint(len(raw)), raw]
    if name == "choice":
        return [uint(value[0]) + encode(args[value[0]], value[1])]
    if name == "structure":
        return [p for field, of in args[0] for p in pieces(of, value[field])]
    if name == "bool":
        return [bytes([value])]
    if name == "array":
        return [bytes.fromhex(value)]
    if name == "i64":
        return [uint(fold(value))]
    if name in BITS or name == "enumeration":
        return [uint(value)]
    raise ValueError(f"no type {kind}")


def encode(kind, value):
    return b"".join(pieces(kind, value))


def encode_fields(fields, value):
    """The pieces of a body: those of its fields, one behind the other."""
    return [p for name, kind in fields for p in pieces(kind, value[name])]


class Reader:
    """Takes values off the front of a body."""

    def __init__(self, body):
        self.left = body

    def raw(self, count):
        if count > len(self.left):
            raise Refused("truncated")
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def uint(self, bits):
        value = 0
        for i in range((bits + 6) // 7):
            byte = self.raw(1)[0]
            value |= (byte & 0x7F) << 7 * i
            if value >= 1 << bits:
                raise Refused("varint_too_long")
            if byte < 0x80:
                if byte == 0 and i > 0:
                    raise Refused("varint_not_shortest")
                return value
        raise Refused("varint_too_long")

    def count(self, limit):
        """A count of things that take a byte at least."""
        count = self.uint(64)
        if count > limit:
            raise Refused("length_above_limit")
        if count > len(self.left):
            raise Refused("truncated")
        return count

    def numbered(self, count):
        number = self.uint(32)
        if number >= count:
            raise Refused("enum_invalid")
        return number

    def text(self, limit):
        raw = self.raw(self.count(limit))
        try:
            return raw.decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise Refused("utf8_invalid") from None

    def value(self, kind):
        name, args = split_type(kind)
        if name in BITS:
            return self.uint(BITS[name])
        if name == "i64":
            return unfold(self.uint(64))
        if name == "bool":
            byte = self.raw(1)[0]
            if byte > 1:
                raise Refused("bool_invalid")
            return byte == 1
        if name == "array":
            return self.raw(int(args[0])).hex()
        if name == "bytes":
            return self.raw(self.count(int(args[0]))).hex()
        if name == "text":
            return self.text(int(args[0]))
        if name == "list":
            return [self.value(args[0]) for _ in range(self.count(int(args[1])))]
        if name == "choice":
            number = self.numbered(2)
            return [number, self.value(args[number])]
        if name == "enumeration":
            return self.numbered(args[0])
        return self.fields(args[0])

    def fields(self, fields):
        return {name: self.value(kind) for name, kind in fields}

    def finish(self):
        if self.left:
            raise Refused("trailing_bytes")


def decode_fields(fields, body):
    """The value of a whole body."""
    reader = Reader(body)
    value = reader.fields(fields)
    reader.finish()
    return value
