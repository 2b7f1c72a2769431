"""What programs read: events against their schema (harness.py checks every line of every test), and
the log file."""
import os
import pathlib
import re
import unittest

from event_schema import problems_of_lines
from harness import TransferTest, relay

VERSION = '{"command":"send","event":"version","program":"tallow-cli","schema":1,"version":"1"}'
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ tallow-cli\[\d+\] \w+( \w+=(\d+|true|false|\"[^\"]*\"))*$")


class Schema(unittest.TestCase):
    def test_notices_what_is_wrong(self):
        for line, what in (('{"event":"kept","bytes":-1}', "below"),
                           ('{"event":"kept","bytes":"1"}', "no integer"),
                           ('{"event":"kept","bytes":true}', "no integer"),
                           ('{"event":"kept"}', "has no bytes"),
                           ('{"event":"kept","bytes":1,"more":1}', "more, which is not documented"),
                           ('{"event":"unheard"}', "is not documented"),
                           (VERSION, "version has to be the first"),
                           ('{"event":"text","text":"\u00e9"}', "ASCII"),
                           ('{"event":"relay_key_new","key":"12","stored":true}', "does not match"),
                           ('{"event":"sessions","sessions":[{}]}', "has no id")):
            with self.subTest(line):
                self.assertIn(what, "\n".join(problems_of_lines([VERSION, line])))
        self.assertEqual(problems_of_lines([VERSION, '{"event":"kept","bytes":1}']), [])
        self.assertNotEqual(problems_of_lines(['{"event":"kept","bytes":1}']), [])


class Events(TransferTest):
    def test_the_version_is_told_first_and_the_end_last(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            sending, receiving = self.send(hub.address, file), self.receive(hub.address)
            self.assert_done(sending, receiving)
        for finished, command in ((sending.wait(), "send"), (receiving.wait(), "receive"),
                                  (self.send("127.0.0.1:1", self.source / "absent").wait(), "send"),
                                  (self.run_cli("resume", "--json").wait(), "resume"),
                                  (self.run_cli("bench", "--json", "--size", "1").wait(), "bench")):
            with self.subTest(command):
                first, last = finished.events[0], finished.events[-1]
                self.assertEqual((first["event"], first["schema"], first["command"]),
                                 ("version", 1, command))
                if command != "bench":
                    self.assertEqual(last["event"], "done" if finished.code == 0 else "error")
                if last["event"] == "error":
                    self.assertEqual(last["exit"], finished.code)
                    self.assertTrue(last["message"] and last["advice"])

    def test_progress_tells_what_a_person_sees(self):
        file = self.source / "file"
        with file.open("wb") as out:
            out.truncate(4 << 30)
        with relay() as hub:
            sending, receiving = self.send(hub.address, file), self.receive(hub.address)
            self.assert_done(sending, receiving)
        last = sending.wait().event("progress")[-1]
        self.assertEqual((last["total"], last["items_total"], last["path"]), (4 << 30, 1, "relay"))
        self.assertLessEqual(last["lanes"], 2)

    def test_whose_side_an_error_is_on(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            receiving = self.receive(hub.address)
            receiving.event("waiting")
            # What is wrong from the beginning would be told before they meet.
            self.target.rmdir()
            self.target.write_text("in the way")
            sending = self.send(hub.address, file)
            self.assertEqual(sending.wait().event("error")[0]["side"], "peer")
            self.assertEqual(receiving.wait().event("error")[0]["side"], "here")
            sending = self.send(hub.address, file)
            self.target.unlink()
            wrong = self.receive(hub.address, code="7-crossover-marmalade").wait()
            self.assertEqual(wrong.event("error")[0]["side"], "either")
            sending.wait()
        gone = self.receive(hub.address).wait()
        self.assertEqual(gone.event("error")[0]["side"], "network")
        self.assertIn(", on the way to the relay", gone.err)


class LogFile(TransferTest):
    def lines(self, log):
        lines = log.read_text().splitlines()
        for line in lines:
            self.assertRegex(line, LOG_LINE)
        return [line.split("] ", 1)[1] for line in lines]

    def test_tells_what_happened_and_no_secret(self):
        file = self.source / "a name"
        file.write_text("x")
        sent, received = self.folder / "sent.log", self.folder / "received.log"
        with relay() as hub:
            # Of words that no log has anyway.
            code = "7-zebra-walnut-yellow"
            sending = self.send(hub.address, file, code=code, options=("--log-file", sent))
            sending.event("waiting")
            receiving = self.receive(hub.address, code=code, options=("--log-file", received))
            self.assert_done(sending, receiving)
            words = sending.wait().event("secured")[0]["words"]
            key = sending.wait().event("relay_key_new")[0]["key"]
            # A wrong code: an error, behind what is there.
            again = self.send(hub.address, file)
            self.assertEqual(self.receive(hub.address, code="7-crossover-marmalade",
                                          options=("--log-file", received)).wait().code, 3)
            again.wait()
        self.assertEqual(self.lines(sent), [
            'version program="tallow-cli" version="0.1.0" command="send"',
            "relay_key_new stored=true", "code", "waiting", "secured", "done entries=1 bytes=1 declined_count=0"])
        self.assertIn("done entries=1 bytes=1 declined_count=0", self.lines(received))
        self.assertIn('error code="authentication_failed" side="either" exit=3',
                      self.lines(received)[-1])
        for log in (sent, received):
            self.assertEqual(log.stat().st_mode & 0o777, 0o600)
            text = log.read_text()
            for secret in (code, *code.split("-")[1:], words, key):
                self.assertNotIn(secret, text)

    def test_one_that_cannot_be_opened_ends_it_before_it_begins(self):
        file = self.source / "file"
        file.write_text("x")
        os.mkfifo(self.folder / "pipe")
        for log in (self.folder / "no" / "such", self.folder, self.folder / "pipe"):
            with self.subTest(log=log):
                finished = self.send("127.0.0.1:1", file, options=("--log-file", log)).wait()
                self.assertEqual(finished.code, 6, finished.err)
                self.assertIn(f"the log file {log} cannot be opened", finished.err)
                self.assertEqual([e["event"] for e in finished.events], ["version", "error"])

    def test_one_that_fills_up_stops_nothing(self):
        if not pathlib.Path("/dev/full").exists():
            self.skipTest("needs /dev/full")
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            sending = self.send(hub.address, file, options=("--log-file", "/dev/full"))
            self.assert_done(sending, self.receive(hub.address))
        self.assertEqual(sending.wait().err.count("cannot be written any more"), 1)


if __name__ == "__main__":
    unittest.main()
