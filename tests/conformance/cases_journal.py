"""Vectors of journals: what a file says, and where it stops to be believed."""
import hashlib
import json

import journal
from journal import SYNCED, WRITTEN, synced, written
from vector_file import vector

CHUNK_BYTES = 262144
KEY = hashlib.sha256(b"transfer").digest()[:16]
BOOT = hashlib.sha256(b"boot").digest()[:16]
HEADER = journal.header(CHUNK_BYTES, KEY, BOOT)


class File:
    """A journal that grows, as pieces."""

    def __init__(self, header=HEADER):
        self.pieces = [header]

    def __len__(self):
        return sum(map(len, self.pieces))

    def add(self, kind, body):
        self.pieces.append(journal.record(kind, body, self.pieces[-1][-8:]))
        return self

    def written(self, *ranges):
        return self.add(WRITTEN, written(ranges))

    def synced(self, offset=None):
        return self.add(SYNCED, synced(len(self) if offset is None else offset))

    def raw(self, text):
        self.pieces.append(text)
        return self


def case(name, comment, pieces, expect="success", chunk_bytes=CHUNK_BYTES, key=KEY):
    inputs = {"chunk_bytes": chunk_bytes, "transfer_key": key}
    content = journal.read(b"".join(pieces), chunk_bytes, key)
    assert (content is not None) == (expect == "success"), name
    if content is not None:
        boot, records = content
        chunks, on_disk = journal.chunks_of(records)
        inputs.update(boot_id=boot, record=[json.dumps([kind, value]) for kind, value, _ in records],
                      bytes=records[-1][2] if records else journal.HEADER_BYTES,
                      written=json.dumps(chunks), synced=json.dumps(on_disk))
    return vector(name, expect, comment, pieces, **inputs)


def whole():
    yield case("empty", "a header and nothing behind it", File().pieces)
    yield case("one_chunk", "one chunk", File().written((0, 1)).pieces)
    yield case("nothing_synced", "chunks and no mark", File().written((0, 5), (9, 1)).written((5, 2)).pieces)
    yield case("synced", "a mark behind all chunks", File().written((0, 5)).synced().pieces)
    yield case("synced_in_part", "chunks behind a mark",
               File().written((0, 5)).synced().written((5, 5)).pieces)
    file = File().written((0, 5))
    below = len(file)
    yield case("mark_covers_less", "a mark of before the last record",
               file.written((7, 1)).synced(below).pieces)
    yield case("mark_within_a_record", "a record that does not end at or before the mark is not covered",
               File().written((0, 5)).written((7, 1)).synced(below + 1).pieces)
    yield case("two_marks", "the later mark covers more",
               File().written((0, 5)).synced().written((5, 5)).synced().pieces)
    yield case("lower_mark_later", "a mark takes nothing back",
               File().written((0, 5)).synced().written((7, 1)).synced(0).pieces)
    yield case("mark_at_zero", "a mark that covers nothing", File().written((0, 5)).synced(0).pieces)
    yield case("overlap", "ranges that overlap and touch", File().written((0, 5), (3, 5), (8, 1)).pieces)
    yield case("descending", "ranges in any order", File().written((100, 1), (50, 2), (0, 1)).pieces)
    yield case("most_ranges", "512 ranges in one record",
               File().written(*[(2 * i, 1) for i in range(512)]).pieces)
    yield case("highest_chunk", "the last chunk that there may be",
               File().written((journal.CHUNKS_MAX - 1, 1)).pieces)
    yield case("all_chunks", "all chunks that there may be", File().written((0, journal.CHUNKS_MAX)).pieces)
    yield case("no_boot_id", "zeros where the machine has no boot id",
               File(journal.header(CHUNK_BYTES, KEY, bytes(16))).written((0, 1)).pieces)


def no_journal():
    def none(name, comment, text, **of):
        return case(name, comment, [text, *File(text).written((0, 1)).pieces[1:]], "no_journal", **of)

    yield case("no_bytes", "an empty file", [b""], "no_journal")
    yield case("header_cut_off", "the last byte of the header is missing", [HEADER[:-1]], "no_journal")
    yield none("magic_wrong", "another magic", journal.header(CHUNK_BYTES, KEY, BOOT, b"tallowj\r"))
    yield none("version_0", "a version of before", journal.header(CHUNK_BYTES, KEY, BOOT, version=0))
    yield none("version_2", "a later version", journal.header(CHUNK_BYTES, KEY, BOOT, version=2))
    yield none("other_chunk_bytes", "chunks of another size", HEADER, chunk_bytes=4096)
    yield none("other_transfer", "of another transfer", HEADER, key=BOOT)
    yield none("check_wrong", "a flipped bit in the check", HEADER[:-1] + bytes([HEADER[-1] ^ 1]))
    yield none("boot_flipped", "a flipped bit in the boot id",
               HEADER[:40] + bytes([HEADER[40] ^ 1]) + HEADER[41:])


def stops():
    """What stands before a record that is not as it should be holds."""
    def broken(name, comment, kind, body):
        file = File().written((0, 5)).synced()
        return case(name, comment, file.add(kind, body).written((50, 1)).pieces)

    yield broken("kind_0", "a kind of record that there is not", 0, b"")
    yield broken("kind_3", "a kind of record that there is not", 3, written([(9, 1)]))
    yield broken("no_ranges", "a record of no chunks", WRITTEN, written([]))
    yield broken("empty_range", "a range without chunks", WRITTEN, written([(9, 1), (20, 0)]))
    yield broken("range_too_high", "a range that ends above 2^50", WRITTEN,
                 written([(journal.CHUNKS_MAX, 1)]))
    yield broken("range_too_long", "a range that ends above 2^50", WRITTEN,
                 written([(1, journal.CHUNKS_MAX)]))
    yield broken("range_overflows", "a range that ends above 2^64", WRITTEN,
                 written([((1 << 64) - 1, (1 << 64) - 1)]))
    yield broken("513_ranges", "a range more than a record has", WRITTEN,
                 written([(2 * i, 1) for i in range(513)]))
    yield broken("body_cut_off", "fewer ranges than the count says", WRITTEN, written([(9, 1), (20, 1)])[:-1])
    yield broken("body_goes_on", "a byte behind the ranges", WRITTEN, written([(9, 1)]) + b"\x00")
    yield broken("body_not_shortest", "a count in two bytes", WRITTEN, b"\x81\x00\x09\x01")
    yield broken("body_empty", "a record of chunks without a body", WRITTEN, b"")
    yield broken("mark_too_short", "an offset of seven bytes", SYNCED, bytes(7))
    yield broken("mark_too_long", "an offset of nine bytes", SYNCED, bytes(9))
    yield broken("mark_ahead", "a mark above where it stands", SYNCED, synced(1000))
    yield broken("mark_highest", "the highest offset there is", SYNCED, synced((1 << 64) - 1))
    start = len(File().written((0, 5)).synced())
    yield case("mark_a_byte_ahead", "a mark a byte above where it stands",
               File().written((0, 5)).synced().synced(start + 1).written((50, 1)).pieces)
    yield case("mark_where_it_stands", "a mark that covers all before it",
               File().written((0, 5)).written((9, 1)).synced().written((50, 1)).pieces)


def damage():
    file = File().written((0, 5)).synced().written((9, 1)).written((20, 1))
    last = file.pieces[-1]
    for cut in (1, 8, 9, len(last) - 2, len(last) - 3, len(last) - 1):
        yield case(f"torn_{cut}", "the end of the last record is missing", [*file.pieces[:-1], last[:-cut]])
    for at, name in [(0, "kind"), (2, "length"), (4, "body"), (-1, "check")]:
        text = bytearray(file.pieces[-2])
        text[at] ^= 0x40 if name == "body" else 0x01
        yield case(f"flipped_{name}", "a flipped bit: nothing from there on holds",
                   [*file.pieces[:-2], bytes(text), last])
    yield case("left_out", "a record is missing", [*file.pieces[:-2], last])
    yield case("repeated", "a record comes twice", [*file.pieces, last])
    yield case("zeros", "a hole of zeros behind the records", [*file.pieces, bytes(4096)])
    yield case("length_highest", "a length beyond the end", [*file.pieces, b"\x01\xff\xff\x01\x00\x01"])
    yield case("two_bytes", "two bytes behind the records", [*file.pieces, b"\x01\x00"])
    yield case("foreign_record", "a record of a journal of another run",
               [*file.pieces, *File(journal.header(CHUNK_BYTES, KEY, KEY)).written((7, 1)).pieces[1:]])


def cases():
    for group in (whole, no_journal, stops, damage):
        yield from group()
