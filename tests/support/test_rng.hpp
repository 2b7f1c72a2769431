#pragma once
// Random generators for tests: one that is the same every time, one that first gives out a script.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <botan/exceptn.h>
#include <botan/rng.h>

#include <tallow/base/bytes.hpp>

namespace tallow::test {

/// Gives out the script, then SplitMix64 from a seed. Never for anything but tests.
class fixed_rng final : public Botan::RandomNumberGenerator {
 public:
  explicit fixed_rng(std::uint64_t seed = 1) : state_(seed) {}
  explicit fixed_rng(byte_buffer script, std::uint64_t seed = 1)
      : script_(std::move(script)), state_(seed) {}

  std::string name() const override { return "fixed"; }
  bool accepts_input() const override { return false; }
  bool is_seeded() const override { return true; }
  void clear() override {}

  void add_script(byte_view bytes) { append(script_, bytes); }
  bool script_is_used_up() const { return used_ == script_.size(); }

 private:
  void fill_bytes_with_input(std::span<std::uint8_t> out,
                             std::span<const std::uint8_t> /*input*/) override {
    for (std::uint8_t& byte : out) {
      byte = used_ < script_.size() ? std::to_integer<std::uint8_t>(script_[used_++]) : next();
    }
  }

  std::uint8_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<std::uint8_t>(z ^ (z >> 31U));
  }

  byte_buffer script_;
  std::size_t used_ = 0;
  std::uint64_t state_;
};

/// Fails like a system generator that gives nothing, from the n-th request on.
class failing_rng final : public Botan::RandomNumberGenerator {
 public:
  explicit failing_rng(int requests) : left_(requests) {}
  std::string name() const override { return "failing"; }
  bool accepts_input() const override { return false; }
  bool is_seeded() const override { return true; }
  void clear() override {}

 private:
  void fill_bytes_with_input(std::span<std::uint8_t> out,
                             std::span<const std::uint8_t> /*input*/) override {
    if (left_-- <= 0) throw Botan::PRNG_Unseeded("failing");
    std::fill(out.begin(), out.end(), std::uint8_t{7});
  }
  int left_;
};

}  // namespace tallow::test
