"""bench/compile_cost runs, and says who is above the budget."""
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
COMPILER = os.environ.get("CXX", "c++")


class CompileCost(unittest.TestCase):
    def measure(self, *arguments):
        return subprocess.run([sys.executable, HERE / "compile_cost", "--build",
                               os.environ["TALLOW_BUILD"], "--compiler", COMPILER, "--rounds", "1",
                               *arguments], capture_output=True, text=True, timeout=120)

    def test_measures_a_header(self):
        done = self.measure("--scale", "1000", "base/errc.hpp")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 of 1 compilations within the budget", done.stdout)
        self.assertRegex(done.stdout, r"\| core \| 450 \| base/errc\.hpp \| [1-9]\d* \|")

    def test_names_who_is_above_the_budget(self):
        done = self.measure("--scale", "0.00001", "base/errc.hpp")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"base/errc\.hpp: \d+ ms with \S+, budget 0 ms")

    def test_knows_no_header_that_is_not_listed(self):
        done = self.measure("base/nothing.hpp")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no such header", done.stderr)


if __name__ == "__main__":
    unittest.main()
