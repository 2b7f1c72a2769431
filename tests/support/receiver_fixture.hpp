// A receiver and what a peer does to it, without a sender.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>

namespace tallow::test {

inline transfer::entry file_of(std::string path, std::uint64_t size = 0) {
  transfer::entry e;
  e.path = std::move(path);
  e.size = size;
  e.mode = 0644;
  return e;
}

/// The peer is authenticated, and may break every rule.
template <class Sink>
class receiver_fixture : public testing::Test {
 protected:
  static constexpr std::size_t chunk = limits::chunk_bytes_min;

  explicit receiver_fixture(transfer::receiver_options options = {})
      : receiver_(sink_, {}, options) {}

  /// The next page of the manifest. One that is refused does not count.
  result<void> page(std::vector<transfer::entry> entries, bool last = true) {
    manifest_page m{page_index{pages_}, entry_index{entries_}, last, std::move(entries)};
    const auto count = m.entries.size();
    hash_.add_page(m);
    auto done = receiver_.handle(std::move(m), now_);
    if (done) {
      ++pages_;
      entries_ += count;
    }
    return done;
  }

  /// A chunk of one byte again and again; returns whether settle() is due.
  result<bool> deliver(std::uint64_t index, std::size_t size, char fill,
                       chunk_codec codec = chunk_codec::none) {
    const byte_buffer bytes(size, static_cast<std::byte>(fill));
    return lane_.deliver({codec, chunk_index{index}, bytes}, receiver_, job_, now_);
  }

  static errc code(const result<void>& r) { return r ? errc{} : r.error().code; }

  Sink sink_{{1, 2}};
  transfer::receiver<Sink> receiver_;
  transfer::incoming_lane lane_{stream_id{1},
                                crypto::record_opener::make(crypto::cipher_suite::aes_256_gcm,
                                                            crypto::traffic_secret(), stream_id{1})
                                    .value(),
                                chunk};
  transfer::chunk_job job_;
  transfer::manifest_hash hash_;
  instant now_{};
  std::uint32_t pages_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace tallow::test
