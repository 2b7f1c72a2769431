"""The component core as one file: programs that have nothing else, one that mixes both forms, and
what the generator refuses.
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
FOLDER = pathlib.Path(os.environ["TALLOW_BUILD"]) / "single_header"
CMAKE = os.environ.get("CMAKE", "cmake")
CXX = os.environ.get("CXX", "c++")
# What ccache asks for with precompiled headers, as in cmake/develop.cmake.
os.environ["CCACHE_SLOPPINESS"] = "pch_defines,time_macros,include_file_mtime,include_file_ctime"
SCRIPT = SOURCE / "scripts/single_header.py"


def run(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def run_checked(*command):
    code, said = run(*command)
    if code != 0:
        raise AssertionError(f"{command[0]} failed:\n{said}")
    return said


class SingleHeader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Always the same place, so that ccache knows the files again.
        shutil.rmtree(FOLDER, ignore_errors=True)
        cls.include = FOLDER / "include"
        cls.include.mkdir(parents=True)
        run_checked(sys.executable, SCRIPT, cls.include / "tallow_core.hpp")
        # The sources of programs name the ordinary headers: here each is the single one.
        headers = SOURCE / "include/tallow"
        for folder in ["base", "wire", "room"]:
            for header in (headers / folder).glob("*.hpp"):
                forward = cls.include / "tallow" / header.relative_to(headers)
                forward.parent.mkdir(parents=True, exist_ok=True)
                forward.write_text("#include <tallow_core.hpp>\n", encoding="utf-8")
        run_checked(CMAKE, "-G", "Ninja", "-S", HERE / "single_header", "-B", FOLDER / "build",
                    f"-DCMAKE_CXX_COMPILER={CXX}", "-DCMAKE_CXX_FLAGS=-O0 -w",
                    f"-DTALLOW_SINGLE={cls.include}", f"-DTALLOW_SOURCE={SOURCE}",
                    *(["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []))

    def build(self, target):
        run_checked(CMAKE, "--build", FOLDER / "build", "--target", target)
        return run_checked(FOLDER / "build" / target)

    def test_the_example_of_the_core_needs_nothing_else(self):
        self.assertIn("received: client_hello", self.build("example"))

    def test_unit_tests_pass_with_it(self):
        self.assertRegex(self.build("unit_tests"), r"\[  PASSED  \] \d+ tests")

    def test_a_program_may_have_units_of_both_forms(self):
        self.build("two_units")

    def test_a_unit_with_both_forms_is_told_so(self):
        unit = FOLDER / "mixed.cpp"
        unit.write_text("#include <tallow/base/assert.hpp>\n#include <tallow_core.hpp>\n",
                        encoding="utf-8")
        code, said = run(CXX, "-E", "-o", os.devnull, f"-I{SOURCE / 'include'}",
                         f"-I{self.include}", unit)
        self.assertNotEqual(code, 0)
        self.assertIn("include one or the other, not both", said)

    def test_every_header_is_in_it_once(self):
        text = (self.include / "tallow_core.hpp").read_text(encoding="utf-8")
        self.assertEqual(text.count("#pragma once"), 1)
        self.assertNotIn("#include <tallow/", text)
        self.assertEqual(text.count("#include <tl/expected.hpp>"), 1)
        self.assertIn("SPDX-License-Identifier: Apache-2.0", text)
        for header in (self.include / "tallow").rglob("*.hpp"):
            name = header.relative_to(self.include).as_posix()
            self.assertEqual(text.count(f"// ---- {name} -"), 1, name)
            body = (SOURCE / "include" / name).read_text(encoding="utf-8")
            first = next(line for line in body.split("\n") if line.startswith("namespace tallow"))
            last = body[body.index(first):].split("\n#include")[0].strip()
            self.assertEqual(text.count(last), 1, name)


class Refused(unittest.TestCase):
    """A source tree of two headers, base/a.hpp and base/b.hpp, in which one thing is wrong."""

    def said(self, text_of_a, text_of_b="#pragma once\n", listed="base/a.hpp base/b.hpp"):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in [
                    ("CMakeLists.txt", "project(tallow VERSION 1.2.3)\n"),
                    ("cmake/headers.cmake", f"set(tallow_core_headers\n  {listed}\n)\n"),
                    ("include/tallow/base/a.hpp", text_of_a),
                    ("include/tallow/base/b.hpp", text_of_b)]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            output = root / "out.hpp"
            code, said = run(sys.executable, SCRIPT, output, root)
            self.assertEqual(output.exists(), code == 0, said)
            return output.read_text(encoding="utf-8") if code == 0 else said

    def test_what_is_right_is_accepted(self):
        made = self.said("#pragma once\n#include <vector>\n#include <tallow/base/b.hpp>\nint a;\n",
                         "#pragma once\n// #include <tallow/no.hpp>\n#include <vector>\nint b;\n")
        self.assertIn("Tallow 1.2.3", made)
        self.assertLess(made.index("int b;"), made.index("int a;"))
        self.assertEqual(made.count("#include <vector>"), 1)

    def test_definitions_may_come_at_the_end(self):
        made = self.said("#pragma once\nint a();\n\n#include <tallow/base/b.hpp>\n",
                         "#pragma once\n#include <tallow/base/a.hpp>\nint b();\n")
        self.assertLess(made.index("int a();"), made.index("int b();"))

    def test_a_header_that_is_not_in_the_list(self):
        said = self.said("#include <tallow/base/b.hpp>\n", listed="base/a.hpp")
        self.assertIn("include/tallow/base/a.hpp:1: includes tallow/base/b.hpp, which is not in"
                      " tallow_core_headers of cmake/headers.cmake", said)
        self.assertNotIn("Traceback", said)

    def test_a_header_that_is_not_there(self):
        self.assertIn("names base/c.hpp, which is not there", self.said("", listed="base/c.hpp"))

    def test_a_library_that_the_component_does_not_need(self):
        self.assertIn("a.hpp:2: includes botan/hex.h", self.said("\n#include <botan/hex.h>\n"))
        self.assertIn("a.hpp:1: includes b.hpp", self.said('#include "b.hpp"\n'))

    def test_headers_that_include_each_other(self):
        said = self.said("#include <tallow/base/b.hpp>\n", "#include <tallow/base/a.hpp>\n")
        self.assertIn("base/a.hpp -> base/b.hpp -> base/a.hpp", said)

    def test_an_include_that_cannot_move(self):
        self.assertIn("under a condition", self.said("#ifdef X\n#include <vector>\n#endif\n"))
        self.assertIn("amid declarations", self.said(
            "int a;\n#include <tallow/base/b.hpp>\nint c;\n"))


if __name__ == "__main__":
    unittest.main()
