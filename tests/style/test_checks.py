"""The style checks notice what they are there to notice: each is shown planted violations."""
import pathlib
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "scripts"))

import check_attacks  # noqa: E402
import check_docs  # noqa: E402
import check_layers  # noqa: E402
import check_lists  # noqa: E402


class Planted(unittest.TestCase):
    """A source tree of its own, with one file in it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class Layers(Planted):
    def problems(self, folder, text):
        self.write(f"tallow/{folder}/a.hpp", text)
        return check_layers.check(self.root)

    def assert_refused(self, folder, text, said):
        problems = self.problems(folder, text)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(said, problems[0])

    def test_accepts_what_stands_to_the_left(self):
        text = "#include <vector>\n#include <botan/aead.h>\n#include <tallow/wire/reader.hpp>\n"
        self.assertEqual(self.problems("crypto", text), [])

    def test_accepts_posix_on_the_outside(self):
        self.assertEqual(self.problems("files", "#include <fcntl.h>\n#include <sys/stat.h>\n"), [])

    def test_refuses_every_include_against_the_arrows(self):
        order = check_layers.ORDER
        for i, folder in enumerate(order):
            for other in order[i + 1:] + check_layers.OUTER:
                with self.subTest(folder=folder, other=other):
                    self.assert_refused(folder, f"#include <tallow/{other}/b.hpp>\n", "may not")
                    (self.root / f"tallow/{folder}/a.hpp").unlink()

    def test_refuses_net_and_files_knowing_each_other(self):
        self.assert_refused("net", "#include <tallow/files/walk.hpp>\n", "may not")

    def test_refuses_files_knowing_net(self):
        self.assert_refused("files", "#include <tallow/net/relay.hpp>\n", "may not")

    def test_refuses_the_umbrella(self):
        self.assert_refused("session", "#include <tallow/tallow.hpp>\n", "umbrella")

    def test_refuses_third_party_outside_its_home(self):
        for folder, name in [("base", "botan/hex.h"), ("session", "botan/hex.h"),
                             ("crypto", "zstd.h"), ("files", "asio.hpp"), ("wire", "asio/ip/tcp.hpp"),
                             ("wire", "tl/expected.hpp")]:
            with self.subTest(folder=folder, name=name):
                self.assert_refused(folder, f"#include <{name}>\n", "only")
                (self.root / f"tallow/{folder}/a.hpp").unlink()

    def test_refuses_a_library_nobody_knows(self):
        self.assert_refused("net", "#include <boost/asio.hpp>\n", "known")

    def test_refuses_clocks_and_threads_in_the_core(self):
        self.assert_refused("room", "#include <thread>\n", "of its own")
        self.assert_refused("room", "auto t = std::chrono::steady_clock::now();\n", "a clock")

    def test_refuses_throw_but_not_in_a_comment(self):
        self.assertEqual(self.problems("wire", "// never a throw\n"), [])
        self.assertEqual(self.problems("wire", "void f() { try { g(); } catch (...) { throw; } }\n"), [])
        self.assert_refused("wire", "void f() { throw 1; }\n", "throw")

    def test_refuses_a_namespace_that_hides_a_dependency(self):
        self.assert_refused("net", "namespace tallow::asio {}\n", "hides")
        self.assertEqual(self.problems("net", "using namespace asio::experimental;\n"), [])

    def test_refuses_a_folder_that_is_no_layer(self):
        self.assert_refused("util", "\n", "no layer")


class Docs(Planted):
    def problems(self, text, folder="base"):
        self.write(f"tallow/{folder}/a.hpp", "#pragma once\n" + text)
        return check_docs.check(self.root)

    def assert_undocumented(self, text):
        problems = self.problems(text)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn("without @errors", problems[0])

    def test_refuses_a_result_without_errors(self):
        self.assert_undocumented("namespace tallow {\n/// Says it.\nresult<int> f(int a);\n}\n")
        self.assert_undocumented("[[nodiscard]] inline result<void> f() { return {}; }\n")
        self.assert_undocumented("template <class T>\nstruct s {\n  result<T> f() const;\n};\n")
        self.assert_undocumented("class s {\n public:\n  s() : a_(1) {}\n  result<int> f();\n};\n")
        self.assert_undocumented("auto f(int a) -> asio::awaitable<result<int>>;\n")

    def test_accepts_a_result_with_errors(self):
        text = "/// Says it.\n///\n/// @errors too_long\ntemplate <class T>\nresult<T> f(T a);\n"
        self.assertEqual(self.problems(text), [])

    def test_asks_once_for_what_is_declared_and_then_defined(self):
        text = "/// @errors too_long\nresult<int> f(int a);\ninline result<int> f(int a) {}\n"
        self.assertEqual(self.problems(text), [])

    def test_asks_nothing_of_what_is_not_public(self):
        self.assertEqual(self.problems("namespace tallow::detail {\nresult<int> f();\n}\n"), [])
        self.assertEqual(self.problems("class s {\n  result<int> f();\n};\n"), [])
        self.assertEqual(self.problems("inline void g() {\n  result<int> r = f();\n}\n"), [])
        self.assertEqual(self.problems("using r = result<int>;\n"), [])
        self.assertEqual(self.problems("inline result<int> s::f() { return 1; }\n"), [])

    def test_asks_for_the_source_of_a_protocol_header(self):
        self.assertEqual(self.problems("", folder="wire"), ["tallow/wire/a.hpp: no @source"])
        self.assertEqual(self.problems("/// @source RFC 9380\n", folder="wire"), [])

    def test_refuses_what_is_too_long_to_read(self):
        self.assertIn("columns", self.problems("// " + "x" * 98 + "\n")[0])
        self.assertIn("lines", self.problems("\n" * 500)[0])

    def test_refuses_a_tag_of_its_own(self):
        self.assertIn("@author", self.problems("/// @author somebody\n")[0])


class Lists(Planted):
    def problems(self, headers, sources=""):
        self.write("cmake/headers.cmake", f"set(tallow_core_headers\n{headers})\n")
        self.write("tests/unit/sources.cmake", f"set(test_base_sources\n{sources})\n")
        self.write("tests/CMakeLists.txt", "")
        return check_lists.check(self.root)

    def test_refuses_a_header_in_no_list(self):
        self.write("include/tallow/base/a.hpp", "")
        self.assertEqual(self.problems(""),
                         ["include/tallow/base/a.hpp is not in cmake/headers.cmake"])
        self.assertEqual(self.problems("  base/a.hpp\n"), [])

    def test_refuses_a_header_that_the_umbrella_leaves_out(self):
        self.write("include/tallow/base/a.hpp", "")
        self.write("include/tallow/tallow.hpp", "")
        self.assertEqual(self.problems("  base/a.hpp\n  tallow.hpp\n"),
                         ["include/tallow/tallow.hpp leaves out base/a.hpp"])

    def test_does_not_take_a_comment_for_a_list(self):
        self.write("include/tallow/base/a.hpp", "")
        self.assertEqual(len(self.problems("  # base/a.hpp\n")), 1)

    def test_refuses_a_test_in_no_list(self):
        self.write("tests/unit/base/a_test.cpp", "")
        self.assertEqual(len(self.problems("")), 1)

    def test_refuses_a_listed_header_that_is_gone(self):
        self.assertEqual(self.problems("  base/a.hpp\n"),
                         ["cmake/headers.cmake names base/a.hpp, which is not there"])


class Attacks(Planted):
    def problems(self, row):
        self.write("tests/attack/a_test.cpp", "TEST(Crowd, Ends) {}\nTEST_F(Flood, Ends) {\n")
        self.write("tests/cli/test_a.py", "class B(C):\n    def test_d(self):\n        pass\n")
        self.write("bench/load", "")
        self.write("docs/attacks.md", f"`Crowd.Unnamed` is no row\n{row}\n")
        return check_attacks.check(self.root)

    def test_accepts_tests_programs_and_reasons(self):
        for row in ("| A1 | x | `Crowd.Ends` `Flood.Ends` |", "| A1 | x | `test_a.B.test_d` |",
                    "| A1 | x | `bench/load` |", "| A1 | x | No test: there is nothing |"):
            self.assertEqual(self.problems(row), [], row)

    def test_refuses_what_is_not_there(self):
        for name in ("Crowd.Begins", "Other.Ends", "test_a.B.test_c", "test_b.B.test_d",
                     "bench/other"):
            problems = self.problems(f"| A1 | x | `Crowd.Ends` `{name}` |")
            self.assertEqual(len(problems), 1, name)
            self.assertIn(name, problems[0])

    def test_refuses_a_promise_for_an_answer(self):
        problems = self.problems("| A1 | x | `Crowd.Ends`. No test yet: with thousands |")
        self.assertEqual(len(problems), 1)
        self.assertIn("promise", problems[0])

    def test_refuses_an_attack_without_an_answer(self):
        self.assertEqual(len(self.problems("| A1 | x | `tls.hpp` has it |")), 1)


if __name__ == "__main__":
    unittest.main()
