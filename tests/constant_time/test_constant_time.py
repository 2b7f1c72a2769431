#!/usr/bin/env python3
"""No branch and no address of our own cryptographic code depends on a secret; valgrind looks.

    test_constant_time.py PROGRAM       ends with 77 where valgrind is not installed"""
import shutil
import subprocess
import sys
import unittest

PROGRAM = None
FOUND = 99  # what valgrind ends with when it has found something


def run(operation):
    return subprocess.run(["valgrind", "--quiet", f"--error-exitcode={FOUND}", PROGRAM, operation],
                          capture_output=True, text=True, timeout=120, check=False)


class ConstantTime(unittest.TestCase):
    def test_secrets_decide_nothing(self):
        for operation in ("mask", "unmask", "compare", "derive"):
            with self.subTest(operation):
                done = run(operation)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_a_secret_decides_is_found(self):
        for operation in ("leaking_branch", "leaking_index"):
            with self.subTest(operation):
                done = run(operation)
                self.assertEqual(done.returncode, FOUND, done.stderr)
                self.assertIn("ninitialised", done.stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    if shutil.which("valgrind") is None:
        sys.exit(77)
    unittest.main()
