// A receiver that says that all is done has just what was sent, and outlives whatever a sender
// says.
//
// Input: a program for the sender: a byte for what it says, and one or a few for what is in it
// (sender_program::step). Bytes of zero stand for what an honest sender would say.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/manifest.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/wire/message.hpp>

#include "fuzz/input_reader.hpp"
#include "fuzz/path_rules.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// What an honest sender has at this place of the byte space.
[[nodiscard]] constexpr std::byte byte_at(std::uint64_t place) noexcept {
  return static_cast<std::byte>((place * 0x9E3779B97F4A7C15U) >> 56U);
}

/// Plays a sender that is authenticated and bound by nothing, and the owner of the receiver.
template <class Receiver = transfer::receiver<transfer::memory_sink>>
class sender_program {
 public:
  explicit sender_program(byte_view input) : in_(input) {}

  /// Says one thing after the other, until the receiver ends it.
  void run() {
    bool goes_on = true;
    while (goes_on && !in_.empty()) goes_on = step() && hear();
    require(is_done_ || sink_.files().empty(), "nothing has its name before all is there");
    if (is_done_) check_files();
  }

  /// The receiver said that all is in its place.
  [[nodiscard]] bool is_done() const noexcept { return is_done_; }

 private:
  static constexpr std::size_t chunk = limits::chunk_bytes_min;
  static constexpr std::uint64_t disk_bytes = std::uint64_t{1} << 20U;

  bool step() {
    switch (in_.next() % 10) {
      case 0: return is_taken(begin());
      case 1: return is_taken(offer());
      case 2: return !into_.offer_ready() || is_taken(into_.accept_offer());
      case 3: return is_taken(send(chunk_codec::none));
      case 4: return is_taken(send(chunk_codec::zstd));
      case 5: return is_taken(into_.handle(entries_done{entry_index{or_else(entries_)}, {}}, now_));
      case 6: return is_taken(finish());
      case 7: return is_taken(anything());
      case 8: return is_taken(into_.settle());
      case 9: now_ += std::chrono::milliseconds(10) * in_.next(); return true;
      default: return true;
    }
  }

  static bool is_taken(const result<void>& done) { return done.has_value(); }

  // What is right, unless the input says otherwise.
  std::uint64_t or_else(std::uint64_t right) {
    const unsigned chosen = in_.next();
    return chosen == 0 ? right : chosen - 1;
  }

  result<void> begin() {
    setup m;
    m.chunk_bytes = static_cast<std::uint32_t>(chunk);
    const unsigned odd = in_.next();
    if ((odd & 1U) != 0) m.role = transfer_role::receiver;
    if ((odd & 2U) != 0) m.stream = true;
    if ((odd & 4U) != 0) m.sign = true;
    if ((odd & 8U) != 0) m.chunk_bytes = odd;
    return into_.handle(m, now_);
  }

  manifest_entry entry() {
    static constexpr std::string_view paths[] = {"a",   "b",    "c",  "d",  "d/a", "d/b",
                                                 "b/a", "../a", "/a", "a/", ".",   ""};
    manifest_entry e;
    const unsigned which = in_.next();
    if (which < std::size(paths)) {
      e.path = paths[which];
    } else {
      e.path = as_text(in_.take(which % 16));
    }
    const unsigned kind = in_.next();
    if (kind % 4 == 1) e.kind = entry_kind::directory;
    if (kind % 4 == 2) e.kind = entry_kind::symlink;
    if (kind % 4 == 2) e.link_target = as_text(in_.take(kind / 16));
    if (kind % 4 == 0 || (kind & 128U) != 0) e.size = std::uint64_t{in_.next()} * 97;
    if (kind == 64) e.size = UINT64_MAX - in_.next();
    return e;
  }

  result<void> offer() {
    manifest_page page;
    page.page = page_index{static_cast<std::uint32_t>(or_else(pages_))};
    page.first = entry_index{or_else(entries_)};
    page.last = in_.next() % 2 == 0;
    for (unsigned left = in_.next() % 8; left > 0; --left) page.entries.push_back(entry());
    const manifest_page said = page;
    auto done = into_.handle(std::move(page), now_);
    if (!done) return done;
    ++pages_;
    hash_.add_page(said);
    for (const manifest_entry& e : said.entries) {
      ++entries_;
      places_[e.path].push_back({bytes_, e});
      if (e.kind == entry_kind::file) bytes_ += e.size;
    }
    return done;
  }

  // The next chunk, or any other.
  result<void> send(chunk_codec codec) {
    const std::uint64_t index = or_else(next_);
    const std::uint64_t begin = index * chunk;
    std::uint64_t size = std::min<std::uint64_t>(chunk, bytes_ - std::min(begin, bytes_));
    if (const unsigned odd = in_.next(); odd != 0) size = odd;
    byte_buffer bytes(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = byte_at(begin + i);
    if (codec == chunk_codec::zstd) {
      const byte_view packed = in_.take(in_.next());
      bytes.assign(packed.begin(), packed.end());
      is_any_content_ = true;
    }
    const auto settle = lane_.deliver({codec, chunk_index{index}, bytes}, into_, job_, now_);
    if (!settle) return fail(settle.error());
    if (index == next_) ++next_;
    return *settle ? into_.settle() : result<void>{};
  }

  result<void> finish() {
    end m{or_else(entries_), or_else(bytes_), or_else((bytes_ + chunk - 1) / chunk), {}};
    if (in_.next() == 0) m.manifest_hash = hash_.digest();
    return into_.handle(m, now_);
  }

  result<void> anything() {
    const byte_view plaintext = in_.take(1 + in_.next());
    return visit_sealed(plaintext, [&](auto&& m) -> result<void> {
      using message_type = std::decay_t<decltype(m)>;
      // Pages and SETUP are noted above.
      if constexpr (std::is_same_v<message_type, manifest_page> ||
                    std::is_same_v<message_type, setup>) {
        return fail(errc::peer_message_unexpected);
      } else {
        return into_.handle(std::forward<decltype(m)>(m), now_);
      }
    });
  }

  // Takes what the receiver says. False when it says nothing more.
  bool hear() {
    for (;;) {
      const auto message = into_.poll_message(now_);
      if (!message) return false;
      if (!*message) return true;
      const auto understood = visit_sealed(**message, [&](const auto& m) -> result<void> {
        is_done_ = is_done_ || std::is_same_v<std::decay_t<decltype(m)>, end_ack>;
        return {};
      });
      require(understood.has_value(), "what a receiver says is a message");
    }
  }

  void check_files() {
    for (const transfer::memory_file& file : sink_.files()) {
      check_taken_path(file.about.path);
      const auto found = places_.find(file.about.path);
      require(found != places_.end(), "nobody else gives a file its name");
      if (file.about.kind != entry_kind::file || is_any_content_) continue;
      require(std::any_of(found->second.begin(), found->second.end(),
                          [&](const place& p) { return is_at(p, file); }),
              "what is kept is what was sent in its place");
    }
  }

  struct place {
    std::uint64_t begin = 0;
    manifest_entry said;
  };

  static bool is_at(const place& p, const transfer::memory_file& file) {
    if (p.said.size != file.bytes.size()) return false;
    for (std::size_t i = 0; i < file.bytes.size(); ++i) {
      if (file.bytes[i] != byte_at(p.begin + i)) return false;
    }
    return true;
  }

  input_reader in_;
  transfer::memory_sink sink_{{3, 4}, disk_bytes};
  Receiver into_{sink_};
  transfer::incoming_lane lane_{stream_id{1},
                                crypto::record_opener::make(crypto::cipher_suite::aes_256_gcm,
                                                            crypto::traffic_secret(), stream_id{1})
                                    .value(),
                                chunk};
  transfer::chunk_job job_;
  transfer::manifest_hash hash_;
  instant now_{};
  std::map<std::string, std::vector<place>> places_;
  std::uint64_t pages_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;  // of files, as offered
  std::uint64_t next_ = 0;
  bool is_any_content_ = false;
  bool is_done_ = false;
};

inline void fuzz_receiver(byte_view input) { sender_program<>(input).run(); }

}  // namespace tallow::fuzz
