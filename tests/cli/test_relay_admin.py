"""The admin API: who may use it, what it does, and what it writes down."""
import http.client
import json
import os
import re
import socket
import stat
import time
import unittest
from contextlib import ExitStack

from harness import DEADLINE_S, Dam, TransferTest, proxy
from test_relay import (BLOCKED, ERROR_REPORT, PEER_JOINED, ROOM_JOINED, Client, frame, join, run,
                        running)

TOKEN = "0123456789abcdefghijklmnop"
HANDLE = "^[0-9a-f]{16}$"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(self.path)


class AdminTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.audit = self.folder / "audit.log"
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)

    def start(self, *arguments):
        self.relay = self.stack.enter_context(
            running("--listen", "127.0.0.1:0", "--http-listen", "off", *arguments))
        self.relay.port()  # it runs

    def start_local(self, *arguments):
        self.socket = str(self.folder / "admin.sock")
        self.start("--admin-listen", self.socket, "--admin-audit-file", self.audit, *arguments)

    def start_tcp(self, *arguments, token=TOKEN + "\n"):
        file = self.folder / "token"
        file.write_text(token)
        file.chmod(0o600)
        self.start("--admin-listen", "127.0.0.1:0", "--admin-token-file", file,
                   "--admin-audit-file", self.audit, *arguments)
        host, port = re.search(r"admin API at (\S+):(\d+)", self.log()).groups()
        self.at = (host, int(port))

    def log(self):
        with open(f"/proc/{self.relay.process.pid}/fd/2", encoding="utf-8") as log:
            return log.read()

    def ask(self, method, path, token=None):
        """Status and text."""
        connection = http.client.HTTPConnection(*self.at, timeout=DEADLINE_S) \
            if hasattr(self, "at") else UnixConnection(self.socket)
        try:
            connection.request(method, path,
                               headers={} if token is None else {"Authorization": token})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def raw(self, request):
        with socket.create_connection(self.at, timeout=DEADLINE_S) as c:
            c.sendall(request)
            answer = b""
            while more := c.recv(65536):
                answer += more
        return int(answer.split(b" ")[1]) if answer else None

    def lines(self):
        return [json.loads(line) for line in self.audit.read_text(encoding="utf-8").splitlines()]

    def rooms(self):
        status, text = self.ask("GET", "/admin/rooms")
        self.assertEqual(status, 200, text)
        return json.loads(text)["rooms"]

    def pair(self, room):
        first, second = (self.stack.enter_context(Client(self.relay.port())) for _ in range(2))
        first.send(join(room, b"a" * 16)).frames(until=ROOM_JOINED)
        second.send(join(room, b"b" * 16)).frames(until=ROOM_JOINED)
        first.frames(until=PEER_JOINED)
        return first, second


class OnAUnixSocket(AdminTest):
    def test_is_off_unless_it_is_asked_for(self):
        self.start()
        self.assertNotIn("admin", self.log())

    def test_shows_rooms_without_what_they_are_called(self):
        self.start_local()
        self.assertEqual(self.rooms(), [])
        names = [b"ROOMROOMROOMROOM", b"SIDESIDESIDESIDE"]
        first, _ = self.pair(names[0])
        with Client(self.relay.port()) as waits:
            waits.send(join(b"w" * 16, names[1])).frames(until=ROOM_JOINED)
            rooms = {r["state"]: r for r in self.rooms()}
        self.assertEqual(set(rooms), {"paired", "waiting"})
        self.assertEqual(rooms["paired"]["connections"], 2)
        for room in rooms.values():
            self.assertEqual(set(room), {"handle", "state", "age_seconds", "bytes", "connections",
                                         "lane_ends"})
            self.assertRegex(room["handle"], HANDLE)
        _, stats = self.ask("GET", "/admin/stats")
        self.assertEqual((json.loads(stats)["rooms_total"], json.loads(stats)["draining"]),
                         (2, False))
        everything = self.log() + self.audit.read_text() + str(rooms)
        for word in [n.decode() for n in names] + [n.hex() for n in names] + ["127.0.0.1:"]:
            self.assertNotIn(word, everything.replace(self.relay.addresses()[0], ""))
        self.assertIn('"who":"uid %d"' % os.getuid(), self.audit.read_text())

    def test_ends_a_room_and_no_other(self):
        self.start_local()
        address = self.relay.addresses()[0]
        names = [self.source / "ended", self.source / "other"]
        for name in names:
            name.write_bytes(os.urandom(8 << 20))
        dam = Dam(2 << 20)
        between = self.stack.enter_context(proxy(address, dam))
        self.stack.callback(between.cut)
        self.stack.callback(dam.is_open.set)
        ended = (self.send(between.address, names[0], code="1-crossover-clockwork"),
                 self.receive(address, code="1-crossover-clockwork"))
        ended[1].event("progress")
        handle, = [r["handle"] for r in self.rooms() if r["state"] == "live"]
        other_dam = Dam(2 << 20)
        other_between = self.stack.enter_context(proxy(address, other_dam))
        self.stack.callback(other_dam.is_open.set)
        other = (self.send(other_between.address, names[1], code="2-crossover-clockwork"),
                 self.receive(address, code="2-crossover-clockwork"))
        other[1].event("progress")

        self.assertEqual(self.ask("DELETE", f"/admin/rooms/{handle}"),
                         (200, '{"ended":"%s"}\n' % handle))
        dam.is_open.set()
        for command in ended:
            finished = command.wait()
            self.assertEqual(finished.code, 5, finished.err)
            self.assertEqual(finished.event("resumed"), [])
        self.assertFalse((self.target / "ended").exists())
        self.assertNotIn(handle, [r["handle"] for r in self.rooms()])
        # A second time there is nothing to end.
        self.assertEqual(self.ask("DELETE", f"/admin/rooms/{handle}")[0], 404)
        other_dam.is_open.set()
        self.assert_done(*other)
        self.assert_same(names[1])
        results = [line["result"] for line in self.lines() if line.get("object") == handle]
        self.assertEqual(results, ["asked", "ended", "asked", "no such room"])

    def test_tells_both_sides_at_once(self):
        self.start_local()
        pair = self.pair(b"r" * 16)
        handle = self.rooms()[0]["handle"]
        bystander, other = self.pair(b"b" * 16)
        self.assertEqual(self.ask("DELETE", f"/admin/rooms/{handle}")[0], 200)
        for client in pair:
            self.assertEqual(client.frames(until=ERROR_REPORT), [ERROR_REPORT])
            self.assertEqual(client.body[0], BLOCKED)
        self.assertEqual(len(self.rooms()), 1)
        other.send(frame(0x09, b"\x00\x02hi"))
        self.assertEqual(bystander.frames(until=0x09), [0x09])

    def test_its_socket_is_its_owners_alone_and_replaces_a_stale_one(self):
        self.start_local()
        mode = os.stat(self.socket).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        # Another relay does not take it from this one,
        options = ("--listen", "127.0.0.1:0", "--http-listen", "off", "--admin-listen", self.socket)
        done = run(*options)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another program answers there", done.stderr)
        self.assertEqual(self.rooms(), [])
        # and does once it is gone, without having been able to take its socket away.
        self.relay.process.kill()
        self.relay.process.wait()
        self.assertTrue(os.path.exists(self.socket))
        self.start_local()
        self.assertEqual(self.rooms(), [])
        # What is no socket stays.
        file = self.folder / "file"
        file.write_text("dear")
        done = run(*options[:-1], file)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(file.read_text(), "dear")

    def test_does_nothing_that_cannot_be_written_down(self):
        self.socket = str(self.folder / "admin.sock")
        self.start("--admin-listen", self.socket, "--admin-audit-file", "/dev/full")
        first, _ = self.pair(b"r" * 16)
        for method, path in (("GET", "/admin/rooms"), ("GET", "/admin/stats"), ("GET", "/nothing"),
                             ("DELETE", "/admin/rooms/" + "0" * 16)):
            self.assertEqual(self.ask(method, path), (503, "the audit log cannot be written\n"))
        self.assertIn("cannot be written", self.log())
        first.socket.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            first.frames(until=ERROR_REPORT)

    def test_needs_a_place_to_write_to(self):
        done = run("--listen", "127.0.0.1:0", "--http-listen", "off", "--admin-listen",
                   self.folder / "admin.sock", "--admin-audit-file", self.folder / "no" / "file")
        self.assertEqual(done.returncode, 1)
        self.assertIn("admin-audit-file", done.stderr)
        # Without a file, the log is the place, whatever its level.
        self.socket = str(self.folder / "admin.sock")
        self.start("--admin-listen", self.socket, "--log-level", "off")
        self.assertEqual(self.rooms(), [])
        line = json.loads(self.log().split("admin: ", 1)[1])
        self.assertEqual((line["what"], line["result"]), ("GET /admin/rooms", "shown"))


class OnTcp(AdminTest):
    def test_lets_in_who_shows_the_token_and_writes_down_who_does_not(self):
        self.start_tcp()
        asked = [(None, 401), ("", 401), ("Bearer", 401), ("Bearer " + TOKEN[:-1], 401),
                 ("Bearer " + TOKEN + "x", 401), (TOKEN, 401), ("Basic " + TOKEN, 401),
                 ("Bearer " + TOKEN, 200)]
        for token, status in asked:
            self.assertEqual(self.ask("GET", "/admin/rooms", token)[0], status, token)
        self.assertEqual([line["result"] for line in self.lines()],
                         ["denied: no token"] * 2 + ["denied: wrong token"] * 5 + ["shown"])
        self.assertEqual([line["who"] for line in self.lines()], ["nobody"] * 7 + ["token"])
        self.assertEqual([line["call"] for line in self.lines()], list(range(1, 9)))
        for text in (self.log(), self.audit.read_text()):
            self.assertNotIn(TOKEN[2:], text)

    def test_a_line_for_each_call_whatever_is_in_it(self):
        self.start_tcp()
        authorization = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
        for request, status in (
                (b"DELETE /admin/rooms/x%0d%0a{} HTTP/1.1\r\n" + authorization + b"\r\n", 404),
                (b"GET /a\r\nb HTTP/1.1\r\n" + authorization + b"\r\n", 400),
                (b"GET /a\nb HTTP/1.1\r\n" + authorization + b"\r\n", 400),
                (b'GET /","who":"uid_0 HTTP/1.1\r\n\r\n', 401),
                (b"GET /\xe2\x80\xa8\xff HTTP/1.1\r\n\r\n", None),
                (b"EVIL /admin/rooms HTTP/1.1\r\n" + authorization + b"\r\n", 405),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
                (b"GET /admin/rooms HTTP/1.1\r\nX: " + b"x" * 9000, 431),
                (b"GET /admin/rooms HTTP/1.1\r\nContent-Length: 99999\r\n\r\n", 413)):
            before = len(self.lines())
            got = self.raw(request)
            self.assertEqual(len(self.lines()), before + 1, request)
            if status is not None:
                self.assertEqual(got, status, request)
        for line in self.lines():
            self.assertIn(line["who"], ("nobody", "token"))

    def test_who_is_slow_holds_nobody_up_and_is_ended(self):
        self.start_tcp()
        begin = time.monotonic()
        with ExitStack() as stack:
            slow = [stack.enter_context(socket.create_connection(self.at)) for _ in range(3)]
            for one in slow:
                one.sendall(b"DELETE /admin/rooms/1 HTTP/1.1\r\nContent-Length: 10\r\n\r\n12")
            self.assertEqual(self.ask("GET", "/admin/rooms", "Bearer " + TOKEN)[0], 200)
            self.assertLess(time.monotonic() - begin, 4)
            for one in slow:
                one.settimeout(DEADLINE_S)
                try:
                    self.assertEqual(one.recv(100), b"")
                except ConnectionResetError:
                    pass
            self.assertLess(time.monotonic() - begin, 15)

    def test_needs_a_token_that_is_one(self):
        done = run("check-config", "--admin-listen", "127.0.0.1:0")
        self.assertEqual(done.returncode, 2)
        self.assertIn("admin-token-file", done.stderr)
        for content in ("", "short\n", "with a space in it, and long\n"):
            file = self.folder / "bad"
            file.write_text(content)
            done = run("--listen", "127.0.0.1:0", "--http-listen", "off",
                       "--admin-listen", "127.0.0.1:0", "--admin-token-file", file)
            self.assertEqual((done.returncode, done.stdout), (1, ""), content)
            self.assertIn("admin-token-file: " + str(file), done.stderr)

    def test_shows_where_the_token_is_and_not_what(self):
        file = self.folder / "token"
        file.write_text(TOKEN)
        done = run("--print-config", "--admin-listen", "127.0.0.1:0",
                   env={**os.environ, "TALLOW_RELAY_ADMIN_TOKEN_FILE": str(file)})
        self.assertEqual(done.returncode, 0)
        self.assertIn(f'admin-token-file = "{file}"', done.stdout)
        self.assertNotIn(TOKEN, done.stdout)

    def test_warns_where_the_token_could_be_heard_or_read(self):
        file = self.folder / "token"
        file.write_text(TOKEN)
        file.chmod(0o644)
        self.start("--admin-listen", "0.0.0.0:0", "--admin-token-file", file)
        self.assertIn("others than its owner may read", self.log())
        self.assertIn("is not encrypted", self.log())


if __name__ == "__main__":
    unittest.main()
