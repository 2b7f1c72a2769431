// A transfer between two programs, through a seeded network, as a seed and a scenario decide it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/session/session.hpp>
#include <tallow/transfer/memory.hpp>

#include "sim/seeded_network.hpp"
#include "sim/simulated_lanes.hpp"
#include "support/relayed_pair.hpp"

namespace tallow::sim {

using namespace std::chrono_literals;
using test::memory_receiver;
using test::memory_sender;
using test::session_peer;
using transfer::memory_file;

inline constexpr std::string_view code = "7-crossover-clockwork";
inline constexpr duration outage_max = 10min;

/// A disk that cannot write from some moment on, or fails for one entry.
class failing_sink : public transfer::memory_sink {
 public:
  failing_sink(const transfer::hash_key& key, std::optional<std::size_t> writes)
      : memory_sink(key), left_(writes) {}

  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    if (left_ && *left_ == 0) return fail(errc::sink_failed);
    if (left_) --*left_;
    return memory_sink::write(index, offset, bytes);
  }

 private:
  std::optional<std::size_t> left_;
};
using receiver_type = transfer::receiver<failing_sink>;

/// Where chunks go.
enum class chunk_path : std::uint8_t { in_band, lanes };

struct scenario {
  weather how;
  unsigned crashes = 0;
  chunk_path path = chunk_path::in_band;
  bool disk_fails = false;
  bool may_fail = false;  ///< not all that happens can be borne
};

using session_change = std::function<void(session::session_options&)>;

/// One program of one side, from its start to its end.
template <class Transfer>
struct program {
  program(Transfer& transfer, want wanted, std::uint64_t seed, instant now,
          const session_change& change, lane_tally& tally)
      : peer(transfer, wanted, code, seed, now, outage_max, false, change), lanes(peer, tally) {
    listen();
  }
  program(Transfer& transfer, want wanted, const crypto::resume_keys& stored, std::uint64_t seed,
          instant now, const session_change& change, lane_tally& tally)
      : peer(transfer, wanted, stored, seed, now, outage_max, change), lanes(peer, tally) {
    keys.emplace(stored.clone());
    listen();
  }

  void listen() {
    peer.on_event = [this](const session::event& e) {
      if (std::holds_alternative<session::keys_changed>(e)) {
        keys.emplace(peer.inside().family()->clone());
      }
      if (const auto* granted = std::get_if<session::lane_granted>(&e)) lanes.open(*granted);
    };
  }

  session_peer<Transfer> peer;
  simulated_lanes<Transfer> lanes;
  std::optional<crypto::resume_keys> keys;
};

struct sending_side {
  template <class... Args>
  explicit sending_side(const std::vector<memory_file>& files, Args&&... args)
      : source(files),
        transfer(source, {{}, limits::chunk_bytes_min}),
        running(transfer, want::send, std::forward<Args>(args)...) {}
  transfer::memory_source source;
  memory_sender transfer;
  program<memory_sender> running;
};

struct receiving_side {
  template <class... Args>
  explicit receiving_side(std::optional<std::size_t> writes, Args&&... args)
      : sink({3, 4}, writes),
        transfer(sink),
        running(transfer, want::receive, std::forward<Args>(args)...) {}
  failing_sink sink;
  receiver_type transfer;
  program<receiver_type> running;
};

class simulation {
 public:
  simulation(std::uint64_t seed, const scenario& what)
      : random_(seed), what_(what), network_(random_, what.how) {
    make_files();
    if (what_.path == chunk_path::lanes) choose_lanes();
    if (what_.disk_fails) writes_ = random_.below(20);
    for (unsigned i = 0; i < what.crashes; ++i)
      crashes_.push_back(random_.below(what.how.arrivals));
    begin();
  }

  /// What is wrong; empty: nothing.
  [[nodiscard]] std::string run() {
    for (;;) {
      const bool has_ended = network_.run(12h, [&] { return wants_attention(); });
      // Who goes on when the other one has all and is gone waits as long as a relay lets him.
      if (!has_ended && !is_settled()) return "somebody waits for ever";
      if (!has_ended) return verdict();
      if (crash() || begin_anew()) continue;
      return verdict();
    }
  }

  /// What became of the lanes of all its programs.
  [[nodiscard]] const lane_tally& lanes() const noexcept { return tally_; }

 private:
  void make_files() {
    const std::size_t count = 1 + random_.below(4);
    const std::size_t large = what_.path == chunk_path::lanes ? 250'000 : 120'000;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t bytes = random_.below(random_.below(3) == 0 ? large : 9'000);
      files_.push_back(test::numbered_file("f" + std::to_string(i), bytes,
                                           static_cast<std::uint32_t>(random_.next())));
    }
  }

  // Some transfers compress, and have something that can be compressed.
  void choose_lanes() {
    lanes_ = static_cast<std::uint32_t>(1 + random_.below(3));
    if (random_.below(3) != 0) return;
    compression_ = {transfer::compression_mode::fixed, 1};
    byte_buffer& repeated = files_.back().bytes;
    for (std::size_t i = 100; i < repeated.size(); ++i) repeated[i] = repeated[i - 100];
  }

  [[nodiscard]] session_change settings() const {
    return [this](session::session_options& made) {
      made.lanes = lanes_;
      made.compression = compression_;
    };
  }

  void begin() {
    sending_.push_back(
        std::make_unique<sending_side>(files_, std::uint64_t{1}, network_.now, settings(), tally_));
    receiving_.push_back(std::make_unique<receiving_side>(writes_, std::uint64_t{2}, network_.now,
                                                          settings(), tally_));
    network_.add(from().peer, from().lanes.waiting());
    network_.add(into().peer, into().lanes.waiting());
  }

  [[nodiscard]] program<memory_sender>& from() const { return sending_.back()->running; }
  [[nodiscard]] program<receiver_type>& into() const { return receiving_.back()->running; }

  [[nodiscard]] bool crash_is_due() const {
    return !crashes_.empty() && network_.arrivals() > crashes_.back() && from().keys && into().keys;
  }
  [[nodiscard]] bool wants_attention() {
    // Whoever loses the first handshake needs a new code. That is right, and no matter for this.
    if (from().keys && into().keys) network_.let_go_wrong();
    const bool is_over = from().peer.over() && into().peer.over();
    return is_over || crash_is_due() || was_left_behind(from()) || was_left_behind(into());
  }

  // The other side was started anew, and this one begins again with what it has.
  template <class Transfer>
  [[nodiscard]] static bool was_left_behind(const program<Transfer>& one) {
    return one.peer.failure() == errc::peer_restarted;
  }

  void start_sender() {
    const auto keys = from().keys->clone();
    network_.kill(from().peer);
    sending_.push_back(std::make_unique<sending_side>(files_, keys, random_.next(), network_.now,
                                                      settings(), tally_));
    network_.add(from().peer, from().lanes.waiting());
  }
  void start_receiver() {
    const auto keys = into().keys->clone();
    network_.kill(into().peer);
    receiving_.push_back(std::make_unique<receiving_side>(writes_, keys, random_.next(),
                                                          network_.now, settings(), tally_));
    network_.add(into().peer, into().lanes.waiting());
  }

  bool crash() {
    if (!crash_is_due()) return false;
    crashes_.pop_back();
    if (from().peer.over() || into().peer.over()) return true;  // too late
    random_.below(2) == 0 ? start_sender() : start_receiver();
    return true;
  }

  bool begin_anew() {
    if (was_left_behind(from())) {
      start_sender();
    } else if (was_left_behind(into())) {
      start_receiver();
    } else {
      return false;
    }
    return true;
  }

  [[nodiscard]] std::string verdict() const {
    bool has_all = false;  // one of the receiver's programs
    for (const auto& one : receiving_) {
      for (const memory_file& got : one->sink.files()) {
        if (!is_right(got)) return "what arrived is not what was sent: " + got.about.path;
      }
      has_all = has_all || one->sink.files().size() == files_.size();
    }
    if (has_succeeded() && !has_all && !what_.disk_fails) return "done, and not all is there";
    // Once all has arrived, the last word of the one may be lost, and then the other cannot know.
    if (what_.may_fail || (has_succeeded() && has_all)) return {};
    // The connections broke before the relay had heard that the code was right.
    if (from().peer.failure() == errc::code_spent && into().peer.failure() == errc::code_spent) {
      return {};
    }
    return "it failed: " + name_of(from().peer.failure()) + ", " + name_of(into().peer.failure());
  }

  // A program of either side has come to its end, those that were killed later among them.
  [[nodiscard]] bool has_succeeded() const {
    const auto is_done = [](const auto& side) { return side->running.peer.succeeded(); };
    return std::any_of(sending_.begin(), sending_.end(), is_done) ||
           std::any_of(receiving_.begin(), receiving_.end(), is_done);
  }
  [[nodiscard]] bool is_settled() const {
    return has_succeeded() && (from().peer.over() || into().peer.over());
  }

  [[nodiscard]] bool is_right(const memory_file& got) const {
    for (const memory_file& sent : files_) {
      if (sent.about.path == got.about.path) return sent.bytes == got.bytes;
    }
    return false;
  }

  static std::string name_of(const std::optional<errc>& why) {
    return why ? errc_name(*why) : "well";
  }

  seeded_random random_;
  scenario what_;
  std::vector<memory_file> files_;
  std::uint32_t lanes_ = 0;
  transfer::compression_choice compression_;
  lane_tally tally_;
  std::optional<std::size_t> writes_;
  std::vector<std::size_t> crashes_;
  seeded_network network_;
  // Those that were killed stay: what is on its way may still name them.
  std::vector<std::unique_ptr<sending_side>> sending_;
  std::vector<std::unique_ptr<receiving_side>> receiving_;
};

}  // namespace tallow::sim
