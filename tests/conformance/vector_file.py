"""A vector: lines `key: value`, an empty line, and bytes in hexadecimal."""
import dataclasses
import itertools

LINE_BYTES = 32
REPEATS_MIN = 4


@dataclasses.dataclass(frozen=True)
class Vector:
    """One case. `body` is bytes, or pieces of them that stand on lines of their own."""
    name: str
    expect: str
    comment: str
    inputs: tuple  # of (key, value); a key may come more than once
    body: tuple

    def bytes(self):
        return b"".join(self.body)


def vector(name, expect, comment, body=b"", **inputs):
    """A vector; an input that is a list becomes a line for each of its values."""
    lines = []
    for key, value in inputs.items():
        for one in value if isinstance(value, list) else [value]:
            lines.append((key, one.hex() if isinstance(one, bytes) else str(one)))
    pieces = (body,) if isinstance(body, bytes) else tuple(body)
    return Vector(name, expect, comment, tuple(lines), pieces)


def render(v):
    """The text of the file."""
    lines = [("expect", v.expect), ("comment", v.comment), *v.inputs]
    for key, value in lines:
        if "\n" in value or not value.isascii() or not key.replace("_", "").isalnum():
            raise ValueError(f"{v.name}: {key} does not fit into a line")
    header = "".join(f"{key}: {value}".rstrip() + "\n" for key, value in lines)
    return header + "\n" + "".join(line + "\n" for line in _body_lines(v.body))


def _body_lines(pieces):
    """Each piece on a line of its own; what repeats stands there once, with how often."""
    for piece, run in itertools.groupby(pieces):
        count = len(list(run))
        if len(piece) > LINE_BYTES and piece == piece[:1] * len(piece):
            piece, count = piece[:1], count * len(piece)
        if piece and count >= REPEATS_MIN and len(piece) <= LINE_BYTES:
            yield f"{piece.hex()} x{count}"
            continue
        for start in list(range(0, len(piece), LINE_BYTES)) * count:
            yield piece[start:start + LINE_BYTES].hex()


def body_of(text):
    """The bytes behind the header of a file."""
    body = b""
    for line in text.partition("\n\n")[2].splitlines():
        digits, _, count = line.partition(" x")
        body += bytes.fromhex(digits) * int(count or 1)
    return body
