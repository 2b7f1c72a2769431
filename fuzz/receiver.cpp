#include "fuzz/receiver.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tallow::fuzz::fuzz_receiver(std::as_bytes(std::span(data, size)));
  return 0;
}
