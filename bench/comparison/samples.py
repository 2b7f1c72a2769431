"""What is sent: four sets, made of a seed, and the check that what arrived is what was sent."""
import pathlib
import random
import subprocess

import log_text

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
BLOCK = 8 * MIB


class Sample:
    """A file or a folder below `parent`."""

    def __init__(self, key, title, size, make):
        self.key, self.title, self.size, self._make = key, title, size, make
        self.path = None

    def create(self, parent):
        self.path = pathlib.Path(parent) / f"{self.key}.sample"
        self._make(self.path)
        return self

    @property
    def is_folder(self):
        return self.path.is_dir()


def write_random(path, size, seed=1):
    source = random.Random(seed)
    with open(path, "wb") as out:
        for start in range(0, size, BLOCK):
            out.write(source.randbytes(min(BLOCK, size - start)))


def write_log(path, size):
    with open(path, "wb") as out:
        log_text.write(out, size)


def write_small_files(path, folders, files, size=4 * KIB):
    source = random.Random(2)
    for i in range(folders):
        folder = path / f"folder {i:03}"
        folder.mkdir(parents=True)
        for j in range(files):
            (folder / f"file {j:03}").write_bytes(source.randbytes(size))


def _size_text(size):
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} bytes"


def all_samples(scale=1.0):
    """The four sets by name; a scale below 1 makes all but the last of them smaller."""
    big = max(MIB, int(GIB * scale))
    folders = max(1, round(100 * scale))
    made = [
        Sample("random", f"{_size_text(big)} of random bytes", big,
               lambda path: write_random(path, big)),
        Sample("log", f"{_size_text(big)} of log text", big, lambda path: write_log(path, big)),
        Sample("small", f"{folders * 100:,} files of 4 KiB in {folders} folders",
               folders * 100 * 4 * KIB, lambda path: write_small_files(path, folders, 100)),
        Sample("one", "one file of 1 MiB", MIB, lambda path: write_random(path, MIB, 3)),
    ]
    return {sample.key: sample for sample in made}


def difference(sent, arrived):
    """What is wrong with what arrived; nothing when it is the same."""
    if not arrived.exists():
        return "nothing arrived"
    if not sent.is_dir():
        compared = subprocess.run(["cmp", "--", sent, arrived], capture_output=True, text=True,
                                  check=False)
        return (compared.stdout + compared.stderr).strip()
    names = {path.relative_to(sent) for path in sent.rglob("*")}
    others = {path.relative_to(arrived) for path in arrived.rglob("*")}
    if names != others:
        return f"{len(names - others)} entries are missing, {len(others - names)} are too many"
    for name in names:
        here, there = sent / name, arrived / name
        if here.is_file() and here.read_bytes() != there.read_bytes():
            return f"{name} differs"
    return ""
