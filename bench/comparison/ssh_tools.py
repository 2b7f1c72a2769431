"""scp and rsync, through an sshd of our own on the loopback: direct, without a relay."""
import getpass
import os
import shutil
import subprocess

from comparison.children import Meter, Usage, read_when, wait_until_listening
from comparison.tools import Run, Tool, finish, first_line, free_ports, release

CIPHER = "aes256-gcm@openssh.com"
SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
SFTP_SERVERS = ["/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server",
                "/usr/lib/ssh/sftp-server"]


class SshTool(Tool):
    """Each run has an sshd: what it started and waited for is then known with its end."""

    def missing(self, is_isolated):
        lacking = super().missing(is_isolated)
        if lacking:
            return lacking
        if not os.path.exists(SSHD):
            return "sshd not found"
        if os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
            return "sshd wants the folder /run/sshd when root runs it"
        return None

    def version(self):
        return f"{self.own_version()} over {first_line(['ssh', '-V'])}, {CIPHER}"

    def own_version(self):
        return first_line([self.commands[0], "--version"])

    def serve(self, children, folder):
        self.folder = folder
        for name in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name],
                           check=True, stdin=subprocess.DEVNULL)
        shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
        sftp = next(filter(os.path.exists, SFTP_SERVERS), "internal-sftp")
        (folder / "sshd_config").write_text(f"""ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers {getpass.getuser()}
Ciphers {CIPHER}
Subsystem sftp {sftp}
""")
        self.options = ["-F", "/dev/null", "-c", CIPHER, "-i", str(folder / "user_key")]
        for setting in ("BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=no",
                        "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null",
                        "LogLevel=ERROR", "ControlPath=none"):
            self.options += ["-o", setting]
        self.there = f"{getpass.getuser()}@127.0.0.1"

    def command(self, port, sample, target):
        raise NotImplementedError

    def run(self, sample, target, children):
        [port] = free_ports(1)
        server = children.start([SSHD, "-D", "-e", "-f", self.folder / "sshd_config", "-p",
                                 str(port)])
        wait_until_listening(port)
        before_s = Meter(server).cpu_before_s
        sender = children.start(self.command(port, sample, target), held=True)
        wall_s = finish(release(sender), [sender], [])
        read_when(lambda: not server.children(), "sshd's own processes did not end")
        server.stop()
        # Its start is not a part of the transfer.
        receiver = Usage(server.usage.cpu_s - before_s, server.usage.peak_bytes)
        return Run(wall_s, sender.usage, receiver)


class Scp(SshTool):
    name = "scp"
    commands = ("scp", "ssh", "ssh-keygen")

    def own_version(self):
        return "scp"

    def command(self, port, sample, target):
        recursive = ["-r"] if sample.is_folder else []
        return ["scp", "-q", *self.options, *recursive, "-P", str(port), sample.path,
                f"{self.there}:{target}/"]


class Rsync(SshTool):
    name = "rsync"
    commands = ("rsync", "ssh", "ssh-keygen")
    compression = ()

    def command(self, port, sample, target):
        shell = " ".join(["ssh", *self.options, "-p", str(port)])
        return ["rsync", "-a", *self.compression, "-e", shell, sample.path,
                f"{self.there}:{target}/"]


class RsyncZstd(Rsync):
    """For text only: what rsync gains by compressing."""

    name = "rsync-zstd"
    only = ("log",)
    compression = ("--compress", "--compress-choice=zstd")

    def version(self):
        return f"the same with {' '.join(self.compression)}"
