#!/usr/bin/env python3
"""Transfers whose connections break."""

import os
import time
import unittest

from harness import DEADLINE_S, Proxy, TransferTest, relay


class Reconnect(TransferTest):
    def wait_for(self, condition):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)

    def test_every_connection_breaks_again_and_again(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(96 << 20))
        for lanes in ("0", "2"):
            with self.subTest(lanes=lanes), relay() as hub:
                between = Proxy(hub.address)
                try:
                    sending = self.send(between.address, file, options=("--lanes", lanes))
                    receiving = self.receive(between.address)
                    cuts = 0
                    while cuts < 5 and sending.process.poll() is None:
                        # Some of the file has to come through between two cuts.
                        seen = len(between.recorded)
                        self.wait_for(lambda: len(between.recorded) > seen + (9 << 20)
                                      or sending.process.poll() is not None)
                        between.cut()
                        cuts += 1
                    self.assert_done(sending, receiving)
                    self.assertGreaterEqual(len(receiving.wait().event("resumed")), 3)
                    # Little is sent twice: what was on its way when a connection broke.
                    self.assertLess(len(between.recorded), 2.5 * file.stat().st_size)
                finally:
                    between.cut()
                    between.close()
                self.assert_same(file)
                (self.target / "file").unlink()

    def test_the_relay_is_started_again(self):
        file = self.source / "file"
        with file.open("wb") as out:
            out.truncate(3 << 30)
        with relay() as hub:
            port = hub.address.rsplit(":", 1)[1]
            sending = self.send(hub.address, file)
            receiving = self.receive(hub.address)
            receiving.event("progress")
            hub.process.kill()
            hub.process.wait()
            with relay("--listen", "127.0.0.1:" + port):
                self.assert_done(sending, receiving)
        self.assertEqual((self.target / "file").stat().st_size, 3 << 30)
        self.assertEqual(len(receiving.wait().event("resumed")), 1)


if __name__ == "__main__":
    unittest.main()
