// The list of what is transferred, in pages, and its hash.
//
// @source  docs/protocol/transfer.md, Manifest
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/transfer/entry.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// SHA-512 over every page's encoded body with its length before it. Both sides compute it; END
/// carries the sender's.
class manifest_hash {
 public:
  /// @cost  O(encoded size); one allocation, kept for the next page
  void add_page(const manifest_page& page) {
    body_.clear();
    encode_body(body_, page);
    hash_.update_lv(body_);
  }

  [[nodiscard]] crypto::digest64 digest() const { return hash_.digest(); }

 private:
  crypto::sha512_stream hash_;
  byte_buffer body_;
};

/// Fills pages with entries, as many as one message holds.
class page_builder {
 public:
  /// True when the entry still fits into the page under way.
  [[nodiscard]] bool fits(const entry& e) const {
    return entries_.size() < limits::page_entries_max &&
           bytes_ + encoded_bytes_max(e) <= limits::manifest_page_bytes_max;
  }

  void add(entry e) {
    bytes_ += encoded_bytes_max(e);
    entries_.push_back(std::move(e));
  }

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  /// The page; the next one begins empty.
  [[nodiscard]] manifest_page take(bool last) {
    manifest_page page{next_page_, next_entry_, last, std::exchange(entries_, {})};
    ++next_page_;
    next_entry_ = entry_index{next_entry_.value + page.entries.size()};
    bytes_ = 0;
    return page;
  }

 private:
  // Integers are at most ten bytes, counts at most three.
  static std::size_t encoded_bytes_max(const entry& e) noexcept {
    return e.path.size() + e.link_target.size() + 3 + 3 + 1 + 10 + 3 + 10;
  }

  std::vector<entry> entries_;
  std::size_t bytes_ = 0;
  page_index next_page_{};
  entry_index next_entry_{};
};

}  // namespace tallow::transfer
