#!/usr/bin/env python3
"""Writes text like that of a web service's log: the same bytes for the same seed.

    bench/log_text.py BYTES FILE [--seed N]

zstd -3 makes a sixth to a seventh of it, as it does of real logs: lines that look alike, with
times, addresses and identifiers that do not.
"""
import argparse
import random
import time

PATHS = ["/", "/health", "/login", "/api/v2/orders", "/api/v2/orders/items", "/api/v2/users",
         "/api/v2/search", "/static/app.js", "/static/style.css", "/metrics"]
METHODS = ["GET"] * 7 + ["POST", "POST", "PUT"]
STATUS = ["200"] * 16 + ["304", "301", "404", "500"]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1",
          "curl/7.88.1", "Prometheus/2.45.3"]
BLOCK_LINES = 10_000


def blocks(seed):
    """Blocks of whole lines, without end."""
    source = random.Random(seed)
    clients = [f"10.{source.randrange(32)}.{source.randrange(256)}.{source.randrange(256)}"
               for _ in range(300)]
    moment_ms = 1_700_000_000_000
    while True:
        second, stamp = None, ""
        pick, bits = source.choices, source.getrandbits
        fields = zip(pick(clients, k=BLOCK_LINES), pick(METHODS, k=BLOCK_LINES),
                     pick(PATHS, k=BLOCK_LINES), pick(STATUS, k=BLOCK_LINES),
                     pick(AGENTS, weights=[8, 8, 5, 2, 3], k=BLOCK_LINES))
        lines = []
        for client, method, path, status, agent in fields:
            request = bits(64)
            moment_ms += request % 16
            if moment_ms // 1000 != second:
                second = moment_ms // 1000
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            lines.append(f"{stamp}.{moment_ms % 1000:03}Z INFO  frontend[2817]: {client} "
                         f"\"{method} {path} HTTP/1.1\" {status} {request % 20_011} \"{agent}\" "
                         f"request={request:016x} upstream=app-{request % 3} "
                         f"took={request % 39_989} us\n")
        yield "".join(lines).encode()


def write(out, count, seed=1):
    """Writes `count` bytes; the last line may be cut."""
    for block in blocks(seed):
        out.write(block[:count])
        count -= len(block)
        if count <= 0:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bytes", type=int)
    parser.add_argument("file")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with open(given.file, "wb") as out:
        write(out, given.bytes, given.seed)


if __name__ == "__main__":
    main()
