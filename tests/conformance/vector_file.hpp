#pragma once
// The conformance vectors below tests/vectors/tallow; its README says what a file looks like.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/errc.hpp>
#include <tallow/base/error.hpp>

#include "support/paths.hpp"

namespace tallow::test {

inline std::uint64_t decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    throw std::runtime_error("not a number: " + std::string(text));
  }
  return value;
}

inline byte_buffer hexadecimal(std::string_view text) {
  auto bytes = from_hex(text);
  if (!bytes) throw std::runtime_error("not hexadecimal: " + std::string(text));
  return *bytes;
}

/// One case: what goes in, and what has to become of it.
struct vector_file {
  std::string name;
  std::multimap<std::string, std::string> inputs;
  byte_buffer body;

  [[nodiscard]] bool has(const std::string& key) const { return inputs.count(key) != 0; }
  [[nodiscard]] const std::string& text(const std::string& key) const {
    const auto found = inputs.find(key);
    if (found == inputs.end()) throw std::runtime_error(name + " lacks " + key);
    return found->second;
  }
  [[nodiscard]] std::uint64_t number(const std::string& key) const { return decimal(text(key)); }
  [[nodiscard]] byte_buffer bytes(const std::string& key) const { return hexadecimal(text(key)); }
  template <std::size_t N>
  [[nodiscard]] std::array<std::byte, N> array(const std::string& key) const {
    const byte_buffer from = bytes(key);
    if (from.size() != N) throw std::runtime_error(name + ": " + key + " has another length");
    std::array<std::byte, N> value;
    std::copy(from.begin(), from.end(), value.begin());
    return value;
  }
  /// The values of all lines with that key, in order.
  [[nodiscard]] std::vector<std::string> all(const std::string& key) const {
    std::vector<std::string> values;
    const auto range = inputs.equal_range(key);
    for (auto it = range.first; it != range.second; ++it) values.push_back(it->second);
    return values;
  }
  [[nodiscard]] const std::string& expect() const { return text("expect"); }
  [[nodiscard]] bool succeeds() const { return expect() == "success"; }
};

inline void append_body_line(byte_buffer& body, std::string_view line) {
  const std::size_t space = line.find(" x");
  const byte_buffer bytes = hexadecimal(line.substr(0, space));
  std::uint64_t times = space == std::string_view::npos ? 1 : decimal(line.substr(space + 2));
  body.reserve(body.size() + bytes.size() * times);
  for (; times > 0; --times) append(body, bytes);
}

inline vector_file read_vector(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  vector_file v;
  v.name = path.filename().string();
  bool in_header = true;
  for (std::string line; std::getline(in, line);) {
    if (!in_header) {
      append_body_line(v.body, line);
    } else if (line.empty()) {
      in_header = false;
    } else {
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) throw std::runtime_error(v.name + ": no key: " + line);
      const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
      v.inputs.emplace(line.substr(0, colon), line.substr(value));
    }
  }
  if (in_header) throw std::runtime_error(v.name + " has no end of its header");
  return v;
}

/// tests/vectors/tallow, or another folder that the environment names.
inline std::filesystem::path conformance_folder() {
  const char* other = std::getenv("TALLOW_CONFORMANCE_VECTORS");
  return other != nullptr ? std::filesystem::path(other) : vector_path("tallow");
}

/// Calls `check` with each vector of an area; a failure names the file. None at all is a failure.
template <class Check>
void for_each_vector(const std::string& area, Check check) {
  std::vector<std::filesystem::path> paths;
  std::error_code ec;
  for (const auto& file : std::filesystem::directory_iterator(conformance_folder() / area, ec)) {
    paths.push_back(file.path());
  }
  ASSERT_FALSE(ec) << area << ": " << ec.message();
  ASSERT_FALSE(paths.empty()) << area << " has no vectors";
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    SCOPED_TRACE(area + "/" + path.filename().string());
    try {
      check(read_vector(path));
    } catch (const std::exception& e) {
      ADD_FAILURE() << e.what();
    }
  }
}

/// How a result ended, in the words of `expect`.
template <class T>
std::string outcome_of(const result<T>& r) {
  return r ? "success" : errc_name(r.error().code);
}

}  // namespace tallow::test
