#!/usr/bin/env python3
"""Holds the library against the independent codec on messages and frames that nobody thought of.

    tests/conformance/differential.py TEST_CONFORMANCE [SEED [COUNT]]

TEST_CONFORMANCE is the program that reads the vectors. A failure names the file, which is kept.
"""
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import frames
import messages
import specification
import vector_file
from postcard import Refused
from samples import Sampler

BODY_BYTES_MAX = 3000


def damaged(rng, text):
    """Some bytes changed, doubled, put in or taken out."""
    text = bytearray(text)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        at = rng.randrange(len(text) + 1)
        kind = rng.choice(["flip", "set", "insert", "remove", "cut", "repeat"])
        if kind == "cut":
            del text[at:]
        elif kind == "insert":
            text[at:at] = bytes([rng.choice([0, 1, 0x80, 0xFF, rng.randrange(256)])])
        elif kind == "repeat":
            text[at:at] = text[:rng.randrange(1, 9)]
        elif at < len(text):
            if kind == "flip":
                text[at] ^= 1 << rng.randrange(8)
            elif kind == "set":
                text[at] = rng.choice([0, 1, 2, 0x7F, 0x80, 0x81, 0xFF])
            else:
                del text[at]
    return bytes(text)


def message_case(rng, number):
    m = rng.choice(specification.read().messages)
    sampler = Sampler(rng.choice(["usual", "usual", "most"]), f"{m.name} {rng.random()}")
    body = b"".join(messages.pieces(m, sampler.fields(m.fields, m.name)))[:BODY_BYTES_MAX]
    body = damaged(rng, body)
    inputs = {"kind": "sealed" if m.is_sealed else "relay", "message": m.name}
    try:
        value = messages.decode_sealed(body)[1] if m.is_sealed else messages.decode(m, body)
        return vector_file.vector(f"{number}", "success", "", body, **inputs, value=json.dumps(value))
    except Refused as refused:
        return vector_file.vector(f"{number}", refused.kind, "", body, **inputs)


def frames_case(rng, number):
    place = rng.choice(list(frames.PLACES))
    stream = b""
    for _ in range(rng.randrange(5)):
        name = rng.choice(sorted(frames.PLACES[place]))
        longest = min(specification.read().frames[name].bytes_max, 40)
        stream += frames.frame(name, bytes(rng.randrange(longest + 1)))
    stream, cap = damaged(rng, stream), rng.choice([20, 4096, 1 << 24])
    found, offset, outcome = frames.split(stream, place, cap)
    names = json.dumps([[name, len(body)] for name, body in found])
    return vector_file.vector(f"{number}", outcome, "", stream, place=place, body_bytes_max=cap,
                              offset=offset, frames=names)


def write(folder, rng, count):
    """So many cases of each kind."""
    for area, case in [("messages", message_case), ("frames", frames_case)]:
        (folder / area).mkdir()
        for number in range(count):
            v = case(rng, number)
            (folder / area / v.name).write_text(vector_file.render(v), encoding="ascii")


def main(program, seed="1", count="2000"):
    print(f"seed {seed}, {count} cases")
    rng = random.Random(int(seed))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tallow-differential-"))
    write(folder, rng, int(count) // 2)
    done = subprocess.run([program, "--gtest_brief=1", "--gtest_filter=*OfFrames*:*OfMessages*"],
                          env={**os.environ, "TALLOW_CONFORMANCE_VECTORS": str(folder)}, check=False)
    if done.returncode == 0:
        shutil.rmtree(folder)
    else:
        print(f"the cases are in {folder}")
    return done.returncode


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3, 4):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
