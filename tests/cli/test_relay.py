"""tallow-relay as an operator runs it."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.request

RELAY = pathlib.Path(os.environ["TALLOW_BIN_DIR"]) / "tallow-relay"
READY = "tallow-relay ready on "
DEADLINE_S = 30


def run(*arguments, env=None):
    return subprocess.run([RELAY, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=DEADLINE_S, env=env)


class Running:
    def __init__(self, *arguments):
        self.log = tempfile.TemporaryFile("w+")
        self.state = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([RELAY, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, "XDG_STATE_HOME": self.state.name})
        self.ready = self.process.stdout.readline()

    def addresses(self):
        assert self.ready.startswith(READY), self.ready
        return self.ready[len(READY):].strip().split(",")

    def port(self, index=0):
        return int(self.addresses()[index].rsplit(":", 1)[1])

    def http_address(self):
        """From the log, where it stands before the relay is ready."""
        with open(f"/proc/{self.process.pid}/fd/2", encoding="utf-8") as log:
            return re.search(r"http://([^/]+)/", log.read())[1]

    def end(self, *signals):
        for number in signals:
            self.process.send_signal(number)
        code = self.process.wait(DEADLINE_S)
        self.rest = self.process.stdout.read()
        self.log.seek(0)
        self.text = self.log.read()
        return code


@contextlib.contextmanager
def running(*arguments):
    relay = Running(*arguments)
    try:
        yield relay
    finally:
        if relay.process.poll() is None:
            relay.process.kill()
            relay.process.wait()
        relay.process.stdout.close()
        relay.log.close()
        relay.state.cleanup()


def frame(kind, body=b""):
    return struct.pack(">IBBH", len(body), kind, 0, 0) + body


# CLIENT_HELLO with version 1; JOIN_ROOM with either want, for one peer.
HELLO = frame(0x01, b"\x01\x01\x00")
GOAWAY, ERROR_REPORT, ROOM_JOINED, PEER_JOINED = 0x0F, 0x10, 0x06, 0x07
# Codes of an ERROR.
RATE_LIMITED, BLOCKED = 11, 16


def join(room, side):
    return HELLO + frame(0x05, room + side + b"\x02\x00")


def in_tls(plain, protocols=("tallow/1",)):
    """The TLS of OpenSSL, which asks nothing of a certificate here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    return context.wrap_socket(plain)


class Client:
    """Speaks frames, in TLS or plainly."""

    def __init__(self, port, host="127.0.0.1", source=None, plain=False, first=b""):
        self.socket = socket.create_connection((host, port), timeout=DEADLINE_S,
                                               source_address=source and (source, 0))
        self.socket.sendall(first)
        if not plain:
            self.socket = in_tls(self.socket)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, what):
        self.socket.sendall(what)
        return self

    def frames(self, until=None):
        """The types of the frames up to the first of type `until`, or to the end."""
        kinds = []
        while True:
            while len(self.bytes) >= 8:
                length, kind = struct.unpack(">IB", self.bytes[:5])
                if len(self.bytes) < 8 + length:
                    break
                self.body = self.bytes[8:8 + length]
                self.bytes = self.bytes[8 + length:]
                kinds.append(kind)
                if kind == until:
                    return kinds
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return kinds
            if not more:
                return kinds
            self.bytes += more


class RelayTest(unittest.TestCase):
    def test_says_once_and_on_one_line_where_it_listens(self):
        with running("--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0") as relay:
            self.assertEqual(len(relay.addresses()), 2)
            for address in relay.addresses():
                host, port = address.rsplit(":", 1)
                self.assertGreater(int(port), 0)
                with Client(int(port), host.strip("[]")) as client:
                    self.assertIn(0x02, client.send(HELLO).frames(until=0x02))
            self.assertEqual(relay.end(signal.SIGTERM), 0)
            self.assertEqual(relay.rest, "")

    def test_names_its_version(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^tallow-relay \d+\.\d+\.\d+\n$")

    def test_says_whether_it_is_well(self):
        with running("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0") as relay:
            at = relay.http_address()
            done = run("healthcheck", "--http-listen", at)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        done = run("healthcheck", "--http-listen", at)
        self.assertEqual(done.returncode, 1)
        self.assertIn(at, done.stderr)
        self.assertEqual(run("healthcheck", "--http-listen", "off").returncode, 2)

    def test_helps(self):
        done = run("--help")
        self.assertEqual(done.returncode, 0)
        for flag in ("--listen", "--config", "--max-rooms", "--max-bytes", "--room-timeout",
                     "--max-connections", "--max-lanes", "--drain-timeout", "--log-level"):
            self.assertIn(flag, done.stdout)

    def test_refuses_what_it_does_not_understand(self):
        for arguments, part in (
                (("--http-listen", "nowhere"), "--http-listen"),
                (("here",), "here"),
                (("--listen", "::1"), "brackets"),
                (("--listen", "127.0.0.1:70000"), "0 to 65535"),
                (("--max-rooms", "0"), "--max-rooms"),
                (("--max-rooms", "5", "--max-rooms", "6"), "--max-rooms"),
                (("--max-bytes", "10GB"), "10GiB"),
                (("--room-timeout", "soon"), "24h"),
                (("--log-level", "loud"), "debug"),
                (("--log-format", "xml"), "json"),
                (("--config", "/nonexistent/relay.toml"), "/nonexistent/relay.toml")):
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, 2, done)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_takes_a_file_and_flags_over_it(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "relay.toml"
            config.write_text('listen = "nowhere.invalid:1"\nlog-level = "off"\n')
            with running("--config", config, "--listen", "127.0.0.1:0") as relay:
                self.assertEqual(len(relay.addresses()), 1)
                self.assertEqual(relay.end(signal.SIGTERM), 0)
                self.assertEqual(relay.text, "")
            config.write_text("max-rooms = 5\n\nmax-roms = 6\n")
            done = run("--config", config)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{config}:3: unknown key 'max-roms'; allowed are", done.stderr)

    def test_shows_its_settings_and_where_they_come_from(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "relay.toml"
            config.write_text("max-rooms = 5\n")
            environment = {**os.environ, "TALLOW_RELAY_CONFIG": str(config),
                           "RELAY_ROOM_TIMEOUT": "90s"}
            done = run("--max-lanes", "2", "--print-config", env=environment)
            self.assertEqual(done.returncode, 0, done)
            self.assertIn(f"max-rooms = 5  # {config}:1\n", done.stdout)
            self.assertIn('room-timeout = "90s"  # RELAY_ROOM_TIMEOUT\n', done.stdout)
            self.assertIn("max-lanes = 2  # --max-lanes\n", done.stdout)
            self.assertIn("limit-loopback = false  # default\n", done.stdout)
            config.write_text(run("example-config").stdout)
            done = run("check-config", "--config", config)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
            config.write_text("limit-loopback = true\n")
            done = run("--config", config, "--limit-loopback=false", "--print-config")
            self.assertIn("limit-loopback = false  # --limit-loopback\n", done.stdout)
            config.write_text("block = ['10.0.0.0/8', '10.0.0.0/80']\n")
            done = run("check-config", "--config", config)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{config}:1: block: ", done.stderr)

    def test_refuses_what_could_not_be_meant(self):
        for arguments, said in ((("--config", "/"), "/: cannot be read: Is a directory"),
                                (("--config", "/dev/zero"), "/dev/zero: cannot be read: File too large"),
                                (("--config", ""), "the name of a file is wanted"),
                                (("--tls-certificate", "x"), "go together"),
                                (("--limit-loopback=5",), "true or false is wanted"),
                                (("--listen", "9009"), "a number alone is no host"),
                                (("--listen", "a:99999"), "from 0 to 65535")):
            with self.subTest(arguments):
                done = run("check-config", *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done)
                self.assertIn(said, done.stderr)

    def test_tells_who_is_blocked(self):
        with running("--listen", "127.0.0.1:0", "--block", "127.0.0.2") as relay:
            with Client(relay.port(), source="127.0.0.2") as blocked:
                self.assertEqual(blocked.frames(until=ERROR_REPORT), [ERROR_REPORT])
                self.assertEqual(blocked.body[0], BLOCKED)
            with Client(relay.port()) as fine:
                fine.send(join(b"r" * 16, b"a" * 16)).frames(until=ROOM_JOINED)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_has_a_manual_page_without_warnings(self):
        page = run("man-page").stdout
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rCHECKSTYLE=0"], input=page,
                              capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for part in ("--max-rooms N", "TALLOW_RELAY_MAX_ROOMS", "SIGTERM"):
            self.assertIn(part, re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout))

    def test_names_the_source_of_trouble_by_an_id_and_not_too_often(self):
        with running("--listen", "127.0.0.1:0", "--limit-loopback", "--http-listen", "off",
                     "--connections-per-minute", "0", "--log-format", "json") as relay:
            for source in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
                with Client(relay.port(), source=source) as client:
                    client.send(HELLO + b"\xff" * 8).frames()
            for _ in range(200):
                with Client(relay.port(), source="127.0.0.4", plain=True) as client:
                    client.send(b"SSH-2.0-OpenSSH_9.2\r\n").frames()
            self.assertEqual(relay.end(signal.SIGTERM), 0)
            lines = [json.loads(line) for line in relay.text.splitlines()]
            self.assertEqual({tuple(line) for line in lines}, {("time", "level", "message")})
            told = [m["message"] for m in lines if "source" in m["message"]]
            ids = [m.rsplit(" ", 1)[1] for m in told]
            self.assertEqual(told[0], f"connection refused or ended: protocol; source {ids[0]}")
            self.assertRegex(ids[0], "^[0-9a-f]{12}$")
            self.assertEqual((ids[0] == ids[1], ids[0] == ids[2]), (False, True))
            self.assertLess(len(told), 100)
            self.assertNotIn("127.0.0", " ".join(told))

    def test_believes_a_trusted_proxy_and_nobody_else(self):
        binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
        fine = join(b"r" * 16, b"a" * 16)
        with running("--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0",
                     "--trust-proxy", "127.0.0.1", "--block", "203.0.113.0/24",
                     "--insecure-plaintext", "--http-listen", "127.0.0.1:0") as relay:
            ours, proxied = relay.port(0), relay.port(1)

            def told(port, sent, **more):
                with Client(port, plain=True, **more) as client:
                    kinds = client.send(sent).frames(until=ROOM_JOINED)
                    return (kinds[-1:], client.body[0] if kinds[-1:] == [ERROR_REPORT] else None)

            served, refused, silence = ([ROOM_JOINED], None), ([ERROR_REPORT], BLOCKED), ([], None)
            for header, answer in (
                    (b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n", served),
                    (b"PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n", refused),
                    (b"PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n", refused),
                    (binary + bytes([192, 0, 2, 7, 127, 0, 0, 1, 0, 1, 0, 2]), served),
                    (binary + bytes([203, 0, 113, 9, 127, 0, 0, 1, 0, 1, 0, 2]), refused),
                    (b"PROXY UNKNOWN\r\n", served),
                    (b"", silence),
                    (b"PROXY TCP4 203.0.113.9\r\n", silence)):
                with self.subTest(header):
                    self.assertEqual(told(proxied, header + fine), answer)
            # Nobody else may pretend, on either port.
            spoofed = b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n" + fine
            self.assertEqual(told(proxied, spoofed, source="127.0.0.2"), silence)
            with urllib.request.urlopen(f"http://{relay.http_address()}/metrics") as page:
                self.assertIn('dropped_connections_total{reason="not_proxied"} 3\n',
                              page.read().decode())
            self.assertEqual(told(ours, spoofed), silence)
            self.assertEqual(told(ours, fine), served)
            # What stands behind the header may be TLS.
            with Client(proxied, first=b"PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n") as client:
                client.send(fine).frames(until=ERROR_REPORT)
                self.assertEqual(client.body[0], BLOCKED)
            # One that says nothing holds nobody up.
            with Client(proxied, plain=True):
                self.assertEqual(told(proxied, spoofed), served)

    def test_refuses_a_crowd_from_one_source_and_serves_others(self):
        with running("--listen", "127.0.0.1:0", "--limit-loopback",
                     "--connections-per-minute", "5", "--pending-per-source", "100") as relay:
            with contextlib.ExitStack() as stack:
                crowd = [stack.enter_context(Client(relay.port(), source="127.0.0.2"))
                         for _ in range(11)]
                self.assertEqual(crowd[10].frames(until=ERROR_REPORT), [ERROR_REPORT])
                self.assertEqual(crowd[10].body[0], RATE_LIMITED)
                with Client(relay.port(), source="127.0.0.3") as other:
                    other.send(join(b"r" * 16, b"a" * 16)).frames(until=ROOM_JOINED)

    def test_says_that_a_port_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = run("--listen", address)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot listen on {address}: Address already in use", done.stderr)
        self.assertIn("choose another", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_ends_in_order_on_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with running("--listen", "127.0.0.1:0") as relay:
                with Client(relay.port()) as waits:
                    waits.send(join(b"r" * 16, b"a" * 16)).frames(until=ROOM_JOINED)
                    begin = time.monotonic()
                    relay.process.send_signal(number)
                    self.assertEqual(waits.frames(), [GOAWAY, ERROR_REPORT])
                self.assertEqual(relay.end(), 0)
                self.assertLess(time.monotonic() - begin, 8)

    def test_waits_for_a_pair_and_ends_at_once_on_a_second_signal(self):
        with running("--listen", "127.0.0.1:0") as relay:
            with Client(relay.port()) as first, Client(relay.port()) as second:
                first.send(join(b"r" * 16, b"a" * 16)).frames(until=ROOM_JOINED)
                second.send(join(b"r" * 16, b"b" * 16)).frames(until=ROOM_JOINED)
                first.frames(until=PEER_JOINED)
                begin = time.monotonic()
                relay.process.send_signal(signal.SIGTERM)
                self.assertEqual(first.frames(until=GOAWAY), [GOAWAY])
                second.send(frame(0x09, b"\x00\x02hi"))
                self.assertEqual(first.frames(until=0x09), [0x09])
                with self.assertRaises(ConnectionError):
                    Client(relay.port())
                self.assertEqual(relay.end(signal.SIGTERM), 0)
                self.assertLess(time.monotonic() - begin, 8)

    def test_logs_neither_addresses_nor_names(self):
        room, side = b"ROOMROOMROOMROOM", b"SIDESIDESIDESIDE"
        with running("--listen", "127.0.0.1:0", "--log-level", "debug",
                     "--http-listen", "off") as relay:
            words = [room.decode(), side.decode(), room.hex(), side.hex(), "127.0.0.1"]
            for text, plain in ((join(room, side), False), (b"SSH-2.0-OpenSSH_9.2\r\n", True),
                                (join(room, b"x" * 16), True), (join(room, b"x" * 16), False),
                                (join(room, b"y" * 16) + b"\xff" * 100, False),
                                (b"\x16\x03\x01\x00\x04nope", True)):
                with Client(relay.port(), plain=plain) as client:
                    words.append(str(client.socket.getsockname()[1]))
                    client.send(text)
                    client.frames(until=ROOM_JOINED)
            self.assertEqual(relay.end(signal.SIGTERM), 0)
            self.assertIn("not_our_protocol", relay.text)
            log = "\n".join(line.split(" ", 1)[1] for line in relay.text.splitlines())
            for word in words:
                self.assertNotIn(word, log)


if __name__ == "__main__":
    unittest.main()
