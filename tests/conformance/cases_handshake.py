"""Vectors of codes, HELLO, ABORT, CPace, the masked key, words, and whole handshakes."""
import dataclasses
import hashlib
import json

import cpace
import frames
import handshake
import key_schedule
import mlkem
from postcard import Refused
from vector_file import vector


def drawn(label, count):
    """Bytes that are the same every time."""
    return hashlib.shake_256(f"conformance {label}".encode()).digest(count)


# ---- codes ----

def code(name, expect, comment, text):
    inputs = {}
    try:
        nameplate, password = handshake.parse_code(text)
        inputs = {"nameplate": nameplate, "password": password, "room_id": handshake.room_of(nameplate)}
        found = "success"
    except Refused as refused:
        found = refused.kind
    assert found == expect, f"{name}: {found}"
    return vector(f"code_{name}", expect, comment, text, kind="code", **inputs)


def codes():
    for name, comment, text in [
            ("canonical", "as it is shown", b"7-zebra-acid-zoo"),
            ("upper_case", "upper case becomes lower case", b"7-ZEBRA-Acid-zOO"),
            ("spaces", "spaces part words", b"7 zebra acid zoo"),
            ("underscores", "underscores part words", b"7_zebra_acid_zoo"),
            ("many_hyphens", "several in a row are one", b"7--zebra- _acid___zoo"),
            ("hyphens_around", "hyphens at either end go", b" -7-zebra-acid-zoo-_ "),
            ("nameplate_0", "the nameplate 0", b"0-zebra-acid"),
            ("nameplate_highest", "the highest nameplate", b"999999999-zebra-acid"),
            ("two_words", "two words of the list", b"7-zoo-act"),
            ("one_word_twice", "two words, though the same", b"7-zoo-zoo"),
            ("listed_among_others", "two words of the list among others", b"7-x-zoo-y-act"),
            ("twelve_characters", "12 characters and no word", b"7-abcdefghijkl"),
            ("twelve_with_hyphen", "12 characters, a hyphen among them", b"7-abcdef-ghijk"),
            ("digits", "a password of digits", b"7-123456789012")]:
        yield code(name, "success", comment, text)
    for name, comment, text in [
            ("empty", "nothing", b""), ("hyphens_alone", "hyphens and nothing else", b"- _"),
            ("no_number", "words alone", b"zebra-acid-zoo"),
            ("number_behind", "letters before the number", b"a7-zebra-acid"),
            ("letters_at_the_number", "letters behind the number", b"7a-zebra-acid"),
            ("ten_digits", "a number of ten digits", b"1234567890-zebra-acid"),
            ("leading_zero", "a leading zero", b"07-zebra-acid"),
            ("two_zeros", "two zeros", b"00-zebra-acid")]:
        yield code(name, "code_without_nameplate", comment, text)
    yield code("number_alone", "code_without_password", "the number alone", b"7")
    yield code("number_and_hyphen", "code_without_password", "nothing behind the hyphen", b"7-")
    for name, comment, text in [("one_word", "one word of the list", b"7-zebra"),
                                ("unlisted_words", "words that are not in the list", b"7-foo-barr"),
                                ("eleven_characters", "11 characters", b"7-abcdefghijk"),
                                ("part_of_a_word", "half a word of the list", b"7-zebr-acid")]:
        yield code(name, "code_too_weak", comment, text)
    for name, comment, text in [
            ("dot", "a dot", b"7-zebra.acid-zoo"), ("tab", "a tab", b"7-zebra\tacid-zoo"),
            ("newline", "a line end", b"7-zebra-acid-zoo\n"), ("nul", "a NUL", b"7-zebra-acid-zoo\0"),
            ("cyrillic", "a letter that looks like an a", "7-zebr\u0430-acid-zoo".encode()),
            ("wide_digit", "a digit of another width", "\uff17-zebra-acid-zoo".encode()),
            ("long_hyphen", "a hyphen of another kind", "7\u2010zebra-acid-zoo".encode()),
            ("kelvin", "a letter whose lower case is a k", "7-zebra-acid-\u212a".encode()),
            ("not_utf8", "a byte that is no text", b"7-zebra-acid-\xff")]:
        yield code(f"character_{name}", "code_bad_character", comment, text)


# ---- HELLO and ABORT ----

NONCE = drawn("nonce", 32)


def hellos():
    def good(name, comment, role, versions, suites, caps=0):
        value = {"role": role.decode(), "versions": versions, "suites": suites, "caps": caps}
        body = handshake.hello(role, versions, suites, caps, NONCE)
        return vector(f"hello_{name}", "success", comment, body, kind="hello", value=json.dumps(value),
                      nonce=NONCE)

    def bad(name, comment, body):
        return vector(f"hello_{name}", "handshake_malformed", comment, body, kind="hello")

    fine = handshake.hello(b"R", [1], [1, 2], 0, NONCE)
    yield good("responder", "what a responder offers", b"R", [1], [1, 2])
    yield good("initiator", "what an initiator takes", b"I", [1], [2])
    yield good("longest", "eight of each", b"R", [1, 2, 3, 4, 5, 6, 7, 255],
               [1, 2, 3, 4, 5, 6, 7, 65535])
    yield good("unknown_numbers", "numbers that nobody knows yet", b"R", [200], [0x1234])
    yield good("reconnect", "a reconnect of generation 5", b"I", [1], [1], caps=0x0501)
    yield good("all_caps", "bits that nobody knows yet", b"R", [1], [1], caps=0xFFFFFFFF)
    for at, name in [(0, "magic"), (3, "format")]:
        yield bad(f"{name}_wrong", f"another {name}", fine[:at] + bytes([fine[at] ^ 1]) + fine[at + 1:])
    yield bad("role_unknown", "a role that there is not", fine[:4] + b"S" + fine[5:])
    yield bad("role_lower_case", "a role in lower case", fine[:4] + b"r" + fine[5:])
    for what, make in [("version", lambda n: handshake.hello(b"R", n, [1], 0, NONCE)),
                       ("suite", lambda n: handshake.hello(b"R", [1], n, 0, NONCE))]:
        yield bad(f"no_{what}", f"no {what}", make([]))
        yield bad(f"nine_{what}s", f"a {what} too many", make(list(range(1, 10))))
        yield bad(f"{what}_zero", f"a {what} that is zero", make([1, 0]))
        yield bad(f"{what}_twice", f"a {what} twice", make([1, 2, 1]))
    for cut in (1, 32, 33, 36, 41, 44, len(fine)):
        yield bad(f"without_{cut}", f"{cut} bytes are missing", fine[:len(fine) - cut])


def aborts():
    for name, expect, comment, body in [
            ("failed", "handshake_aborted", "the handshake failed", b"\x00"),
            ("versions", "versions_do_not_meet", "no version in common", b"\x01\x02\x07\x09"),
            ("suites", "suites_do_not_meet", "no suite in common", b"\x02\x01\x12\x34"),
            ("unknown", "handshake_aborted", "a type that there is not", b"\x03"),
            ("nothing", "handshake_aborted", "no bytes", b"")]:
        yield vector(f"abort_{name}", expect, comment, body, kind="abort")


# ---- parts ----

def shares():
    sid, room = drawn("sid", 32), handshake.room_of(7)
    secret = drawn("scalar", 32)
    scalar = int.from_bytes(secret, "big")
    for name, password in [("words", b"zebra-acid-zoo"), ("one_block", b"a" * 31), ("longer", b"b" * 200)]:
        point = cpace.multiply(scalar, cpace.generator(password, cpace.channel_of(room), sid))
        yield vector(f"cpace_share_{name}", "success", "what is sent for a password", cpace.encode(point),
                     kind="share", password=password, room_id=room, sid=sid, scalar=secret)

    def agree(name, expect, comment, share):
        k = cpace.agree(scalar, share)
        assert (k is not None) == (expect == "success"), name
        inputs = {"point": k} if k else {}
        return vector(f"cpace_{name}", expect, comment, share, kind="agree", scalar=secret, **inputs)

    x, y = point = cpace.multiply(1234567, cpace.hash_to_curve(b"a point", b"conformance"))
    good, refused = cpace.encode(point), "authentication_failed"
    low = next(v for v in range(1, 100) if cpace.square_root(v ** 3 + cpace.A * v + cpace.B))
    low_y = cpace.square_root(low ** 3 + cpace.A * low + cpace.B)
    yield agree("point", "success", "a point of the curve", good)
    yield agree("point_of_low_x", "success", "a point whose x is a small number", cpace.encode((low, low_y)))
    yield agree("x_not_reduced", refused, "the same with x above the prime",
                cpace.encode((low + cpace.P, low_y)))
    yield agree("off_the_curve", refused, "another y", cpace.encode((x, y ^ 1)))
    yield agree("zeros", refused, "the coordinates 0 and 0", b"\x04" + bytes(64))
    yield agree("identity", refused, "the identity in one byte", b"\x00")
    yield agree("identity_65", refused, "the identity in 65 bytes", bytes(65))
    yield agree("compressed", refused, "a compressed point", bytes([2 + y % 2]) + good[1:33])
    yield agree("compressed_65", refused, "the first byte of a compressed point",
                bytes([2 + y % 2]) + good[1:])
    yield agree("hybrid", refused, "a hybrid encoding", bytes([6 + y % 2]) + good[1:])
    yield agree("cut_off", refused, "64 bytes", good[:-1])
    yield agree("goes_on", refused, "66 bytes", good + b"\x00")
    yield agree("nothing", refused, "no bytes", b"")


def masked_keys():
    sid, prs2, r = drawn("sid", 32), drawn("prs2", 64), drawn("r", 96)
    ek = mlkem.public_key(drawn("dk_seed", 64))
    masked = handshake.mask(ek, r, prs2, sid)

    def sent(text):
        return [text[:96], text[96:1632], text[1632:]]

    yield vector("mask_right", "success", "the mask of a key", sent(masked), kind="mask", sid=sid, prs2=prs2,
                 r=r, ek=ek)
    other = handshake.unmask(masked, drawn("another password", 64), sid)
    yield vector("mask_wrong_password", "success", "another password gives another key, and no failure",
                 sent(masked), kind="mask", sid=sid, prs2=drawn("another password", 64), ek=other)
    values = handshake.coefficients(masked[96:1632])
    for at in (0, 1, 1023):
        for value in (3329, 4095):
            changed = handshake.encoded(values[:at] + [value] + values[at + 1:])
            assert handshake.unmask(masked[:96] + changed + masked[1632:], prs2, sid) is None
            yield vector(f"mask_coefficient_{at}_is_{value}", "authentication_failed",
                         "a coefficient that is not reduced",
                         sent(masked[:96] + changed + masked[1632:]), kind="mask", sid=sid, prs2=prs2)


def words():
    for name, sas in [("zeros", bytes(32)), ("ones", b"\xff" * 32), ("drawn", drawn("sas", 32)),
                      ("counted", bytes(range(32)))]:
        chosen = "-".join(handshake.WORDS[i] for i in key_schedule.word_indexes(sas))
        yield vector(f"words_{name}", "success", "six words to be compared", sas, kind="words", words=chosen)


def resume_rooms():
    secret = drawn("resume", 64)
    yield vector("resume_room", "success", "where a session family meets again", secret, kind="resume_room",
                 room_id=key_schedule.resume_room(secret))


# ---- whole handshakes ----

CODE = b"7-zebra-acid-zoo"
RESUME = drawn("resume", 64)
LENGTHS = {"nonce_r": 32, "nonce_i": 32, "dk_seed": 64, "r": 96, "x_r": 32, "m": 32, "x_i": 32, "ya": 32,
           "yb": 32}


def random_for(label):
    return handshake.Randomness(**{name: drawn(f"{label} {name}", count) for name, count in LENGTHS.items()})


def run(label, suite, generation=None):
    """A handshake and the inputs that tell a reader how to repeat it."""
    random = random_for(label)
    if generation is None:
        inputs, made = {"code": CODE.decode()}, handshake.with_code(CODE, random, suite)
    else:
        random = dataclasses.replace(random, ya=b"", yb=b"")
        room = key_schedule.resume_room(RESUME)
        inputs = {"resume_secret": RESUME, "generation": generation, "room_id": room}
        made = handshake.with_resume(RESUME, generation, room, random, suite)
    inputs.update({k: v for k, v in dataclasses.asdict(random).items() if v}, suite=suite)
    return inputs, made


def conversation(messages):
    return [p for i, m in enumerate(messages) for p in (frames.header(f"HANDSHAKE_{i}", len(m)), m)]


def runs():
    for name, suite, generation in [("gcm", 1, None), ("chacha", 2, None), ("resume", 1, 0),
                                    ("resume_300", 2, 300)]:
        inputs, made = run(name, suite, generation)
        for side in "RI":
            yield vector(f"run_{name}_{side.lower()}", "success", "all five messages, and what they give",
                         conversation(made.messages), kind="run", side=side, **inputs, **made.secrets)


def tampered():
    """What comes to a side is changed; the last message is the one that it refuses."""
    inputs, made = run("gcm", 1)

    def case(name, index, comment, change, expect="authentication_failed", of=(inputs, made.messages)):
        changed = change(of[1][index])
        assert changed != of[1][index], name
        return vector(f"run_{name}", expect, comment, conversation([*of[1][:index], changed]), kind="run",
                      side="IR"[index % 2], **of[0])

    def flip(at, bit=1):
        return lambda m: m[:at] + bytes([m[at] ^ bit]) + (m[at + 1:] if at != -1 else b"")

    malformed = "handshake_malformed"
    yield case("m0_goes_on", 0, "a byte behind message 0", lambda m: m + b"\x00", malformed)
    yield case("m0_of_initiator", 0, "message 0 of an initiator", lambda m: m.replace(b"R", b"I", 1),
               malformed)
    yield case("m0_other_versions", 0, "no version in common", lambda m: m[:6] + b"\x09" + m[7:],
               "versions_do_not_meet")
    yield case("m0_other_suites", 0, "no suite in common",
               lambda m: handshake.hello(b"R", [1], [9], 0, m[-32:]), "suites_do_not_meet")
    yield case("m1_version_not_offered", 1, "a version that was not offered",
               lambda m: m[:6] + b"\x02" + m[7:], malformed)
    yield case("m1_suite_not_offered", 1, "a suite that was not offered", lambda m: m[:9] + b"\x03" + m[10:],
               malformed)
    yield case("m1_two_suites", 1, "two suites are taken",
               lambda m: handshake.hello(b"I", [1], [1, 2], 0, m[14:46]) + m[46:], malformed)
    yield case("m1_two_versions", 1, "two versions are taken",
               lambda m: handshake.hello(b"I", [1, 2], [1], 0, m[14:46]) + m[46:], malformed)
    yield case("m1_caps_not_offered", 1, "a bit that was not offered", flip(13), malformed)
    yield case("m1_of_responder", 1, "message 1 of a responder", lambda m: m.replace(b"I", b"R", 1),
               malformed)
    yield case("m1_cut_off", 1, "the last byte is missing", lambda m: m[:-1], malformed)
    yield case("m1_goes_on", 1, "a byte behind the message", lambda m: m + b"\x00", malformed)
    yield case("m1_share_off_the_curve", 1, "Ya is no point of the curve", flip(-1))
    yield case("m1_share_of_zeros", 1, "Ya is zeros", lambda m: m[:46] + bytes(65))
    for index in (2, 3, 4):
        yield case(f"m{index}_cut_off", index, "the last byte is missing", lambda m: m[:-1])
        yield case(f"m{index}_goes_on", index, "a byte behind the message", lambda m: m + b"\x00")
        yield case(f"m{index}_empty", index, "a message without bytes", lambda m: b"")
    yield case("m2_share_off_the_curve", 2, "Yb is no point of the curve", flip(64))
    yield case("m2_coefficient_4095", 2, "T has a coefficient that is not reduced",
               lambda m: m[:161] + b"\xff\x0f" + m[163:])
    yield case("m2_x25519_zero", 2, "X_R is of low order", lambda m: m[:-32] + bytes(32))
    yield case("m2_x25519_one", 2, "X_R is of low order", lambda m: m[:-32] + b"\x01" + bytes(31))
    yield case("m3_ciphertext", 3, "a flipped bit in the ciphertext", flip(0))
    yield case("m3_x25519_zero", 3, "X_I is of low order", lambda m: m[:1568] + bytes(32) + m[1600:])
    yield case("m3_x25519_flipped", 3, "a flipped bit in X_I", flip(1568))
    yield case("m3_tag", 3, "a flipped bit in tag_I", flip(-1))
    yield case("m3_tag_reflected", 3, "tag_R in place of tag_I", lambda m: m[:1600] + made.messages[4])
    yield case("m4_tag", 4, "a flipped bit in tag_R", flip(-1, 0x80))
    yield case("m4_tag_reflected", 4, "tag_I in place of tag_R", lambda m: made.messages[3][1600:])
    again, resumed = run("resume", 1, 0)
    of = again, resumed.messages
    yield case("resume_m1_with_share", 1, "a share in a reconnect",
               lambda m: m + made.messages[1][46:], malformed, of)
    yield case("resume_m1_without_caps", 1, "a reconnect is answered by a first handshake", flip(13),
               malformed, of)
    yield case("resume_m1_other_generation", 1, "a generation that nobody has", flip(12, 7), malformed, of)
    yield case("resume_m2_with_share", 2, "a share in a reconnect", lambda m: made.messages[2], of=of)
    yield case("resume_m3_tag", 3, "a flipped bit in tag_I", flip(-1), of=of)


def cases():
    for group in (codes, hellos, aborts, shares, masked_keys, words, resume_rooms, runs, tampered):
        yield from group()
