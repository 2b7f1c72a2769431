"""CPace over P-256 (draft-irtf-cfrg-cpace-21) and the hashing to its curve (RFC 9380)."""
import hashlib

P = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
Z = P - 10
DOMAIN = b"CPaceP256_XMD:SHA-256_SSWU_NU_"
HASH_BLOCK_BYTES = 64


# ---- the curve; a point is (x, y), or None at infinity ----

def on_curve(x, y):
    return (y * y - x * x * x - A * x - B) % P == 0


def add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiply(scalar, point):
    product = None
    for bit in bin(scalar)[2:]:
        product = add(product, product)
        if bit == "1":
            product = add(product, point)
    return product


def encode(point):
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode(share):
    """The point of a share, or None where it is refused."""
    if len(share) != 65 or share[0] != 4:
        return None
    x, y = int.from_bytes(share[1:33], "big"), int.from_bytes(share[33:], "big")
    return (x, y) if x < P and y < P and on_curve(x, y) else None


# ---- hashing to the curve ----

def expand_message(message, domain, length):
    domain += bytes([len(domain)])
    first = hashlib.sha256(bytes(64) + message + length.to_bytes(2, "big") + b"\x00" + domain).digest()
    blocks = [hashlib.sha256(first + b"\x01" + domain).digest()]
    while 32 * len(blocks) < length:
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1]))
        blocks.append(hashlib.sha256(mixed + bytes([len(blocks) + 1]) + domain).digest())
    return b"".join(blocks)[:length]


def square_root(value):
    """A root, or None; P is 3 mod 4."""
    root = pow(value, (P + 1) // 4, P)
    return root if root * root % P == value % P else None


def map_to_curve(u):
    """The simplified SWU map."""
    zu = Z * u * u % P
    bottom = (zu * zu + zu) % P
    x = -B * pow(A, -1, P) * (1 + pow(bottom, -1, P)) if bottom else B * pow(Z * A, -1, P)
    x %= P
    y = square_root(x * x * x + A * x + B)
    if y is None:
        x = zu * x % P
        y = square_root(x * x * x + A * x + B)
    return x, y if y % 2 == u % 2 else P - y


def hash_to_curve(message, domain):
    return map_to_curve(int.from_bytes(expand_message(message, domain, 48), "big") % P)


# ---- CPace ----

def prepend_length(part):
    out, rest = b"", len(part)
    while rest >= 128:
        out, rest = out + bytes([rest & 127 | 128]), rest >> 7
    return out + bytes([rest]) + part


def lv_cat(*parts):
    return b"".join(map(prepend_length, parts))


def generator(password, channel, sid):
    used = 1 + len(prepend_length(password)) + len(prepend_length(DOMAIN))
    padding = bytes(max(0, HASH_BLOCK_BYTES - used))
    return hash_to_curve(lv_cat(DOMAIN, password, padding, channel, sid), DOMAIN + b"_DST")


def channel_of(room):
    """CI of the handshake."""
    return lv_cat(b"tallow/1", room, b"initiator", b"responder")


def agree(scalar, share):
    """K, the x coordinate of the common point; None where the share is refused."""
    point = decode(share)
    return multiply(scalar, point)[0].to_bytes(32, "big") if point else None


def session_key(sid, k, ya, ada, yb, adb):
    """ISK, with the transcript of an initiator and a responder."""
    text = lv_cat(DOMAIN + b"_ISK", sid, k) + lv_cat(ya, ada) + lv_cat(yb, adb)
    return hashlib.sha256(text).digest()
