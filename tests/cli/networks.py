"""Networks of a test's own: namespaces, and ways between them."""
import os
import shutil
import subprocess
import unittest


class Net:
    """Network namespaces with nothing in them but their loopback, and ways between."""

    def __init__(self, *spaces):
        self.prefix, self.spaces, self.made = f"tallow{os.getpid()}-", [], 0
        for space in spaces:
            self.ip("netns", "add", self.prefix + space)
            self.spaces.append(space)
            self.set(space, "link", "set", "lo", "up")

    @staticmethod
    def ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    def set(self, space, *arguments):
        self.ip("-n", self.prefix + space, *arguments)

    def end(self, space, device, address=None):
        if address:
            self.set(space, "address", "add", address, "dev", device)
        self.set(space, "link", "set", device, "up")

    def join(self, one, one_address, other, other_address):
        """Two namespaces, by a pair of virtual network cards. Returns the name of the other end."""
        self.made += 1
        ends = f"v{self.made}", f"w{self.made}"
        self.ip("link", "add", ends[0], "netns", self.prefix + one, "type", "veth", "peer", "name",
                ends[1], "netns", self.prefix + other)
        self.end(one, ends[0], one_address)
        self.end(other, ends[1], other_address)
        return ends[1]

    def inside(self, space):
        return "ip", "netns", "exec", self.prefix + space

    def close(self):
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", self.prefix + space], check=False,
                           capture_output=True)


def make_net(*spaces):
    if not shutil.which("ip"):
        raise unittest.SkipTest("ip is not installed")
    if os.geteuid() != 0:
        raise unittest.SkipTest("network namespaces are for root")
    try:
        return Net(*spaces)
    except subprocess.CalledProcessError as failure:
        raise unittest.SkipTest(f"no network namespaces here: {failure.stderr.decode()}") from None
