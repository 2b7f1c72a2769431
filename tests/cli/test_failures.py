"""Everything that ends badly: the exit codes, what is said, and that nothing wrong is left behind."""
import hashlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import unittest

from harness import CODE, Dam, TransferTest, flip, proxy, relay


class WrongCodes(TransferTest):
    def test_wrong_code_ends_both_sides_and_spends_the_code(self):
        file = self.source / "file"
        file.write_text("x")
        for receiver_first in (False, True):
            with self.subTest(receiver_first=receiver_first), relay() as hub:
                wrong = "7-crossover-zebra"
                if receiver_first:
                    receiving = self.receive(hub.address, code=wrong)
                    receiving.event("waiting")
                    sending = self.send(hub.address, file)
                else:
                    sending = self.send(hub.address, file)
                    sending.event("waiting")
                    receiving = self.receive(hub.address, code=wrong)
                for command in (sending, receiving):
                    finished = command.wait()
                    self.assertEqual(finished.code, 3, finished.err)
                    self.assertEqual(finished.event("error")[0]["code"], "authentication_failed")
                self.assert_nothing_in(self.target)

                late = self.receive(hub.address).wait()
                self.assertEqual(late.code, 3)
                self.assertEqual(late.event("error")[0]["code"], "code_spent")

    def test_weak_and_malformed_codes_are_refused_before_anything_is_sent(self):
        for code in ("7", "7-", "crossover-clockwork", "7-short", "7-crossover", "0x7-abc-def",
                     "7-cr\u043essover-clockwork", "1234567890-crossover-clockwork"):
            with self.subTest(code):
                finished = self.run_cli("receive", "--relay", "127.0.0.1:1", "--json", code).wait()
                self.assertEqual(finished.code, 2, finished.err)
                self.assertNotIn("crossover", finished.err.split("looks like")[0])


class Strangers(TransferTest):
    def test_third_peer_disturbs_nothing(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(5_000_000))
        dam = Dam(2_000_000)
        with relay() as hub, proxy(hub.address, dam) as between:
            sending = self.send(between.address, file)
            sending.event("waiting")
            receiving = self.receive(hub.address)
            receiving.event("progress")
            third = self.receive(hub.address, target=self.folder / "third").wait()
            self.assertEqual(third.code, 5, third.err)
            self.assertEqual(third.event("error")[0]["code"], "room_full")
            dam.is_open.set()
            self.assert_done(receiving, sending)
        self.assert_same(file)
        self.assert_nothing_in(self.folder / "third")

    def test_two_senders_do_not_meet(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            waiting = self.send(hub.address, file)
            waiting.event("waiting")
            self.assertEqual(self.send(hub.address, file).wait().code, 5)
            waiting.process.send_signal(signal.SIGINT)
            self.assertEqual(waiting.wait().code, 130)


class Endings(TransferTest):
    def start_large(self, hub):
        file = self.source / "large"
        with file.open("wb") as out:
            out.truncate(20 << 30)  # a hole: nothing is read from the disk, and it takes a while
        # Nobody comes back in these tests.
        sending = self.send(hub.address, file, options=("--outage", "1"))
        receiving = self.receive(hub.address, options=("--outage", "1"))
        receiving.event("progress")
        return sending, receiving

    def test_interrupt_ends_both_sides(self):
        for who in ("sender", "receiver"):
            with self.subTest(who), relay("--max-bytes", "0") as hub:
                sending, receiving = self.start_large(hub)
                chosen, other = ((sending, receiving) if who == "sender" else (receiving, sending))
                # That of a terminal that is closed counts as well.
                chosen.process.send_signal(signal.SIGINT if who == "sender" else signal.SIGHUP)
                self.assertEqual(chosen.wait().code, 130)
                finished = other.wait()
                self.assertEqual(finished.code, 4, finished.err)
                self.assertEqual(finished.event("error")[0]["code"], "peer_cancelled")
                self.assert_no_final_name_in(self.target)

    def test_killed_peer_is_noticed(self):
        for who in ("sender", "receiver"):
            with self.subTest(who), relay("--max-bytes", "0") as hub:
                sending, receiving = self.start_large(hub)
                chosen, other = ((sending, receiving) if who == "sender" else (receiving, sending))
                chosen.process.kill()
                chosen.wait()
                self.assertEqual(other.wait().code, 4)
                self.assert_no_final_name_in(self.target)
            subprocess.run(["rm", "-rf", self.target], check=True)

    def test_killed_relay_is_noticed(self):
        with relay("--max-bytes", "0") as hub:
            sending, receiving = self.start_large(hub)
            hub.process.kill()
            self.assertEqual(sending.wait().code, 4)
            self.assertEqual(receiving.wait().code, 4)
        self.assert_no_final_name_in(self.target)

    def test_no_relay(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
        file = self.source / "file"
        file.write_text("x")
        finished = self.send(address, file).wait()
        self.assertEqual(finished.code, 4)
        self.assertEqual(finished.event("error")[0]["code"], "connect_failed")

    def test_what_the_relay_does_not_carry(self):
        file = self.source / "file"
        file.write_bytes(bytes(3_000_000))
        with relay("--max-bytes", "1000000") as hub:
            sending = self.send(hub.address, file)
            receiving = self.receive(hub.address)
            self.assertEqual(sending.wait().code, 5)
            self.assertEqual(receiving.wait().code, 5)
        self.assert_nothing_in(self.target)


class LocalTrouble(TransferTest):
    def test_usage(self):
        file = self.source / "file"
        file.write_text("x")
        for arguments in ((), ("send",), ("send", "--relay", "127.0.0.1:1"), ("nonsense",),
                          ("send", file), ("receive", CODE), ("send", "--bogus", file),
                          ("send", "--relay", "127.0.0.1:99999", file),
                          ("send", "--relay", "127.0.0.1:1", "--name", "other", file),
                          ("receive", "--", CODE, "another")):
            with self.subTest(arguments):
                self.assertEqual(self.run_cli(*arguments).wait().code, 2)
        self.assertIn("no command nonsense", self.run_cli("nonsense").wait().err)
        self.assertEqual(self.run_cli("--help").wait().code, 0)
        self.assertIn("0.1.0", self.run_cli("--version").wait().out)

    def test_missing_source(self):
        finished = self.send("127.0.0.1:1", self.source / "absent").wait()
        self.assertEqual(finished.code, 6)
        self.assertEqual(finished.event("error")[0]["code"], "not_found")

    def test_missing_code_file(self):
        for name, said in (("/nonexistent", "such file"), ("/", "directory")):
            finished = self.run_cli("receive", "--relay", "127.0.0.1:1", "--code-file", name).wait()
            self.assertEqual(finished.code, 6)
            self.assertIn(f"tallow-cli: --code-file {name}: ", finished.err)
            self.assertIn(said, finished.err)

    def test_whatever_stands_behind_two_dashes_is_a_path(self):
        for name in ("plain", "-weird", "--relay"):
            (self.source / name).write_text(name)
        for before, behind in ((["plain"], ["-weird", "--relay"]), ([], ["plain", "-weird"])):
            finished = self.run_cli("send", "--dry-run", "--json",
                                    *(os.path.relpath(self.source / one) for one in before),
                                    "--", *(self.source / one for one in behind)).wait()
            self.assertEqual(finished.code, 0, finished.err)
            self.assertEqual(finished.event("done")[0]["files"], len(before) + len(behind))

    def test_target_that_is_a_file(self):
        file = self.source / "file"
        file.write_text("x")
        self.target.write_text("in the way")
        with relay() as hub:
            sending = self.send(hub.address, file)
            # Before the code is used up.
            for target in (self.target, self.target / "below"):
                finished = self.receive(hub.address, target=target).wait()
                self.assertEqual(finished.code, 6, finished.err)
                self.assertEqual(finished.event("error")[0]["code"], "not_a_directory")
                self.assertEqual(finished.event("error")[0]["path"], os.fspath(target))
                self.assertIn(f"tallow-cli: {target}\n", finished.err)
            self.assertEqual(self.target.read_text(), "in the way")
            self.target.unlink()
            self.assert_done(sending, self.receive(hub.address))
        self.assert_same(file)

    def test_paths_are_whole(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            sending = self.send(hub.address, file)
            receiving = self.receive(hub.address, target=os.path.relpath(self.target) + "/../target/")
            self.assert_done(sending, receiving)
        self.assertEqual(receiving.wait().event("done")[0]["paths"], [os.fspath(self.target / "file")])

    def test_answers_follow_the_code_on_standard_input(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            sending = self.send(hub.address, file)
            receiving = self.run_cli("receive", "--relay", hub.address, "--out", self.target, "--json",
                                     "--code-file", "-", stdin=CODE + "\ny\n")
            self.assert_done(sending, receiving)
        self.assert_same(file)

    def test_file_that_changes_while_it_is_sent(self):
        changing = self.source / "changing"
        steady = self.source / "steady"
        with changing.open("wb") as out:
            out.truncate(2_000_000_000)
        steady.write_text("steady")
        with relay() as hub:
            sending = self.send(hub.address, steady, changing)
            receiving = self.receive(hub.address)
            receiving.event("progress")
            os.truncate(changing, 1000)
            for command in (sending, receiving):
                finished = command.wait()
                self.assertEqual(finished.code, 6, finished.err)
                error = finished.event("error")[0]
                self.assertEqual(error["code"], "some_entries_failed")
                self.assertEqual([f["path"] for f in error["failed"]], ["changing"])
        self.assertEqual(sorted(p.name for p in self.target.iterdir()), ["steady"])

    def test_what_cannot_be_sent_is_listed(self):
        folder = self.source / "folder"
        folder.mkdir()
        (folder / "good").write_text("x")
        os.mkfifo(folder / "pipe")
        (folder / os.fsdecode(b"not utf-8 \xff")).write_text("x")
        with relay() as hub:
            sending = self.send(hub.address, folder)
            receiving = self.receive(hub.address)
            self.assertEqual(receiving.wait().code, 0)
            finished = sending.wait()
        self.assertEqual(finished.code, 6)
        self.assertEqual(len(finished.event("error")[0]["skipped"]), 2)
        self.assertEqual([p.name for p in (self.target / "folder").iterdir()], ["good"])


class Secrets(TransferTest):
    def test_traffic_shows_no_word_of_the_code(self):
        """Nor to the relay: so without TLS."""
        file = self.source / "readable name"
        file.write_text("readable content " * 1000)
        plain = ("--insecure-plaintext",)
        with relay(*plain) as hub, proxy(hub.address) as between:
            sending = self.send(between.address, file, code=None,
                                options=("--compress", "off", *plain))
            code = sending.event("code")["code"]
            self.assert_done(self.receive(between.address, code=code, options=plain), sending)
            traffic = bytes(between.recorded)
        self.assertGreater(len(traffic), 17_000)
        plate, password = code.split("-", 1)
        for text in (code, password, *password.split("-"), "readable"):
            if len(text) < 4:
                continue  # three bytes turn up by chance
            raw = text.encode()
            self.assertNotIn(raw, traffic)
            for algorithm in ("md5", "sha1", "sha256", "sha512", "sha3_256", "sha3_512", "blake2b"):
                digest = hashlib.new(algorithm, raw)
                self.assertNotIn(digest.digest()[:16], traffic)
                self.assertNotIn(digest.hexdigest()[:16].encode(), traffic)

    def test_code_is_in_no_argument_list_or_environment(self):
        file = pathlib.Path(self._temporary()) / "code"
        file.write_text(CODE + "\n")
        ways = {"argument": ((CODE,), {}, None), "environment": ((), {"TALLOW_CODE": CODE}, None),
                "file": (("--code-file", file), {}, None),
                "standard input": (("--code-file", "-"), {}, CODE + "\n")}
        for way, (arguments, env, stdin) in ways.items():
            with self.subTest(way), relay() as hub:
                waiting = self.run_cli("receive", "--relay", hub.address, "--json", "--log-file",
                                       self.folder / "log", *arguments, env=env, stdin=stdin)
                waiting.event("waiting")
                for name in ("cmdline", "environ"):
                    with open(f"/proc/{waiting.process.pid}/{name}", "rb") as shown:
                        self.assertNotIn(b"crossover", shown.read())
                waiting.process.send_signal(signal.SIGINT)
                finished = waiting.wait()
                self.assertEqual(finished.code, 130)
                self.assertEqual("may have seen it" in finished.err, way == "argument")
                # Nor in what is kept.
                kept = [p for p in self.folder.rglob("*") if p.is_file()]
                self.assertIn(self.folder / "log", kept)
                for one in kept:
                    self.assertNotIn(b"crossover", one.read_bytes(), one)

    def test_no_thread_is_ended_by_a_late_signal(self):
        # A signal that comes after the exit status is settled must not take its place, and a thread
        # of a library that leaves it unblocked would let it.
        stops = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1)
        with relay() as hub:
            waiting = self.receive(hub.address)
            waiting.event("waiting")
            for task in pathlib.Path(f"/proc/{waiting.process.pid}/task").iterdir():
                lines = (task / "status").read_text().splitlines()
                blocked = next(int(line[7:], 16) for line in lines if line.startswith("SigBlk:"))
                self.assertEqual(blocked & stops, stops)
            waiting.process.send_signal(signal.SIGINT)
            self.assertEqual(waiting.wait().code, 130)

    def test_no_core_is_dumped(self):
        with relay() as hub:
            waiting = self.receive(hub.address)
            waiting.event("waiting")
            limits = resource.prlimit(waiting.process.pid, resource.RLIMIT_CORE)
            self.assertEqual(limits, (0, 0))
            waiting.process.send_signal(signal.SIGINT)
            waiting.wait()


class Tampering(TransferTest):
    def test_a_flipped_byte_never_changes_a_file(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(2_000_000))
        # Bytes counted from the relay to the one who connected second: in the handshake's messages
        # and in the data. What is sealed costs a connection, and is sent again on the next. TLS
        # would notice all of it first, and a relay may do the same: so without.
        plain = ("--insecure-plaintext",)
        for at in (100, 400, 900, 4000, 300_000, 1_500_000):
            in_band = ("--lanes", "0", *plain)
            with self.subTest(at=at), relay(*plain) as hub, proxy(hub.address, flip(1, at)) as between:
                sending = self.send(between.address, file, options=in_band)
                sending.event("waiting")
                receiving = self.receive(between.address, options=plain)
                if at < 4000:
                    self.assertIn(receiving.wait().code, {3, 4, 5, 8})
                    # The sender may have lost a peer that proved nothing, and rightly wait for the
                    # next one.
                    sending.process.send_signal(signal.SIGINT)
                    self.assertIn(sending.wait().code, {3, 4, 5, 8, 130})
                    self.assert_nothing_in(self.target)
                    continue
                self.assert_done(sending, receiving)
                self.assertEqual(len(receiving.wait().event("resumed")), 1)
                self.assert_same(file)
                (self.target / "file").unlink()


if __name__ == "__main__":
    unittest.main()
