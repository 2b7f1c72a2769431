#!/usr/bin/env python3
"""Writes the conformance vectors, or checks that they are what would be written.

    tests/conformance/generate.py write|check [FOLDER]      FOLDER is by default tests/vectors/tallow
"""
import pathlib
import sys

import cases_frames
import cases_handshake
import cases_journal
import cases_manifest
import cases_messages
import cases_records
import vector_file

DEFAULT = pathlib.Path(__file__).resolve().parents[1] / "vectors/tallow"
AREAS = {"frames": cases_frames, "messages": cases_messages, "records": cases_records,
         "handshake": cases_handshake, "manifest": cases_manifest, "journal": cases_journal}
OTHERS = {"README.md"}


def vectors():
    """Path below the folder -> text of each file."""
    files = {}
    for area, module in AREAS.items():
        for v in module.cases():
            path, text = f"{area}/{v.name}", vector_file.render(v)
            if path in files:
                raise ValueError(f"two vectors are called {path}")
            if vector_file.body_of(text) != v.bytes():
                raise ValueError(f"{path} does not read back")
            files[path] = text
    return files


def there(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - OTHERS


def write(folder):
    files = vectors()
    for path in there(folder) - files.keys():
        (folder / path).unlink()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode("ascii"))
    return []


def check(folder):
    files, found = vectors(), there(folder)
    problems = [f"{path} is missing" for path in sorted(files.keys() - found)]
    problems += [f"{path} is known to nobody" for path in sorted(found - files.keys())]
    problems += [f"{path} is out of date" for path in sorted(files.keys() & found)
                 if (folder / path).read_bytes() != files[path].encode("ascii")]
    return problems


def main(arguments):
    modes = {"write": write, "check": check}
    if len(arguments) not in (1, 2) or arguments[0] not in modes:
        print(__doc__, file=sys.stderr)
        return 2
    folder = pathlib.Path(arguments[1]) if len(arguments) == 2 else DEFAULT
    problems = modes[arguments[0]](folder)
    print("\n".join(problems) if problems else f"vectors: {len(there(folder))}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
