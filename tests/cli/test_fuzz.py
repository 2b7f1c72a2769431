"""tallow-fuzz as a user runs it: what it finds, what it says, what it leaves, how it exits."""
import os
import pathlib
import re
import select
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["TALLOW_BIN_DIR"])
ROOT = pathlib.Path(__file__).resolve().parents[2]


def fuzz(*arguments):
    return subprocess.run([BIN / "tallow-fuzz", *map(os.fspath, arguments)], text=True,
                          capture_output=True, timeout=120, check=False)


class Codec(unittest.TestCase):
    def setUp(self):
        self.out = tempfile.TemporaryDirectory()
        self.addCleanup(self.out.cleanup)

    def planted(self, *arguments):
        return fuzz("codec", "--plant-bug", "--runs", "2000", "--out", self.out.name, *arguments)

    def test_nothing_is_found_in_the_library(self):
        done = fuzz("codec", "--seed", "5", "--runs", "3000", "--corpus", ROOT / "fuzz/corpus",
                    "--out", self.out.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("nothing found: 3000 runs, seed 5", done.stdout)
        self.assertEqual(os.listdir(self.out.name), [])

    def test_a_planted_bug_is_found_and_its_reproducer_replays(self):
        for target in ("frame_decoder", "message_codec", "chunk_codec"):
            with self.subTest(target):
                done = self.planted("--seed", "1", "--target", target)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                said = dict(re.findall(r"^(\w+): +(.+)$", done.stdout, re.MULTILINE))
                self.assertEqual(said["target"], target)
                self.assertEqual(said["seed"], "1")
                self.assertLess(int(said["run"]), 2000)
                file = pathlib.Path(said["written"])
                self.assertEqual(file.read_bytes(), bytes.fromhex(said["input"]))

                again = fuzz("replay", "--plant-bug", "--target", target, file)
                self.assertEqual(again.returncode, 1)
                self.assertIn("violated: " + said["violated"], again.stdout)
                sound = fuzz("replay", file)
                self.assertEqual(sound.returncode, 0, sound.stdout)

    def test_its_child_ends_with_it(self):
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        running = subprocess.Popen([BIN / "tallow-fuzz", "codec", "--runs", "1000000000"],
                                   stdout=write)
        os.close(write)
        children = pathlib.Path(f"/proc/{running.pid}/task/{running.pid}/children")
        while not children.read_text():
            self.assertIsNone(running.poll())
        running.kill()
        running.wait()
        self.assertTrue(select.select([read], [], [], 60)[0], "somebody has the pipe still")
        self.assertEqual(os.read(read, 100), b"")

    def test_a_seed_gives_the_same_every_time(self):
        self.assertEqual(self.planted("--seed", "9").stdout, self.planted("--seed", "9").stdout)
        self.assertNotEqual(self.planted("--seed", "9").stdout, self.planted("--seed", "10").stdout)


class Usage(unittest.TestCase):
    def test_wrong_use_exits_2(self):
        with tempfile.TemporaryDirectory() as empty:
            for arguments in ((), ("codec", "--runs", "many"), ("codec", "--seed", "-1"),
                              ("codec", "--seed", "18446744073709551616"), ("codec", "--runs", "x"),
                              ("codec", "--target", "nobody"), ("codec", "--corpus", "/nowhere"),
                              ("codec", "--corpus", empty), ("replay",), ("replay", empty),
                              ("replay", empty + "/none"), ("bake",)):
                with self.subTest(arguments):
                    self.assertEqual(fuzz(*arguments).returncode, 2)

    def test_help_exits_0_and_hides_the_planted_bug(self):
        done = fuzz("codec", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--seed", done.stdout)
        self.assertNotIn("plant", done.stdout)


if __name__ == "__main__":
    unittest.main()
