#!/usr/bin/env python3
"""Takes each defence out of the headers, one after the other, and makes sure that a test fails.

    run.py [--only NAME]...     after scripts/build release; TALLOW_BUILD names another build folder

Each costs a compilation of its test, without optimisation; the sources stay as they are: the changed
header stands in a folder that comes first. Prints a line for each, and how many were caught."""
import argparse
import collections
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from defences import DEFENCES

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TALLOW_BUILD", ROOT / "build/release"))
TEST_TIMEOUT_S = 300
# Without them another compiler command has the same meaning, and needs nothing that was built before.
DROPPED = {"-fpch-preprocess", "-Winvalid-pch", "-Werror", "-O1", "-O2", "-DNDEBUG"}


class Broken(Exception):
    """The list or the build is not as it has to be; no verdict on a defence."""


def changed(defence):
    """The text of its header without it."""
    path = ROOT / "include/tallow" / defence.header
    text = path.read_text(encoding="utf-8")
    if text.count(defence.find) != 1:
        raise Broken(f"{defence.name}: {text.count(defence.find)} places in {defence.header}")
    return text.replace(defence.find, defence.replace)


def compile_command(test):
    """How the build compiles it, without the precompiled header."""
    commands = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    source = str(ROOT / "tests" / test)
    found = [c for c in commands if c["file"] == source]
    if len(found) != 1:
        raise Broken(f"{test} is not in {BUILD}/compile_commands.json")
    words = shlex.split(found[0]["command"])
    kept, skip = [], 0
    for i, word in enumerate(words):
        if skip:
            skip -= 1
        elif word == "-include" or word in ("-o", "-c", "-MF", "-MT"):
            skip = 1
        elif word == "-Xclang":
            skip = 1 if words[i + 1] != "-include-pch" else 3
        elif word not in DROPPED and word not in ("-MD", "-MMD"):
            kept.append(word)
    while "=" in kept[0] or pathlib.Path(kept[0]).name in ("env", "ccache"):
        kept.pop(0)
    return kept, found[0]["directory"], source


def link_words(test):
    """What the build links the program of that test with, but its own objects."""
    program = "test_" + pathlib.Path(test).parent.name
    lines = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", program], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    line = next(l for l in reversed(lines) if f"bin/{program}" in l and " -o " in l)
    line = re.sub(r"^: && ", "", re.sub(r" && :$", "", line))
    words = shlex.split(line)
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == "-o":
            skip = True
        elif not (word.endswith(".o") and f"CMakeFiles/{program}.dir" in word):
            kept.append(word)
    return kept


def build(test, folder, overlay=None):
    """Compiles and links a test, perhaps with changed headers; returns the program."""
    command, where, source = compile_command(test)
    first = [f"-I{overlay}"] if overlay else []
    program = folder / "program"
    compiled = subprocess.run([command[0], *first, *command[1:], "-O0", "-w", "-c", source, "-o",
                               folder / "test.o"], cwd=where, capture_output=True, text=True)
    if compiled.returncode != 0:
        raise Broken(f"{test} does not compile:\n{compiled.stderr[-2000:]}")
    linker, *libraries = link_words(test)
    linked = subprocess.run([linker, folder / "test.o", *libraries, "-o", program], cwd=BUILD,
                            capture_output=True, text=True)
    if linked.returncode != 0:
        raise Broken(f"{test} does not link:\n{linked.stderr[-2000:]}")
    return program


def fails(program, chosen):
    """True when one of the chosen cases fails. That there are any is made sure of."""
    listed = subprocess.run([program, f"--gtest_filter={chosen}", "--gtest_list_tests"],
                            capture_output=True, text=True, check=True).stdout
    if not any(line.startswith("  ") for line in listed.splitlines()):
        raise Broken(f"no case is called {chosen}")
    try:
        done = subprocess.run([program, f"--gtest_filter={chosen}", "--gtest_brief=1"],
                              capture_output=True, timeout=TEST_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def caught(defence):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        header = folder / "overlay/tallow" / defence.header
        header.parent.mkdir(parents=True)
        header.write_text(changed(defence), encoding="utf-8")
        return fails(build(defence.test, folder, folder / "overlay"), defence.filter)


def check_untouched(defences):
    """With all defences in place nothing fails; else a failure would say nothing."""
    filters = collections.defaultdict(set)
    for defence in defences:
        filters[defence.test].add(defence.filter)
    for test, chosen in sorted(filters.items()):
        with tempfile.TemporaryDirectory() as name:
            if fails(build(test, pathlib.Path(name)), ":".join(sorted(chosen))):
                raise Broken(f"{test} fails as it is")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--list-only", action="store_true",
                        help="only look whether each stands where it has to")
    chosen = parser.parse_args()
    defences = [d for d in DEFENCES if not chosen.only or d.name in chosen.only]
    for defence in defences:
        changed(defence)
    if chosen.list_only:
        print(f"{len(defences)} defences stand where they have to")
        return 0
    check_untouched(defences)
    count = 0
    for defence in defences:
        is_caught = caught(defence)
        count += is_caught
        print(f"{'caught' if is_caught else 'NOT CAUGHT':10}  {defence.name}", flush=True)
    print(f"caught {count} of {len(defences)}")
    return 0 if count == len(defences) and defences else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as why:
        print(f"mutations: {why}", file=sys.stderr)
        sys.exit(2)
