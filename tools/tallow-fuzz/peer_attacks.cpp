#include "tools/tallow-fuzz/peer_attacks.hpp"

#include <algorithm>
#include <utility>

#include <tallow/base/limits.hpp>

#include "fuzz/violation.hpp"
#include "tools/tallow-fuzz/chunk_attacks.hpp"
#include "tools/tallow-fuzz/peer_talk.hpp"

namespace tallow::fuzz {

namespace {

manifest_entry link_of(std::string path, std::string target) {
  manifest_entry e = entry_of(std::move(path));
  e.kind = entry_kind::symlink;
  e.link_target = std::move(target);
  return e;
}

// All of the entries, or the last of them, must not be wanted.
trouble must_decline(hostile_peer& peer, std::vector<manifest_entry> entries) {
  begin(peer, transfer_role::sender);
  const auto last = entries.size() - 1;
  peer.say(page_of(std::move(entries)));
  const auto answer = peer.hear<accept>();
  if (!answer) return must_end(peer);
  const bool is_declined =
      std::any_of(answer->declined.begin(), answer->declined.end(),
                  [&](const entry_failure& f) { return f.entry.value == last; });
  return is_declined ? std::nullopt : trouble("it takes the entry");
}

// ---- names ----

template <const char* Path>
trouble offer_path(hostile_peer& peer) {
  return must_decline(peer, {entry_of(Path)});
}

constexpr char parent[] = "../escaped";
constexpr char nested[] = "a/../../escaped";
constexpr char absolute[] = "/tmp/escaped";
constexpr char dot[] = "./a";
constexpr char nothing[] = "";
constexpr char empty_part[] = "a//b";
constexpr char folder_end[] = "a/";
constexpr char not_utf8[] = "\xC0\xAE\xC0\xAE/escaped";

trouble path_with_nul(hostile_peer& peer) {
  return must_decline(peer, {entry_of(std::string("a\0b", 3))});
}
trouble path_too_long(hostile_peer& peer) {
  return must_decline(peer, {entry_of(std::string(256, 'a'))});
}
trouble name_twice(hostile_peer& peer) {
  return must_decline(peer, {entry_of("a"), entry_of("a")});
}
trouble below_a_file(hostile_peer& peer) {
  return must_decline(peer, {entry_of("a"), entry_of("a/b")});
}
trouble below_a_link(hostile_peer& peer) {
  return must_decline(peer, {link_of("a", "."), entry_of("a/b")});
}
trouble link_out(hostile_peer& peer) {
  return must_decline(peer, {link_of("a", "../../etc/passwd")});
}
trouble link_to_root(hostile_peer& peer) {
  return must_decline(peer, {link_of("a", "/etc/passwd")});
}

// ---- messages of a sender ----

trouble same_role_sends(hostile_peer& peer) {
  peer.say(setup_of(transfer_role::receiver));
  return must_end(peer);
}
trouble setup_twice(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(setup_of(transfer_role::sender));
  return must_end(peer);
}
trouble manifest_first(hostile_peer& peer) {
  peer.say(page_of({entry_of("a")}));
  return must_end(peer);
}
trouble page_missing(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(manifest_page{page_index{1}, entry_index{0}, true, {entry_of("a")}});
  return must_end(peer);
}
trouble page_behind_the_last(hostile_peer& peer) {
  offer_a_file(peer);
  peer.say(manifest_page{page_index{1}, entry_index{1}, true, {entry_of("more")}});
  return must_end(peer);
}
trouble sizes_beyond_all(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(page_of({entry_of("a", UINT64_MAX), entry_of("b", UINT64_MAX)}));
  return must_end(peer);
}
trouble lanes_none(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(lanes{stream_id{1}, 0, false});
  return must_end(peer);
}
trouble lanes_too_many(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(lanes{stream_id{1}, limits::lanes_max + 1, false});
  return must_end(peer);
}
trouble lanes_without_end(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  for (std::uint32_t i = 0; i < 64; ++i) {
    peer.say(lanes{stream_id{1 + i * limits::lanes_max}, limits::lanes_max, false});
  }
  return must_end(peer);
}
trouble lane_twice(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(lanes{stream_id{1}, 1, true});
  peer.say(lanes{stream_id{1}, 1, true});
  return must_end(peer);
}
trouble lane_not_announced(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say_frame(stream_id{9}, byte_buffer(100));
  return must_end(peer);
}
trouble confirms_no_claim(hostile_peer& peer) {
  offer_a_file(peer);
  peer.say(ack{{{chunk_index{0}, 1}}});
  return must_end(peer);
}

// ---- messages of a receiver ----

trouble same_role_receives(hostile_peer& peer) {
  peer.say(setup_of(transfer_role::sender));
  return must_end(peer);
}
trouble accepts_no_page(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  peer.say(accept{page_index{1000}, {}});
  return must_end(peer);
}
trouble declines_no_entry(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  require(peer.hear<manifest_page>().has_value(), "it offers nothing");
  peer.say(accept{page_index{0}, {{entry_index{1'000'000}, failure_reason::declined}}});
  return must_end(peer);
}
trouble has_what_was_not_sent(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  require(peer.hear<manifest_page>().has_value(), "it offers nothing");
  peer.say(ack{{{chunk_index{0}, UINT64_MAX}}});
  return must_end(peer);
}
trouble claims_out_of_order(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  require(peer.hear<manifest_page>().has_value(), "it offers nothing");
  peer.say(have{chunk_index{100}, {chunk_hash{}}});
  peer.say(have{chunk_index{0}, {chunk_hash{}}});
  return must_end(peer);
}
trouble done_at_once(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  peer.say(end_ack{1, 0, {}});
  return must_end(peer);
}
trouble receiver_opens_lanes(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  peer.say(lanes{stream_id{1}, 1, false});
  return must_end(peer);
}
trouble receiver_offers(hostile_peer& peer) {
  begin(peer, transfer_role::receiver);
  peer.say(page_of({entry_of("a")}));
  return must_end(peer);
}

// ---- of either ----

template <transfer_role Role>
trouble unknown_message(hostile_peer& peer) {
  begin(peer, Role);
  peer.say_plaintext(byte_buffer(1, std::byte{0x7F}));
  return must_end(peer);
}
template <transfer_role Role>
trouble empty_message(hostile_peer& peer) {
  begin(peer, Role);
  peer.say_plaintext({});
  return must_end(peer);
}
template <transfer_role Role>
trouble trailing_bytes(hostile_peer& peer) {
  byte_buffer plaintext;
  append_sealed_plaintext(plaintext, setup_of(Role));
  plaintext.push_back(std::byte{0});
  peer.say_plaintext(plaintext);
  return must_end(peer);
}
template <transfer_role Role>
trouble damaged_record(hostile_peer& peer) {
  begin(peer, Role);
  byte_buffer plaintext;
  append_sealed_plaintext(plaintext, peer_ping{});
  byte_buffer frame = peer.sealed(plaintext);
  frame.back() ^= std::byte{1};
  peer.say_frame(control_stream, frame);
  return must_end(peer);
}
template <transfer_role Role>
trouble record_twice(hostile_peer& peer) {
  begin(peer, Role);
  byte_buffer plaintext;
  append_sealed_plaintext(plaintext, peer_ping{});
  const byte_buffer frame = peer.sealed(plaintext);
  peer.say_frame(control_stream, frame);
  peer.say_frame(control_stream, frame);
  return must_end(peer);
}

std::vector<peer_attack> of_senders() {
  using enum transfer_role;
  return {
      {"path-parent", "a name that leads above the target", want::send, offer_path<parent>},
      {"path-nested", "the same, further in", want::send, offer_path<nested>},
      {"path-absolute", "a name that begins at the root", want::send, offer_path<absolute>},
      {"path-dot", "a name with . in it", want::send, offer_path<dot>},
      {"path-empty", "no name at all", want::send, offer_path<nothing>},
      {"path-empty-part", "two slashes in a row", want::send, offer_path<empty_part>},
      {"path-slash-end", "a slash at the end", want::send, offer_path<folder_end>},
      {"path-not-utf8", "dots in a longer form that UTF-8 forbids", want::send,
       offer_path<not_utf8>},
      {"path-nul", "a zero byte in a name", want::send, path_with_nul},
      {"path-long", "a name longer than file systems have them", want::send, path_too_long},
      {"name-twice", "one name for two files", want::send, name_twice},
      {"below-file", "a file below a file", want::send, below_a_file},
      {"below-link", "a file below a link", want::send, below_a_link},
      {"link-out", "a link that leads out of the target", want::send, link_out},
      {"link-root", "a link that leads to the root", want::send, link_to_root},
      {"sender-same-role", "both want to receive", want::send, same_role_sends},
      {"setup-twice", "a second SETUP", want::send, setup_twice},
      {"manifest-first", "a MANIFEST before any SETUP", want::send, manifest_first},
      {"page-missing", "the second page of a manifest without the first", want::send, page_missing},
      {"page-behind-last", "a page behind the last one", want::send, page_behind_the_last},
      {"sizes-overflow", "sizes whose sum no number holds", want::send, sizes_beyond_all},
      {"lanes-none", "LANES of no lane", want::send, lanes_none},
      {"lanes-many", "LANES of too many lanes", want::send, lanes_too_many},
      {"lanes-endless", "LANES again and again", want::send, lanes_without_end},
      {"lane-twice", "a lane that was announced before", want::send, lane_twice},
      {"lane-unknown", "bytes on a lane that was not announced", want::send, lane_not_announced},
      {"ack-unasked", "an answer to a claim that nobody made", want::send, confirms_no_claim},
      {"sender-unknown-message", "a message of an unknown type", want::send,
       unknown_message<sender>},
      {"sender-empty-message", "a record with nothing in it", want::send, empty_message<sender>},
      {"sender-trailing", "a message with a byte too many", want::send, trailing_bytes<sender>},
      {"sender-damaged", "a record with a bit changed", want::send, damaged_record<sender>},
      {"sender-replay", "a record twice", want::send, record_twice<sender>},
  };
}

std::vector<peer_attack> of_receivers() {
  using enum transfer_role;
  return {
      {"receiver-same-role", "both want to send", want::receive, same_role_receives},
      {"accept-no-page", "a page accepted that was never sent", want::receive, accepts_no_page},
      {"decline-no-entry", "an entry declined that was never sent", want::receive,
       declines_no_entry},
      {"ack-unsent", "chunks acknowledged that were never sent", want::receive,
       has_what_was_not_sent},
      {"have-descending", "claims that do not ascend", want::receive, claims_out_of_order},
      {"done-at-once", "an END_ACK before anything was sent", want::receive, done_at_once},
      {"receiver-lanes", "LANES from a receiver", want::receive, receiver_opens_lanes},
      {"receiver-offers", "a MANIFEST from a receiver", want::receive, receiver_offers},
      {"receiver-unknown-message", "a message of an unknown type", want::receive,
       unknown_message<receiver>},
      {"receiver-empty-message", "a record with nothing in it", want::receive,
       empty_message<receiver>},
      {"receiver-trailing", "a message with a byte too many", want::receive,
       trailing_bytes<receiver>},
      {"receiver-damaged", "a record with a bit changed", want::receive, damaged_record<receiver>},
      {"receiver-replay", "a record twice", want::receive, record_twice<receiver>},
  };
}

}  // namespace

const std::vector<peer_attack>& peer_attacks() {
  static const std::vector<peer_attack> all = [] {
    std::vector<peer_attack> list = of_senders();
    for (const auto& more : {chunk_attacks(), of_receivers()}) {
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }();
  return all;
}

}  // namespace tallow::fuzz
