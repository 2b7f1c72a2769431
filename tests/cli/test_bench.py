"""tallow-cli bench: it measures, says so, and needs no relay and no file."""
import os
import unittest

from harness import TransferTest


class Bench(TransferTest):
    def test_both_ways_are_measured(self):
        for lanes in ("2", "0"):
            with self.subTest(lanes=lanes):
                finished = self.run_cli("bench", "--json", "--size", "16", "--lanes", lanes).wait()
                self.assertEqual(finished.code, 0, finished.err)
                found = finished.event("bench")
                self.assertEqual([e["what"] for e in found], ["memory", "loopback"])
                for e in found:
                    self.assertEqual(e["bytes"], 16 << 20)
                    self.assertGreater(e["mib_per_s"], 0)
                    self.assertGreater(e["seconds"], 0)
                    self.assertGreaterEqual(e["cpu_s_per_gib"], 0)

    def test_text_for_people(self):
        before = sorted(os.listdir(self.folder))
        finished = self.run_cli("bench", "--size", "1").wait()
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.out, "")
        self.assertEqual(finished.err.count("MiB/s, "), 2)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_sizes_that_make_no_sense(self):
        for size in ("0", "-1", "x"):
            self.assertEqual(self.run_cli("bench", "--size", size).wait().code, 2)


if __name__ == "__main__":
    unittest.main()
