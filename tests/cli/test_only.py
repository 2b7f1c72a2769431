"""What a receiver takes of an offer: --only, and what somebody picks from the list."""
import os
import unittest

from harness import CODE, Dam, TransferTest, proxy, relay


class Only(TransferTest):
    def setUp(self):
        super().setUp()
        self.names = ["a.txt", "b.bin", "notes", "odd *name"]
        for name in ("a.txt", "b.bin", "odd *name", "notes/one.txt", "notes/two.bin",
                     "notes/deep/three.txt", "notes/empty/.keep"):
            path = self.source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)

    def paths(self):
        return [self.source / name for name in self.names]

    def arrived(self):
        """Files and empty folders, by their names."""
        return sorted(str(p.relative_to(self.target)) for p in self.target.rglob("*")
                      if p.is_file() or not any(p.iterdir()))

    def transfer(self, *options):
        with relay() as hub:
            sending = self.send(hub.address, *self.paths())
            receiving = self.receive(hub.address, options=options)
            self.assert_done(sending, receiving)
        return sending.wait(), receiving.wait()

    def test_takes_what_matches_and_what_lies_below(self):
        for number, (patterns, wanted) in enumerate((
                (("*.txt",), ["a.txt", "notes/deep/three.txt", "notes/one.txt"]),
                (("/notes",), ["notes/deep/three.txt", "notes/empty/.keep", "notes/one.txt",
                               "notes/two.bin"]),
                (("notes", "!*.txt"), ["notes/deep", "notes/empty/.keep", "notes/two.bin"]),
                (("deep", "b.*"), ["b.bin", "notes/deep/three.txt"]),
                (("nothing",), []))):
            with self.subTest(patterns):
                self.target = self.folder / f"target{number}"
                sent, received = self.transfer(*(f"--only={p}" for p in patterns))
                self.assertEqual(self.arrived(), wanted)
                for path in map(self.target.joinpath, wanted):
                    if path.is_file():
                        self.assertEqual(path.read_text(), str(path.relative_to(self.target)))
                declined = received.event("done")[0]["declined_count"]
                self.assertEqual(sent.event("done")[0]["declined_count"], declined)
                self.assertGreater(declined, 0)
                self.assertIn("Of that --only asks for", received.err)

    def asked(self, hub, answers):
        receiving = self.run_cli("receive", "--relay", hub.address, "--json", "--out", self.target,
                                 env={"TALLOW_CODE": CODE}, stdin=answers)
        return receiving

    def test_somebody_picks_from_the_list(self):
        for number, (answers, wanted) in enumerate((
                ("p\n1 4\n", ["a.txt", "odd *name"]),
                ("p\n9\n0\n2\n", ["b.bin"]),  # asked again until it is an answer
                ("p\nfoo\n*.md\nb.bin\n", ["b.bin"]),
                ("p\n*.bin\n", ["b.bin", "notes/two.bin"]),
                ("y\n", ["a.txt", "b.bin", "notes/deep/three.txt", "notes/empty/.keep",
                         "notes/one.txt", "notes/two.bin", "odd *name"]))):
            with self.subTest(answers), relay() as hub:
                self.target = self.folder / f"target{number}"
                sending, receiving = self.send(hub.address, *self.paths()), self.asked(hub, answers)
                self.assert_done(sending, receiving)
                self.assertEqual(self.arrived(), wanted)
                self.assertIn("[y/N, p: pick]", receiving.wait().err)
        self.assertEqual(self.folder / "target4", self.target)

    def test_an_empty_pick_is_a_no(self):
        for answers in ("p\n\n", "p\n", "x\n", ""):
            with self.subTest(answers), relay() as hub:
                sending, receiving = self.send(hub.address, *self.paths()), self.asked(hub, answers)
                self.assertEqual((receiving.wait().code, sending.wait().code), (1, 5))
                self.assertFalse(self.target.exists())

    def test_the_list_shows_names_that_no_terminal_obeys(self):
        (self.source / "\x1b[2J").write_text("x")
        self.names.append("\x1b[2J")
        with relay() as hub:
            sending, receiving = self.send(hub.address, *self.paths()), self.asked(hub, "p\n5\n")
            self.assert_done(sending, receiving)
            self.assertNotIn("\x1b[2J", receiving.wait().err)
            self.assertRegex(receiving.wait().err, r"(?m)^  3  notes/  ")
        self.assertEqual(os.listdir(self.target), ["\x1b[2J"])

    def test_who_goes_on_takes_the_same(self):
        (self.source / "large").write_bytes(os.urandom(24 << 20))
        self.names.append("large")
        dam = Dam(8 << 20)
        with relay() as hub, proxy(hub.address, dam) as between:
            env = {"TALLOW_CODE": CODE, "XDG_STATE_HOME": str(self.folder / "bob")}
            sending = self.run_cli("send", "--relay", between.address, "--json", "--", *self.paths(),
                                   env={**env, "XDG_STATE_HOME": str(self.folder / "ann")})
            receiving = self.run_cli("receive", "--relay", between.address, "--json", "--out",
                                     self.target, env=env, stdin="p\n5 1\n")
            receiving.event("progress")
            receiving.process.kill()
            sending.process.kill()
            receiving.wait()
            sending.wait()
            dam.left = 1 << 40
            dam.is_open.set()
            again = self.run_cli("resume", "--yes", "--json",
                                 env={"XDG_STATE_HOME": str(self.folder / "bob")})
            self.assert_done(self.run_cli("resume", "--yes", "--json",
                                          env={"XDG_STATE_HOME": str(self.folder / "ann")}), again)
            self.assertRegex(again.wait().err, "--only asks for 2 items")
        self.assertEqual(self.arrived(), ["a.txt", "large"])


if __name__ == "__main__":
    unittest.main()
