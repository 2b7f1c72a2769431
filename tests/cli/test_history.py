"""tallow-cli history: what was sent and received, and no code."""
import os
import sqlite3
import stat
import unittest

from harness import CODE, TransferTest, relay


class History(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "a\x1b[2Jb"
        self.file.write_bytes(b"x" * 1000)
        self.book = self.folder / "state" / "tallow" / "history.sqlite"

    def transfer(self, hub, code=CODE, options=(), paths=None):
        sending = self.send(hub.address, *(paths or [self.file]), code=code, options=options)
        receiving = self.receive(hub.address, code=code, options=options)
        return sending.wait(), receiving.wait()

    def shown(self, *options, code=0):
        finished = self.run_cli("history", *options).wait()
        self.assertEqual(finished.code, code, finished.err)
        return finished

    def transfers(self, *options):
        return self.shown("--json", *options).event("history")[0]["transfers"]

    def test_shows_both_sides_the_newest_first(self):
        with relay() as hub:
            self.assertEqual([f.code for f in self.transfer(hub)], [0, 0])
            self.assertEqual([f.code for f in self.transfer(hub, code="8-crossover-clockwork")], [0, 0])
            told = self.transfers()
            self.assertEqual(len(told), 4)
            self.assertEqual({t["relay"] for t in told}, {hub.address})
        self.assertEqual({(t["result"], t["entries"], t["bytes"]) for t in told},
                         {("done", 1, 1000)})
        received = [t for t in told if t["side"] == "receive"]
        self.assertEqual([t["names"] for t in received], [[self.file.name + " (2)"], [self.file.name]])
        self.assertEqual(received[0]["folder"], str(self.target))
        self.assertTrue(all(t["started"] <= t["ended"] for t in told))
        self.assertEqual(len(self.transfers("--limit", "1")), 1)
        text = self.shown().out
        self.assertEqual(len(text.splitlines()), 4)
        self.assertNotIn("\x1b", text)
        self.assertIn("1000 B", text)

    def test_holds_no_code_and_is_its_owners_alone(self):
        with relay() as hub:
            self.transfer(hub)
        for path in self.book.parent.glob("history*"):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertNotIn(b"crossover", path.read_bytes())

    def test_tells_what_went_wrong_after_both_had_met(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file)
            receiving = self.run_cli("receive", "--relay", hub.address, "--json", "--out",
                                     self.target, env={"TALLOW_CODE": CODE}, stdin="n\n")
            self.assertNotEqual(sending.wait().code, 0)
            receiving.wait()
            # A wrong code met nobody.
            sending = self.send(hub.address, self.file, code="9-crossover-clockwork")
            receiving = self.receive(hub.address, code="9-crossover-crossover")
            self.assertEqual((sending.wait().code, receiving.wait().code), (3, 3))
        self.assertEqual([(t["side"], t["result"]) for t in self.transfers() if t["side"] == "send"],
                         [("send", "transfer_refused")])

    def test_keeps_nothing_where_nobody_wants_it(self):
        with relay() as hub:
            self.transfer(hub, options=("--no-history",))
        self.assertFalse(self.book.exists())

    def test_forgets_when_told_to(self):
        with relay() as hub:
            self.transfer(hub)
        self.shown("--clear")
        self.assertEqual(self.transfers(), [])
        self.assertNotIn(os.fsencode(self.source), self.book.read_bytes())

    def test_a_transfer_is_none_the_worse_for_a_history_that_cannot_be_written(self):
        self.book.parent.mkdir(parents=True)
        self.book.write_text("this is no database, and somebody may want it" * 100)
        with relay() as hub:
            finished = self.transfer(hub)
        for one in finished:
            self.assertEqual(one.code, 0, one.err)
            self.assertIn("not kept in the history", one.err)
            self.assertIn("not a database", one.err)
        self.assertTrue(self.book.read_text().startswith("this is no database"))
        self.assertIn("not a database", self.shown(code=6).err)

    def test_leaves_what_a_later_version_made(self):
        self.book.parent.mkdir(parents=True)
        with sqlite3.connect(self.book) as book:
            book.execute("PRAGMA user_version = 7")
        book.close()
        self.assertIn("newer version", self.shown(code=6).err)

    def test_waits_for_others_who_write(self):
        with relay() as hub:
            self.transfer(hub)
            book = sqlite3.connect(self.book, isolation_level=None)
            book.execute("BEGIN IMMEDIATE")
            sending = self.send(hub.address, self.file, code="8-crossover-clockwork")
            receiving = self.receive(hub.address, code="8-crossover-clockwork")
            sending.event("secured")
            book.execute("COMMIT")
            book.close()
            self.assert_done(sending, receiving)
        self.assertEqual(len(self.transfers()), 4)


if __name__ == "__main__":
    unittest.main()
