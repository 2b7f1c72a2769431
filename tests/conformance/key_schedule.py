"""Transcript, key schedule and confirmation: docs/protocol/handshake.md."""
import hashlib
import hmac
import struct


def lv(x):
    return struct.pack(">I", len(x)) + x


def transcript(*messages):
    """TH(m0, m1, ...)."""
    return hashlib.sha512(lv(b"tallow/1 transcript") + b"".join(map(lv, messages))).digest()


def extract(salt, secret):
    return hmac.new(salt, secret, "sha512").digest()


def hkdf_expand(key, info, length):
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([counter]), "sha512").digest()
        out, counter = out + block, counter + 1
    return out[:length]


def expand(key, label, context, length):
    info = b"tallow/1 " + label.encode()
    return hkdf_expand(key, struct.pack(">HB", length, len(info)) + info + bytes([len(context)]) + context,
                       length)


def session_id(m0, hello_i, room):
    return hashlib.sha512(b"".join(map(lv, (b"tallow/1 sid", m0, hello_i, room)))).digest()[:32]


def password_stage(sid, isk, m0, m1, yb):
    """ES, th2 and prs2."""
    early = extract(sid, isk)
    th2 = transcript(m0, m1, yb)
    return early, th2, expand(early, "prs2", th2, 64)


def hybrid(ss_pq, ss_x, x_i, x_r):
    """k_hyb."""
    return hashlib.sha3_256(ss_pq + ss_x + x_i + x_r + b"Tallow-MLKEM1024-X25519").digest()


def handshake_secret(early, th2, k_hyb):
    return extract(expand(early, "derived", th2, 64), k_hyb)


def confirmations(hs, m0, m1, m2, m3a, ek):
    """ctx3, tag_I and tag_R."""
    th3 = transcript(m0, m1, m2, m3a)
    ctx3 = hashlib.sha512(th3 + hashlib.sha3_256(ek).digest()).digest()
    tag_i = hmac.new(expand(hs, "kc initiator", ctx3, 64), ctx3, "sha512").digest()[:32]
    th4 = transcript(m0, m1, m2, m3a + tag_i)
    tag_r = hmac.new(expand(hs, "kc responder", ctx3, 64), th4, "sha512").digest()[:32]
    return ctx3, tag_i, tag_r


SECRETS = {"ts_i2r": ("traffic i2r", 64), "ts_r2i": ("traffic r2i", 64), "resume": ("resume", 64),
           "export": ("export", 64), "claims": ("claims", 32), "sas": ("sas", 32)}


def session_secrets(hs, th5):
    """All that a handshake gives, by its name in the specification."""
    master = expand(hs, "master", th5, 64)
    return {name: expand(master, label, th5, length) for name, (label, length) in SECRETS.items()}


def of_stream(traffic, label, stream, length):
    return expand(traffic, label, struct.pack(">II", stream, 0), length)


def record_keys(traffic, stream):
    """Key and iv."""
    return of_stream(traffic, "key", stream, 32), of_stream(traffic, "iv", stream, 12)


def lane_ticket(traffic, stream):
    return of_stream(traffic, "ticket", stream, 32)


def resume_room(resume_0):
    secret = expand(resume_0, "room", b"", 32)
    return hashlib.sha256(b"tallow/1 resume room\x00" + secret).digest()[:16]


def resume_isk(resume, sid):
    return expand(resume, "resume isk", sid, 32)


def word_indexes(sas):
    """The first 66 bits as six numbers of eleven."""
    bits = int.from_bytes(sas[:9], "big") >> 6
    return [bits >> 11 * (5 - i) & 2047 for i in range(6)]
