# The public headers of each component, in reading order. Written by hand: a test fails on a
# header that is in include/ and in none of these lists.

# Lowest first; each component may use those before it.
set(tallow_components core crypto transfer session files net tallow)

# base, wire, room
set(tallow_core_headers
  base/assert.hpp
  base/errc.hpp
  base/error.hpp
  base/bytes.hpp
  base/checked.hpp
  base/strong.hpp
  base/units.hpp
  base/time.hpp
  base/limits.hpp
  base/secret.hpp
  wire/utf8.hpp
  wire/reader.hpp
  wire/writer.hpp
  wire/field.hpp
  wire/codec.hpp
  wire/frame.hpp
  wire/frame_decoder.hpp
  wire/message.hpp
  wire/relay_messages.hpp
  wire/peer_messages.hpp
  wire/data_record.hpp
  room/room_table.hpp
  room/room_diagram.hpp
  room/notice.hpp
  room/room.hpp
  room/deadlines.hpp
  room/directory.hpp
  room/transmit_queue.hpp
  room/failed_joins.hpp
  room/random_source.hpp
  room/lane_tickets.hpp
  room/relay_event.hpp
  room/relay_peer.hpp
  room/relay_peers.hpp
  room/relay_core.hpp
  room/room_client.hpp
)

set(tallow_crypto_headers
  crypto/labels.hpp
  crypto/rng.hpp
  crypto/guard.hpp
  crypto/hash.hpp
  crypto/suite.hpp
  crypto/wordlist.hpp
  crypto/code_phrase.hpp
  crypto/verification_words.hpp
  crypto/lv.hpp
  crypto/cpace.hpp
  crypto/kem.hpp
  crypto/hybrid_kem.hpp
  crypto/key_mask.hpp
  crypto/key_schedule.hpp
  crypto/hello.hpp
  crypto/handshake_abort.hpp
  crypto/attempt_ledger.hpp
  crypto/resume_keys.hpp
  crypto/handshake_types.hpp
  crypto/key_exchange.hpp
  crypto/handshake.hpp
  crypto/handshake_steps.hpp
  crypto/record.hpp
  crypto/stream_registry.hpp
)

set(tallow_transfer_headers
  transfer/entry.hpp
  transfer/path_rules.hpp
  transfer/path_set.hpp
  transfer/byte_space.hpp
  transfer/chunk_job.hpp
  transfer/chunk_window.hpp
  transfer/chunk_codec.hpp
  transfer/chunk_set.hpp
  transfer/scheduler.hpp
  transfer/journal.hpp
  transfer/manifest.hpp
  transfer/transfer_key.hpp
  transfer/journal_format.hpp
  transfer/claims.hpp
  transfer/endpoint.hpp
  transfer/memory.hpp
  transfer/sender.hpp
  transfer/receiver.hpp
  transfer/page_buffer.hpp
  transfer/record_buffer.hpp
  transfer/sealed_stream.hpp
  transfer/lane.hpp
)

set(tallow_session_headers
  session/transport.hpp
  session/events.hpp
  session/abort.hpp
  session/faults.hpp
  session/message_log.hpp
  session/outage.hpp
  session/lane_pump.hpp
  session/lane_plan.hpp
  session/in_band.hpp
  session/secure_channel.hpp
  session/opening.hpp
  session/session.hpp
  session/direct_link.hpp
)

set(tallow_files_headers
  files/unique_fd.hpp
  files/posix_error.hpp
  files/status.hpp
  files/beneath.hpp
  files/descriptor_cache.hpp
  files/source_tree.hpp
  files/remove_tree.hpp
  files/placing.hpp
  files/staging.hpp
  files/journal_file.hpp
  files/disk_journal.hpp
  files/folder_sink.hpp
)

set(tallow_net_headers
  net/address.hpp
  net/tcp_transport.hpp
  net/connect.hpp
  net/lane_socket.hpp
  net/lane_carrier.hpp
  net/lane_splice.hpp
  net/blocking_socket.hpp
  net/work_gate.hpp
  net/lane_set.hpp
  net/system_random.hpp
  net/relay_server.hpp
  net/session_driver.hpp
)

# The umbrella.
set(tallow_tallow_headers
  tallow.hpp
)
