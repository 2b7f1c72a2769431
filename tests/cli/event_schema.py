"""Checks events against docs/json.schema.json. The part of JSON Schema that it uses, and no more: a
keyword that is not known here is an error, so that nothing stands in the schema unchecked."""
import json
import pathlib
import re

PATH = pathlib.Path(__file__).resolve().parents[2] / "docs" / "json.schema.json"
SCHEMA = json.loads(PATH.read_text(encoding="utf-8"))
EVENTS = {one["$ref"].rsplit("/", 1)[1] for one in SCHEMA["oneOf"]}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
         "integer": int, "number": (int, float)}


def is_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def problems_of(value, schema, where):
    """What is wrong with it, a line each."""
    found = []
    for keyword, wanted in schema.items():
        if keyword == "$ref":
            found += problems_of(value, SCHEMA["$defs"][wanted.rsplit("/", 1)[1]], where)
        elif keyword == "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            if not any(is_type(value, name) for name in names):
                return [f"{where} is {value!r}, and no {' or '.join(names)}"]
        elif keyword == "const":
            found += [] if value == wanted else [f"{where} is not {wanted!r}"]
        elif keyword == "enum":
            found += [] if value in wanted else [f"{where} is {value!r}, which is not listed"]
        elif keyword == "minimum":
            found += [] if value is None or value >= wanted else [f"{where} is below {wanted}"]
        elif keyword == "pattern":
            found += [] if re.search(wanted, value) else [f"{where} does not match {wanted}"]
        elif keyword == "required":
            found += [f"{where} has no {name}" for name in wanted if name not in value]
        elif keyword == "properties":
            for name, about in wanted.items():
                if name in value:
                    found += problems_of(value[name], about, f"{where}.{name}")
        elif keyword == "additionalProperties":
            found += [f"{where} has {name}, which is not documented" for name in value
                      if name not in schema["properties"] and not wanted]
        elif keyword == "items":
            for number, item in enumerate(value):
                found += problems_of(item, wanted, f"{where}[{number}]")
        elif keyword != "description":
            raise AssertionError(f"{PATH.name} uses {keyword}, which is not checked")
    return found


def problems_of_lines(lines):
    """What is wrong with the lines that a command wrote."""
    found = []
    for number, line in enumerate(lines):
        event = json.loads(line)
        name = event.get("event")
        if name not in EVENTS:
            found.append(f"{name!r} is not documented in docs/json.schema.json")
            continue
        found += problems_of(event, SCHEMA["$defs"][name], name)
        if (name == "version") != (number == 0):
            found.append("version has to be the first line, and no other")
        if not line.isascii():
            found.append(f"{name} is not in ASCII")
    return found
