#!/usr/bin/env python3
"""Data that goes straight from one side to the other, and what happens where it cannot."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

from harness import CODE, DEADLINE_S, TransferTest, relay
from networks import make_net

MIB = 1 << 20
# What the relay may have passed on where all data went direct: manifest, acknowledgements.
CONTROL_BYTES_MAX = MIB


class DirectTest(TransferTest):
    choice = {"TALLOW_DIRECT": ""}  # what holds where nobody says anything

    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(16 * MIB))

    def start(self, command, address, *options, inside=(), env=None):
        """tallow-cli with no more of a network than that."""
        place = [self.file] if command == "send" else ["--out", self.target]
        return self.run_cli(command, "--relay", address, "--json", "--yes", *options, *place,
                            inside=inside, env={"TALLOW_CODE": CODE, **self.choice, **(env or {})})

    def path_of(self, command):
        return [e["path"] for e in command.wait().event("path")]


def bytes_relayed(hub, inside=()):
    """What a relay says that it has passed on."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := re.search(r"http://[^/]+/", "".join(hub.log))):
        if time.monotonic() > deadline:
            raise AssertionError(f"no address for operators in {hub.log}")
        time.sleep(0.01)
    page = subprocess.run([*inside, sys.executable, "-c", "import sys, urllib.request as u; "
                           "sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())",
                           f"{found[0]}metrics.json"], check=True, capture_output=True).stdout
    return json.loads(page)["bytes_relayed"]


@contextlib.contextmanager
def counting_relay(listen="127.0.0.1:0", inside=()):
    """A relay that tells how much it has passed on."""
    with relay("--max-bytes", "0", listen=listen, http="127.0.0.1:0", inside=inside) as hub:
        yield hub, lambda: bytes_relayed(hub, inside)


class OneMachine(DirectTest):
    def transfer(self, to_send=(), to_receive=()):
        """What a relay has passed on, and which ways the two took."""
        with counting_relay() as (hub, passed_on):
            sending = self.start("send", hub.address, *to_send)
            receiving = self.start("receive", hub.address, *to_receive)
            self.assert_done(sending, receiving)
            self.assert_same(self.file)
            return passed_on(), self.path_of(sending), self.path_of(receiving)

    def test_takes_the_short_way(self):
        for options in ((), ("--direct", "only"), ("--lanes", "1")):
            with self.subTest(options=options):
                passed_on, *paths = self.transfer(to_send=options)
                self.assertLess(passed_on, CONTROL_BYTES_MAX)
                self.assertEqual([path[0] for path in paths], ["direct"] * 2)
                shutil.rmtree(self.target)

    def test_either_side_may_want_the_relay(self):
        never = ("--direct", "never")
        for to_send, to_receive in ((never, ()), ((), never), (("--lanes", "0"), ())):
            with self.subTest(to_send=to_send, to_receive=to_receive):
                passed_on, *paths = self.transfer(to_send, to_receive)
                self.assertGreater(passed_on, 16 * MIB)
                self.assertEqual(paths, [[], []])
                shutil.rmtree(self.target)

    def test_progress_names_the_way(self):
        with relay() as hub:
            sending = self.start("send", hub.address, "--throttle", "8MiB")
            receiving = self.start("receive", hub.address)
            self.assert_done(sending, receiving)
        for command in (sending, receiving):
            last = command.wait().event("progress")[-1]
            self.assertEqual((last["path"], last["lanes"]), ("direct", 2))

    def test_only_and_never_do_not_meet(self):
        with relay() as hub:
            sending = self.start("send", hub.address, "--direct", "only")
            receiving = self.start("receive", hub.address, "--direct", "never")
            for command in (sending, receiving):
                finished = command.wait()
                self.assertEqual(finished.code, 4, finished.err)
                self.assertEqual(finished.event("error")[0]["code"], "direct_unavailable")
        self.assert_nothing_in(self.target)

    def test_only_and_a_proxy_do_not_go_together(self):
        for options in (("--proxy", "socks5://127.0.0.1:1"), ("--lanes", "0")):
            finished = self.start("send", "127.0.0.1:1", "--direct", "only", *options).wait()
            self.assertEqual(finished.code, 2, finished.err)
            self.assertIn("--direct only", finished.err)

    def test_who_goes_on_goes_the_same_way(self):
        homes = [{"XDG_STATE_HOME": str(self.folder / side)} for side in ("sender", "receiver")]
        with relay() as hub:
            both = (self.start("send", hub.address, "--direct", "never", "--throttle", "4MiB",
                               env=homes[0]),
                    self.start("receive", hub.address, env=homes[1]))
            both[1].event("progress")
            for one in both:
                one.process.kill()
            for one in both:
                one.wait()
            both = [self.run_cli("resume", "--json", "--yes", env={**self.choice, **home})
                    for home in homes]
            self.assert_done(*both)
        self.assertEqual([self.path_of(one) for one in both], [[], []])
        self.assert_same(self.file)

    def test_a_receiver_dials_from_its_sandbox(self):
        with relay() as hub:
            sending = self.start("send", hub.address, "--direct", "only")
            receiving = self.start("receive", hub.address)
            self.assert_done(sending, receiving)
        self.assertEqual(len(receiving.wait().event("sandbox")), 1)


class Networks(DirectTest):
    """A sender and a receiver that see the relay each on a network of its own, and each other on a
    third one, with a bridge in the middle."""

    def setUp(self):
        super().setUp()
        self.net = make_net("sender", "receiver", "relay", "bridge")
        self.addCleanup(self.net.close)
        self.net.join("sender", "10.77.1.1/24", "relay", "10.77.1.2/24")
        self.net.join("receiver", "10.77.2.1/24", "relay", "10.77.2.2/24")
        self.net.set("bridge", "link", "add", "br0", "type", "bridge")
        self.net.end("bridge", "br0")

    def plug_in(self):
        """Joins the two; returns the bridge's port to the sender."""
        ports = [self.net.join(space, address, "bridge", None)
                 for space, address in (("sender", "10.77.3.1/24"), ("receiver", "10.77.3.2/24"))]
        for port in ports:
            self.net.set("bridge", "link", "set", port, "master", "br0")
        return ports[0]

    def both(self, hub, to_send=(), to_receive=()):
        port = hub.address.rsplit(":", 1)[1]
        sending = self.start("send", f"10.77.1.2:{port}", *to_send, inside=self.net.inside("sender"))
        receiving = self.start("receive", f"10.77.2.2:{port}", *to_receive,
                               inside=self.net.inside("receiver"))
        return sending, receiving

    def counting_relay(self):
        return counting_relay("0.0.0.0:0", inside=self.net.inside("relay"))

    def test_neighbours_need_no_relay_for_their_data(self):
        self.plug_in()
        with self.counting_relay() as (hub, passed_on):
            for how in ("auto", "only"):
                sending, receiving = self.both(hub, ("--direct", how))
                self.assert_done(sending, receiving)
                self.assert_same(self.file)
                self.assertEqual(self.path_of(sending), ["direct"])
                self.assertEqual(self.path_of(receiving), ["direct"])
                shutil.rmtree(self.target)
            self.assertLess(passed_on(), 2 * CONTROL_BYTES_MAX)

    def test_strangers_go_by_the_relay(self):
        with self.counting_relay() as (hub, passed_on):
            began = time.monotonic()
            sending, receiving = self.both(hub)
            self.assert_done(sending, receiving)
            self.assertLess(time.monotonic() - began, 5)  # what is tried beside holds nobody up
            self.assert_same(self.file)
            self.assertEqual(self.path_of(sending), [])
            self.assertGreater(passed_on(), 16 * MIB)

    def test_a_way_that_is_cut_is_left_for_the_relay(self):
        way = self.plug_in()
        with self.counting_relay() as (hub, passed_on):
            sending, receiving = self.both(hub, ("--throttle", "4MiB"))
            self.assertEqual(receiving.event("path")["path"], "direct")
            receiving.event("progress", count=2)
            self.assertLess(passed_on(), CONTROL_BYTES_MAX)
            cut_at = time.monotonic()
            self.net.set("bridge", "link", "set", way, "down")
            self.assertEqual(sending.event("path", count=2)["path"], "relay")
            self.assertLess(time.monotonic() - cut_at, 10)
            self.assert_done(sending, receiving)
            self.assert_same(self.file)
            self.assertEqual(self.path_of(sending)[:2], ["direct", "relay"])
            self.assertGreater(passed_on(), CONTROL_BYTES_MAX)

    def test_a_way_that_comes_later_is_taken(self):
        with self.counting_relay() as (hub, _):
            sending, receiving = self.both(hub, ("--throttle", "2MiB"))
            receiving.event("progress")
            self.plug_in()
            self.assertEqual(sending.event("path")["path"], "direct")
            self.assert_done(sending, receiving)
            self.assert_same(self.file)

    def test_only_ends_where_there_is_no_way(self):
        with self.counting_relay() as (hub, passed_on):
            sending, receiving = self.both(hub, to_receive=("--direct", "only"))
            for command in (sending, receiving):
                finished = command.wait()
                self.assertEqual(finished.code, 4, finished.err)
                self.assertEqual(finished.event("error")[0]["code"], "direct_unavailable")
            self.assertLess(passed_on(), CONTROL_BYTES_MAX)
        self.assert_no_final_name_in(self.target)


if __name__ == "__main__":
    unittest.main()
