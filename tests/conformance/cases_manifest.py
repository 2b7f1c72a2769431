"""Vectors of manifests: pages, which of their entries are declined, totals and hash."""
import manifest
from key_schedule import lv
from manifest import BYTES_MAX, DIRECTORY, SYMLINK, entry, paged
from postcard import Refused
from vector_file import vector

CHUNK_BYTES = 4096


def case(name, expect, comment, pages, stream=False, text=False, chunk_bytes=CHUNK_BYTES):
    """What a receiver makes of these pages; each stands behind its length, as it is hashed."""
    bodies = [manifest.encode_page(p) for p in pages]
    receiver, found, taken = manifest.Receiver(stream, text), "success", 0
    try:
        for page in pages:
            receiver.take(page)
            taken += 1
    except Refused as refused:
        found = refused.kind
    assert found == expect, f"{name}: {found}, not {expect}"
    inputs = {"chunk_bytes": chunk_bytes, "stream": int(stream), "text": int(text), "pages_taken": taken}
    if found == "success":
        inputs.update(declined=[str(d) for d in receiver.declined], entry_count=receiver.entry_count,
                      byte_count=receiver.byte_count, chunk_count=-(-receiver.byte_count // chunk_bytes),
                      manifest_hash=manifest.manifest_hash(bodies),
                      transfer_key=manifest.transfer_key(chunk_bytes, pages[0]))
    return vector(name, expect, comment, [p for b in bodies for p in (lv(b)[:4], b)], **inputs)


def one(name, comment, *entries, declined=()):
    """A manifest of one page, of which these entries are declined."""
    v = case(name, "success", comment, paged(list(entries)))
    found = [value for key, value in v.inputs if key == "declined"]
    assert found == [str(d) for d in declined], f"{name}: declines {found}"
    return v


def whole():
    yield one("one_file", "a file", entry("notes.txt", size=5, mtime_ns=1_700_000_000_123_456_789))
    yield one("empty_file", "no bytes and no chunks", entry("empty"))
    yield one("time_before_1970", "a time below zero", entry("old", mtime_ns=-1))
    yield one("tree", "folders, a link and files", entry("a", DIRECTORY, mode=0o755), entry("a/b", size=4096),
              entry("a/c", SYMLINK, mode=0o777, link_target="b"), entry("d/e/f", size=1))
    yield one("last_chunk_full", "sizes that end with a chunk", entry("a", size=4095), entry("b", size=4097))
    yield one("last_chunk_short", "a byte more", entry("a", size=4096), entry("b", size=4097))
    yield case("nothing", "success", "a manifest without entries", paged([]))
    yield case("three_pages", "success", "entries are numbered through all pages",
               paged([entry("a", size=10), entry("b")], [entry("../c", size=10)], [entry("d", size=10)]))
    yield case("last_page_empty", "success", "a last page without entries", paged([entry("a")], []))
    yield case("largest_chunks", "success", "chunks of 4 MiB", paged([entry("a", size=1 << 40)]),
               chunk_bytes=4194304)
    yield case("largest", "success", "as many bytes as there may be", paged([entry("a", size=BYTES_MAX)]))
    yield case("stream", "success", "a stream is the last entry",
               paged([entry("a", size=9)], [entry("-")]), stream=True)
    yield case("text", "success", "the longest text", paged([entry("text", size=65536)]), text=True)


def names():
    """Names that look odd and are legal."""
    for name, comment, path in [
            ("backslash", "a backslash", "a\\..\\b"),
            ("newline", "a newline", "a\nb"),
            ("bidirectional", "a bidirectional control", "a\u202eb"),
            ("three_dots", "three dots", "..."),
            ("dots_in_names", "names that begin and end with dots", ".a/b./..c/d.."),
            ("blank", "a blank", " "),
            ("not_normal", "a letter with a combining mark", "e\u0301"),
            ("tilde", "a tilde", "~/a"),
            ("drive", "what a drive would be elsewhere", "C:/a"),
            ("device", "a device of another system", "nul"),
            ("longest_component", "255 bytes", "x" * 255),
            ("longest_component_of_letters", "255 bytes of longer letters", "\u00e9" * 127 + "x"),
            ("longest_path", "4095 bytes", ("y" * 254 + "/") * 16 + "z" * 15),
            ("deepest", "256 components", "/".join("a" * 256))]:
        yield one(f"name_{name}", comment, entry(path, size=1))


def bad_paths():
    """Each is declined alone: the entry behind it is taken."""
    for name, comment, path in [
            ("empty", "an empty path", ""),
            ("absolute", "it begins with a slash", "/a"),
            ("slash", "a slash alone", "/"),
            ("ends_with_slash", "it ends with a slash", "a/"),
            ("double_slash", "an empty component", "a//b"),
            ("dot", "a component that is .", "a/./b"),
            ("dot_alone", "nothing but .", "."),
            ("dot_dot", "it begins with ..", "../a"),
            ("dot_dot_inside", "a component that is ..", "a/../b"),
            ("dot_dot_last", "it ends with ..", "a/.."),
            ("dot_dot_alone", "nothing but ..", ".."),
            ("nul", "a NUL", "a\0b"),
            ("nul_last", "a NUL behind", "a\0"),
            ("component_too_long", "a component of 256 bytes", "a/" + "x" * 256),
            ("component_too_long_in_bytes", "256 bytes of longer letters", "\u00e9" * 128),
            ("too_deep", "257 components", "/".join("a" * 257))]:
        yield one(f"path_{name}", comment, entry(path, size=7), entry("good", size=1), declined=[0])


def declined_sizes():
    """Chunks that nobody wants cost nobody anything, however many they are."""
    yield one("declined_largest", "a declined entry as large as there may be",
              entry("../a", size=BYTES_MAX), declined=[0])
    yield one("declined_large_among_others", "a declined entry of many chunks between two that are taken",
              entry("a", size=1), entry("../b", size=BYTES_MAX - 2), entry("c", size=1), declined=[1])


def links():
    yield one("link_without_target", "a link without a target", entry("l", SYMLINK), entry("good"),
              declined=[0])
    yield one("link_target_nul", "a NUL in a target", entry("l", SYMLINK, link_target="a\0b"), declined=[0])
    yield one("file_with_target", "a file with a target", entry("f", link_target="a"), declined=[0])
    yield one("folder_with_target", "a folder with a target", entry("d", DIRECTORY, link_target="a"),
              declined=[0])
    yield one("link_anywhere", "the protocol allows what a folder on a disk may not",
              entry("l", SYMLINK, link_target="/etc/../../x"))
    yield one("link_longest", "a target of 4095 bytes", entry("l", SYMLINK, link_target="t" * 4095))


def clashes():
    yield one("twice", "the same path twice", entry("a"), entry("a", size=3), entry("b"), declined=[1])
    yield one("folder_twice", "the same folder twice", entry("a", DIRECTORY), entry("a", DIRECTORY),
              declined=[1])
    yield one("file_and_folder", "a file and a folder of one path", entry("a"), entry("a", DIRECTORY),
              declined=[1])
    yield one("through_a_file", "a path through a file", entry("a"), entry("a/b"), entry("a/b/c"),
              declined=[1, 2])
    yield one("through_a_link", "a path through a link", entry("a", SYMLINK, link_target="b"),
              entry("a/b"), declined=[1])
    yield one("file_where_others_lie", "a file that is a folder already", entry("a/b"), entry("a"),
              declined=[1])
    yield one("link_where_others_lie", "a link that is a folder already", entry("a/b"),
              entry("a", SYMLINK, link_target="c"), declined=[1])
    yield one("folder_afterwards", "a folder behind what is in it", entry("a/b/c"), entry("a/b", DIRECTORY),
              entry("a", DIRECTORY))
    yield one("prefix_of_a_name", "names that begin alike", entry("a"), entry("ab"), entry("a.b"),
              entry("ab2/c"))
    yield one("case_differs", "names that differ in case are two", entry("a"), entry("A"))
    yield case("twice_on_two_pages", "success", "the same path on two pages",
               paged([entry("a")], [entry("a")]))


def page_failures():
    good, bad = [entry("a", size=2)], "manifest_invalid"

    def pages(**changes):
        two = paged(good, [entry("b")])
        return [two[0], {**two[1], **changes}]

    yield case("page_repeated", bad, "the number of the page before", pages(page=0))
    yield case("page_left_out", bad, "a page is missing", pages(page=2))
    yield case("first_page_not_0", bad, "pages are counted from 0", [{**paged(good)[0], "page": 1}])
    yield case("first_too_low", bad, "fewer entries than came before", pages(first=0))
    yield case("first_too_high", bad, "more entries than came before", pages(first=2))
    yield case("first_not_0", bad, "the first entry is not the first", [{**paged(good)[0], "first": 1}])
    yield case("empty_page", bad, "a page without entries that is not the last",
               pages(entries=[], last=False))
    yield case("page_after_the_last", bad, "a page behind the last one",
               [paged(good)[0], {"page": 1, "first": 1, "last": True, "entries": [entry("b")]}])
    yield case("folder_with_size", bad, "a folder with a size", paged([entry("d", DIRECTORY, size=1)]))
    yield case("link_with_size", bad, "a link with a size",
               paged([entry("l", SYMLINK, size=1, link_target="a")]))
    yield case("file_too_large", "totals_wrong", "a byte more than there may be",
               paged([entry("a", size=BYTES_MAX + 1)]))
    yield case("sum_too_large", "totals_wrong", "sizes that add up to too much",
               paged([entry("a", size=BYTES_MAX)], [entry("b", size=1)]))
    yield case("sum_overflows", "totals_wrong", "sizes that add up to more than 64 bits hold",
               paged([entry("a", size=1 << 62), entry("b", size=(1 << 64) - 1)]))
    yield case("declined_counts", "totals_wrong", "the size of a declined entry counts",
               paged([entry("../a", size=BYTES_MAX), entry("b", size=1)]))


def kinds_of_transfer():
    bad = "manifest_invalid"
    yield case("stream_with_size", bad, "a stream with a size", paged([entry("-", size=1)]), stream=True)
    yield case("stream_is_folder", bad, "a stream that is a folder", paged([entry("-", DIRECTORY)]),
               stream=True)
    yield case("stream_missing", bad, "no entry at all", paged([]), stream=True)
    yield case("text_too_long", bad, "a text of 64 KiB and a byte", paged([entry("t", size=65537)]),
               text=True)
    yield case("text_and_more", bad, "a text beside another entry", paged([entry("t"), entry("u")]),
               text=True)
    yield case("text_on_second_page", bad, "a text on two pages", paged([entry("t")], []), text=True)
    yield case("text_is_link", bad, "a text that is a link", paged([entry("t", SYMLINK, link_target="a")]),
               text=True)
    yield case("text_missing", bad, "no entry at all", paged([]), text=True)


def cases():
    for group in (whole, names, bad_paths, declined_sizes, links, clashes, page_failures, kinds_of_transfer):
        yield from group()
