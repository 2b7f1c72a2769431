"""Passing a code on: --qr and --copy."""
import base64
import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import termios
import unittest

from harness import BIN, DEADLINE_S, TransferTest, clean_environment, relay

FAKE = """#!/bin/sh
# What it is called with, and what it is told.
printf '%s\\n' "$@" > "$SEEN.arguments"
tr '\\0' '\\n' < /proc/$$/environ > "$SEEN.environment"
cat > "$SEEN.input"
exit {exit_code}
"""


class ShareCodeTest(TransferTest):
    def setUp(self):
        super().setUp()
        (self.source / "file").write_text("x")

    def code_of(self, sending):
        return sending.event("code")["code"]

    def finish(self, hub, sending):
        receiving = self.receive(hub.address, code=self.code_of(sending))
        self.assert_done(receiving, sending)


class Copy(ShareCodeTest):
    def fake(self, name, exit_code=0):
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        program = tools / name
        program.write_text(FAKE.format(exit_code=exit_code))
        program.chmod(0o755)
        return {"PATH": f"{tools}:{os.environ['PATH']}", "SEEN": str(self.folder / name)}

    def seen(self, name, what):
        return (self.folder / f"{name}.{what}").read_text()

    def test_gives_it_to_the_desktops_program_and_to_nobody_else(self):
        for name, desktop in (("wl-copy", "WAYLAND_DISPLAY"), ("xclip", "DISPLAY")):
            with self.subTest(name), relay() as hub:
                env = {"WAYLAND_DISPLAY": "", "DISPLAY": "", **self.fake(name), desktop: "x"}
                sending = self.run_cli("send", "--relay", hub.address, "--json", "--copy", "--",
                                       self.source / "file", env=env)
                code = self.code_of(sending)
                self.finish(hub, sending)
                self.assertEqual(self.seen(name, "input"), code)
                for what in ("arguments", "environment"):
                    self.assertNotIn(code, self.seen(name, what))
                self.assertIn(f"in the clipboard, by {name}", sending.wait().err)

    def test_says_when_there_is_no_way(self):
        with relay() as hub:
            env = {"WAYLAND_DISPLAY": "x", "DISPLAY": "", "TERM": "dumb",
                   **self.fake("wl-copy", exit_code=1)}
            sending = self.run_cli("send", "--relay", hub.address, "--json", "--copy", "--",
                                   self.source / "file", env=env)
            self.finish(hub, sending)
        self.assertIn("not in the clipboard", sending.wait().err)

    def test_asks_the_terminal(self):
        terminal, inside = pty.openpty()
        self.addCleanup(os.close, terminal)
        env = clean_environment(TERM="xterm", WAYLAND_DISPLAY="", DISPLAY="",
                                XDG_STATE_HOME=str(self.folder / "state"))
        with relay() as hub:
            sending = subprocess.Popen(
                [BIN / "tallow-cli", "send", "--relay", hub.address, "--copy", "--",
                 self.source / "file"], env=env, stdin=inside, stdout=inside, stderr=inside,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(inside, termios.TIOCSCTTY, 0))
            self.addCleanup(sending.wait)
            self.addCleanup(sending.kill)
            os.close(inside)
            said = b""
            while not (asked := re.search(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", said)):
                self.assertTrue(select.select([terminal], [], [], DEADLINE_S)[0], said)
                said += os.read(terminal, 4096)
            code = base64.b64decode(asked[1]).decode()
            self.assertIn(f"Code: \x1b[1m{code}\x1b[0m\r\n".encode(), said)
            receiving = self.receive(hub.address, code=code)
            with self.assertRaises(OSError):  # it has ended
                while select.select([terminal], [], [], DEADLINE_S)[0]:
                    os.read(terminal, 4096)
            self.assert_done(receiving)
            self.assertEqual(sending.wait(DEADLINE_S), 0)


class Qr(ShareCodeTest):
    BLOCKS = {" ": (0, 0), "\u2580": (1, 0), "\u2584": (0, 1), "\u2588": (1, 1)}

    def modules(self, text):
        """The dark and light squares of what is shown."""
        rows = []
        for line in re.findall(r"\x1b\[30;47m(.*)\x1b\[0m", text):
            pairs = [self.BLOCKS[c] for c in line]
            rows += [[above for above, _ in pairs], [below for _, below in pairs]]
        return rows

    def shown(self):
        with relay() as hub:
            sending = self.run_cli("send", "--relay", hub.address, "--qr", "--",
                                   self.source / "file")
            with sending.changed:
                sending.changed.wait_for(lambda: b"type the code there" in sending.err
                                         and b"\x1b[0m\n\n" in sending.err, 60)
            code = re.search(r"Code: (\S+)", sending.err.decode())[1]
            self.assert_done(self.receive(hub.address, code=code))
            self.assertEqual(sending.wait().code, 0)
        return code, self.modules(sending.wait().err)

    def test_is_a_qr_code_with_its_margin(self):
        _, rows = self.shown()
        finder = [[1] * 7, [1, 0, 0, 0, 0, 0, 1], *[[1, 0, 1, 1, 1, 0, 1]] * 3,
                  [1, 0, 0, 0, 0, 0, 1], [1] * 7]
        width = len(rows[0])
        self.assertEqual((width - 4 - 17) % 4, 0)  # a version's size, and two on either side
        self.assertEqual([r[2:9] for r in rows[2:9]], finder)
        self.assertEqual([r[width - 9:width - 2] for r in rows[2:9]], finder)
        self.assertEqual({*rows[0], *rows[1], *(r[0] for r in rows), *(r[-1] for r in rows)}, {0})

    @unittest.skipUnless(shutil.which("zbarimg"), "there is no zbarimg")
    def test_is_read_by_others_as_the_code(self):
        code, rows = self.shown()
        scale = 6
        picture = pathlib.Path(self.folder, "code.pgm")
        pixels = b"".join(bytes(0 if m else 255 for m in row for _ in range(scale)) * scale
                          for row in rows)
        picture.write_bytes(b"P5 %d %d 255\n" % (len(rows[0]) * scale, len(rows) * scale) + pixels)
        read = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True,
                              check=True).stdout.strip()
        self.assertEqual(read, code)


if __name__ == "__main__":
    unittest.main()
