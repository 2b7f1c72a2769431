#!/usr/bin/env python3
"""The transfers of scripts/demo: demo_transfer.py FOLDER, where the built programs are."""
import contextlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE_S = 60  # for anything that has to answer; a loopback transfer takes a fraction of it
READY = "tallow-relay ready on "


def fail(message):
    sys.exit(f"demo: {message}")


@contextlib.contextmanager
def running(command, **options):
    """A process of ours, ended with the block however the block ends."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               **options)
    stop = threading.Timer(DEADLINE_S, process.kill)
    stop.start()
    try:
        yield process
    finally:
        stop.cancel()
        process.terminate()
        process.wait()
        process.stdout.close()


def make_samples(folder):
    """A file, and a folder with the things that get lost on the way: modes, times, odd names."""
    source = random.Random(20)  # the same bytes every time; the random data does not compress
    video = folder / "video.bin"
    video.write_bytes(source.randbytes(64 << 20))
    os.utime(video, ns=(0, 1_600_000_000_123_456_789))

    papers = folder / "papers"
    (papers / "2019" / "empty folder").mkdir(parents=True)
    for i in range(200):
        (papers / "2019" / f"note {i}.txt").write_bytes(source.randbytes(i * 37))
    (papers / "-leading dash").write_text("a name\n")
    (papers / "wei\u00dfer Schimmel \U0001f40e.txt").write_text("another\n")
    (papers / "run.sh").write_text("#!/bin/sh\n")
    (papers / "run.sh").chmod(0o750)
    (papers / "read only.txt").write_text("keep\n")
    (papers / "read only.txt").chmod(0o444)
    os.utime(papers / "2019", ns=(0, 1_500_000_000_000_000_001))
    return [video, papers]


def facts(path):
    """Everything that has to arrive: kind, content, mode and time of each path below this one."""
    found = {}
    for entry in [path, *sorted(path.rglob("*"))]:
        status = entry.lstat()
        content = entry.read_bytes() if entry.is_file() else None
        found[entry.relative_to(path).as_posix()] = (
            oct(status.st_mode), status.st_mtime_ns, content)
    return found


def differences(sent, arrived):
    for name in sorted(sent.keys() | arrived.keys()):
        if name not in arrived:
            yield f"{name}: missing"
        elif name not in sent:
            yield f"{name}: was never sent"
        else:
            for what, a, b in zip(("mode", "mtime", "content"), sent[name], arrived[name]):
                if a != b:
                    yield f"{name}: {what} differs" + ("" if what == "content" else f": {a}, {b}")


def human(count):
    return f"{count / (1 << 20):.1f} MiB" if count >= 1 << 20 else f"{count} bytes"


def log_text(log):
    log.seek(0)
    return log.read()


def transfer(binaries, relay, path, target, log):
    """Sends one path and receives it; returns the code and the seconds it took."""
    began = time.monotonic()
    send = [binaries / "tallow-cli", "send", "--relay", relay, "--yes", "--json", path]
    with running(send, stderr=log) as sender:
        code = None
        for line in sender.stdout:
            event = json.loads(line)
            if event["event"] == "code":
                code = event["code"]
                break
        if code is None:
            fail(f"the sender printed no code:\n{log_text(log)}")
        # In the environment, because everyone on a machine can read the arguments of a process.
        receive = [binaries / "tallow-cli", "receive", "--relay", relay, "--yes", "--json",
                   "--out", target]
        with running(receive, stderr=log, env=dict(os.environ, TALLOW_CODE=code)) as receiver:
            said = receiver.stdout.read()
            if receiver.wait() != 0:
                fail(f"the receiver ended with {receiver.returncode}:\n{said}{log_text(log)}")
        said = sender.stdout.read()
        if sender.wait() != 0:
            fail(f"the sender ended with {sender.returncode}:\n{said}{log_text(log)}")
    return code, time.monotonic() - began


def main():
    binaries = pathlib.Path(sys.argv[1]).resolve()
    # What the programs say to people goes to a log, shown only if something goes wrong.
    with tempfile.TemporaryDirectory(prefix="tallow-demo.") as name, \
            tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        folder = pathlib.Path(name)
        # Keys of relays and of sessions go with the demonstration.
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        # It shows what goes through a relay, which two programs on one machine do not need.
        os.environ["TALLOW_DIRECT"] = "never"
        (folder / "sent").mkdir()
        (folder / "arrived").mkdir()
        samples = make_samples(folder / "sent")

        with running([binaries / "tallow-relay", "--listen", "127.0.0.1:0"],
                     stderr=log) as process:
            ready = process.stdout.readline().strip()
            if not ready.startswith(READY):
                fail(f"the relay did not start: {ready}\n{log_text(log)}")
            relay = ready.removeprefix(READY)
            print(f"relay on {relay}")

            for path in samples:
                code, seconds = transfer(binaries, relay, path, folder / "arrived", log)
                sent, arrived = facts(path), facts(folder / "arrived" / path.name)
                wrong = list(differences(sent, arrived))
                if wrong:
                    fail("what arrived is not what was sent:\n  " + "\n  ".join(wrong[:20]))
                count = sum(len(content) for _, _, content in sent.values() if content is not None)
                what = "1 file" if path.is_file() else f"{len(sent)} entries"
                print(f"{path.name}: {what}, {human(count)}, code {code}, {seconds:.2f} s,"
                      " identical (content, mode, mtime)")


if __name__ == "__main__":
    main()
