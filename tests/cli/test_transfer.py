"""Files and folders through a relay: what arrives is what was sent."""
import os
import random
import unittest

from harness import CODE, TransferTest, facts, relay


def make_odd_folder(folder):
    """A thousand files whose names are what file systems allow, folders and links among them."""
    source = random.Random(7)
    folder.mkdir()
    odd = [" leading space", "trailing space ", "a\nnewline", "-rf", "--yes", "emoji \U0001f40e",
           "narrow\u202fspace", "tab\there", "quote'\"", "back\\slash", "*?[x]", "$HOME `x`",
           "\u65e5\u672c\u8a9e", "e\u0301 combining", "\u00e9 composed", "right\u202eleft", "x" * 255,
           "\U0001f40e" * 63, "con", "nul.txt", "trailing.", "~", "#", "%s%n", ";", "C:x"]
    for i in range(1000):
        name = odd[i] if i < len(odd) else f"file {i}"
        below = folder / f"sub {i % 10}" if i >= len(odd) else folder
        below.mkdir(exist_ok=True)
        path = below / name
        path.write_bytes(source.randbytes(source.choice([0, 1, 100, 4096, 20_000])))
        path.chmod(source.choice([0o644, 0o600, 0o755, 0o444, 0o640]))
        os.utime(path, ns=(0, source.randrange(10**9, 2 * 10**18)))
    (folder / "empty").mkdir()
    (folder / "inside link").symlink_to("sub 1/file 31")
    (folder / "sub 3").chmod(0o500)
    for name in ("empty", "sub 2"):
        os.utime(folder / name, ns=(0, 1_234_567_890_123_456_789))
    return folder


class Transfers(TransferTest):
    def test_file_with_a_code_made_by_the_sender(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(3_000_000))
        with relay() as hub:
            sending = self.send(hub.address, file, code=None)
            code = sending.event("code")["code"]
            self.assertRegex(code, r"^[1-9][0-9]{0,8}(-[a-z]+){3}$")
            self.assert_done(self.receive(hub.address, code=code), sending)
        self.assert_same(file)

    def test_thousand_odd_names(self):
        folder = make_odd_folder(self.source / "odd")
        with relay() as hub:
            sending = self.send(hub.address, folder)
            self.assert_done(self.receive(hub.address), sending)
        self.assertGreater(len(facts(folder)), 1000)
        self.assert_same(folder)
        (self.source / "odd" / "sub 3").chmod(0o700)
        (self.target / "odd" / "sub 3").chmod(0o700)

    def test_either_side_first(self):
        for receiver_first in (False, True):
            with self.subTest(receiver_first=receiver_first), relay() as hub:
                file = self.source / f"file {receiver_first}"
                file.write_text("hello\n")
                first, second = ((self.receive, self.send) if receiver_first
                                 else (self.send, self.receive))
                paths = lambda make: (file,) if make == self.send else ()
                waiting = first(hub.address, *paths(first))
                waiting.event("waiting")
                self.assert_done(second(hub.address, *paths(second)), waiting)
                self.assert_same(file)

    def test_many_paths_empty_ones_among_them(self):
        empty = self.source / "empty file"
        empty.touch(mode=0o600)
        os.utime(empty, ns=(0, 1))
        folder = self.source / "empty folder"
        folder.mkdir(mode=0o750)
        os.utime(folder, ns=(0, 10**18 + 1))
        file = self.source / "one byte"
        file.write_bytes(b"x")
        with relay() as hub:
            sending = self.send(hub.address, empty, folder, file)
            self.assert_done(self.receive(hub.address), sending)
        self.assert_same(empty, folder, file)

    def test_the_ways_to_give_a_code(self):
        file = self.source / "file"
        file.write_text("x")
        code_file = self.folder / "code"
        code_file.write_text("  7-Crossover Clockwork\nsecond line\n")
        ways = {
            "argument": dict(arguments=(CODE,)),
            "file": dict(arguments=("--code-file", code_file)),
            "standard input": dict(arguments=("--code-file", "-"), stdin=CODE + "\n"),
            "prompt": dict(arguments=(), stdin=CODE + "\n"),
            "environment": dict(arguments=(), env={"TALLOW_CODE": CODE}),
        }
        with relay() as hub:
            for name, way in ways.items():
                with self.subTest(name):
                    target = self.folder / name
                    sending = self.run_cli("send", "--relay", hub.address, "--json", "--code-file",
                                      code_file, file)
                    receiving = self.run_cli("receive", "--json", "--yes", "--out", target,
                                        *way["arguments"], stdin=way.get("stdin"),
                                        env={"TALLOW_RELAY": hub.address, **way.get("env", {})})
                    self.assert_done(sending, receiving)
                    self.assert_same(file, target=target)

    def test_existing_file_stays_as_it_was(self):
        file = self.source / "file.txt"
        file.write_text("new")
        self.target.mkdir()
        (self.target / "file.txt").write_text("old")
        with relay() as hub:
            sending = self.send(hub.address, file)
            receiving = self.receive(hub.address)
            done = receiving.event("done")
            self.assert_done(sending, receiving)
        self.assertEqual((self.target / "file.txt").read_text(), "old")
        self.assertEqual(done["paths"], [str(self.target / "file (2).txt")])
        self.assertEqual((self.target / "file (2).txt").read_text(), "new")

    def test_answers_at_the_prompt(self):
        file = self.source / "file"
        file.write_text("x")
        for answer, code, sender_code in (("y\n", 0, 0), ("n\n", 1, 5), ("\n", 1, 5), ("", 1, 5)):
            with self.subTest(answer), relay() as hub:
                target = self.folder / f"answer {answer.strip()} {code}"
                sending = self.send(hub.address, file)
                receiving = self.run_cli("receive", "--relay", hub.address, "--json", "--out", target,
                                    stdin=answer, env={"TALLOW_CODE": CODE})
                self.assertEqual(receiving.wait().code, code)
                self.assertEqual(sending.wait().code, sender_code)
                self.assertEqual((target / "file").exists(), code == 0)
                if code != 0:
                    self.assert_nothing_in(target)

    def test_relay_logs_no_address_code_or_room(self):
        file = self.source / "secret name"
        file.write_text("x")
        with relay("--log-level", "debug") as hub:
            sending = self.send(hub.address, file)
            self.assert_done(self.receive(hub.address), sending)
        log = "".join(hub.log)
        self.assertNotEqual(log, "")
        for word in ("127.0.0.1", "crossover", "clockwork", "secret", "7-"):
            self.assertNotIn(word, log.replace(hub.address, ""))


if __name__ == "__main__":
    unittest.main()
