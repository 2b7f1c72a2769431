"""The recipes for Conan and vcpkg: that they agree with the CMake package, that what the port
installs can be used, and that scripts/check_recipes.py notices when something is wrong.

Neither Conan nor vcpkg runs here: see packaging/README.md.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(SOURCE / "scripts"))

import check_recipes  # noqa: E402

BUILD = pathlib.Path(os.environ["TALLOW_BUILD"])
CMAKE = os.environ.get("CMAKE", "cmake")
CXX = os.environ.get("CXX", "c++")
WHOLE = (BUILD / "tallow.pc").exists()
PORTFILE = f"{check_recipes.PORT}/portfile.cmake"
PORT_MANIFEST = f"{check_recipes.PORT}/vcpkg.json"


class Recipes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Always the same place, so that ccache knows the files again.
        cls.folder = BUILD / "recipes"
        shutil.rmtree(cls.folder, ignore_errors=True)

    def install(self, name, features):
        """Lets the portfile configure and install; the folder of the package."""
        folder = self.folder / name
        calls, said = check_recipes.run_port(SOURCE, folder, features, really=True, cmake=CMAKE,
                                             cxx=CXX)
        self.assertIsNotNone(calls, said)
        packages = folder / "packages"
        self.assertEqual(sorted(path.name for path in packages.iterdir()), ["include", "share"])
        self.assertEqual(sorted(path.name for path in (packages / "share").iterdir()),
                         ["pkgconfig", "tallow"])
        files = {path.name for path in (packages / "share/tallow").iterdir()}
        self.assertLessEqual({"copyright", "usage", "tallow-config.cmake"}, files)
        return packages

    def configure(self, name, project, packages, *options):
        paths = [str(packages), os.environ.get("CMAKE_PREFIX_PATH", "")]
        environment = {**os.environ, "CMAKE_PREFIX_PATH": ":".join(path for path in paths if path)}
        launcher = shutil.which("ccache")
        self.run_checked(CMAKE, "-G", "Ninja", "-S", project, "-B", self.folder / name,
                         f"-DCMAKE_CXX_COMPILER={CXX}", *options,
                         *([f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}"] if launcher else []),
                         env=environment)
        cache = (self.folder / name / "CMakeCache.txt").read_text(encoding="utf-8")
        self.assertIn(f"tallow_DIR:PATH={packages}/share/tallow\n", cache)

    def run_checked(self, *command, env=None):
        done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=env, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_they_agree_with_cmake(self):
        self.assertEqual(check_recipes.check(SOURCE, CMAKE), [])

    def test_the_package_of_conans_test_builds_with_what_the_port_installs(self):
        packages = self.install("core", [])
        self.assertFalse((packages / "share/tallow/tallow-crypto.cmake").exists())
        self.configure("test_package", SOURCE / "packaging/conan/test_package", packages)
        self.run_checked(CMAKE, "--build", self.folder / "test_package")
        said = self.run_checked(self.folder / "test_package/test_package")
        self.assertIn("received: client_hello", said)

    def test_the_port_installs_what_its_features_say(self):
        if not WHOLE:
            self.skipTest("this build has tallow::core alone")
        packages = self.install("session", ["zstd"])
        self.assertTrue((packages / "share/tallow/tallow-files.cmake").exists())
        self.assertFalse((packages / "share/tallow/tallow-net.cmake").exists())
        # Only configured: that the headers compile is for the other tests of the package.
        packages = self.install("everything", ["net"])
        self.configure("consumer", HERE / "consumer", packages, "-DTALLOW_COMPONENT=tallow",
                       "-DTALLOW_INCLUDES=")


class Damaged(unittest.TestCase):
    """A copy of the recipes and of what they are compared with, in which one thing is wrong."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name).resolve() / "tallow"
        for name in ["cmake", "include", "packaging"]:
            shutil.copytree(SOURCE / name, cls.root / name)
        for name in ["CMakeLists.txt", "LICENSE", "conanfile.py", "vcpkg.json"]:
            shutil.copyfile(SOURCE / name, cls.root / name)

    def problems(self, file):
        """Those of the recipe that the file belongs to; of both when it is CMake's."""
        package = check_recipes.Package(self.root)
        if "conan" in file:
            return check_recipes.check_conan(package, self.root)
        if "vcpkg" in file:
            return check_recipes.check_vcpkg(package, self.root, CMAKE)
        return check_recipes.check(self.root, CMAKE)

    def assert_noticed(self, file, old, new, *said):
        """With `new` in the place of `old`, each line of `said` is in some problem."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new), encoding="utf-8")
        problems = self.problems(file)
        path.write_text(text, encoding="utf-8")
        for each in said:
            self.assertTrue(any(each in problem for problem in problems),
                            f"{each!r} is not in {problems}")

    def test_nothing_is_wrong_with_an_undamaged_copy(self):
        self.assertEqual(check_recipes.check(self.root, CMAKE), [])

    def test_versions(self):
        self.assert_noticed("CMakeLists.txt", "VERSION 0.1.0", "VERSION 0.2.0",
                            "vcpkg.json: version 0.1.0, CMakeLists.txt says 0.2.0",
                            f"{PORT_MANIFEST}: version 0.1.0, CMakeLists.txt says 0.2.0")
        self.assert_noticed("conanfile.py", "self.version = re.search(", 'self.version = "1"\n'
                            "        re.search(", "conanfile.py: version 1, CMakeLists.txt says")
        self.assert_noticed("conanfile.py", "[>=3.12 <4]", "[>=3.11 <4]", "CMake needs 3.12")
        self.assert_noticed("cmake/FindTallowZstd.cmake", "FIND_VERSION 1.5", "FIND_VERSION 1.6",
                            "zstd from 1.5, CMake needs 1.6")

    def test_components_of_conan(self):
        self.assert_noticed("conanfile.py", '    ("files", ["session"]),\n', "",
                            "no component has the target tallow::files")
        self.assert_noticed("conanfile.py", '("transfer", ["crypto", "zstd::zstd"])',
                            '("transfer", ["core", "zstd::zstd"])',
                            "tallow::transfer requires ['tallow::core', 'tallow::zstd']")
        self.assert_noticed("CMakeLists.txt", "LINKS tallow::files tallow::net)",
                            "LINKS tallow::net)", "tallow::tallow requires")
        self.assert_noticed("conanfile.py", "versions in self._libraries():",
                            "versions in self._libraries()[1:]:",
                            "core requires tl-expected::tl-expected, which the recipe does not")
        self.assert_noticed("conanfile.py", '["session", "asio::asio"]', '["session"]',
                            "no component requires asio")
        self.assert_noticed("conanfile.py", '"tallow::package"', '"tallow::tallow"',
                            "the whole package has the target of a component")

    def test_what_conan_would_not_know(self):
        self.assert_noticed("conanfile.py", "component.libdirs", "component.librarydirs",
                            "cpp_info has no librarydirs")
        self.assert_noticed("conanfile.py", "no_copy_source", "no_copy_sources",
                            "a recipe has no no_copy_sources")
        self.assert_noticed("conanfile.py", "def package_info(self):", "def package_info(self:",
                            "conanfile.py:")
        self.assert_noticed("conanfile.py", '"cmake_target_name", f', '"cmake_target", f',
                            "no property cmake_target")

    def test_the_rest_of_conan(self):
        self.assert_noticed("conanfile.py", "self.info.clear()", "pass", "package_id()")
        self.assert_noticed("conanfile.py", ", transitive_headers=True", "", "transitive_headers")
        self.assert_noticed("conanfile.py", '        self.options.rm_safe("with_zstd")', "        pass",
                            "with_botan=False -o with_zstd=True")
        self.assert_noticed("conanfile.py", '"*.hpp"', '"*n.hpp"',
                            "package() leaves out include/tallow/tallow.hpp")
        self.assert_noticed("conanfile.py", "component.bindirs = []", "pass", "have no folders")
        self.assert_noticed("conanfile.py", '.os != "Linux"', '.os == "Macos"', "nothing was tested on")
        self.assert_noticed(check_recipes.CONAN_TEST, "self.requires(self.tested_reference_str)",
                            'self.requires("tallow/0.1.0")', "what it is to test")

    def test_manifests(self):
        self.assert_noticed("vcpkg.json", '"tl-expected"],', '"tl-expected"]', "vcpkg.json:")
        self.assert_noticed("vcpkg.json", '"supports"', '"support"', "unknown key support")
        self.assert_noticed(PORT_MANIFEST, '"host"', '"hosted"', "unknown key hosted")
        self.assert_noticed("vcpkg.json", '"tests": {', '"test": {', "has the features")
        self.assert_noticed(PORT_MANIFEST, '"zstd": {', '"compression": {', "has the features")
        self.assert_noticed(PORT_MANIFEST, '"features": ["zstd"]', '"features": ["botan"]',
                            "feature net brings ['asio', 'botan'], tallow::net needs")
        self.assert_noticed("vcpkg.json", '"dependencies": ["botan"]', '"dependencies": ["openssl"]',
                            "feature botan brings ['openssl']")

    def test_the_portfile(self):
        self.assert_noticed(PORTFILE, "-DTALLOW_BUILD_TESTS=OFF", "-DTALLOW_BUILD_TEST=OFF",
                            "TALLOW_BUILD_TEST is no option", "TALLOW_BUILD_TESTS is not OFF")
        self.assert_noticed("CMakeLists.txt", "option(TALLOW_INSTALL",
                            'option(TALLOW_BUILD_MORE "" ON)\noption(TALLOW_INSTALL',
                            "TALLOW_BUILD_MORE is not OFF")
        self.assert_noticed(PORTFILE, "share/cmake/tallow", "lib/cmake/tallow",
                            "vcpkg_cmake_config_fixup")
        self.assert_noticed(PORTFILE, "vcpkg_install_copyright(", "set(", "vcpkg_install_copyright")
        self.assert_noticed(PORTFILE, "vcpkg_cmake_install()", "", "vcpkg_cmake_install")
        self.assert_noticed(PORTFILE, "vcpkg_fixup_pkgconfig()", "vcpkg_fix_pkgconfig()",
                            'Unknown CMake command "vcpkg_fix_pkgconfig"')
        self.assert_noticed(PORTFILE, "session files)", "session)",
                            "portfile.cmake [zstd]: TALLOW_COMPONENTS is")
        self.assert_noticed(PORTFILE, "-DTALLOW_INSTALL=ON)", "-DTALLOW_INSTALL=ON", "Parse error")
        self.assert_noticed(f"{check_recipes.PORT}/usage", "tallow::files", "tallow::file",
                            "there is no tallow::file")


if __name__ == "__main__":
    unittest.main()
