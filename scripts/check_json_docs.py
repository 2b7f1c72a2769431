#!/usr/bin/env python3
"""Fails where docs/json.md does not show what docs/json.schema.json says.

    scripts/check_json_docs.py [--write]

    --write   writes the tables anew
"""
import json
import pathlib
import sys

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- from json.schema.json: begin -->\n", "<!-- from json.schema.json: end -->\n"


def type_of(field):
    if "$ref" in field:
        return f"[{field['$ref'].rsplit('/', 1)[1]}](#{field['$ref'].rsplit('/', 1)[1]})"
    if field.get("enum"):
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {type_of(field['items'])}"
    return field["type"] if isinstance(field["type"], str) else " or ".join(field["type"])


def table(name, about):
    lines = [f"### {name}", "", about["description"]]
    fields = {k: v for k, v in about["properties"].items() if k != "event"}
    if fields:
        lines += ["", "| field | type | there | meaning |", "|---|---|---|---|"]
    for field, what in fields.items():
        there = "always" if field in about["required"] else "sometimes"
        lines.append(f"| `{field}` | {type_of(what)} | {there} | {what.get('description', '')} |")
    return "\n".join(lines) + "\n"


def tables():
    schema = json.loads((DOCS / "json.schema.json").read_text(encoding="utf-8"))
    events = [one["$ref"].rsplit("/", 1)[1] for one in schema["oneOf"]]
    parts = [name for name in schema["$defs"] if name not in events]
    text = "\n".join(table(name, schema["$defs"][name]) for name in events)
    return text + "\n## Parts of events\n\n" + \
        "\n".join(table(name, schema["$defs"][name]) for name in parts)


def main():
    page = DOCS / "json.md"
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    wanted = before + BEGIN + "\n" + tables() + "\n" + END + after
    if "--write" in sys.argv[1:]:
        page.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        print("docs/json.md is not what docs/json.schema.json says: scripts/check_json_docs.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
