#!/usr/bin/env python3
"""Relays at IPv6 addresses, and at names with several addresses of which not all answer."""

import contextlib
import os
import socket
import time
import unittest

from harness import TransferTest, relay


class Addresses(TransferTest):
    def setUp(self):
        super().setUp()
        if not socket.has_ipv6:
            self.skipTest("no IPv6 here")
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        self.file = self.source / "file"
        self.file.write_bytes(os.urandom(3 << 20))

    def assert_arrives(self, address):
        self.assert_done(self.send(address, self.file), self.receive(address))
        self.assert_same(self.file)
        (self.target / "file").unlink()

    def both(self):
        """The numbers that localhost stands for."""
        try:
            all_of_it = socket.getaddrinfo("localhost", 9, type=socket.SOCK_STREAM)
        except socket.gaierror:
            self.skipTest("nobody here knows localhost")
        return {about[4][0] for about in all_of_it}

    def test_a_relay_at_an_ipv6_address(self):
        with relay("--listen", "[::1]:0") as hub:
            address = hub.address.split(",")[1]
            self.assertTrue(address.startswith("[::1]:"))
            self.assert_arrives(address)

    def test_a_name_of_which_one_address_answers(self):
        with relay("--listen", "[::1]:0") as hub:
            for address in hub.address.split(","):
                host, port = address.rsplit(":", 1)
                if host.strip("[]") in self.both():
                    self.assert_arrives("localhost:" + port)

    def test_a_name_of_which_one_address_says_nothing(self):
        if self.both() != {"::1", "127.0.0.1"}:
            self.skipTest("localhost has not both addresses here")
        with relay() as hub, contextlib.ExitStack() as held:
            port = int(hub.address.rsplit(":", 1)[1])
            # A listener whose queue is full drops what comes.
            hole = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            held.callback(hole.close)
            hole.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            hole.bind(("::1", port))
            hole.listen(0)
            held.enter_context(socket.create_connection(("::1", port)))
            before = time.monotonic()
            self.assert_arrives(f"localhost:{port}")
            # One that waited for the system would wait for minutes, or for our ten seconds.
            self.assertLess(time.monotonic() - before, 9)


if __name__ == "__main__":
    unittest.main()
