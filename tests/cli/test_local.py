#!/usr/bin/env python3
"""Neighbours who name no relay: the sender runs one, and tells of it by multicast DNS."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import CODE, DEADLINE_S, TransferTest, relay
from networks import make_net
from test_tls import key_of

MIB = 1 << 20
SENDER, RECEIVER = "10.77.1.1", "10.77.1.2"
# The one with the system's packages, where there are several.
PYTHON = "/usr/bin/python3"
DNS_SD = pathlib.Path(__file__).with_name("dns_sd.py")


class Zeroconf:
    """Another implementation of DNS-SD, in a process of its own."""

    def __init__(self, inside, *arguments):
        self.process = subprocess.Popen([*inside, PYTHON, DNS_SD, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        first = self.next()
        if first is None and self.process.wait(DEADLINE_S) == 77:
            raise unittest.SkipTest("python3-zeroconf is not installed")
        assert first["event"] in ("ready", "announced"), first

    def next(self):
        """What it says next; nothing when it has ended."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


@contextlib.contextmanager
def zeroconf(inside, *arguments):
    other = Zeroconf(inside, *map(str, arguments))
    watchdog = threading.Timer(DEADLINE_S, other.process.kill)
    watchdog.start()
    try:
        yield other
    finally:
        watchdog.cancel()
        other.close()


class LocalTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(8 * MIB))

    def home_of(self, name):
        return {"XDG_STATE_HOME": str(self.folder / name), "TALLOW_DIRECT": ""}

    def start(self, name, command, *options, space=None, code=None):
        """tallow-cli as somebody who names no relay; a person of their own for each name."""
        place = {"send": [self.file], "receive": ["--out", self.target]}.get(command, [])
        inside = self.net.inside(space or name) if self.net else ()
        env = {**self.home_of(name), **({"TALLOW_CODE": code} if code else {})}
        return self.run_cli(command, "--json", "--yes", *options, *place, inside=inside, env=env)

    def both(self, to_send=(), to_receive=()):
        sending = self.start("sender", "send", *to_send)
        return sending, self.start("receiver", "receive", *to_receive,
                                   code=sending.event("code")["code"])

    def path_of(self, command):
        return [e["path"] for e in command.wait().event("path")]


class NeighboursTest(LocalTest):
    """Two machines, joined by a cable."""

    def setUp(self):
        super().setUp()
        self.net = make_net("sender", "receiver")
        self.addCleanup(self.net.close)
        self.net.join("sender", f"{SENDER}/24", "receiver", f"{RECEIVER}/24")


class Neighbours(NeighboursTest):
    def test_need_no_relay(self):
        sending, receiving = self.both()
        self.assert_done(sending, receiving)
        self.assert_same(self.file)
        self.assertEqual([self.path_of(one) for one in (sending, receiving)], [["direct"]] * 2)
        self.assertEqual(sending.wait().event("own_relay")[0]["addresses"], [f"{SENDER}:9009"])
        found = receiving.wait().event("sender_found")[0]["relays"]
        self.assertRegex(found[0], rf"^{SENDER}:9009#[0-9a-f]{{64}}$")
        # Before a stranger's word is read.
        names = [e["event"] for e in receiving.wait().events]
        self.assertLess(names.index("sandbox"), names.index("sender_found"))
        listed = self.run_cli("history", "--json", env=self.home_of("receiver")).wait()
        self.assertEqual([one["relay"] for one in listed.event("history")[0]["transfers"]],
                         ["the local network"])

    def test_where_nothing_goes_direct_the_senders_relay_carries_it(self):
        sending, receiving = self.both(("--lanes", "0"))
        self.assert_done(sending, receiving)
        self.assert_same(self.file)
        self.assertEqual(self.path_of(receiving), [])

    def test_a_person_is_told_what_to_type(self):
        sending = self.run_cli("send", self.file, inside=self.net.inside("sender"),
                               env={**self.home_of("sender"), "TALLOW_CODE": CODE})
        told = self.run_cli("send", self.file, inside=self.net.inside("sender"),
                            env=self.home_of("other"))
        for command in (sending, told):
            with command.changed:
                command.changed.wait_for(lambda c=command: b"Waiting" in c.err or c.ended, DEADLINE_S)
            command.process.send_signal(signal.SIGINT)
            self.assertEqual(command.wait().code, 130)
        err = told.wait().err
        self.assertRegex(err, r"Code: [1-9][0-9]{0,2}-")
        self.assertIn("On the other machine, on this network:  tallow-cli receive\n", err)
        self.assertRegex(err, rf"tallow-cli receive --relay {SENDER}:\d+\n")
        # Who has made the code himself knows how.
        self.assertNotIn("On the other machine", sending.wait().err)

    def test_the_address_does_as_well(self):
        sending = self.start("sender", "send")
        address = sending.event("own_relay")["addresses"][0]
        receiving = self.start("receiver", "receive", "--relay", address,
                               code=sending.event("code")["code"])
        self.assert_done(sending, receiving)

    def test_a_receiver_may_come_first(self):
        receiving = self.start("receiver", "receive", code=CODE)
        self.assertEqual(receiving.event("looking")["nameplate"], 7)
        sending = self.start("sender", "send", code=CODE)
        self.assert_done(sending, receiving)
        self.assert_same(self.file)

    def test_a_wrong_code_is_told(self):
        sending = self.start("sender", "send", code=CODE)
        receiving = self.start("receiver", "receive", code="7-crossover-crossover")
        self.assertEqual([one.wait().code for one in (sending, receiving)], [3, 3])
        self.assert_nothing_in(self.target)

    def test_two_senders_have_two_numbers(self):
        senders = [self.start(name, "send", space="sender") for name in ("a", "b")]
        codes = [one.event("code")["code"] for one in senders]
        self.assertEqual(len({code.split("-")[0] for code in codes}), 2)
        for name, sending, code in zip("cd", senders, codes):
            receiving = self.start(name, "receive", space="receiver", code=code)
            self.assert_done(sending, receiving)

    def test_a_number_that_is_taken_is_refused(self):
        first = self.start("sender", "send", code=CODE)
        first.event("waiting")
        for space in ("sender", "receiver"):
            second = self.start("other", "send", space=space, code=CODE).wait()
            self.assertEqual(second.code, 2, second.err)
            self.assertIn("another sender on this network has the number", second.err)
        self.assert_done(self.start("receiver", "receive", code=CODE), first)

    def test_several_receivers(self):
        sending = self.start("sender", "send", "--count", "2")
        code = sending.event("code")["code"]
        receiving = [self.run_cli("receive", "--json", "--yes", "--out", self.folder / name,
                                  inside=self.net.inside("receiver"),
                                  env={**self.home_of(name), "TALLOW_CODE": code})
                     for name in ("one", "two")]
        self.assert_done(sending, *receiving)
        for name in ("one", "two"):
            self.assert_same(self.file, target=self.folder / name)

    def test_who_was_killed_goes_on(self):
        for killed in (("sender",), ("receiver",), ("sender", "receiver")):
            with self.subTest(killed=killed):
                sending, receiving = self.both(("--throttle", "4MiB"))
                commands = {"sender": sending, "receiver": receiving}
                receiving.event("progress")
                for name in killed:
                    commands[name].process.kill()
                for name in killed:
                    commands[name].wait()
                    commands[name] = self.start(name, "resume")
                self.assert_done(*commands.values())
                self.assert_same(self.file)
                shutil.rmtree(self.target)

    def test_nobody_there_is_said_and_waited_for(self):
        receiving = self.start("receiver", "receive", code=CODE)
        with receiving.changed:
            receiving.changed.wait_for(lambda: b"still looking" in receiving.err or receiving.ended,
                                       DEADLINE_S)
        receiving.process.send_signal(signal.SIGINT)
        finished = receiving.wait()
        self.assertEqual(finished.code, 130, finished.err)
        self.assertIn("Nobody here has announced the number 7", finished.err)
        self.assertIn("--relay", finished.err)

    def test_ipv6_alone(self):
        for space, address in (("sender", SENDER), ("receiver", RECEIVER)):
            device = "v1" if space == "sender" else "w1"
            self.net.set(space, "address", "del", f"{address}/24", "dev", device)
            self.net.set(space, "address", "add", f"fd77::{1 if space == 'sender' else 2}/64",
                         "dev", device, "nodad")
            self.wait_for_link_local(space, device)
        sending, receiving = self.both()
        self.assert_done(sending, receiving)
        self.assert_same(self.file)
        self.assertTrue(receiving.wait().event("sender_found")[0]["relays"][0]
                        .startswith("[fd77::1]:9009#"))

    def wait_for_link_local(self, space, device):
        """Until the system has made sure that nobody else has it: before, nothing is sent."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            shown = subprocess.run(["ip", "-n", self.net.prefix + space, "-6", "address", "show",
                                    "dev", device, "scope", "link"], check=True,
                                   capture_output=True, text=True).stdout
            if "inet6" in shown and "tentative" not in shown:
                return
            self.assertLess(time.monotonic(), deadline, shown)
            time.sleep(0.05)


class OtherPrograms(NeighboursTest):
    """Beside an implementation of others."""

    def test_a_browser_sees_the_number_and_no_more(self):
        with zeroconf(self.net.inside("receiver"), "browse") as browser:
            sending = self.start("sender", "send")
            code = sending.event("code")["code"]
            seen = browser.next()
            self.assertEqual(seen["event"], "add", seen)
            self.assertEqual(seen["name"], code.split("-")[0] + "._tallow._tcp.local.")
            self.assertEqual((seen["port"], seen["addresses"]), (9009, [SENDER]))
            self.assertEqual(seen["text"].keys(), {"txtvers", "key"})
            words = code.split("-")[1:]
            self.assertFalse([w for w in words if w in json.dumps(seen)])
            receiving = self.start("receiver", "receive", code=code)
            self.assert_done(sending, receiving)
            gone = browser.next()
            self.assertEqual((gone["event"], gone["name"]), ("remove", seen["name"]))
        found = receiving.wait().event("sender_found")[0]["relays"]
        self.assertEqual(found, [f"{SENDER}:9009#{seen['text']['key']}"])

    def test_a_browser_that_comes_late_asks(self):
        sending = self.start("sender", "send")
        sending.event("waiting")
        with zeroconf(self.net.inside("receiver"), "browse") as browser:
            self.assertEqual(browser.next()["port"], 9009)

    def test_what_others_announce_is_found(self):
        with relay(listen=f"{SENDER}:0", inside=self.net.inside("sender")) as hub:
            sending = self.start("sender", "send", "--relay", hub.address, code=CODE)
            port = hub.address.rsplit(":", 1)[1]
            receiving = self.start("receiver", "receive", code=CODE)
            receiving.event("looking")
            with zeroconf(self.net.inside("sender"), "announce", 7, port, key_of(hub), SENDER):
                self.assert_done(sending, receiving)
        self.assert_same(self.file)

    def test_nobody_is_led_astray(self):
        """Nor by addresses out in the world, nor to the ports of services, nor by a wrong key."""
        receiving = self.start("receiver", "receive", code=CODE)
        receiving.event("looking")
        for port, address in ((9009, "127.0.0.1"), (9009, "192.0.2.7"), (22, SENDER)):
            with zeroconf(self.net.inside("sender"), "announce", 7, port, "0" * 64, address):
                pass
        sending = self.start("sender", "send", code=CODE)
        self.assert_done(sending, receiving)
        self.assertEqual(len(receiving.wait().event("sender_found")[0]["relays"]), 1)

    def test_an_announced_key_has_to_be_the_relays(self):
        with relay(listen=f"{SENDER}:0", inside=self.net.inside("sender")) as hub:
            receiving = self.start("receiver", "receive", code=CODE)
            with zeroconf(self.net.inside("sender"), "announce", 7,
                          hub.address.rsplit(":", 1)[1], "0" * 64, SENDER):
                finished = receiving.wait()
        self.assertEqual(finished.event("error")[0]["code"], "relay_key_wrong", finished.err)
        self.assertNotEqual(finished.code, 0)

    def test_rubbish_is_no_answer(self):
        receiving = self.start("receiver", "receive", code=CODE)
        sending = self.start("sender", "send", code=CODE)
        noise = ("import os, socket, sys\n"
                 "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                 "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
                 "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))\n"
                 "s.bind(('', 5353))\n"
                 "head = bytes([0, 0, 0x84, 0, 0, 0, 0, 9, 0, 0, 0, 0])\n"
                 "for size in range(0, 1472, 7):\n"
                 "    s.sendto(os.urandom(size), ('224.0.0.251', 5353))\n"
                 "    s.sendto(head + os.urandom(size), ('224.0.0.251', 5353))\n")
        for name, address in (("sender", SENDER), ("receiver", RECEIVER)):
            subprocess.run([*self.net.inside(name), PYTHON, "-c", noise, address], check=True,
                           timeout=DEADLINE_S)
        self.assert_done(sending, receiving)


class Alone(LocalTest):
    net = None

    def assert_told_to_name_one(self, command):
        finished = command.wait()
        self.assertEqual(finished.code, 2, finished.err)
        self.assertIn("no relay is given", finished.err)
        self.assertIn("--relay HOST:PORT", finished.err)

    def test_without_a_network(self):
        self.net = make_net("nowhere")
        self.addCleanup(self.net.close)
        self.assert_told_to_name_one(self.start("a", "send", space="nowhere"))
        self.assert_told_to_name_one(self.start("b", "receive", space="nowhere", code=CODE))

    def test_who_wants_to_be_seen_by_nobody(self):
        for options in (("--direct", "never"), ("--proxy", "socks5://127.0.0.1:1")):
            with self.subTest(options=options):
                self.assert_told_to_name_one(self.start("a", "send", *options))
                self.assert_told_to_name_one(self.start("b", "receive", *options, code=CODE))


if __name__ == "__main__":
    unittest.main()
