"""Names that are taken: ask, rename, overwrite, skip. Nothing that is not in a transfer goes away."""
import os
import pty
import unittest

from harness import CODE, TransferTest, facts, relay


class Conflicts(TransferTest):
    def setUp(self):
        super().setUp()
        # What is there, and what comes.
        self.target.mkdir()
        self.folder_there = self.target / "folder"
        (self.folder_there / "sub").mkdir(parents=True)
        for name in ("file", "folder/both", "folder/only there", "folder/sub/both"):
            (self.target / name).write_text("old")
        folder = self.source / "folder"
        (folder / "sub").mkdir(parents=True)
        (folder / "empty").mkdir()
        for name in ("file", "folder/both", "folder/new", "folder/sub/both"):
            (self.source / name).write_text("new")
        (self.target / "folder" / "void").write_text("old")
        (folder / "void").touch()
        (folder / "link").symlink_to("both")
        (self.target / "folder" / "link").symlink_to("only there")
        self.paths = (self.source / "file", folder)

    def transfer(self, *options, stdin=None, code=0):
        """Receives with the options; returns the event `done` of both sides."""
        with relay() as hub:
            sending = self.send(hub.address, *self.paths)
            receiving = self.run_cli("receive", "--relay", hub.address, "--json", *options, "--out",
                                     self.target, stdin=stdin, env={"TALLOW_CODE": CODE})
            received, sent = receiving.wait(), sending.wait()
        self.assertEqual(received.code, code, received.err)
        self.assertEqual(sent.code, code, sent.err)
        self.asked = received.err.count("is there already. ")
        self.said = received.err
        return received.event("done")[0], sent.event("done")[0]

    def texts(self):
        return {name: (self.target / name).read_text() for name in
                ("file", "folder/both", "folder/only there", "folder/sub/both", "folder/void")}

    def assert_old(self):
        self.assertEqual(set(self.texts().values()), {"old"})
        self.assertEqual(os.readlink(self.folder_there / "link"), "only there")

    def test_rename_is_what_happens_without_a_terminal(self):
        for options in (("--yes",), ("--yes", "--on-conflict", "rename"),
                        ("--yes", "--on-conflict", "ask")):
            with self.subTest(options):
                received, _ = self.transfer(*options)
                self.assert_old()
                self.assertEqual(self.asked, 0)
                self.assertEqual(len(received["renamed"]), 2)
        received, _ = self.transfer(stdin="y\n")
        self.assertEqual((self.asked, len(received["renamed"])), (0, 2))
        self.assertEqual((self.target / "file (2)").read_text(), "new")
        self.assertEqual((self.target / "folder (5)" / "both").read_text(), "new")

    def test_overwrite_replaces_files_and_merges_folders(self):
        before = facts(self.target / "folder" / "only there")
        received, sent = self.transfer("--yes", "--on-conflict", "overwrite")
        self.assertEqual(self.texts(), {"file": "new", "folder/both": "new", "folder/void": "",
                                        "folder/only there": "old", "folder/sub/both": "new"})
        self.assertEqual(os.readlink(self.folder_there / "link"), "both")
        self.assertEqual((self.folder_there / "new").read_text(), "new")
        self.assertTrue((self.folder_there / "empty").is_dir())
        self.assertEqual(facts(self.target / "folder" / "only there"), before)
        self.assertEqual(sorted(os.listdir(self.target)), ["file", "folder"])
        self.assertEqual((received["renamed"], received["declined"], sent["declined"]),
                         ([], [], []))

    def test_overwrite_renames_where_kinds_do_not_meet(self):
        (self.target / "file").unlink()
        (self.target / "file").mkdir()
        (self.folder_there / "new").mkdir()
        received, _ = self.transfer("--yes", "--on-conflict", "overwrite")
        self.assertEqual((self.target / "file (2)").read_text(), "new")
        self.assertEqual((self.folder_there / "new (2)").read_text(), "new")
        self.assertEqual(received["renamed"], [
            {"path": "file", "final": "file (2)"},
            {"path": "folder/new", "final": "folder/new (2)"}])
        self.assertIn("folder/new was there already; the new one is folder/new (2).", self.said)

    def test_skip_leaves_what_is_there_and_is_no_failure(self):
        received, sent = self.transfer("--yes", "--on-conflict", "skip")
        self.assert_old()
        self.assertEqual((self.folder_there / "new").read_text(), "new")
        self.assertTrue((self.folder_there / "empty").is_dir())
        self.assertEqual(sorted(os.listdir(self.target)), ["file", "folder"])
        skipped = ["file", "folder/both", "folder/link", "folder/sub/both", "folder/void"]
        self.assertEqual(sorted(received["declined"]), skipped)
        self.assertEqual(sorted(sent["declined"]), skipped)
        self.assertEqual((received["declined_count"], sent["declined_count"]), (5, 5))
        self.assertEqual((received["failed"], sent["failed"]), ([], []))
        self.assertEqual((received["entries"], sent["entries"]), (4, 4))

    def test_skipped_bytes_are_not_sent(self):
        large = self.source / "large"
        large.write_bytes(os.urandom(20_000_000))
        (self.target / "large").write_text("old")
        self.paths = (large,)
        with relay("--max-bytes", "0") as hub:
            sending = self.send(hub.address, large, options=("--compress", "off"))
            receiving = self.receive(hub.address, options=("--on-conflict", "skip"))
            self.assert_done(receiving, sending)
            # Nobody had anything to tell about bytes that moved. At the end all of it is done.
            told = [e["bytes"] for e in sending.wait().event("progress")]
            self.assertEqual([count for count in told if count not in (0, 20_000_000)], [])
        self.assertEqual((self.target / "large").read_text(), "old")

    def test_ask_once_for_each_name(self):
        self.transfer("--on-conflict", "ask", stdin="y\no\ns\n")
        self.assertEqual(self.asked, 2)
        self.assertEqual(self.texts(), {"file": "new", "folder/both": "old", "folder/void": "old",
                                        "folder/only there": "old", "folder/sub/both": "old"})
        self.assertEqual((self.folder_there / "new").read_text(), "new")

    def test_ask_takes_an_answer_for_all(self):
        self.transfer("--on-conflict", "ask", stdin="y\nwhat?\nS\n")
        self.assertEqual(self.asked, 2)  # the same question twice
        self.assert_old()
        self.transfer("--on-conflict", "ask", stdin="y\noverwrite all\n")
        self.assertEqual(self.asked, 1)
        self.assertEqual(self.texts()["folder/sub/both"], "new")

    def test_no_answer_touches_nothing(self):
        for answers in ("y\n", "y\n\n\n"):
            with self.subTest(answers):
                received, _ = self.transfer("--on-conflict", "ask", stdin=answers)
                self.assert_old()
                self.assertEqual(len(received["renamed"]), 2)

    def test_terminal_is_asked(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with relay() as hub:
            sending = self.send(hub.address, *self.paths)
            os.write(ours, b"y\nS\n")
            receiving = self.run_cli("receive", "--relay", hub.address, "--json", "--out",
                                     self.target, env={"TALLOW_CODE": CODE}, terminal=theirs)
            os.close(theirs)
            received = receiving.wait()
            self.assert_done(sending)
        self.assertEqual(received.code, 0, received.err)
        self.assertEqual(received.err.count("is there already. "), 1)
        self.assert_old()
        self.assertEqual(received.event("done")[0]["declined_count"], 5)


if __name__ == "__main__":
    unittest.main()
