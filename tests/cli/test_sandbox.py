#!/usr/bin/env python3
"""The fences around a receiver, as they stand in the program itself. What they forbid and leave is
tried out in tests/unit/tools/receiver_sandbox_test.cpp."""

import os
import pathlib
import socket
import unittest

from harness import DEADLINE_S, TransferTest, relay


class Sandbox(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(1 << 20))

    def test_stands_before_anything_of_the_other_side_is_heard(self):
        with relay() as hub:
            receiving = self.receive(hub.address)
            missing = receiving.event("sandbox")["missing"]
            receiving.event("waiting")
            if missing:
                self.skipTest("; ".join(missing))
            about = pathlib.Path("/proc", str(receiving.process.pid))
            # Of every thread there is.
            for task in (about / "task").iterdir():
                status = dict(line.split(":\t", 1)
                              for line in (task / "status").read_text().splitlines())
                self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            self.assert_done(self.send(hub.address, self.file), receiving)
            order = [e["event"] for e in receiving.wait().events]
            self.assertLess(order.index("sandbox"), order.index("waiting"))
            self.assertLess(order.index("sandbox"), order.index("secured"))
            self.assertNotIn("sandbox", receiving.wait().err.lower())
        self.assert_same(self.file)

    def test_a_relay_is_found_again_by_its_name(self):
        with relay() as hub:
            port = hub.address.rsplit(":", 1)[1]
            address = "localhost:" + port
            try:
                socket.getaddrinfo("localhost", port)
            except socket.gaierror:
                self.skipTest("nobody here knows localhost")
            receiving = self.receive(address)
            receiving.event("waiting")
            hub.process.kill()
            hub.process.wait(DEADLINE_S)
            receiving.event("connection_lost")
            with relay("--listen", "127.0.0.1:" + port):
                receiving.event("waiting", count=2)
                self.assert_done(self.send(address, self.file), receiving)
        self.assert_same(self.file)

    def test_a_folder_for_nothing_is_taken_away_again(self):
        inner = self.target / "one" / "two"
        with relay() as hub:
            receiving = self.receive(hub.address, target=inner)
            receiving.event("waiting")
            wrong = self.send(hub.address, self.file, code="7-crossover-marmalade")
            self.assertEqual((receiving.wait().code, wrong.wait().code), (3, 3))
            self.assertFalse(self.target.exists())
            self.target.mkdir()
            receiving = self.receive(hub.address, code="8-crossover-clockwork", target=inner)
            self.assert_done(self.send(hub.address, self.file, code="8-crossover-clockwork"),
                             receiving)
        self.assert_same(self.file, target=inner)


if __name__ == "__main__":
    unittest.main()
