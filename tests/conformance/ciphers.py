"""AES-256-GCM (SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), slow and for test vectors alone."""
import struct


# ---- AES-256 (FIPS 197) ----

def _double(byte):
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def _make_sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ _double(p)                    # times 3
        for shift in (1, 2, 4):               # divided by 3
            q ^= q << shift & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        box[p] = 0x63 ^ q
        for turn in (1, 2, 3, 4):
            box[p] ^= (q << turn | q >> (8 - turn)) & 0xFF
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _make_sbox()
ROUNDS = 14


def _expand_key(key):
    words = [list(key[i:i + 4]) for i in range(0, 32, 4)]
    constant = 1
    while len(words) < 4 * (ROUNDS + 1):
        word = list(words[-1])
        if len(words) % 8 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _double(constant)
        elif len(words) % 8 == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[-8], word)])
    return [sum(words[4 * r:4 * r + 4], []) for r in range(ROUNDS + 1)]


def _mix(a, b, c, d):
    return _double(a) ^ _double(b) ^ b ^ c ^ d


def _encrypt_block(round_keys, block):
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for r in range(1, ROUNDS + 1):
        state = [SBOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if r < ROUNDS:
            columns = [state[i:i + 4] for i in range(0, 16, 4)]
            state = [_mix(*c[i:], *c[:i]) for c in columns for i in range(4)]
        state = [a ^ b for a, b in zip(state, round_keys[r])]
    return bytes(state)


# ---- a stream, and a tag over what came of it ----

class Aead:
    """What both ciphers are: _stream(nonce, text) and _tag(nonce, associated, sealed) are theirs."""

    def seal(self, nonce, associated, plaintext):
        sealed = self._stream(nonce, plaintext)
        return sealed + self._tag(nonce, associated, sealed)

    def open(self, nonce, associated, sealed):
        """The plaintext, or None."""
        text, tag = sealed[:-16], sealed[-16:]
        if len(sealed) < 16 or self._tag(nonce, associated, text) != tag:
            return None
        return self._stream(nonce, text)


# ---- GCM ----

class AesGcm(Aead):
    def __init__(self, key):
        self.round_keys = _expand_key(key)
        self.subkey = int.from_bytes(_encrypt_block(self.round_keys, bytes(16)), "big")

    def _stream(self, nonce, text):
        out = b""
        for i in range(0, len(text), 16):
            pad = _encrypt_block(self.round_keys, nonce + struct.pack(">I", 2 + i // 16))
            out += bytes(a ^ b for a, b in zip(text[i:i + 16], pad))
        return out

    def _tag(self, nonce, associated, sealed):
        value = 0
        lengths = struct.pack(">QQ", 8 * len(associated), 8 * len(sealed))
        blocks = _padded(associated) + _padded(sealed) + lengths
        for i in range(0, len(blocks), 16):
            value = self._times_subkey(value ^ int.from_bytes(blocks[i:i + 16], "big"))
        pad = _encrypt_block(self.round_keys, nonce + b"\x00\x00\x00\x01")
        return bytes(a ^ b for a, b in zip(value.to_bytes(16, "big"), pad))

    def _times_subkey(self, value):
        product, factor = 0, self.subkey
        for bit in range(127, -1, -1):
            if value >> bit & 1:
                product ^= factor
            factor = factor >> 1 ^ (0xE1 << 120 if factor & 1 else 0)
        return product


def _padded(text):
    return text + bytes(-len(text) % 16)


# ---- ChaCha20-Poly1305 ----

MASK = 0xFFFFFFFF


def _quarter(s, a, b, c, d):
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = s[x] + s[y] & MASK
        mixed = s[z] ^ s[x]
        s[z] = (mixed << turn | mixed >> (32 - turn)) & MASK


def _chacha_block(key, counter, nonce):
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    state = list(start)
    for _ in range(10):
        for i in range(4):
            _quarter(state, i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            _quarter(state, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *(a + b & MASK for a, b in zip(state, start)))


class ChaChaPoly(Aead):
    def __init__(self, key):
        self.key = key

    def _stream(self, nonce, text):
        out = b""
        for i in range(0, len(text), 64):
            pad = _chacha_block(self.key, 1 + i // 64, nonce)
            out += bytes(a ^ b for a, b in zip(text[i:i + 64], pad))
        return out

    def _tag(self, nonce, associated, sealed):
        once = _chacha_block(self.key, 0, nonce)
        r = int.from_bytes(once[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
        blocks = _padded(associated) + _padded(sealed) + struct.pack("<QQ", len(associated), len(sealed))
        value = 0
        for i in range(0, len(blocks), 16):
            value = (value + int.from_bytes(blocks[i:i + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
        value += int.from_bytes(once[16:32], "little")
        return (value & ((1 << 128) - 1)).to_bytes(16, "little")
