"""The tools that do the same as Tallow: two people, a code, and a relay in between. All of them run
against servers of our own.
"""
import os
import random
import subprocess
import time

from comparison.children import Meter, wait_until_connected, wait_until_listening
from comparison.tools import Run, Tool, finish, free_ports, new_code, release


class Croc(Tool):
    name = "croc"
    commands = ("croc",)
    isolated = True      # asks for newer releases, looks around for peers

    def __init__(self):
        self.ports, self.environment, self.send_options = [], {}, []

    def serve(self, children, folder):
        config = folder / "croc"
        config.mkdir()
        self.environment = {"CROC_CONFIG_DIR": str(config), "HOME": str(config)}
        self.ports = free_ports(5)
        said = subprocess.run(["croc", "send", "--help"], capture_output=True, text=True,
                              check=False, env={**os.environ, **self.environment}).stdout
        # Newer ones have a second way to transfer, by servers elsewhere.
        self.send_options = ["--no-local"] + (["--transport", "relay"] if "--transport" in said
                                              else [])
        self.relay = children.start(["croc", "relay", "--host", "127.0.0.1", "--ports",
                                     ",".join(map(str, self.ports))], env=self.environment)
        wait_until_listening(*self.ports)

    def run(self, sample, target, children):
        address = f"127.0.0.1:{self.ports[0]}"
        environment = {**self.environment, "CROC_SECRET": new_code()}
        meter = Meter(self.relay)
        sender = children.start(["croc", "--yes", "--ignore-stdin", "--relay", address, "send",
                                 *self.send_options, sample.path], env=environment, held=True)
        began = release(sender)
        # Its receiver does not wait for a sender: it has to come second.
        wait_until_connected(self.ports[0])
        receiver = children.start(["croc", "--yes", "--overwrite", "--ip", address, "--out",
                                   target], env=environment)
        wall_s = finish(began, [sender], [receiver])
        return Run(wall_s, sender.usage, receiver.usage, meter.usage())


class Wormhole(Tool):
    """magic-wormhole through servers of our own; the same for its relative in Go."""

    name = "wormhole"
    commands = ("wormhole", "twist3")
    isolated = True
    transit_port = None

    def serve(self, children, folder):
        mailbox, transit = free_ports(2)
        transit = self.transit_port or transit
        self.mailbox_port = mailbox
        self.options = ["--relay-url", f"ws://127.0.0.1:{mailbox}/v1"]
        self.helper = f"tcp:127.0.0.1:{transit}"
        self.servers = [
            children.start(["twist3", "wormhole-mailbox", "--channel-db", ":memory:",
                            f"--port=tcp:{mailbox}:interface=127.0.0.1"], cwd=folder),
            children.start(["twist3", "transitrelay",
                            f"--port=tcp:{transit}:interface=127.0.0.1"], cwd=folder)]
        wait_until_listening(mailbox, transit)

    def code(self):
        return f"{random.randrange(1, 1000)}-crossover-clockwork"

    def commands_for(self, sample, target, code):
        start = ["wormhole", *self.options, "--transit-helper", self.helper]
        return ([*start, "send", "--hide-progress", "--no-listen", "--code", code, sample.path],
                [*start, "receive", "--hide-progress", "--no-listen", "--accept-file", code])

    def run(self, sample, target, children):
        meter = Meter(*self.servers)
        to_send, to_receive = self.commands_for(sample, target, self.code())
        yes = children.logs / "yes"
        yes.write_text("y\n")
        receiver = children.start(to_receive, cwd=target, read=yes)
        wait_until_connected(self.mailbox_port)
        time.sleep(0.3)  # it does not tell when it is ready; connected is nearly so
        sender = children.start(to_send, held=True)
        wall_s = finish(release(sender), [sender], [receiver])
        return Run(wall_s, sender.usage, receiver.usage, meter.usage())


class WormholeWilliam(Wormhole):
    name = "wormhole-william"
    commands = ("wormhole-william", "twist3")
    transit_port = 4001  # cannot be changed: see isolation.py

    def commands_for(self, sample, target, code):
        start = ["wormhole-william", *self.options]
        return ([*start, "send", "--hide-progress", "--code", code, sample.path],
                [*start, "receive", "--hide-progress", code])
