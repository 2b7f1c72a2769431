"""Settings: the file, the environment and flags, what wins, and how mistakes are told."""
import os
import subprocess
import unittest

from harness import BIN, TransferTest, clean_environment, relay


class ConfigTest(TransferTest):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "config" / "tallow" / "config.toml"
        self.config.parent.mkdir(parents=True)
        self.places = {"XDG_CONFIG_HOME": str(self.folder / "config")}

    def say(self, *arguments, **env):
        done = subprocess.run([BIN / "tallow-cli", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False,
                              env=clean_environment(**{**self.places, "TALLOW_DIRECT": "", **env}))
        return done.returncode, done.stdout, done.stderr

    def shown(self, **env):
        """What is in force: value and origin by name."""
        code, out, err = self.say("config", **env)
        self.assertEqual(code, 0, err)
        lines = [line for line in out.splitlines() if not line.startswith("#")]
        return {line.split(" = ")[0]: tuple(line.split(" = ")[1].rsplit("  # ", 1))
                for line in lines}

    def refused(self, *arguments, **env):
        code, out, err = self.say(*(arguments or ("receive", "--relay", "127.0.0.1:1")), **env)
        self.assertEqual((code, out), (2, ""), err)
        return err


class Precedence(ConfigTest):
    def test_the_environment_goes_before_the_file_and_the_file_before_the_default(self):
        self.config.write_text('lanes = 4\noutage = 5\n')
        shown = self.shown(TALLOW_LANES="7")
        self.assertEqual(shown["lanes"], ("7", "TALLOW_LANES"))
        self.assertEqual(shown["outage"], ("5", f"{self.config}:2"))
        self.assertEqual(shown["compress"], ('"auto"', "default"))

    def test_a_flag_goes_before_all(self):
        self.config.write_text('relay = "127.0.0.1:1"\ndigest = true\n')
        file = self.source / "file"
        file.write_text("content")
        with relay() as hub:
            sending = self.run_cli("send", "--relay", hub.address, "--json", "--digest=false", file,
                                   env={**self.places, "TALLOW_RELAY": "127.0.0.1:2"})
            code = sending.event("code")["code"]
            receiving = self.run_cli("receive", "--json", "--yes", "--out", self.target,
                                     env={**self.places, "TALLOW_CODE": code,
                                          "TALLOW_RELAY": hub.address})
            self.assert_done(sending, receiving)
        self.assertNotIn("digests", sending.wait().event("done")[0])
        listed = receiving.wait().event("done")[0]["digests"]
        self.assertEqual([one["path"] for one in listed], ["file"])

    def test_an_empty_variable_says_nothing(self):
        self.config.write_text('lanes = 4\n')
        self.assertEqual(self.shown(TALLOW_LANES="")["lanes"][0], "4")

    def test_a_variable_of_another_command_is_not_looked_at(self):
        self.assertNotIn("LANES", self.refused("receive", TALLOW_LANES="many"))
        self.assertIn("TALLOW_LANES: a number from 0 to", self.refused("send", "x", TALLOW_LANES="many"))


    def test_the_home_folder_may_be_written_as_in_a_shell(self):
        self.config.write_text('out = "~/got"\n')
        self.assertEqual(self.shown(HOME="/home/somebody")["out"][0], '"/home/somebody/got"')


class Mistakes(ConfigTest):
    def test_each_is_told_with_its_line(self):
        for content, line, said in (
                ("lanes = 2\nlanez = 4\n", 2, "unknown key 'lanez'; allowed are "),
                ("\n\nlanes = 1000\n", 3, "lanes: a number from 0 to "),
                ("on-conflict = 'ignore'", 1, "on-conflict: one of ask, rename, overwrite, skip"),
                ("digest = 1", 1, "digest: true or false is wanted"),
                ("lanes = [1]", 1, "lanes: a text or a number is wanted"),
                ("lanes = 1\nlanes = 2", 2, ""),
                ("[send]\nlanes = 1", 1, "unknown key 'send'"),
                ("lanes = ", 1, "")):
            with self.subTest(content=content):
                self.config.write_text(content)
                self.assertIn(f"tallow-cli: {self.config}:{line}: {said}", self.refused())
                self.assertIn(f"{self.config}:{line}: ", self.refused("config"))

    def test_a_code_is_not_taken_from_it(self):
        self.config.write_text('code = "7-crossover-clockwork"\n')
        said = self.refused()
        self.assertIn(f"{self.config}:1: a code works once", said)
        self.assertNotIn("crossover", said)

    def test_what_is_passing_cannot_be_set_for_good(self):
        for key in ("yes", "json", "code-file", "insecure-plaintext", "PATH", "name"):
            self.config.write_text(f"{key} = true\n")
            self.assertIn("unknown key", self.refused())

    def test_a_file_that_is_named_has_to_be_there(self):
        missing = str(self.folder / "missing.toml")
        self.assertIn(f"{missing}: cannot be read: No such file", self.refused(TALLOW_CONFIG=missing))

    def test_a_folder_in_its_place_is_told(self):
        self.config.mkdir()
        self.assertIn(f"{self.config}: cannot be read", self.refused())

    def test_one_without_an_end_is_told(self):
        self.assertIn("/dev/zero: cannot be read: File too large",
                      self.refused(TALLOW_CONFIG="/dev/zero"))


class Shown(ConfigTest):
    def test_the_path_is_shown_whether_or_not_it_is_there(self):
        self.assertEqual(self.say("config", "--path")[1], f"{self.config}\n")
        self.assertIn(f"# File: {self.config} (not there)\n", self.say("config")[1])
        self.config.write_text("")
        self.assertIn(f"# File: {self.config}\n", self.say("config")[1])

    def test_the_home_folder_is_used_where_nothing_else_is_said(self):
        home = {"XDG_CONFIG_HOME": "", "HOME": str(self.folder)}
        self.assertEqual(self.say("config", "--path", **home)[1],
                         f"{self.folder}/.config/tallow/config.toml\n")

    def test_the_example_changes_nothing_and_its_lines_are_right(self):
        code, example, _ = self.say("config", "--example")
        self.assertEqual(code, 0)
        self.config.write_text(example)
        self.assertEqual({origin for _, origin in self.shown().values()}, {"default"})
        # A line of a setting has no blank behind its mark.
        set_all = "".join(line[1:] if line.startswith("#") and line[1:2].strip() else line
                          for line in example.splitlines(keepends=True))
        self.config.write_text(set_all)
        shown = self.shown()
        self.assertNotIn("default", {origin for _, origin in shown.values()})
        self.assertEqual(len(shown), example.count("Variable: "))

    def test_what_is_shown_is_a_file_that_says_the_same(self):
        self.config.write_text('lanes = 3\nout = "a \\"b\\" \\\\ ü"\n')
        before = self.shown()
        self.config.write_text(self.say("config")[1])
        self.assertEqual({name: value for name, (value, _) in self.shown().items()},
                         {name: value for name, (value, _) in before.items()})

    def test_help_and_pages_work_with_a_file_that_is_wrong(self):
        self.config.write_text("nonsense")
        for arguments in (("--help",), ("send", "--help"), ("config", "--example"),
                          ("config", "--path"), ("completions", "bash"), ("man-page",)):
            self.assertEqual(self.say(*arguments)[0], 0, arguments)

    def test_standard_output_that_cannot_be_written_is_told(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BIN / "tallow-cli", "man-page"], stdout=full,
                                  stderr=subprocess.PIPE, check=False, timeout=60,
                                  env=clean_environment())
        self.assertEqual(done.returncode, 6)


if __name__ == "__main__":
    unittest.main()
