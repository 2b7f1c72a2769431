"""A relay under attack, and pairs that transfer something meanwhile: nothing may happen to them."""
import hashlib
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

from harness import IS_SANITIZED
from test_relay import (DEADLINE_S, HELLO, READY, RELAY, ROOM_JOINED, PEER_JOINED, Client, frame,
                        join)
from test_relay_lifecycle import PASS_ON

PEER_LEFT, PEER, ROOM_CONFIRM, LANE_REQUEST = 0x08, 0x09, 0x0A, 0x0B
LANE_TICKETS, LANE_OPEN, CLOSE = 0x0C, 0x0D, 0x13
IS_NIGHTLY = "TALLOW_NIGHTLY" in os.environ


def slice_of(data):
    """A PEER frame of stream 1."""
    count = b""
    left = len(data)
    while left > 0x7F:
        count += bytes([left & 0x7F | 0x80])
        left >>= 7
    return frame(PEER, b"\x01" + count + bytes([left]) + data)


def reset(plain):
    """Ends a connection as a machine does that has forgotten it."""
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()


def room_number(number):
    return hashlib.sha256(b"room %d" % number).digest()[:16]


class Pair:
    """Two in a room; the first was there first."""

    def __init__(self, relay, number, goes_live=True, **options):
        self.room = room_number(number)
        self.first = Client(relay.port, **options)
        self.second = Client(relay.port, **options)
        for client in (self.first, self.second):
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.first.send(join(self.room, b"first".ljust(16))).frames(until=ROOM_JOINED)
        self.second.send(join(self.room, b"second".ljust(16))).frames(until=ROOM_JOINED)
        self.first.frames(until=PEER_JOINED)
        if goes_live:
            self.first.send(frame(ROOM_CONFIRM))
            # It is live when something has come through behind that.
            self.say(self.first, self.second, b"live")

    @staticmethod
    def say(one, other, data):
        one.send(slice_of(data))
        assert PEER in other.frames(until=PEER), "the connection has ended"
        assert other.body.endswith(data), "other bytes than were sent"

    def tickets(self, of, count=1):
        assert LANE_TICKETS in of.send(frame(LANE_REQUEST, bytes([count]))).frames(LANE_TICKETS)
        return [of.body[1 + 32 * i:33 + 32 * i] for i in range(count)]

    def lane(self, relay):
        """Both ends of one."""
        ends = []
        for of in (self.first, self.second):
            ends.append(socket.create_connection(("127.0.0.1", relay.port), DEADLINE_S))
            ends[-1].sendall(frame(LANE_OPEN, b"\x00" + self.tickets(of)[0]))
        return ends

    def close(self):
        self.first.socket.close()
        self.second.socket.close()


class AttackedRelay:
    """A relay as a process of its own, with bystanders. Use it by `with`: at the end nothing may be
    left of whoever else was there."""

    def __init__(self, *arguments, pairs=5, files_max=None, listener=None, env=None, log=None):
        self.arguments, self.pairs_wanted, self.listener = arguments, pairs, listener
        self.files_max, self.env, self.log_to = files_max, env or {}, log
        self.leaves_rooms = False

    def __enter__(self):
        self.state = tempfile.TemporaryDirectory()
        self.log = self.log_to or tempfile.TemporaryFile("w+")
        command = [RELAY, "--http-listen", self._free_address(), *self.arguments]
        self.http = command[2]
        passed = ()
        if self.listener:
            passed = (self.listener.fileno(),)
            command = [sys.executable, "-c", PASS_ON, str(passed[0]), *command]
            self.env["LISTEN_FDS"] = "1"
        else:
            command += ["--listen", "127.0.0.1:0"]
        if self.files_max:
            command = ["sh", "-c", f'ulimit -n {self.files_max}; exec "$0" "$@"', *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, pass_fds=passed,
                                        env={**os.environ, "XDG_STATE_HOME": self.state.name,
                                             **self.env})
        line = self.process.stdout.readline()
        assert line.startswith(READY), line
        self.port = int(line.rsplit(":", 1)[1])
        # No test has numbers below 0 for rooms of its own.
        self.bystanders = [Pair(self, -1 - i) for i in range(self.pairs_wanted)]
        self.round = 0
        self.talk()
        self.page("/metrics")  # what the first request makes is there to stay
        self.files_before = self.files()
        self.memory_before = self.metric("process_resident_memory_bytes")
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                self.expect_alone()
        finally:
            for pair in self.bystanders:
                pair.close()
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.log.close()
            self.state.cleanup()

    @staticmethod
    def _free_address():
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return "127.0.0.1:%d" % taken.getsockname()[1]

    def page(self, path, timeout=DEADLINE_S):
        with urllib.request.urlopen(f"http://{self.http}{path}", timeout=timeout) as answer:
            return answer.read().decode()

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)$", self.page("/metrics"), re.M)[1])

    def connections(self):
        return int(self.metric("tallow_relay_connections"))

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def processor_seconds(self):
        about = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        user, system = about.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def text(self):
        with open(f"/proc/{self.process.pid}/fd/2", encoding="utf-8") as log:
            return log.read()

    def client(self, **options):
        return Client(self.port, **options)

    def connect(self, source=None):
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE_S,
                                        source_address=source and (source, 0))

    def talk(self):
        """Each bystander sends what nobody else sends at any time, and gets what its other sent."""
        for number, pair in enumerate(self.bystanders):
            for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
                words = hashlib.sha512(f"{number} {self.round} {one is pair.first}".encode())
                pair.say(one, other, words.digest())
        self.round += 1

    def until(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, what
            time.sleep(0.005)

    def expect_alone(self):
        """They are as they were, and the relay has nobody else and holds nothing else."""
        self.talk()
        assert self.page("/health") == "ok\n"
        alone = 2 * len(self.bystanders)
        self.until(lambda: self.connections() == alone, "connections are left")
        # The place of one who was lost while he waited is kept for a minute.
        if not self.leaves_rooms:
            self.until(lambda: self.metric("tallow_relay_rooms") == len(self.bystanders),
                       "rooms are left")
        # A few pipes are kept for the next lanes.
        self.until(lambda: self.files() <= self.files_before + 2 * 8, "descriptors are left")
        if not IS_SANITIZED:
            # What a place costs that is kept: the room, and where it stands in two trees.
            kept = self.metric("tallow_relay_rooms") - len(self.bystanders)
            grown = self.metric("process_resident_memory_bytes") - self.memory_before
            allowed = max(4 << 20, self.memory_before / 10) + 512 * kept
            assert grown < allowed, f"{grown} bytes are left, with {kept} rooms"
