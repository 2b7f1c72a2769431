"""bench/relay_load runs, with a few of everything."""
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class RelayLoad(unittest.TestCase):
    def test_measures_every_load(self):
        done = subprocess.run([sys.executable, HERE / "relay_load", "--scale", "0.01",
                               "--bin", os.environ["TALLOW_BIN_DIR"]],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        for what in ("90 rooms that wait | ", "10 silent connections a second", "20 pairs",
                     "30 clients that come back at once"):
            self.assertIn(what, done.stdout)


if __name__ == "__main__":
    unittest.main()
