#!/usr/bin/env python3
"""The comparison counts what it says it counts. Where TALLOW_BIN_DIR names the built programs, it
runs as a whole too, on small sets."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from comparison import report, samples
from comparison.children import Children, Failed, Meter, Usage, adopt_orphans
from comparison.throttle import Bucket, ThrottledProxy
from comparison.tools import Run

HERE = pathlib.Path(__file__).resolve().parent
MIB = 1 << 20


class InFolder(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)


class ChildrenTest(InFolder):
    @classmethod
    def setUpClass(cls):
        adopt_orphans()

    def run_one(self, *command, **how):
        with Children(self.folder / "logs") as children:
            child = children.start(command, **how)
            child.finish()
            return child

    def test_memory_is_that_of_the_child_and_not_ours(self):
        ours = bytearray(os.urandom(64 * MIB))
        self.assertLess(self.run_one("true").usage.peak_bytes, 16 * MIB)
        self.assertEqual(len(ours), 64 * MIB)

    def test_memory_and_time_of_a_grandchild_count(self):
        grandchild = f"{sys.executable} -c 'b = bytes(range(256)) * {MIB // 4}; sum(b[:{4 * MIB}])'"
        usage = self.run_one("sh", "-c", grandchild + "; true").usage
        self.assertGreater(usage.peak_bytes, 64 * MIB)
        self.assertGreater(usage.cpu_s, 0.005)

    def test_a_bad_end_is_told_with_its_reason(self):
        with self.assertRaisesRegex(Failed, "ended with 3: so sorry"):
            self.run_one("sh", "-c", "echo so sorry >&2; exit 3")

    def test_output_and_input_are_files(self):
        (self.folder / "text").write_text("one line\n")
        child = self.run_one("cat", read=self.folder / "text")
        self.assertEqual(child.output(), "one line\n")

    def test_none_outlives_its_block(self):
        with Children(self.folder / "logs") as children:
            child = children.start(["sleep", "600"])
            self.assertTrue(child.alive())
        self.assertFalse(pathlib.Path(f"/proc/{child.pid}").exists())

    def test_a_meter_counts_from_its_start(self):
        with Children(self.folder / "logs") as children:
            os.mkfifo(self.folder / "go")
            child = children.start(["sh", "-c", "read go; i=0; while [ $i -lt 200000 ]; do "
                                    "i=$((i + 1)); done; echo done; read go"],
                                   read=self.folder / "go")
            with open(self.folder / "go", "w", encoding="ascii") as go:
                meter = Meter(child)
                go.write("\n")
                go.flush()
                while "done" not in child.output():
                    time.sleep(0.01)
                self.assertGreater(meter.usage().cpu_s, 0.01)
                self.assertLess(Meter(child).usage().cpu_s, 0.01)


class SamplesTest(InFolder):
    def test_notice_what_did_not_arrive(self):
        sent = samples.all_samples(0.01)["small"].create(self.folder).path
        arrived = self.folder / "arrived"
        self.assertEqual(samples.difference(sent, arrived), "nothing arrived")
        subprocess.run(["cp", "-r", sent, arrived], check=True)
        self.assertEqual(samples.difference(sent, arrived), "")
        victim = next(path for path in arrived.rglob("*") if path.is_file())
        victim.write_bytes(victim.read_bytes()[::-1])
        self.assertIn("differs", samples.difference(sent, arrived))
        victim.unlink()
        self.assertIn("1 entries are missing", samples.difference(sent, arrived))

    def test_are_the_same_every_time(self):
        for key in ("random", "log", "one"):
            first, second = (samples.all_samples(0.001)[key].create(self.folder).path.read_bytes()
                             for _ in range(2))
            self.assertEqual(first, second)


class ReportTest(unittest.TestCase):
    def summary(self, tool, *walls):
        sample = samples.Sample("random", "a set", 1 << 30, None)
        return report.Summary(sample, tool, [
            Run(wall, Usage(0.5, 4 * MIB), Usage(0.25, 8 * MIB)) for wall in walls])

    def test_medians_extremes_and_ratios(self):
        table = report.table("a set", [self.summary("socat", 2.0, 1.0, 4.0),
                                       self.summary("tallow", 1.5, 1.0, 9.0),
                                       self.summary("croc", 3.0, 3.0, 3.0)])
        _, ours, croc = table.splitlines()[4:]
        self.assertEqual(ours, "| tallow | 1.50 (1.00..9.00) | 0.75 | 1.00 | 0.50 / 0.25 / - | "
                               "4.0 / 8.0 / - | 683 | 0.75 |")
        self.assertIn("| 1.50 | 0.50 |", croc)

    def test_no_ratio_to_what_was_not_measured(self):
        table = report.table("a set", [self.summary("croc", 3.0)])
        self.assertIn("| - | - |", table)

    def test_replaces_only_what_stands_between_the_marks(self):
        page = "above\n<!-- a -->\nold\n<!-- /a -->\nbelow\n"
        self.assertEqual(report.put_between_marks(page, "a", "new\n"),
                         "above\n<!-- a -->\nnew\n<!-- /a -->\nbelow\n")
        with self.assertRaises(ValueError):
            report.put_between_marks(page, "b", "new")


class ThrottleTest(unittest.TestCase):
    def test_a_bucket_gives_its_rate_and_saves_nothing_up(self):
        now = [100.0]
        bucket = Bucket(1000, clock=lambda: now[0],
                        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
        for _ in range(10):
            bucket.take(500)
        self.assertAlmostEqual(now[0], 105.0)
        now[0] += 60  # idle
        bucket.take(1000)
        self.assertGreaterEqual(now[0], 165.98)

    def test_a_proxy_carries_both_ways_and_no_faster_than_told(self):
        sent = os.urandom(400_000)
        listener = socket.create_server(("127.0.0.1", 0))

        def echo():
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                connection.sendall(stream.read())

        server = threading.Thread(target=echo)
        server.start()
        with ThrottledProxy("127.0.0.1:%d" % listener.getsockname()[1], 16) as proxy:
            host, port = proxy.address.split(":")
            began = time.monotonic()
            with socket.create_connection((host, int(port))) as client:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                with client.makefile("rb") as stream:
                    self.assertEqual(stream.read(), sent)
            # 0.2 s each way, one after the other.
            self.assertGreater(time.monotonic() - began, 0.35)
        server.join()
        listener.close()


@unittest.skipUnless("TALLOW_BIN_DIR" in os.environ, "no programs to run")
class WholeTest(InFolder):
    def compare(self, *options):
        written = self.folder / "found.json"
        done = subprocess.run(
            [sys.executable, HERE / "side_by_side", "--bin", os.environ["TALLOW_BIN_DIR"],
             "--dir", self.folder, "--rounds", "1", "--json", written, *options],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["found.json"])
        return done.stdout, json.loads(written.read_text())

    def test_all_sets(self):
        text, found = self.compare("--scale", "0.002", "--tools", "tallow,socat")
        self.assertEqual(set(found["sets"]), {"random", "log", "small", "one"})
        for measured in found["sets"].values():
            ours = next(one for one in measured if one["tool"] == "tallow")
            self.assertEqual(set(ours["cpu_s"]), {"sender", "receiver", "relay"})
            self.assertGreater(ours["wall_s"], 0)
        self.assertIn("tallow, code to done", text)
        self.assertIn("- processor: ", text)

    def test_over_a_slow_link(self):
        _, found = self.compare("--scale", "0.002", "--throttle", "500")
        self.assertTrue("tallow" in found["skipped"] or found["sets"]["throttled"])

    def test_scenarios(self):
        page = self.folder / "page.md"
        page.write_text("<!-- scenarios -->\n<!-- /scenarios -->\n")
        done = subprocess.run(
            [sys.executable, HERE / "scenarios", "--bin", os.environ["TALLOW_BIN_DIR"], "--dir",
             self.folder, "--scale", "0.002", "--markdown", page,
             "--only", "entries,first_byte,cuts,pairs,crash,direct"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line for line in page.read_text().splitlines() if line.startswith("| ")]
        self.assertEqual(len(rows), 2 + 9, rows)
        self.assertIn("20 empty files", rows[2])
        self.assertRegex(rows[7], r"cut 50 times .* identical; [1-9][0-9.]* x its bytes")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
