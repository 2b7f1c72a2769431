// Chunks that a receiver kept from an earlier session: it claims them by hash, the sender compares.
//
// Both machines are sans-IO and hash nothing: whoever reads the chunks does, on threads of his own.
// What one side says is bounded by what the other has not answered, so that either keeps at most
// claims_open_max hashes, and else ranges. Chunks that were confirmed count as done and move the
// window, as if they had been acknowledged.
//
// How the owner of a receiver uses claim_maker:
// - It makes one from what the journal says once the first page has told it whose journal that is,
//   and polls it before it accepts that page: the sender has to know that claims come.
// - Its hashing threads take next_chunk_to_hash() and bring back hashed(), or drop() for a chunk
//   that cannot be read or that nobody wants; it sends what poll_message() gives.
// - Once the last page is accepted it says drop_from(chunk count).
// - ACK goes to handle(), the index of each chunk that comes to take_data() before it is written.
// - Where the window skips chunks that nobody wants it skips those in confirmed() too, and after
//   that says forget_below(prefix).
//
// How the owner of a sender uses claim_checker:
// - HAVE goes to handle(), the first ACCEPT to first_page_accepted().
// - Its hashing threads take next_to_compare() and bring back compared(); ACKs go out as often as a
//   receiver's do, from poll_answer().
// - In its turn a chunk is sent when state_of() says missing, passed over when claimed, and waited
//   for when unknown. Those that next_refused(next in turn) gives are sent besides, like chunks of
//   a lost lane. The window skips confirmed(), as above.
// - Entries are complete and END may be sent only as far as settled_below() says.
//
// @source  docs/protocol/transfer.md, Resume after a restart
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// Claims that are not answered: 64 KiB of hashes, and a gigabyte to be read meanwhile.
inline constexpr std::uint64_t claims_open_max = limits::chunk_window;

/// Ranges that a receiver claims in all. Each costs both sides 64 bytes; a transfer with more holes
/// than this has been interrupted by more than a crash, and sends the rest once more.
inline constexpr std::uint64_t claim_runs_max = 65536;

/// A HAVE of nothing from here: no more claims.
inline constexpr chunk_index claims_end{UINT64_MAX};

/// The receiver's side. One thread.
///
/// Invariant: hashing_ ascends and lies between said_ and todo_; frontier_ is above all that was
/// said and not above what is still to be said; hashing_.size() + open_ <= claims_open_max.
class claim_maker {
 public:
  /// @param claimed  what the journal says; nothing is said when it is empty
  explicit claim_maker(chunk_set claimed) : todo_(std::move(claimed)) {
    if (todo_.empty()) frontier_ = claims_end;
  }

  /// The next chunk to be read and hashed, each once; nothing while there are enough.
  ///
  /// @param known_below  chunks whose extent is known, as in the rules for DATA
  [[nodiscard]] std::optional<chunk_index> next_chunk_to_hash(std::uint64_t known_below) {
    const auto chunk = todo_.lowest();
    if (!chunk || chunk->value >= known_below || hashing_.size() + open_ >= claims_open_max) {
      return std::nullopt;
    }
    todo_.erase(*chunk);
    hashing_.push_back({*chunk, progress::reading, {}});
    return chunk;
  }

  /// The hash of a chunk that next_chunk_to_hash() gave. In any order.
  void hashed(chunk_index chunk, const chunk_hash& hash) {
    if (item* const found = find(chunk)) *found = {chunk, progress::hashed, hash};
  }

  /// A chunk that next_chunk_to_hash() gave is not claimed after all: it will come as DATA.
  void drop(chunk_index chunk) {
    if (item* const found = find(chunk)) found->state = progress::dropped;
  }

  /// The byte space is complete. A journal may name chunks beyond it: files have changed on later
  /// pages.
  void drop_from(std::uint64_t chunk_count) {
    todo_.erase({chunk_index{chunk_count}, UINT64_MAX - chunk_count});
  }

  /// The next message to the sender.
  [[nodiscard]] std::optional<have> poll_message();

  /// Chunks that the sender has confirmed. They are done.
  ///
  /// @errors  chunk_unexpected: no claim that waits for an answer (cond::peer)
  [[nodiscard]] result<void> handle(const ack& m);

  /// A chunk comes as DATA: if it was claimed, the claim is refused by that.
  ///
  /// @errors  chunk_unexpected: whether it is claimed was not said yet; chunk_repeated: it was
  ///          confirmed (both cond::peer)
  [[nodiscard]] result<void> take_data(chunk_index chunk);

  [[nodiscard]] const chunk_set& confirmed() const noexcept { return confirmed_; }
  /// Chunks below are done, however that came.
  void forget_below(std::uint64_t prefix) { confirmed_.erase({chunk_index{0}, prefix}); }

  /// True when everything was said and answered.
  [[nodiscard]] bool done() const noexcept { return frontier_ == claims_end && open_ == 0; }

 private:
  // Hashes in one message, unless the range ends before: enough to make messages rare, and few
  // enough that the sender need not wait long for the first.
  static constexpr std::size_t batch = 256;

  enum class progress : std::uint8_t { reading, hashed, dropped };
  struct item {
    chunk_index chunk;
    progress state;
    chunk_hash hash;
  };

  [[nodiscard]] item* find(chunk_index chunk) noexcept {
    const auto at =
        std::lower_bound(hashing_.begin(), hashing_.end(), chunk,
                         [](const item& i, chunk_index wanted) { return i.chunk < wanted; });
    return at != hashing_.end() && at->chunk == chunk ? &*at : nullptr;
  }

  [[nodiscard]] std::size_t hashes_to_say() const noexcept;
  [[nodiscard]] have say_hashes(std::size_t count);

  chunk_set todo_;            // claimed, not given out yet
  std::deque<item> hashing_;  // given out, not said yet
  chunk_set said_;            // not answered yet
  chunk_set confirmed_;
  chunk_index frontier_{0};
  std::uint64_t open_ = 0;  // chunks in said_
  std::uint64_t runs_ = 0;  // ranges begun
};

/// What a sender knows of a chunk.
enum class claim_state : std::uint8_t {
  unknown,  ///< whether it is claimed is not said yet
  claimed,  ///< it is or was; if it must be sent, next_refused() says so
  missing,  ///< the receiver has not got it
};

/// A claim to be compared.
struct claim {
  chunk_index chunk{};
  chunk_hash hash{};
};

/// The sender's side. One thread.
///
/// Invariant: waiting_ and comparing_ are the chunks of open_; open_, refused_ and confirmed_ lie
/// below frontier_ and share none; open_count_ + refused_count_ <= claims_open_max.
class claim_checker {
 public:
  /// Takes the receiver's claims.
  ///
  /// @param known_below  chunks whose extent is known, as in the rules for DATA
  /// @errors  peer_message_unexpected: the first one comes too late; chunk_unexpected: a chunk that
  ///          is not known, or not above those before, or more than may be open (all cond::peer)
  [[nodiscard]] result<void> handle(const have& m, std::uint64_t known_below);

  /// The first page was accepted: a receiver that claims anything has said so by now.
  void first_page_accepted() noexcept { late_ = true; }

  /// The next claim to be compared, each once, in ascending order.
  [[nodiscard]] std::optional<claim> next_to_compare() {
    if (waiting_.empty()) return std::nullopt;
    const claim next = waiting_.front();
    waiting_.pop_front();
    comparing_.push_back(next.chunk);
    return next;
  }

  [[nodiscard]] bool has_work() const noexcept { return !waiting_.empty(); }

  /// What the comparison said. In any order. What could not be read is not equal.
  ///
  /// @errors  wrong_state: not a claim that is being compared; nothing has changed then
  [[nodiscard]] result<void> compared(chunk_index chunk, bool equal);

  /// True when poll_answer() has something.
  [[nodiscard]] bool has_answer() const noexcept { return !untold_.empty(); }
  /// Confirms claims to the receiver.
  [[nodiscard]] std::optional<ack> poll_answer();

  /// The next refused chunk below `below`, each once: it is to be sent.
  [[nodiscard]] std::optional<chunk_index> next_refused(std::uint64_t below);

  [[nodiscard]] claim_state state_of(chunk_index chunk) const noexcept {
    if (chunk >= frontier_) return claim_state::unknown;
    return claimed_.contains(chunk) ? claim_state::claimed : claim_state::missing;
  }

  [[nodiscard]] const chunk_set& confirmed() const noexcept { return confirmed_; }
  /// Chunks below are done, however that came.
  void forget_below(std::uint64_t prefix) {
    if (!begun_) return;
    claimed_.erase({chunk_index{0}, prefix});
    confirmed_.erase({chunk_index{0}, prefix});
  }

  /// Of the chunks below none will be claimed any more, compared, or given by next_refused().
  [[nodiscard]] std::uint64_t settled_below() const noexcept {
    std::uint64_t below = frontier_.value;
    if (const auto c = open_.lowest()) below = std::min(below, c->value);
    if (const auto c = refused_.lowest()) below = std::min(below, c->value);
    return below;
  }

 private:
  [[nodiscard]] result<void> check(const have& m, std::uint64_t known_below) const;

  std::deque<claim> waiting_;
  std::vector<chunk_index> comparing_;  // one a thread
  chunk_set open_;                      // not compared yet
  chunk_set refused_;                   // not given by next_refused() yet
  chunk_set confirmed_;
  chunk_set untold_;   // those of them that no answer named
  chunk_set claimed_;  // ever
  std::uint64_t open_count_ = 0;
  std::uint64_t refused_count_ = 0;
  chunk_index frontier_ = claims_end;  // without claims everything is missing
  bool begun_ = false;
  bool late_ = false;
};

// ---- implementation ----

// How many hashes the next message may carry; 0 when it is better to wait.
inline std::size_t claim_maker::hashes_to_say() const noexcept {
  std::size_t count = 0;
  std::uint64_t next = hashing_.empty() ? 0 : hashing_.front().chunk.value;
  for (const item& i : hashing_) {
    if (i.chunk.value != next || i.state != progress::hashed) break;
    ++next;
    if (++count == limits::have_hashes_max) return count;
  }
  if (count >= batch) return count;
  // Nothing will make a range longer that the next claim does not continue.
  const bool more = count < hashing_.size() ? hashing_[count].chunk.value == next &&
                                                  hashing_[count].state == progress::reading
                                            : todo_.contains(chunk_index{next});
  return more ? 0 : count;
}

inline have claim_maker::say_hashes(std::size_t count) {
  have m{frontier_, {}};
  m.hashes.reserve(count);
  for (; count > 0; --count) {
    m.hashes.push_back(hashing_.front().hash);
    hashing_.pop_front();
  }
  said_.insert({m.first, m.hashes.size()});
  open_ += m.hashes.size();
  frontier_ = chunk_index{m.first.value + m.hashes.size()};
  return m;
}

inline std::optional<have> claim_maker::poll_message() {
  if (frontier_ == claims_end) return std::nullopt;
  while (!hashing_.empty() && hashing_.front().state == progress::dropped) hashing_.pop_front();
  auto next = hashing_.empty() ? todo_.lowest() : hashing_.front().chunk;
  // Where claims go on, or that they end, is said at once: chunks before may be sent then.
  if (next != frontier_ || runs_ == 0) {
    if (runs_ == claim_runs_max) {
      hashing_.clear();
      todo_.clear();
      next.reset();
    }
    ++runs_;
    frontier_ = next.value_or(claims_end);
    return have{frontier_, {}};
  }
  const std::size_t count = hashes_to_say();
  if (count == 0) return std::nullopt;
  return say_hashes(count);
}

inline result<void> claim_maker::handle(const ack& m) {
  for (const chunk_range& range : m.ranges) {
    if (range.count == 0 || range.count > open_ ||
        range.first.value > claims_end.value - range.count || !said_.contains(range)) {
      return fail(errc::chunk_unexpected, range.first.value, "not a claim");
    }
    said_.erase(range);
    open_ -= range.count;
    confirmed_.insert(range);
  }
  return {};
}

inline result<void> claim_maker::take_data(chunk_index chunk) {
  if (chunk >= frontier_) return fail(errc::chunk_unexpected, chunk.value, "perhaps claimed");
  if (confirmed_.contains(chunk)) return fail(errc::chunk_repeated, chunk.value);
  if (said_.contains(chunk)) {
    said_.erase(chunk);
    --open_;
  }
  return {};
}

inline result<void> claim_checker::check(const have& m, std::uint64_t known_below) const {
  if (!begun_ && late_) {
    return fail(errc::peer_message_unexpected, m.first.value, "claims begin too late");
  }
  const std::uint64_t count = m.hashes.size();
  if (begun_ && (m.first < frontier_ || (count == 0 && m.first == frontier_))) {
    return fail(errc::chunk_unexpected, m.first.value, "HAVE goes back");
  }
  if (count == 0) return {};
  if (count > known_below || m.first.value > known_below - count) {
    return fail(errc::chunk_unexpected, m.first.value, "HAVE of a chunk that is not known");
  }
  if (open_count_ + refused_count_ + count > claims_open_max ||
      claimed_.range_count() > claim_runs_max) {
    return fail(errc::chunk_unexpected, m.first.value, "too many claims");
  }
  return {};
}

inline result<void> claim_checker::handle(const have& m, std::uint64_t known_below) {
  if (auto fine = check(m, known_below); !fine) return fine;
  if (!m.hashes.empty()) {
    for (std::size_t i = 0; i < m.hashes.size(); ++i) {
      waiting_.push_back({chunk_index{m.first.value + i}, m.hashes[i]});
    }
    const chunk_range range{m.first, m.hashes.size()};
    open_.insert(range);
    claimed_.insert(range);
    open_count_ += range.count;
  }
  begun_ = true;
  frontier_ = chunk_index{m.first.value + m.hashes.size()};
  return {};
}

inline result<void> claim_checker::compared(chunk_index chunk, bool equal) {
  const auto found = std::find(comparing_.begin(), comparing_.end(), chunk);
  if (found == comparing_.end()) return fail(errc::wrong_state, chunk.value, "not being compared");
  comparing_.erase(found);
  open_.erase(chunk);
  --open_count_;
  if (equal) {
    confirmed_.insert(chunk);
    untold_.insert(chunk);
  } else {
    refused_.insert(chunk);
    ++refused_count_;
  }
  return {};
}

inline std::optional<ack> claim_checker::poll_answer() {
  if (untold_.empty()) return std::nullopt;
  ack m;
  while (const auto first = untold_.lowest()) {
    if (m.ranges.size() == limits::ack_ranges_max) break;
    chunk_range range{*first, 1};
    while (range.count < limits::chunk_window &&
           untold_.contains(chunk_index{first->value + range.count})) {
      ++range.count;
    }
    m.ranges.push_back(range);
    untold_.erase(range);
  }
  return m;
}

inline std::optional<chunk_index> claim_checker::next_refused(std::uint64_t below) {
  const auto chunk = refused_.lowest();
  if (!chunk || chunk->value >= below) return std::nullopt;
  refused_.erase(*chunk);
  --refused_count_;
  return chunk;
}

}  // namespace tallow::transfer
