#!/usr/bin/env python3
"""Makes tallow_core.hpp, the component core in one file, from the list in cmake/headers.cmake.

    scripts/single_header.py OUTPUT [SOURCE_FOLDER]

It needs tl/expected.hpp and the standard library, as the component does. The file is made for a
release or for a program that wants one file; it is never committed.
"""
import pathlib
import re
import sys

from check_layers import INCLUDE, STD_HEADERS, line_of, without_comments
from header_lists import headers_by_component

LIST = "tallow_core_headers"
KEPT = "tl/expected.hpp"

HEAD = """\
// Tallow {version}, the component core in one file: bytes, errors, frames, messages, rooms.
//
// Made of include/tallow/ by scripts/single_header.py: change those, not this. A translation unit
// includes either this file or the headers <tallow/...>; a program may have units of both kinds, of
// the same version.
//
// Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
// in compliance with the License. You may obtain a copy of the License at
//
//     http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software distributed under the License
// is distributed on an "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express
// or implied. See the License for the specific language governing permissions and limitations under
// the License.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef TALLOW_ASSERT
#error "tallow_core.hpp after a header <tallow/...>: include one or the other, not both"
#endif

"""


class Unusable(Exception):
    """The headers cannot become one file; the text says which and why."""


def version_of(source):
    text = (source / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"^project\(tallow VERSION ([\d.]+)", text, re.M)
    if not found:
        raise Unusable("CMakeLists.txt tells no version")
    return found.group(1)


def listed_in(source):
    lists = headers_by_component(source)
    if "core" not in lists:
        raise Unusable(f"cmake/headers.cmake has no {LIST}")
    return lists["core"]


def conditional_lines(code):
    """The numbers of the lines inside of #if, #ifdef or #ifndef."""
    depth = 0
    inside = set()
    for number, line in enumerate(code.split("\n"), 1):
        directive = re.match(r"\s*#\s*(if|endif)", line)
        if directive:
            depth += 1 if directive.group(1) == "if" else -1
        if depth > 0:
            inside.add(number)
    return inside


def read_header(source, name, listed):
    """The headers of ours that it includes at its top and at its end, those of others, and its text
    without these lines and without #pragma once.
    """
    where = f"include/tallow/{name}"
    path = source / where
    if not path.exists():
        raise Unusable(f"cmake/headers.cmake names {name}, which is not there")
    text = path.read_text(encoding="utf-8")
    code = without_comments(text)
    conditional = conditional_lines(code)
    body = [m.start() for m in re.finditer(r"^(?!\s*#\s*(?:include|pragma)\b).*\S", code, re.M)]
    top, end, others, cut = [], [], [], []
    for found in INCLUDE.finditer(text):
        hash_sign = text.index("#", found.start())
        if code[hash_sign] != "#":
            continue  # in a comment
        at = f"{where}:{line_of(text, hash_sign)}"
        included = found.group(2)
        if line_of(text, hash_sign) in conditional:
            raise Unusable(f"{at}: an include under a condition cannot go to the top of one file")
        if included.startswith("tallow/"):
            included = included.removeprefix("tallow/")
            if included not in listed:
                raise Unusable(f"{at}: includes tallow/{included}, which is not in {LIST} of"
                               " cmake/headers.cmake")
            if not body or hash_sign < body[0]:
                top.append(included)
            elif hash_sign > body[-1]:
                end.append(included)  # definitions that need all of this header
            else:
                raise Unusable(f"{at}: an include amid declarations")
        elif found.group(1) == '"' or (included not in STD_HEADERS and included != KEPT):
            raise Unusable(f"{at}: includes {included}, which is neither Tallow's, nor {KEPT}, nor"
                           " a standard header")
        else:
            others.append(included)
        cut.append(line_of(text, hash_sign))
    kept = [line for number, line in enumerate(text.split("\n"), 1)
            if number not in cut and line != "#pragma once"]
    return top, end, others, re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def make(source):
    """The text of the single header."""
    source = pathlib.Path(source)
    listed = listed_in(source)
    read = {name: read_header(source, name, set(listed)) for name in listed}

    ordered = []
    open_ones = []

    def place(name):
        if name in ordered:
            return
        if name in open_ones:
            circle = open_ones[open_ones.index(name):] + [name]
            raise Unusable("headers include each other: " + " -> ".join(circle))
        open_ones.append(name)
        for below in read[name][0]:
            place(below)
        ordered.append(name)
        for behind in read[name][1]:
            if behind not in open_ones:
                place(behind)
        open_ones.pop()

    for name in listed:
        place(name)

    others = {other for _, _, names, _ in read.values() for other in names}
    parts = [HEAD.format(version=version_of(source))]
    parts += [f"#include <{name}>\n" for name in sorted(others - {KEPT})]
    parts += [f"\n#include <{KEPT}>\n"] if KEPT in others else []
    parts += [f"\n// ---- tallow/{name} {'-' * (80 - len(name))}\n\n{read[name][3]}\n"
              for name in ordered]
    return "".join(parts)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    default = pathlib.Path(__file__).resolve().parent.parent
    try:
        made = make(sys.argv[2] if len(sys.argv) > 2 else default)
    except Unusable as problem:
        sys.exit(f"single_header: {problem}")
    pathlib.Path(sys.argv[1]).write_text(made, encoding="utf-8")
