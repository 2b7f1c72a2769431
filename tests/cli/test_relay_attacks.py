"""Attacks on a relay that need its process, its descriptors or the system's sockets; what a crowd
can do to its rooms is in tests/attack. docs/attacks.md says which test shows what."""
import contextlib
import hashlib
import os
import pathlib
import resource
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import test_tls
from attacked_relay import (CLOSE, IS_NIGHTLY, LANE_OPEN, PEER_LEFT, AttackedRelay,
                            Pair, reset, room_number, slice_of)
from harness import IS_SANITIZED, clean_environment
from test_relay import (DEADLINE_S, ERROR_REPORT, HELLO, PEER_JOINED, READY, RELAY, ROOM_JOINED,
                        Client, frame, in_tls, join)

DISCONNECTED = 0
AT_ONCE_S = 1


class SlowOperators(unittest.TestCase):
    def test_slow_readers_and_endless_bodies_hold_nobody_up(self):
        with AttackedRelay() as relay, contextlib.ExitStack() as stack:
            host, port = relay.http.rsplit(":", 1)

            def slow(request):
                made = stack.enter_context(socket.socket())
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                made.connect((host, int(port)))
                made.sendall(request)

            for _ in range(8):
                slow(b"GET /metrics HTTP/1.1\r\n\r\n" * 20)
            for _ in range(7):
                slow(b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\nx")
            begun = time.monotonic()
            self.assertEqual(relay.page("/health"), "ok\n")
            relay.talk()
            self.assertLess(time.monotonic() - begun, AT_ONCE_S)


class Resets(unittest.TestCase):
    """Somebody's machine forgets a connection: whoever should know is told within a second."""

    def assert_told(self, client, since):
        self.assertIn(PEER_LEFT, client.frames(until=PEER_LEFT))
        self.assertEqual(client.body[0], DISCONNECTED)
        self.assertLess(time.monotonic() - since, AT_ONCE_S)

    def test_before_there_is_a_partner_leaves_nothing(self):
        with AttackedRelay() as relay:
            relay.leaves_rooms = True
            alone = 2 * len(relay.bystanders)

            def begun(sent, sealed):
                plain = relay.connect()
                made = in_tls(plain) if sealed else plain
                made.sendall(sent)
                return made

            for sent, sealed in ((b"", False), (b"\x16\x03\x01", False), (b"", True),
                                 (HELLO[:5], True), (HELLO, True), (frame(LANE_OPEN)[:4], False),
                                 (join(room_number(1), b"a" * 16), True)):
                with self.subTest(sent=sent, sealed=sealed):
                    one = begun(sent, sealed)
                    relay.until(lambda: relay.connections() > alone, "it is not there yet")
                    since = time.monotonic()
                    reset(one)
                    relay.until(lambda: relay.connections() == alone, "it is there still")
                    self.assertLess(time.monotonic() - since, AT_ONCE_S)
            # Its place is free for whoever comes.
            with relay.client() as first, relay.client() as second:
                first.send(join(room_number(1), b"b" * 16)).frames(until=ROOM_JOINED)
                second.send(join(room_number(1), b"c" * 16)).frames(until=ROOM_JOINED)
                first.frames(until=PEER_JOINED)

    def test_of_either_side_of_a_pair_is_told_to_the_other(self):
        with AttackedRelay() as relay:
            relay.leaves_rooms = True
            number = 0
            for goes_live in (False, True):
                for sends in (False, True):
                    for first_goes in (False, True):
                        with self.subTest(goes_live=goes_live, sends=sends, first_goes=first_goes):
                            number += 1
                            pair = Pair(relay, number, goes_live)
                            one, other = ((pair.first, pair.second) if first_goes
                                          else (pair.second, pair.first))
                            if sends:
                                one.send(slice_of(b"x" * 3000))
                            since = time.monotonic()
                            reset(one.socket)
                            self.assert_told(other, since)
                            other.socket.close()

    def test_of_a_side_that_does_not_read_is_told_to_the_one_that_sends(self):
        with AttackedRelay() as relay:
            pair = Pair(relay, 1)
            pair.first.socket.settimeout(0.3)
            with self.assertRaises(TimeoutError):
                while True:
                    pair.first.send(slice_of(b"x" * 16_000))
            pair.first.socket.settimeout(DEADLINE_S)
            since = time.monotonic()
            reset(pair.second.socket)
            # What waited for that one may be lost; the relay goes on reading, and tells.
            self.assert_told(pair.first, since)
            pair.first.socket.close()

    def test_of_an_end_of_a_lane_ends_that_lane_alone(self):
        with AttackedRelay() as relay:
            pair = Pair(relay, 1)
            for first_goes in (False, True):
                for sends in (False, True):
                    with self.subTest(first_goes=first_goes, sends=sends):
                        one, other = pair.lane(relay)[::1 if first_goes else -1]
                        one.sendall(b"x")
                        self.assertEqual(other.recv(1), b"x")
                        if sends:
                            one.sendall(b"y" * 100_000)
                        since = time.monotonic()
                        reset(one)
                        with contextlib.suppress(ConnectionResetError):
                            while other.recv(65536):
                                pass
                        self.assertLess(time.monotonic() - since, AT_ONCE_S)
                        other.close()
                        Pair.say(pair.first, pair.second, b"still here")
            # One that waits for its other end is forgotten, too.
            with relay.connect() as waits:
                waits.sendall(frame(LANE_OPEN, b"\x00" + pair.tickets(pair.first)[0]))
                relay.until(lambda: relay.connections() == 2 * len(relay.bystanders) + 3, "not in")
                reset(waits.dup())
                waits.detach()
            pair.close()


class HalfClosing(unittest.TestCase):
    """What was sent before an end arrives, and the end behind it; the other way goes on."""

    queued_bytes = (100 << 20) if IS_NIGHTLY else (6 << 20)

    def test_each_way_of_a_lane_ends_by_itself_and_loses_nothing(self):
        with AttackedRelay() as relay:
            pair = Pair(relay, 1)
            for queued in (0, self.queued_bytes):
                for who in ("first", "second", "both"):
                    with self.subTest(queued=queued, who=who):
                        self.half_close(pair.lane(relay), who, os.urandom(queued))
            pair.close()

    def half_close(self, ends, who, data):
        first, second = ends
        # A lane that nothing has gone through may have one end only so far.
        for one, other in ((first, second), (second, first)):
            one.sendall(b"?")
            self.assertEqual(other.recv(1), b"?")
        ways = {"first": [(first, second)], "second": [(second, first)],
                "both": [(first, second), (second, first)]}[who]
        # All of it is on its way before anybody reads, as far as buffers take it.
        sending = [threading.Thread(target=self.send_and_end, args=(one, data)) for one, _ in ways]
        for thread in sending:
            thread.start()
        got = [(other, other.recv(1, socket.MSG_PEEK) if data else b"") for _, other in ways]
        for other, _ in got:
            self.assertEqual(self.all_of(other), hashlib.sha256(data).hexdigest())
        for thread in sending:
            thread.join()
        for one, other in ways if who != "both" else ():
            self.send_and_end(other, b"and back")
            self.assertEqual(self.all_of(one), hashlib.sha256(b"and back").hexdigest())
        for end in ends:
            end.close()

    @staticmethod
    def send_and_end(end, data):
        end.sendall(data)
        end.shutdown(socket.SHUT_WR)

    @staticmethod
    def all_of(end):
        digest = hashlib.sha256()
        while data := end.recv(1 << 18):
            digest.update(data)
        return digest.hexdigest()

    def test_a_last_word_arrives_at_one_whose_bytes_nobody_reads_any_more(self):
        """Closing with bytes unread resets a connection, and with it what was said last."""
        with AttackedRelay() as relay:
            for number in range(20):
                client = relay.client()
                client.send(frame(0x01, b"\x01\x63\x00") + bytes(500_000))
                self.assertEqual(client.frames(), [ERROR_REPORT], number)
                client.socket.close()


class Leaks(unittest.TestCase):
    def test_sessions_that_end_in_every_way_leave_no_descriptor(self):
        sessions = 100_000 if IS_NIGHTLY else 3000
        with AttackedRelay("--insecure-plaintext", "--max-rooms", "100000") as relay:
            relay.leaves_rooms = True
            for number in range(sessions):
                if number % 100 == 0:
                    relay.talk()
                pair = Pair(relay, number, number % 3 != 0, plain=True)
                plain = pair.first.socket
                how = number % 5
                if how == 0:
                    reset(plain)
                elif how == 1:
                    plain.shutdown(socket.SHUT_WR)
                elif how == 2:
                    pair.first.send(frame(CLOSE, b"\x00")).frames()
                elif how == 3:
                    pair.first.send(b"\xff" * 8).frames()
                if how == 0 or number % 2:
                    pair.close()
                else:
                    pair.second.socket.close()
                    plain.close()
            relay.expect_alone()
            self.assertEqual(self.states(relay.port) - {"01", "06", "0A"}, set())

    @staticmethod
    def states(port):
        """Of the sockets on the relay's side, but for those that only the kernel remembers."""
        lines = pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        fields = [line.split() for line in lines]
        return {f[3] for f in fields if int(f[1].split(":")[1], 16) == port and f[9] != "0"}


class Rooms(unittest.TestCase):
    def test_any_room_id_is_one_and_nothing_else_is(self):
        odd = [b"\0" * 16, b"\xff" * 16, b"\r\nHTTP/1.1 200\r\n", b"%s%n%x%p%s%n%x%p",
               b"../../../../etc/", b"\xc3\x28\xa0\xa1\xe2\x28\xa1" + b"\x80" * 9,
               b"\x1b]0;a title\x07\x1b[2J", b"';DROP TABLE r;'", b"odd room number1",
               b"odd room number2"]
        self.assertEqual({len(room) for room in odd}, {16})
        side = b"a side of a room"
        with AttackedRelay("--log-level", "debug") as relay:
            relay.leaves_rooms = True
            for room in odd:
                with self.subTest(room=room), relay.client() as first, relay.client() as second:
                    self.assertIn(ROOM_JOINED, first.send(join(room, side)).frames(ROOM_JOINED))
                    self.assertEqual(first.body[0], 0, "somebody was there before")
                    second.send(join(room, side[::-1])).frames(ROOM_JOINED)
                    self.assertEqual(second.body[0], 1)
            for body in (b"", b"x" * 15, b"x" * 32, b"x" * 32 + b"\x03", b"x" * 32 + b"\x80\x00",
                         b"x" * 34, b"x" * 64, b"x" * 4000, b"x" * 65_536):
                with self.subTest(body=len(body)), relay.client() as client:
                    client.send(HELLO + frame(0x05, body))
                    self.assertEqual(client.frames()[-1:], [ERROR_REPORT])
            log = pathlib.Path(f"/proc/{relay.process.pid}/fd/2").read_bytes()
            for word in (*odd, side, side[::-1]):
                for form in (word, word.hex().encode(), repr(word)[2:-1].encode()):
                    self.assertNotIn(form, log)
            self.assertRegex(log, rb"(?m)protocol")
            self.assertNotRegex(log, rb"[\x00-\x09\x0b-\x1f\x7f-\xff]")


class Handshakes(unittest.TestCase):
    def test_of_one_source_by_the_hundred_are_not_made(self):
        """Also those who are refused cost one each, before they can be told."""
        with AttackedRelay("--limit-loopback", pairs=3) as relay:
            relay.leaves_rooms = True
            made = 0
            for _ in range(200):
                with relay.connect("127.0.0.9") as plain, contextlib.suppress(OSError):
                    in_tls(plain).close()
                    made += 1
            # 60 at once, and 60 that are told; some come back meanwhile.
            self.assertTrue(120 <= made <= 135, made)
            with Client(relay.port, source="127.0.0.10") as other:
                other.send(join(room_number(1), b"a" * 16)).frames(until=ROOM_JOINED)


class Certificates(test_tls.TlsTest):
    """What an operator, or the program that renews certificates, may leave there for a moment."""

    def shown(self, relay):
        with relay.connect() as plain, in_tls(plain) as sealed:
            return sealed.getpeercert(binary_form=True)

    def reload(self, relay, said):
        seen = len(relay.text())
        relay.process.send_signal(signal.SIGHUP)
        # The settings are read again behind the certificate.
        relay.until(lambda: "reload: " in relay.text()[seen:], "it is not read again")
        self.assertIn(said, relay.text()[seen:])

    @staticmethod
    def der(pem):
        return ssl.PEM_cert_to_DER_cert(pem.read_text())

    def expiry(self, relay):
        return relay.metric("tallow_relay_certificate_expiry_timestamp_seconds")

    def test_one_that_cannot_be_used_changes_nothing(self):
        options = self.certificate("one")
        other = self.certificate("two")
        _, pem, _, key = options
        good = pem.read_bytes(), key.read_bytes()
        with AttackedRelay(*options, pairs=2) as relay:
            before, ends = self.shown(relay), self.expiry(relay)
            whole = other[1].read_bytes()
            broken = [whole[:count] for count in (0, 1, 27, len(whole) // 2, len(whole) - 30)]
            broken += [b"\0" * 4096, whole[:200] + b"!" + whole[201:], other[3].read_bytes(),
                       whole]  # the last is whole, and its key is another
            for content in broken:
                with self.subTest(content=content[:30], count=len(content)):
                    pem.write_bytes(content)
                    self.reload(relay, "the certificate stays as it was")
                    self.assertEqual((self.shown(relay), self.expiry(relay)), (before, ends))
            pem.write_bytes(good[0])
            for content in (b"", good[1][:-50], b"nonsense", other[3].read_bytes()):
                with self.subTest(key=content[:30]):
                    key.write_bytes(content)
                    self.reload(relay, "the certificate stays as it was")
                    self.assertEqual(self.shown(relay), before)
            key.unlink()
            self.reload(relay, "the certificate stays as it was")
            key.mkdir()
            self.reload(relay, "the certificate stays as it was")
            key.rmdir()
            key.write_bytes(good[1])
            self.reload(relay, "the certificate was read again")
            self.assertEqual(self.shown(relay), before)

    def test_links_that_are_swapped_lead_to_the_new_one(self):
        """As Kubernetes does with secrets: a folder for each version, and a link to the latest."""
        place = self.folder / "secret"
        place.mkdir()

        def version(name):
            options = self.certificate(name)
            (place / name).mkdir()
            for path, to in ((options[1], "tls.crt"), (options[3], "tls.key")):
                shutil.move(path, place / name / to)
            (place / "..fresh").symlink_to(name)
            os.replace(place / "..fresh", place / "..data")
            return self.der(place / "..data" / "tls.crt")

        one = version("..one")
        for name in ("tls.crt", "tls.key"):
            (place / name).symlink_to(f"..data/{name}")
        with AttackedRelay("--tls-certificate", place / "tls.crt", "--tls-key", place / "tls.key",
                           pairs=2) as relay:
            self.assertEqual(self.shown(relay), one)
            two = version("..two")
            self.reload(relay, "the certificate was read again")
            self.assertEqual(self.shown(relay), two)
            shutil.rmtree(place / "..one")
            # A link to nowhere, and back.
            os.replace(place / "..two", place / "..gone")
            self.reload(relay, "the certificate stays as it was")
            self.assertEqual(self.shown(relay), two)
            os.replace(place / "..gone", place / "..two")
            self.reload(relay, "the certificate was read again")


class Shortages(unittest.TestCase):
    def test_strangers_cannot_take_all_descriptors(self):
        for files_max in (200, 600):
            with self.subTest(files_max=files_max), \
                    AttackedRelay("--drain-timeout", "1s", files_max=files_max) as relay, contextlib.ExitStack() as stack:
                for _ in range(files_max + 200):
                    stranger = stack.enter_context(socket.socket())
                    stranger.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        stranger.connect(("127.0.0.1", relay.port))
                # Some are refused, in one way or another; in the end no more come in.
                self.settled(relay)
                self.assertGreater(relay.files(), files_max // 3)
                self.assertLessEqual(relay.files(), files_max - 32)
                self.assertEqual(relay.page("/health", timeout=AT_ONCE_S), "ok\n")
                self.assertIn("process_open_fds", relay.page("/metrics", timeout=AT_ONCE_S))
                self.assert_idle(relay)
                relay.talk()
                if files_max == 600:
                    self.drain(relay)

    def settled(self, relay):
        before = -1
        while before != relay.files():
            before = relay.files()
            self.assert_idle(relay, limit=10)

    def assert_idle(self, relay, limit=0.1):
        """It waits for what is missing without spinning."""
        before = relay.processor_seconds()
        threading.Event().wait(0.2)
        self.assertLess(relay.processor_seconds() - before, limit)

    def drain(self, relay):
        relay.process.send_signal(signal.SIGTERM)
        for pair in relay.bystanders:
            pair.close()
        self.assertEqual(relay.process.wait(DEADLINE_S), 0)

    def test_it_outlives_having_no_descriptor_at_all(self):
        with AttackedRelay() as relay:
            process = relay.process.pid
            soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
            resource.prlimit(process, resource.RLIMIT_NOFILE, (relay.files() - 2, hard))
            with relay.connect() as stranger:
                self.assert_idle(relay)
                relay.talk()
                resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))
                with in_tls(stranger) as waited:
                    waited.sendall(HELLO)
                    self.assertEqual(waited.recv(5)[4], 0x02)

    def test_a_log_that_cannot_be_written_ends_nothing(self):
        with open("/dev/full", "w", encoding="ascii") as full, \
                AttackedRelay("--limit-loopback", "--connections-per-minute", "0",
                              "--log-level", "debug", log=full) as relay:
            for _ in range(100):
                with relay.connect("127.0.0.3") as stranger:
                    stranger.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                    self.assertEqual(stranger.recv(1), b"")
            self.assert_idle(relay)
            relay.process.send_signal(signal.SIGHUP)
            relay.talk()

    def test_it_says_that_an_address_is_not_its_machines(self):
        with tempfile.TemporaryDirectory() as state:
            done = subprocess.run([RELAY, "--listen", "192.0.2.1:0", "--http-listen", "off",
                                   "--state-dir", state], check=False, capture_output=True,
                                  text=True, timeout=DEADLINE_S, env=clean_environment())
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("cannot listen on 192.0.2.1:0: Cannot assign requested address", done.stderr)

    def test_who_does_not_fit_into_the_queue_comes_in_later(self):
        passed = socket.create_server(("127.0.0.1", 0), backlog=2)
        answers = []

        def ask():
            with contextlib.suppress(OSError), \
                    socket.create_connection(passed.getsockname(), DEADLINE_S) as one:
                one.sendall(b"GET /health HTTP/1.1\r\n\r\n")
                answers.append(one.recv(100)[:12])

        with passed, AttackedRelay(listener=passed) as relay:
            overflows = self.listen_overflows()
            relay.process.send_signal(signal.SIGSTOP)
            crowd = [threading.Thread(target=ask) for _ in range(12)]
            for one in crowd:
                one.start()
            relay.until(lambda: self.listen_overflows() > overflows, "the queue is not full")
            relay.process.send_signal(signal.SIGCONT)
            for one in crowd:
                one.join()
        self.assertEqual(answers, [b"HTTP/1.1 200"] * 12)

    @staticmethod
    def listen_overflows():
        lines = pathlib.Path("/proc/net/netstat").read_text(encoding="ascii").splitlines()
        names, values = (line.split() for line in lines if line.startswith("TcpExt:"))
        return int(dict(zip(names, values))["ListenOverflows"])

    def test_without_memory_it_ends_and_says_so(self):
        """A relay that lost a part of itself would be worse than one that is started again."""
        if IS_SANITIZED:
            self.skipTest("sanitizers need more address space than there is")
        with AttackedRelay("--insecure-plaintext", pairs=1) as relay, contextlib.ExitStack() as stack:
            about = pathlib.Path(f"/proc/{relay.process.pid}/statm").read_text(encoding="ascii")
            size = int(about.split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.prlimit(relay.process.pid, resource.RLIMIT_AS, (size, size))
            for number in range(20_000):
                try:
                    one = stack.enter_context(relay.client(plain=True))
                    one.send(join(room_number(number), b"a" * 16))
                except OSError:
                    break
            self.assertEqual(relay.process.wait(DEADLINE_S), 1)
            relay.log.seek(0)
            self.assertIn("tallow-relay: std::bad_alloc", relay.log.read())


# A library that the relay's process is given: its calendar jumps ten times a second.
JUMPING_CLOCK = """
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long jump(void) {
  static const long by[] = {0, 3600, -3600, 31536000, -31536000, 2147483647L - 1800000000L};
  struct timespec m;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &m);
  return by[(m.tv_sec * 10 + m.tv_nsec / 100000000) % 6];
}
int clock_gettime(clockid_t id, struct timespec* to) {
  const long failed = syscall(SYS_clock_gettime, id, to);
  if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) to->tv_sec += jump();
  return (int)failed;
}
"""


class Clocks(test_tls.TlsTest):
    @unittest.skipIf(IS_SANITIZED, "they have to be the first library")
    @unittest.skipUnless(shutil.which("cc"), "there is no compiler")
    def test_a_calendar_that_jumps_moves_no_deadline(self):
        source, library = self.folder / "clock.c", self.folder / "clock.so"
        source.write_text(JUMPING_CLOCK)
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        with AttackedRelay("--room-timeout", "1s", "--drain-timeout", "1s", "--log-level", "debug",
                           *self.certificate("one"), env={"LD_PRELOAD": str(library)}) as relay:
            with relay.client() as waits:
                begun = time.monotonic()
                waits.send(join(room_number(1), b"a" * 16)).frames(until=ROOM_JOINED)
                while relay.connections() > 2 * len(relay.bystanders):
                    relay.talk()
                    self.assertLess(time.monotonic() - begun, DEADLINE_S)
                    if waits.socket.pending() or self.has_bytes(waits):
                        break
                self.assertEqual(waits.frames(), [ERROR_REPORT])
                self.assertTrue(1 <= time.monotonic() - begun < 3)
            relay.expect_alone()

            def has_jumped():
                with relay.client(plain=True, first=b"SSH-2.0-\r\n") as stranger:
                    stranger.frames()
                return len({line[:4] for line in relay.text().splitlines()}) > 1

            # Each stranger is a line of the log, of a calendar that jumps every tenth of a second.
            relay.until(has_jumped, "it did not jump")
            begun = time.monotonic()
            relay.process.send_signal(signal.SIGTERM)
            for pair in relay.bystanders:
                pair.first.frames()
                pair.close()
            self.assertEqual(relay.process.wait(DEADLINE_S), 0)
            self.assertTrue(1 <= time.monotonic() - begun < 3)

    @staticmethod
    def has_bytes(client):
        return bool(select.select([client.socket], [], [], 0)[0])


if __name__ == "__main__":
    unittest.main()
