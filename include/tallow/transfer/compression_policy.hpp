// Whether and how hard a lane compresses its next chunk, so that its bytes arrive soonest.
//
// @source  docs/protocol/transfer.md, Compression
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <tallow/base/assert.hpp>
#include <tallow/base/time.hpp>
#include <tallow/transfer/compression_choice.hpp>
#include <tallow/wire/data_record.hpp>

namespace tallow::transfer {

/// What became of one chunk.
struct chunk_report {
  std::size_t plain_bytes = 0;
  std::size_t sent_bytes = 0;  ///< of its record, sealed
  chunk_codec codec = chunk_codec::none;
  duration compressing{};  ///< zero where it was not tried; without the sample
  duration sending{};      ///< in the call that sent it, which waits while the link is behind
  duration whole{};        ///< from taking the chunk to the end of that call
};

/// Chooses for one lane. No clock: it is told how long things took. One thread.
///
/// The model. In a lane a thread makes records and a link takes them; the socket's buffer lets them
/// work side by side, so that a chunk takes as long as the slower of the two. With all times per
/// plain byte, on rung i of a ladder of levels, whose rung 0 is no compression,
///
///     thread(i) = other + cost[i] + handing * size[i]        link(i) = link * size[i]
///
/// where `other` is reading and sealing, cost[i] compressing, handing the copy into the socket, and
/// size[i] what is left of a byte. All are measured as chunks go by; for other rungs than the
/// present one cost and size follow in the proportions of the table below.
///
/// The model proposes and a trial decides: what looks like a slow link may be a busy machine, and a
/// link that keeps up does not show how much faster it is. A trial is a window of chunks on another
/// rung. If they take longer than those before, it is over, and the next one of its kind comes four
/// times later. Proposed are
///
/// - a higher rung, the best there is, when the model says that it saves a tenth of the time of
///   rung 0 or a twenty-fifth of another's;
/// - the next lower rung when the thread needs 7/8 of the time or more: the link keeps up;
/// - the next lower rung now and then in any case.
///
/// Data that does not shrink is sent as it is, and a sample is looked at now and then: first after
/// 128 times what a sample takes, then less often, down to an eighth of that. So samples cost less
/// than a hundredth of the time at first and a thousandth soon; at the pace of a slow link every
/// chunk still has one, and mixed files are told apart.
class compression_policy {
 public:
  explicit compression_policy(compression_choice choice) noexcept : choice_(choice) {
    TALLOW_ASSERT(choice.mode != compression_mode::fixed ||
                  (choice.level >= compression_level_min && choice.level <= compression_level_max));
  }

  /// Whether handle_sample() is due before the next chunk.
  [[nodiscard]] bool wants_sample() const noexcept {
    return wanted_level() != 0 && !shrinks_ && rest_ <= duration::zero();
  }

  /// What chunk_compressor::shrinks() said of the next chunk, and how long that took.
  void handle_sample(bool shrinks, duration took) noexcept {
    sample_ =
        std::clamp<duration>(took, std::chrono::microseconds(2), std::chrono::microseconds(80));
    if (shrinks) {
      shrinks_ = true;
    } else {
      rest();
    }
  }

  /// The level for the next chunk; 0 to send it as it is.
  [[nodiscard]] int level() const noexcept { return shrinks_ ? wanted_level() : 0; }

  /// A chunk was sent.
  void handle_chunk(const chunk_report& r) noexcept {
    rest_ = std::max(rest_ - r.whole, duration::zero());
    const bool packed = r.codec == chunk_codec::zstd;
    if (packed) {
      misses_ = std::max(misses_ - 1, 0);
    } else if (r.compressing > duration::zero()) {
      rest();
    }
    // A last chunk of a few bytes says nothing about speeds.
    if (choice_.mode != compression_mode::automatic || r.plain_bytes < measured_bytes_min) return;
    learn(r, packed);
    choose();
  }

 private:
  struct rung {
    int level;
    double cost;  // ns to compress a byte
    double size;  // bytes left of a byte
  };
  /// Why a rung is tried: the model says so, the link keeps up, or nothing says so.
  enum class trial : std::uint8_t { none, up, behind, curious };
  /// When trials of one kind may begin, in windows.
  struct attempts {
    unsigned first;
    unsigned patience = first;
    unsigned waited = 0;
    double link = 8;  // as it was at the last one

    [[nodiscard]] bool due() const noexcept { return waited >= patience; }
    void begin(double link_now) noexcept {
      patience = std::min(patience * 4, 64U);
      waited = 0;
      link = link_now;
    }
  };
  /// What passed on one rung, in ns and bytes.
  struct window {
    double time = 0;
    double plain = 0;
    double sent = 0;
    unsigned chunks = 0;

    void add(double more_time, double more_plain, double more_sent) noexcept {
      time += more_time;
      plain += more_plain;
      sent += more_sent;
      ++chunks;
    }
    // A socket lets go of a third of its buffer at once: that is six compressed chunks, or one that
    // is not; and one that takes 20 ms says enough.
    [[nodiscard]] bool is_over(bool packed) const noexcept {
      if (packed) return time >= 10e6 && chunks >= (time < 100e6 ? 8U : 2U);
      return time >= 20e6 || (time >= 10e6 && chunks >= 2);
    }
  };

  // zstd 1.5.4 on chunks of 256 KiB: geometric means over a log, C++ headers and a program, one
  // core of 2023. Other levels are no better than a neighbour at its price; 12 and up take ten
  // times the time of 9 for a fiftieth.
  static constexpr std::array<rung, 5> ladder{
      {{0, 0, 1}, {1, 3.3, 0.24}, {3, 4.8, 0.23}, {6, 16, 0.21}, {9, 24, 0.20}}};
  // Copying a byte into the socket, no more than that: 2 GB/s.
  static constexpr double handing = 0.5;
  static constexpr std::size_t measured_bytes_min = 4096;

  [[nodiscard]] int wanted_level() const noexcept {
    switch (choice_.mode) {
      case compression_mode::automatic: return ladder[rung_].level;
      case compression_mode::off: return 0;
      case compression_mode::fixed: return choice_.level;
    }
    return 0;
  }

  void rest() noexcept {
    shrinks_ = false;
    rest_ = sample_ * (128 << misses_);
    misses_ = std::min(misses_ + 1, 3);
  }

  // ---- the model: ns for a plain byte ----

  [[nodiscard]] double size_on(std::size_t i) const noexcept {
    return i == 0 ? 1 : std::min(ladder[i].size * size_scale_, 1.0);
  }
  [[nodiscard]] double thread_on(std::size_t i) const noexcept {
    return other_ + ladder[i].cost * cost_scale_ + handing * size_on(i);
  }
  [[nodiscard]] double link_on(std::size_t i) const noexcept { return link_ * size_on(i); }
  [[nodiscard]] double time_on(std::size_t i) const noexcept {
    return std::max(thread_on(i), link_on(i));
  }

  /// The rung above this one that the model thinks best.
  [[nodiscard]] std::size_t best_above() const noexcept {
    std::size_t best = rung_;
    for (std::size_t i = rung_ + 1; i < ladder.size(); ++i) {
      if (best == rung_ || time_on(i) < time_on(best)) best = i;
    }
    return best;
  }

  // Half the way to what was seen, of which a stall is at most twice what was known.
  static void approach(double& known, double seen) noexcept {
    known += (std::clamp(seen, known / 2, known * 2) - known) / 2;
  }

  void learn(const chunk_report& r, bool packed) noexcept {
    const auto ns = [](duration d) {
      return static_cast<double>(std::max<std::int64_t>(d.count(), 1));
    };
    const auto plain = static_cast<double>(r.plain_bytes);
    const auto sent = static_cast<double>(r.sent_bytes);
    const double whole = ns(r.whole);
    approach(other_, std::max(whole - ns(r.compressing) - ns(r.sending), 1.0) / plain);
    (packed ? packed_ : plain_).add(whole, plain, sent);
    if (!packed || rung_ == 0) return;
    approach(cost_scale_, ns(r.compressing) / plain / ladder[rung_].cost);
    approach(size_scale_, sent / plain / ladder[rung_].size);
  }

  void choose() noexcept {
    if (plain_.is_over(false)) {
      link_ = plain_.time / plain_.sent;
      if (rung_ == 0) return close_window(plain_);
      // Nothing shrinks: whether it would pay is for the model to say.
      if (time_on(0) < 0.9 * time_on(rung_)) return move(0, trial::none);
      plain_ = {};
    }
    if (packed_.is_over(true)) {
      link_ = packed_.time / packed_.sent;
      close_window(packed_);
    }
  }

  void close_window(const window& w) noexcept {
    const double time = w.time / w.plain;
    packed_ = plain_ = {};
    if (trial_ != trial::none) {
      attempts& kind = attempts_of(trial_);
      // Lower rungs cost less, and so may be as fast; higher ones have to be faster.
      const double limit = time_ * (trial_ == trial::up ? 0.98 : 1.0);
      trial_ = trial::none;
      if (time > limit) {
        rung_ = tried_from_;
        return;
      }
      kind.patience = kind.first;
    }
    time_ = time;
    // What failed on one link may go well on a slower one.
    if (link_ > 3 * up_.link) up_.patience = up_.first;
    for (attempts* a : {&up_, &behind_, &curious_}) ++a->waited;
    propose();
  }

  void propose() noexcept {
    const std::size_t above = best_above();
    if (up_.due() && time_on(above) < (rung_ == 0 ? 0.9 : 0.96) * time_on(rung_)) {
      move(above, trial::up);
    } else if (rung_ > 0 && behind_.due() && thread_on(rung_) > 0.875 * link_on(rung_)) {
      move(rung_ - 1, trial::behind);
    } else if (rung_ > 0 && curious_.due()) {
      move(rung_ - 1, trial::curious);
    }
  }

  void move(std::size_t to, trial why) noexcept {
    tried_from_ = rung_;
    rung_ = to;
    trial_ = why;
    packed_ = plain_ = {};
    if (why != trial::none) attempts_of(why).begin(link_);
  }

  [[nodiscard]] attempts& attempts_of(trial t) noexcept {
    return t == trial::up ? up_ : t == trial::behind ? behind_ : curious_;
  }

  compression_choice choice_;
  // Data is taken for shrinking until it does not: the first sample is the first chunk's.
  bool shrinks_ = false;
  int misses_ = 0;  // samples and chunks that did not shrink, less those that did; at most 3
  duration sample_ = std::chrono::microseconds(20);  // what a sample takes
  duration rest_{};                                  // until the next one
  // Where to start: text crosses a fast link hardly slower so, and a slow one not much faster else.
  std::size_t rung_ = 1;
  trial trial_ = trial::none;
  std::size_t tried_from_ = 1;
  double time_ = 0;  // ns for a plain byte, on the rung that trials are compared with
  attempts up_{1};
  attempts behind_{1};
  attempts curious_{2};
  window packed_;
  window plain_;
  double cost_scale_ = 1;  // what is measured, to what the table says
  double size_scale_ = 1;
  double other_ = 0.4;  // reading and sealing, as measured
  double link_ = 8;     // ns for a sent byte: 1 Gbit/s
};

}  // namespace tallow::transfer
