"""Names that are taken: ask, rename, overwrite, skip. Nothing that is not in a transfer goes away."""
import ctypes
import os
import pty
import select
import shutil
import struct
import unittest

from harness import CODE, DEADLINE_S, TransferTest, facts, memory_folder, relay


class Watch:
    """What happens to the names in a folder, and to the files in it, as the kernel tells it."""

    MODIFY, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
    HEADER = struct.Struct("iIII")

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        what = self.MODIFY | self.MOVED_FROM | self.MOVED_TO | self.CREATE | self.DELETE
        if self.fd < 0 or libc.inotify_add_watch(self.fd, os.fsencode(folder), what) < 0:
            raise OSError(ctypes.get_errno(), "cannot watch a folder")
        self.seen = []

    def wait_for(self, count):
        """Until so much has happened."""
        while len(self.seen) < count:
            if not select.select([self.fd], [], [], DEADLINE_S)[0]:
                raise AssertionError(f"nothing happens any more, after {self.seen[-3:]}")
            self.read()

    def read(self):
        """All that has happened by now, which is told of once; pairs of what and a name."""
        try:
            while True:
                data = os.read(self.fd, 65536)
                while data:
                    _, what, _, length = self.HEADER.unpack_from(data)
                    end = self.HEADER.size + length
                    self.seen.append((what, data[self.HEADER.size:end].rstrip(b"\0").decode()))
                    data = data[end:]
        except BlockingIOError:
            return self.seen

    def close(self):
        os.close(self.fd)


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


class KilledMeanwhile(TransferTest):
    """Somebody ends the receiver at once while it puts new files over old ones."""

    place = memory_folder(1 << 28)
    COUNT = 4000

    def setUp(self):
        super().setUp()
        self.folder_sent, self.folder_there = self.source / "folder", self.target / "folder"
        self.folder_sent.mkdir()
        self.new, self.old = ([b"%s %d\n" % (word, i) * times for i in range(self.COUNT)]
                              for word, times in ((b"new", 200), (b"old", 300)))
        self.names = ["%04d" % i for i in range(self.COUNT)]
        for name, text in zip(self.names, self.new):
            (self.folder_sent / name).write_bytes(text)

    def fill_target(self):
        shutil.rmtree(self.target, ignore_errors=True)
        self.folder_there.mkdir(parents=True)
        for name, text in zip(self.names, self.old):
            (self.folder_there / name).write_bytes(text)
        (self.folder_there / "only there").write_text("old")

    def transfer(self, hub):
        options = ("--outage", "0", "--no-history")
        sending = self.send(hub.address, self.folder_sent, options=options)
        # Whoever watches it gets his turn sooner.
        receiving = self.run_cli("receive", "--relay", hub.address, "--json", "--yes", *options,
                                 "--on-conflict", "overwrite", "--out", self.target,
                                 env={"TALLOW_CODE": CODE}, inside=("nice", "-n", "10"))
        return sending, receiving

    def replaced(self):
        """How many are new by now. Each is the one or the other, whole."""
        self.assertEqual(sorted(os.listdir(self.folder_there)), [*self.names, "only there"])
        self.assertEqual((self.folder_there / "only there").read_text(), "old")
        count = 0
        for name, old, new in zip(self.names, self.old, self.new):
            text = (self.folder_there / name).read_bytes()
            self.assertIn(text, (old, new))
            count += text == new
        return count

    def killed_after(self, moves):
        """How many were new when it was killed, which is once so many were."""
        self.fill_target()
        watch = Watch(self.folder_there)
        self.addCleanup(watch.close)
        with relay() as hub:
            sending, receiving = self.transfer(hub)
            watch.wait_for(moves)
            receiving.process.kill()
            receiving.wait()
            sending.kill()
        count = self.replaced()
        # Each took the name of the old one in one step: at no time was there none.
        self.assertEqual({what for what, _ in watch.read()}, {Watch.MOVED_TO})
        self.assertEqual(sorted(name for _, name in watch.seen), sorted(
            name for name, new in zip(self.names, self.new)
            if (self.folder_there / name).read_bytes() == new))
        self.assertGreaterEqual(count, moves)
        return count

    def test_each_file_is_the_old_or_the_new_one(self):
        in_between = 0
        for moves in (1, self.COUNT // 4, self.COUNT // 2, 3 * self.COUNT // 4):
            with self.subTest(moves=moves):
                in_between += self.killed_after(moves) < self.COUNT
        self.assertGreater(in_between, 0, "it was never killed in between")
        # Another attempt brings the rest.
        with relay() as hub:
            self.assert_done(*self.transfer(hub))
        self.assertEqual(self.replaced(), self.COUNT)
        self.assertEqual(os.listdir(self.target), ["folder"])


if __name__ == "__main__":
    unittest.main()
