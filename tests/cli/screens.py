"""Two people at their terminals, in tmux; and the screens of docs/usage.md, which are theirs."""
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

from harness import BIN, DEADLINE_S, TransferTest, clean_environment

USAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "usage.md"
COLUMNS, ROWS = 100, 40


class Person:
    """Somebody at a shell in a terminal of their own, with a home of their own."""

    def __init__(self, tmux, name, home, relay, inside):
        self.tmux, self.name, self.home = tmux, name, home
        home.mkdir()
        settings = [] if relay is None else [f"TALLOW_RELAY={relay}", "TALLOW_DIRECT=never"]
        shell = [*inside, "env", "-i", f"HOME={home}", f"PATH={BIN}:{os.environ['PATH']}", "PS1=$ ",
                 "LC_ALL=C.UTF-8", "TERM=screen", *settings, "HISTFILE=", "bash", "--noprofile",
                 "--norc"]
        tmux("new-session", "-d", "-s", name, "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(home),
             *shell)
        self.wait_for(r"^\$ ?$")

    @property
    def screen(self):
        """All that was shown, without what a line is filled up with."""
        shown = self.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", self.name)
        return "\n".join(line.rstrip() for line in shown.splitlines()).strip("\n")

    def wait_for(self, pattern):
        deadline = time.monotonic() + DEADLINE_S
        while not (found := re.search(pattern, self.screen, re.MULTILINE)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} never saw {pattern!r}:\n{self.screen}")
            time.sleep(0.02)  # tmux has nothing to wait on
        return found

    def type(self, line):
        """Types it, and presses Enter once it is there: so no prompt of before is taken for the next."""
        self.tmux("send-keys", "-t", self.name, "-l", line)
        self.wait_for(re.escape(line) + r"$")
        self.press("Enter")

    def press(self, key):
        self.tmux("send-keys", "-t", self.name, key)

    def wait_for_end(self):
        """Until the shell asks for the next command."""
        self.wait_for(r"^\$\Z")

    def clear(self):
        """Wipes the screen and all that has scrolled off."""
        self.type("clear")
        self.wait_for_end()
        self.tmux("clear-history", "-t", self.name)

    def pid(self):
        """Of the tallow-cli that runs there."""
        shell = self.tmux("list-panes", "-t", self.name, "-F", "#{pane_pid}").strip()
        children = pathlib.Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(children[0])


class ScreensTest(TransferTest):
    """Each test may show() screens, which have to stand in docs/usage.md as they are."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("tmux") is None:
            raise unittest.SkipTest("needs tmux")

    def setUp(self):
        super().setUp()
        self.socket = self.folder / "tmux"
        self.addCleanup(subprocess.run, ["tmux", "-S", self.socket, "kill-server"],
                        capture_output=True)
        self.stand_ins = []

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, "-f", "/dev/null", *arguments],
                              capture_output=True, text=True, env=clean_environment(TERM="xterm"))
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def person(self, name, relay=None, inside=()):
        """Who has named that relay, or none; in a network of the command `inside`, if there is one."""
        made = Person(self.tmux, name, self.folder / name, relay, inside)
        self.stand_ins.append((re.escape(str(made.home)), f"/home/{name}"))
        if relay is not None:
            self.stand_ins.append((re.escape(relay), "relay.example:9009"))
        return made

    def meet(self, sender, receiver, command="tallow-cli receive", what="video.mp4", code=None):
        """Until the receiver is asked whether it wants the offer."""
        sender.type(f"tallow-cli send {what}")
        made = sender.wait_for(r"^Code: (\S+)$")[1]
        receiver.type(command)
        receiver.wait_for(r"^Code: ?$")
        receiver.type(code or made)
        self.stand_ins.append((re.escape(made), "7-crossover-clockwork-zebra"))

    def quoted(self, screen):
        """A screen with what differs each time replaced by what might be there."""
        for pattern, instead in (*self.stand_ins,
                                 (r"\b[0-9a-f]{64}\b", "0f3b...b86e"),
                                 (r"(compare: )\S+", r"\1acorn-brisk-cedar-delta-ember-fable"),
                                 (r"\d+\.\d [KMGT]iB free", "12.3 GiB free"),
                                 (r"up to \d+\.\d MiB", "up to 8.4 MiB"),
                                 (r"\.tallow-[0-9a-f]+\.part", ".tallow-6f1c.part"),
                                 (r"\b[0-9a-f]{12}\b", "3a91c0ffee42"),
                                 (r" in \d+:\d\d, \d+\.\d [KMG]?i?B/s", ""),
                                 (r"\d+:\d\d left", "0:07 left"),
                                 (r"\d+\.\d [KMG]?i?B/s", "1.2 MiB/s"),
                                 (r"stalled \d+:\d\d", "stalled 0:05"),
                                 (r"\d+ %  \d+\.\d/", "52 %  8.4/")):
            screen = re.sub(pattern, instead, screen)
        return re.sub(r"\n\$\Z", "", screen)

    def show(self, name, person):
        """Compares a screen with its quotation, or writes it with TALLOW_WRITE_SCREENS=1."""
        screen = self.quoted(person.screen)
        text = USAGE.read_text(encoding="utf-8")
        found = re.search(rf"<!-- screen: {name} -->\n```\n(.*?)```\n", text, re.DOTALL)
        self.assertIsNotNone(found, f"docs/usage.md has no place for the screen {name}")
        if os.environ.get("TALLOW_WRITE_SCREENS"):
            USAGE.write_text(text[:found.start(1)] + screen + "\n" + text[found.end(1):],
                             encoding="utf-8")
            return
        self.assertEqual(found[1], screen + "\n")
