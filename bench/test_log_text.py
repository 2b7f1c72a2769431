#!/usr/bin/env python3
"""The log text is the same for the same seed, and compresses as log text does."""
import ctypes
import io
import unittest

import log_text

SIZE = 4 << 20


def text(count, seed=1):
    out = io.BytesIO()
    log_text.write(out, count, seed)
    return out.getvalue()


def zstd_bytes(data, level):
    """The size after compression by the library that Tallow itself uses."""
    zstd = ctypes.CDLL("libzstd.so.1")
    for function in (zstd.ZSTD_compressBound, zstd.ZSTD_compress):
        function.restype = ctypes.c_size_t
    room = zstd.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    return zstd.ZSTD_compress(ctypes.create_string_buffer(room), ctypes.c_size_t(room), data,
                              ctypes.c_size_t(len(data)), level)


class LogText(unittest.TestCase):
    def test_has_the_size_that_was_asked_for(self):
        for count in (0, 1, 1000, SIZE):
            self.assertEqual(len(text(count)), count)

    def test_is_the_same_for_the_same_seed_alone(self):
        self.assertEqual(text(SIZE, 7), text(SIZE, 7))
        self.assertNotEqual(text(1000, 7), text(1000, 8))

    def test_compresses_to_between_a_fifth_and_an_eighth(self):
        for count in (256 << 10, SIZE):  # a chunk, and a file
            ratio = count / zstd_bytes(text(count), 3)
            self.assertGreater(ratio, 5)
            self.assertLess(ratio, 8)


if __name__ == "__main__":
    unittest.main()
