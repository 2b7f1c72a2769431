"""Vectors of messages: a body, what it says, and every way to break one."""
import json

import messages
import specification
from postcard import BITS, Refused, encode, long_uint, split_type, uint
from samples import Sampler
from vector_file import vector

VALUE_CHARACTERS_MAX = 4000


def message(name, is_sealed):
    return next(m for m in specification.read().messages if (m.name, m.is_sealed) == (name, is_sealed))


def kind_of(m):
    return "sealed" if m.is_sealed else "relay"


def success(m, suffix, comment, value):
    pieces = messages.pieces(m, value)
    body = b"".join(pieces)
    back = messages.decode_sealed(body)[1] if m.is_sealed else messages.decode(m, body)
    assert back == value, f"{m.name}: {back}"
    inputs = {"kind": kind_of(m), "message": m.name}
    text = json.dumps(value)
    if len(text) <= VALUE_CHARACTERS_MAX:
        inputs["value"] = text
    return vector(f"{kind_of(m)}_{m.name.lower()}_{suffix}", "success", comment, pieces, **inputs)


def failure(m, suffix, expect, comment, body):
    pieces = [body] if isinstance(body, bytes) else body
    if m.is_sealed:
        pieces = [bytes([m.number]), *pieces]
    try:
        body = b"".join(pieces)
        found = messages.decode_sealed(body) if m.is_sealed else messages.decode(m, body)
    except Refused as refused:
        found = refused.kind
    name = f"{kind_of(m)}_{m.name.lower()}_{suffix}"
    assert found == expect, f"{name}: {found}, not {expect}"
    return vector(name, expect, comment, pieces, kind=kind_of(m), message=m.name)


def usual(m):
    return Sampler("usual", m.name).fields(m.fields, m.name)


def successes():
    for m in specification.read().messages:
        if not m.fields:
            yield success(m, "empty", "a message without fields", {})
            continue
        for fullness, comment in [("least", "every field at its least"), ("usual", "fields that differ"),
                                  ("most", "every field at its most")]:
            yield success(m, fullness, comment, Sampler(fullness, m.name).fields(m.fields, m.name))
        for field, kind in m.fields:
            yield from alternatives(m, field, kind)


def alternatives(m, field, kind):
    """A message for each alternative of a choice, and for the largest element of a list."""
    name, args = split_type(kind)
    if name == "choice":
        for i, alternative in enumerate(args):
            value = [i, Sampler("usual", m.name).value(alternative)]
            yield success(m, f"{field}_{i}", f"alternative {i} of a choice", {**usual(m), field: value})
    if name == "list" and split_type(args[0])[0] == "structure":
        one = {**usual(m), field: [Sampler("most").value(args[0])]}
        yield success(m, f"{field}_largest", "the largest element of a list", one)


def replaced(m, field, raw):
    """The body of a usual message in which one field is these pieces."""
    value = usual(m)
    return [p for name, kind in m.fields for p in (raw if name == field else [encode(kind, value[name])])]


def field_failures():
    """Whatever a field may not hold, in each field of each message."""
    for m in specification.read().messages:
        whole = replaced(m, None, [])
        if m.fields:
            yield failure(m, "cut_off", "truncated", "the last byte is missing", b"".join(whole)[:-1])
        yield failure(m, "goes_on", "trailing_bytes", "a byte behind the message", [*whole, b"\x00"])
        for field, kind in m.fields:
            for suffix, expect, comment, raw in bad_values(kind):
                yield failure(m, f"{field}_{suffix}", expect, comment, replaced(m, field, raw))


def bad_values(kind):
    """(suffix, failure, comment, pieces) for a type, structures included."""
    name, args = split_type(kind)
    if name == "bool":
        yield "is_2", "bool_invalid", "neither 0 nor 1", [b"\x02"]
    if name == "enumeration":
        yield "unknown", "enum_invalid", "the first number without a meaning", [uint(args[0])]
    if name == "choice":
        yield "unknown", "enum_invalid", "the first number without an alternative", [uint(2)]
    if name in ("bytes", "text"):
        limit = int(args[0])
        yield ("too_long", "length_above_limit", "a byte more than allowed",
               [uint(limit + 1), b"z" * (limit + 1)])
    if name == "text":
        yield "not_utf8", "utf8_invalid", "a byte that no text has", [b"\x02z\xff"]
    if name == "list":
        element, limit = Sampler("least").value(args[0]), int(args[1])
        yield ("too_many", "length_above_limit", "an element more than allowed",
               [uint(limit + 1), *[encode(args[0], element)] * (limit + 1)])
        for suffix, expect, comment, raw in bad_values(args[0]):
            yield f"element_{suffix}", expect, comment, [b"\x01", *raw]
    if name == "structure":
        value = Sampler("usual", kind).value(kind)
        for at, (field, of) in enumerate(args[0]):
            before = [encode(k, value[f]) for f, k in args[0][:at]]
            after = [encode(k, value[f]) for f, k in args[0][at + 1:]]
            for suffix, expect, comment, raw in bad_values(of):
                yield f"{field}_{suffix}", expect, comment, [*before, *raw, *after]


def integer_failures():
    """Each width of integer, in the message that has little else."""
    widths = {"u16": (message("CLIENT_HELLO", False), b"\x01", b"\x00"),
              "u32": (message("LANE_HELLO", True), b"", b""),
              "u64": (message("QUOTA_WARNING", False), b"", b""),
              "i64": (message("MANIFEST", True), b"\x00\x00\x00\x01\x01a\x00\x00\x00", b"\x00")}
    for width, (m, before, after) in widths.items():
        bits = BITS.get(width, 64)
        longest = (bits + 6) // 7
        for suffix, expect, comment, raw in [
                ("zero_in_two_bytes", "varint_not_shortest", "zero in two bytes", long_uint(0, 2)),
                ("one_in_two_bytes", "varint_not_shortest", "one in two bytes", long_uint(1, 2)),
                ("one_in_all_bytes", "varint_not_shortest", "one in as many bytes as the type may take",
                 long_uint(1, longest)),
                ("a_bit_too_large", "varint_too_long", "one above the highest number", uint(1 << bits)),
                ("all_bits", "varint_too_long", "as many bytes as the type may take, all bits set",
                 b"\xff" * (longest - 1) + b"\x7f"),
                ("a_byte_too_long", "varint_too_long", "a byte more than the type may take",
                 long_uint(1, longest + 1)),
                ("without_end", "varint_too_long", "bytes that all say that one follows", b"\x80" * 12)]:
            yield failure(m, f"{width}_{suffix}", expect, comment, before + raw + after)
        yield failure(m, f"{width}_cut_off", "truncated", "the integer goes on and the body does not",
                      before + b"\xff" * (longest - 1))


def count_failures():
    m = message("CLIENT_HELLO", False)
    yield failure(m, "count_not_shortest", "varint_not_shortest", "a count in two bytes",
                  b"\x81\x00\x01\x00")
    yield failure(m, "count_too_long", "varint_too_long", "a count above 2^64", b"\xff" * 9 + b"\x02\x00")
    yield failure(m, "list_above_rest", "truncated", "more elements than bytes are left", b"\x05\x01\x01\x00")
    yield failure(m, "text_above_rest", "truncated", "a text longer than what is left", b"\x00\x05abcd")
    m = message("SETUP", True)
    yield failure(m, "bool_is_80", "bool_invalid", "a truth value as a two-byte integer",
                  b"\x00" * 18 + b"\x80\x00" + b"\x00" * 6)
    m = message("CLOSE", False)
    yield failure(m, "enumeration_not_shortest", "varint_not_shortest", "an enumeration in two bytes",
                  b"\x80\x00")
    yield failure(m, "enumeration_highest", "enum_invalid", "the highest number that a u32 has",
                  uint((1 << 32) - 1))
    yield failure(m, "enumeration_too_long", "varint_too_long", "an enumeration above a u32", uint(1 << 32))
    m = message("LANE_OPEN", False)
    yield failure(m, "choice_too_long", "varint_too_long", "a choice above a u32", uint(1 << 32))
    yield failure(m, "choice_not_shortest", "varint_not_shortest", "a choice in two bytes",
                  b"\x81\x00\x00")


UTF8 = {
    "continuation_alone": b"\x80", "overlong_nul": b"\xc0\x80", "overlong_two": b"\xc1\xbf",
    "overlong_three": b"\xe0\x9f\xbf", "overlong_four": b"\xf0\x8f\xbf\xbf",
    "surrogate_low": b"\xed\xa0\x80", "surrogate_high": b"\xed\xbf\xbf",
    "surrogate_pair": b"\xed\xa0\xbd\xed\xb8\x80", "above_10ffff": b"\xf4\x90\x80\x80",
    "five_bytes": b"\xf8\x88\x80\x80\x80", "f5": b"\xf5\x80\x80\x80", "fe": b"\xfe",
    "two_cut_off": b"\xc3", "three_cut_off": b"\xe6\x97", "four_cut_off": b"\xf0\x9f\xa6",
    "two_broken": b"\xc3\x28", "three_broken": b"\xe6\x97z", "four_broken": b"\xf0\x9f\xa6\xc3"}
UTF8_EDGES = ["\u0000", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffe", "\uffff",
              "\U00010000", "\U0010ffff"]


def texts():
    m = message("CLIENT_HELLO", False)
    for suffix, raw in UTF8.items():
        yield failure(m, f"utf8_{suffix}", "utf8_invalid", "not UTF-8 as RFC 3629 defines it",
                      b"\x00" + uint(len(raw)) + raw)
    yield success(m, "utf8_edges", "the first and last code points of each length",
                  {"versions": [1], "software": "".join(UTF8_EDGES)})
    yield failure(m, "utf8_cut_by_the_count", "utf8_invalid", "a text that ends within a code point",
                  b"\x01\x01\x01\xc3\xa9")


def sealed_types():
    known = {m.number for m in specification.read().messages if m.is_sealed} | {messages.DATA}
    yield vector("sealed_nothing", "truncated", "a plaintext without a type", b"", kind="sealed")
    for number in (0x00, max(known) + 1, 0x80, 0xFF):
        assert number not in known
        yield vector(f"sealed_type_{number:02x}", "message_type_unknown", "a number that names no message",
                     bytes([number]), kind="sealed")


def data_records():
    def case(suffix, expect, comment, pieces, **inputs):
        try:
            codec, chunk, content = messages.decode_data(b"".join(pieces))
            found = "success"
            inputs = {"codec": codec, "chunk": chunk, "content_bytes": len(content)}
        except Refused as refused:
            found = refused.kind
        assert found == expect, f"{suffix}: {found}"
        return vector(f"data_{suffix}", expect, comment, pieces, kind="data", **inputs)

    yield case("empty", "success", "a chunk without bytes", messages.data(0, 0, b""))
    yield case("as_it_is", "success", "a chunk as it is", messages.data(0, 0x0102030405060708, b"tallow"))
    yield case("zstd", "success", "a compressed chunk", messages.data(1, 1, b"\x28\xb5\x2f\xfd\x00"))
    yield case("longest", "success", "the longest chunk, of the highest index",
               messages.data(0, (1 << 64) - 1, b"\xa5" * 4194304))
    for codec in (2, 0x80, 0xFF):
        yield case(f"codec_{codec:02x}", "codec_unknown", "a codec that there is not",
                   messages.data(codec, 0, b"x"))
    yield case("nothing", "truncated", "a plaintext without a type", [b""])
    yield case("type_alone", "truncated", "a plaintext that ends behind its type", [b"\x08"])
    yield case("cut_off", "truncated", "an index that is cut off", [messages.data(0, 1, b"")[0][:-1]])


def cases():
    for group in (successes, field_failures, integer_failures, count_failures, texts, sealed_types,
                  data_records):
        yield from group()
