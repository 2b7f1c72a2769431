"""tallow-fuzz peer: what a hostile sender or receiver does to tallow-cli."""
import os
import pathlib
import re
import subprocess
import unittest

import harness

BIN = pathlib.Path(os.environ["TALLOW_BIN_DIR"])
CODE = "7-crossover-clockwork-zebra"

def fuzz(*arguments, code=CODE):
    environment = harness.clean_environment(**({"TALLOW_CODE": code} if code else {}))
    return subprocess.run([BIN / "tallow-fuzz", "peer", *map(os.fspath, arguments)], text=True,
                          capture_output=True, timeout=120, check=False, env=environment)


def attacks(on):
    """Their names, each with a code of its own: one room does not see two of them."""
    listed = fuzz("--attack", "list").stdout
    names = re.findall(rf"^(\S+) +on {on}: ", listed, re.MULTILINE)
    return [(name, f"{number}-crossover-clockwork-zebra") for number, name in enumerate(names, 1)]


def must_end(name):
    """Most have to. After these it may still wait for what is missing."""
    return name not in ("chunk-twice", "end-early")


class Attacks(harness.TransferTest):
    def endure(self, relay, name, code, victim):
        done = fuzz("--attack", name, relay, "--patience", "20" if must_end(name) else "1",
                    code=code)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        finished = victim.wait()
        self.assertIn(finished.code, (3, 4, 5), finished.out + finished.err)
        self.assertEqual(len(finished.event("error")), 1, finished.out)

    def test_on_receivers_leave_nothing(self):
        names = attacks("receivers")
        self.assertGreater(len(names), 35)
        with harness.relay() as hub:
            for name, code in names:
                with self.subTest(name):
                    target = self.folder / name / "below" / "target"
                    target.mkdir(parents=True)
                    receiver = self.receive(hub.address, code, target, ("--outage", "0"))
                    self.endure(hub.address, name, code, receiver)
                    self.assert_no_final_name_in(target)
                    around = [p.name for p in (self.folder / name).rglob("*")
                              if target not in p.parents and p != target]
                    self.assertEqual(around, ["below"])

    def test_on_senders_end(self):
        names = attacks("senders")
        self.assertGreater(len(names), 10)
        source = self.source / "file"
        source.write_bytes(os.urandom(100_000))
        with harness.relay() as hub:
            for name, code in names:
                with self.subTest(name):
                    sender = self.send(hub.address, source, code=code, options=("--outage", "0"))
                    self.endure(hub.address, name, code, sender)


class Usage(unittest.TestCase):
    def test_somebody_who_should_end_and_does_not_is_told(self):
        # Another hostile peer keeps the first one company, and sends nothing that ends it.
        with harness.relay() as hub:
            other = subprocess.Popen([BIN / "tallow-fuzz", "peer", "--attack", "chunk-twice",
                                      hub.address, "--patience", "60"],
                                     env=harness.clean_environment(TALLOW_CODE=CODE),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
            done = fuzz("--attack", "receiver-lanes", hub.address, "--patience", "1")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("receiver-lanes: violated: it goes on", done.stdout)

    def test_wrong_use(self):
        with harness.relay() as hub:
            for arguments, code in (((), CODE), (("--attack", "bake", hub.address), CODE),
                                    (("--attack", "chunk-twice"), CODE),
                                    (("--attack", "chunk-twice", hub.address), None),
                                    (("--attack", "chunk-twice", hub.address), "no code"),
                                    (("--attack", "chunk-twice", "192.0.2.1:9009"), CODE)):
                with self.subTest(arguments=arguments, code=code):
                    self.assertEqual(fuzz(*arguments, code=code).returncode, 2)

    def test_nobody_comes(self):
        with harness.relay() as hub:
            done = fuzz("--attack", "chunk-twice", hub.address, "--wait", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nobody with this code came", done.stderr)


if __name__ == "__main__":
    unittest.main()
