"""Processes whose processor time and memory are known to the last one of them."""
import ctypes
import os
import pathlib
import signal
import subprocess
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
RUN_DEADLINE_S = 900
READY_DEADLINE_S = 30
STOP_DEADLINE_S = 5


class Failed(Exception):
    """A run that cannot be counted, and why."""


class Usage:
    """What the processes of one side took: seconds of processor, and the largest one's memory."""

    def __init__(self, cpu_s=0.0, peak_bytes=0):
        self.cpu_s, self.peak_bytes = cpu_s, peak_bytes

    def __add__(self, other):
        return Usage(self.cpu_s + other.cpu_s, max(self.peak_bytes, other.peak_bytes))


def adopt_orphans():
    """Children of processes that we start become ours when those end."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def read_when(condition, what, deadline_s=READY_DEADLINE_S, pause_s=0.0005):
    """The first true value of condition(), which is asked again and again."""
    stop = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > stop:
            raise Failed(f"{what}: not within {deadline_s} s")
        time.sleep(pause_s)


# The child is a copy of a small shell when it becomes the program. It waits at its gate until the
# shell that started it is gone: that one would take note of its end, which is for us.
SCRIPT = """{ read -r go <"$CHILD_GATE"; exec "$@" <"$CHILD_READ" >"$CHILD_OUT" 2>"$CHILD_ERR"; } &
echo $!"""


class Child:
    """A process of ours. Its output goes to files in `logs`, or to what `out` names.

    A shell starts it and ends at once. Were it our own child, the kernel would count this
    interpreter's memory as its: a process begins with the peak of the one that it was before exec.
    """

    def __init__(self, command, logs, *, env=None, cwd=None, read=os.devnull, out=None,
                 held=False):
        command = [os.fspath(part) for part in command]
        self.name = pathlib.Path(command[0]).name
        stem = pathlib.Path(logs) / f"{len(list(pathlib.Path(logs).glob('*.err'))):02}-{self.name}"
        self.gate = stem.with_suffix(".gate")
        self.error_file = stem.with_suffix(".err")
        self.output_file = pathlib.Path(out or stem.with_suffix(".out"))
        self.error_file.touch()
        os.mkfifo(self.gate)
        environment = {**os.environ, **(env or {}), "CHILD_GATE": str(self.gate),
                       "CHILD_READ": os.fspath(read), "CHILD_OUT": str(self.output_file),
                       "CHILD_ERR": str(self.error_file)}
        with subprocess.Popen(["sh", "-c", SCRIPT, "sh", *command], env=environment, cwd=cwd,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as shell:
            # One line and not all: the child holds the other end of this pipe.
            self.pid = int(shell.stdout.readline())
        self.ended_at = self.status = self.usage = None
        self._waiting = threading.Thread(target=self._wait)
        self._waiting.start()
        if not held:
            self.go()

    def go(self):
        """Lets it become the program."""
        with open(self.gate, "w", encoding="ascii") as gate:
            gate.write("go\n")

    def _wait(self):
        _, status, rusage = os.wait4(self.pid, 0)
        self.ended_at = time.monotonic()
        self.status = os.waitstatus_to_exitcode(status)
        # With it are counted those that it started and waited for.
        self.usage = Usage(rusage.ru_utime + rusage.ru_stime, rusage.ru_maxrss * 1024)

    def output(self):
        """What it has said so far."""
        if not self.output_file.exists():  # it has not begun
            return ""
        return self.output_file.read_text(errors="replace")

    def alive(self):
        return self._waiting.is_alive()

    def finish(self, deadline_s=RUN_DEADLINE_S):
        """Waits for its end, which has to be a good one."""
        self._waiting.join(deadline_s)
        if self.alive():
            raise Failed(f"{self.name} did not end within {deadline_s} s: {self._tail()}")
        if self.status != 0:
            raise Failed(f"{self.name} ended with {self.status}: {self._tail()}")

    def stop(self):
        """Ends it, if it has not ended; returns once it has."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.alive():
                self.kill(number)
                self._waiting.join(STOP_DEADLINE_S)

    def kill(self, number):
        """Sends it a signal, if it is still there."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass  # the thread that waits for it is about to say so

    def _tail(self):
        return " ".join(self.error_file.read_text(errors="replace").split())[-500:]

    # ---- for those that live longer than a run ----

    def cpu_s(self):
        """Processor time until now, with that of its children that have ended."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS_PER_S

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def children(self):
        return pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()


class Children:
    """Those of one run; none outlives the block."""

    def __init__(self, logs):
        self.logs = pathlib.Path(logs)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.all = []

    def __enter__(self):
        return self

    def start(self, command, **how):
        self.all.append(Child(command, self.logs, **how))
        return self.all[-1]

    def __exit__(self, *_):
        self.close()

    def close(self):
        for child in self.all:
            child.stop()


class Meter:
    """What a long-running process takes between two moments."""

    def __init__(self, *children):
        self.children = children
        for child in children:
            child.forget_peak()
        self.cpu_before_s = sum(child.cpu_s() for child in children)

    def usage(self):
        cpu_s = sum(child.cpu_s() for child in self.children) - self.cpu_before_s
        return Usage(cpu_s, max(child.peak_bytes() for child in self.children))


# ---- ports of the loopback ----------------------------------------------------------------------

TCP_ESTABLISHED, TCP_LISTEN = "01", "0A"


def _sockets():
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = pathlib.Path(name).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            _, local, remote, state, *_ = line.split()
            yield int(local[-4:], 16), int(remote[-4:], 16), state


def wait_until_listening(*ports):
    """Looks without connecting, which would use up the one connection that some of them take."""
    read_when(lambda: set(ports) <= {here for here, _, state in _sockets() if state == TCP_LISTEN},
              f"nobody listens on {ports}")


def connections_to(port):
    return sum(1 for _, there, state in _sockets() if there == port and state == TCP_ESTABLISHED)


def wait_until_connected(port, count=1):
    read_when(lambda: connections_to(port) >= count, f"nobody has connected to {port}")
