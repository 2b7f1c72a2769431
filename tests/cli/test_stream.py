#!/usr/bin/env python3
"""Streams: standard input and output of any length, which no disk sees; and texts."""
import hashlib
import os
import random
import subprocess
import threading
import time
import unittest

from harness import (BIN, CODE, DEADLINE_S, IS_SANITIZED, Proxy, TransferTest, clean_environment, facts,
                     relay)


def blocks(count, seed=1):
    """So many MiB of bytes that nobody can guess or compress."""
    source = random.Random(seed)
    for _ in range(count):
        yield source.randbytes(1 << 20)


class StreamTest(TransferTest):
    def cli(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=None):
        """A command whose standard input and output are the test's."""
        err = open(self.folder / f"err {len(self.errors)}", "w+b")
        self.errors.append(err)
        env = clean_environment(TALLOW_CODE=CODE, XDG_STATE_HOME=str(self.folder / "state"))
        made = subprocess.Popen([BIN / "tallow-cli", *arguments], stdin=stdin, stdout=stdout,
                                stderr=err, env=env, cwd=cwd)
        self.addCleanup(self.end, made)
        return made

    def setUp(self):
        super().setUp()
        self.errors = []
        self.addCleanup(lambda: [err.close() for err in self.errors])

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe and not pipe.closed:
                try:
                    pipe.close()
                except OSError:
                    pass

    def said(self):
        for err in self.errors:
            err.flush()
        return b"".join((self.folder / f"err {i}").read_bytes()
                        for i in range(len(self.errors))).decode()

    def sending(self, hub, *more, **options):
        return self.cli("send", "--relay", hub, *more, stdin=subprocess.PIPE, **options)

    def receiving(self, hub, *more, **options):
        return self.cli("receive", "--relay", hub, "--yes", "--out", "-", *more,
                        stdout=subprocess.PIPE, **options)

    def assert_exit(self, process, code):
        self.assertEqual(process.wait(DEADLINE_S), code, self.said())

    def feed(self, process, parts):
        """Writes in a thread of its own; returns the thread and a hash that is complete with it."""
        digest = hashlib.sha256()

        def run():
            try:
                for part in parts:
                    digest.update(part)
                    process.stdin.write(part)
                process.stdin.close()
            except OSError:
                pass
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return thread, digest

    @staticmethod
    def drain(pipe):
        digest = hashlib.sha256()
        while part := pipe.read(1 << 20):
            digest.update(part)
        return digest


class Streams(StreamTest):
    def test_pipe_to_pipe_leaves_no_trace(self):
        here = self.folder / "here"
        here.mkdir()
        for lanes in ("2", "0"):
            with self.subTest(lanes=lanes), relay() as hub:
                sending = self.sending(hub.address, "--lanes", lanes, "-", cwd=here)
                receiving = self.receiving(hub.address, cwd=here)
                thread, sent = self.feed(sending, blocks(300 if lanes == "2" else 40))
                got = self.drain(receiving.stdout)
                thread.join()
                self.assertEqual(got.digest(), sent.digest(), self.said())
                self.assert_exit(sending, 0)
                self.assert_exit(receiving, 0)
                self.assert_nothing_in(here)
                # But what is known of the relay, and the history.
                self.assertEqual([p.name for p in self.folder.glob("state/tallow/*")
                                  if not p.name.startswith(("known_relays", "history."))], [])

    @unittest.skipIf(IS_SANITIZED, "what was freed is kept")
    def test_memory_stays_small(self):
        with relay() as hub:
            sending = self.sending(hub.address, "-")
            receiving = self.receiving(hub.address)
            thread, _ = self.feed(sending, blocks(64))
            peaks = {}
            for part in iter(lambda: receiving.stdout.read(4 << 20), b""):
                for one in (sending, receiving):
                    try:
                        with open(f"/proc/{one.pid}/status") as status:
                            peak = [line for line in status if line.startswith("VmHWM")]
                    except OSError:
                        continue
                    if peak:
                        peaks[one.pid] = int(peak[0].split()[1])
            thread.join()
            self.assert_exit(sending, 0)
            self.assert_exit(receiving, 0)
        for peak in peaks.values():
            self.assertLess(peak, 64 << 10)

    def test_empty_stream(self):
        with relay() as hub:
            sending = self.sending(hub.address, "-")
            sending.stdin.close()
            receiving = self.receiving(hub.address)
            self.assertEqual(receiving.stdout.read(), b"")
            self.assert_exit(sending, 0)
            self.assert_exit(receiving, 0)

    def test_what_there_is_arrives_while_the_pipe_pauses(self):
        for lanes in ("2", "0"):
            with self.subTest(lanes=lanes), relay() as hub:
                sending = self.sending(hub.address, "--lanes", lanes, "-")
                receiving = self.receiving(hub.address)
                # More pauses than chunks may be on their way.
                for i in range(50):
                    line = f"line {i}\n".encode()
                    sending.stdin.write(line)
                    sending.stdin.flush()
                    self.assertEqual(receiving.stdout.readline(), line, self.said())
                sending.stdin.close()
                self.assertEqual(receiving.stdout.read(), b"")
                self.assert_exit(sending, 0)
                self.assert_exit(receiving, 0)

    def test_into_a_folder(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(600_000))
        for name in ("stdin", "backup.tar"):
            with self.subTest(name), relay() as hub:
                target = self.folder / f"target of {name}"
                more = ("--name", name) if name != "stdin" else ()
                sending = self.sending(hub.address, "--json", *more, "-", file)
                thread, sent = self.feed(sending, blocks(9))
                receiving = self.receive(hub.address, target=target)
                offer = receiving.event("offer")
                self.assertTrue(offer["stream"])
                self.assertEqual(offer["top"], ["file", name])
                self.assert_done(receiving)
                self.assert_exit(sending, 0)
                thread.join()
                arrived = target / name
                self.assertEqual(hashlib.sha256(arrived.read_bytes()).digest(), sent.digest())
                self.assertEqual(arrived.stat().st_mode & 0o777, 0o644)
                self.assertLess(abs(arrived.stat().st_mtime - time.time()), 600)
                self.assert_same(file, target=target)
                self.assertEqual(len(list(target.iterdir())), 2)

    def test_empty_stream_into_a_folder(self):
        with relay() as hub:
            sending = self.sending(hub.address, "-")
            sending.stdin.close()
            self.assert_done(self.receive(hub.address))
            self.assert_exit(sending, 0)
        self.assertEqual(facts(self.target / "stdin")[b"stdin"][0], hashlib.sha256().hexdigest())

    def test_single_file_to_standard_output(self):
        file = self.source / "file"
        file.write_bytes(b"".join(blocks(40)))
        with relay() as hub:
            sending = self.send(hub.address, file, options=("--lanes", "4"))
            receiving = self.receiving(hub.address, cwd=self.source)
            self.assertEqual(self.drain(receiving.stdout).hexdigest(),
                             hashlib.sha256(file.read_bytes()).hexdigest())
            self.assert_exit(receiving, 0)
            self.assert_done(sending)
        self.assertEqual(list(self.source.iterdir()), [file])

    def test_folders_do_not_go_to_standard_output(self):
        (self.source / "a").write_text("a")
        (self.source / "b").write_text("b")
        for paths in ((self.source,), (self.source / "a", self.source / "b")):
            with self.subTest(paths), relay() as hub:
                sending = self.send(hub.address, *paths)
                receiving = self.receiving(hub.address)
                self.assertEqual(receiving.stdout.read(), b"")
                self.assert_exit(receiving, 1)
                self.assertIn("Only one file or a stream", self.said())
                finished = sending.wait()
                self.assertEqual(finished.code, 5)
                self.assertEqual(finished.event("error")[0]["code"], "transfer_refused")

    def test_reader_that_dies(self):
        with relay() as hub:
            sending = self.sending(hub.address, "-")
            receiving = self.receiving(hub.address)
            thread, _ = self.feed(sending, blocks(200))
            self.assertEqual(len(receiving.stdout.read(3 << 20)), 3 << 20)
            receiving.stdout.close()
            self.assert_exit(receiving, 6)
            self.assert_exit(sending, 6)
            thread.join()
        self.assertIn("the other side's files failed", self.said())
        self.assertIn("a file could not be written", self.said())

    def test_reader_that_sleeps_holds_the_writer_up(self):
        with relay() as hub:
            sending = self.sending(hub.address, "-")
            receiving = self.receiving(hub.address)
            given = []

            def parts():
                for part in blocks(120):
                    given.append(len(part))
                    yield part
            thread, sent = self.feed(sending, parts())
            first = receiving.stdout.read(1)
            seen = -1
            while seen != len(given):  # until nothing moves any more
                seen = len(given)
                time.sleep(1)
            # Windows, sockets and pipes hold a few MiB; the rest waits with its writer.
            self.assertLess(len(given), 80)
            digest = hashlib.sha256(first)
            while part := receiving.stdout.read(1 << 20):
                digest.update(part)
            thread.join()
            self.assertEqual(digest.digest(), sent.digest())
            self.assert_exit(sending, 0)
            self.assert_exit(receiving, 0)

    def test_interrupt_while_both_pipes_wait(self):
        with relay() as hub:
            sending = self.sending(hub.address, "-")
            receiving = self.receiving(hub.address)
            sending.stdin.write(b"x")
            sending.stdin.flush()
            self.assertEqual(receiving.stdout.read(1), b"x")
            sending.send_signal(2)
            self.assert_exit(sending, 130)
            self.assert_exit(receiving, 4)

    def test_connections_break_during_a_stream(self):
        for lanes in ("2", "0"):
            with self.subTest(lanes=lanes), relay() as hub:
                between = Proxy(hub.address)
                try:
                    sending = self.sending(between.address, "--lanes", lanes, "-")
                    receiving = self.receiving(between.address)
                    thread, sent = self.feed(sending, blocks(60))
                    digest = hashlib.sha256()
                    for i in range(60):
                        part = receiving.stdout.read(1 << 20)
                        digest.update(part)
                        if i % 12 == 6:
                            between.cut()
                    digest.update(receiving.stdout.read())
                    thread.join()
                    self.assert_exit(sending, 0)
                    self.assert_exit(receiving, 0)
                    self.assertEqual(digest.digest(), sent.digest())
                    self.assertIn("Connected again", self.said())
                finally:
                    between.cut()
                    between.close()

    def test_what_cannot_be_read_fails(self):
        with relay() as hub, open("/proc/self/mem", "rb") as unreadable:
            sending = self.cli("send", "--relay", hub.address, "-", stdin=unreadable)
            receiving = self.receive(hub.address)
            finished = receiving.wait()
            self.assertEqual(finished.code, 6, finished.err)
            self.assertEqual(finished.event("error")[0]["failed"][0]["reason"],
                             "could not be read by the sender")
            self.assert_exit(sending, 6)
        self.assert_nothing_in(self.target)


class Texts(StreamTest):
    def text(self, hub, text, *more):
        sending = self.sending(hub, "--text", *more)
        sending.stdin.write(text)
        sending.stdin.close()
        return sending

    def test_raw_for_programs(self):
        text = "gr\u00fc\u00df\x1b[31m dich\nzweite Zeile".encode()
        for out in ((), ("--out", "-"), ("--stdout",)):
            with self.subTest(out), relay() as hub:
                sending = self.text(hub.address, text)
                receiving = self.cli("receive", "--relay", hub.address, "--yes", *out,
                                     stdout=subprocess.PIPE, cwd=self.source)
                self.assertEqual(receiving.stdout.read(), text)
                self.assert_exit(receiving, 0)
                self.assert_exit(sending, 0)
        self.assert_nothing_in(self.source)
        self.assertNotIn("\x1b", self.said())

    def test_one_that_cannot_be_shown_is_not_received(self):
        with open("/dev/full", "wb") as full:
            read, write = os.pipe()
            os.close(read)
            for stdout in (full, write):
                with self.subTest(stdout), relay() as hub:
                    sending = self.text(hub.address, b"text")
                    receiving = self.cli("receive", "--relay", hub.address, "--yes", stdout=stdout)
                    self.assert_exit(receiving, 7 if stdout is full else 6)
                    self.assert_exit(sending, 7 if stdout is full else 6)
            os.close(write)
        self.assertNotIn("Received", self.said())

    def test_json(self):
        text = "eins\tzwei \u202e drei \U0001f40e" + "x" * 60_000
        with relay() as hub:
            sending = self.text(hub.address, text.encode())
            receiving = self.receive(hub.address)
            self.assertTrue(receiving.event("offer")["text"])
            finished = receiving.wait()
            self.assertEqual(finished.code, 0, finished.err)
            self.assertEqual(finished.event("text"), [{"event": "text", "text": text}])
            self.assert_exit(sending, 0)
        self.assert_nothing_in(self.target)

    def test_terminal_gets_it_harmless(self):
        leader, follower = os.openpty()
        try:
            with relay() as hub:
                sending = self.text(hub.address, b"one\x1b]0;title\x07\ntwo\xe2\x80\xae\n")
                receiving = self.cli("receive", "--relay", hub.address, "--yes", stdout=follower)
                self.assert_exit(receiving, 0)
                self.assert_exit(sending, 0)
            shown = os.read(leader, 4096)
        finally:
            os.close(leader)
            os.close(follower)
        self.assertEqual(shown, b"one\\x1b]0;title\\x07\r\ntwo\\u{202e}\r\n")

    def test_what_is_no_text(self):
        for text in (b"", b"\xff", b"x" * 65537):
            with self.subTest(text[:8]):
                sending = self.text("127.0.0.1:1", text)
                self.assert_exit(sending, 2)


class Usage(TransferTest):
    def test_contradictions(self):
        for arguments in (("send",), ("send", "--text", "x"), ("send", "-", "-"),
                          ("send", "--code-file", "-", "-"), ("send", "--text", "--code-file", "-"),
                          ("send", "--name", "a/b", "-"), ("send", "--name", "..", "-"),
                          ("send", "--name", "x", "-", "/tmp/x"),
                          ("receive", "--json", "--out", "-"), ("receive", "--json", "--stdout"),
                          ("receive", "--resume", "--code-file", "-"),
                          ("receive", "--resume", "--stdout")):
            with self.subTest(arguments):
                finished = self.run_cli(*arguments, "--relay", "127.0.0.1:1", stdin=CODE).wait()
                self.assertEqual(finished.code, 2, finished.err)

    def test_closed_descriptors(self):
        for shell in ("exec %s send - <&-", "exec %s send --text <&-",
                      "exec %s receive --out - >&-"):
            with self.subTest(shell):
                done = subprocess.run(["/bin/sh", "-c", shell % (BIN / "tallow-cli")],
                                      env=clean_environment(TALLOW_RELAY="127.0.0.1:1"),
                                      stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"is closed", done.stderr)


if __name__ == "__main__":
    unittest.main()
