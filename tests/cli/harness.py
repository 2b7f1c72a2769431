"""What the tests of the tools share: a relay, the two commands, and a proxy that sees all bytes."""
import atexit
import collections
import contextlib
import hashlib
import json
import os
import pathlib
import selectors
import socket
import stat
import subprocess
import tempfile
import threading
import unittest

from event_schema import problems_of_lines

BIN = pathlib.Path(os.environ["TALLOW_BIN_DIR"])
DEADLINE_S = 60
CODE = "7-crossover-clockwork"
# Their shadow memory makes nonsense of sizes, and they want to be the first library.
IS_SANITIZED = any(word in (BIN / "tallow-relay").read_bytes()
                   for word in (b"__asan_init", b"__tsan_init"))
READY = "tallow-relay ready on "
# All relays of a script have one key: a port may come again, and clients remember what they saw.
RELAY_STATE = tempfile.TemporaryDirectory()
atexit.register(RELAY_STATE.cleanup)


def clean_environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TALLOW_")}
    # Whoever runs the tests may have settings. And all goes through the relay, which most tests look
    # at or break, unless a test wants it otherwise.
    return {**kept, "XDG_CONFIG_HOME": os.path.join(RELAY_STATE.name, "no-config"),
            "TALLOW_DIRECT": "never", **more}


class Finished:
    """What a command left behind."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name):
        return [e for e in self.events if e["event"] == name]


class Command:
    """tallow-cli under way. Its standard output is read as it comes."""

    def __init__(self, *arguments, env=None, stdin=None, terminal=subprocess.DEVNULL, inside=()):
        self.process = subprocess.Popen(
            [*inside, BIN / "tallow-cli", *map(os.fspath, arguments)],
            env=clean_environment(**(env or {})),
            stdin=subprocess.PIPE if stdin is not None else terminal,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if stdin is not None:
            # Who refuses its arguments at once may be gone before it has read.
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(stdin.encode())
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.stdin = None
        self.is_json = "--json" in arguments
        self.lines, self.err = [], b""
        self.changed = threading.Condition()
        self.ended = False
        self.readers = [threading.Thread(target=self._read_out), threading.Thread(target=self._read_err)]
        for reader in self.readers:
            reader.start()

    def _read_out(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.decode())
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _read_err(self):
        for line in self.process.stderr:
            with self.changed:
                self.err += line
                self.changed.notify_all()

    def event(self, name, timeout=DEADLINE_S, count=1):
        """The event of that name that is number `count`, waited for."""
        def found():
            named = [e for e in map(json.loads, self.lines) if e["event"] == name]
            return named[count - 1] if len(named) >= count else None
        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, timeout)
            event = found()
        if event is None:
            raise AssertionError(f"no event {name!r} in {self.lines}; {self.err.decode()}")
        return event

    def kill(self):
        """Ends it, if it has not ended by itself."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait(self, timeout=DEADLINE_S):
        try:
            self.process.wait(timeout)
        finally:
            self.kill()
        # Who was killed may have left half a line.
        if self.is_json and self.process.returncode >= 0:
            problems = problems_of_lines(self.lines)
            if problems:
                raise AssertionError("\n".join(problems))
        return Finished(self.process.returncode, "".join(self.lines),
                        self.err.decode("utf-8", "replace"))


@contextlib.contextmanager
def relay(*arguments, state=None, listen="127.0.0.1:0", http="off", inside=()):
    """A relay on a free port of the loopback; gives its address. Its key is kept in `state`, and it
    is started by the command `inside`, if there is one."""
    state = state or RELAY_STATE.name
    # Several threads on any machine, so that connections have to find the one of their room.
    process = subprocess.Popen([*inside, BIN / "tallow-relay", "--listen", listen,
                                "--http-listen", http, "--threads", "3", *arguments],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env=clean_environment(XDG_STATE_HOME=os.fspath(state)))
    # Its log has to be read, or a full pipe would stop it.
    log = []
    reader = threading.Thread(target=lambda: log.extend(process.stderr))
    reader.start()
    try:
        line = process.stdout.readline()
        if not line.startswith(READY):
            raise AssertionError(f"the relay says {line!r}")
        address = line[len(READY):].strip()
        yield Relay(address, process, log)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
        reader.join()
        process.stdout.close()
        process.stderr.close()


@contextlib.contextmanager
def closed_port():
    """A port that nobody listens on, and nobody else can get."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield "127.0.0.1:%d" % held.getsockname()[1]


class Relay:
    def __init__(self, address, process, log):
        self.address, self.process, self.log = address, process, log


class Proxy:
    """Stands between clients and a relay; keeps every byte, and may change the relay's answers."""

    def __init__(self, target, tap=None):
        host, port = target.rsplit(":", 1)
        self.target, self.tap = (host, int(port)), tap
        self.recorded = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.threads, self.sockets = [], []
        self.accepting = threading.Thread(target=self._accept)
        self.accepting.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:  # nobody is there at the moment
                client.close()
                continue
            self.sockets += [client, server]
            thread = threading.Thread(target=self._pump, args=(client, server, len(self.threads)))
            self.threads.append(thread)
            thread.start()

    def _pump(self, client, server, number):
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, (server, "up"))
            ready.register(server, selectors.EVENT_READ, (client, "down"))
            while ready.get_map():
                for key, _ in ready.select():
                    other, way = key.data
                    try:
                        data = key.fileobj.recv(65536)
                    except OSError:  # a reset is an end, too
                        data = b""
                    self.recorded += data
                    if self.tap and data:
                        data = self.tap(number, way, data)
                    try:
                        if data:
                            other.sendall(data)
                            continue
                        other.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    ready.unregister(key.fileobj)
        client.close()
        server.close()

    def cut(self):
        """Breaks every connection that runs through it."""
        broken, self.sockets = self.sockets, []
        for one in broken:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.accepting.join()
        for thread in self.threads:
            thread.join()


class Dam:
    """Lets so many bytes of the sender's pass, and holds back its lanes until it is opened. What
    the control connection carries is less than a chunk, and passes."""

    def __init__(self, count):
        self.left, self.is_open = count, threading.Event()
        self.seen = collections.Counter()

    def __call__(self, number, way, data):
        if way == "up":
            self.seen[number] += len(data)
            self.left -= len(data)
            if self.left < 0 and self.seen[number] > 1 << 18:
                self.is_open.wait(DEADLINE_S)
        return data


@contextlib.contextmanager
def proxy(target, tap=None):
    made = Proxy(target, tap)
    try:
        yield made
    except BaseException:
        made.cut()  # or what still runs through it would be waited for
        raise
    finally:
        made.close()


def flip(connection, at):
    """A tap that changes one bit: of the byte that is number `at` of what comes down that connection."""
    seen = [0]

    def tap(number, way, data):
        if number != connection or way != "down":
            return data
        first, seen[0] = seen[0], seen[0] + len(data)
        if not first <= at < seen[0]:
            return data
        changed = bytearray(data)
        changed[at - first] ^= 0x10
        return bytes(changed)

    return tap


def facts(path):
    """All that has to arrive below `path`: kind, content, mode and time, by relative name."""
    path = pathlib.Path(path)
    found = {}
    for at in [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]:
        about = at.lstat()
        if stat.S_ISLNK(about.st_mode):
            what = ("link", os.readlink(at))
        elif stat.S_ISDIR(about.st_mode):
            what = ("folder", stat.S_IMODE(about.st_mode), about.st_mtime_ns)
        else:
            digest = hashlib.sha256(at.read_bytes()).hexdigest()
            what = (digest, stat.S_IMODE(about.st_mode), about.st_mtime_ns)
        found[os.fsencode(at.relative_to(path.parent))] = what
    return found


def memory_folder(bytes_min):
    """A place in memory with that much room, for what syncs more than a disk likes; or None."""
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return None
    return "/dev/shm" if room.f_bavail * room.f_frsize >= bytes_min else None


class TransferTest(unittest.TestCase):
    """A test with a folder of its own, with `source` and `target` in it."""

    place = None  # where temporary files go anyway

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir=self.place))
                                   if hasattr(self, "enterContext") else self._temporary())
        self.source = self.folder / "source"
        self.target = self.folder / "target"
        self.source.mkdir()

    def _temporary(self):
        made = tempfile.TemporaryDirectory(dir=self.place)
        self.addCleanup(made.cleanup)
        return made.name

    def run_cli(self, *arguments, **options):
        """A command that does not outlive the test."""
        state = {"XDG_STATE_HOME": str(self.folder / "state")}
        options["env"] = {**state, **(options.get("env") or {})}
        command = Command(*arguments, **options)
        self.addCleanup(command.kill)
        return command

    def send(self, relay, *paths, code=CODE, options=()):
        env = {"TALLOW_CODE": code} if code else {}
        return self.run_cli("send", "--relay", relay, "--json", "--yes", *options, "--", *paths,
                            env=env)

    def receive(self, relay, code=CODE, target=None, options=()):
        env = {"TALLOW_CODE": code} if code else {}
        return self.run_cli("receive", "--relay", relay, "--json", "--yes", *options, "--out",
                            target or self.target, env=env)

    def assert_done(self, *commands):
        for command in commands:
            finished = command.wait()
            self.assertEqual(finished.code, 0, finished.err + finished.out)
            self.assertEqual(len(finished.event("done")), 1)

    def assert_same(self, *sources, target=None):
        for source in sources:
            self.assertEqual(facts(source), facts((target or self.target) / source.name))

    def assert_no_final_name_in(self, folder):
        """Nothing but what is kept for another attempt."""
        names = [p.name for p in folder.iterdir()] if folder.exists() else []
        self.assertEqual([n for n in names if not (n.startswith(".tallow-") and n.endswith(".part"))],
                         [])

    def assert_nothing_in(self, folder):
        self.assertEqual(sorted(folder.rglob("*")) if folder.exists() else [], [])
