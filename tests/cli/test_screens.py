"""A new user's first ten minutes: what they type, and all that they see. The screens are those of
docs/usage.md (TALLOW_WRITE_SCREENS=1 writes them there; then read them)."""
import contextlib
import os
import signal
import socket
import subprocess
import threading
import unittest

from harness import Dam, proxy, relay
from networks import make_net
from screens import ScreensTest

MEGABYTE = 1 << 20


@contextlib.contextmanager
def other_server(greeting):
    """Something that is no relay."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.sendall(greeting)
                        client.recv(4096)
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield "127.0.0.1:%d" % listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()


class TenMinutes(ScreensTest):
    def two(self, address, megabytes=16):
        ann, bob = self.person("ann", address), self.person("bob", address)
        (ann.home / "video.mp4").write_bytes(os.urandom(megabytes * MEGABYTE))
        return ann, bob

    def assert_same_video(self, ann, bob):
        sent, received = ((one.home / "video.mp4").read_bytes() for one in (ann, bob))
        self.assertEqual(sent, received)

    @contextlib.contextmanager
    def half_way(self):
        """Ann sends, Bob has agreed, and half of it has arrived."""
        dam = Dam(9 * MEGABYTE)
        with relay() as hub, proxy(hub.address, dam) as between:
            try:
                ann, bob = self.two(between.address)
                self.meet(ann, bob)
                bob.wait_for(r"\? \[y/N\]")
                bob.type("y")
                for one in (ann, bob):
                    one.wait_for(r"^ \d+ %  \d")
                yield ann, bob, dam
            finally:
                dam.is_open.set()

    def test_first_transfer(self):
        with relay() as hub:
            ann, bob = self.two(hub.address)
            self.meet(ann, bob)
            bob.wait_for(r"\? \[y/N\]")
            ann.wait_for("Waiting for the receiver's answer")
            bob.type("y")
            for one in (ann, bob):
                one.wait_for_end()
        self.show("first-ann", ann)
        self.show("first-bob", bob)
        self.assert_same_video(ann, bob)

    def test_without_a_relay(self):
        net = make_net("ann", "bob")
        self.addCleanup(net.close)
        net.join("ann", "192.168.1.7/24", "bob", "192.168.1.8/24")
        ann, bob = (self.person(name, inside=net.inside(name)) for name in ("ann", "bob"))
        (ann.home / "video.mp4").write_bytes(os.urandom(16 * MEGABYTE))
        self.meet(ann, bob)
        bob.wait_for(r"\? \[y/N\]")
        bob.type("y")
        for one in (ann, bob):
            one.wait_for_end()
        self.show("local-ann", ann)
        self.show("local-bob", bob)
        self.assert_same_video(ann, bob)

    def test_two_receivers(self):
        with relay() as hub:
            ann, bob = self.two(hub.address)
            carol = self.person("carol", hub.address)
            ann.type("tallow-cli send --count 2 video.mp4")
            code = ann.wait_for(r"^Code: (\S+)$")[1]
            self.stand_ins.append((code, "7-crossover-clockwork-zebra"))
            for number, one in enumerate((bob, carol), 1):
                ann.wait_for(f"^Receiver {number}: Waiting for")
                one.type("tallow-cli receive --yes")
                one.wait_for(r"^Code: ?$")
                one.type(code)
                one.wait_for_end()
            ann.wait_for_end()
        self.show("count-ann", ann)
        self.assert_same_video(ann, bob)
        self.assert_same_video(ann, carol)

    def test_wrong_code(self):
        with relay() as hub:
            ann, bob = self.two(hub.address)
            ann.type("tallow-cli send video.mp4")
            code = ann.wait_for(r"^Code: (\S+)$")[1]
            ann.wait_for("^Waiting for")
            bob.type("tallow-cli receive")
            bob.wait_for(r"^Code: ?$")
            wrong = code.split("-")[0] + "-crossover-clockwork"
            bob.type(wrong)
            for one in (ann, bob):
                one.wait_for_end()
        self.stand_ins += [(wrong, "7-crossover-clockwork"), (code, "7-crossover-clockwork-zebra")]
        self.show("wrong-code-ann", ann)
        self.show("wrong-code-bob", bob)
        self.assertFalse((bob.home / "video.mp4").exists())

    def test_no_room_on_the_disk(self):
        with relay() as hub:
            ann, bob = self.two(hub.address)
            small = bob.home / "small"
            small.mkdir()
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small],
                                     capture_output=True)
            if mounted.returncode != 0:
                self.skipTest("needs the right to mount a file system")
            self.addCleanup(subprocess.run, ["umount", small], check=True)
            self.meet(ann, bob, "tallow-cli receive --out small")
            for one in (ann, bob):
                one.wait_for_end()
        self.show("disk-full-ann", ann)
        self.show("disk-full-bob", bob)

    def test_the_sender_presses_ctrl_c(self):
        with self.half_way() as (ann, bob, dam):
            ann.press("C-c")
            for one in (ann, bob):
                one.wait_for_end()
        self.show("ctrl-c-ann", ann)
        self.show("ctrl-c-bob", bob)

    def test_the_receiver_presses_ctrl_c_and_both_resume(self):
        with self.half_way() as (ann, bob, dam):
            bob.press("C-c")
            for one in (ann, bob):
                one.wait_for_end()
            self.show("stopped-bob", bob)
            for one in (ann, bob):
                one.clear()
            dam.left = 1 << 40
            dam.is_open.set()
            ann.type("tallow-cli resume")
            ann.wait_for("^Waiting for")
            bob.type("tallow-cli resume")
            bob.wait_for(r"\? \[y/N\]")
            bob.type("y")
            for one in (ann, bob):
                one.wait_for_end()
        self.show("resume-ann", ann)
        self.show("resume-bob", bob)
        self.assert_same_video(ann, bob)

    def test_the_other_machine_falls_asleep(self):
        with self.half_way() as (ann, bob, dam):
            asleep = bob.pid()
            os.kill(asleep, signal.SIGSTOP)
            dam.left = 1 << 40
            dam.is_open.set()
            try:
                ann.wait_for(r"stalled \d+:\d\d")
                self.show("asleep-ann", ann)
            finally:
                os.kill(asleep, signal.SIGCONT)
            ann.wait_for_end()
            # His shell has noticed the stop, and asked for the next command then.
            bob.wait_for("^Received 1 item")
        self.assert_same_video(ann, bob)

    def test_no_relay_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = "127.0.0.1:%d" % taken.getsockname()[1]
        ann, _ = self.two(address, 1)
        ann.type("tallow-cli send video.mp4")
        ann.wait_for_end()
        self.show("relay-down-ann", ann)

    def test_something_else_listens(self):
        with other_server(b"SSH-2.0-OpenSSH_9.2p1\r\n") as address:
            ann, _ = self.two(address, 1)
            ann.type("tallow-cli send video.mp4")
            ann.wait_for_end()
        self.show("wrong-relay-ann", ann)

    def test_no_relay_is_named(self):
        ann = self.person("ann", "")
        ann.type("tallow-cli send video.mp4")
        ann.wait_for_end()
        self.assertIn("no relay", ann.screen)

    def test_the_name_is_taken(self):
        with relay() as hub:
            ann, bob = self.two(hub.address)
            (bob.home / "video.mp4").write_text("another one")
            self.meet(ann, bob)
            bob.wait_for(r"\? \[y/N\]")
            bob.type("y")
            bob.wait_for(r"for all\]")
            bob.type("r")
            for one in (ann, bob):
                one.wait_for_end()
        self.show("taken-bob", bob)
        self.assertEqual((bob.home / "video.mp4").read_text(), "another one")
        self.assertTrue((bob.home / "video (2).mp4").exists())


if __name__ == "__main__":
    unittest.main()
