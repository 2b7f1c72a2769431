"""What is made of the table of options: completions, run in each shell, and the manual page."""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

from harness import BIN, DEADLINE_S, TransferTest, clean_environment


def output(*arguments):
    return subprocess.run([BIN / "tallow-cli", *arguments], stdout=subprocess.PIPE, text=True,
                          timeout=DEADLINE_S, check=True, env=clean_environment()).stdout


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not on this machine")


class Shell:
    """An interactive shell in a terminal of its own."""

    def __init__(self, *command, env):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.execvpe(command[0], command, env)
        self.seen = ""

    def read_until(self, wanted, since=0):
        """Waits for a text that matches behind `since`; returns where it ends."""
        end = time.monotonic() + DEADLINE_S
        while True:
            found = re.search(wanted, self.seen[since:])
            if found:
                return since + found.end()
            if not select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {wanted!r} in {self.seen[since:]!r}")
            try:
                data = os.read(self.terminal, 4096)
            except OSError as gone:
                raise AssertionError(f"no {wanted!r} in {self.seen[since:]!r}") from gone
            # Without what only moves and colours, and the pauses that old terminals needed.
            self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\0", "",
                                data.decode("utf-8", "replace"))

    def write(self, text):
        os.write(self.terminal, text.encode())

    def close(self):
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        os.close(self.terminal)


# What is typed before TAB, and what stands there afterwards. Both names are completed.
TYPED = (
    ("tallow-cli rec", "tallow-cli receive "),
    ("tallow resu", "tallow resume "),
    ("tallow-cli send --insec", "tallow-cli send --insecure-plaintext"),
    ("tallow-cli receive --on-conflict ov", "tallow-cli receive --on-conflict overwrite"),
    ("tallow-cli receive --on-conflict=sk", "tallow-cli receive --on-conflict=skip"),
    ("tallow-cli receive --out onl", "tallow-cli receive --out only-folder/"),
    ("tallow-cli send --code-file uni", "tallow-cli send --code-file unique-file"),
    ("tallow send --lanes 3 uni", "tallow send --lanes 3 unique-file"),
    ("tallow-cli completions fi", "tallow-cli completions fish"),
)


class Completion(TransferTest):
    def setUp(self):
        super().setUp()
        (self.folder / "unique-file").write_text("")
        (self.folder / "only-folder").mkdir()
        (self.folder / "only-file").write_text("")
        self.env = clean_environment(HOME=str(self.folder), TERM="vt100", PS1="$ ", LC_ALL="C.UTF-8",
                                     XDG_DATA_HOME=str(self.folder / "data"), HISTFILE="")

    def complete(self, shell, setup):
        made = Shell(*shell, env=self.env)
        self.addCleanup(made.close)
        # The mark is put together by the shell, so that what is typed is not taken for it.
        made.write(f"cd {self.folder}\n{setup}\necho rea''dy\n")
        at = made.read_until("ready")
        for typed, wanted in TYPED:
            with self.subTest(typed=typed):
                made.write("\x15" + typed + "\t")
                at = made.read_until(re.escape(wanted), at)

    @needs("bash")
    def test_bash_completes(self):
        script = self.folder / "script"
        script.write_text(output("completions", "bash"))
        self.complete(["bash", "--norc", "--noprofile", "-i"], f"PS1='$ '; source {script}")

    @needs("zsh")
    def test_zsh_completes(self):
        # As it is installed: a file in a folder of fpath.
        folder = self.folder / "functions"
        folder.mkdir(mode=0o755)
        (folder / "_tallow-cli").write_text(output("completions", "zsh"))
        self.complete(["zsh", "-f", "-i"],
                      f"PS1='$ '; fpath=({folder} $fpath); autoload -Uz compinit && compinit -u -D")

    @needs("fish")
    def test_fish_completes(self):
        script = self.folder / "script.fish"
        script.write_text(output("completions", "fish"))
        for typed, wanted in TYPED:
            with self.subTest(typed=typed):
                done = subprocess.run(
                    ["fish", "--no-config", "--private", "-c", f"source {script}; complete -C '{typed}'"],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
                    env=self.env, timeout=DEADLINE_S, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
                self.assertEqual(offered, [wanted.split(" ")[-1] or wanted.split(" ")[-2]])

    def test_each_shell_parses_its_script(self):
        for shell, check in (("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")):
            if not shutil.which(shell):
                continue
            script = self.folder / shell
            script.write_text(output("completions", shell))
            done = subprocess.run([shell, check, script], stderr=subprocess.PIPE, text=True,
                                  env=self.env, timeout=DEADLINE_S, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_every_option_is_in_every_script_and_page(self):
        page = output("man-page")
        scripts = [output("completions", shell) for shell in ("bash", "zsh", "fish")]
        commands = re.findall(r"(?m)^  ([a-z-]+) {3,}", output("--help").split("Subcommands:")[1])
        self.assertIn("completions", commands)
        for command in commands:
            flags = set(re.findall(r"(?m)^  (?:-h,)?--([a-z-]+)", output(command, "--help")))
            for flag in flags - {"help"}:
                self.assertIn("\\-\\-" + flag.replace("-", "\\-"), page)
                for script, mark in zip(scripts, ("--", "--", "-l ")):
                    self.assertIn(mark + flag, script)


class Manual(TransferTest):
    @needs("groff")
    def test_groff_has_nothing_to_complain_of(self):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8"], input=output("man-page"), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE_S,
                              check=False, env=clean_environment(LC_ALL="C.UTF-8"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @needs("man")
    def test_man_shows_it_without_a_warning(self):
        page = self.folder / "tallow-cli.1"
        page.write_text(output("man-page"))
        done = subprocess.run(["man", "--warnings=w", "-l", page], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=DEADLINE_S, check=False,
                              env=clean_environment(LC_ALL="C.UTF-8", MANWIDTH="80", PAGER="cat"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        if "minimized" in done.stdout:
            self.skipTest("this man shows no pages")
        for section in ("NAME", "SYNOPSIS", "CONFIGURATION", "EXIT STATUS"):
            self.assertIn(section, done.stdout)


if __name__ == "__main__":
    unittest.main()
