#!/usr/bin/env python3
"""Who sends, and who is the only one to be received from."""
import json
import stat
import unittest

from harness import TransferTest, relay


class Identity(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_text("from Alice")

    def home_of(self, name):
        return {"XDG_DATA_HOME": str(self.folder / name)}

    def identity(self, name, *words):
        return self.run_cli("identity", "--json", *words, env=self.home_of(name)).wait()

    def make(self, name):
        made = self.identity(name, "make")
        self.assertEqual(made.code, 0, made.err)
        return made.event("identity")[0]["fingerprint"]

    def send_as(self, hub, name):
        return self.run_cli("send", "--relay", hub.address, "--json", "--sign", self.file,
                            env={**self.home_of(name), "TALLOW_CODE": "7-crossover-clockwork"})

    def test_is_made_once_and_shown(self):
        none = self.identity("alice")
        self.assertEqual(none.code, 6)
        self.assertIn("identity make", none.err)
        alice = self.make("alice")
        self.assertRegex(alice, "^[0-9a-f]{64}$")
        kept = self.folder / "alice/tallow/identity"
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        before = kept.read_bytes()
        again = self.identity("alice", "make")
        self.assertEqual((again.code, again.event("error")[0]["code"]), (6, "already_exists"))
        self.assertEqual(kept.read_bytes(), before)
        self.assertEqual(self.identity("alice", "show").event("identity")[0]["fingerprint"], alice)
        exported = self.identity("alice", "export")
        self.assertNotIn(before.split()[-1].decode(), exported.out)
        self.assertEqual(len(exported.event("identity")[0]["public_keys"]), 2648)
        self.assertNotEqual(self.make("bob"), alice)
        self.assertEqual([p.name for p in kept.parent.iterdir()], ["identity"])

    def test_refuses_a_file_that_is_none(self):
        self.make("alice")
        kept = self.folder / "alice/tallow/identity"
        good = kept.read_bytes()
        kept.chmod(0o644)
        self.assertEqual(self.identity("alice").event("error")[0]["code"], "permission_denied")
        kept.chmod(0o600)
        for bad in (b"", good[:-1], good + b"\n", good.replace(b"1", b"2", 1), b"x" * len(good)):
            kept.write_bytes(bad)
            self.assertEqual(self.identity("alice").event("error")[0]["code"], "file_failed", bad)

    def test_is_shown_to_the_receiver_who_may_demand_it(self):
        alice, bob = self.make("alice"), self.make("bob")
        with relay() as hub:
            # Also as people write it.
            grouped = ":".join(alice[i:i + 4] for i in range(0, 64, 4)).upper()
            for options in ((), ("--from", alice), ("--from", grouped)):
                receiving = self.receive(hub.address, options=options)
                self.assert_done(self.send_as(hub, "alice"), receiving)
                events = [e["event"] for e in map(json.loads, receiving.lines)]
                self.assertLess(events.index("identified"), events.index("offer"))
                self.assertEqual(receiving.wait().event("identified")[0]["fingerprint"], alice)
                (self.target / "file").unlink()
            for sending, code in ((lambda: self.send_as(hub, "bob"), "signer_wrong"),
                                  (lambda: self.send(hub.address, self.file), "signer_missing")):
                receiving = self.receive(hub.address, options=("--from", alice))
                self.assertEqual(sending().wait().code, 5)
                finished = receiving.wait()
                self.assertEqual((finished.code, finished.event("error")[0]["code"]), (3, code))
                self.assertEqual(finished.event("offer"), [])
                self.assertFalse(self.target.exists() and list(self.target.iterdir()))
        self.assertNotEqual(alice, bob)

    def test_says_what_is_missing(self):
        finished = self.send_as(type("", (), {"address": "127.0.0.1:1"}), "nobody").wait()
        self.assertEqual(finished.code, 6)
        self.assertIn("identity make", finished.err)
        finished = self.receive("127.0.0.1:1", options=("--from", "12ab")).wait()
        self.assertEqual(finished.code, 2)
        self.assertIn("64 hexadecimal digits", finished.err)


if __name__ == "__main__":
    unittest.main()
