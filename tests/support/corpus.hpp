// Feeds a fuzz body the inputs that are checked in for it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>

#include "fuzz/violation.hpp"
#include "support/paths.hpp"

namespace tallow::test {

/// One of the inputs, by its name.
inline byte_buffer corpus_input(const std::string& target, const std::string& name) {
  std::ifstream file(source_path("fuzz/corpus") / target / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  const std::string input{std::istreambuf_iterator<char>(file), {}};
  const byte_view bytes = as_bytes(input);
  return byte_buffer(bytes.begin(), bytes.end());
}

/// Returns how many there are; each that breaks the invariant is a failure of the test.
inline std::size_t replay_corpus(const std::string& target, void (*body)(byte_view)) {
  std::size_t fed = 0;
  const std::filesystem::path folder = source_path("fuzz/corpus") / target;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(file), {}};
    try {
      body(as_bytes(input));
    } catch (const fuzz::violation& v) {
      ADD_FAILURE() << entry.path() << ": " << v.what();
    }
    ++fed;
  }
  return fed;
}

}  // namespace tallow::test
