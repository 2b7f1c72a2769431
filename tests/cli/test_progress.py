"""What people see while something is sent: on terminals of every width, and on none."""
import os
import re
import signal
import subprocess
import termios
import time
import unittest

from harness import CODE, Dam, TransferTest, proxy, relay
from terminal import AtTerminal


class ProgressTest(TransferTest):
    def at_terminal(self, *arguments, reading=True, env=None, **options):
        shown = AtTerminal(*arguments, env={"XDG_STATE_HOME": str(self.folder / "shown"),
                                            "TALLOW_CODE": CODE, **(env or {})}, **options)
        self.addCleanup(shown.end)
        return shown.start_reading() if reading else shown

    def held(self, count, megabytes=16):
        """A file, and a dam that holds it up after `count` bytes."""
        file = self.source / "file"
        file.write_bytes(os.urandom(megabytes << 20))
        dam = Dam(count)
        self.addCleanup(dam.is_open.set)
        return file, dam


    def assert_never_wrapped(self, shown):
        """No progress line; other lines may be longer than the terminal is wide."""
        self.assertEqual([line for line in shown.screen.wrapped if " %" in line], [])


class OnATerminal(ProgressTest):
    def test_one_line_that_says_how_far_how_fast_and_which_way(self):
        file, dam = self.held(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            sending = self.at_terminal("send", "--relay", between.address, file, columns=100)
            sending.wait_for_text("Waiting for the other side")
            receiving = self.receive(hub.address)
            line = sending.wait_for(
                lambda s: "stalled" in s.last_line and s.last_line, "that it does not move")
            self.assertRegex(line, r"^ \d\d %  \d+\.\d/16\.0 MiB  stalled 0:0\d  2 lanes by relay$")
            dam.is_open.set()
            sending.wait_for_text("Sent 1 item, 16.0 MiB")
            self.assertEqual(sending.wait(), 0)
            self.assert_done(receiving)
        # What was drawn is gone, and the other lines stand by themselves.
        self.assertNotIn(" %", sending.screen.text)
        self.assertIn("\nWaiting for the other side ...\n", "\n" + sending.screen.text)
        self.assert_never_wrapped(sending)

    def test_draws_seldom_and_only_what_changed(self):
        file, dam = self.held(4 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            sending = self.at_terminal("send", "--relay", between.address, file)
            receiving = self.receive(hub.address)
            sending.wait_for(lambda s: "stalled" in s.last_line)
            before, start = len(sending.raw), time.monotonic()
            sending.wait_for(lambda s: re.search(r"stalled 0:(0[6-9]|\d\d)", s.last_line))
            drawn, took = sending.raw[before:], time.monotonic() - start
            dam.is_open.set()
            self.assertEqual(sending.wait(), 0)
            self.assert_done(receiving)
        self.assertLess(drawn.count("\r"), 10 * took + 2)
        self.assertLess(len(drawn), 60 * (took + 1), drawn)  # of 70 columns, five times a second

    def test_narrow_terminals_and_resizing(self):
        file, dam = self.held(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            sending = self.at_terminal("send", "--relay", between.address, file, columns=20)
            receiving = self.receive(hub.address)
            line = sending.wait_for(lambda s: "stalled" in s.last_line and s.last_line)
            self.assertRegex(line, r"^ \d\d %  stalled 0:\d\d$")
            self.assertLess(len(line), 20)
            sending.resize(90)
            sending.wait_for(lambda s: "2 lanes by relay" in s.last_line, "more, as there is room")
            sending.resize(30)
            sending.wait_for(lambda s: "%" in s.last_line and len(s.last_line) < 30, "less again")
            dam.is_open.set()
            self.assertEqual(sending.wait(), 0)
            self.assert_done(receiving)

    def test_many_files_are_counted_and_named_and_no_name_does_harm(self):
        tree = self.source / "\u5199\u771f \x1b[2J"
        tree.mkdir()
        for i in range(20):
            (tree / f"{i:02}-\u5199\u771f-\x1b]0;title\x07-\u202e.bin").write_bytes(os.urandom(1 << 20))
        dam = Dam(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            self.addCleanup(dam.is_open.set)
            sending = self.at_terminal("send", "--relay", between.address, tree, columns=120)
            receiving = self.receive(hub.address)
            line = sending.wait_for(lambda s: "stalled" in s.last_line and s.last_line)
            self.assertRegex(line, r"  \d+/21 items  ")
            self.assertIn("\\x07-\\u{202e}.bin", line)
            sending.resize(80)
            sending.wait_for(lambda s: "..." in s.last_line, "the name, cut")
            dam.is_open.set()
            self.assertEqual(sending.wait(), 0)
            self.assert_done(receiving)
        self.assert_never_wrapped(sending)
        self.assertNotIn("\x1b]", sending.raw)

    def test_questions_stand_by_themselves(self):
        file, dam = self.held(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            sending = self.send(between.address, file)
            receiving = self.at_terminal("receive", "--relay", hub.address, "--out", self.target,
                                         stdin=True)
            receiving.wait_for(lambda s: s.last_line.endswith("? [y/N]"), "the question")
            receiving.type("y\n")
            receiving.wait_for(lambda s: "stalled" in s.last_line)
            dam.is_open.set()
            self.assertEqual(receiving.wait(), 0)
            self.assert_done(sending)
        self.assertRegex(receiving.screen.text, r"\nReceive into \S+ \(.* free\)\? \[y/N\] y\nReceived 1 item, ")

    def test_a_question_is_asked_again_under_what_is_said(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub, proxy(hub.address) as between:
            sending = self.send(hub.address, file)
            receiving = self.at_terminal("receive", "--relay", between.address, "--out",
                                         self.target, stdin=True)
            receiving.wait_for(lambda s: s.last_line.endswith("? [y/N]"), "the question")
            between.cut()
            receiving.wait_for(lambda s: s.last_line.endswith("? [y/N]") and
                               "Connected again; going on." in s.text, "the question again")
            receiving.type("y\n")
            self.assertEqual(receiving.wait(), 0)
            self.assert_done(sending)
        self.assertRegex(receiving.screen.text,
                         r"\? \[y/N\]\nThe connection is lost .*\n(?s:.*)"
                         r"\nConnected again; going on.\nReceive into .*\? \[y/N\] y\n")

    def test_a_terminal_that_stands_still_stops_nothing(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(16 << 20))
        with relay() as hub:
            sending = self.at_terminal("send", "--relay", hub.address, file, reading=False)
            termios.tcflow(sending.slave, termios.TCOOFF)  # as Ctrl-S does
            receiving = self.receive(hub.address)
            self.assert_done(receiving)
            # It is done, and has the last word still to say.
            self.assertIsNone(sending.process.poll())
            termios.tcflow(sending.slave, termios.TCOON)
            sending.start_reading()
            sending.wait_for_text("Sent 1 item, 16.0 MiB")
            self.assertEqual(sending.wait(), 0)

    def test_a_terminal_that_stands_still_keeps_nobody_who_wants_to_go(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(1 << 20))
        with relay() as hub:
            sending = self.at_terminal("send", "--relay", hub.address, file, reading=False)
            termios.tcflow(sending.slave, termios.TCOOFF)
            self.assert_done(self.receive(hub.address))
            sending.process.send_signal(signal.SIGTERM)
            self.assertIn(sending.wait(), (0, 130))

    def test_colours_unless_somebody_minds(self):
        for env, coloured in (({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)):
            with self.subTest(env):
                refused = self.at_terminal("send", "--relay", "127.0.0.1:1", self.source / "absent",
                                           env=env)
                refused.wait_for_text("no such file")
                self.assertEqual(refused.wait(), 6)
                self.assertEqual("\x1b[31m" in refused.raw, coloured)
                self.assertEqual("\x1b[" in refused.raw, coloured)


class OnNoTerminal(ProgressTest):
    def test_lines_and_nothing_that_draws(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(16 << 20))
        with relay() as hub:
            sending, receiving = self.send(hub.address, file), self.receive(hub.address)
            self.assert_done(sending, receiving)
        for said in (sending.wait().err, receiving.wait().err):
            self.assertNotIn("\r", said)
            self.assertNotIn("\x1b", said)
        self.assertIn("Sent 1 item, 16.0 MiB", sending.wait().err)

    def test_a_dumb_terminal_gets_lines_too(self):
        file, dam = self.held(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            sending = self.at_terminal("send", "--relay", between.address, file,
                                       env={"TERM": "dumb"})
            receiving = self.receive(hub.address)
            receiving.event("progress")
            dam.is_open.set()
            sending.wait_for_text("Sent 1 item")
            self.assertEqual(sending.wait(), 0)
            self.assert_done(receiving)
        self.assertNotIn("\x1b", sending.raw)

    def test_quiet_is_the_code_and_errors(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            sending = self.run_cli("send", "--relay", hub.address, "--json", "--quiet", file)
            code = sending.event("code")["code"]
            receiving = self.receive(hub.address, code=code, options=("--quiet",))
            self.assert_done(sending, receiving)
            self.assertEqual(sending.wait().err, f"Code: {code}\n")
            self.assertEqual(receiving.wait().err, "")
            again = self.send(hub.address, file)
            wrong = self.receive(hub.address, code="7-crossover-marmalade", options=("--quiet",)).wait()
            self.assertEqual((wrong.code, again.wait().code), (3, 3))
        self.assertTrue(wrong.err.startswith("tallow-cli: "), wrong.err)

    def test_quiet_shows_what_is_to_be_agreed_to(self):
        file = self.source / "file"
        file.write_text("x")
        with relay() as hub:
            sending = self.send(hub.address, file)
            receiving = self.run_cli("receive", "--relay", hub.address, "--quiet", "--out",
                                     self.target, stdin="y\n", env={"TALLOW_CODE": CODE})
            self.assertEqual(receiving.wait().code, 0)
            self.assert_done(sending)
        self.assertRegex(receiving.wait().err,
                         r"^Offered: 1 file, 1 B\n  file\nReceive into \S+ \(.* free\)\? \[y/N\] \n$")

    def test_programs_that_do_not_read_stop_nothing(self):
        file = self.source / "file"
        file.write_bytes(os.urandom(16 << 20))
        with relay() as hub:
            read, write = os.pipe()
            os.set_blocking(write, False)
            try:
                while True:
                    os.write(write, b" " * 65536)
            except BlockingIOError:
                os.set_blocking(write, True)
            sending = self.at_terminal("send", "--json", "--relay", hub.address, file, stdout=write)
            os.close(write)
            self.assert_done(self.receive(hub.address))
            with os.fdopen(read) as events:
                said = events.read().split()
            self.assertEqual(sending.wait(), 0)
        for event in ("secured", "done"):
            self.assertTrue(any(f'"event":"{event}"' in one for one in said), said)


if __name__ == "__main__":
    unittest.main()
