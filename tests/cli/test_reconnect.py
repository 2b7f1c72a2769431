#!/usr/bin/env python3
"""Transfers whose connections break."""

import collections
import os
import signal
import socket
import threading
import time
import unittest

from harness import DEADLINE_S, TransferTest, proxy, relay


class Reconnect(TransferTest):
    def wait_for(self, condition):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)

    def test_every_connection_breaks_again_and_again(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(128 << 20))
        for lanes in ("0", "2"):
            passed = collections.Counter()

            def count(number, way, data):
                passed[way] += len(data)
                return data

            with self.subTest(lanes=lanes), relay() as hub, proxy(hub.address, count) as between:
                sending = self.send(between.address, file, options=("--lanes", lanes))
                receiving = self.receive(between.address)
                cuts = 0
                while cuts < 5 and sending.process.poll() is None:
                    # Some of the file has to come through between two cuts.
                    seen = passed["down"]
                    self.wait_for(lambda: passed["down"] > seen + (16 << 20)
                                  or sending.process.poll() is not None)
                    between.cut()
                    cuts += 1
                self.assert_done(sending, receiving)
                self.assertEqual(cuts, 5)
                self.assertGreaterEqual(len(receiving.wait().event("resumed")), 3)
                # Each break is noticed when it comes, not when too long nothing was heard.
                for side in (sending, receiving):
                    reasons = {e["reason"] for e in side.wait().event("connection_lost")}
                    self.assertNotIn("the relay does not answer", reasons)
                # Little comes twice: what was on its way when a connection broke. Whoever began
                # anew each time would need 1.6 times the file.
                self.assertLess(passed["down"], 1.4 * file.stat().st_size)
                self.assert_same(file)
                (self.target / "file").unlink()

    def test_a_lane_is_closed_that_takes_nothing_any_more(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(24 << 20))
        passed, stuck, is_over = collections.Counter(), [], threading.Event()

        def close_and_hold(number, way, data):
            passed[number] += len(data)
            if way == "up" and not stuck and passed[number] > 8 << 20:
                stuck.append(number)
                between.sockets[2 * number].shutdown(socket.SHUT_WR)
                # What the sender writes fills the buffers, and then its lane waits for room.
                is_over.wait(DEADLINE_S)
            return data

        with relay() as hub, proxy(hub.address, close_and_hold) as between:
            sending = self.send(between.address, file, options=("--lanes", "1"))
            receiving = self.receive(between.address)
            try:
                self.wait_for(lambda: stuck)
                begin = time.monotonic()
                self.assert_done(sending, receiving)
                # The system would have let it wait for half a minute.
                self.assertLess(time.monotonic() - begin, 20)
            finally:
                is_over.set()
        self.assert_same(file)

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


class WaitingAlone(TransferTest):
    """Whose relay goes away before the other side has come."""

    def wait_alone(self, hub):
        """Somebody of each kind, each with a room of his own: the commands, and their codes."""
        file = self.source / "file"
        file.write_bytes(os.urandom(100_000))
        known = "4444-crossover-clockwork"  # no number that a relay would choose
        sending = self.send(hub.address, file, code=None)
        receiving = self.receive(hub.address, code=known, target=self.folder / "known")
        made = sending.event("code")["code"]
        for command in (sending, receiving):
            command.event("waiting")
        return file, sending, made, receiving, known

    def meet(self, hub, file, sending, made, receiving, known):
        comes = self.receive(hub.address, code=made)
        brings = self.send(hub.address, file, code=known)
        self.assert_done(sending, comes, brings, receiving)
        self.assert_same(file)
        self.assert_same(file, target=self.folder / "known")

    def stop_and_start(self, stop):
        with relay() as hub:
            port = hub.address.rsplit(":", 1)[1]
            waiting = self.wait_alone(hub)
            stop(hub.process)
            hub.process.wait(DEADLINE_S)
            lost = [command.event("connection_lost") for command in (waiting[1], waiting[3])]
            with relay("--listen", "127.0.0.1:" + port):
                for command in (waiting[1], waiting[3]):
                    command.event("waiting", count=2)
                self.meet(hub, *waiting)
        for command in (waiting[1], waiting[3]):
            self.assertIn("Trying again ...", command.err.decode())
            self.assertEqual(command.err.count(b"Waiting for the other side"), 2)
        self.assertEqual(len(waiting[1].wait().event("code")), 1)
        return lost

    def test_is_found_again_after_a_rolling_restart(self):
        lost = self.stop_and_start(lambda process: process.send_signal(signal.SIGTERM))
        self.assertEqual({e["reason"] for e in lost}, {"the relay is shutting down"})

    def test_is_found_again_after_the_relay_died(self):
        self.stop_and_start(lambda process: process.kill())

    def test_gives_up_when_no_relay_comes(self):
        with relay() as hub:
            receiving = self.receive(hub.address, options=("--outage", "1"))
            receiving.event("waiting")
        finished = receiving.wait()
        self.assertEqual(finished.code, 4, finished.err)
        self.assertEqual(finished.event("error")[0]["code"], "relay_draining")

    def test_can_be_interrupted_meanwhile(self):
        with relay() as hub:
            receiving = self.receive(hub.address)
            receiving.event("waiting")
        receiving.event("connection_lost")
        receiving.process.send_signal(signal.SIGINT)
        self.assertEqual(receiving.wait(5).code, 130)


if __name__ == "__main__":
    unittest.main()
