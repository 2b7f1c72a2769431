"""Values of a type: the least, the most, and one in between that is the same every time."""
import hashlib

from postcard import BITS, encode, split_type

# A body may be this long in every frame that carries lists of structures.
LIST_BYTES_MAX = 60_000

# What a field may hold where the page says less than its type does.
RANGES = {"nameplate": (1, 999_999_999), "LANE_REQUEST.count": (1, 16), "LANES.count": (1, 16),
          "DIRECT_LANES.count": (1, 16), "chunk_bytes": (0, 4_194_304), "mode": (0, 0o7777)}

TEXTS = ["a", "notes.txt", "photos/2024/\u00e9t\u00e9.jpg", "\u65e5\u672c\u8a9e", "a b\\c\n", "\U0001f986"]


class Sampler:
    """Makes values of one fullness: `least`, `most` or `usual`."""

    def __init__(self, fullness, seed=""):
        self.fullness = fullness
        self.seed = seed
        self.drawn = 0

    def draw(self, below):
        self.drawn += 1
        digest = hashlib.sha256(f"{self.seed} {self.drawn}".encode()).digest()
        return int.from_bytes(digest, "big") % below

    def number(self, low, high):
        if self.fullness != "usual":
            return low if self.fullness == "least" else high
        # As many bits as drawn, so that each length of an integer is as likely.
        return low + self.draw(1 << self.draw((high - low).bit_length()) + 1) % (high - low + 1)

    def raw(self, count):
        if self.fullness == "usual":
            return bytes(self.draw(256) for _ in range(count)).hex()
        return ("00" if self.fullness == "least" else "ff") * count

    def count(self, limit, usual_max):
        if self.fullness == "usual":
            return 1 + self.draw(min(limit, usual_max))
        return 0 if self.fullness == "least" else limit

    def fields(self, fields, owner):
        return {name: self.value(kind, f"{owner}.{name}") for name, kind in fields}

    def value(self, kind, path=""):
        name, args = split_type(kind)
        if name in BITS:
            field = path.rpartition(".")[2]
            low, high = RANGES.get(path, RANGES.get(field, (0, (1 << BITS[name]) - 1)))
            return self.number(low, high)
        if name == "i64":
            return {"least": 0, "most": -(1 << 63)}.get(self.fullness, -self.draw(1 << 40))
        if name == "bool":
            return bool(self.number(0, 1))
        if name == "enumeration":
            return self.number(0, args[0] - 1)
        if name == "choice":
            number = self.number(0, 1)
            return [number, self.value(args[number], path)]
        if name == "array":
            return self.raw(int(args[0]))
        if name == "bytes":
            return self.raw(self.count(int(args[0]), 40))
        if name == "text":
            return self.text(int(args[0]))
        if name == "list":
            return self.list(args[0], int(args[1]), path)
        return self.fields(args[0], kind)

    def text(self, limit):
        if self.fullness == "usual":
            return TEXTS[self.draw(len(TEXTS))]
        return "" if self.fullness == "least" else "z" * limit

    def list(self, kind, limit, path):
        if self.fullness != "most":
            return [self.value(kind, path) for _ in range(self.count(limit, 4))]
        # As many as may be, though not all of them large.
        element = self.value(kind, path)
        if len(encode(kind, element)) * limit > LIST_BYTES_MAX:
            element = Sampler("least").value(kind, path)
        return [element] * limit
