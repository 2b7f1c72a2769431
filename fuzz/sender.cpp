#include "fuzz/sender.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tallow::fuzz::fuzz_sender(std::as_bytes(std::span(data, size)));
  return 0;
}
