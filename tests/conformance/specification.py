"""The tables of docs/protocol/wire.md: frames, messages, structures and enumerations."""
import dataclasses
import functools
import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/protocol/wire.md"


@dataclasses.dataclass(frozen=True)
class Frame:
    name: str
    number: int
    bytes_max: int
    senders: tuple


@dataclasses.dataclass(frozen=True)
class Message:
    """A message; `number` is that of its frame, or the first byte of its sealed plaintext."""
    name: str
    number: int
    is_sealed: bool
    fields: tuple  # of (name, type)


@dataclasses.dataclass(frozen=True)
class Specification:
    frames: dict
    messages: tuple
    structures: dict  # name -> fields
    enumerations: dict  # name -> how many values, counted from 0


@functools.cache
def read():
    """What the page says."""
    frames, messages, structures, enumerations = {}, [], {}, {}
    fields = None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## ") or line.startswith("### "):
            fields = []
            _open_section(line.lstrip("# "), fields, messages, structures)
        elif match := re.fullmatch(r"\| (\w+) \| 0x(\w\w) \| (\d+) \| ([^|]+) \|", line):
            name, number, bytes_max, senders = match.groups()
            frames[name] = Frame(name, int(number, 16), int(bytes_max), tuple(senders.split(", ")))
        elif match := re.fullmatch(r"\| `(\w+)` \| (0 .*) \|", line):
            enumerations[match[1]] = _count_values(match[2])
        elif match := re.fullmatch(r"\| (\w+) \| `([^`]+)` \|.*", line):
            fields.append((match[1], match[2]))
    return Specification(frames, tuple(dataclasses.replace(m, fields=tuple(m.fields)) for m in messages),
                         structures, enumerations)


def _open_section(heading, fields, messages, structures):
    if match := re.fullmatch(r"Structure (\w+)", heading):
        structures[match[1]] = fields
    elif match := re.fullmatch(r"([A-Z_]+) (sealed )?0x(\w\w)", heading):
        messages.append(Message(match[1], int(match[3], 16), match[2] is not None, fields))


def _count_values(text):
    numbers = [int(n) for n in re.findall(r"(?:^|, )(\d+) \w+", re.sub(r"\([^)]*\)", "", text))]
    if numbers != list(range(len(numbers))):
        raise ValueError(f"an enumeration has gaps: {text}")
    return len(numbers)
