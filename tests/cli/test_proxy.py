#!/usr/bin/env python3
"""Transfers through proxies that others wrote, and what is said when those fail."""

import base64
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness import BIN, CODE, DEADLINE_S, Proxy, TransferTest, clean_environment, relay

USER, PASSWORD = "ann", "crossing-the-river"
# No resolver knows it; a proxy of these tests may.
ONLY_THERE = "relay.only-the-proxy-knows.invalid"
# Where a proxy connects from, so that its connections can be told from all others.
PROXY_SOURCE = "127.0.0.9"


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise unittest.SkipTest(f"{name} is not installed (scripts/bootstrap installs it)")
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def wait_for_listener(port, process):
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise AssertionError("nobody listens")


def with_hosts(command, hosts):
    """The command, with other names in its /etc/hosts; or a skip where that is not allowed."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    unshare = [program("unshare"), *user, "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
        raise unittest.SkipTest("no namespaces for us here")
    return [*unshare, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, *command]


@contextlib.contextmanager
def listening(port, command):
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([*map(os.fspath, command)], stdin=subprocess.DEVNULL, stdout=said,
                                   stderr=said)
        try:
            wait_for_listener(port, process)
            yield "127.0.0.1:%d" % port
        finally:
            process.terminate()
            process.wait(DEADLINE_S)


class ProxyTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(3 << 20))
        self.hosts = self.folder / "hosts"
        self.hosts.write_text(f"127.0.0.1 {ONLY_THERE}\n127.0.0.1 localhost\n")

    def microsocks(self, *options):
        """A SOCKS5 server that knows the relay's name."""
        port = free_port()
        command = [program("microsocks"), "-i", "127.0.0.1", "-p", port, "-b", PROXY_SOURCE, *options]
        return listening(port, with_hosts([str(part) for part in command], self.hosts))

    def tinyproxy(self, *lines):
        """An HTTP proxy that knows the relay's name."""
        port = free_port()
        settings = self.folder / "tinyproxy.conf"
        settings.write_text("\n".join([f"Port {port}", "Listen 127.0.0.1", f"Bind {PROXY_SOURCE}",
                                       "Timeout 600", "MaxClients 50", "LogLevel Error", *lines, ""]))
        return listening(port, with_hosts([program("tinyproxy"), "-d", "-c", settings], self.hosts))

    @contextlib.contextmanager
    def watched_relay(self):
        """A relay of which is known who comes to it: (name and port, sources so far)."""
        with relay() as hub:
            between = SourceProxy(hub.address)
            try:
                yield ONLY_THERE + ":" + between.address.rsplit(":", 1)[1], between
            finally:
                between.cut()
                between.close()

    def assert_arrives(self, address, options=(), env=None, lanes="2"):
        sending = self.run_cli("send", "--relay", address, "--json", "--yes", "--lanes", lanes,
                               *options, self.file, env={"TALLOW_CODE": CODE, **(env or {})})
        receiving = self.run_cli("receive", "--relay", address, "--json", "--yes", *options, "--out",
                                 self.target, env={"TALLOW_CODE": CODE, **(env or {})})
        self.assert_done(sending, receiving)
        self.assert_same(self.file)
        shutil.rmtree(self.target)
        return sending.wait(), receiving.wait()

    def assert_fails(self, address, options=(), env=None, code=4):
        finished = self.run_cli("send", "--relay", address, "--json", *options, self.file,
                                env={"TALLOW_CODE": CODE, **(env or {})}).wait()
        self.assertEqual(finished.code, code, finished.err)
        return finished, finished.event("error")[0] if finished.out else None


class SourceProxy(Proxy):
    """Notes where each of its clients came from."""

    def __init__(self, target):
        self.seen = []
        super().__init__(target)

    def _pump(self, client, server, number):
        with contextlib.suppress(OSError):  # it has gone already
            self.seen.append(client.getpeername()[0])
        super()._pump(client, server, number)


class RealProxies(ProxyTest):
    def assert_only_through(self, between, connections):
        self.assertEqual(set(between.seen), {PROXY_SOURCE})
        # Two control connections, and the lanes of both sides.
        self.assertGreaterEqual(len(between.seen), connections)

    def test_socks5_takes_names_and_lanes(self):
        with self.microsocks() as proxy, self.watched_relay() as (address, between):
            for scheme in ("socks5", "socks5h"):
                sent, _ = self.assert_arrives(address, ("--proxy", f"{scheme}://{proxy}"))
                self.assertEqual(sent.event("proxy")[0]["proxy"], f"socks5://{proxy}")
                self.assertIn(f"Through the proxy socks5://{proxy}", sent.err)
            self.assert_only_through(between, 2 * 6)

    def test_http_connect_takes_names_and_lanes(self):
        with self.tinyproxy() as proxy, self.watched_relay() as (address, between):
            self.assert_arrives(address, ("--proxy", f"http://{proxy}"))
            self.assert_only_through(between, 6)

    def test_ssh_takes_names_and_lanes(self):
        with self.ssh() as proxy, self.watched_relay() as (address, between):
            # This proxy is a machine like ours, and knows no more names.
            address = "localhost:" + address.rsplit(":", 1)[1]
            sent, _ = self.assert_arrives(address, ("--proxy", f"socks5://{proxy}"))
            self.assertTrue(sent.event("proxy"))
            self.assertGreaterEqual(len(between.seen), 6)
            # What ssh says of a port where nobody listens.
            _, error = self.assert_fails(f"localhost:{free_port()}",
                                         ("--proxy", f"socks5://{proxy}"))
            self.assertEqual(error["code"], "proxy_refused")

    @contextlib.contextmanager
    def ssh(self):
        """`ssh -D` to a server of our own, with keys of its own."""
        for name in ("host", "user"):
            subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f",
                            self.folder / name], check=True)
        self.folder.joinpath("authorized").write_bytes((self.folder / "user.pub").read_bytes())
        there, here = free_port(), free_port()
        settings = self.folder / "sshd_config"
        settings.write_text(f"""Port {there}
ListenAddress 127.0.0.1
HostKey {self.folder / "host"}
AuthorizedKeysFile {self.folder / "authorized"}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
""")
        if os.geteuid() == 0 and not os.path.isdir("/run/sshd"):
            os.mkdir("/run/sshd", 0o755)  # where a server of root's wants to be alone
        me = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        with listening(there, [program("sshd"), "-D", "-e", "-f", settings]), \
                listening(here, [program("ssh"), "-N", "-F", "none", "-D", f"127.0.0.1:{here}",
                                 "-i", self.folder / "user", "-p", str(there), "-l", me,
                                 "-o", f"UserKnownHostsFile={self.folder / 'known'}",
                                 "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes",
                                 "-o", "ExitOnForwardFailure=yes", "127.0.0.1"]) as proxy:
            yield proxy

    def under_way(self, address, between, options):
        """Both sides, each with a memory of its own, in the middle of a file."""
        self.file.write_bytes(os.urandom(64 << 20))
        sides = []
        for state, arguments in (("one", ("send", self.file)),
                                 ("other", ("receive", "--out", self.target))):
            sides.append(self.run_cli(arguments[0], "--relay", address, "--json", "--yes", *options,
                                      *arguments[1:], env={"TALLOW_CODE": CODE, **self.state(state)}))
        deadline = time.monotonic() + DEADLINE_S
        while len(between.recorded) < 8 << 20 and time.monotonic() < deadline:
            time.sleep(0.001)
        return sides

    def state(self, name):
        return {"XDG_STATE_HOME": str(self.folder / name)}

    def test_a_connection_that_breaks_comes_back_through_the_proxy(self):
        with self.microsocks() as proxy, self.watched_relay() as (address, between):
            sides = self.under_way(address, between, ("--proxy", f"socks5://{proxy}"))
            between.cut()
            self.assert_done(*sides)
            self.assertGreaterEqual(len(sides[1].wait().event("resumed")), 1)
            self.assert_only_through(between, 8)
        self.assert_same(self.file)

    def test_a_session_goes_on_through_the_same_proxy(self):
        with self.microsocks() as proxy, self.watched_relay() as (address, between):
            for side in self.under_way(address, between, ("--proxy", f"socks5://{proxy}")):
                side.kill()
            again = [self.run_cli("resume", "--json", "--yes", env=self.state(name))
                     for name in ("one", "other")]
            self.assert_done(*again)
            for side in again:
                self.assertEqual(side.wait().event("proxy")[0]["from"], "as before")
            self.assert_only_through(between, 8)
        self.assert_same(self.file)


class Login(ProxyTest):
    def test_is_said_to_proxies_that_want_it(self):
        with self.microsocks("-u", USER, "-P", PASSWORD) as socks, \
                self.tinyproxy(f"BasicAuth {USER} {PASSWORD}") as http, \
                self.watched_relay() as (address, _):
            for url in (f"socks5://{USER}:{PASSWORD}@{socks}", f"http://{USER}:{PASSWORD}@{http}"):
                for where in ({"TALLOW_PROXY": url}, {"ALL_PROXY": url}, {"all_proxy": url}):
                    ended = self.assert_arrives(address, env=where)
                    self.assert_not_shown(*ended)
                ended = self.assert_arrives(address, ("--proxy", url))
                self.assert_not_shown(*ended)
            for url in (f"socks5://{socks}", f"socks5://{USER}:wrong@{socks}", f"http://{http}",
                        f"http://{USER}:wrong@{http}"):
                finished, error = self.assert_fails(address, ("--proxy", url))
                self.assertEqual(error["code"], "proxy_login_refused", finished.err)
                self.assertIn("TALLOW_PROXY", error["advice"])
                self.assertNotIn("wrong", finished.err + finished.out)

    def assert_not_shown(self, *ended):
        encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        for finished in ended:
            for secret in (PASSWORD, encoded):
                self.assertNotIn(secret, finished.err)
                self.assertNotIn(secret, finished.out)
        for stored in (self.folder / "state").rglob("*"):
            if stored.is_file():
                self.assertNotIn(PASSWORD.encode(), stored.read_bytes())

    def test_is_in_no_process_list_and_no_environment(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = "socks5://%s:%s@127.0.0.1:%d" % (USER, PASSWORD, silent.getsockname()[1])
            for options, env in ((("--proxy", url), {}), (("--proxy=" + url,), {}),
                                 ((), {"TALLOW_PROXY": url}), ((), {"ALL_PROXY": url})):
                command = self.run_cli("send", "--relay", ONLY_THERE, "--json", *options, self.file,
                                       env={"TALLOW_CODE": CODE, **env})
                command.event("proxy")
                about = pathlib.Path("/proc", str(command.process.pid))
                try:
                    shown = (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
                except PermissionError:
                    shown = subprocess.run(["ps", "-p", str(command.process.pid), "-o", "args="],
                                           capture_output=True).stdout
                self.assertIn(b"send", shown)
                self.assertNotIn(PASSWORD.encode(), shown)
                command.kill()


class Choice(ProxyTest):
    def test_is_made_by_option_variable_and_exception(self):
        with relay() as hub:
            gone = f"socks5://127.0.0.1:{free_port()}"
            _, error = self.assert_fails(hub.address, env={"ALL_PROXY": gone})
            self.assertEqual(error["code"], "proxy_unreachable")
            self.assertIn("--proxy none", error["advice"])
            _, error = self.assert_fails(hub.address, env={"TALLOW_PROXY": gone})
            self.assertEqual(error["code"], "proxy_unreachable")
            for env in ({"ALL_PROXY": gone, "NO_PROXY": "127.0.0.1"},
                        {"ALL_PROXY": gone, "no_proxy": "example.org, *"},
                        {"ALL_PROXY": gone, "TALLOW_PROXY": "none"}):
                sent, _ = self.assert_arrives(hub.address, env=env)
                self.assertEqual(sent.event("proxy"), [])
            self.assert_arrives(hub.address, ("--proxy", "none"), {"ALL_PROXY": gone})
            # An exception is one from what the environment says alone.
            _, error = self.assert_fails(hub.address, ("--proxy", gone), {"NO_PROXY": "*"})
            self.assertEqual(error["code"], "proxy_unreachable")

    def test_what_is_no_proxy_is_no_reason_to_go_without(self):
        with relay() as hub:
            for text in ("127.0.0.1:9050", "https://127.0.0.1:1", "socks5://127.0.0.1", "socks4://h:1"):
                for options, env in ((("--proxy", text), {}), ((), {"ALL_PROXY": text}),
                                     ((), {"TALLOW_PROXY": text})):
                    finished, _ = self.assert_fails(hub.address, options, env, code=2)
                    self.assertIn("socks5://", finished.err)


class HostileProxies(ProxyTest):
    def serve(self, answer):
        """A server that answers what it hears with `answer`, once, and then says nothing."""
        listener = socket.create_server(("127.0.0.1", 0))
        kept = []

        def run():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    kept.append(client)
                    client.recv(4096)
                    if answer is None:
                        client.close()
                        continue
                    with contextlib.suppress(OSError):
                        client.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()

        def stop():
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()
            for client in kept:
                client.close()
        self.addCleanup(stop)
        return "127.0.0.1:%d" % listener.getsockname()[1]

    def test_are_named_in_the_error(self):
        rows = (
            ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "proxy_not_understood"),
            ("socks5", b"\x05\x00\x05\x00\x00\x09", "proxy_not_understood"),
            ("socks5", b"\x05\xff", "proxy_login_refused"),
            ("socks5", b"\x05\x00\x05\x04", "proxy_refused"),
            ("socks5", None, "proxy_refused"),
            ("http", b"\x05\x00", "proxy_not_understood"),
            ("http", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000, "proxy_not_understood"),
            ("http", b"HTTP/1.1 403 Forbidden\r\n\r\n", "proxy_refused"),
            ("http", b"HTTP/1.1 407 Who are you\r\n\r\n", "proxy_login_refused"),
            ("http", None, "proxy_refused"),
        )
        for scheme, answer, code in rows:
            with self.subTest(scheme=scheme, answer=answer and answer[:30]):
                finished, error = self.assert_fails(
                    "relay.invalid", ("--proxy", f"{scheme}://{self.serve(answer)}"))
                self.assertEqual(error["code"], code)
                self.assertIn("proxy", finished.err)
                self.assertTrue(error["advice"])

    def test_that_say_yes_and_are_no_relay_are_found_out(self):
        yes = b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"not TLS at all" * 100
        finished, error = self.assert_fails("relay.invalid",
                                            ("--proxy", f"socks5://{self.serve(yes)}"), code=3)
        self.assertEqual(error["code"], "tls_failed")


class NothingBeside(unittest.TestCase):
    def test_no_question_to_a_resolver(self):
        """In a network of its own, whose only resolver writes down what it is asked."""
        unshare = [program("unshare"), *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net",
                   "--mount"]
        if subprocess.run([*unshare, "true"], capture_output=True).returncode != 0:
            self.skipTest("no namespaces for us here")
        program("microsocks")
        inner = subprocess.run([*unshare, sys.executable, __file__, "--inner"], timeout=DEADLINE_S,
                               capture_output=True, text=True, env=dict(os.environ))
        self.assertEqual(inner.returncode, 0, inner.stdout + inner.stderr)
        self.assertIn("asked without a proxy: True\n", inner.stdout)
        self.assertIn("asked with one: 0\n", inner.stdout)


def inner():
    """Runs in the namespaces of NothingBeside: the loopback is all there is."""
    subprocess.run([program("ip"), "link", "set", "lo", "up"], check=True)
    asked = []
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolver.bind(("127.0.0.1", 53))
    ended = threading.Event()

    def answer():
        while True:
            question, client = resolver.recvfrom(4096)
            if ended.is_set():
                return
            asked.append(question)
            # No such name.
            resolver.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:],
                            client)

    answering = threading.Thread(target=answer)
    answering.start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in (("resolv.conf", "nameserver 127.0.0.1\n"),
                           ("nsswitch.conf", "hosts: files dns\n")):
            (folder / file).write_text(text)
            subprocess.run(["mount", "--bind", folder / file, f"/etc/{file}"], check=True)
        case = RealProxies()
        case.setUp()
        try:
            case.assert_fails(ONLY_THERE)
            print("asked without a proxy:", len(asked) > 0)
            asked.clear()
            with case.microsocks() as proxy, case.watched_relay() as (address, between):
                case.assert_arrives(address, ("--proxy", f"socks5://{proxy}"))
                case.assert_only_through(between, 6)
            print("asked with one:", len(asked))
        finally:
            case.doCleanups()
            ended.set()
            resolver.sendto(b"", resolver.getsockname())
            answering.join()


if __name__ == "__main__":
    if sys.argv[1:] == ["--inner"]:
        inner()
    else:
        unittest.main()
