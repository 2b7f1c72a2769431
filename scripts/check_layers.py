#!/usr/bin/env python3
"""Fails on an include that runs against the layers, or on a third-party one outside its home.

    scripts/check_layers.py [FOLDER]      FOLDER holds tallow/, by default include/

base -> wire -> room -> crypto -> transfer -> session -> { net | files }: a header includes only
its own folder and those to its left; net and files never include each other. Left of net and
files there is no socket, clock, thread, file or random source, and none of the language features
the style guide keeps out of there.
"""
import pathlib
import re
import sys

ORDER = ["base", "wire", "room", "crypto", "transfer", "session"]
OUTER = ["net", "files"]  # on top of all of ORDER, unknown to each other

# The first part of a third-party include -> the folders it may stand in.
THIRD_PARTY = {
    "tl": ["base"], "botan": ["crypto", "net"], "zstd.h": ["transfer"],
    "zstd_errors.h": ["transfer"], "asio.hpp": ["net"], "asio": ["net"],
}

# Bytes, time and randomness are arguments there (sans-IO).
IO_HEADERS = set("""barrier condition_variable coroutine ctime filesystem fstream future iostream
    istream latch mutex ostream random semaphore shared_mutex sstream stop_token syncstream thread
    stdio.h stdlib.h time.h signal.h csignal""".split())
STD_HEADERS = set("""algorithm any array atomic bit bitset cassert cctype cerrno cfloat charconv
    chrono climits cmath compare complex concepts cstdarg cstddef cstdint cstdio cstdlib cstring
    cwchar deque exception execution format forward_list functional initializer_list iomanip ios
    iosfwd iterator limits list locale map memory memory_resource new numbers numeric optional
    queue ranges ratio regex scoped_allocator set source_location span stack stdexcept string
    string_view system_error tuple type_traits typeindex typeinfo unordered_map unordered_set
    utility valarray variant vector version""".split()) | IO_HEADERS

CORE_FORBIDDEN = [
    (re.compile(r"\bstd::function\b"), "std::function"),
    (re.compile(r"\bstd::(shared|weak)_ptr\b"), "shared ownership"),
    (re.compile(r"\b(dynamic_cast|typeid)\b"), "run-time type information"),
    (re.compile(r"\bvirtual\b"), "virtual"),
    (re.compile(r"\b(steady|system|high_resolution)_clock::now\b"), "a clock"),
    # Passing one on is no throw of ours; Botan expects its exceptions from what it calls back.
    (re.compile(r"\bthrow\b(?!\s*(;|Botan::))"), "throw"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def without_comments(text):
    """The text with comments and literals blanked; lines and columns stay where they are."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'", re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def may_include(folder, other):
    if folder == other:
        return True
    if folder in OUTER:
        return other in ORDER
    return other in ORDER and ORDER.index(other) < ORDER.index(folder)


def problem_of_include(folder, name, quoted):
    first = name.split("/")[0]
    if first == "tallow":
        parts = name.split("/")
        if len(parts) < 3:
            return f"{name}: the umbrella header is for programs"
        if not may_include(folder, parts[1]):
            return f"{name}: {folder}/ may not include {parts[1]}/"
        return None
    if quoted:
        return f'"{name}": name it from the include root, <tallow/...>'
    if first in THIRD_PARTY:
        if folder not in THIRD_PARTY[first]:
            homes = "/ and ".join(THIRD_PARTY[first])
            return f"{name}: only {homes}/ may include it"
        return None
    if name in STD_HEADERS:
        if name in IO_HEADERS and folder in ORDER:
            return f"{name}: {folder}/ has no input, output, clock, thread or randomness of its own"
        return None
    if folder in OUTER and (name.startswith(("sys/", "net/", "netinet/", "arpa/", "linux/"))
                            or re.fullmatch(r"[a-z0-9_]+\.h", name)):
        return None  # POSIX
    return f"{name}: neither the standard library's nor known here"


def check(root):
    root = pathlib.Path(root)
    problems = []
    for path in sorted((root / "tallow").rglob("*.hpp")):
        where = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        if len(where.parts) == 2:
            continue  # the umbrella and other headers directly in tallow/ stand above all layers
        folder = where.parts[1]
        if folder not in ORDER + OUTER:
            problems.append(f"{where}: {folder}/ is no layer")
            continue
        for match in INCLUDE.finditer(text):
            problem = problem_of_include(folder, match.group(2), match.group(1) == '"')
            if problem:
                problems.append(f"{where}:{line_of(text, match.start())}: {problem}")
        code = without_comments(text)
        if re.search(r"(?<!using )\bnamespace\s+(tallow::)?(asio|botan|zstd|tl)\b", code, re.I):
            problems.append(f"{where}: a namespace named after a dependency hides it")
        if folder in ORDER:
            for pattern, what in CORE_FORBIDDEN:
                for match in pattern.finditer(code):
                    line = line_of(code, match.start())
                    problems.append(f"{where}:{line}: {what} has no place left of net/ and files/")
    return problems


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent / "include"
    found = check(sys.argv[1] if len(sys.argv) > 1 else default)
    print("\n".join(found) if found else "layers: in order")
    sys.exit(1 if found else 0)
