#!/usr/bin/env python3
"""Speaks DNS-SD by the zeroconf library, which shares nothing with ours.

    dns_sd.py browse                    a JSON line for each service that comes ("add") and goes
    dns_sd.py announce NAME PORT KEY ADDRESS...   until standard input ends

Ends with 77 where the library is not there.
"""
import json
import socket
import sys

try:
    import zeroconf
except ImportError:
    sys.exit(77)

TYPE = "_tallow._tcp.local."


def say(**what):
    print(json.dumps(what), flush=True)


class Listener(zeroconf.ServiceListener):
    def add_service(self, zc, type_, name):
        info = zc.get_service_info(type_, name)
        if info is None:
            say(event="unresolved", name=name)
            return
        say(event="add", name=name, port=info.port, server=info.server,
            addresses=info.parsed_addresses(),
            text={k.decode(): v.decode() for k, v in info.properties.items()})

    def update_service(self, zc, type_, name):
        pass

    def remove_service(self, zc, type_, name):
        say(event="remove", name=name)


def packed(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


def main(what, *arguments):
    zc = zeroconf.Zeroconf(ip_version=zeroconf.IPVersion.V4Only)
    if what == "browse":
        zeroconf.ServiceBrowser(zc, TYPE, Listener())
        say(event="ready")
    else:
        name, port, key, *addresses = arguments
        info = zeroconf.ServiceInfo(TYPE, f"{name}.{TYPE}", int(port), properties={"key": key},
                                    server="some-host.local.",
                                    addresses=[packed(a) for a in addresses])
        zc.register_service(info)
        say(event="announced")
    sys.stdin.read()
    zc.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
