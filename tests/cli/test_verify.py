"""--verify: two people compare six words before anything is told of the files."""
import os
import unittest

from harness import CODE, TransferTest, relay


class Verify(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(1 << 20))

    def sending(self, address, *options, **more):
        return self.run_cli("send", "--relay", address, "--json", *options, self.file,
                            env={"TALLOW_CODE": CODE, "XDG_STATE_HOME": str(self.folder / "ann")},
                            **more)

    def receiving(self, address, *options, stdin=""):
        return self.run_cli("receive", "--relay", address, "--json", "--out", self.target, *options,
                            env={"TALLOW_CODE": CODE, "XDG_STATE_HOME": str(self.folder / "bob")},
                            stdin=stdin)

    def sessions(self):
        return list(self.folder.glob("*/tallow/sessions/*"))

    def test_either_side_asks_both(self):
        for sender, receiver in ((("--verify",), ()), ((), ("--verify",)),
                                 (("--verify",), ("--verify",))):
            with self.subTest(sender=sender, receiver=receiver), relay() as hub:
                # The receiver says yes to the words, and then to the offer.
                sending = self.sending(hub.address, *sender, stdin="y\n")
                receiving = self.receiving(hub.address, *receiver, stdin="y\ny\n")
                self.assert_done(sending, receiving)
                asked = [one.wait().event("words_due")[0]["words"] for one in (sending, receiving)]
                self.assertEqual(asked[0], asked[1])
                self.assertEqual(asked[0], sending.wait().event("secured")[0]["words"])
                self.assertEqual(len(receiving.wait().event("words_agreed")), 1)
                self.assertIn("same six words? [y/N]", sending.wait().err)
            self.assert_same(self.file)
            self.target.joinpath("file").unlink()
            self.assertEqual(self.sessions(), [])

    def test_nothing_is_told_before_both_have_answered(self):
        terminal, ann = os.pipe()
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.close, ann)
        with relay() as hub:
            sending = self.sending(hub.address, "--verify", terminal=terminal)
            receiving = self.receiving(hub.address, stdin="y\ny\n")
            sending.event("words_due")
            receiving.event("words_due")
            # There is nothing to go on with yet: resume would ask nobody.
            self.assertEqual(self.sessions(), [])
            os.write(ann, b"y\n")
            self.assert_done(sending, receiving)
            order = [e["event"] for e in receiving.wait().events]
            self.assertLess(order.index("words_agreed"), order.index("offer"))

    def test_words_that_differ_end_it(self):
        for answer in ("n\n", "\n", ""):
            with self.subTest(answer=answer), relay() as hub:
                sending = self.sending(hub.address, "--verify", stdin=answer)
                receiving = self.receiving(hub.address, "--yes")
                finished = sending.wait()
                self.assertEqual(finished.code, 3, finished.err)
                self.assertIn("the words differ", finished.err)
                self.assertNotEqual(receiving.wait().code, 0)
                self.assertEqual(receiving.wait().event("offer"), [])
            self.assertFalse((self.target / "file").exists())
            self.assertEqual(self.sessions(), [])

    def test_yes_answers_for_who_did_not_ask(self):
        with relay() as hub:
            sending = self.sending(hub.address, "--verify", stdin="y\n")
            receiving = self.receiving(hub.address, "--yes")
            self.assert_done(sending, receiving)
            self.assertIn("wants the words compared", receiving.wait().err)
        self.assert_same(self.file)

    def test_nobody_to_ask(self):
        for arguments in (("send", "--verify", "--yes", self.file), ("send", "--verify", "-"),
                          ("receive", "--verify", "--yes")):
            with self.subTest(arguments):
                finished = self.run_cli(*arguments, "--relay", "127.0.0.1:1",
                                        env={"TALLOW_CODE": CODE}, stdin="x").wait()
                self.assertEqual(finished.code, 2, finished.err)
                self.assertIn("--verify", finished.err)


if __name__ == "__main__":
    unittest.main()
