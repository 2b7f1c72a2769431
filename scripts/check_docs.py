#!/usr/bin/env python3
"""Fails on a public function that returns result<> without @errors, on a header of wire/,
crypto/, room/ or transfer/ without @source, and on what is too long to read.

    scripts/check_docs.py [FOLDER]        FOLDER holds tallow/, by default include/
"""
import pathlib
import re
import sys

from check_layers import line_of, without_comments

SOURCED = {"wire", "crypto", "room", "transfer"}
LINE_COLUMNS_MAX = 100
HEADER_LINES_MAX = 500
TAGS = {"@param", "@shape", "@units", "@errors", "@cost", "@source"}


def public_statements(code):
    """Position and text of every declaration at namespace or public class scope.

    The text ends before the body or the semicolon. Function bodies, namespace detail and private
    members are skipped.
    """
    scopes = []  # one entry per open brace: "public" (look inside) or "hidden"
    start = 0
    i = 0
    parens = 0
    while i < len(code):
        c = code[i]
        if c in "([":
            parens += 1
        elif c in ")]":
            parens -= 1
        elif parens > 0:
            pass
        elif c == "#" and code[code.rfind("\n", 0, i) + 1:i].strip() == "":
            while i < len(code) and code[i] != "\n":  # a directive, with its continued lines
                i += 2 if code[i] == "\\" else 1
            start = i
        elif c in "{;":
            text = code[start:i]
            visible = all(scope == "public" for scope in scopes)
            if visible and text.strip():
                yield start + len(text) - len(text.lstrip()), text.strip()
            if c == "{":
                head = re.sub(r"^\s*template\s*<.*?>\s*(?=class|struct)", "", text, flags=re.S)
                head = re.sub(r"\[\[.*?\]\]|\b[A-Z][A-Z_]+\b", " ", head).strip()
                if re.match(r"(inline\s+)?namespace\b", head):
                    hidden = re.search(r"\bdetail\b", head) or head == "namespace"
                    scopes.append("hidden" if hidden else "public")
                elif re.match(r"struct\b", head) and "(" not in head:
                    scopes.append("public")
                elif re.match(r"class\b", head):
                    scopes.append("private")
                elif re.search(r"extern\s*$", head):
                    scopes.append("public")
                else:
                    scopes.append("hidden")
            start = i + 1
        elif c == "}":
            if scopes:
                scopes.pop()
            start = i + 1
        elif c == ":" and scopes and scopes[-1] != "hidden":
            access = re.fullmatch(r"\s*(public|private|protected)\s*", code[start:i])
            if access:
                scopes[-1] = "public" if access.group(1) == "public" else "private"
                start = i + 1
        i += 1


def returns_result(text):
    """The name of the function, when the declaration is of one that returns result<>."""
    text = re.sub(r"\[\[.*?\]\]", " ", text).strip()
    if re.match(r"(using|typedef|friend|concept|return|requires)\b|template\b.*\bconcept\b", text, re.S):
        return None
    before, paren, after = text.partition("(")
    if not paren or "=" in before.replace("operator==", "").replace("==", ""):
        return None
    name = re.search(r"([\w:~]+)\s*$", before)
    if not name or "::" in name.group(1):
        return None  # an out-of-class definition is documented where it is declared
    result_type = before[:name.start()]
    if "->" in after:
        result_type += after.rpartition("->")[2]
    return name.group(1) if re.search(r"\bresult\s*<", result_type) else None


def comment_above(lines, line):
    """The /// lines directly above the 1-based line, as one text."""
    taken = []
    i = line - 2
    while i >= 0 and lines[i].strip().startswith("///"):
        taken.append(lines[i].strip()[3:])
        i -= 1
    return "\n".join(reversed(taken))


def check(root):
    root = pathlib.Path(root)
    problems = []
    for path in sorted((root / "tallow").rglob("*.hpp")):
        where = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        if "#pragma once" not in lines:
            problems.append(f"{where}: no #pragma once")
        if len(lines) > HEADER_LINES_MAX:
            problems.append(f"{where}: {len(lines)} lines, at most {HEADER_LINES_MAX}")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_COLUMNS_MAX:
                problems.append(f"{where}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}")
            for tag in re.findall(r"^\s*///\s*(@\w+)", line):
                if tag not in TAGS:
                    problems.append(f"{where}:{number}: {tag} is none of {' '.join(sorted(TAGS))}")
        if len(where.parts) > 2 and where.parts[1] in SOURCED and "@source" not in text:
            problems.append(f"{where}: no @source")
        documented = set()  # by name: a definition further down needs no second comment
        for position, statement in public_statements(without_comments(text)):
            name = returns_result(statement)
            if name:
                line = line_of(text, position)
                if "@errors" in comment_above(lines, line):
                    documented.add(name)
                elif name not in documented or comment_above(lines, line):
                    problems.append(f"{where}:{line}: {name}() returns result<> without @errors")
    return problems


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent / "include"
    found = check(sys.argv[1] if len(sys.argv) > 1 else default)
    print("\n".join(found) if found else "comments: complete")
    sys.exit(1 if found else 0)
