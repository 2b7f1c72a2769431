"""Onto disks as people carry them about: no owners, no modes, no links, and names that differ in
case for one name. They are mounted, where that is allowed."""
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import Dam, TransferTest, proxy, relay


def tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def tree_of(folder):
    """The files below it and what is in them."""
    return {os.fspath(p.relative_to(folder)): p.read_bytes()
            for p in pathlib.Path(folder).rglob("*") if p.is_file()}


class Disk:
    """For a TransferTest: its target is a file system of its own, of 64 MiB."""

    def setUp(self):
        super().setUp()
        self.target.mkdir()
        self.image = self.folder / "image"
        with open(self.image, "wb") as file:
            file.truncate(64 << 20)
        self.mount()
        self.addCleanup(self.run_tool, "umount", self.target)
        self.tree = self.source / "tree"
        (self.tree / "deep").mkdir(parents=True)
        (self.tree / "empty").touch()
        (self.tree / "run").write_bytes(b"#!/bin/sh\n")
        (self.tree / "run").chmod(0o755)
        (self.tree / "deep" / "large").write_bytes(os.urandom(3 << 20))

    def run_tool(self, name, *arguments):
        """Skips the test where the tool is missing, or may not do it."""
        found = tool(name)
        if not found:
            self.skipTest(f"{name} is not installed")
        done = subprocess.run([found, *map(os.fspath, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"{name}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def move(self, *paths, options=()):
        with relay() as hub:
            both = (self.send(hub.address, *paths), self.receive(hub.address, options=options))
            return [one.wait() for one in both]

    def assert_nothing_hidden(self):
        self.assertEqual([os.fspath(p) for p in self.target.rglob("*")
                          if p.parts[len(self.target.parts)].startswith(".tallow")], [])

    def test_a_tree_arrives(self):
        for copy in ("tree", "tree (2)"):
            for one in self.move(self.tree):
                self.assertEqual(one.code, 0, one.err + one.out)
            self.assertEqual(tree_of(self.target / copy), tree_of(self.tree))
        self.assert_nothing_hidden()

    def test_files_keep_out_of_each_others_way(self):
        """Single files have to be placed in another way than folders."""
        (self.target / "run").write_bytes(b"mine")
        for copy in ("run (2)", "run (3)"):
            for one in self.move(self.tree / "run"):
                self.assertEqual(one.code, 0, one.err + one.out)
            self.assertEqual((self.target / copy).read_bytes(), b"#!/bin/sh\n")
        self.assertEqual((self.target / "run").read_bytes(), b"mine")
        for one in self.move(self.tree / "run", options=("--on-conflict", "overwrite")):
            self.assertEqual(one.code, 0, one.err + one.out)
        self.assertEqual((self.target / "run").read_bytes(), b"#!/bin/sh\n")
        self.assert_nothing_hidden()

    def go_on_after_a_kill(self):
        """Kills the receiver in the middle of it all; what both say when all is sent again."""
        (self.tree / "more").write_bytes(os.urandom(8 << 20))
        with relay() as hub, proxy(hub.address, Dam(4 << 20)) as between:
            options = ("--outage", "0")
            both = (self.send(between.address, self.tree, options=options),
                    self.receive(hub.address, options=options))
            seen = 1
            # What the sender counts has been acknowledged, and is in the journal.
            while both[0].event("progress", count=seen)["bytes"] < 2 << 20:
                seen += 1
            both[1].process.kill()
            both[1].wait()
            between.tap.is_open.set()
            between.cut()
            both[0].wait()
        both = self.move(self.tree)
        self.assertGreater(both[1].event("kept")[0]["bytes"], 0)
        return both

    def test_it_goes_on_after_a_kill(self):
        for one in self.go_on_after_a_kill():
            self.assertEqual(one.code, 0, one.err + one.out)
        self.assertEqual(tree_of(self.target / "tree"), tree_of(self.tree))
        self.assert_nothing_hidden()


class ExFat(Disk, TransferTest):
    """As on a USB stick: what lies there belongs to one user, and is open to all."""

    def mount(self):
        self.run_tool("mkfs.exfat", self.image)
        loop = self.run_tool("losetup", "--find", "--show", self.image)
        self.addCleanup(self.run_tool, "losetup", "--detach", loop)
        self.run_tool("mount.exfat-fuse", "-o", "umask=0000", loop, self.target)

    def make_names_that_are_one(self):
        for name, content in {"README": b"first\n", "readme": b"other\n", "Long": b"longer\n",
                              "long": b"l\n"}.items():
            (self.tree / name).write_bytes(content)
        for folder in ("Notes", "notes"):
            (self.tree / folder).mkdir()
            (self.tree / folder / ("a" + folder)).write_bytes(folder.encode())

    def assert_one_of_each_arrived(self, sending, receiving):
        self.assertEqual([sending.code, receiving.code], [6, 6], receiving.err)
        arrived, sent = tree_of(self.target / "tree"), tree_of(self.tree)
        for name, content in arrived.items():
            self.assertEqual(content, sent[name], name)
        failed = {name for name in sent if "tree/" + name + ":" in receiving.err}
        self.assertEqual(failed | set(arrived), set(sent), "told of none that is not there")
        for both in (("README", "readme"), ("Long", "long"), ("Notes/aNotes", "notes/anotes")):
            self.assertEqual(sum(name in arrived for name in both), 1, both)
        self.assert_nothing_hidden()

    def test_of_names_that_are_one_there_one_arrives_whole(self):
        self.make_names_that_are_one()
        self.assert_one_of_each_arrived(*self.move(self.tree))

    def test_of_names_that_are_one_there_one_arrives_whole_after_a_kill_too(self):
        self.make_names_that_are_one()
        self.assert_one_of_each_arrived(*self.go_on_after_a_kill())

    def test_links_stay_behind(self):
        (self.tree / "link").symlink_to("run")
        sending, receiving = self.move(self.tree)
        self.assertEqual([sending.code, receiving.code], [6, 6], receiving.err)
        self.assertEqual(tree_of(self.target / "tree"),
                         {k: v for k, v in tree_of(self.tree).items() if k != "link"})
        self.assertIn("tree/link", receiving.out + receiving.err)


class Ntfs(Disk, TransferTest):
    def mount(self):
        self.run_tool("mkntfs", "-F", "-q", self.image)
        self.run_tool("ntfs-3g", "-o", "umask=0000", self.image, self.target)


if __name__ == "__main__":
    unittest.main()
