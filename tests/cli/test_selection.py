"""What send takes and leaves out: --exclude, --git, --follow-links, and --dry-run, which only says."""
import os
import random
import shutil
import subprocess
import unittest

from harness import CODE, Dam, TransferTest, proxy, relay


class SelectionTest(TransferTest):
    def make(self, *names, text="x"):
        for name in names:
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def would_send(self, *paths, options=(), code=0):
        """The paths that --dry-run names, and its last word."""
        finished = self.run_cli("send", "--dry-run", "--json", *options, "--", *paths).wait()
        self.assertEqual(finished.code, code, finished.err)
        return [e["path"] for e in finished.event("entry")], finished.events[-1]


class DryRun(SelectionTest):
    def test_says_what_would_be_sent_and_meets_nobody(self):
        self.make("dir/a", "dir/sub/b")
        (self.source / "dir" / "link").symlink_to("a")
        paths, end = self.would_send(self.source / "dir")
        self.assertEqual(paths, ["dir", "dir/a", "dir/link", "dir/sub", "dir/sub/b"])
        self.assertEqual((end["event"], end["files"], end["folders"], end["links"], end["bytes"]),
                         ("done", 2, 2, 1, 2))

    def test_prints_sizes_and_names_that_no_terminal_obeys(self):
        self.make("dir/a\x1b[2Jb", text="x" * 2048)
        finished = self.run_cli("send", "--dry-run", "--", self.source / "dir").wait()
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.out.splitlines()[0].strip(), "dir/")
        self.assertRegex(finished.out.splitlines()[1], r"^ *2\.0 KiB  dir/a[^\x1b]*b$")
        self.assertRegex(finished.err, r"Would send 1 file in 1 folder, .*2\.0 KiB")

    def test_names_what_cannot_be_sent(self):
        self.make("dir/a")
        os.mkfifo(self.source / "dir" / "pipe")
        paths, end = self.would_send(self.source / "dir", code=6)
        self.assertEqual(paths, ["dir", "dir/a"])
        self.assertEqual([s["path"] for s in end["skipped"]], ["dir/pipe"])


class Exclude(SelectionTest):
    def test_leaves_out_and_says_how_much(self):
        self.make("dir/a.o", "dir/a.c", "dir/cache/b", "dir/sub/c.o", "lone.o")
        options = ("--exclude", "*.o", "--exclude", "cache/")
        paths, end = self.would_send(self.source / "dir", self.source / "lone.o", options=options)
        self.assertEqual(paths, ["dir", "dir/a.c", "dir/sub"])
        self.assertEqual(end["left_out"], 4)
        with relay() as hub:
            sending = self.send(hub.address, self.source / "dir", options=options)
            receiving = self.receive(hub.address)
            self.assert_done(receiving, sending)
        self.assertEqual(sorted(p.name for p in (self.target / "dir").rglob("*")), ["a.c", "sub"])
        self.assertIn("Left out, as asked for: 3", sending.wait().err)

    def test_an_exclusion_of_all_there_is_is_a_mistake(self):
        self.make("a.o")
        finished = self.run_cli("send", "--relay", "127.0.0.1:1", "--exclude", "*.o", "--",
                                self.source / "a.o").wait()
        self.assertEqual(finished.code, 2, finished.err)
        self.assertIn("nothing to send", finished.err)

    def test_goes_on_leaving_out_after_a_crash(self):
        self.make("dir/a.o", "dir/b.o")
        (self.source / "dir" / "large").write_bytes(os.urandom(8 << 20))
        dam = Dam(4 << 20)
        with relay() as hub, proxy(hub.address, dam) as slow:
            commands = (("send", "--exclude", "*.o", "--", self.source / "dir"),
                        ("receive", "--out", self.target))
            first = [self.side(c[0], c[0], "--relay", slow.address, *c[1:], code=CODE)
                     for c in commands]
            first[1].event("progress")
            for one in first:
                one.process.kill()
            dam.is_open.set()
            for one in first:
                one.wait()
            self.assert_done(*(self.side(c[0], "resume", "--relay", hub.address)
                               for c in commands))
        self.assertEqual(sorted(p.name for p in (self.target / "dir").iterdir()), ["large"])

    def side(self, name, *arguments, code=None):
        """A command of one of two users."""
        env = {"XDG_STATE_HOME": str(self.folder / f"state-{name}")}
        if code:
            env["TALLOW_CODE"] = code
        return self.run_cli(arguments[0], "--json", "--yes", *arguments[1:], env=env)


class FollowLinks(SelectionTest):
    def test_sends_what_links_stand_for(self):
        self.make("elsewhere/f", "dir/own")
        (self.source / "dir" / "folder").symlink_to("../elsewhere")
        (self.source / "dir" / "up").symlink_to("..")
        options = ("--follow-links", "--exclude", "dir/up")
        with relay() as hub:
            sending = self.send(hub.address, self.source / "dir", options=options)
            self.assert_done(self.receive(hub.address), sending)
        got = self.target / "dir"
        self.assertEqual((got / "folder" / "f").read_text(), "x")
        self.assertFalse((got / "folder").is_symlink())


@unittest.skipUnless(shutil.which("git"), "there is no git")
class Git(SelectionTest):
    """Against git itself, on trees and patterns that nobody thought of."""

    NAMES = ["a", "b", "ab", "a.o", "b.o", ".c", "d e", "[x]", "foo"]
    PATTERNS = ["*.o", "a", "/a", "a/", "/b/", "a/b", "a/**", "**/b", "a/**/b", "!a", "!*.o", "?",
                "[ab]", "[!a]", "a*", "*b", "\\[x]", "d\\ e", "d e  ", "#a", "foo/*", "!foo/a", ".*",
                "**", "!b/", "[a-", "a**", "/", "*/b", "b/?", "!/a/b", "ab ", "[[:alpha:]]"]

    def git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self.source / "repo", check=True,
                              capture_output=True, text=True, env={
                                  **os.environ, "HOME": os.fspath(self.folder),
                                  "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": os.devnull}).stdout

    def build_tree(self, rng):
        repo = self.source / "repo"
        shutil.rmtree(repo, ignore_errors=True)
        repo.mkdir()
        self.git("init", "-q")
        folders = [repo]
        for _ in range(25):
            path = rng.choice(folders) / rng.choice(self.NAMES)
            if path.exists():
                continue
            if rng.random() < 0.4 and len(path.relative_to(repo).parts) < 4:
                path.mkdir()
                folders.append(path)
            else:
                path.write_text("x")
        for where in [".git/info/exclude", *(f / ".gitignore" for f in folders
                                             if f == repo or rng.random() < 0.3)]:
            lines = rng.sample(self.PATTERNS, rng.randrange(1, 4))
            (repo / where).write_text("\n".join(lines) + rng.choice(("", "\n", "\r\n")))
        return repo

    def test_takes_what_git_would_take(self):
        count = 0
        for seed in range(60):
            repo = self.build_tree(random.Random(seed))
            wanted = self.git("ls-files", "-co", "--exclude-standard", "-z").split("\0")[:-1]
            paths, end = self.would_send(repo, options=("--git",))
            files = [p.removeprefix("repo/") for p in paths if (self.source / p).is_file()]
            self.assertEqual(sorted(files), sorted(wanted), f"seed {seed}")
            count += end["left_out"]
        self.assertGreater(count, 200)  # or they said nothing

    def test_looks_at_what_is_above_a_part_of_a_repository(self):
        (self.source / "repo").mkdir()
        self.git("init", "-q")
        self.make("repo/.gitignore", text="/part/a\nb\n")
        self.make("repo/part/a", "repo/part/b", "repo/part/c", "repo/part/sub/a")
        paths, _ = self.would_send(self.source / "repo" / "part", options=("--git",))
        self.assertEqual(paths, ["part", "part/c", "part/sub", "part/sub/a"])


if __name__ == "__main__":
    unittest.main()
