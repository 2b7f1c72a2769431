"""A network of our own that has a loopback and nothing else, so that no tool can talk to anybody.

Some of the tools would: they look for updates, for public relays, for peers next door. In here they
find nobody, and the one address that wormhole-william has built in is this machine.
"""
import ctypes
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

MARK = "TALLOW_BENCH_ISOLATED"
MS_BIND = 4096
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
# Built into wormhole-william and not to be changed by an option.
LOCAL_NAMES = ["localhost", "transit.magic-wormhole.io"]


def unshare_command():
    """The command that runs another one alone, or nothing where that is not allowed."""
    if not shutil.which("unshare"):
        return None
    # Not as a mapped root: sshd would take itself for root and fail.
    user = [] if os.geteuid() == 0 else ["--map-current-user", "--keep-caps"]
    command = ["unshare", *user, "--net", "--mount", "--"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else None


def enter():
    """Runs this program again, isolated, unless it is already; returns whether it is."""
    if os.environ.get(MARK):
        _prepare()
        return True
    command = unshare_command()
    if command is None:
        return False
    os.execvpe(command[0], [*command, sys.executable, *sys.argv], {**os.environ, MARK: "1"})


def _prepare():
    with socket.socket() as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hosts:
        hosts.write("".join(f"127.0.0.1 {name}\n" for name in LOCAL_NAMES))
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        _mount(hosts.name, "/etc/hosts", None, MS_BIND)
    if os.geteuid() == 0:
        # sshd wants this folder when root runs it, and a machine without the service lacks it.
        _mount("none", "/run", "tmpfs", 0)
        pathlib.Path("/run/sshd").mkdir(mode=0o755)


def _mount(source, target, kind, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    encoded = [value.encode() if value else None for value in (source, target, kind)]
    if libc.mount(*encoded, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"mount on {target}")
