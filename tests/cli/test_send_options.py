"""How fast a sender sends, and how long its code is."""
import os
import time
import unittest

from harness import TransferTest, relay


class Throttle(TransferTest):
    def test_holds_with_lanes_and_without(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(3 << 20))
        for lanes in ("2", "1", "0"):
            with self.subTest(lanes=lanes), relay() as hub:
                begun = time.monotonic()
                self.assert_done(self.send(hub.address, file, options=("--throttle", "1MiB",
                                                                       "--lanes", lanes)),
                                 self.receive(hub.address))
                # Each lane may begin with a chunk, and a tenth of a second is saved up.
                self.assertGreater(time.monotonic() - begun, 2.0)
            self.assert_same(file)
            (self.target / "file").unlink()

    def test_refuses_what_is_no_rate(self):
        for rate in ("fast", "-1", "1.5MiB"):
            finished = self.send("127.0.0.1:1", self.source, options=(f"--throttle={rate}",)).wait()
            self.assertEqual(finished.code, 2, finished.err)
            self.assertIn("throttle", finished.err)


class Words(TransferTest):
    def test_the_code_has_so_many(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            for words in ("2", "5", "16"):
                sending = self.send(hub.address, file, code=None, options=("--words", words))
                code = sending.event("code")["code"]
                self.assertEqual(len(code.split("-")), 1 + int(words), code)
                self.assert_done(self.receive(hub.address, code=code), sending)
                (self.target / "file").unlink()

    def test_refuses_too_few_and_too_many(self):
        for words in ("1", "17", "x"):
            finished = self.send("127.0.0.1:1", self.source, options=("--words", words)).wait()
            self.assertEqual(finished.code, 2, finished.err)


if __name__ == "__main__":
    unittest.main()
