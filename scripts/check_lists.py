#!/usr/bin/env python3
"""Fails on a file that is on disk and in no hand-written list, or in a list and not on disk, and
on a public header that the umbrella, tallow/tallow.hpp, leaves out.

    scripts/check_lists.py [SOURCE_FOLDER]
"""
import pathlib
import re
import sys

# (folder, files there, the list they have to stand in, what their paths start from)
LISTS = [
    ("include/tallow", "**/*.hpp", "cmake/headers.cmake", "include/tallow"),
    ("tests/unit", "**/*.cpp", "tests/unit/sources.cmake", "tests"),
    ("tests/attack", "**/*.cpp", "tests/unit/sources.cmake", "tests"),
    ("tests/conformance", "**/*.cpp", "tests/unit/sources.cmake", "tests"),
    ("tests/sim", "**/*.cpp", "tests/unit/sources.cmake", "tests"),
]
CLI_SCRIPTS = ("tests/cli", "test_*.py", "tests/CMakeLists.txt", "tests")


def listed_in(path):
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
    return re.findall(r"[\w./-]+\.(?:hpp|cpp|py)\b", text)


def check(source):
    source = pathlib.Path(source)
    problems = []
    named = {}
    for folder, pattern, list_file, base in LISTS + [CLI_SCRIPTS]:
        listed = named.setdefault(list_file, listed_in(source / list_file))
        for path in sorted((source / folder).glob(pattern)):
            name = path.relative_to(source / base).as_posix()
            if name not in listed:
                problems.append(f"{path.relative_to(source)} is not in {list_file}")
    for list_file, base in [("cmake/headers.cmake", "include/tallow"),
                            ("tests/unit/sources.cmake", "tests")]:
        names = named[list_file]
        problems += [f"{list_file} names {n}, which is not there" for n in names
                     if not (source / base / n).exists()]
        problems += [f"{list_file} names {n} twice" for n in sorted(set(names))
                     if names.count(n) > 1]
    problems += umbrella_gaps(source, named["cmake/headers.cmake"])
    return problems


def umbrella_gaps(source, headers):
    umbrella = source / "include/tallow/tallow.hpp"
    if not umbrella.exists():
        return []
    included = re.findall(r"#include <tallow/(.*?)>", umbrella.read_text(encoding="utf-8"))
    return [f"include/tallow/tallow.hpp leaves out {n}" for n in headers
            if n not in included and n != "tallow.hpp"]


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent
    found = check(sys.argv[1] if len(sys.argv) > 1 else default)
    print("\n".join(found) if found else "lists: complete")
    sys.exit(1 if found else 0)
