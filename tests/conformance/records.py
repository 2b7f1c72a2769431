"""Sealed records: docs/protocol/handshake.md, Records; and the hashes of claims."""
import struct

import frames
import key_schedule
from ciphers import AesGcm, ChaChaPoly

RECORDS_MAX = 1 << 32
SUITES = {1: AesGcm, 2: ChaChaPoly}


class Stream:
    """One stream in one direction: seals, or opens, in order."""

    def __init__(self, suite, traffic, stream, sequence=0):
        key, self.iv = key_schedule.record_keys(traffic, stream)
        self.cipher = SUITES[suite](key)
        self.sequence = sequence

    def nonce(self):
        number = bytes(4) + struct.pack(">Q", self.sequence)
        self.sequence += 1
        return bytes(a ^ b for a, b in zip(self.iv, number))

    def seal(self, plaintext, kind="SEALED", header=None):
        """Pieces of a frame: its header, which is authenticated, and the body."""
        header = header or frames.header(kind, len(plaintext) + 16)
        return [header, self.cipher.seal(self.nonce(), header, plaintext)]

    def open(self, header, body):
        """The plaintext, or None."""
        return self.cipher.open(self.nonce(), header, body)


def open_all(suite, traffic, stream, sequence, wire):
    """The plaintexts of a stream up to the first record that does not open, and how it ended."""
    opener, plaintexts = Stream(suite, traffic, stream, sequence), []
    while wire:
        if opener.sequence >= RECORDS_MAX:
            return plaintexts, "record_limit_reached"
        length = struct.unpack_from(">I", wire)[0]
        plaintext = opener.open(wire[:8], wire[8:8 + length])
        if plaintext is None:
            return plaintexts, "authentication_failed"
        plaintexts.append(plaintext)
        wire = wire[8 + length:]
    return plaintexts, "success"


def claim_hash(key, chunk, content):
    """AES-256-GMAC of a chunk: docs/protocol/transfer.md, Resume after a restart."""
    return AesGcm(key).seal(bytes(4) + struct.pack(">Q", chunk), content, b"")
