"""Vectors of records, lane tickets and the hashes of claims."""
import hashlib

import frames
import key_schedule
import records
from vector_file import vector

NAMES = {1: "gcm", 2: "chacha"}
TRAFFIC = hashlib.sha512(b"traffic secret").digest()
OTHER = hashlib.sha512(b"the other direction").digest()
LONG = bytes(range(256)) * 3
LAST = (1 << 32) - 1


def case(name, expect, comment, suite, pieces, stream=0, sequence=0):
    """Records as frames, and what opens of them with these keys."""
    opened, outcome = records.open_all(suite, TRAFFIC, stream, sequence, b"".join(pieces))
    assert outcome == expect, f"{name}: {outcome}"
    inputs = {"suite": suite, "traffic_secret": TRAFFIC, "stream": stream, "sequence": sequence}
    return vector(f"{NAMES[suite]}_{name}", expect, comment, pieces, kind="records", **inputs,
                  plaintext=opened)


def sealed(suite, plaintexts, stream=0, sequence=0, traffic=TRAFFIC, kind="SEALED"):
    """The frames, a list of pieces each."""
    side = records.Stream(suite, traffic, stream, sequence)
    return [side.seal(p, kind) for p in plaintexts]


def flat(list_of_pieces):
    return [p for pieces in list_of_pieces for p in pieces]


def opening(suite):
    for size in (0, 1, 15, 16, 17, 63, 64, 65, 300):
        yield case(f"{size}_bytes", "success", "a record of that length", suite,
                   flat(sealed(suite, [LONG[:size]])))
    yield case("three", "success", "records in the order in which they were sealed", suite,
               flat(sealed(suite, [b"one", b"", b"three"])))
    yield case("lane", "success", "DATA frames of a lane", suite,
               flat(sealed(suite, [b"\x03\x07", LONG], stream=7, kind="DATA")), stream=7)
    yield case("highest_stream", "success", "the highest stream id", suite,
               flat(sealed(suite, [b"x"], stream=LAST)), stream=LAST)
    yield case("record_256", "success", "a number of two bytes", suite,
               flat(sealed(suite, [b"x"], sequence=256)), sequence=256)
    yield case("last_record", "success", "the last record that a key may seal", suite,
               flat(sealed(suite, [b"x"], sequence=LAST)), sequence=LAST)
    yield case("key_finished", "record_limit_reached", "one record more than a key may seal", suite,
               flat(sealed(suite, [b"x", b"y"], sequence=LAST)), sequence=LAST)


def changed(piece, at, bit=0x01):
    return piece[:at] + bytes([piece[at] ^ bit]) + piece[at + 1:]


def tampering(suite):
    refused = "authentication_failed"
    first, second, third = sealed(suite, [b"one", LONG[:40], b"three"])
    for name, comment, body in [
            ("first_bit", "the first bit of the ciphertext", changed(second[1], 0, 0x80)),
            ("last_bit", "the last bit of the ciphertext", changed(second[1], 39)),
            ("tag_first_bit", "the first bit of the tag", changed(second[1], 40, 0x80)),
            ("tag_last_bit", "the last bit of the tag", changed(second[1], 55))]:
        yield case(f"flipped_{name}", refused, f"{comment} is flipped", suite, [*first, second[0], body])
    for at, name in [(4, "type"), (5, "flags"), (7, "reserved")]:
        yield case(f"header_{name}", refused, "the header is not the one that was authenticated", suite,
                   [*first, changed(second[0], at), second[1]])
    yield case("cut_off", refused, "the last byte of the tag is missing, and the header says so", suite,
               [*first, frames.header("SEALED", 55), second[1][:-1]])
    yield case("goes_on", refused, "a byte behind the tag, and the header says so", suite,
               [*first, frames.header("SEALED", 57), second[1] + b"\x00"])
    yield case("no_tag", refused, "the ciphertext alone", suite,
               [*first, frames.header("SEALED", 40), second[1][:40]])
    yield case("shorter_than_a_tag", refused, "15 bytes", suite, [frames.header("SEALED", 15), bytes(15)])
    yield case("no_bytes", refused, "an empty body", suite, [frames.header("SEALED", 0)])
    yield case("only_zeros", refused, "a tag of zeros", suite, [frames.header("SEALED", 16), bytes(16)])
    yield case("repeated", refused, "a record comes twice", suite, [*first, *first])
    yield case("left_out", refused, "the second record is missing", suite, [*first, *third])
    yield case("swapped", refused, "the second record comes first", suite, [*second, *first])
    yield case("nothing_after_a_failure", refused, "a good record behind one that does not open", suite,
               [*first, second[0], changed(second[1], 3), *second])


def other_keys(suite):
    refused = "authentication_failed"
    yield case("other_stream", refused, "sealed for stream 1", suite, flat(sealed(suite, [b"one"], stream=1)))
    yield case("other_direction", refused, "sealed under another traffic secret", suite,
               flat(sealed(suite, [b"one"], traffic=OTHER)))
    yield case("other_suite", refused, "sealed by the other cipher with the same key and nonce", suite,
               flat(sealed(3 - suite, [b"one"])))
    yield case("number_in_32_bits", refused, "the nonce counts from zero again after 2^32 records", suite,
               flat(sealed(suite, [b"one"], sequence=1 << 32)), sequence=0)


def derived():
    for stream in (0, 1, 0x01020304, LAST):
        key, iv = key_schedule.record_keys(TRAFFIC, stream)
        yield vector(f"keys_{stream}", "success", "what is derived for a stream", b"", kind="keys",
                     traffic_secret=TRAFFIC, stream=stream, key=key, iv=iv,
                     ticket=key_schedule.lane_ticket(TRAFFIC, stream))


def claims():
    key = hashlib.sha256(b"claims").digest()
    for name, chunk, content in [("empty", 0, b""), ("one_byte", 1, b"a"), ("block", 2, LONG[:16]),
                                 ("blocks_and_a_half", 0x0102030405060708, LONG[:40]),
                                 ("highest_chunk", (1 << 64) - 1, LONG)]:
        yield vector(f"claim_{name}", "success", "the hash by which a chunk is claimed", content,
                     kind="claim",
                     key=key, chunk=chunk, hash=records.claim_hash(key, chunk, content))


def cases():
    for suite in NAMES:
        for group in (opening, tampering, other_keys):
            yield from group(suite)
    yield from derived()
    yield from claims()
