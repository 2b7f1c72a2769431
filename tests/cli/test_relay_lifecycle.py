"""tallow-relay as a service manager runs it; the manager is played here."""
import contextlib
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness import (BIN, DEADLINE_S, READY, RELAY_STATE, Dam, TransferTest, clean_environment,
                     proxy)
from test_relay import (BLOCKED, PEER_JOINED, RATE_LIMITED, Client, in_tls)

RELAY = BIN / "tallow-relay"
FIRST_PASSED = 3  # the number of the first descriptor that a manager passes


def frame(kind, body=b""):
    return struct.pack(">IBBH", len(body), kind, 0, 0) + body


# CLIENT_HELLO with version 1, and JOIN_ROOM of either kind.
HELLO = frame(0x01, b"\x01\x01\x00")
RELAY_HELLO, ROOM_JOINED, GOAWAY, ERROR_REPORT = 0x02, 0x06, 0x0F, 0x10


def join(room, side):
    return HELLO + frame(0x05, room + side + b"\x02\x00")


def frame_types(data):
    found = []
    while len(data) >= 8:
        length, kind = struct.unpack(">IB", data[:5])
        found.append(kind)
        data = data[8 + length:]
    return found


class Manager:
    """The socket that NOTIFY_SOCKET names."""

    def __init__(self, folder, abstract=False):
        self.name = f"@tallow-test-{os.getpid()}" if abstract else str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name.replace("@", "\0", 1) if abstract else self.name)
        self.seen = []

    def next(self, timeout=DEADLINE_S):
        """The assignments of the next message; None when none comes."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return None
        text = self.socket.recv(4096).decode()
        self.seen.append(dict(line.split("=", 1) for line in text.splitlines()))
        return self.seen[-1]

    def until(self, name, timeout=DEADLINE_S):
        """The next message with such an assignment."""
        deadline = time.monotonic() + timeout
        while message := self.next(max(0, deadline - time.monotonic())):
            if name in message:
                return message
        raise AssertionError(f"no {name} among {self.seen}")


# Gives descriptors the numbers that a manager gives them, and becomes a program.
PASS_ON = """
import fcntl, os, sys
high = [fcntl.fcntl(int(n), fcntl.F_DUPFD, 100) for n in sys.argv[1].split(",")]
for i, number in enumerate(high):
    os.dup2(number, %d + i)
os.closerange(%d + len(high), 200)
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
""" % (FIRST_PASSED, FIRST_PASSED)


class Service:
    """A relay, started with sockets if there are any."""

    def __init__(self, *arguments, sockets=(), env=None):
        # Read by its name: who shares the descriptor moves the place where the relay writes.
        self.log = tempfile.NamedTemporaryFile("w")
        numbers = [s.fileno() for s in sockets]
        command = [RELAY, *arguments]
        variables = {"XDG_STATE_HOME": RELAY_STATE.name, **(env or {})}
        if sockets:
            command = [sys.executable, "-c", PASS_ON, ",".join(map(str, numbers)), *command]
            variables.setdefault("LISTEN_FDS", str(len(sockets)))
        self.process = subprocess.Popen(command, env=clean_environment(**variables),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, pass_fds=numbers)
        self.ready = self.process.stdout.readline()

    def addresses(self):
        assert self.ready.startswith(READY), self.ready + self.text()
        return self.ready[len(READY):].strip().split(",")

    def port(self):
        return int(self.addresses()[0].rsplit(":", 1)[1])

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port()), DEADLINE_S)

    def end(self, *numbers):
        for number in numbers:
            self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def text(self):
        return pathlib.Path(self.log.name).read_text()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


class LifecycleTest(TransferTest):
    def manager(self, **options):
        manager = Manager(self.folder, **options)
        self.addCleanup(manager.socket.close)
        return manager

    def service(self, *arguments, **options):
        if not options.get("sockets") and "--listen" not in arguments:
            arguments = ("--listen", "127.0.0.1:0", *arguments)
        arguments = ("--http-listen", "off", *arguments)
        service = Service(*arguments, **options)
        self.addCleanup(service.close)
        return service

    def listener(self, family=socket.AF_INET, host="127.0.0.1", **options):
        made = socket.create_server((host, 0), family=family, **options)
        self.addCleanup(made.close)
        return made


class Notify(LifecycleTest):
    def test_says_that_it_is_ready_and_that_it_stops(self):
        for abstract in (False, True):
            with self.subTest(abstract=abstract):
                manager = self.manager(abstract=abstract)
                relay = self.service(env={"NOTIFY_SOCKET": manager.name})
                self.assertEqual(manager.next(), {"READY": "1"})
                # It is: whoever is told so may connect at once.
                relay.connect().close()
                relay.process.send_signal(signal.SIGTERM)
                stopping = manager.until("STOPPING")
                # Longer than the transfers are given, or the manager would end them before.
                self.assertGreater(int(stopping["EXTEND_TIMEOUT_USEC"]), 10_000_000)
                self.assertEqual(relay.end(), 0)
                self.assertNotIn("WATCHDOG", "".join(str(m) for m in manager.seen))

    def test_runs_without_a_manager(self):
        for name, said in (("", False), (str(self.folder / "nobody"), True), ("vsock:2:1", True),
                           ("/" + "x" * 200, True)):
            with self.subTest(name):
                relay = self.service(env={"NOTIFY_SOCKET": name})
                relay.connect().close()
                self.assertEqual(relay.end(signal.SIGTERM), 0)
                self.assertEqual("NOTIFY_SOCKET" in relay.text(), said, relay.text())

    def test_shows_that_it_lives_until_its_loop_hangs(self):
        manager = self.manager()
        every_s = 0.9
        relay = self.service(env={"NOTIFY_SOCKET": manager.name,
                                  "WATCHDOG_USEC": str(int(every_s * 1e6))})
        for _ in range(6):
            before = time.monotonic()
            manager.until("WATCHDOG", every_s)
        self.assertLess(time.monotonic() - before, every_s)
        relay.process.send_signal(signal.SIGSTOP)
        # What was on its way may still come.
        while manager.next(timeout=0.05):
            pass
        self.assertIsNone(manager.next(2 * every_s))
        relay.process.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG", every_s)
        # A relay that waits for transfers lives too.
        self.assertEqual(relay.end(signal.SIGTERM), 0)

    def test_a_watchdog_of_another_process_is_not_fed(self):
        manager = self.manager()
        self.service(env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "30000",
                          "WATCHDOG_PID": "1"})
        self.assertEqual(manager.next(), {"READY": "1"})
        self.assertIsNone(manager.next(0.2))


class Activation(LifecycleTest):
    def answered(self, port, host="127.0.0.1"):
        with in_tls(socket.create_connection((host, port), DEADLINE_S)) as client:
            client.sendall(HELLO)
            return client.recv(5)[4] == RELAY_HELLO

    def test_listens_on_what_it_is_passed_and_on_nothing_else(self):
        first, second = self.listener(), self.listener(socket.AF_INET6, "::", dualstack_ipv6=True)
        elsewhere = self.listener()
        free = elsewhere.getsockname()[1]
        elsewhere.close()
        relay = self.service("--listen", f"127.0.0.1:{free}", sockets=(first, second),
                             env={"LISTEN_FDNAMES": "one:two"})
        ports = [s.getsockname()[1] for s in (first, second)]
        self.assertEqual(relay.addresses(), [f"127.0.0.1:{ports[0]}", f"[::]:{ports[1]}"])
        for host, port in (("127.0.0.1", ports[0]), ("::1", ports[1]), ("127.0.0.1", ports[1])):
            self.assertTrue(self.answered(port, host))
        with self.assertRaises(ConnectionError):
            self.answered(free)
        self.assertIn("`listen` is not used", relay.text())
        self.assertEqual(relay.end(signal.SIGTERM), 0)

    def test_what_was_meant_for_another_process_is_left_alone(self):
        passed = self.listener()
        relay = self.service("--listen", "127.0.0.1:0", sockets=(passed,),
                             env={"LISTEN_PID": "1"})
        self.assertNotEqual(relay.port(), passed.getsockname()[1])

    def test_refuses_what_it_cannot_listen_on(self):
        quiet = socket.socket()
        local = socket.socket(socket.AF_UNIX)
        local.bind(str(self.folder / "local"))
        local.listen()
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        for s in (quiet, local, datagrams):
            self.addCleanup(s.close)
        passed = self.listener()
        for sockets, env, said in (((quiet,), {}, "descriptor 3"),
                                   ((local,), {"LISTEN_FDNAMES": "local"}, "'local'"),
                                   ((passed, datagrams), {}, "descriptor 4"),
                                   ((passed,), {"LISTEN_FDS": "2"}, "descriptor 4 is not open"),
                                   ((passed,), {"LISTEN_FDS": "many"}, "LISTEN_FDS is 'many'")):
            with self.subTest(said):
                relay = self.service(sockets=sockets, env=env)
                self.assertEqual(relay.end(), 1)
                self.assertEqual(relay.ready, "")
                self.assertIn(said, relay.text())

    def test_no_connection_is_lost_over_restarts(self):
        """Whoever connects gets an answer: of this relay, of the next one, or that it stops."""
        passed = self.listener(backlog=128)
        port = passed.getsockname()[1]
        answers, stop = [], threading.Event()

        def keep_coming(number):
            count = 0
            while not stop.is_set():
                count += 1
                room = struct.pack(">QQ", number, count)
                try:
                    with in_tls(socket.create_connection(("127.0.0.1", port),
                                                         DEADLINE_S)) as client:
                        client.sendall(join(room, room))
                        client.settimeout(DEADLINE_S)
                        got = client.recv(65536)
                        while ROOM_JOINED not in (kinds := frame_types(got)) and (
                                more := client.recv(65536)):
                            got += more
                        answers.append(kinds)
                except OSError as trouble:
                    answers.append([str(trouble)])

        relay = self.service(sockets=(passed,))
        clients = [threading.Thread(target=keep_coming, args=(i,)) for i in range(8)]
        for client in clients:
            client.start()
        try:
            for _ in range(5):
                reached = len(answers) + 100
                while len(answers) < reached:
                    time.sleep(0.001)
                self.assertEqual(relay.end(signal.SIGTERM), 0)
                relay = self.service(sockets=(passed,))
        finally:
            stop.set()
            for client in clients:
                client.join()
        unheard = [kinds for kinds in answers if not {ROOM_JOINED, ERROR_REPORT} & set(kinds)]
        self.assertEqual(unheard, [])


class Stopping(LifecycleTest):
    """Transfers whose relay is told to stop. A dam before the relay holds them up meanwhile."""

    def transfer(self, stack, address, number, mebibytes=8):
        """Begins one, and waits until a part of it has arrived."""
        file = self.source / f"file{number}"
        file.write_bytes(os.urandom(mebibytes << 20))
        dam = Dam(2 << 20)
        between = stack.enter_context(proxy(address, dam))
        stack.callback(between.cut)
        stack.callback(dam.is_open.set)
        code = f"{number}-crossover-clockwork"
        commands = (self.send(between.address, file, code=code), self.receive(address, code=code))
        return file, dam, commands

    def assert_arrived(self, file, commands):
        """Gives how often the sides have come back."""
        self.assert_done(*commands)
        self.assert_same(file)
        return [len(command.wait().event("resumed")) for command in commands]

    def test_a_transfer_that_runs_comes_to_its_end(self):
        relay = self.service()
        with contextlib.ExitStack() as stack:
            file, dam, commands = self.transfer(stack, relay.addresses()[0], 1)
            commands[1].event("progress")
            relay.process.send_signal(signal.SIGTERM)
            with self.assertRaises(ConnectionError):  # nobody else is taken any more
                while True:
                    relay.connect().close()
            dam.is_open.set()
            self.assertEqual(self.assert_arrived(file, commands), [0, 0])
            # Not only at the deadline.
            self.assertEqual(relay.process.wait(5), 0)
            for command in commands:
                self.assertIn("The relay is going to stop.", command.wait().err)

    def test_a_second_signal_does_not_wait_for_it(self):
        relay = self.service("--drain-timeout", "30m")
        with contextlib.ExitStack() as stack:
            _, _, commands = self.transfer(stack, relay.addresses()[0], 1)
            commands[1].event("progress")
            relay.process.send_signal(signal.SIGTERM)
            with self.assertRaises(subprocess.TimeoutExpired):
                relay.process.wait(0.2)
            self.assertEqual(relay.end(signal.SIGTERM), 0)
            self.assertIn("stopping at once", relay.text())
            for command in commands:
                command.kill()

    def test_a_restart_during_twenty_transfers_loses_none(self):
        passed = self.listener(backlog=128)
        address = "127.0.0.1:%d" % passed.getsockname()[1]
        relay = self.service("--drain-timeout", "2s", sockets=(passed,))
        with contextlib.ExitStack() as stack:
            all_of_them = [self.transfer(stack, address, n + 1, mebibytes=4) for n in range(20)]
            for _, _, commands in all_of_them:
                commands[1].event("progress")
            relay.process.send_signal(signal.SIGTERM)
            # Some have time to finish; the others are still at it when the time is over.
            quick, slow = all_of_them[:8], all_of_them[8:]
            for _, dam, _ in quick:
                dam.is_open.set()
            for file, _, commands in quick:
                self.assert_arrived(file, commands)
            self.assertEqual(relay.end(), 0)
            self.service(sockets=(passed,))
            for _, dam, _ in slow:
                dam.is_open.set()
            for file, _, commands in slow:
                self.assertGreaterEqual(min(self.assert_arrived(file, commands)), 1)


class Surroundings(LifecycleTest):
    def started(self, shell, *arguments):
        """Through a shell that changes something before."""
        return subprocess.run(["sh", "-c", shell + '; exec "$0" "$@"', RELAY, "--http-listen", "off",
                               "--listen", "127.0.0.1:0", *arguments], capture_output=True, text=True,
                              env=clean_environment(), timeout=DEADLINE_S, check=False)

    def test_too_few_descriptors_are_told(self):
        done = self.started("ulimit -n 64")
        self.assertEqual((done.returncode, done.stdout), (1, ""), done)
        self.assertIn("only 64 files may be open", done.stderr)
        self.assertIn("LimitNOFILE=", done.stderr)

    def test_a_closed_stream_is_nobody_elses(self):
        relay = subprocess.Popen(["sh", "-c", 'exec "$0" "$@" 2>&-', RELAY, "--http-listen", "off",
                                  "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                                 env=clean_environment())
        try:
            self.assertRegex(relay.stdout.readline(), READY)
            self.assertEqual(os.readlink(f"/proc/{relay.pid}/fd/2"), "/dev/null")
            relay.send_signal(signal.SIGTERM)
            self.assertEqual(relay.wait(DEADLINE_S), 0)
        finally:
            relay.kill()
            relay.wait()
            relay.stdout.close()
        self.assertEqual(self.started("exec >&-").returncode, 1)


class Confinement(LifecycleTest):
    """What tests/unit/tools/sandbox_test.cpp shows in detail."""

    def facts(self, relay):
        with open(f"/proc/{relay.process.pid}/status", encoding="ascii") as about:
            found = dict(line.split(":\t", 1) for line in about if ":\t" in line)
        return found["NoNewPrivs"].strip(), found.get("Seccomp", "").strip()

    def test_a_relay_that_is_ready_is_in_its_sandbox(self):
        relay = self.service()
        if "left out of this build" in relay.text():
            self.skipTest("sanitizers and coverage need what the sandbox forbids")
        self.assertEqual(self.facts(relay)[0], "1")
        lacks = "no seccomp" in relay.text()
        self.assertEqual(self.facts(relay)[1], "0" if lacks else "2")
        self.assertEqual(relay.end(signal.SIGTERM), 0)

    def test_without_a_sandbox_it_says_so(self):
        relay = self.service("--no-sandbox")
        self.assertIn("warning no sandbox, as asked for", relay.text())
        self.assertEqual(self.facts(relay), ("0", "0"))


class Reload(LifecycleTest):
    def test_reads_the_file_again_and_keeps_the_old_when_it_is_wrong(self):
        manager = self.manager()
        config = self.folder / "relay.toml"
        config.write_text('log-level = "info"\n')
        relay = self.service("--config", config, env={"NOTIFY_SOCKET": manager.name})
        self.assertEqual(manager.next(), {"READY": "1"})

        def reload(content):
            if callable(content):
                content()
            else:
                config.write_text(content)
            before = time.monotonic_ns() // 1000
            relay.process.send_signal(signal.SIGHUP)
            told = manager.until("RELOADING")
            self.assertLessEqual(before, int(told["MONOTONIC_USEC"]))
            self.assertLessEqual(int(told["MONOTONIC_USEC"]), time.monotonic_ns() // 1000)
            self.assertEqual(manager.next(), {"READY": "1"})
            relay.connect().close()
            return relay.text()

        self.assertIn("reload: taken at once: log-level\n", reload('log-level = "debug"\n'))
        for content, said in (('log-level = "loud"\n', f"{config}:1: log-level: one of debug"),
                              ("\nmax-roms = 5\n", f"{config}:2: unknown key"),
                              ("=", f"{config}:1: "),
                              (config.unlink, f"{config}: cannot be read: No such file"),
                              (config.mkdir, f"{config}: cannot be read: Is a directory"),
                              (config.rmdir, f"{config}: cannot be read: No such file")):
            with self.subTest(content):
                seen = len(relay.text())
                more = reload(content)[seen:]
                self.assertIn("reload: " + said, more)
                self.assertIn("stays as it was", more)
        # Still as the last good one said.
        with relay.connect() as stranger:
            stranger.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.assertEqual(stranger.recv(100), b"")
        self.assertRegex(relay.text(), "not.our.protocol")
        reload('log-level = "off"\n')
        seen = len(relay.text())
        self.assertEqual(relay.end(signal.SIGTERM), 0)
        self.assertEqual(relay.text()[seen:], "")

    def test_a_flag_stays_above_the_file(self):
        config = self.folder / "relay.toml"
        config.write_text("")
        relay = self.service("--config", config, "--log-level", "info")
        self.assertIn("reload: no change", self.reloaded(relay, config, 'log-level = "off"\n'))

    def reloaded(self, relay, config, content):
        """What the log says of it."""
        config.write_text(content)
        seen = len(relay.text())
        relay.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + DEADLINE_S
        while "reload: " not in relay.text()[seen:]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        relay.connect().close()  # and so it is done with it
        return relay.text()[seen:]

    def told(self, relay, source, room, side=b"s" * 16):
        """The type of the answer to a join, and its first byte."""
        with Client(relay.port(), source=source) as client:
            kinds = client.send(join(room, side)).frames(until=ROOM_JOINED)
            return kinds[-1], client.body[0]

    def test_takes_address_lists_and_limits_while_others_transfer(self):
        config = self.folder / "relay.toml"
        config.write_text("")
        relay = self.service("--config", config)
        self.assertEqual(self.told(relay, "127.0.0.2", b"1" * 16)[0], ROOM_JOINED)
        with contextlib.ExitStack() as stack:
            file = self.source / "file"
            file.write_bytes(os.urandom(8 << 20))
            dam = Dam(2 << 20)
            between = stack.enter_context(proxy(relay.addresses()[0], dam))
            stack.callback(between.cut)
            stack.callback(dam.is_open.set)
            commands = (self.send(between.address, file), self.receive(relay.addresses()[0]))
            commands[1].event("progress")
            waits = stack.enter_context(Client(relay.port(), source="127.0.0.2"))
            waits.send(join(b"w" * 16, b"a" * 16)).frames(until=ROOM_JOINED)

            more = self.reloaded(relay, config, 'block = "127.0.0.2"\nmax-bytes = "4MiB"\n'
                                                'max-rooms = 7\n')
            self.assertIn("reload: taken at once: max-bytes, block\n", more)
            self.assertIn("reload: taken only at the next start: max-rooms\n", more)
            self.assertNotIn("127.0.0.2", more)
            self.assertEqual(self.told(relay, "127.0.0.2", b"2" * 16), (ERROR_REPORT, BLOCKED))
            self.assertEqual(self.told(relay, "127.0.0.3", b"2" * 16)[0], ROOM_JOINED)
            # Who was there already stays, and is met.
            with Client(relay.port(), source="127.0.0.3") as comes:
                comes.send(join(b"w" * 16, b"b" * 16)).frames(until=ROOM_JOINED)
                waits.frames(until=PEER_JOINED)

            # A mistake takes nothing of the file, and what is in force stays.
            more = self.reloaded(relay, config, 'block = "127.0.0.3"\nroom-timeout = "soon"\n')
            self.assertIn(f"reload: {config}:2: room-timeout: ", more)
            self.assertEqual(self.told(relay, "127.0.0.2", b"3" * 16), (ERROR_REPORT, BLOCKED))
            self.assertEqual(self.told(relay, "127.0.0.3", b"3" * 16)[0], ROOM_JOINED)

            # Back again; what needs a start is named as long as it differs.
            more = self.reloaded(relay, config, "limit-loopback = true\nmax-rooms = 7\n"
                                                "rooms-per-minute = 1\n")
            self.assertIn("taken at once: max-bytes, rooms-per-minute, block, limit-loopback\n",
                          more)
            self.assertIn("next start: max-rooms\n", more)
            answers = [self.told(relay, "127.0.0.2", bytes([n]) * 16, bytes([n]) * 16)
                       for n in range(3)]
            self.assertEqual([kind for kind, _ in answers],
                             [ROOM_JOINED, ROOM_JOINED, ERROR_REPORT])
            self.assertEqual(answers[2][1], RATE_LIMITED)

            # The transfer is larger than rooms may be by now, and is none of them.
            dam.is_open.set()
            self.assert_done(*commands)
            self.assert_same(file)
            self.assertEqual([len(c.wait().event("resumed")) for c in commands], [0, 0])

    def test_takes_bandwidth_while_a_transfer_runs(self):
        config = self.folder / "relay.toml"
        config.write_text('room-bandwidth = "512KiB"\n')
        relay = self.service("--config", config)
        file = self.source / "file"
        file.write_bytes(os.urandom(64 << 20))
        address = relay.addresses()[0]
        commands = (self.send(address, file), self.receive(address))
        commands[1].event("progress")
        self.reloaded(relay, config, "")
        # It would have taken two minutes.
        begin = time.monotonic()
        self.assert_done(*commands)
        self.assertLess(time.monotonic() - begin, 20)
        self.assert_same(file)


if __name__ == "__main__":
    unittest.main()
