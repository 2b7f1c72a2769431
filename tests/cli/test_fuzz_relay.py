"""tallow-fuzz relay: it finds nothing in our relay, and what is wrong in others."""
import contextlib
import http.server
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import unittest

import harness

BIN = pathlib.Path(os.environ["TALLOW_BIN_DIR"])
PLAIN = "--insecure-plaintext"
NOBODY_KNOWS = b"\0\0\0\0\x7f\0\0\0"  # the header of an empty frame


def fuzz(*arguments, timeout_s=120):
    return subprocess.run([BIN / "tallow-fuzz", "relay", *map(os.fspath, arguments)], text=True,
                          capture_output=True, timeout=timeout_s, check=False)


def page_of(relay):
    """Where a relay has its operators' pages."""
    end = time.monotonic() + harness.DEADLINE_S
    while not (found := re.findall(r"endpoints on http://(\S+)/", "".join(relay.log))):
        if time.monotonic() > end:
            raise AssertionError("the relay does not tell where its pages are")
        time.sleep(0.01)
    return found[0]


@contextlib.contextmanager
def operators_page(connections):
    """What a relay would tell, whose number of connections is what is given, one after the other."""
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            count = connections.pop(0) if len(connections) > 1 else connections[0]
            body = "".join(f"# TYPE {name} gauge\n{name} {value}\n" for name, value in (
                ("tallow_relay_connections", count), ("tallow_relay_rooms", 1),
                ("tallow_relay_lane_ends", 0), ("process_open_fds", 20),
                ("process_resident_memory_bytes", 2e7))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield "127.0.0.1:%d" % server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class OurRelay(unittest.TestCase):
    def test_notices_nothing_worth_telling(self):
        with harness.relay() as relay:
            done = fuzz(relay.address, "--seed", "3", "--runs", "60")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"nothing found: 60 runs, seed 3, \d{3,} connections")
            self.assertIsNone(relay.process.poll())

    def test_nor_without_tls(self):
        with harness.relay(PLAIN) as relay:
            done = fuzz(relay.address, "--plain", "--seed", "4", "--runs", "60")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_its_pages_are_looked_at(self):
        with harness.relay() as relay, operators_page([2.0, 9.0, 2.0]) as page:
            done = fuzz(relay.address, "--runs", "5", "--http", page)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("connections 2 -> 2, rooms 1 -> 1", done.stdout)


    @unittest.skipUnless("TALLOW_NIGHTLY" in os.environ, "rooms keep their places for a minute")
    def test_keeps_nothing_in_the_long_run(self):
        with harness.relay("--max-rooms", "20000", http="127.0.0.1:0") as relay:
            done = fuzz(relay.address, "--http", page_of(relay), "--runs", "2000", timeout_s=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class WorseRelays(unittest.TestCase):
    def found(self, done, *what):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, "violated: (" + "|".join(what) + ")")
        self.assertIn("again:    tallow-fuzz relay 127.0.0.1:", done.stdout)

    def test_one_that_dies_is_found(self):
        with harness.relay() as relay:
            def die(number, _, data):
                if number == 20:
                    relay.process.kill()
                return data

            with harness.proxy(relay.address, die) as between:
                self.found(fuzz(between.address, "--runs", "100", "--patience", "5"),
                           "the relay takes no connection",
                           "the relay ends a connection that did nothing wrong")

    def test_one_that_hangs_is_found(self):
        with harness.relay() as relay:
            hangs = threading.Event()

            def hang(number, _, data):
                if number == 20 and not hangs.is_set():  # once: it is woken up below
                    hangs.set()
                    relay.process.send_signal(signal.SIGSTOP)
                return data

            with harness.proxy(relay.address, hang) as between:
                try:
                    self.found(fuzz(between.address, "--runs", "100", "--patience", "1"),
                               "the relay takes no connection", "a pair does not ")
                finally:
                    relay.process.send_signal(signal.SIGCONT)

    def test_one_that_speaks_nonsense_is_found(self):
        with harness.relay(PLAIN) as relay:
            def add(number, way, data):
                return data + NOBODY_KNOWS if number >= 20 and way == "down" else data

            with harness.proxy(relay.address, add) as between:
                done = fuzz(between.address, "--plain", "--runs", "100")
                self.assertIn(f"again:    tallow-fuzz relay {between.address} --plain --seed 1 ",
                              done.stdout)
                self.found(done,
                           "the relay sends a frame that no client takes",
                           "the relay goes on after its last word",
                           "the relay sends a message that no client understands",
                           "a pair gets other bytes than were sent",
                           "the relay says what no client understands")

    def test_one_that_changes_a_pairs_bytes_is_found(self):
        with harness.relay(PLAIN) as relay:
            # Of the first pair the second that came; far behind all that is said before.
            with harness.proxy(relay.address, harness.flip(2, 100_000)) as between:
                self.found(fuzz(between.address, "--plain", "--runs", "1"),
                           "a pair gets other bytes than were sent",
                           "the relay says what no client understands")

    def test_one_that_keeps_connections_is_found(self):
        with harness.relay() as relay, operators_page([2.0, 2.0, 9.0]) as page:
            self.found(fuzz(relay.address, "--runs", "5", "--http", page, "--settle", "1"),
                       "the relay keeps connections, rooms, lanes or descriptors of who is gone")


class Usage(unittest.TestCase):
    def test_relays_of_others_are_left_alone(self):
        done = fuzz("192.0.2.1:9009")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--force", done.stderr)

    def hindered(self, done, why):
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(why, done.stderr)
        self.assertNotIn("violated", done.stdout)

    def test_one_that_is_full_breaks_no_rule(self):
        with harness.relay("--max-rooms", "2") as relay:
            self.hindered(fuzz(relay.address, "--runs", "100"), "the relay is full")

    def test_nor_one_that_wants_tls(self):
        with harness.relay() as relay:
            self.hindered(fuzz(relay.address, "--plain", "--runs", "1"), "leave out --plain")

    def test_nor_one_whose_pages_are_elsewhere(self):
        with harness.relay() as relay, harness.closed_port() as elsewhere:
            self.hindered(fuzz(relay.address, "--runs", "1", "--http", elsewhere), "--http")

    def test_nobody_there(self):
        with harness.closed_port() as address:
            done = fuzz(address)
        self.assertEqual(done.returncode, 2)
        self.assertIn("nobody listens at " + address, done.stderr)

    def test_wrong_use(self):
        for arguments in ((), ("no port:",), ("127.0.0.1:9009", "--patience", "0"),
                          *(("127.0.0.1:9009", flag, number)
                            for flag in ("--first", "--runs", "--seed")
                            for number in ("-1", "18446744073709551615", "1x", ""))):
            with self.subTest(arguments):
                self.assertEqual(fuzz(*arguments).returncode, 2)


if __name__ == "__main__":
    unittest.main()
