"""--digest: what sha256sum prints, on both sides."""
import os
import re
import shutil
import subprocess
import unittest

from harness import CODE, TransferTest, relay


class Digests(TransferTest):
    def setUp(self):
        super().setUp()
        folder = self.source / "folder"
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "empty").touch()
        (folder / "sub" / "one").write_bytes(b"1")
        (folder / "block").write_bytes(os.urandom(256 * 1024))  # as long as the buffer
        (folder / "odd\\name\n").write_bytes(b"odd")
        (folder / "link").symlink_to("block")
        (self.source / "large").write_bytes(os.urandom(3_000_001))
        self.paths = (folder, self.source / "large")

    def transfer(self, *options, send=(), code=0):
        with relay() as hub:
            sending = self.send(hub.address, *self.paths, options=("--digest", *send))
            receiving = self.receive(hub.address, options=options)
            received, sent = receiving.wait(), sending.wait()
        self.assertEqual((received.code, sent.code), (code, code), received.err + sent.err)
        return received, sent

    @staticmethod
    def lines(finished):
        """The lines of standard error that sha256sum might have printed."""
        return sorted(line for line in finished.err.splitlines()
                      if re.match(r"\\?[0-9a-f]{64}  ", line))

    def sha256sum(self, folder):
        names = ["folder/sub/empty", "folder/sub/one", "folder/block", "folder/odd\\name\n", "large"]
        return sorted(subprocess.run(["sha256sum", "--", *names], cwd=folder, check=True,
                                     capture_output=True, text=True).stdout.splitlines())

    @unittest.skipUnless(shutil.which("sha256sum"), "there is no sha256sum")
    def test_both_sides_say_what_sha256sum_says(self):
        received, sent = self.transfer("--digest")
        expected = self.sha256sum(self.source)
        self.assertEqual(len(expected), 5)
        self.assertEqual(self.lines(sent), expected)
        self.assertEqual(self.lines(received), expected)
        digests = sent.event("done")[0]["digests"]
        self.assertEqual(digests, received.event("done")[0]["digests"])
        self.assertIn("folder/odd\\name\n", [d["path"] for d in digests])
        self.assertEqual({len(d["sha256"]) for d in digests}, {64})

    def test_without_json_they_are_on_standard_output(self):
        with relay() as hub:
            sending = self.send(hub.address, *self.paths)
            receiving = self.run_cli("receive", "--relay", hub.address, "--out", self.target, "--yes",
                                     "--digest", env={"TALLOW_CODE": CODE})
            self.assert_done(sending)
            self.assertEqual(sorted(receiving.wait().out.splitlines()), self.sha256sum(self.source))

    def test_only_with_the_option(self):
        received, sent = self.transfer()
        self.assertEqual(self.lines(received), [])
        self.assertNotIn("digests", received.event("done")[0])
        self.assertEqual(len(self.lines(sent)), 5)

    def test_names_are_those_in_the_target(self):
        (self.target / "folder").mkdir(parents=True)
        (self.target / "folder" / "block").mkdir()
        (self.target / "large").write_text("old")
        received, _ = self.transfer("--digest", "--on-conflict", "overwrite")
        paths = [d["path"] for d in received.event("done")[0]["digests"]]
        self.assertIn("folder/block (2)", paths)
        self.assertIn("large", paths)
        received, sent = self.transfer("--digest", "--on-conflict", "rename")
        paths = [d["path"] for d in received.event("done")[0]["digests"]]
        self.assertIn("folder (2)/block", paths)
        self.assertIn("large (2)", paths)

    def test_nothing_is_said_of_what_was_skipped(self):
        self.target.mkdir()
        (self.target / "large").write_text("old")
        received, sent = self.transfer("--digest", "--on-conflict", "skip")
        for side in (received, sent):
            paths = [d["path"] for d in side.event("done")[0]["digests"]]
            self.assertNotIn("large", paths)
            self.assertEqual(len(paths), 4)


if __name__ == "__main__":
    unittest.main()
