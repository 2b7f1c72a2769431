"""Vectors of frames: a stream, where it comes, and which frames it holds."""
import json

import frames
import specification
from vector_file import vector

FILLER = b"\xa5"


def place_of(kind):
    """The first place that has this type, and the first that has not."""
    has = [place for place, names in frames.PLACES.items() if kind.name in names]
    return has[0], next(place for place in frames.PLACES if place not in has)


def case(name, expect, comment, place, stream, cap=None):
    """A stream whose frames and failure, taken apart again, are those that are expected."""
    pieces = [stream] if isinstance(stream, bytes) else stream
    found, offset, outcome = frames.split(b"".join(pieces), place, cap)
    assert outcome == expect, f"{name}: {outcome}, not {expect}"
    inputs = {"place": place}
    if cap is not None:
        inputs["body_bytes_max"] = cap
    inputs["frames"] = json.dumps([[kind, len(body)] for kind, body in found])
    if expect != "success":
        inputs["offset"] = offset
    return vector(name, expect, comment, pieces, **inputs)


def of_each_type():
    for kind in specification.read().frames.values():
        name, (place, elsewhere) = kind.name.lower(), place_of(kind)
        longest = [frames.header(kind.name, kind.bytes_max), FILLER * kind.bytes_max]
        yield case(f"{name}_longest", "success", "the longest body of this type", place, longest)
        yield case(f"{name}_too_large", "frame_too_large", "a byte more than the type allows", place,
                   frames.header(kind.name, kind.bytes_max + 1))
        yield case(f"{name}_out_of_place", "frame_type_unknown", "a type that has no place there",
                   elsewhere, frames.frame(kind.name))


def successes():
    ping = frames.frame("PING")
    yield case("nothing", "success", "a stream that ends before its first frame", "to_relay", b"")
    yield case("empty_body", "success", "a frame without a body", "to_relay", frames.frame("CLIENT_HELLO"))
    yield case("three_frames", "success", "frames behind each other", "to_relay",
               [ping, frames.frame("CLOSE", b"\x00"), ping])
    yield case("at_the_cap", "success", "a body as long as the state of the connection allows", "lane",
               [frames.header("DATA", 4096), FILLER * 4096], cap=4096)


def header_failures():
    for number in (0x00, 0x14, 0x1F, 0x26, 0x2F, 0x32, 0x3F, 0x40, 0xFF):
        yield case(f"type_{number:02x}", "frame_type_unknown", "a number that names no type", "to_relay",
                   frames.header(number, 0))
    for bit in range(8):
        yield case(f"flag_{bit}", "frame_reserved_set", "a flag that this version does not have", "to_relay",
                   frames.header("PING", 0, flags=1 << bit))
    for reserved in (0x0001, 0x0100, 0x8000, 0xFFFF):
        yield case(f"reserved_{reserved:04x}", "frame_reserved_set", "reserved bytes that are not zero",
                   "to_relay", frames.header("PING", 0, reserved=reserved))
    yield case("length_highest", "frame_too_large", "the highest length there is", "lane",
               frames.header("DATA", 0xFFFFFFFF))
    yield case("length_2_24", "frame_too_large", "a length whose first byte is not zero", "lane",
               frames.header("DATA", 1 << 24))
    yield case("above_the_cap", "frame_too_large",
               "a body longer than the state of the connection allows", "lane",
               frames.header("DATA", 4097), cap=4096)
    yield case("at_type_above_cap_below", "frame_too_large", "the type's own limit holds below the cap",
               "to_relay", frames.header("CLOSE", 17), cap=4096)


def order_of_checks():
    yield case("unknown_type_too_large_flags", "frame_type_unknown",
               "the type is checked before length and flags", "to_relay",
               frames.header(0xEE, 0xFFFFFFFF, flags=1, reserved=1))
    yield case("too_large_flags", "frame_too_large", "the length is checked before flags", "to_relay",
               frames.header("PING", 1, flags=1, reserved=1))
    yield case("flags_before_the_body", "frame_reserved_set", "a header is checked before its body has come",
               "to_relay", frames.header("CLIENT_HELLO", 16, flags=1))


def cut_off():
    yield case("header_cut_off", "truncated", "a stream that ends in a header", "to_relay",
               frames.header("PING", 0)[:7])
    yield case("one_byte", "truncated", "a stream of one byte", "to_relay", b"\x00")
    yield case("body_missing", "truncated", "a stream that ends behind a header", "to_relay",
               frames.header("CLOSE", 1))
    yield case("body_cut_off", "truncated", "a stream that ends in a body", "to_relay",
               frames.frame("CLIENT_HELLO", bytes(16))[:-1])


def after_good_frames():
    good = [frames.frame("PING"), frames.frame("CLIENT_HELLO", b"\x01\x01\x00")]
    for name, expect, bad in [
            ("second_type_unknown", "frame_type_unknown", frames.header(0x77, 0)),
            ("second_too_large", "frame_too_large", frames.header("CLOSE", 17)),
            ("second_reserved", "frame_reserved_set", frames.header("CLOSE", 1, reserved=2)),
            ("second_cut_off", "truncated", frames.frame("CLOSE", b"\x00")[:-1])]:
        yield case(name, expect, "the frames before the one at fault stand", "to_relay", [*good, bad])
    yield case("nothing_after_a_failure", "frame_type_unknown", "nothing is read behind a failure",
               "to_relay", [frames.frame("PING"), frames.header(0x77, 0), frames.frame("PING")])


def cases():
    for group in (of_each_type, successes, header_failures, order_of_checks, cut_off, after_good_frames):
        yield from group()
