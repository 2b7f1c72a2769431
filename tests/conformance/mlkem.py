"""ML-KEM-1024 (FIPS 203) and X25519 (RFC 7748), deterministic in their randomness."""
import hashlib

Q, N, K = 3329, 256, 4
ETA, DU, DV = 2, 11, 5


def _reverse(value):
    return int(f"{value:07b}"[::-1], 2)


ZETAS = [pow(17, _reverse(i), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * _reverse(i) + 1, Q) for i in range(128)]


# ---- polynomials ----

def encode(coefficients, bits):
    whole = sum(c << bits * i for i, c in enumerate(coefficients))
    return whole.to_bytes(N * bits // 8, "little")


def decode(text, bits):
    whole = int.from_bytes(text, "little")
    return [whole >> bits * i & (1 << bits) - 1 for i in range(N)]


def compress(f, bits):
    return [((c << bits) + Q // 2) // Q % (1 << bits) for c in f]


def decompress(f, bits):
    return [(c * Q + (1 << bits - 1)) >> bits for c in f]


def ntt(f):
    f, i, length = list(f), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            for j in range(start, start + length):
                t = ZETAS[i] * f[j + length]
                f[j], f[j + length] = (f[j] + t) % Q, (f[j] - t) % Q
            i += 1
        length //= 2
    return f


def inverse_ntt(f):
    f, i, length = list(f), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, ZETAS[i] * (f[j + length] - t) % Q
            i -= 1
        length *= 2
    return [c * 3303 % Q for c in f]


def plus(f, g):
    return [(a + b) % Q for a, b in zip(f, g)]


def times(f, g):
    """In the domain of the NTT."""
    out = []
    for i in range(128):
        a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        out += [(a0 * b0 + a1 * b1 * GAMMAS[i]) % Q, (a0 * b1 + a1 * b0) % Q]
    return out


def dot(row, column):
    total = [0] * N
    for f, g in zip(row, column):
        total = plus(total, times(f, g))
    return total


def sample_uniform(seed):
    stream = hashlib.shake_128(seed).digest(3 * 672)
    out, at = [], 0
    while len(out) < N:
        low = stream[at] | (stream[at + 1] & 15) << 8
        high = stream[at + 1] >> 4 | stream[at + 2] << 4
        out += [c for c in (low, high) if c < Q]
        at += 3
    return out[:N]


def sample_small(seed, number):
    stream = int.from_bytes(hashlib.shake_256(seed + bytes([number])).digest(64 * ETA), "little")
    bits = [stream >> i & 1 for i in range(2 * N * ETA)]
    return [(bits[4 * i] + bits[4 * i + 1] - bits[4 * i + 2] - bits[4 * i + 3]) % Q for i in range(N)]


def matrix(rho):
    return [[sample_uniform(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


# ---- the encryption beneath ----

def _keys(d):
    seeds = hashlib.sha3_512(d + bytes([K])).digest()
    rho, sigma = seeds[:32], seeds[32:]
    s = [ntt(sample_small(sigma, i)) for i in range(K)]
    e = [ntt(sample_small(sigma, K + i)) for i in range(K)]
    t = [plus(dot(row, s), e[i]) for i, row in enumerate(matrix(rho))]
    return b"".join(encode(f, 12) for f in t) + rho, s


def _encrypt(ek, message, randomness):
    t, rho = [decode(ek[384 * i:384 * i + 384], 12) for i in range(K)], ek[384 * K:]
    a = matrix(rho)
    y = [ntt(sample_small(randomness, i)) for i in range(K)]
    u = [plus(inverse_ntt(dot([a[j][i] for j in range(K)], y)), sample_small(randomness, K + i))
         for i in range(K)]
    bits = decompress(decode(message + bytes(224), 1), 1)
    v = plus(plus(inverse_ntt(dot(t, y)), sample_small(randomness, 2 * K)), bits)
    return b"".join(encode(compress(f, DU), DU) for f in u) + encode(compress(v, DV), DV)


def _decrypt(s, ciphertext):
    size = N * DU // 8
    u = [decompress(decode(ciphertext[size * i:size * (i + 1)], DU), DU) for i in range(K)]
    v = decompress(decode(ciphertext[size * K:], DV), DV)
    noise = inverse_ntt(dot(s, [ntt(f) for f in u]))
    return encode(compress([(a - b) % Q for a, b in zip(v, noise)], 1), 1)


# ---- ML-KEM ----

def public_key(seed):
    """ek from d | z."""
    return _keys(seed[:32])[0]


def encapsulate(ek, m):
    """(ciphertext, secret)."""
    both = hashlib.sha3_512(m + hashlib.sha3_256(ek).digest()).digest()
    return _encrypt(ek, m, both[32:]), both[:32]


def decapsulate(seed, ciphertext):
    ek, s = _keys(seed[:32])
    m = _decrypt(s, ciphertext)
    both = hashlib.sha3_512(m + hashlib.sha3_256(ek).digest()).digest()
    if _encrypt(ek, m, both[32:]) == ciphertext:
        return both[:32]
    return hashlib.shake_256(seed[32:] + ciphertext).digest(32)


# ---- X25519 ----

def x25519(scalar, u):
    p = (1 << 255) - 19
    k = int.from_bytes(scalar, "little") & ((1 << 254) - 8) | 1 << 254
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in range(254, -1, -1):
        swap = k >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a, c * b
        x3, z3 = (da + cb) ** 2 % p, x1 * (da - cb) ** 2 % p
        x2, z2 = a * a * b * b % p, (a * a - b * b) * (a * a + 121665 * (a * a - b * b)) % p
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, -1, p) % p if z2 % p else 0).to_bytes(32, "little")


BASE = (9).to_bytes(32, "little")
