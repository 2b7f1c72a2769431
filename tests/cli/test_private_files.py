#!/usr/bin/env python3
"""A link in the place of a file of the user's own: what it leads to is neither read nor changed."""
import os
import shutil
import sqlite3
import time
import unittest

from harness import CODE, DEADLINE_S, TransferTest, facts, proxy, relay
from networks import make_net
from test_relay import running


class LinkTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(1 << 20))
        self.state = self.folder / "state" / "tallow"
        self.elsewhere = self.folder / "elsewhere"

    def exchange(self, path):
        """Puts a link in the place of a good file, which lies somewhere else from then on."""
        path.rename(self.elsewhere)
        path.symlink_to(self.elsewhere)
        self.before = facts(self.elsewhere)

    def assert_left_alone(self, path):
        self.assertTrue(path.is_symlink())
        self.assertEqual(facts(self.elsewhere), self.before)

    def lead_nowhere(self, path):
        self.elsewhere.unlink()
        self.assertTrue(path.is_symlink())

    def assert_nothing_made(self, path):
        self.assertTrue(path.is_symlink())
        self.assertFalse(self.elsewhere.exists())


class Identity(LinkTest):
    def identity(self, *words):
        return self.run_cli("identity", "--json", *words, env=self.home).wait()

    def test_is_not_read_or_made_through_a_link(self):
        self.home = {"XDG_DATA_HOME": str(self.folder / "data")}
        kept = self.folder / "data" / "tallow" / "identity"
        for command in ("make", "show"):
            self.assertEqual(self.identity(command).code, 0)
        self.exchange(kept)
        for command in ("show", "export", "make"):
            finished = self.identity(command)
            self.assertEqual(finished.code, 6, command)
            self.assertEqual(finished.event("error")[0]["side"], "here")
            self.assertEqual(finished.event("identity"), [])
        with relay() as hub:
            signed = self.run_cli("send", "--relay", hub.address, "--json", "--sign", self.file,
                                  env=self.home).wait()
            self.assertEqual(signed.code, 6)
            self.assertEqual(signed.event("error")[0]["code"], "file_failed")
            self.assertEqual(signed.event("code") + signed.event("waiting"), [])
        self.assert_left_alone(kept)
        self.lead_nowhere(kept)
        self.assertEqual(self.identity("make").event("error")[0]["code"], "already_exists")
        self.assert_nothing_made(kept)


class StoredSession(LinkTest):
    def begin(self, sender_relay, receiver_relay, *options):
        """A transfer that takes a while; its receiver has a home of its own."""
        self.file.write_bytes(os.urandom(8 << 20))
        self.home = {"XDG_STATE_HOME": str(self.folder / "receiver")}
        sending = self.send(sender_relay, self.file, options=("--throttle", "1MiB", *options))
        receiving = self.run_cli("receive", "--relay", receiver_relay, "--json", "--yes", *options,
                                 "--out", self.target, env={"TALLOW_CODE": CODE, **self.home})
        receiving.event("progress")
        stored, = (self.folder / "receiver" / "tallow" / "sessions").iterdir()
        return sending, receiving, stored

    def kill(self, *commands):
        for one in commands:
            one.process.kill()
        for one in commands:
            one.wait()

    def listed(self):
        finished = self.run_cli("resume", "--list", "--json", env=self.home).wait()
        self.assertEqual(finished.code, 0, finished.err)
        return finished.event("sessions")[0]["sessions"]

    def test_is_not_read_through_a_link(self):
        with relay() as hub:
            sending, receiving, stored = self.begin(hub.address, hub.address)
            self.kill(sending, receiving)
        self.assertEqual(len(self.listed()), 1)
        self.exchange(stored)
        self.assertEqual(self.listed(), [])
        again = self.run_cli("resume", "--json", "--yes", env=self.home).wait()
        self.assertEqual((again.code, again.event("error")[0]["code"]), (2, "session_not_found"))
        self.assert_left_alone(stored)
        # One that is a day old is removed: the link, and not what it leads to.
        old = time.time() - 25 * 3600
        os.utime(self.elsewhere, (old, old))
        self.before = facts(self.elsewhere)
        self.assertEqual(self.listed(), [])
        self.assertFalse(stored.is_symlink())
        self.assertEqual(facts(self.elsewhere), self.before)
        # It was good all the time.
        self.elsewhere.rename(stored)
        os.utime(stored)
        self.assertEqual(len(self.listed()), 1)

    def test_is_not_written_through_a_link(self):
        with relay() as hub, proxy(hub.address) as between:
            sending, receiving, stored = self.begin(hub.address, between.address, "--outage", "60")
            self.exchange(stored)
            between.cut()
            receiving.event("resumed")
            self.kill(sending, receiving)
            between.cut()  # what they left half open
        # The keys of the new connection stand where the link stood.
        self.assertEqual(facts(self.elsewhere), self.before)
        self.assertFalse(stored.is_symlink())
        self.assertNotEqual(stored.read_bytes(), self.elsewhere.read_bytes())
        self.assertEqual(len(self.listed()), 1)


class LocalRelay(LinkTest):
    def key_of_a_sender(self):
        """That of the relay which a sender runs who names none."""
        sending = self.run_cli("send", "--json", "--yes", self.file, env={"TALLOW_DIRECT": ""},
                               inside=self.net.inside("sender"))
        address = sending.event("own_relay")["addresses"][0]
        looked = self.run_cli("relays", "--json", "--relay", address,
                              inside=self.net.inside("receiver"),
                              env={"XDG_STATE_HOME": str(self.folder / "other")}).wait()
        sending.kill()
        return looked.event("relay")[0]["key"]

    def test_its_key_is_not_read_or_made_through_a_link(self):
        self.net = make_net("sender", "receiver")
        self.addCleanup(self.net.close)
        self.net.join("sender", "10.77.1.1/24", "receiver", "10.77.1.2/24")
        kept = self.state / "local-relay-key"
        first = self.key_of_a_sender()
        self.assertEqual(self.key_of_a_sender(), first)
        self.exchange(kept)
        self.assertNotEqual(self.key_of_a_sender(), first)
        self.assert_left_alone(kept)
        self.lead_nowhere(kept)
        self.assertNotEqual(self.key_of_a_sender(), first)
        self.assert_nothing_made(kept)


class History(LinkTest):
    def assert_transfer_is_not_kept(self, hub):
        shutil.rmtree(self.target, ignore_errors=True)
        sending, receiving = self.send(hub.address, self.file), self.receive(hub.address)
        for one in (sending.wait(), receiving.wait()):
            self.assertEqual(one.code, 0, one.err)
            self.assertIn("not kept in the history", one.err)
        self.assert_same(self.file)

    def test_is_not_read_or_written_through_a_link(self):
        book = self.state / "history.sqlite"
        with relay() as hub:
            self.assert_done(self.send(hub.address, self.file), self.receive(hub.address))
            self.assertEqual(self.run_cli("history").wait().code, 0)
            self.exchange(book)
            self.assert_transfer_is_not_kept(hub)
            for options in ((), ("--clear",)):
                finished = self.run_cli("history", *options).wait()
                self.assertEqual((finished.code, finished.out), (6, ""), finished.err)
                self.assertIn(str(book), finished.err)
            self.assert_left_alone(book)
            with sqlite3.connect(self.elsewhere) as there:
                self.assertEqual(there.execute("SELECT count(*) FROM transfers").fetchone(), (2,))
            there.close()
            self.lead_nowhere(book)
            self.assert_transfer_is_not_kept(hub)
            self.assert_nothing_made(book)


class AuditFile(LinkTest):
    def start(self, audit):
        return running("--listen", "127.0.0.1:0", "--http-listen", "off", "--admin-listen",
                       str(self.folder / "admin.sock"), "--admin-audit-file", str(audit))

    def assert_not_started(self, audit):
        with self.start(audit) as hub:
            self.assertEqual(hub.ready, "")
            self.assertNotEqual(hub.process.wait(DEADLINE_S), 0)
            hub.log.seek(0)
            self.assertIn(f"admin-audit-file: {audit}: ", hub.log.read())

    def test_is_not_written_through_a_link(self):
        audit = self.folder / "audit.log"
        with self.start(audit) as hub:
            hub.port()  # it runs
        self.exchange(audit)
        self.assert_not_started(audit)
        self.assert_left_alone(audit)
        self.lead_nowhere(audit)
        self.assert_not_started(audit)
        self.assert_nothing_made(audit)


if __name__ == "__main__":
    unittest.main()
