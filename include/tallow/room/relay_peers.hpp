// The connections of a relay: found by handle, looked at when they are due, and what their owner is
// to hear of them.
//
// @source  docs/protocol/room.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/room/admission.hpp>
#include <tallow/room/deadlines.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/relay_event.hpp>
#include <tallow/room/relay_peer.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>

namespace tallow::room {

/// Holds connections and knows nothing of rooms. A reference to one stays valid until it is erased.
class relay_peers {
 public:
  relay_peer& add(std::optional<source_id> source, instant now) {
    const connection_id id{++last_id_};
    return by_id_.try_emplace(id, id, source, now).first->second;
  }

  /// One that was taken out elsewhere; it has another handle here.
  relay_peer& add(relay_peer&& moved) {
    const connection_id id{++last_id_};
    relay_peer& p = by_id_.try_emplace(id, std::move(moved)).first->second;
    p.id = id;
    p.looked_at_next.reset();
    return p;
  }

  [[nodiscard]] relay_peer take_out(connection_id id) {
    due_.set(id, std::nullopt);
    return std::move(by_id_.extract(id).mapped());
  }

  void erase(connection_id id) {
    due_.set(id, std::nullopt);
    by_id_.erase(id);
  }

  [[nodiscard]] relay_peer* find(connection_id id) noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const relay_peer* find(connection_id id) const noexcept {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] std::size_t size() const noexcept { return by_id_.size(); }

  [[nodiscard]] std::vector<connection_id> all_ids() const {
    std::vector<connection_id> ids;
    ids.reserve(by_id_.size());
    for (const auto& [id, p] : by_id_) ids.push_back(id);
    return ids;
  }

  // ---- what is sent ----

  /// What a relay sends of its own accord is small and bounded, so it always fits its frame.
  template <message M>
  void send(relay_peer& p, const M& m, instant now) {
    const std::size_t before = p.queue.size();
    const auto done = p.queue.push_message(m);
    TALLOW_ASSERT(done.has_value());
    queued(p, p.queue.size() - before, now);
  }

  /// A frame as it came.
  void pass_on(relay_peer& to, const frame_header_bytes& header, byte_view body, instant now) {
    to.queue.push_frame(header, body);
    queued(to, header.size() + body.size(), now);
  }

  /// A frame without a body, ahead of others.
  ///
  /// @shape  false when one such waits already
  bool send_urgent(relay_peer& p, frame_type type, instant now) {
    if (!p.queue.push_urgent(type)) return false;
    queued(p, limits::frame_header_bytes, now);
    return true;
  }

  // ---- what the owner hears ----

  void note(relay_event e) { events_.push_back(e); }

  [[nodiscard]] std::optional<relay_event> poll_event() {
    if (events_.empty()) return std::nullopt;
    const relay_event first = events_.front();
    events_.pop_front();
    return first;
  }

  // ---- when to look ----

  /// Bytes that come move a connection's deadlines on with every read; so only an earlier one is
  /// noted, and a connection that is looked at too early is just looked at again.
  void look_again(relay_peer& p) {
    const auto when = p.due();
    if (when && p.looked_at_next && *p.looked_at_next <= *when) return;
    p.looked_at_next = when;
    due_.set(p.id, when);
  }

  /// Takes out one connection that is to be looked at.
  [[nodiscard]] relay_peer* pop_due(instant now) {
    const auto id = due_.pop_due(now);
    if (!id) return nullptr;
    relay_peer& p = by_id_.at(*id);
    p.looked_at_next.reset();
    return &p;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept { return due_.next(); }

 private:
  // `count` bytes were put into the queue of `p`.
  void queued(relay_peer& p, std::size_t count, instant now) {
    if (p.queue.size() > count) return;
    p.progress_at = now;
    note(can_send{p.id});
    look_again(p);
  }

  std::unordered_map<connection_id, relay_peer> by_id_;
  deadlines<connection_id> due_;
  std::deque<relay_event> events_;
  std::uint64_t last_id_ = 0;
};

}  // namespace tallow::room
