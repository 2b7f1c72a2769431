// The mask runs on data that depends on the password: its compiled form may have no division,
// whose time depends on what is divided, and may call nothing that divides. This file is compiled
// with -O2 in every build.
#include <array>
#include <cstdio>
#include <memory>
#include <regex>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tallow/crypto/key_mask.hpp>

// Everything that they call becomes part of them; unmangled, so that a disassembler finds them.
#define TALLOW_TEST_FLAT __attribute__((noinline, used, flatten))

extern "C" TALLOW_TEST_FLAT void tallow_test_mask_pair(std::byte* t, const std::byte* words) {
  tallow::crypto::detail::shift_pair<true>(std::span<const std::byte, 32>(words, 32),
                                           std::span<std::byte, 3>(t, 3));
}

extern "C" TALLOW_TEST_FLAT void tallow_test_unmask_pair(std::byte* t, const std::byte* words) {
  tallow::crypto::detail::shift_pair<false>(std::span<const std::byte, 32>(words, 32),
                                            std::span<std::byte, 3>(t, 3));
}

// What the test has to notice.
extern "C" TALLOW_TEST_FLAT unsigned tallow_test_divides(unsigned a, unsigned b) { return a % b; }

namespace {

std::string disassembly_of(const char* function) {
  std::array<char, 4096> path{};
  const auto length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return {};
  const std::string command = std::string("objdump -d --no-show-raw-insn --disassemble=") +
                              function + " '" + path.data() + "' 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
  std::string text;
  std::array<char, 4096> block{};
  while (pipe && std::fgets(block.data(), block.size(), pipe.get()) != nullptr) {
    text += block.data();
  }
  return text;
}

bool divides(const std::string& assembly) {
  // x86: div, idiv, divps and so on; Arm: udiv, sdiv. Then the compiler's helpers.
  return std::regex_search(assembly, std::regex(R"(\t[iusv]?f?div[a-z]*\s)")) ||
         std::regex_search(assembly, std::regex(R"(__u?(div|mod)[a-z]*[0-9])"));
}

TEST(KeyMask, HasNoDivisionWhenCompiled) {
  const auto control = disassembly_of("tallow_test_divides");
  if (control.empty()) GTEST_SKIP() << "no objdump here";
  ASSERT_TRUE(divides(control)) << control;
  for (const char* function : {"tallow_test_mask_pair", "tallow_test_unmask_pair"}) {
    const auto assembly = disassembly_of(function);
    EXPECT_NE(assembly.find("mul"), std::string::npos) << "not the function itself: " << assembly;
    EXPECT_FALSE(divides(assembly)) << assembly;
  }
}

}  // namespace
