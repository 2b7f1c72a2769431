// A sender sends what was accepted and nothing else, as it is, and outlives whatever a receiver
// says.
//
// Input: a byte for what is sent, then a program for the receiver and for the lanes: a byte for
// what happens, and one or a few for what is in it (receiver_program::step). Bytes of zero stand
// for what an honest receiver would say.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/crypto/claim_hash.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/wire/message.hpp>

#include "fuzz/input_reader.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// Files of these sizes.
[[nodiscard]] inline std::vector<transfer::memory_file> files_of(
    const std::vector<std::size_t>& sizes, const std::string& folder) {
  std::vector<transfer::memory_file> files;
  std::uint64_t place = 0;
  for (const std::size_t size : sizes) {
    transfer::memory_file& f = files.emplace_back();
    f.about.path = folder + std::to_string(files.size());
    // None of the bytes is zero, which stands for what is not sent.
    for (std::size_t i = 0; i < size; ++i, ++place) {
      f.bytes.push_back(static_cast<std::byte>(1 + place % 251));
    }
  }
  return files;
}

/// What may be sent: some files, one of them empty; many with long names, for several pages; one;
/// none.
[[nodiscard]] inline const std::vector<transfer::memory_file>& files_to_send(unsigned which) {
  static const std::string folder = std::string(200, 'd') + '/';
  static const std::array all{
      files_of({5000, 0, 1, 9000, 4096, 300}, ""),
      files_of(std::vector<std::size_t>(100, 700), folder + folder + folder + folder),
      files_of({12'288}, ""), files_of({}, "")};
  return all[which % all.size()];
}

/// Plays a receiver that is authenticated and bound by nothing, two lanes, and the owner of the
/// sender.
template <class Sender = transfer::sender<transfer::memory_source>>
class receiver_program {
 public:
  explicit receiver_program(byte_view input) : in_(input), files_(files_to_send(in_.next())) {
    from_.use_claim_key(crypto::claim_key());
    std::uint64_t place = 0;
    for (const transfer::memory_file& f : files_) {
      starts_.push_back(place);
      place += f.bytes.size();
      ends_.push_back(place);
    }
    bytes_ = place;
  }

  /// One thing after the other, until the sender ends it.
  void run() {
    bool goes_on = hear();
    while (goes_on && !in_.empty()) goes_on = step() && hear();
    if (!from_.done()) return;
    const transfer::outcome& all = from_.result_of_transfer();
    require(all.entry_count + all.failed_count + all.skipped_count == files_.size(),
            "every entry has arrived, has failed or was declined");
  }

  /// The sender believes that all is in its place.
  [[nodiscard]] bool is_done() const noexcept { return from_.done(); }
  /// Chunks that were confirmed to be the same.
  [[nodiscard]] std::size_t confirmed() const noexcept { return confirmed_.size(); }

 private:
  static constexpr std::size_t chunk = limits::chunk_bytes_min;

  bool step() {
    switch (in_.next() % 12) {
      case 0: return begin();
      case 1: return answer_page();
      case 2: take(lane()); return true;
      case 3: read(lane()); return true;
      case 4: return acknowledge();
      case 5: return claim();
      case 6: compare(); return true;
      case 7: return finish();
      case 8: return anything();
      case 9: pass_time(); return true;
      case 10: lose_lane(); return true;
      default: from_.confirm_words(); return true;
    }
  }

  // What is right, unless the input says otherwise.
  std::uint64_t or_else(std::uint64_t right) {
    const unsigned chosen = in_.next();
    return chosen == 0 ? right : chosen - 1;
  }

  // ---- what the receiver says ----

  bool begin() {
    setup m;
    m.role = transfer_role::receiver;
    const unsigned odd = in_.next();
    if ((odd & 1U) != 0) m.role = transfer_role::sender;
    m.stream = (odd & 2U) != 0;
    m.verify = (odd & 4U) != 0;
    return say(m);
  }

  bool answer_page() {
    accept m{page_index{static_cast<std::uint32_t>(or_else(pages_accepted_))}, {}};
    for (unsigned left = in_.next() % 8; left > 0; --left) {
      const std::uint64_t entry = accepted_below_ + in_.next();
      m.declined.push_back({entry_index{entry}, static_cast<failure_reason>(in_.next() % 3)});
    }
    return say(m);
  }

  bool acknowledge() {
    const auto first = std::find_if(read_.begin(), read_.end(),
                                    [&](std::uint64_t c) { return !acknowledged_.contains(c); });
    const std::uint64_t index = or_else(first == read_.end() ? 0 : *first);
    return say(ack{{{chunk_index{index}, or_else(1)}}});
  }

  bool claim() {
    const unsigned how = in_.next();
    if (how == 255) return say(have{transfer::claims_end, {}});
    have m{chunk_index{or_else(claimed_below_)}, {}};
    for (unsigned i = 0; i < how % 8; ++i) {
      chunk_hash hash = hash_of(m.first.value + i);
      if (how / 8 % 8 == i + 1) hash[0] ^= std::byte{1};
      m.hashes.push_back(hash);
    }
    return say(m);
  }

  bool finish() {
    const transfer::outcome& all = from_.result_of_transfer();
    const std::uint64_t failed = or_else(all.skipped_count);
    end_ack m{or_else(files_.size() - std::min<std::uint64_t>(failed, files_.size())), failed, {}};
    for (unsigned left = in_.next() % 4; left > 0; --left) {
      m.failed.push_back({entry_index{in_.next()}, failure_reason::not_writable});
    }
    return say(m);
  }

  bool anything() {
    const byte_view plaintext = in_.take(1 + in_.next());
    bool is_taken = false;
    (void)visit_sealed(plaintext, [&](const auto& m) -> result<void> {
      is_taken = say(m);
      return {};
    });
    return is_taken;
  }

  template <class Message>
  bool say(const Message& m) {
    if (!from_.handle(m, now_)) return false;
    if constexpr (std::is_same_v<Message, setup>) has_begun_ = true;
    if constexpr (std::is_same_v<Message, accept>) note_answer(m);
    if constexpr (std::is_same_v<Message, ack>) {
      for (const chunk_range& r : m.ranges) {
        for (std::uint64_t i = 0; i < r.count; ++i) acknowledged_.insert(r.first.value + i);
      }
    }
    if constexpr (std::is_same_v<Message, have>) {
      for (std::size_t i = 0; i < m.hashes.size(); ++i) {
        const std::uint64_t c = m.first.value + i;
        claims_[c] = m.hashes[i] == hash_of(c);
      }
      claimed_below_ = m.first.value + m.hashes.size();
    }
    return true;
  }

  void note_answer(const accept& m) {
    require(pages_accepted_ < page_ends_.size(), "no page is accepted that was not offered");
    for (const entry_failure& f : m.declined) declined_.insert(f.entry.value);
    accepted_below_ = page_ends_[pages_accepted_++];
  }

  // ---- the lanes ----

  struct lane_state {
    stream_id id{};
    transfer::chunk_job job;
    bool is_reading = false;
  };

  lane_state& lane() { return lanes_[in_.next() % lanes_.size()]; }

  void take(lane_state& on) {
    if (on.is_reading || !from_.take_chunk(on.id, on.job)) return;
    on.is_reading = true;
    require(has_begun_, "nothing is sent to who has not spoken");
    for (const transfer::piece& p : on.job.pieces) {
      require(p.entry.value < accepted_below_, "nothing is sent before it was accepted");
      require(!declined_.contains(p.entry.value), "nothing is sent that was declined");
    }
  }

  void read(lane_state& on) {
    if (!on.is_reading) return;
    on.is_reading = false;
    byte_buffer body(on.job.bytes, std::byte{0xA5});
    from_.read_chunk(on.job, body);
    from_.chunk_framed(body.size());
    read_.insert(on.job.chunk.value);
    // Who acknowledges what is not sent yet makes the sender forget what it would read.
    is_spoiled_ = is_spoiled_ || acknowledged_.contains(on.job.chunk.value);
    if (is_spoiled_) return;
    require(body == content_of(on.job.chunk.value), "what is sent is what is there");
  }

  void compare() {
    transfer::chunk_job job;
    byte_buffer scratch(chunk);
    (void)from_.work_on_claim(job, scratch);
  }

  void pass_time() {
    now_ += std::chrono::milliseconds(10) * in_.next();
    from_.handle_timeout(now_);
  }

  void lose_lane() {
    const unsigned which = in_.next();
    if (which >= 128) return from_.lanes_lost();
    from_.lane_lost(lanes_[which % lanes_.size()].id);
  }

  // ---- what the sender says ----

  // False when it says nothing more.
  bool hear() {
    for (;;) {
      const auto message = from_.poll_message(now_);
      if (!message) return false;
      if (!*message) return true;
      const auto understood = visit_sealed(**message, [&](const auto& m) -> result<void> {
        note(m);
        return {};
      });
      require(understood.has_value(), "what a sender says is a message");
    }
  }

  template <class Message>
  void note(const Message& m) {
    if constexpr (std::is_same_v<Message, setup>) return;
    require(has_begun_, "nothing is told to who has not spoken");
    if constexpr (std::is_same_v<Message, manifest_page>) {
      require(m.page.value == page_ends_.size(), "pages come in order");
      page_ends_.push_back(m.first.value + m.entries.size());
    }
    if constexpr (std::is_same_v<Message, ack>) {
      for (const chunk_range& r : m.ranges) {
        for (std::uint64_t c = r.first.value; c < r.first.value + r.count; ++c) {
          require(claims_.contains(c) && claims_[c], "no claim is confirmed that is wrong");
          confirmed_.insert(c);
        }
      }
    }
    if constexpr (std::is_same_v<Message, end>) check_end(m);
  }

  void check_end(const end& m) {
    require(m.entry_count == files_.size() && m.byte_count == bytes_, "END counts everything");
    require(accepted_below_ == files_.size(), "END waits for every answer");
    for (std::uint64_t c = 0; c * chunk < bytes_; ++c) {
      const bool is_there =
          read_.contains(c) || acknowledged_.contains(c) || (claims_.contains(c) && claims_[c]);
      require(is_there || !is_wanted(c), "END waits for every chunk");
    }
  }

  // ---- what is right ----

  // What of an entry lies in a chunk: from, to, in the byte space.
  template <class Visit>
  void for_each_wanted(std::uint64_t index, Visit visit) const {
    for (std::size_t e = 0; e < files_.size(); ++e) {
      const std::uint64_t from = std::max(starts_[e], index * chunk);
      const std::uint64_t to = std::min(ends_[e], (index + 1) * chunk);
      if (from < to && !declined_.contains(e)) visit(e, from, to);
    }
  }

  [[nodiscard]] bool is_wanted(std::uint64_t index) const {
    bool found = false;
    for_each_wanted(index, [&](std::size_t, std::uint64_t, std::uint64_t) { found = true; });
    return found;
  }

  [[nodiscard]] byte_buffer content_of(std::uint64_t index) const {
    const std::uint64_t begin = std::min<std::uint64_t>(index, bytes_) * chunk;
    byte_buffer content(
        static_cast<std::size_t>(std::min<std::uint64_t>(chunk, bytes_ - std::min(begin, bytes_))));
    for_each_wanted(index, [&](std::size_t e, std::uint64_t from, std::uint64_t to) {
      for (std::uint64_t at = from; at < to; ++at) {
        content[static_cast<std::size_t>(at - begin)] =
            files_[e].bytes[static_cast<std::size_t>(at - starts_[e])];
      }
    });
    return content;
  }

  [[nodiscard]] chunk_hash hash_of(std::uint64_t index) const {
    return crypto::claim_hash(crypto::claim_key(), chunk_index{index}, content_of(index));
  }

  static transfer::sender_options options() {
    transfer::sender_options o;
    o.chunk_bytes = chunk;
    return o;
  }

  input_reader in_;
  const std::vector<transfer::memory_file>& files_;
  std::vector<std::uint64_t> starts_;
  std::vector<std::uint64_t> ends_;
  std::uint64_t bytes_ = 0;
  transfer::memory_source source_{files_};
  Sender from_{source_, options()};
  std::array<lane_state, 2> lanes_{lane_state{stream_id{1}, {}, false},
                                   lane_state{stream_id{2}, {}, false}};
  instant now_{};
  bool has_begun_ = false;
  std::vector<std::uint64_t> page_ends_;
  std::size_t pages_accepted_ = 0;
  std::uint64_t accepted_below_ = 0;
  std::set<std::uint64_t> declined_;
  std::set<std::uint64_t> read_;
  std::set<std::uint64_t> acknowledged_;
  std::map<std::uint64_t, bool> claims_;  // whether they are right
  std::uint64_t claimed_below_ = 0;
  std::set<std::uint64_t> confirmed_;
  bool is_spoiled_ = false;
};

inline void fuzz_sender(byte_view input) { receiver_program<>(input).run(); }

}  // namespace tallow::fuzz
