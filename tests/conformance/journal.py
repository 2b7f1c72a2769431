"""The journal: docs/journal.md."""
import hashlib
import struct

from postcard import Refused, decode_fields, encode_fields

MAGIC = bytes.fromhex("74616c6c6f776a0a")
HEADER_BYTES = 8 + 4 + 4 + 16 + 16 + 8
CHUNKS_MAX = 1 << 50
WRITTEN, SYNCED = 1, 2
ACK = [("ranges", "list of chunk_range <= 512")]


def check(before, text):
    return hashlib.sha256(before + text).digest()[:8]


def header(chunk_bytes, key, boot, magic=MAGIC, version=1):
    text = magic + struct.pack(">II", version, chunk_bytes) + key + boot
    return text + check(bytes(8), text)


def record(kind, body, before):
    text = struct.pack(">BH", kind, len(body)) + body
    return text + check(before, text)


def written(ranges):
    """The body of a record of chunks: [first, count] of each range."""
    return b"".join(encode_fields(ACK, {"ranges": [{"first": f, "count": c} for f, c in ranges]}))


def synced(offset):
    return struct.pack(">Q", offset)


def ranges_in(body):
    """The ranges of a record, or None where it is not as it should be."""
    try:
        ranges = [(r["first"], r["count"]) for r in decode_fields(ACK, body)["ranges"]]
    except Refused:
        return None
    fine = ranges and all(c > 0 and f + c <= CHUNKS_MAX for f, c in ranges)
    return ranges if fine else None


def read(file, chunk_bytes, key):
    """(boot id, records that hold as (kind, value, end)); None where it is no journal of that transfer."""
    if len(file) < HEADER_BYTES or file[:HEADER_BYTES] != header(chunk_bytes, key, file[32:48]):
        return None
    records, at, before = [], HEADER_BYTES, file[HEADER_BYTES - 8:HEADER_BYTES]
    while len(file) - at >= 3:
        kind, length = struct.unpack_from(">BH", file, at)
        body, end = file[at + 3:at + 3 + length], at + 3 + length + 8
        if end > len(file) or record(kind, body, before) != file[at:end]:
            break
        value = ranges_in(body) if kind == WRITTEN else None
        if kind == SYNCED and length == 8 and struct.unpack(">Q", body)[0] <= at:
            value = struct.unpack(">Q", body)[0]
        if value is None:
            break
        records.append((kind, value, end))
        at, before = end, file[end - 8:end]
    return file[32:48], records


def merged(ranges):
    """The same chunks as few ranges."""
    out = []
    for first, count in sorted(ranges):
        if out and first <= out[-1][0] + out[-1][1]:
            out[-1][1] = max(out[-1][1], first + count - out[-1][0])
        else:
            out.append([first, count])
    return out


def chunks_of(records):
    """(written, synced): all chunks, and those that the marks cover."""
    below = max((value for kind, value, _ in records if kind == SYNCED), default=0)
    of = [(r, end) for kind, value, end in records if kind == WRITTEN for r in value]
    return merged(r for r, _ in of), merged(r for r, end in of if end <= below)
