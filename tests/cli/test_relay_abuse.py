"""The operator's program that hears whom a relay refuses, and has somebody blocked."""
import json
import os
import signal
import time
import unittest
import urllib.request

from harness import DEADLINE_S, Dam, TransferTest, proxy
from test_relay import (BLOCKED, ERROR_REPORT, ROOM_JOINED, Client, join, run, running)
from test_relay_http import parsed

# Writes down what it is told, and answers each line with what the file `answer` says.
PROGRAM = """#!/bin/sh
cd "$(dirname "$0")"
echo $$ > pid
while read -r line; do
  echo "$line" >> told
  if [ -e answer ]; then cat answer; fi
done
echo end >> told
"""


class AbuseHook(TransferTest):
    def start(self, *arguments, program=PROGRAM):
        self.hook = self.folder / "hook"
        self.hook.write_text(program)
        self.hook.chmod(0o700)
        context = running("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
                          "--limit-loopback", "--connections-per-minute", "0",
                          "--abuse-hook", self.hook, *arguments)
        self.relay = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.relay.port()

    def until(self, holds):
        deadline = time.monotonic() + DEADLINE_S
        while not (found := holds()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        return found

    def told(self):
        file = self.folder / "told"
        return file.read_text().splitlines() if file.exists() else []

    def pid(self):
        """The program's; it runs, and has written that it does."""
        file = self.folder / "pid"
        return int(self.until(lambda: file.exists() and file.read_text()))

    def log(self):
        with open(f"/proc/{self.relay.process.pid}/fd/2", encoding="utf-8") as log:
            return log.read()

    def answer(self, source):
        """What a join is answered with: its type, and its first byte."""
        with Client(self.relay.port(), source=source) as client:
            kinds = client.send(join(os.urandom(16), b"s" * 16)).frames(until=ROOM_JOINED)
            return kinds[-1], client.body[0]

    def offend(self, source, times=1):
        for _ in range(times):
            with Client(self.relay.port(), source=source, plain=True) as client:
                client.send(b"SSH-2.0-OpenSSH_9.2\r\n").frames()

    def metric(self, name):
        with urllib.request.urlopen(f"http://{self.relay.http_address()}/metrics",
                                    timeout=DEADLINE_S) as answer:
            families = parsed(answer.read().decode())
        return families[name].samples[0][2]

    def test_hears_of_refusals_and_blocks_for_a_while(self):
        self.start()
        self.assertEqual(self.answer("127.0.0.2")[0], ROOM_JOINED)
        self.offend("127.0.0.2")
        line, = map(json.loads, self.until(self.told))
        self.assertEqual({k: v for k, v in line.items() if k != "id"},
                         {"source": "127.0.0.2", "what": "connection closed",
                          "why": "not_our_protocol"})
        # The same name as in the log, which has no address.
        self.assertIn("source " + line["id"], self.log())
        self.assertNotIn("127.0.0.2", self.log())

        answer = self.folder / "answer"
        (self.folder / "new").write_text('\nnonsense\n{"block":"127.0.0.2","seconds":2}\n')
        (self.folder / "new").rename(answer)
        self.offend("127.0.0.3")
        self.until(lambda: "blocked for 2 s" in self.log())
        begin = time.monotonic()
        self.assertEqual(self.answer("127.0.0.2"), (ERROR_REPORT, BLOCKED))
        self.assertEqual(self.answer("127.0.0.3")[0], ROOM_JOINED)
        self.assertIn("a line is not taken", self.log())
        self.assertEqual(self.metric("tallow_relay_abuse_blocks"), 1)
        # What is read again does not set anybody free,
        answer.unlink()
        self.relay.process.send_signal(signal.SIGHUP)
        self.until(lambda: "reload: " in self.log())
        self.assertEqual(self.answer("127.0.0.2"), (ERROR_REPORT, BLOCKED))
        # but time does.
        self.until(lambda: self.metric("tallow_relay_abuse_blocks") == 0)
        self.assertGreater(time.monotonic() - begin, 1.5)
        self.assertEqual(self.answer("127.0.0.2")[0], ROOM_JOINED)

    def test_one_that_does_not_read_holds_nobody_up(self):
        self.start(program="#!/bin/sh\nexec sleep 1000\n")
        self.addCleanup(lambda: self.relay.process.poll() is None and self.relay.process.kill())
        # A pipe takes 64 KiB, some 600 lines; and a thousand wait.
        for _ in range(40):
            self.offend("127.0.0.2", 50)
            if self.metric("tallow_relay_abuse_reports_dropped_total") > 0:
                break
        self.assertGreater(self.metric("tallow_relay_abuse_reports_dropped_total"), 0)
        self.assertEqual(self.answer("127.0.0.3")[0], ROOM_JOINED)

    def test_when_it_ends_the_relay_ends_in_order(self):
        self.start()
        address = self.relay.addresses()[0]
        file = self.source / "file"
        file.write_bytes(os.urandom(8 << 20))
        dam = Dam(2 << 20)
        with proxy(address, dam) as between:
            commands = (self.send(between.address, file, options=("--lanes", "1")),
                        self.receive(address))
            commands[1].event("progress")
            os.kill(self.pid(), signal.SIGKILL)
            self.until(lambda: "nobody new is served" in self.log())
            dam.is_open.set()
            # A transfer that runs comes to its end.
            self.assert_done(*commands)
        self.assert_same(file)
        self.assertEqual(self.relay.end(), 1)

    def test_waits_for_nobody_without_a_partner_when_it_ends(self):
        self.start("--drain-timeout", "30s")
        with Client(self.relay.port(), source="127.0.0.2") as stays:
            stays.send(join(b"r" * 16, b"a" * 16)).frames(until=ROOM_JOINED)
            os.kill(self.pid(), signal.SIGKILL)
            self.assertEqual(self.relay.end(), 1)

    def test_goes_on_without_it_if_that_was_asked_for(self):
        self.start("--abuse-hook-fail-open")
        os.kill(self.pid(), signal.SIGKILL)
        self.until(lambda: "goes on without it" in self.log())
        self.assertEqual(self.answer("127.0.0.2")[0], ROOM_JOINED)
        self.assertEqual(self.metric("tallow_relay_abuse_hook_up"), 0)
        self.assertEqual(self.relay.end(signal.SIGTERM), 0)

    def test_ends_with_the_relay_and_is_no_failure_then(self):
        self.start()
        pid = self.pid()
        # As a service manager does: both are told.
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(self.relay.end(signal.SIGTERM), 0)
        for name in ("pid", "told"):
            (self.folder / name).unlink(missing_ok=True)
        self.start()
        self.pid()
        self.assertEqual(self.relay.end(signal.SIGTERM), 0)
        self.until(lambda: self.told() == ["end"])

    def test_has_to_be_a_program(self):
        file = self.folder / "file"
        file.write_text("no program")
        for wrong in (self.folder / "missing", file):
            done = run("--listen", "127.0.0.1:0", "--http-listen", "off", "--abuse-hook", wrong)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"abuse-hook: {wrong}: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
