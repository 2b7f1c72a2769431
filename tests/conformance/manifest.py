"""Pages, paths, totals and hash of a manifest: docs/protocol/transfer.md."""
import dataclasses
import hashlib

import messages
import specification
from key_schedule import lv
from postcard import Refused

FILE, DIRECTORY, SYMLINK = 0, 1, 2
BYTES_MAX = 1 << 62
PATH_BYTES_MAX = 4095


def entry(path, kind=FILE, size=0, mode=0o644, mtime_ns=0, link_target=""):
    return {"path": path, "kind": kind, "size": size, "mode": mode, "mtime_ns": mtime_ns,
            "link_target": link_target}


def message():
    return next(m for m in specification.read().messages if m.name == "MANIFEST")


def encode_page(page):
    """The body of the MANIFEST message, without the type."""
    return b"".join(messages.pieces(message(), page)[1:])


def paged(*pages_of_entries):
    """Pages that follow each other."""
    pages, first = [], 0
    for number, entries in enumerate(pages_of_entries):
        pages.append({"page": number, "first": first, "last": number + 1 == len(pages_of_entries),
                      "entries": entries})
        first += len(entries)
    return pages


def manifest_hash(bodies):
    return hashlib.sha512(b"".join(map(lv, bodies))).digest()


def transfer_key(chunk_bytes, page):
    """What a receiver knows a transfer by: docs/journal.md."""
    text = chunk_bytes.to_bytes(4, "big") + len(page["entries"]).to_bytes(8, "big")
    for e in page["entries"]:
        path = e["path"].encode()
        text += bytes([e["kind"]]) + e["size"].to_bytes(8, "big")
        text += e["mtime_ns"].to_bytes(8, "big", signed=True) + len(path).to_bytes(8, "big") + path
    return hashlib.sha256(text).digest()[:16]


def path_is_fine(path):
    raw = path.encode()
    components = raw.split(b"/")
    return (0 < len(raw) <= PATH_BYTES_MAX and b"\0" not in raw and len(components) <= 256
            and all(1 <= len(c) <= 255 and c not in (b".", b"..") for c in components))


def entry_is_fine(e):
    """The rules of an entry by itself."""
    has_target = e["link_target"] != ""
    return (path_is_fine(e["path"]) and e["size"] <= BYTES_MAX
            and has_target == (e["kind"] == SYMLINK) and "\0" not in e["link_target"])


@dataclasses.dataclass
class Receiver:
    """Takes pages, and knows what it declines and what it has to find in END."""
    stream: bool = False
    text: bool = False
    entry_count: int = 0
    byte_count: int = 0
    page_count: int = 0
    is_complete: bool = False
    declined: list = dataclasses.field(default_factory=list)
    kinds: dict = dataclasses.field(default_factory=dict)  # of paths that were taken
    folders: set = dataclasses.field(default_factory=set)  # that others lie in

    def take(self, page):
        if (self.is_complete or page["page"] != self.page_count or page["first"] != self.entry_count
                or not (page["entries"] or page["last"])):
            raise Refused("manifest_invalid")
        if any(e["kind"] != FILE and e["size"] for e in page["entries"]):
            raise Refused("manifest_invalid")
        if self.byte_count + sum(e["size"] for e in page["entries"]) > BYTES_MAX:
            raise Refused("totals_wrong")
        self.page_count += 1
        if page["last"]:
            self.check_last(page)
        for e in page["entries"]:
            self.byte_count += e["size"]
            if not entry_is_fine(e) or not self.place(e):
                self.declined.append(self.entry_count)
            self.entry_count += 1

    def check_last(self, page):
        self.is_complete = True
        last = page["entries"][-1] if page["entries"] else None
        if self.stream and not (last and last["kind"] == FILE and last["size"] == 0):
            raise Refused("manifest_invalid")
        if self.text and not (page["page"] == 0 and len(page["entries"]) == 1
                              and last["kind"] == FILE and last["size"] <= 65536):
            raise Refused("manifest_invalid")

    def place(self, e):
        """Whether the path is free, and leads through folders alone."""
        path = e["path"]
        parents = [path[:i] for i, c in enumerate(path) if c == "/"]
        if (path in self.kinds or any(self.kinds.get(p, DIRECTORY) != DIRECTORY for p in parents)
                or path in self.folders and e["kind"] != DIRECTORY):
            return False
        self.kinds[path] = e["kind"]
        self.folders.update(parents)
        return True
