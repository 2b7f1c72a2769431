#!/usr/bin/env python3
"""The relay's key as people meet it: made, pinned, remembered, changed, renewed."""

import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import time
import unittest
import urllib.request

from harness import BIN, DEADLINE_S, TransferTest, clean_environment, flip, proxy, relay
from test_relay import HELLO, in_tls, running

KEY = re.compile(r"\b[0-9a-f]{64}\b")


def key_of(hub):
    """As the relay's log tells it."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := KEY.search("".join(hub.log))):
        assert time.monotonic() < deadline, hub.log
        time.sleep(0.01)
    return found[0]


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(os.fspath, arguments)], check=True, timeout=DEADLINE_S,
                          capture_output=True, text=True, **options)


def shown_by(hub):
    """The certificate that a relay shows, as PEM."""
    return ssl.DER_cert_to_PEM_cert(shown_der(hub))


def shown_der(hub):
    host, port = hub.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), DEADLINE_S) as plain, in_tls(plain) as sealed:
        return sealed.getpeercert(binary_form=True)


class TlsTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(100_000))
        self.known = self.folder / "state" / "tallow" / "known_relays"

    def assert_arrives(self, address, options=()):
        commands = (self.send(address, self.file, options=options),
                    self.receive(address, options=options))
        self.assert_done(*commands)
        self.assert_same(self.file)
        shutil.rmtree(self.target)
        return commands

    def assert_refused(self, address, code, *parts, options=()):
        finished = self.send(address, self.file, options=options).wait()
        self.assertEqual(finished.code, code, finished.err)
        for part in parts:
            self.assertIn(part, finished.err)
        return finished

    def certificate(self, name, *signing, subject="/CN=localhost", extensions=()):
        """A certificate and its key, made by OpenSSL."""
        key, pem = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", key, "-out", pem, "-days", "40", "-subj", subject, *signing,
                *(part for one in extensions for part in ("-addext", one)))
        return ("--tls-certificate", pem, "--tls-key", key)


class FirstUse(TlsTest):
    def test_a_key_is_remembered_and_said_once(self):
        with relay() as hub:
            key = key_of(hub)
            said = self.assert_arrives(hub.address)
            # Both sides of this test share a memory, and may come at the same time.
            self.assertIn(f"The relay at {hub.address} is new here. Its key is\n  {key}\n",
                          "".join(command.wait().err for command in said))
            self.assertEqual(self.known.read_text(), f"{hub.address} {key}\n")
            self.assertEqual(stat.S_IMODE(self.known.stat().st_mode), 0o600)
            for command in self.assert_arrives(hub.address):
                self.assertNotIn("new here", command.wait().err)

    def test_a_changed_key_is_an_error_and_nothing_is_sent(self):
        with relay() as hub:
            old = key_of(hub)
            self.assert_arrives(hub.address)
            port = hub.address.rsplit(":", 1)[1]
        with relay("--listen", "127.0.0.1:" + port, state=self.folder / "other") as other:
            new, address = key_of(other), f"127.0.0.1:{port}"
            with proxy(address) as between:
                self.known.write_text(f"{between.address} {old}\n")
                finished = self.assert_refused(between.address, 3, old, new, str(self.known),
                                               "remove its line")
                self.assertEqual(finished.event("error")[0]["code"], "relay_key_wrong")
                self.assertEqual(finished.event("relay_key_wrong")[0]["shown"], new)
                # Nothing but a ClientHello, the server's answer and an alert was to be seen.
                self.assertLess(len(between.recorded), 4000)
            self.assertEqual(self.known.read_text(), f"{between.address} {old}\n")
            # What the error says helps.
            self.known.unlink()
            self.assert_arrives(address)

    def test_other_relays_stay_remembered(self):
        self.known.parent.mkdir(parents=True)
        other = "relay.example:9009 " + "ab" * 32
        self.known.write_text(f"# mine\n{other}\n")
        with relay() as hub:
            self.assert_arrives(hub.address)
            self.assertEqual(self.known.read_text(), f"{other}\n{hub.address} {key_of(hub)}\n")

    def test_a_file_that_cannot_be_understood_is_not_passed_over(self):
        self.known.parent.mkdir(parents=True)
        with relay() as hub:
            for text in (f"{hub.address}\n", f"{hub.address} {'ab' * 31}\n", "nonsense\n"):
                self.known.write_text(text)
                self.assert_refused(hub.address, 6, f"{self.known}:1:")
                self.assertEqual(self.known.read_text(), text)

    def test_a_relay_is_trusted_where_nothing_can_be_remembered(self):
        (self.folder / "state").mkdir()
        (self.folder / "state" / "tallow").write_text("no folder")
        with relay() as hub:
            self.assertIn("cannot be remembered", self.assert_arrives(hub.address)[0].wait().err)


class Pins(TlsTest):
    def test_a_pin_decides_alone(self):
        with relay() as hub:
            key = key_of(hub)
            self.known.parent.mkdir(parents=True)
            self.known.write_text(f"{hub.address} {'ab' * 32}\n")
            said = self.assert_arrives(f"{hub.address}#{key}")
            self.assertNotIn("new here", said[0].wait().err)
            wrong = "cd" * 32
            self.assert_refused(f"{hub.address}#{wrong}", 3, key, wrong, "its address names")
            self.assert_arrives(f"{hub.address}#{key.upper()}")

    def test_a_pin_that_is_none_is_a_mistake(self):
        for pin in ("", "abc", "g" * 64, "ab" * 33):
            self.assert_refused("127.0.0.1:1#" + pin, 2, "64 hexadecimal digits")


class Authorities(TlsTest):
    def setUp(self):
        super().setUp()
        try:
            socket.getaddrinfo("localhost", None)
        except socket.gaierror:
            self.skipTest("this machine has no name for itself (/etc/hosts)")
        self.certificate("ca", subject="/CN=an authority of this test")
        own = ("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key")
        try:
            self.options = self.certificate(
                "relay", *own, extensions=("subjectAltName=DNS:localhost",
                                           "basicConstraints=critical,CA:FALSE"))
        except subprocess.CalledProcessError as e:
            self.skipTest(f"this OpenSSL signs no certificate in one step: {e.stderr}")
        self.trusting = {"SSL_CERT_FILE": str(self.folder / "ca.pem")}

    def run_cli(self, *arguments, **options):
        options["env"] = {**self.trusting, **(options.get("env") or {})}
        return super().run_cli(*arguments, **options)

    def test_an_authority_of_the_system_is_enough_and_only_for_the_name(self):
        with relay(*self.options) as hub:
            named = hub.address.replace("127.0.0.1", "localhost")
            for command in self.assert_arrives(named):
                self.assertNotIn("new here", command.wait().err)
            # By its number it is just a key.
            self.assertIn("new here", "".join(c.wait().err for c in self.assert_arrives(hub.address)))

    def test_an_authority_may_vouch_for_another_key(self):
        with relay(*self.options) as hub:
            named = hub.address.replace("127.0.0.1", "localhost")
            self.known.parent.mkdir(parents=True)
            self.known.write_text(f"{named} {'ab' * 32}\n")
            self.assert_arrives(named)
            self.assertEqual(self.known.read_text(), f"{named} {key_of(hub)}\n")
            # And whoever nobody vouches for does not come after it.
            self.trusting = {}
            self.assert_arrives(named)
            self.known.write_text(f"{named} {'ab' * 32}\n")
            self.assert_refused(named, 3, "ab" * 32)


class Plaintext(TlsTest):
    def test_a_client_without_tls_is_told_why_it_is_refused(self):
        with relay() as hub:
            self.assert_refused(hub.address, 5, "takes connections in TLS only",
                                "Leave out --insecure-plaintext",
                                options=("--insecure-plaintext",))

    def test_a_relay_that_serves_both_says_so(self):
        with relay("--insecure-plaintext") as hub:
            self.assert_arrives(hub.address, options=("--insecure-plaintext",))
            self.assert_arrives(hub.address)
            self.assertIn("insecure-plaintext", "".join(hub.log))

    def test_what_is_no_relay_is_named_as_such(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = "127.0.0.1:%d" % listener.getsockname()[1]
            for answer, code in ((b"", 4), (b"SSH-2.0-OpenSSH_9.2\r\n", 3)):
                command = self.send(address, self.file)
                with listener.accept()[0] as client:
                    client.recv(1)
                    client.sendall(answer)
                    client.shutdown(socket.SHUT_WR)
                    finished = command.wait()
                self.assertEqual(finished.code, code, finished.err)
                self.assertIn("TLS", finished.err)


class OtherEnds(TlsTest):
    def test_openssl_agrees_with_the_relay(self):
        with relay() as hub:
            said = openssl("s_client", "-connect", hub.address, "-alpn", "tallow/1", input="")
            self.assertIn("ALPN protocol: tallow/1", said.stdout)
            self.assertIn("TLSv1.3", said.stdout)
            for arguments in (("-alpn", "http/1.1"), (), ("-alpn", "tallow/1", "-tls1_2")):
                refused = subprocess.run(["openssl", "s_client", "-connect", hub.address, *arguments],
                                         input="", capture_output=True, text=True, check=False,
                                         timeout=DEADLINE_S)
                self.assertNotEqual(refused.returncode, 0, arguments)
                self.assertIn("alert", refused.stderr)

    def test_the_key_that_is_told_is_that_of_the_certificate(self):
        with relay() as hub:
            public = openssl("x509", "-pubkey", "-noout", input=shown_by(hub)).stdout
            der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True,
                                 input=public.encode(), capture_output=True).stdout
            digest = openssl("dgst", "-sha256", "-r", self.stored("spki", der)).stdout
            self.assertEqual(digest.split()[0], key_of(hub))

    def stored(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def test_a_client_takes_x25519_from_an_openssl_that_knows_no_more(self):
        """With nothing but frames behind it that server cannot do much; but it is reached."""
        options = self.certificate("server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options[1], options[3])
        context.set_alpn_protocols(["tallow/1"])
        with socket.create_server(("127.0.0.1", 0)) as listener:
            command = self.send("127.0.0.1:%d" % listener.getsockname()[1], self.file)
            with context.wrap_socket(listener.accept()[0], server_side=True) as sealed:
                self.assertEqual(sealed.version(), "TLSv1.3")
                self.assertEqual(sealed.recv(5)[4:], HELLO[4:5])
        command.kill()


class TheRelaysFiles(TlsTest):
    def test_a_key_is_made_once(self):
        state = self.folder / "relay"
        with relay(state=state) as hub:
            first = key_of(hub)
        kept = state / "tallow-relay"
        self.assertEqual(sorted(p.name for p in kept.iterdir()),
                         ["tls-certificate.pem", "tls-key.der"])
        for path in kept.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        (kept / "tls-certificate.pem").unlink()
        with relay(state=state) as hub:
            self.assertEqual(key_of(hub), first)  # the pin holds though the certificate is new
        with relay("--state-dir", self.folder / "elsewhere") as hub:
            self.assertNotEqual(key_of(hub), first)
        self.assertTrue((self.folder / "elsewhere" / "tls-key.der").exists())

    def test_it_says_why_it_has_no_certificate(self):
        options = self.certificate("one")
        other = self.certificate("two")
        broken = self.folder / "broken"
        broken.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
        of_no_use = self.folder / "ed25519"
        openssl("genpkey", "-algorithm", "ed25519", "-out", of_no_use)
        cases = (
            (("--tls-certificate", options[1]), 2, "go together"),
            (("--tls-certificate", options[1], "--tls-key", other[3]), 1, "not that of"),
            (("--tls-certificate", broken, "--tls-key", options[3]), 1, str(broken)),
            (("--tls-certificate", options[1], "--tls-key", broken), 1, str(broken)),
            (("--tls-certificate", options[1], "--tls-key", of_no_use), 1,
             "no client could use"),
            (("--tls-certificate", "/nonexistent", "--tls-key", options[3]), 1, "/nonexistent"),
            (("--state-dir", "/proc/nothing"), 1, "/proc/nothing"))
        for arguments, code, part in cases:
            with self.subTest(part):
                done = subprocess.run([BIN / "tallow-relay", "--listen", "127.0.0.1:0", *arguments],
                                      capture_output=True, text=True, timeout=DEADLINE_S,
                                      check=False, env=clean_environment())
                self.assertEqual(done.returncode, code, done)
                self.assertIn(part, done.stderr)
                self.assertEqual(done.stdout, "")
        homeless = {k: v for k, v in clean_environment().items()
                    if k not in ("HOME", "XDG_STATE_HOME", "STATE_DIRECTORY")}
        done = subprocess.run([BIN / "tallow-relay", "--listen", "127.0.0.1:0"], check=False,
                              capture_output=True, text=True, timeout=DEADLINE_S, env=homeless)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--state-dir", done.stderr)

    def test_a_certificate_is_exchanged_while_it_runs(self):
        options = self.certificate("one")
        _, pem, _, key = options

        def until(condition):
            deadline = time.monotonic() + DEADLINE_S
            while not condition():
                self.assertLess(time.monotonic(), deadline, hub.log)
                time.sleep(0.05)

        with relay(*options) as hub:
            before = shown_der(hub)
            old = pem.read_text()
            # A key and a certificate that do not fit, as between two writes of an operator.
            self.certificate("two")
            os.replace(self.folder / "two.pem", pem)
            until(lambda: "stays as it was" in "".join(hub.log))
            self.assertEqual(shown_der(hub), before)
            os.replace(self.folder / "two.key", key)
            until(lambda: shown_der(hub) != before)
            self.assertEqual(ssl.PEM_cert_to_DER_cert(pem.read_text()), shown_der(hub))
            self.assertNotEqual(pem.read_text(), old)
            self.assert_arrives(hub.address)


    def test_a_metric_tells_when_the_certificate_ends(self):
        with running("--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
                     *self.certificate("one")) as hub:
            pages = f"http://{hub.http_address()}/metrics"
            with urllib.request.urlopen(pages, timeout=DEADLINE_S) as answer:
                said = answer.read().decode()
        ends = re.search(r"^tallow_relay_certificate_expiry_timestamp_seconds (\S+)$", said, re.M)
        self.assertAlmostEqual(float(ends[1]), time.time() + 40 * 86400, delta=3600)


class Slow(TlsTest):
    def test_a_handshake_has_no_more_time_than_a_greeting(self):
        with relay() as hub:
            host, port = hub.address.rsplit(":", 1)

            def connected(sent=b""):
                made = socket.create_connection((host, int(port)), DEADLINE_S)
                self.addCleanup(made.close)
                made.sendall(sent)
                return made

            began = time.monotonic()
            quiet = [connected(), connected(b"\x16"), connected(b"\x16\x03\x01\x04\x00\x01"),
                     in_tls(connected())]
            self.addCleanup(quiet[-1].close)
            trickling = connected(b"\x16\x03\x01\x04\x00")
            trickling.settimeout(0.5)
            while True:
                try:
                    if not trickling.recv(100):
                        break
                except TimeoutError:
                    trickling.sendall(b"\x01")
                except ConnectionError:
                    break
                self.assertLess(time.monotonic() - began, 15)
            for one in quiet:
                try:
                    self.assertEqual(one.recv(100), b"")
                except ConnectionError:
                    pass
            self.assertTrue(9 < time.monotonic() - began < 13)


class Tampering(TlsTest):
    def test_what_is_changed_on_the_way_to_the_relay_is_noticed(self):
        self.file.write_bytes(os.urandom(2_000_000))
        # In the handshake, and in what comes after it.
        for at in (50, 700, 500_000):
            with self.subTest(at=at), relay() as hub, proxy(hub.address, flip(0, at)) as between:
                receiving = self.receive(between.address, options=())
                if at < 1000:
                    self.assertIn(receiving.wait().code, {3, 4, 8})
                    self.assert_nothing_in(self.target)
                    continue
                receiving.event("waiting")
                sending = self.send(between.address, self.file, options=("--lanes", "0"))
                self.assert_done(sending, receiving)
                self.assert_same(self.file)
                shutil.rmtree(self.target)


if __name__ == "__main__":
    unittest.main()
