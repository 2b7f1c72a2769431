"""Sparse files: a hole stays a hole, or nearly, and nothing else changes."""
import os
import time
import unittest

from harness import TransferTest, relay

MIB = 1 << 20


def same_content(one, other):
    with one.open("rb") as first, other.open("rb") as second:
        while True:
            piece = first.read(MIB)
            if piece != second.read(MIB):
                return False
            if not piece:
                return True


class SparseFiles(TransferTest):
    def test_gibibyte_with_three_islands(self):
        file = self.source / "image"
        island = os.urandom(MIB)
        with file.open("wb") as out:
            for at in (0, 500 * MIB + 12_345, 1023 * MIB):
                out.seek(at)
                out.write(island)
        self.assertEqual(file.stat().st_size, 1024 * MIB)
        start = time.monotonic()
        with relay() as hub:
            sending = self.send(hub.address, file)
            receiving = self.receive(hub.address)
            for command in (receiving, sending):
                finished = command.wait(300)
                self.assertEqual(finished.code, 0, finished.err)
        print(f"1 GiB with 3 MiB of data: {time.monotonic() - start:.2f} s", flush=True)
        arrived = self.target / "image"
        self.assertTrue(same_content(file, arrived))
        # Three islands, the runs of zeros around them that are too short, and what the file system
        # needs for itself.
        self.assertLess(arrived.stat().st_blocks * 512, 5 * MIB)

    def test_files_of_zeros(self):
        files = []
        for size in (1, 65_535, 65_536, 300_000, 3 * MIB + 1):
            file = self.source / f"zeros {size}"
            file.write_bytes(bytes(size))
            files.append(file)
        with relay() as hub:
            sending = self.send(hub.address, *files)
            self.assert_done(self.receive(hub.address), sending)
        self.assert_same(*files)
        self.assertLess((self.target / files[-1].name).stat().st_blocks * 512, MIB)


if __name__ == "__main__":
    unittest.main()
