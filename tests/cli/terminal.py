"""tallow-cli at a terminal: a pseudo-terminal, and what a person sees on it."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
import unicodedata

from harness import BIN, DEADLINE_S, clean_environment

CONTROL = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


class Screen:
    """The lines that a terminal shows, for the few controls that tallow-cli uses. Lines that wrap
    are noted."""

    def __init__(self, columns):
        self.columns, self.lines, self.at, self.wrapped = columns, [[]], 0, []

    def feed(self, text):
        while text:
            control = CONTROL.match(text)
            if control:
                text = text[control.end():]
                self._obey(control[2], control[1])
                continue
            char, text = text[0], text[1:]
            if char == "\r":
                self.at = 0
            elif char == "\n":
                self.lines.append([])
            elif char == "\b":
                self.at = max(0, self.at - 1)
            elif char == "\a" or ord(char) < 32:
                raise AssertionError(f"a control character on the screen: {char!r}")
            else:
                self._put(char)

    def _obey(self, letter, number):
        line = self.lines[-1]
        if letter == "C":
            self.at += int(number or 1)
        elif letter == "K":
            del line[self.at:]
        elif letter != "m":
            raise AssertionError(f"an unknown control: {letter!r}")

    def _put(self, char):
        line = self.lines[-1]
        width = 0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        if self.at + width > self.columns:
            self.wrapped.append("".join(line))
            self.lines.append([])
            self.at, line = 0, self.lines[-1]
        line += [" "] * (self.at + width - len(line))
        if width:
            line[self.at:self.at + width] = [char] + [""] * (width - 1)
        self.at += width

    @property
    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)

    @property
    def last_line(self):
        return "".join(self.lines[-1]).rstrip()


class AtTerminal:
    """tallow-cli whose standard error (and standard input, if wanted) is a terminal."""

    def __init__(self, *arguments, columns=80, env=None, stdin=False, stdout=subprocess.DEVNULL):
        self.master, self.slave = pty.openpty()
        self.screen, self.raw = Screen(columns), ""
        self.changed = threading.Condition()
        self.reader = None
        self.resize(columns)
        self.settings_before = termios.tcgetattr(self.slave)
        environment = clean_environment(**{"TERM": "xterm", **(env or {})})
        self.process = subprocess.Popen(
            [BIN / "tallow-cli", *map(os.fspath, arguments)], env=environment, stdout=stdout,
            stdin=self.slave if stdin else subprocess.DEVNULL, stderr=self.slave)

    def start_reading(self):
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def _read(self):
        rest = b""
        while True:
            try:
                got = os.read(self.master, 65536)
            except OSError:  # nobody has the terminal any more
                break
            if not got:
                break
            rest += got
            whole = rest.decode("utf-8", "ignore")
            if rest.endswith(whole[-1:].encode()):
                # An escape sequence may have come in part.
                cut = whole.rfind("\x1b")
                if cut >= 0 and not CONTROL.match(whole[cut:]):
                    whole = whole[:cut]
                rest = rest[len(whole.encode()):]
                with self.changed:
                    self.raw += whole
                    self.screen.feed(whole)
                    self.changed.notify_all()

    def resize(self, columns):
        with self.changed:
            self.screen.columns = columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def wait_for(self, seen, what="", timeout=DEADLINE_S):
        """Until seen(screen) is true; returns what it returned."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not (found := seen(self.screen)):
                if not self.changed.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"never seen: {what}\n{self.screen.text}")
        return found

    def wait_for_text(self, text):
        return self.wait_for(lambda screen: text in screen.text, text)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.slave is not None:
            os.close(self.slave)
            self.slave = None
            if self.reader:
                self.reader.join()
            os.close(self.master)

    def wait(self, timeout=DEADLINE_S):
        try:
            self.process.wait(timeout)
        finally:
            self.end()
        return self.process.returncode
