"""Every way of using Tallow from another program: installed, as a subfolder, by FetchContent, by
pkg-config.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(SOURCE / "scripts"))

from header_lists import headers_by_component  # noqa: E402

BUILD = os.environ["TALLOW_BUILD"]
CMAKE = os.environ.get("CMAKE", "cmake")
CXX = os.environ.get("CXX", "c++")
BELOW = {"core": [], "crypto": ["core"], "transfer": ["core", "crypto"],
         "session": ["core", "crypto", "transfer"],
         "files": ["core", "crypto", "transfer", "session"],
         "net": ["core", "crypto", "transfer", "session"],
         "tallow": ["core", "crypto", "transfer", "session", "files", "net"]}
ALL_PACKAGES = ["TallowBotan", "TallowZstd", "TallowAsio"]


def headers_of(component):
    """The #include lines of a component and what it stands on, from the hand-written lists."""
    lists = headers_by_component(SOURCE)
    return "".join(f"#include <tallow/{header}>\n"
                   for name in BELOW[component] + [component] for header in lists[name])


class Packaging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Always the same place, so that ccache knows the files again.
        cls.folder = pathlib.Path(BUILD) / "packaging"
        shutil.rmtree(cls.folder, ignore_errors=True)
        cls.prefix = cls.folder / "prefix"
        cls.run_checked(CMAKE, "--install", BUILD, "--component", "library", "--prefix", cls.prefix)
        cls.whole = (cls.prefix / "share/cmake/tallow/tallow-tallow.cmake").exists()

    @staticmethod
    def run_checked(*command):
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{command[0]} failed:\n{done.stdout}")
        return done.stdout

    def configure(self, name, component, *options, includes=None, project="consumer"):
        """Configures the consumer, or another project of this folder; says whether that worked,
        and what was printed.
        """
        environment = dict(os.environ)
        paths = [str(self.prefix), environment.get("CMAKE_PREFIX_PATH", "")]
        environment["CMAKE_PREFIX_PATH"] = ":".join(path for path in paths if path)
        launcher = shutil.which("ccache")
        done = subprocess.run(
            [CMAKE, "-G", "Ninja", "-S", HERE / project, "-B", self.folder / name,
             f"-DCMAKE_CXX_COMPILER={CXX}", f"-DTALLOW_COMPONENT={component}",
             f"-DTALLOW_INCLUDES={headers_of(component) if includes is None else includes}",
             *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False)
        return done.returncode == 0, done.stdout

    def build(self, name, component, *options, includes=None):
        worked, said = self.configure(name, component, *options, includes=includes)
        self.assertTrue(worked, said)
        self.run_checked(CMAKE, "--build", self.folder / name)
        self.run_checked(self.folder / name / "consumer")

    def test_find_package_of_everything(self):
        if not self.whole:
            self.skipTest("this build has tallow::core alone")
        self.build("whole", "tallow")

    def test_core_needs_no_other_library(self):
        self.build("core", "core", "-DTALLOW_VERSION=0.1",
                   *[f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ALL_PACKAGES])

    def test_add_subdirectory_of_core(self):
        self.build("sub-core", "core", f"-DTALLOW_SOURCE={SOURCE}", "-DTALLOW_COMPONENTS=core",
                   *[f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ALL_PACKAGES])

    def test_fetch_content_of_core(self):
        # That all headers compile from the source folder is the test above.
        self.build("fetched", "core", f"-DTALLOW_SOURCE={SOURCE}", "-DTALLOW_FETCH=ON",
                   "-DTALLOW_COMPONENTS=core",
                   *[f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ALL_PACKAGES],
                   includes="#include <tallow/base/error.hpp>\n")
        targets = self.run_checked(CMAKE, "--build", self.folder / "fetched", "--target", "help")
        self.assertNotIn("test_base", targets)

    def test_add_subdirectory_of_everything_adds_no_target_of_ours(self):
        if not self.whole:
            self.skipTest("this build has tallow::core alone")
        # Only configured and linked: what its headers compile to is the find_package test's.
        worked, said = self.configure("sub", "tallow", f"-DTALLOW_SOURCE={SOURCE}", includes="")
        self.assertTrue(worked, said)
        self.run_checked(CMAKE, "--build", self.folder / "sub")
        targets = self.run_checked(CMAKE, "--build", self.folder / "sub", "--target", "help")
        for ours in ["test_base", "tallow-relay", "fuzz_", "example_"]:
            self.assertNotIn(ours, targets)

    def test_an_error_is_the_same_on_both_sides_of_a_shared_library(self):
        worked, said = self.configure("hidden", "core", includes="", project="hidden")
        self.assertTrue(worked, said)
        self.run_checked(CMAKE, "--build", self.folder / "hidden")
        self.run_checked(self.folder / "hidden" / "hidden")

    def test_version_99_is_refused(self):
        worked, said = self.configure("v99", "core", "-DTALLOW_VERSION=99")
        self.assertFalse(worked)
        self.assertRegex(said, r"requested\s+version\s+\"99\"")

    def test_the_next_minor_version_is_refused(self):
        self.assertFalse(self.configure("v02", "core", "-DTALLOW_VERSION=0.2")[0])

    def test_a_missing_library_is_named(self):
        if not self.whole:
            self.skipTest("this build has tallow::core alone")
        worked, said = self.configure("nobotan", "crypto",
                                      "-DCMAKE_DISABLE_FIND_PACKAGE_TallowBotan=ON")
        self.assertFalse(worked)
        self.assertIn("tallow::crypto: TallowBotan was not found", said)

    def test_an_unknown_component_is_named(self):
        worked, said = self.configure("unknown", "colour", includes="")
        self.assertFalse(worked)
        self.assertIn("tallow::colour: there is no such component", said)

    def test_pkg_config_finds_core(self):
        pkg_config = shutil.which("pkg-config")
        if not pkg_config:
            self.skipTest("no pkg-config")
        pc = self.prefix / "share/pkgconfig"
        flags = self.run_checked("env", f"PKG_CONFIG_PATH={pc}", pkg_config, "--cflags",
                                 "tallow-core >= 0.1").split()
        self.assertTrue(any(flag.startswith("-I") and
                            (pathlib.Path(flag[2:]) / "tallow/base/error.hpp").exists()
                            for flag in flags), flags)


if __name__ == "__main__":
    unittest.main()
