"""What deploy/ holds, as far as it can be checked without a service manager, Docker or a cluster."""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ["TALLOW_BIN_DIR"])
DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
UNITS = ("tallow-relay.service", "tallow-relay.socket")
EXPOSURE_MAX = 15  # tenths


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False, **options)
    return done.returncode, done.stdout


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not on this machine")


class DeployTest(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)


@needs("systemd-analyze")
class Units(DeployTest):
    def setUp(self):
        super().setUp()
        # As installed, but for the place of the program, which has to be there.
        for name in UNITS:
            text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
            self.assertEqual("/usr/bin/tallow-relay" in text, name.endswith(".service"))
            text = text.replace("/usr/bin/tallow-relay", str(BIN / "tallow-relay"))
            (self.folder / name).write_text(text, encoding="utf-8")

    def test_systemd_understands_them(self):
        code, said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                         *(self.folder / name for name in UNITS))
        if "Failed to initialize manager" in said:
            self.skipTest("systemd-analyze cannot play a manager here: " + said)
        # What it says of other units of this machine is not ours.
        ours = [line for line in said.splitlines() if "tallow-relay" in line]
        self.assertEqual((code, ours), (0, []), said)

    def test_little_is_exposed(self):
        code, said = run("systemd-analyze", "security", "--offline=yes", "--no-pager",
                         f"--threshold={EXPOSURE_MAX}", self.folder / UNITS[0])
        if "nrecognized option" in said:
            self.skipTest("this systemd-analyze does not rate files")
        self.assertEqual(code, 0, said)
        self.assertIn("Overall exposure level", said)


class Manifests(DeployTest):
    def load(self, path):
        try:
            import yaml  # pylint: disable=import-outside-toplevel
        except ImportError:
            self.skipTest("PyYAML is not on this machine")
        with open(DEPLOY / path, encoding="utf-8") as file:
            return list(yaml.safe_load_all(file))

    def test_kubernetes_runs_one_relay_without_rights(self):
        found = {part["kind"]: part for part in self.load("kubernetes/relay.yaml")}
        self.assertEqual(set(found), {"Deployment", "PersistentVolumeClaim", "Service",
                                      "PodDisruptionBudget", "NetworkPolicy"})
        about = found["Deployment"]["spec"]
        self.assertEqual((about["replicas"], about["strategy"]["type"]), (1, "Recreate"))
        pod = about["template"]["spec"]
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        container = pod["containers"][0]
        confined = container["securityContext"]
        self.assertFalse(confined["allowPrivilegeEscalation"])
        self.assertTrue(confined["readOnlyRootFilesystem"])
        self.assertEqual(confined["capabilities"], {"drop": ["ALL"]})
        for probe, path in (("startupProbe", "/health"), ("livenessProbe", "/health"),
                            ("readinessProbe", "/ready")):
            self.assertEqual(container[probe]["httpGet"]["path"], path)
        # Every selector finds the pod.
        labels = about["template"]["metadata"]["labels"]
        for selected in (about["selector"]["matchLabels"], found["Service"]["spec"]["selector"],
                         found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                         found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
            self.assertEqual(selected, labels)
        self.arguments_are_understood(container["args"])
        drain = self.seconds(next(a for a in container["args"] if "drain" in a).split("=")[1])
        self.assertGreater(pod["terminationGracePeriodSeconds"], drain)
        self.assertEqual(self.load("kubernetes/kustomization.yaml")[0]["resources"], ["relay.yaml"])

    def test_compose_waits_longer_than_the_relay_drains(self):
        relay = self.load("docker/docker-compose.yml")[0]["services"]["relay"]
        names = [name for name in relay["environment"] if name.startswith("TALLOW_RELAY_")]
        self.assertEqual(names, list(relay["environment"]))
        code, said = run(BIN / "tallow-relay", "check-config",
                         env={**os.environ, **relay["environment"]})
        self.assertEqual(code, 0, said)
        self.assertGreater(self.seconds(relay["stop_grace_period"]),
                           self.seconds(relay["environment"]["TALLOW_RELAY_DRAIN_TIMEOUT"]))
        self.assertTrue((DEPLOY / "docker" / relay["build"]["context"]
                         / relay["build"]["dockerfile"]).exists())

    @staticmethod
    def seconds(text):
        return int(re.fullmatch(r"(\d+)s", text).group(1))

    def arguments_are_understood(self, arguments):
        code, said = run(BIN / "tallow-relay", *arguments, "check-config")
        self.assertEqual(code, 0, said)


class Image(DeployTest):
    def test_the_root_of_the_image_has_all_that_the_program_needs(self):
        root = self.folder / "root"
        code, said = run(DEPLOY / "docker/collect", BIN / "tallow-relay", root)
        if os.geteuid() != 0 and code != 0:
            self.skipTest("only root may give files to another user: " + said)
        self.assertEqual(code, 0, said)
        about = (root / "state").stat()
        self.assertEqual((about.st_uid, about.st_mode & 0o777), (65532, 0o700))
        self.assertEqual([p.name for p in (root / "usr/bin").iterdir()], ["tallow-relay"])
        code, said = run("chroot", "--userspec=65532:65532", root, "/usr/bin/tallow-relay",
                         "--version")
        if "Operation not permitted" in said:
            self.skipTest("this root may not change its root")
        # A leak checker ends in failure where there is no /proc, after all has been done.
        if "LeakSanitizer" not in said:
            self.assertEqual(code, 0, said)
        self.assertRegex(said, r"(?m)^tallow-relay \d")

    def test_the_image_is_not_roots(self):
        text = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
        last = text[text.rindex("\nFROM"):]
        self.assertRegex(last, r"\nUSER 65532:65532\n")
        self.assertIn('CMD ["/usr/bin/tallow-relay", "healthcheck"]', last)


# What a user gets.
INSTALLED_FOR_USERS = {
    "bin/tallow-cli", "bin/tallow", "share/man/man1/tallow-cli.1.gz", "share/man/man1/tallow.1.gz",
    "share/bash-completion/completions/tallow-cli", "share/bash-completion/completions/tallow",
    "share/fish/vendor_completions.d/tallow-cli.fish",
    "share/fish/vendor_completions.d/tallow.fish", "share/doc/tallow-cli/copyright",
    "share/doc/tallow-cli/examples/config.toml"}

# What an operator gets besides the settings in /etc, below whatever prefix.
INSTALLED = {
    "bin/tallow-relay", "lib/systemd/system/tallow-relay.service",
    "lib/systemd/system/tallow-relay.socket", "share/man/man1/tallow-relay.1.gz",
    "share/doc/tallow-relay/operations.md", "share/doc/tallow-relay/copyright",
    "share/doc/tallow-relay/examples/relay.toml"}


class Installed(DeployTest):
    def setUp(self):
        super().setUp()
        self.build = os.environ.get("TALLOW_BUILD")
        if not self.build or not pathlib.Path(self.build, "relay-texts/relay.toml").exists():
            self.skipTest("what it has besides the program has not been built")

    def assert_sets_nothing(self, config):
        """So that its defaults are the relay's."""
        code, said = run(BIN / "tallow-relay", "check-config", "--config", config)
        self.assertEqual(code, 0, said)
        self.assertEqual([line for line in config.read_text().splitlines()
                          if line and not line.startswith("#")], [])


class Prefix(Installed):
    def test_has_what_an_operator_needs(self):
        cmake = pathlib.Path(os.environ["CPACK"]).with_name("cmake")
        prefix = self.folder / "prefix"
        code, said = run(cmake, "--install", self.build, "--component", "tallow-relay",
                         "--prefix", prefix)
        self.assertEqual(code, 0, said)
        self.assertEqual({os.fspath(p.relative_to(prefix)) for p in prefix.rglob("*")
                          if not p.is_dir()}, INSTALLED)
        unit = (prefix / "lib/systemd/system/tallow-relay.service").read_text(encoding="utf-8")
        self.assertIn(f"\nExecStart={prefix}/bin/tallow-relay --config", unit)
        self.assertIn(f"\nExecPaths={prefix} /usr", unit)
        self.assertNotIn("/usr/", unit)
        page = gzip.decompress((prefix / "share/man/man1/tallow-relay.1.gz").read_bytes())
        self.assertTrue(page.startswith(b".TH TALLOW"))
        self.assert_sets_nothing(prefix / "share/doc/tallow-relay/examples/relay.toml")


class UsersPrefix(Installed):
    def test_has_the_program_under_both_names_and_all_that_helps_with_it(self):
        cmake = pathlib.Path(os.environ["CPACK"]).with_name("cmake")
        prefix = self.folder / "prefix"
        code, said = run(cmake, "--install", self.build, "--component", "tallow-cli",
                         "--prefix", prefix)
        self.assertEqual(code, 0, said)
        self.assertEqual({os.fspath(p.relative_to(prefix)) for p in prefix.rglob("*")
                          if not p.is_dir()},
                         INSTALLED_FOR_USERS | {"share/zsh/site-functions/_tallow-cli"})
        code, said = run(prefix / "bin/tallow", "--version")
        self.assertRegex(said, r"^tallow-cli \d")
        page = gzip.decompress((prefix / "share/man/man1/tallow.1.gz").read_bytes())
        self.assertTrue(page.startswith(b".TH TALLOW"))
        for name in ("bash-completion/completions/tallow", "fish/vendor_completions.d/tallow.fish"):
            self.assertIn("receive", (prefix / "share" / name).read_text(encoding="utf-8"))


@needs("dpkg-deb")
@needs("dpkg-shlibdeps")
class UsersDebianPackage(Installed):
    def test_has_the_program_under_both_names_and_all_that_helps_with_it(self):
        code, said = run(os.environ["CPACK"], "-G", "DEB", "--config", "CPackCliConfig.cmake", "-B",
                         self.folder, cwd=self.build)
        self.assertEqual(code, 0, said)
        package, = self.folder.glob("*.deb")
        self.assertRegex(package.name, r"^tallow-cli_\d+\.\d+\.\d+_\w+\.deb$")
        _, listing = run("dpkg-deb", "--contents", package)
        files = {line.split()[5][1:] for line in listing.splitlines() if not line.startswith("d")}
        self.assertEqual(files, {"/usr/" + name for name in INSTALLED_FOR_USERS}
                         | {"/usr/share/zsh/vendor-completions/_tallow-cli"})
        _, control = run("dpkg-deb", "--info", package)
        self.assertIn("Package: tallow-cli", control)
        self.assertIn("end-to-end encrypted", control)
        for name in ("conffiles", "postinst", "prerm"):
            self.assertNotIn(name, control)


@needs("dpkg-deb")
@needs("dpkg-shlibdeps")
class DebianPackage(Installed):
    def test_has_what_an_operator_needs(self):
        build = self.build
        code, said = run(os.environ["CPACK"], "-G", "DEB", "-B", self.folder, cwd=build)
        self.assertEqual(code, 0, said)
        package, = self.folder.glob("*.deb")
        self.assertRegex(package.name, r"^tallow-relay_\d+\.\d+\.\d+_\w+\.deb$")
        _, listing = run("dpkg-deb", "--contents", package)
        files = {line.split()[5][1:]: line.split()[:2] for line in listing.splitlines()
                 if not line.startswith("d")}
        self.assertEqual(set(files), {"/usr/" + name for name in INSTALLED}
                         | {"/etc/tallow-relay/relay.toml"})
        self.assertEqual({about[1] for about in files.values()}, {"root/root"}, listing)
        self.assertEqual(files["/usr/bin/tallow-relay"][0], "-rwxr-xr-x")
        _, control = run("dpkg-deb", "--info", package)
        self.assertIn("Package: tallow-relay", control)
        self.assertRegex(control, r"Depends: .*libprometheus-cpp-core")
        for name in ("conffiles", "postinst", "prerm"):
            self.assertIn(name, control)
        _, conffiles = run("dpkg-deb", "--info", package, "conffiles")
        self.assertEqual(conffiles, "/etc/tallow-relay/relay.toml\n")
        code, said = run("dpkg-deb", "--extract", package, self.folder / "tree")
        self.assertEqual(code, 0, said)
        self.assert_sets_nothing(self.folder / "tree/etc/tallow-relay/relay.toml")
        unit = self.folder / "tree/usr/lib/systemd/system/tallow-relay.service"
        self.assertEqual(unit.read_bytes(), (DEPLOY / "systemd" / unit.name).read_bytes())


if __name__ == "__main__":
    unittest.main()
