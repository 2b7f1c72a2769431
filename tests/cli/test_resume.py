#!/usr/bin/env python3
"""Transfers that were killed and go on later, with a new code."""

import json
import os
import random
import shutil
import subprocess
import time
import unittest

from harness import DEADLINE_S, Dam, TransferTest, memory_folder, proxy, relay


def code(number):
    return "%d-crossover-clockwork" % number


class Attempts(TransferTest):
    place = memory_folder(1 << 30)

    def setUp(self):
        super().setUp()
        self.random = random.Random(20261121)
        self.attempts = 0

    def make_tree(self, megabytes=24):
        tree = self.source / "tree"
        (tree / "deep" / "er").mkdir(parents=True)
        (tree / "large").write_bytes(os.urandom(megabytes << 20))
        (tree / "empty").touch()
        (tree / "link").symlink_to("large")
        for i in range(300):
            (tree / "deep" / ("%03d" % i)).write_bytes(os.urandom(self.random.randrange(9000)))
        (tree / "deep" / "er" / "last").write_bytes(os.urandom(3 << 20))
        (tree / "deep" / "000").chmod(0o400)
        (tree / "deep" / "er").chmod(0o500)
        return tree

    def attempt(self, hub, between, *paths, lanes="2"):
        self.attempts += 1
        options = ("--outage", "0")
        return (self.send(between.address, *paths, code=code(self.attempts),
                          options=(*options, "--lanes", lanes)),
                self.receive(hub.address, code=code(self.attempts), options=options))

    def kill_after(self, between, count, victims, *others):
        """Kills them once so many bytes have passed. The others find out by themselves."""
        start = len(between.recorded)
        deadline = time.monotonic() + DEADLINE_S
        while len(between.recorded) < start + count:
            self.assertLess(time.monotonic(), deadline)
            if any(v.process.poll() is not None for v in victims):
                break  # it was done before
            time.sleep(0.0005)
        for victim in victims:
            victim.process.kill()
        for other in (*victims, *others):
            other.wait()

    def finish(self, hub, between, *paths, lanes="2"):
        """An attempt that nobody ends; returns the bytes kept and the bytes sent."""
        before = len(between.recorded)
        sending, receiving = self.attempt(hub, between, *paths, lanes=lanes)
        self.assert_done(sending, receiving)
        between.cut()  # what a killed one left half open
        kept = receiving.wait().event("kept")
        return (kept[0]["bytes"] if kept else 0), len(between.recorded) - before

    def assert_clean(self, *sources):
        self.assert_same(*sources)
        self.assertEqual(sorted(p.name for p in self.target.iterdir()),
                         sorted(s.name for s in sources))

    def remove_target(self):
        for folder, _, _ in os.walk(self.target):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.target)

    def wait_for_progress(self, command, count):
        def has_come():
            done = [e["bytes"] for e in map(json.loads, command.lines) if e["event"] == "progress"]
            return bool(done) and done[-1] >= count
        with command.changed:
            self.assertTrue(command.changed.wait_for(has_come, DEADLINE_S), command.lines[-3:])


class WithANewCode(Attempts):
    def test_what_has_arrived_is_not_sent_again(self):
        tree = self.make_tree(32)
        for who in ("sender", "receiver", "both", "relay"):
            with self.subTest(who=who), relay() as hub:
                dam = Dam(24 << 20)
                with proxy(hub.address, dam) as between:
                    sending, receiving = self.attempt(hub, between, tree)
                    # Acknowledged chunks are in the journal.
                    self.wait_for_progress(sending, 20 << 20)
                    killed = {"sender": [sending], "receiver": [receiving], "relay": [hub],
                              "both": [sending, receiving]}[who]
                    for one in killed:
                        one.process.kill()
                    dam.is_open.set()
                    for one in (sending, receiving):
                        self.assertNotEqual(one.wait().code, 0)
                with relay() as another, proxy(another.address) as between:
                    kept, sent = self.finish(another, between, tree)
                    self.assertGreaterEqual(kept, 20 << 20)
                    self.assertLess(sent, (37 << 20) - kept + (1 << 20))
                self.assert_clean(tree)
                self.remove_target()

    def test_killed_at_any_instant(self):
        tree = self.make_tree(12)
        size = 16 << 20
        with relay() as hub, proxy(hub.address) as between:
            for _ in range(8):
                for _ in range(self.random.randrange(1, 4)):
                    lanes = self.random.choice(("0", "1", "2"))
                    sending, receiving = self.attempt(hub, between, tree, lanes=lanes)
                    victims, other = self.random.choice((([sending], receiving),
                                                         ([receiving], sending)))
                    self.kill_after(between, self.random.randrange(size), victims, other)
                    if (self.target / "tree").exists():
                        break  # too late
                else:
                    self.finish(hub, between, tree, lanes=lanes)
                    self.assert_clean(tree)
                self.assert_same(tree)
                self.remove_target()

    def test_a_source_that_changed_meanwhile(self):
        file = self.source / "file"
        content = bytearray(os.urandom(32 << 20))
        file.write_bytes(content)
        about = file.stat()
        with relay() as hub, proxy(hub.address) as between:
            sending, receiving = self.attempt(hub, between, file)
            self.kill_after(between, 24 << 20, [sending, receiving])
            # The same size and time, and other bytes: the claims are compared, not believed.
            content[1000] ^= 1
            content[20 << 20] ^= 1
            file.write_bytes(content)
            os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
            self.finish(hub, between, file)
            self.assert_clean(file)

    def test_what_is_not_in_it_any_more_does_not_arrive(self):
        tree = self.source / "tree"
        (tree / "a").mkdir(parents=True)
        # More than fits on the first page, by which the transfer is recognised.
        for i in range(3000):
            (tree / "a" / ("%04d-" % i + "x" * 60)).write_bytes(b"small %d" % i)
        (tree / "z-large").write_bytes(os.urandom(24 << 20))
        with relay() as hub, proxy(hub.address) as between:
            sending, receiving = self.attempt(hub, between, tree)
            self.kill_after(between, 16 << 20, [sending, receiving])
            about = (tree / "a").stat()
            (tree / "a" / ("2999-" + "x" * 60)).unlink()
            (tree / "a" / ("2998-" + "x" * 60)).unlink()
            (tree / "a" / ("2998-" + "x" * 60)).mkdir()
            (tree / "a" / ("2997-" + "x" * 60)).write_bytes(b"")
            os.utime(tree / "a", ns=(about.st_atime_ns, about.st_mtime_ns))
            self.finish(hub, between, tree)
            self.assert_clean(tree)

    def test_two_at_once_do_not_share_a_folder(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(32 << 20))
        with relay() as hub, proxy(hub.address) as between:
            sending, receiving = self.attempt(hub, between, file)
            self.kill_after(between, 16 << 20, [sending, receiving])
            first = self.attempt(hub, between, file)
            second = self.attempt(hub, between, file)
            self.assert_done(*first, *second)
        names = sorted(p.name for p in self.target.iterdir())
        self.assertEqual(names, ["file", "file (2)"])
        for name in names:
            self.assertEqual((self.target / name).read_bytes(), file.read_bytes())


class WithoutACode(Attempts):
    """tallow-cli resume, on both sides. Each has a home of its own."""

    def homes(self):
        return {"XDG_STATE_HOME": str(self.folder / "sender")}, \
               {"XDG_STATE_HOME": str(self.folder / "receiver")}

    def begin(self, hub, between, *paths, options=("--outage", "0")):
        sender, receiver = self.homes()
        return (self.run_cli("send", "--relay", between.address, "--json", *options, *paths,
                             env={"TALLOW_CODE": code(1), **sender}),
                self.run_cli("receive", "--relay", hub.address, "--json", "--yes", *options,
                             "--out", self.target, env={"TALLOW_CODE": code(1), **receiver}))

    def resume(self, *options):
        sender, receiver = self.homes()
        return (self.run_cli("resume", "--json", *options, env=sender),
                self.run_cli("resume", "--json", "--yes", *options, env=receiver))

    def stored(self):
        return sorted(self.folder.glob("*/tallow/sessions/*"))

    def test_goes_on_as_often_as_it_is_killed(self):
        tree = self.make_tree(24)
        dam = Dam(4 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            both = self.begin(hub, between, tree)
            for step in range(3):
                self.wait_for_progress(both[0], (step + 1) * (2 << 20))
                self.assertEqual([p.stat().st_mode & 0o777 for p in self.stored()], [0o600] * 2)
                for one in both:
                    one.process.kill()
                for one in both:
                    one.wait()
                dam.left, old = 4 << 20, dam.is_open
                dam.is_open = type(old)()
                old.set()
                both = self.resume()
            dam.is_open.set()
            dam.left = 1 << 40
            self.assert_done(*both)
            between.cut()
        self.assertGreaterEqual(both[1].wait().event("kept")[0]["bytes"], 2 << 20)
        self.assert_clean(tree)
        # Nothing is left of the keys, and nothing to go on with.
        self.assertEqual(self.stored(), [])
        for one in self.resume():
            self.assertEqual(one.wait().code, 2)

    def test_a_disk_that_fills_up_meanwhile(self):
        self.target.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", self.target],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("needs the right to mount a file system")
        self.addCleanup(subprocess.run, ["umount", self.target], check=True)
        file = self.source / "file"
        file.write_bytes(os.urandom(32 << 20))
        dam = Dam(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            both = self.begin(hub, between, file)
            self.wait_for_progress(both[0], 4 << 20)
            filler = self.target / "of another"
            with self.assertRaises(OSError):
                filler.write_bytes(bytes(64 << 20))
            dam.is_open.set()
            dam.left = 1 << 40
            self.assertEqual(both[1].wait().code, 7)
            self.assertIn("kept", both[1].wait().event("error")[0])
            self.assertEqual(both[0].wait().event("error")[0]["code"], "peer_disk_full")
            filler.unlink()
            both = self.resume()
            self.assert_done(*both)
            between.cut()
        self.assertGreaterEqual(both[1].wait().event("kept")[0]["bytes"], 4 << 20)
        self.assert_clean(file)

    def test_keys_are_gone_with_a_day_and_with_a_refusal(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(8 << 20))
        with relay() as hub, proxy(hub.address, Dam(1 << 20)) as between:
            both = self.begin(hub, between, file)
            both[1].event("progress")
            for one in both:
                one.process.kill()
            for one in both:
                one.wait()
            self.assertEqual(len(self.stored()), 2)
            between.tap.is_open.set()
        old = time.time() - 25 * 3600
        os.utime(self.stored()[0], (old, old))
        listed = [one.wait().event("sessions")[0]["sessions"] for one in self.resume("--list")]
        self.assertEqual(sorted(map(len, listed)), [0, 1])
        self.assertEqual(len(self.stored()), 1)
        self.resume("--forget")[0].wait()
        self.resume("--forget")[1].wait()
        self.assertEqual(self.stored(), [])

    def go_on_with_one_killed(self, killed):
        """One is killed and started anew; the other has never ended."""
        file = self.source / "file"
        file.write_bytes(os.urandom(24 << 20))
        dam = Dam(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            both = list(self.begin(hub, between, file, options=("--outage", "60")))
            self.wait_for_progress(both[0], 4 << 20)
            both[killed].process.kill()
            both[killed].wait()
            both[1 - killed].event("connection_lost")
            dam.is_open.set()
            dam.left = 1 << 40
            command = ("receive", "--resume") if killed == 1 else ("resume",)
            both[killed] = self.run_cli(*command, "--json", "--yes", env=self.homes()[killed])
            self.assert_done(*both)
            between.cut()
        living = both[1 - killed].wait()
        self.assertEqual(len(living.event("begun_anew")), 1)
        self.assertGreaterEqual(both[1].wait().event("kept")[-1]["bytes"], 4 << 20)
        self.assert_clean(file)
        self.assertEqual(self.stored(), [])

    def test_a_sender_that_lives_goes_on_with_a_receiver_that_was_killed(self):
        self.go_on_with_one_killed(1)

    def test_a_receiver_that_lives_goes_on_with_a_sender_that_was_killed(self):
        self.go_on_with_one_killed(0)

    def test_a_pipe_does_not_begin_anew(self):
        dam = Dam(4 << 20)
        content = self.source / "content"
        content.write_bytes(os.urandom(24 << 20))
        with relay() as hub, proxy(hub.address, dam) as between:
            sender, receiver = self.homes()
            options = ("--outage", "60")
            with content.open("rb") as read_once:
                sending = self.run_cli("send", "--relay", between.address, "--json", *options, "-",
                                       env={"TALLOW_CODE": code(1), **sender}, terminal=read_once)
            receiving = self.run_cli("receive", "--relay", hub.address, "--json", "--yes", *options,
                                     "--out", self.target, env={"TALLOW_CODE": code(1), **receiver})
            receiving.event("progress")
            receiving.process.kill()
            receiving.wait()
            sending.event("connection_lost")
            dam.is_open.set()
            dam.left = 1 << 40
            again = self.run_cli("resume", "--json", "--yes", *options, env=receiver)
            self.assertEqual(sending.wait().code, 4)
            self.assertEqual(sending.wait().event("error")[0]["code"], "peer_restarted")
            again.process.kill()
            again.wait()


if __name__ == "__main__":
    unittest.main()
