#pragma once
// A lane in which nothing happens but time: a thread that compresses and sends, a buffer, a link.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/transfer/compression_policy.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::test {

/// What zstd makes of a kind of data: measured with 1.5.4 on chunks of 256 KiB.
struct chunk_kind {
  struct at_level {
    int level;
    double cost;  // ns a byte
    double size;  // bytes left of a byte
  };
  std::array<at_level, 6> levels;
  double sample_us;
};

inline constexpr chunk_kind log_lines{{{{1, 2.75, 0.150},
                                        {3, 3.48, 0.157},
                                        {6, 13.5, 0.134},
                                        {9, 21.7, 0.126},
                                        {12, 68.8, 0.123},
                                        {19, 590, 0.114}}},
                                      27};
inline constexpr chunk_kind program_code{{{{1, 4.2, 0.46},
                                           {3, 7.7, 0.42},
                                           {6, 21.6, 0.418},
                                           {9, 29.9, 0.40},
                                           {12, 125, 0.40},
                                           {19, 478, 0.36}}},
                                         56};
inline constexpr chunk_kind noise{
    {{{1, 0.28, 1}, {3, 0.39, 1}, {6, 5.8, 1}, {9, 6.7, 1}, {12, 10.2, 1}, {19, 226, 1}}}, 9};

/// What surrounds a lane.
struct lane_world {
  double link = 8;       // ns a byte
  double thread = 1;     // how much slower this machine compresses than the one measured
  double other = 0.35;   // ns to read and seal a byte
  double handing = 0.3;  // ns to copy a byte into the socket
  std::size_t buffer = std::size_t{512} * 1024;
  double jitter = 0;  // how far each of these is off, at most, from chunk to chunk
  double stalls = 0;  // how often a chunk is held up by 5 ms
};

[[nodiscard]] constexpr double ns_per_byte(double mbit_per_s) noexcept { return 8000 / mbit_per_s; }

/// Sends chunks under a policy.
class lane_model {
 public:
  lane_model(const lane_world& at_first, transfer::compression_choice choice)
      : world(at_first), policy_(choice) {}

  lane_world world;  ///< may change between chunks

  void send(const chunk_kind& kind) {
    constexpr auto plain = static_cast<double>(limits::chunk_bytes_default);
    const double begin = now_;
    pass(plain * world.other * noisy());
    if (policy_.wants_sample()) {
      const double took = kind.sample_us * 1000 * world.thread * noisy();
      pass(took);
      sampling_ += took;
      ++samples_;
      policy_.handle_sample(&kind != &noise, ns(took));
    }
    transfer::chunk_report report;
    report.plain_bytes = limits::chunk_bytes_default;
    double sent = plain;
    const int level = policy_.level();
    levels_.push_back(level);
    if (level != 0) {
      const auto at = std::find_if(kind.levels.begin(), kind.levels.end(),
                                   [&](const auto& l) { return l.level == level; });
      const double took = plain * at->cost * world.thread * noisy();
      pass(took);
      report.compressing = ns(took);
      if (&kind != &noise) {
        sent = plain * at->size;
        report.codec = chunk_codec::zstd;
      }
    }
    report.sent_bytes = static_cast<std::size_t>(sent) + 34;
    const double sending = now_;
    give(static_cast<double>(report.sent_bytes));
    if (random_.below(1000) < static_cast<std::size_t>(world.stalls * 1000)) pass(5e6);
    report.sending = ns(now_ - sending);
    report.whole = ns(now_ - begin);
    policy_.handle_chunk(report);
  }

  /// Plain MB/s of what was sent so far, once the buffer is empty.
  [[nodiscard]] double speed() const {
    return static_cast<double>(levels_.size() * limits::chunk_bytes_default) * 1000 /
           (now_ + queued_ * world.link);
  }

  /// The level of each chunk so far.
  [[nodiscard]] const std::vector<int>& levels() const { return levels_; }
  [[nodiscard]] std::size_t samples() const { return samples_; }
  /// The share of the time that samples took.
  [[nodiscard]] double sampling() const { return sampling_ / now_; }

 private:
  static duration ns(double value) { return duration(static_cast<std::int64_t>(value)); }

  double noisy() {
    if (world.jitter == 0) return 1;
    return 1 + world.jitter * (static_cast<double>(random_.below(2001)) / 1000 - 1);
  }

  void pass(double time) {
    now_ += time;
    queued_ = std::max(0.0, queued_ - time / (world.link * noisy()));
  }

  void give(double bytes) {
    pass(bytes * world.handing);
    const double above = queued_ + bytes - static_cast<double>(world.buffer);
    if (above > 0) {
      now_ += above * world.link * noisy();
      queued_ -= above;
    }
    queued_ += bytes;
  }

  transfer::compression_policy policy_;
  fuzz::seeded_random random_{1};
  double now_ = 0;
  double queued_ = 0;
  double sampling_ = 0;
  std::size_t samples_ = 0;
  std::vector<int> levels_;
};

}  // namespace tallow::test
