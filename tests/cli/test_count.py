#!/usr/bin/env python3
"""One sender, one code and several receivers."""
import os
import unittest

from harness import CODE, TransferTest, memory_folder, relay


class Count(TransferTest):
    place = memory_folder(1 << 30)

    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(6 << 20))

    def target_of(self, number):
        return self.folder / ("target %d" % number)

    def home_of(self, number):
        return {"XDG_STATE_HOME": str(self.folder / ("home %d" % number))}

    def receive_as(self, hub, number, *options, code=CODE):
        return self.run_cli("receive", "--relay", hub.address, "--json", "--yes", *options, "--out",
                            self.target_of(number), env={"TALLOW_CODE": code,
                                                         **self.home_of(number)})

    def assert_all_have_it(self, count):
        for number in range(count):
            got = self.target_of(number)
            self.assertEqual([p.name for p in got.iterdir()], ["file"])
            self.assertEqual((got / "file").read_bytes(), self.file.read_bytes())

    def test_three_at_once(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, code=None, options=("--count", "3"))
            code = sending.event("code")["code"]
            receiving = [self.receive_as(hub, n, code=code) for n in range(3)]
            self.assert_done(sending, *receiving)
            # The code is used up: whoever comes now is alone.
        finished = sending.wait()
        self.assertEqual(len(finished.event("code")), 1)
        self.assertEqual(sorted(e["receiver"] for e in finished.event("receiver_done")), [1, 2, 3])
        self.assertEqual(finished.event("done")[0]["receivers_done"], 3)
        self.assert_all_have_it(3)

    def test_one_after_the_other_and_a_code_of_ones_own(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, options=("--count", "2", "--digest"))
            sending.event("waiting")
            self.assert_done(self.receive_as(hub, 0))
            self.assert_done(self.receive_as(hub, 1), sending)
        self.assertEqual(len(sending.wait().event("done")[0]["digests"]), 1)
        self.assert_all_have_it(2)

    def test_a_receiver_may_come_first(self):
        with relay() as hub:
            first = self.receive_as(hub, 0)
            first.event("waiting")
            sending = self.send(hub.address, self.file, options=("--count", "2"))
            # Before that a second receiver would be told that both want to receive.
            sending.event("secured")
            self.assert_done(first, self.receive_as(hub, 1), sending)
        self.assert_all_have_it(2)

    def test_a_text_for_two(self):
        with relay() as hub:
            sending = self.run_cli("send", "--relay", hub.address, "--json", "--count", "2",
                                   "--text", env={"TALLOW_CODE": CODE}, stdin="a secret word")
            both = [self.receive_as(hub, n) for n in range(2)]
            self.assert_done(sending, *both)
        for one in both:
            self.assertEqual(one.wait().event("text")[0]["text"], "a secret word")

    def test_three_of_which_each_is_killed_once(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, options=("--count", "3", "--throttle",
                                                                 "3MiB"))
            again = []
            for number in range(3):
                one = self.receive_as(hub, number)
                one.event("progress")
                one.process.kill()
                one.wait()
                again.append(self.run_cli("resume", "--json", "--yes", env=self.home_of(number)))
            self.assert_done(sending, *again)
        self.assertEqual(len(sending.wait().event("begun_anew")), 3)
        self.assert_all_have_it(3)

    def test_a_wrong_guess_ends_it_for_those_who_have_not_come(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, options=("--count", "3"))
            sending.event("waiting")
            self.assert_done(self.receive_as(hub, 0))
            number, words = CODE.split("-", 1)
            self.assertEqual(self.receive_as(hub, 1, code=number + "-abandon-ability").wait().code,
                             3)
            finished = sending.wait()
            self.assertEqual(finished.code, 3)
            self.assertEqual(finished.event("error")[0]["receivers_done"], 1)
            self.assertEqual(finished.event("receiver_failed")[0]["receiver"], 2)
            # Who has the right code is told that it is used up.
            self.assertEqual(self.receive_as(hub, 1).wait().event("error")[0]["code"], "code_spent")
        self.assert_all_have_it(1)

    def test_one_that_goes_away_leaves_the_others_alone(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, options=("--count", "2", "--outage", "0"))
            sending.event("waiting")
            refusing = self.run_cli("receive", "--relay", hub.address, "--json", "--out",
                                    self.target_of(0), env={"TALLOW_CODE": CODE}, stdin="n\n")
            self.assertEqual(refusing.wait().code, 1)
            self.assert_done(self.receive_as(hub, 1))
            finished = sending.wait()
        self.assertEqual(finished.code, 5)
        self.assertEqual(finished.event("error")[0]["receivers_done"], 1)

    def test_ctrl_c_ends_all(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, options=("--count", "3", "--throttle",
                                                                 "1MiB"))
            receiving = [self.receive_as(hub, n) for n in range(2)]
            for one in receiving:
                one.event("progress")
            sending.process.send_signal(2)
            self.assertEqual(sending.wait().code, 130)
            for one in receiving:
                self.assertEqual(one.wait().code, 4)

    def test_refuses_what_cannot_be_sent_twice(self):
        for options in (("-",), ("--verify", str(self.file)), ("--count", "0", str(self.file))):
            finished = self.run_cli("send", "--relay", "127.0.0.1:1", "--count", "2", *options,
                                    stdin="x").wait()
            self.assertEqual(finished.code, 2, finished.err)


if __name__ == "__main__":
    unittest.main()
