# The GoogleTest sources, by hand: one list per test program, paths below tests/.
# tests/unit/<folder>/ mirrors include/tallow/<folder>/. A test fails on a source that is on disk
# and in no list.

set(test_base_sources
  unit/base/assert_test.cpp
  unit/base/bytes_test.cpp
  unit/base/checked_test.cpp
  unit/base/errc_test.cpp
  unit/base/error_test.cpp
  unit/base/secret_test.cpp
  unit/base/strong_test.cpp
  unit/base/time_test.cpp
)

set(test_wire_sources
  unit/wire/codec_test.cpp
  unit/wire/data_record_test.cpp
  unit/wire/frame_decoder_test.cpp
  unit/wire/frame_test.cpp
  unit/wire/fuzz_corpus_test.cpp
  unit/wire/memory_test.cpp
  unit/wire/message_test.cpp
  unit/wire/peer_messages_test.cpp
  unit/wire/protocol_document_test.cpp
  unit/wire/reader_test.cpp
  unit/wire/relay_messages_test.cpp
  unit/wire/utf8_test.cpp
  unit/wire/writer_test.cpp
)

set(test_room_sources
  unit/room/admission_test.cpp
  unit/room/bandwidth_test.cpp
  unit/room/room_table_test.cpp
  unit/room/room_diagram_test.cpp
  unit/room/room_test.cpp
  unit/room/deadlines_test.cpp
  unit/room/directory_test.cpp
  unit/room/token_bucket_test.cpp
  unit/room/transmit_queue_test.cpp
  unit/room/lane_tickets_test.cpp
  unit/room/relay_core_test.cpp
  unit/room/relay_lanes_test.cpp
  unit/room/room_client_test.cpp
)

set(test_crypto_sources
  unit/crypto/attempt_ledger_test.cpp
  unit/crypto/botan_traps_test.cpp
  unit/crypto/claim_hash_test.cpp
  unit/crypto/code_phrase_test.cpp
  unit/crypto/cpace_test.cpp
  unit/crypto/guard_test.cpp
  unit/crypto/handshake_abort_test.cpp
  unit/crypto/handshake_kat_test.cpp
  unit/crypto/handshake_test.cpp
  unit/crypto/hash_test.cpp
  unit/crypto/hello_test.cpp
  unit/crypto/hybrid_kem_test.cpp
  unit/crypto/kem_test.cpp
  unit/crypto/key_mask_division_test.cpp
  unit/crypto/key_mask_test.cpp
  unit/crypto/key_schedule_test.cpp
  unit/crypto/lv_test.cpp
  unit/crypto/record_test.cpp
  unit/crypto/resume_keys_test.cpp
  unit/crypto/stream_registry_test.cpp
  unit/crypto/verification_words_test.cpp
  unit/crypto/wipe_test.cpp
  unit/crypto/wordlist_test.cpp
)

set(test_transfer_sources
  unit/transfer/path_rules_test.cpp
  unit/transfer/path_set_test.cpp
  unit/transfer/byte_space_test.cpp
  unit/transfer/chunk_packer_test.cpp
  unit/transfer/chunk_window_test.cpp
  unit/transfer/compression_policy_test.cpp
  unit/transfer/chunk_codec_test.cpp
  unit/transfer/compression_choice_test.cpp
  unit/transfer/chunk_set_test.cpp
  unit/transfer/record_buffer_test.cpp
  unit/transfer/resume_test.cpp
  unit/transfer/scheduler_test.cpp
  unit/transfer/journal_test.cpp
  unit/transfer/manifest_test.cpp
  unit/transfer/transfer_key_test.cpp
  unit/transfer/journal_format_test.cpp
  unit/transfer/claims_test.cpp
  unit/transfer/fuzz_corpus_test.cpp
  unit/transfer/lane_test.cpp
  unit/transfer/sender_test.cpp
  unit/transfer/receiver_test.cpp
  unit/transfer/stream_outbox_test.cpp
  unit/transfer/stream_inbox_test.cpp
  unit/transfer/ordered_intake_test.cpp
)

set(test_session_sources
  unit/session/lane_plan_test.cpp
  unit/session/lane_pump_test.cpp
  unit/session/message_log_test.cpp
  unit/session/reconnect_test.cpp
  unit/session/stream_test.cpp
  unit/session/session_test.cpp
  unit/session/abort_test.cpp
  unit/session/direct_link_test.cpp
)

set(test_files_sources
  unit/files/beneath_test.cpp
  unit/files/conflicts_test.cpp
  unit/files/source_tree_test.cpp
  unit/files/remove_tree_test.cpp
  unit/files/placing_test.cpp
  unit/files/sparse_test.cpp
  unit/files/staging_test.cpp
  unit/files/journal_file_test.cpp
  unit/files/name_list_test.cpp
  unit/files/disk_journal_test.cpp
  unit/files/earlier_session_test.cpp
  unit/files/folder_sink_test.cpp
  unit/files/piped_source_test.cpp
  unit/files/piped_sink_test.cpp
)

set(test_net_sources
  unit/net/address_rules_test.cpp
  unit/net/address_test.cpp
  unit/net/relay_address_test.cpp
  unit/net/connect_test.cpp
  unit/net/first_bytes_test.cpp
  unit/net/tls_identity_test.cpp
  unit/net/tls_channel_test.cpp
  unit/net/tls_transport_test.cpp
  unit/net/lane_socket_test.cpp
  unit/net/lane_carrier_test.cpp
  unit/net/lane_splice_test.cpp
  unit/net/system_random_test.cpp
  unit/net/relay_server_test.cpp
  unit/net/proxy_header_test.cpp
  unit/net/relay_tls_test.cpp
  unit/net/relay_lanes_test.cpp
)

# Parts of the tools that have no main().
set(test_tools_sources
  unit/tools/exit_code_test.cpp
  unit/tools/relay_settings_test.cpp
  unit/tools/sandbox_test.cpp
  unit/tools/tallow_fuzz_test.cpp
)

# tests/attack: one test per attack on handshake, records and transfer.
set(test_attack_sources
  attack/relay_intrusion_test.cpp
  attack/attempts_test.cpp
  attack/compression_test.cpp
  attack/cpace_share_test.cpp
  attack/downgrade_test.cpp
  attack/key_confirmation_test.cpp
  attack/masked_key_test.cpp
  attack/records_test.cpp
  attack/reflection_test.cpp
  attack/resume_test.cpp
  attack/room_leakage_test.cpp
  attack/unknown_key_share_test.cpp
  attack/weak_code_test.cpp
  attack/x25519_test.cpp
  attack/path_escape_test.cpp
  attack/hostile_relay_test.cpp
)

# tests/sim: seeded simulations of whole transfers.
set(test_sim_sources
)
