"""Several relays: the sender takes the first that works, the receiver looks at all."""
import os
import unittest

from harness import TransferTest, closed_port, relay


class Relays(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(1 << 20))

    def test_both_take_the_first_that_works(self):
        with relay() as hub, closed_port() as closed:
            for relays, used in (((closed, hub.address), hub.address),
                                 ((hub.address, closed), hub.address)):
                with self.subTest(relays):
                    sending = self.send(",".join(relays), self.file)
                    receiving = self.receive(",".join(relays))
                    self.assert_done(sending, receiving)
                    for one in (sending.wait(), receiving.wait()):
                        self.assertEqual([e["relay"] for e in one.event("using_relay")], [used])
                        told = [e["relay"] for e in one.event("relay_unusable")]
                        self.assertEqual(told, [closed] if relays[0] == closed else [])
                self.assert_same(self.file)
                (self.target / "file").unlink()

    def test_a_receiver_looks_where_the_sender_is(self):
        with relay() as one, relay() as other:
            # The sender could not reach the first, say, and the receiver can.
            receiving = self.receive(f"{one.address},{other.address}")
            receiving.event("waiting")
            sending = self.send(other.address, self.file)
            self.assert_done(sending, receiving)
            self.assertEqual([e["relay"] for e in receiving.wait().event("using_relay")],
                             [one.address, other.address])
        self.assert_same(self.file)

    def test_a_relay_that_has_no_room_is_passed_over(self):
        with relay("--max-rooms", "1") as full, relay() as hub:
            waiting = self.receive(full.address, code="9-crossover-marmalade")
            waiting.event("waiting")
            sending = self.send(f"{full.address},{hub.address}", self.file)
            self.assertEqual(sending.event("relay_unusable")["code"], "relay_full")
            self.assert_done(self.receive(hub.address), sending)

    def test_where_none_works_the_last_reason_ends_it(self):
        with closed_port() as one, closed_port() as other:
            for command in (self.send(f"{one},{other}", self.file), self.receive(f"{one},{other}")):
                finished = command.wait()
                self.assertEqual(finished.code, 4, finished.err)
                self.assertEqual([e["relay"] for e in finished.event("relay_unusable")], [one, other])

    def test_ctrl_c_ends_the_search(self):
        with relay() as one, relay() as other:
            receiving = self.receive(f"{one.address},{other.address}")
            receiving.event("waiting")
            receiving.process.send_signal(2)
            self.assertEqual(receiving.wait().code, 130)

    def test_the_one_that_was_used_is_gone_on_with(self):
        self.file.write_bytes(os.urandom(8 << 20))
        with relay() as hub, closed_port() as closed:
            relays = f"{closed},{hub.address}"
            sending = self.run_cli("send", "--relay", relays, "--json", "--throttle", "1MiB", self.file,
                                   env={"TALLOW_CODE": "7-crossover-clockwork",
                                        "XDG_STATE_HOME": str(self.folder / "ann")})
            receiving = self.receive(relays)
            receiving.event("progress")
            for one in (sending, receiving):
                one.process.kill()
                one.wait()
            self.assert_done(self.run_cli("resume", "--yes", "--json",
                                          env={"XDG_STATE_HOME": str(self.folder / "ann")}),
                             self.run_cli("resume", "--yes", "--json"))
        self.assert_same(self.file)

    def test_each_address_has_to_be_one(self):
        finished = self.send("127.0.0.1:1,nonsense:port", self.file).wait()
        self.assertEqual(finished.code, 2, finished.err)


if __name__ == "__main__":
    unittest.main()
