"""The endpoints that operators use: health, metrics, and how they bear bad manners."""
import json
import math
import pathlib
import re
import socket
import time
import unittest
import urllib.error
import urllib.request

from test_relay import (DEADLINE_S, ROOM_JOINED, PEER_JOINED, Client, join, run, running)


DASHBOARD = pathlib.Path(__file__).parents[2] / "deploy" / "grafana" / "tallow-relay.json"


class Family:
    def __init__(self, name):
        self.name, self.help, self.type, self.samples = name, None, None, []


SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


def parsed(text):
    """The families of Prometheus' text format, which is checked on the way."""
    families = {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# "):
            _, kind, name, what = line.split(" ", 3)
            family = families.setdefault(name, Family(name))
            assert not family.samples, f"{line}: after its samples"
            assert getattr(family, kind.lower()) is None, f"{line}: twice"
            setattr(family, kind.lower(), what)
            continue
        name, labels, value = SAMPLE.match(line).groups()
        pairs = LABEL.findall(labels or "")
        assert LABEL.sub("", labels or "") == "", line
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        family = families.get(name) or families[base]
        family.samples.append((name, dict(pairs), float(value)))
    return families


def lint(families):
    """What `promtool check metrics` complains of, of families that are not ours alone too."""
    wrong = []
    for f in families.values():
        if not f.help:
            wrong.append(f"{f.name}: no help text")
        if f.type not in ("counter", "gauge", "histogram"):
            wrong.append(f"{f.name}: no type")
        if f.type == "counter" and not f.name.endswith("_total"):
            wrong.append(f"{f.name}: a counter should end in _total")
        if f.type != "counter" and f.name.endswith("_total"):
            wrong.append(f"{f.name}: no counter should end in _total")
        if re.search(r"_(bucket|sum|count|info)$", f.name) and f.name != "tallow_relay_build_info":
            wrong.append(f"{f.name}: a suffix with a meaning")
        if re.search(r"_(milliseconds|minutes|hours|kilobytes|megabytes|mib|bits|percent)(_|$)", f.name):
            wrong.append(f"{f.name}: not in base units")
        if re.search(r"[A-Z]|__|counter|gauge|histogram", f.name):
            wrong.append(f"{f.name}: not a name in snake case without its type")
        seen = set()
        for name, labels, value in f.samples:
            key = (name, tuple(sorted(labels.items())))
            if key in seen:
                wrong.append(f"{name}: twice")
            seen.add(key)
            if f.type == "counter" and not (value >= 0 and math.isfinite(value)):
                wrong.append(f"{name}: {value}")
        if f.type == "histogram":
            buckets = [(float(l["le"]), v) for n, l, v in f.samples if n.endswith("_bucket")]
            whole = [v for n, _, v in f.samples if n.endswith("_count")]
            if buckets != sorted(buckets) or buckets[-1] != (math.inf, whole[0]) or \
                    any(a[1] > b[1] for a, b in zip(buckets, buckets[1:])):
                wrong.append(f"{f.name}: no cumulative buckets up to +Inf")
    return wrong


class HttpTest(unittest.TestCase):
    def setUp(self):
        context = running("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
                          "--limit-loopback")
        self.relay = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.at = self.relay.http_address()

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.at}{path}", timeout=DEADLINE_S) as answer:
            return answer.read().decode()

    def raw(self, request):
        host, port = self.at.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as c:
            c.sendall(request)
            answer = b""
            while more := c.recv(65536):
                answer += more
        return answer.decode()

    def metrics(self):
        families = parsed(self.get("/metrics"))
        return {(n, *sorted(l.values())): v for f in families.values() for n, l, v in f.samples}

    def pair(self):
        first = Client(self.relay.port())
        second = Client(self.relay.port())
        for c in (first, second):
            self.addCleanup(c.socket.close)
        first.send(join(b"r" * 16, b"a" * 16)).frames(until=ROOM_JOINED)
        second.send(join(b"r" * 16, b"b" * 16)).frames(until=ROOM_JOINED)
        first.frames(until=PEER_JOINED)
        return first, second

    def test_is_well_and_ready(self):
        self.assertEqual(self.get("/health"), "ok\n")
        self.assertEqual(self.get("/ready"), "ready\n")
        self.assertEqual(self.get("/ready?verbose=1"), "ready\n")

    def test_keeps_to_the_rules_for_metrics(self):
        families = parsed(self.get("/metrics"))
        self.assertEqual(lint(families), [])
        for name in families:
            self.assertRegex(name, "^(tallow_relay|process)_")
        # The rules find what they should.
        self.assertEqual(len(lint(parsed("# HELP a_total x\n# TYPE a_total gauge\na_total 1\n"
                                         "# HELP b_minutes x\n# TYPE b_minutes counter\n"
                                         'b_minutes{x="y"} 1\nb_minutes{x="y"} 2\n'))), 4)

    def test_has_all_that_the_dashboard_shows(self):
        there = {name for name, *_ in self.metrics()}
        dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
        shown = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
        shown += [v["query"] for v in dashboard["templating"]["list"]]
        names = set(re.findall(r"(?:tallow_relay|process)_\w+", " ".join(shown)))
        self.assertGreater(len(names), 15)
        self.assertEqual(names - there, set())
        self.assertEqual(len({p["id"] for p in dashboard["panels"]}), len(dashboard["panels"]))

    def test_counts_while_sessions_run(self):
        before = self.metrics()
        self.pair()
        now = self.metrics()
        grown = {k[0] for k in now if now[k] > before.get(k, 0)}
        for name in ("tallow_relay_connections", "tallow_relay_connections_total",
                     "tallow_relay_rooms", "tallow_relay_rooms_total", "tallow_relay_sources"):
            self.assertIn(name, grown)
        third = Client(self.relay.port())
        third.send(join(b"r" * 16, b"c" * 16)).frames()
        third.socket.close()
        self.assertEqual(self.metrics()["tallow_relay_errors_total", "room_full"], 1)
        self.assertGreater(now["process_resident_memory_bytes",], 1 << 20)
        self.assertGreater(now["process_open_fds",], 5)
        self.assertAlmostEqual(now["process_start_time_seconds",], time.time(), delta=DEADLINE_S)

    def test_has_the_same_series_whatever_happens(self):
        before = self.metrics().keys()
        self.pair()
        self.raw(b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.metrics().keys(), before)

    def test_says_the_same_in_json(self):
        self.pair()
        figures = json.loads(self.get("/metrics.json"))
        self.assertEqual(list(figures), ["active_rooms", "total_rooms", "bytes_relayed",
                                         "uptime_seconds"])
        self.assertEqual((figures["active_rooms"], figures["total_rooms"]), (1, 1))

    def test_refuses_what_it_does_not_serve(self):
        for request, status in ((b"GET /metrics/ HTTP/1.1\r\n\r\n", 404),
                                (b"GET /../health HTTP/1.1\r\n\r\n", 404),
                                (b"POST /health HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405),
                                (b"DELETE /health HTTP/1.1\r\n\r\n", 405),
                                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
                                (b"GET / HTTP/1.1\r\nBroken\r\n\r\n", 400),
                                (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 431),
                                (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n", 431)):
            with self.subTest(request[:40]):
                self.assertRegex(self.raw(request), rf"^HTTP/1.1 {status} ")
        for path, status in ((b"/health", 200), (b"/nowhere", 404),
                             (b"http://relay.example/health", 200), (b"http://relay", 404)):
            head, body = self.raw(b"HEAD " + path + b" HTTP/1.1\r\n\r\n").split("\r\n\r\n")
            self.assertRegex(head, rf"^HTTP/1.1 {status} ")
            self.assertEqual(body, "")
        self.assertEqual(self.get("/health"), "ok\n")

    def test_says_on_the_main_port_that_it_is_well_and_nothing_else(self):
        def ask(request):
            with socket.create_connection(("127.0.0.1", self.relay.port()),
                                          timeout=DEADLINE_S) as c:
                for part in (request[:3], request[3:]):
                    c.sendall(part)
                answer = b""
                while more := c.recv(65536):
                    answer += more
            return answer.decode()

        self.assertRegex(ask(b"GET /health HTTP/1.1\r\n\r\n"), r"(?s)^HTTP/1.1 200 .*\r\nok\n$")
        self.assertRegex(ask(b"HEAD /health HTTP/1.0\r\n\r\n"), r"^HTTP/1.1 200 ")
        for path in (b"metrics", b"ready", b"metrics.json", b""):
            self.assertRegex(ask(b"GET /" + path + b" HTTP/1.1\r\n\r\n"), r"^HTTP/1.1 404 ")
        self.assertRegex(ask(b"GET /" + b"x" * 9000), r"^HTTP/1.1 431 ")
        first, second = self.pair()
        first.socket.close()
        second.socket.close()

    def test_is_not_held_up_by_who_is_slow(self):
        host, port = self.at.rsplit(":", 1)
        slow = [socket.create_connection((host, int(port)), timeout=DEADLINE_S) for _ in range(16)]
        for one in slow:
            self.addCleanup(one.close)
            one.sendall(b"GET /hea")
        begun = time.monotonic()
        # One more than are served at once is closed, until the others have had their time.
        with socket.create_connection((host, int(port)), timeout=DEADLINE_S) as late:
            self.assertEqual(late.recv(1), b"")
        for one in slow:
            self.assertEqual(one.recv(1), b"")
        self.assertGreater(time.monotonic() - begun, 4)
        self.assertEqual(self.get("/health"), "ok\n")

    def test_is_not_ready_while_it_drains(self):
        first, second = self.pair()
        self.relay.process.terminate()
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.get("/ready")
            except urllib.error.HTTPError as e:
                with e:
                    self.assertEqual((e.code, e.read()), (503, b"draining\n"))
                break
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(self.get("/health"), "ok\n")
        self.assertEqual(self.metrics()["tallow_relay_draining",], 1)
        first.socket.close()
        second.socket.close()
        self.assertEqual(self.relay.process.wait(DEADLINE_S), 0)


class PortTest(unittest.TestCase):
    def test_starts_without_endpoints_that_nobody_asked_for(self):
        with running("--listen", "127.0.0.1:0") as one, running("--listen", "127.0.0.1:0") as two:
            self.assertEqual(len(one.addresses()) + len(two.addresses()), 2)

    def test_does_not_start_without_those_that_were_asked_for(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            at = f"127.0.0.1:{taken.getsockname()[1]}"
            done = run("--listen", "127.0.0.1:0", "--http-listen", at)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot listen on {at}: Address already in use", done.stderr)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
