"""The code, typed at a terminal: words are completed, and the terminal is left as it was."""
import termios
import unittest

from harness import CODE, TransferTest, relay
from terminal import AtTerminal


class CodePrompt(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_text("x")

    def receiving(self, address):
        made = AtTerminal("receive", "--relay", address, "--out", self.target, "--yes", stdin=True,
                          env={"XDG_STATE_HOME": str(self.folder / "state")})
        self.addCleanup(made.end)
        made.start_reading().wait_for_text("Code:")
        self.assertFalse(termios.tcgetattr(made.slave)[3] & termios.ECHO)
        return made

    def test_tab_completes_words(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file, code="7-cross-clock-zebra")
            receiving = self.receiving(hub.address)
            for keys, seen in (("7-cro", "Code: 7-cro"), ("s\t", "Code: 7-cross-"),
                               ("xx", "Code: 7-cross-xx"), ("\x17", "Code: 7-cross-"),
                               ("clock\t", "Code: 7-cross-clock-"),
                               ("zeb\t", "Code: 7-cross-clock-zebra-")):
                receiving.type(keys)
                receiving.wait_for(lambda s: s.last_line == seen, seen)
            receiving.type("\n")
            self.assert_done(sending)
            after = termios.tcgetattr(receiving.slave)
            self.assertEqual(receiving.process.wait(60), 0)
            self.assertEqual(after, receiving.settings_before)
        self.assert_same(self.file)

    def test_words_that_may_be_meant_are_listed(self):
        with relay() as hub:
            receiving = self.receiving(hub.address)
            receiving.type("7-clo\t")
            receiving.wait_for(lambda s: "\nclock  clog  close  cloth  cloud  clown\n" in s.text and s.last_line == "Code: 7-clo")

    def test_ctrl_c_leaves_the_terminal_as_it_was(self):
        with relay() as hub:
            receiving = self.receiving(hub.address)
            receiving.type("7-cr")
            receiving.process.send_signal(2)
            self.assertEqual(receiving.process.wait(60), 130)
            self.assertEqual(termios.tcgetattr(receiving.slave), receiving.settings_before)

    def test_what_a_person_types_is_kept_nowhere(self):
        with relay() as hub:
            receiving = self.receiving(hub.address)
            receiving.type(CODE + "\n")
            receiving.wait_for_text("Waiting")
            for name in ("cmdline", "environ"):
                with open(f"/proc/{receiving.process.pid}/{name}", "rb") as shown:
                    self.assertNotIn(b"crossover", shown.read())
            receiving.process.send_signal(2)
            self.assertEqual(receiving.process.wait(60), 130)
        kept = [p for p in (self.folder / "state").rglob("*") if p.is_file()]
        self.assertGreater(len(kept), 0)
        for one in kept:
            self.assertNotIn(b"crossover", one.read_bytes(), one)

    def test_what_a_person_types_is_a_code_like_any_other(self):
        with relay() as hub:
            sending = self.send(hub.address, self.file)
            receiving = self.receiving(hub.address)
            receiving.type(CODE.replace("-", " ").upper() + "\n")
            self.assert_done(sending)
            self.assertEqual(receiving.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
