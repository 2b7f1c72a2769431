#!/usr/bin/env python3
"""Fails on a test that docs/attacks.md names and the tree does not have, and on an attack for which
it names neither a test nor a program nor a reason.

    scripts/check_attacks.py [SOURCE_FOLDER]
"""
import ast
import pathlib
import re
import sys

ROW = re.compile(r"^\| ([A-Z]\d+) \|")
GTEST = re.compile(r"^[A-Z]\w+\.[A-Z]\w+$")
SCRIPT_TEST = re.compile(r"^test_\w+\.\w+\.test_\w+$")
PROGRAM = re.compile(r"^(?:tests|bench)/[\w/]+$")


def gtests(source):
    text = "\n".join(p.read_text(encoding="utf-8") for p in sorted(source.glob("tests/**/*.cpp")))
    found = re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", text, re.M)
    return {".".join(one) for one in found}


def script_tests(source):
    found = set()
    for path in sorted(source.glob("tests/cli/test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found |= {f"{path.stem}.{node.name}.{f.name}" for f in node.body
                          if isinstance(f, ast.FunctionDef)}
    return found


def check(source):
    source = pathlib.Path(source)
    there = gtests(source) | script_tests(source)
    problems = []
    page = source / "docs/attacks.md"
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("|"):
            continue
        named = re.findall(r"`([^`]+)`", line)
        tests = [n for n in named if GTEST.match(n) or SCRIPT_TEST.match(n)]
        programs = [n for n in named if PROGRAM.match(n) and "." not in n]
        problems += [f"docs/attacks.md:{number}: there is no test {n}" for n in tests
                     if n not in there]
        problems += [f"docs/attacks.md:{number}: there is no {n}" for n in programs
                     if not (source / n).exists()]
        if "No test yet" in line:
            problems.append(f"docs/attacks.md:{number}: a promise is no reason")
        row = ROW.match(line)
        if row and not tests and not programs and "No test: " not in line:
            problems.append(f"docs/attacks.md:{number}: {row[1]} has neither a test nor a reason")
    return problems


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent
    found_problems = check(sys.argv[1] if len(sys.argv) > 1 else default)
    print("\n".join(found_problems) if found_problems else "attacks: every test is there")
    sys.exit(1 if found_problems else 0)
