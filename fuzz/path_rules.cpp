#include "fuzz/path_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tallow::fuzz::fuzz_path_rules(std::as_bytes(std::span(data, size)));
  return 0;
}
