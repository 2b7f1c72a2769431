#pragma once
// Test vectors from tests/vectors.

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <tallow/base/bytes.hpp>

#include "support/paths.hpp"

namespace tallow::test {

inline nlohmann::json load_vectors(const std::string& name) {
  std::ifstream in(vector_path(name));
  if (!in) throw std::runtime_error("no vector file " + name);
  return nlohmann::json::parse(in);
}

/// The groups of a Wycheproof file, by value: a range-for over a part of a temporary would dangle.
inline nlohmann::json wycheproof_groups(const std::string& name) {
  return load_vectors("wycheproof/" + name).at("testGroups");
}

/// The bytes that a string of hexadecimal digits spells, with or without 0x before them.
inline byte_buffer hex(std::string_view text) {
  if (text.substr(0, 2) == "0x") text.remove_prefix(2);
  auto bytes = from_hex(text);
  if (!bytes) throw std::runtime_error("not hexadecimal: " + std::string(text));
  return *bytes;
}

inline byte_buffer hex(const nlohmann::json& vector, const char* key) {
  return hex(vector.at(key).get_ref<const std::string&>());
}

/// A string of a vector. Newer compilers refuse to compare a std::string with the JSON value.
inline const std::string& string_of(const nlohmann::json& vector, const std::string& key) {
  return vector.at(key).get_ref<const std::string&>();
}

/// The first N bytes as a span of fixed size.
template <std::size_t N>
std::span<const std::byte, N> fixed(const byte_buffer& bytes) {
  if (bytes.size() != N) throw std::runtime_error("a vector has an unexpected length");
  return std::span<const std::byte, N>(bytes.data(), N);
}

}  // namespace tallow::test
