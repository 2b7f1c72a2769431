"""Codes, HELLO, the masked key and whole handshakes: docs/protocol/handshake.md."""
import dataclasses
import hashlib
import pathlib
import re
import struct

import cpace
import key_schedule
import mlkem
from key_schedule import lv
from postcard import Refused

WORDS = (pathlib.Path(__file__).resolve().parents[1] / "vectors/words-english.txt").read_text().split()


# ---- codes ----

def room_of(nameplate):
    return hashlib.sha256(b"tallow/1 room\x00" + str(nameplate).encode()).digest()[:16]


def parse_code(text):
    """(nameplate, password) of a code as somebody typed it, in bytes."""
    lower = bytes(b + 32 if 65 <= b <= 90 else b for b in text)
    hyphens = re.sub(b"-+", b"-", lower.replace(b" ", b"-").replace(b"_", b"-")).strip(b"-")
    if re.search(b"[^a-z0-9-]", hyphens):
        raise Refused("code_bad_character")
    plate, _, password = hyphens.partition(b"-")
    if not re.fullmatch(b"0|[1-9][0-9]{0,8}", plate):
        raise Refused("code_without_nameplate")
    if not password:
        raise Refused("code_without_password")
    listed = sum(word in WORDS for word in password.decode().split("-"))
    if listed < 2 and len(password) < 12:
        raise Refused("code_too_weak")
    return int(plate), password


# ---- HELLO ----

def hello(role, versions, suites, caps, nonce):
    return (b"TLW\x01" + role + bytes([len(versions), *versions, len(suites)])
            + b"".join(struct.pack(">H", s) for s in suites) + struct.pack(">I", caps) + nonce)


# ---- the masked key ----

def coefficients(t):
    whole = int.from_bytes(t, "little")
    return [whole >> 12 * i & 4095 for i in range(1024)]


def encoded(values):
    return sum(c << 12 * i for i, c in enumerate(values)).to_bytes(1536, "little")


def _shake(label, prs2, sid, rho, last, count):
    text = b"".join(map(lv, (label, prs2, sid, rho, last)))
    return hashlib.shake_256(text).digest(count)


def _shift(prs2, sid, rho, r):
    stream = _shake(b"tallow/1 noic T", prs2, sid, rho, r, 16 * 1024)
    return [int.from_bytes(stream[16 * i:16 * i + 16], "little") % mlkem.Q for i in range(1024)]


def mask(ek, r, prs2, sid):
    """s | T | rho."""
    t, rho = coefficients(ek[:1536]), ek[1536:]
    big_t = encoded([(a + b) % mlkem.Q for a, b in zip(t, _shift(prs2, sid, rho, r))])
    pad = _shake(b"tallow/1 noic s", prs2, sid, rho, big_t, 96)
    return bytes(a ^ b for a, b in zip(r, pad)) + big_t + rho


def unmask(masked, prs2, sid):
    """ek, or None where a coefficient is not reduced."""
    s, big_t, rho = masked[:96], masked[96:1632], masked[1632:]
    if max(coefficients(big_t)) >= mlkem.Q:
        return None
    r = bytes(a ^ b for a, b in zip(s, _shake(b"tallow/1 noic s", prs2, sid, rho, big_t, 96)))
    return encoded([(a - b) % mlkem.Q for a, b in zip(coefficients(big_t), _shift(prs2, sid, rho, r))]) + rho


# ---- a whole handshake ----

@dataclasses.dataclass
class Randomness:
    """What both sides draw, by its name in the specification; ya and yb only with a code."""
    nonce_r: bytes
    nonce_i: bytes
    dk_seed: bytes
    r: bytes
    x_r: bytes
    m: bytes
    x_i: bytes
    ya: bytes = b""
    yb: bytes = b""


@dataclasses.dataclass
class Run:
    messages: list
    secrets: dict


def begin(random, room, caps=0, suites=(1, 2), suite=1):
    m0 = hello(b"R", [1], list(suites), caps, random.nonce_r)
    hello_i = hello(b"I", [1], [suite], caps, random.nonce_i)
    return m0, hello_i, key_schedule.session_id(m0, hello_i, room)


def with_code(text, random, suite=1):
    """A first handshake, as both sides run it."""
    nameplate, password = parse_code(text)
    room = room_of(nameplate)
    m0, hello_i, sid = begin(random, room, suite=suite)
    generator = cpace.generator(password, cpace.channel_of(room), sid)
    ya, yb = (int.from_bytes(x, "big") for x in (random.ya, random.yb))
    share_a, share_b = (cpace.encode(cpace.multiply(y, generator)) for y in (ya, yb))
    k = cpace.agree(ya, share_b)
    assert k == cpace.agree(yb, share_a)
    isk = cpace.session_key(sid, k, share_a, hello_i, share_b, m0)
    return finish(random, sid, isk, m0, hello_i + share_a, share_b)


def with_resume(resume, generation, room, random, suite=1):
    """A reconnect."""
    caps = 1 | (generation & 0xFF) << 8
    m0, hello_i, sid = begin(random, room, caps, suite=suite)
    return finish(random, sid, key_schedule.resume_isk(resume, sid), m0, hello_i, b"")


def finish(random, sid, isk, m0, m1, share_b):
    early, th2, prs2 = key_schedule.password_stage(sid, isk, m0, m1, share_b)
    ek = mlkem.public_key(random.dk_seed)
    big_r, big_i = (mlkem.x25519(x, mlkem.BASE) for x in (random.x_r, random.x_i))
    m2 = share_b + mask(ek, random.r, prs2, sid) + big_r
    assert unmask(m2[len(share_b):-32], prs2, sid) == ek
    ct, ss_pq = mlkem.encapsulate(ek, random.m)
    ss_x = mlkem.x25519(random.x_i, big_r)
    assert mlkem.decapsulate(random.dk_seed, ct) == ss_pq and mlkem.x25519(random.x_r, big_i) == ss_x
    hs = key_schedule.handshake_secret(early, th2, key_schedule.hybrid(ss_pq, ss_x, big_i, big_r))
    _, tag_i, tag_r = key_schedule.confirmations(hs, m0, m1, m2, ct + big_i, ek)
    messages = [m0, m1, m2, ct + big_i + tag_i, tag_r]
    th5 = key_schedule.transcript(*messages)
    return Run(messages, {**key_schedule.session_secrets(hs, th5), "th5": th5})
