"""How each tool is run: who sends, who receives, who passes the bytes on, and what is timed.

The clock starts with the sender, when everybody else is ready, and stops when sender and receiver
have both ended.
"""
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

from comparison.children import (Children, Failed, Meter, Usage, read_when,
                                 wait_until_listening)

# The best of 8 KiB (socat's own) to 1 MiB.
SOCAT_BLOCK = ["-b", str(256 * 1024)]


def free_ports(count):
    """Ports of the loopback that nobody listens on, one behind the other."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
        try:
            for other in range(port, port + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", other))
            return list(range(port, port + count))
        except (OSError, OverflowError):
            continue


def first_line(command):
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return ((said.stdout + said.stderr).strip().splitlines() or [""])[0].strip()


class Run:
    """What one transfer took."""

    def __init__(self, wall_s, sender, receiver, relay=None):
        self.wall_s, self.sender, self.receiver, self.relay = wall_s, sender, receiver, relay


def total(children):
    return sum((child.usage for child in children), Usage())


def release(*children):
    """Lets them begin; returns when that was."""
    began = time.monotonic()
    for child in children:
        child.go()
    return began


def finish(began, senders, receivers):
    """Waits for both sides; returns the seconds since `began`."""
    for child in [*senders, *receivers]:
        child.finish()
    return max(child.ended_at for child in [*senders, *receivers]) - began


class Tool:
    """One of the programs. `with tool.serving(folder)` runs what it needs besides two sides."""

    name = ""
    commands = ()        # has to be on PATH
    isolated = False     # talks to others unless it is kept from it
    only = None          # the sets it is for

    def missing(self, is_isolated):
        lacking = [command for command in self.commands if not shutil.which(command)]
        if lacking:
            return f"{', '.join(lacking)} not found"
        if self.isolated and not is_isolated:
            return "it may only run without a network, and unshare is not allowed here"
        return None

    def version(self):
        return first_line([self.commands[0], "--version"])

    def serve(self, children, folder):
        """Starts what outlives a run."""

    def run(self, sample, target, children):
        raise NotImplementedError

    def arrived(self, sample, target):
        return target / sample.path.name


class Socat(Tool):
    """A plain pipe through a forwarding process, or without one: no encryption, no names, no check."""

    name = "socat"
    commands = ("socat", "tar")
    forwards = True

    def version(self):
        said = subprocess.run(["socat", "-V"], capture_output=True, text=True, check=False).stdout
        return next(line for line in said.splitlines() if "version" in line).strip()

    def run(self, sample, target, children):
        entry, way = free_ports(2)
        bound = "bind=127.0.0.1,reuseaddr"
        folder = children.logs
        if sample.is_folder:
            os.mkfifo(folder / "there")
            os.mkfifo(folder / "back")
            receivers = [children.start(["tar", "-C", target, "-xf", "-"], read=folder / "back")]
            arriving = {"out": folder / "back"}
        else:
            receivers = []
            arriving = {"out": self.arrived(sample, target)}
        receivers.append(children.start(
            ["socat", *SOCAT_BLOCK, "-u", f"TCP-LISTEN:{way},{bound}", "STDOUT"], **arriving))
        forwarder = None
        if self.forwards:
            forwarder = children.start(["socat", *SOCAT_BLOCK, f"TCP-LISTEN:{entry},{bound}",
                                        f"TCP:127.0.0.1:{way}"])
            wait_until_listening(entry)
        else:
            entry = way
        wait_until_listening(way)
        if sample.is_folder:
            senders = [children.start(["tar", "-C", sample.path.parent, "-cf", "-",
                                       sample.path.name], out=folder / "there", held=True)]
            source = folder / "there"
        else:
            senders, source = [], sample.path
        senders.append(children.start(
            ["socat", *SOCAT_BLOCK, "-u", "STDIN", f"TCP:127.0.0.1:{entry}"], read=source,
            held=True))
        wall_s = finish(release(*senders), senders, receivers)
        if forwarder:
            forwarder.finish()
        return Run(wall_s, total(senders), total(receivers), forwarder and forwarder.usage)


class SocatDirect(Socat):
    forwards = False


class Tallow(Tool):
    name = "tallow"

    def __init__(self, binaries, send_options=(), name="tallow"):
        self.binaries, self.name = pathlib.Path(binaries), name
        self.send_options = list(send_options)
        self.relay = self.address = self.sender_address = None
        self.env = {}

    def missing(self, is_isolated):
        if (self.binaries / "tallow-cli").exists() and (self.binaries / "tallow-relay").exists():
            return None
        return f"not built in {self.binaries}"

    def version(self):
        own = first_line([self.binaries / "tallow-cli", "--version"])
        source = subprocess.run(["git", "-C", pathlib.Path(__file__).parent, "describe", "--always",
                                 "--dirty"], capture_output=True, text=True, check=False)
        return f"{own}, {source.stdout.strip()}" if source.returncode == 0 else own

    def can(self, option):
        """Whether tallow-cli send has that option."""
        said = subprocess.run([self.binaries / "tallow-cli", "send", "--help"], check=False,
                              capture_output=True, text=True).stdout
        return option in said.split()

    def serve(self, children, folder):
        # The relay's new key would not be the one that an earlier run remembers of its port.
        # All of it goes through the relay, as with the others, unless somebody changes that.
        self.env = {"XDG_STATE_HOME": str(folder / "state"), "TALLOW_DIRECT": "never"}
        self.relay = children.start([self.binaries / "tallow-relay", "--listen", "127.0.0.1:0",
                                     "--max-bytes", "0", "--log-level", "error"], env=self.env)
        ready = read_when(self.relay.output, "tallow-relay said nothing").split()
        self.address = self.sender_address = ready[-1]

    def send(self, sample, children, code=None, held=False):
        return children.start([self.binaries / "tallow-cli", "send", "--relay", self.sender_address,
                               "--yes", "--json", *self.send_options, "--", sample.path],
                              env={**self.env, **({"TALLOW_CODE": code} if code else {})},
                              held=held)

    def receive(self, target, children, code):
        return children.start([self.binaries / "tallow-cli", "receive", "--relay", self.address,
                               "--yes", "--json", "--out", target],
                              env={**self.env, "TALLOW_CODE": code})

    def run(self, sample, target, children):
        code = new_code()
        meter = Meter(self.relay)
        receiver = self.receive(target, children, code)
        read_when(lambda: event(receiver, "waiting"), "the receiver does not wait")
        sender = self.send(sample, children, code, held=True)
        wall_s = finish(release(sender), [sender], [receiver])
        return Run(wall_s, sender.usage, receiver.usage, meter.usage())


class TallowFromCode(Tallow):
    """From the moment when the sender shows a code: what a person waits for."""

    only = ("one",)

    def run(self, sample, target, children):
        meter = Meter(self.relay)
        sender = self.send(sample, children)
        code = read_when(lambda: event(sender, "code"), "the sender shows no code")["code"]
        began = time.monotonic()
        receiver = self.receive(target, children, code)
        wall_s = finish(began, [sender], [receiver])
        return Run(wall_s, sender.usage, receiver.usage, meter.usage())


def event(child, name):
    """The first event of that name which a tallow-cli has reported."""
    for line in child.output().splitlines(keepends=True):
        if line.endswith("\n") and f'"{name}"' in line:
            found = json.loads(line)
            if found["event"] == name:
                return found
    return None


def new_code():
    letters = "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=16))
    return f"{random.randrange(1, 10**8)}-{letters}"


def serving(tool, folder):
    """The processes that a tool needs for as long as it is measured."""
    children = Children(folder / "servers")
    try:
        tool.serve(children, folder)
    except (Failed, OSError):
        children.close()
        raise
    return children
