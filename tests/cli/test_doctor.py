"""What `relays` and `doctor` find: a relay that is well, and each way in which something is not."""
import contextlib
import json
import socket
import subprocess
import tempfile
import threading
import unittest

from event_schema import problems_of_lines
from harness import BIN, DEADLINE_S, TransferTest, clean_environment, closed_port, relay
from test_relay import frame

RELAY_HELLO = 0x02


@contextlib.contextmanager
def relay_that_calls_itself(software):
    """A relay without TLS that greets everybody, and says no more."""
    text = software.encode()
    # Version 1, no limits and no notice.
    hello = frame(RELAY_HELLO, b"\x01" + bytes([len(text)]) + text + bytes(4))
    listener = socket.create_server(("127.0.0.1", 0))

    def greet():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client:
                    client.recv(4096)
                    client.sendall(hello)
                    while client.recv(4096):
                        pass

    greeting = threading.Thread(target=greet)
    greeting.start()
    try:
        yield "127.0.0.1:%d" % listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        greeting.join()


class DoctorTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "config" / "tallow" / "config.toml"
        self.places = {"XDG_CONFIG_HOME": str(self.folder / "config"),
                       "XDG_STATE_HOME": str(self.folder / "state")}

    def say(self, *arguments, **env):
        done = subprocess.run([BIN / "tallow-cli", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=DEADLINE_S, check=False, cwd=self.source,
                              env=clean_environment(**{**self.places, **env}))
        return done.returncode, done.stdout, done.stderr

    def found(self, *arguments, **env):
        """The exit code and the events behind the first, which is the version."""
        code, out, err = self.say(*arguments, "--json", **env)
        self.assertEqual(err, "")
        self.assertEqual(problems_of_lines(out.splitlines()), [])
        return code, [json.loads(line) for line in out.splitlines()[1:]]

    def remember(self, hub):
        """As a transfer does that is ended while it waits."""
        sending = self.run_cli("send", "--relay", hub.address, "--json", self.config.parent.parent,
                               env={"XDG_STATE_HOME": self.places["XDG_STATE_HOME"]})
        sending.event("code")
        sending.kill()


class Relays(DoctorTest):
    def test_tells_how_each_is_known_and_how_far_it_is(self):
        self.config.parent.mkdir(parents=True)
        with relay() as hub:
            code, (first,) = self.found("relays", "--relay", hub.address)
            self.assertEqual((code, first["ok"], first["key_state"]), (0, True, "new"))
            self.assertRegex(first["software"], r"^tallow-relay/\d")
            self.assertEqual(first["version"], 1)
            self.assertGreater(first["round_trip_us"], 0)
            # A look remembers nothing.
            self.assertEqual(self.found("relays", "--relay", hub.address)[1][0]["key_state"], "new")
            self.remember(hub)
            self.assertEqual(self.found("relays", "--relay", hub.address)[1][0]["key_state"], "known")
            pinned = f"{hub.address}#{first['key']}"
            self.assertEqual(self.found("relays", "--relay", pinned)[1][0]["key_state"],
                             "named by the address")
            code, (other,) = self.found("relays", "--relay", f"{hub.address}#{'0' * 64}")
            self.assertEqual((code, other["ok"], other["key_state"], other["code"]),
                             (3, False, "changed", "relay_key_wrong"))
            self.assertEqual(other["key"], first["key"])

    def test_a_key_that_has_changed_is_told(self):
        self.config.parent.mkdir(parents=True)
        with relay() as hub:
            self.remember(hub)
        known = self.folder / "state" / "tallow" / "known_relays"
        with tempfile.TemporaryDirectory() as state, relay(state=state) as hub:
            place, key = known.read_text(encoding="utf-8").split()
            known.write_text(f"{hub.address} {key}\n", encoding="utf-8")
            self.assertNotEqual(place, "")
            code, (one,) = self.found("relays", "--relay", hub.address)
            self.assertEqual((code, one["key_state"]), (3, "changed"))

    def test_looks_at_all_and_ends_with_the_first_that_is_not_well(self):
        with relay() as hub, closed_port() as closed:
            code, found = self.found("relays", TALLOW_RELAY=f"{closed},{hub.address}")
            self.assertEqual(code, 4)
            self.assertEqual([(one["relay"], one["ok"]) for one in found],
                             [(closed, False), (hub.address, True)])
            self.assertEqual(found[0]["code"], "connect_failed")
            code, out, err = self.say("relays", "--relay", f"{hub.address},{closed}")
            self.assertEqual((code, err), (4, ""))
            self.assertRegex(out, rf"(?m)^{hub.address}: ok, tallow-relay/.*, version 1, .* ms, key new$")
            self.assertRegex(out, rf"(?m)^{closed}: .*\n  Is the relay running")

    def test_takes_no_room(self):
        with relay("--max-rooms", "1") as hub:
            for _ in range(3):
                self.assertEqual(self.found("relays", "--relay", hub.address)[0], 0)
            waiting = self.receive(hub.address)
            waiting.event("waiting")
            waiting.kill()

    def test_without_tls_there_is_no_key(self):
        with relay("--insecure-plaintext") as hub:
            code, (one,) = self.found("relays", "--relay", hub.address, "--insecure-plaintext")
            self.assertEqual((code, one["ok"]), (0, True))
            self.assertNotIn("key", one)
        with relay() as hub:
            code, (one,) = self.found("relays", "--relay", hub.address, "--insecure-plaintext")
            self.assertEqual((code, one["code"]), (5, "relay_wants_tls"))

    def test_no_terminal_obeys_what_one_calls_itself(self):
        for software in ("a\x1b[2J\x1b]0;title\x07b", "a\u009b31mb", "a\u202eb", "a\u2066b",
                         "a\nok     relay elsewhere", "a\rb", "a\x08\x7fb", "a\u2028b", "a\tb"):
            with self.subTest(software=ascii(software)), relay_that_calls_itself(software) as fake:
                for command, lines in (("relays", 1), ("doctor", 5)):
                    options = ("--relay", fake, "--insecure-plaintext")
                    code, out, err = self.say(command, *options)
                    self.assertEqual((code, err, out.count("\n")), (0, "", lines), out)
                    shown, = [line for line in out.splitlines() if fake in line]
                    self.assertIn(", version 1, ", shown)
                    code, events, err = self.say(command, "--json", *options)
                    self.assertEqual((code, err), (0, ""))
                    for text in (out, events):
                        self.assertEqual([c for c in text if not c.isprintable() and c != "\n"], [])
                # Programs are told what it is.
                one, = self.found("relays", *options)[1]
                self.assertEqual(one["software"], software)

    def test_needs_to_be_told_of_one(self):
        code, out, err = self.say("relays")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("no relay is given", err)


class Doctor(DoctorTest):
    def checks(self, *arguments, **env):
        code, found = self.found("doctor", *arguments, **env)
        return code, {one["check"]: one for one in found}

    def test_finds_nothing_where_all_is_well(self):
        with relay() as hub:
            code, found = self.checks("--relay", hub.address)
            self.assertEqual(code, 0, found)
            self.assertEqual(list(found), ["settings", "state", "disk", "clock", f"relay {hub.address}"])
            self.assertTrue(all(one["ok"] for one in found.values()))
            code, out, _ = self.say("doctor", "--relay", hub.address)
            self.assertEqual((code, out.count("\n"), out.count("ok     ")), (0, 5, 5))
        self.assertEqual(list((self.folder / "state" / "tallow").iterdir()), [])

    def wrong(self, check, exit_code, advice, *arguments, **env):
        code, found = self.checks(*arguments, **env)
        self.assertEqual((code, found[check]["ok"], found[check]["exit"]), (exit_code, False, exit_code))
        self.assertIn(advice, found[check]["advice"])
        return found[check]["text"]

    def test_settings_that_are_wrong_are_told_with_their_place(self):
        self.config.parent.mkdir(parents=True)
        self.config.write_text("lanez = 1\n", encoding="utf-8")
        with relay() as hub:
            said = self.wrong("settings", 2, "config --example", "--relay", hub.address)
            self.assertIn(f"{self.config}:1: unknown key 'lanez'", said)
            # What the environment says holds all the same.
            code, found = self.checks(TALLOW_RELAY=hub.address)
            self.assertEqual((code, found[f"relay {hub.address}"]["ok"]), (2, True))

    def test_a_target_of_no_use_is_told(self):
        (self.folder / "file").write_text("not a folder", encoding="utf-8")
        with relay() as hub:
            self.wrong("disk", 6, "--out", "--relay", hub.address, "--out", self.folder / "file")

    def test_state_that_cannot_be_kept_is_told(self):
        (self.folder / "state").write_text("not a folder", encoding="utf-8")
        with relay() as hub:
            self.wrong("state", 6, "XDG_STATE_HOME", "--relay", hub.address)
            self.wrong("state", 6, "HOME", "--relay", hub.address, XDG_STATE_HOME="", HOME="")

    def test_a_relay_is_followed_to_where_it_ends(self):
        with closed_port() as closed:
            said = self.wrong(f"relay {closed}", 4, "Is the relay running", "--relay", closed)
            self.assertIn("address ok, name ok, port: ", said)
        said = self.wrong("relay nowhere.invalid", 4, "spelled right", "--relay", "nowhere.invalid")
        self.assertIn("address ok, name: ", said)
        self.wrong("relay a:b", 2, "", "--relay", "a:b")
        self.wrong("relay", 2, "Name one")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = "127.0.0.1:%d" % silent.getsockname()[1]
            asking = self.run_cli("doctor", "--relay", address, "--json", env=self.places)
            accepted, _ = silent.accept()
            accepted.close()
            finished = asking.wait()
            self.assertNotEqual(finished.code, 0)
            self.assertIn("port ok, TLS: ", finished.events[-1]["text"])


if __name__ == "__main__":
    unittest.main()
