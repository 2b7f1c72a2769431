"""Defences of the headers, each with what it looks like when somebody has taken it out.

`find` stands exactly once in `header`, below include/tallow/. `test` below tests/ has to fail, in one
of its cases that `filter` chooses, once `find` is `replace`."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Defence:
    name: str
    header: str
    find: str
    replace: str
    test: str
    filter: str


def unit(name, header, find, replace, test, filter="*"):
    return Defence(name, header, find, replace, f"unit/{test}_test.cpp", filter)


def attack(name, header, find, replace, test, filter):
    return Defence(name, header, find, replace, f"attack/{test}_test.cpp", filter)


DEFENCES = [
    # ---- the code and its attempts ----
    attack("initiator_spends_the_code", "crypto/handshake_steps.hpp",
           "if (run != nullptr) run->ledger->spend();", "",
           "attempts", "Attempts.*"),
    attack("responder_spends_the_code", "crypto/handshake_steps.hpp",
           "if (s.ledger != nullptr) s.ledger->spend();", "",
           "attempts", "Attempts.*"),
    attack("answers_are_counted", "crypto/handshake_steps.hpp",
           "if (code != nullptr) code->ledger->add_answer();", "",
           "attempts", "Attempts.*"),
    attack("answers_are_few", "crypto/attempt_ledger.hpp",
           "return !spent_ && answers_ < limits::handshake_answers_max;", "return !spent_;",
           "attempts", "Attempts.*"),
    attack("weak_codes_are_refused", "crypto/code_phrase.hpp",
           "if (!detail::strong_enough(password)) return fail(errc::code_too_weak);", "",
           "weak_code", "WeakCode.*"),
    attack("look_alikes_are_refused", "crypto/code_phrase.hpp",
           "if (!plain) return fail(errc::code_bad_character, i);", "",
           "weak_code", "WeakCode.*"),
    # ---- the handshake ----
    attack("responders_tag_is_verified", "crypto/key_exchange.hpp",
           "if (!equal_constant_time(m4, expected)) return fail(errc::authentication_failed);", "",
           "key_confirmation", "KeyConfirmation.*"),
    attack("initiators_tag_is_verified", "crypto/key_exchange.hpp",
           "if (!equal_constant_time(m3.subspan(sealed.size()), expected)) {", "if (false) {",
           "key_confirmation", "KeyConfirmation.*"),
    attack("only_what_was_offered_is_taken", "crypto/handshake_steps.hpp",
           "first_common<std::uint16_t>(selected.suites, offered.suites).has_value();", "true;",
           "downgrade", "Downgrade.*"),
    attack("a_share_is_an_uncompressed_point", "crypto/cpace.hpp",
           "if (share.size() != std::tuple_size_v<cpace_share> || share[0] != std::byte{0x04}) {",
           "if (share.size() != std::tuple_size_v<cpace_share>) {",
           "cpace_share", "CpaceShare.*"),
    attack("points_of_low_order_are_refused", "crypto/kem.hpp",
           "if (shared == kem_secret{}) return fail(errc::authentication_failed);", "",
           "x25519", "LowOrderPoint.*:OddEncoding.*"),
    attack("roles_are_told_apart", "crypto/handshake_steps.hpp",
           "if (!rest.empty() || offered->role != handshake_role::responder) {",
           "if (!rest.empty()) {",
           "reflection", "Reflection.*"),
    attack("late_failures_are_all_alike", "crypto/handshake_steps.hpp",
           "return fail_with({keyed() ? errc::authentication_failed : errc::handshake_unexpected});",
           "return fail_with({errc::handshake_unexpected});",
           "key_confirmation", "KeyConfirmation.*"),
    attack("a_replaced_resume_secret_is_forgotten", "crypto/resume_keys.hpp",
           "void confirm() noexcept { older_.reset(); }", "void confirm() noexcept {}",
           "resume", "Resume.*"),
    # ---- records ----
    attack("each_record_has_a_nonce", "crypto/record.hpp",
           "for (std::size_t i = 0; i < number.size(); ++i) nonce[4 + i] ^= number[i];", "",
           "records", "Records.*"),
    attack("headers_are_authenticated", "crypto/record.hpp",
           "aead->set_associated_data(as_u8(byte_view(header)));",
           "aead->set_associated_data(as_u8(byte_view(header).first(0)));",
           "records", "Records.*"),
    attack("each_stream_has_a_key", "crypto/key_schedule.hpp",
           "const auto context = detail::context_of(stream);\n"
           "  return {expand<32>(traffic, label::record_key, context),",
           "const auto context = detail::context_of(stream_id{1});\n  (void)stream;\n"
           "  return {expand<32>(traffic, label::record_key, context),",
           "records", "Records.*"),
    attack("records_have_a_largest_size", "crypto/record.hpp",
           "if (size > record_plaintext_bytes_max) return refuse(errc::record_too_large);", "",
           "records", "Records.*"),
    # ---- identities ----
    attack("a_statement_has_the_quantum_safe_signature", "crypto/identity.hpp",
           "if (!is_classic || !is_quantum_safe)", "if (!is_classic)",
           "identity", "IdentityAttack.*"),
    attack("a_statement_has_the_classic_signature", "crypto/identity.hpp",
           "if (!is_classic || !is_quantum_safe)", "if (!is_quantum_safe)",
           "identity", "IdentityAttack.*"),
    attack("a_statement_is_of_one_side", "crypto/identity.hpp",
           "signer == handshake_role::responder ? std::byte{'R'}", "true ? std::byte{'R'}",
           "identity", "IdentityAttack.*"),
    attack("a_statement_is_of_one_session", "crypto/identity.hpp",
           "append_lv(text, binding.view());", "(void)binding;",
           "identity", "IdentityAttack.*"),
    attack("keys_of_small_order_sign_nothing", "crypto/identity.hpp",
           "if (!ed25519.check_key(none, true)) return fail(errc::identity_invalid);", "",
           "identity", "IdentityAttack.*"),
    # ---- names ----
    attack("paths_do_not_go_up", "transfer/path_rules.hpp",
           'if (component == "." || component == "..") {', 'if (component == ".") {',
           "path_escape", "*PathEscape.NoSpellingLeadsOut*"),
    unit("paths_do_not_begin_at_the_root", "transfer/path_rules.hpp",
         "if (path.front() == '/') return fail(errc::path_absolute);", "",
         "transfer/path_rules"),
    attack("links_do_not_leave_the_target", "transfer/path_rules.hpp",
           "if (!leading || depth == 0) return false;", "if (depth == 0) return true;",
           "path_escape", "*PathEscape.NoLinkLeadsOut*"),
    attack("modes_give_no_rights", "transfer/path_rules.hpp",
           "kind == entry_kind::symlink ? 0777U : mode & 0777U;",
           "kind == entry_kind::symlink ? 0777U : mode & 07777U;",
           "path_escape", "*PathEscape.NoMode*"),
    attack("names_do_not_reach_the_screen", "transfer/path_rules.hpp",
           "if (step.code_point == U'\\\\' || detail::is_hidden(step.code_point)) {",
           "if (step.code_point == U'\\\\') {",
           "path_escape", "*PathEscape.NoNameReachesTheScreen*"),
    unit("names_come_once", "transfer/path_set.hpp",
         "if (n.announced) return fail(errc::path_duplicate);", "",
         "transfer/path_set"),
    unit("no_path_leads_through_a_link", "transfer/path_set.hpp",
         "if (this->kind(found) != entry_kind::directory) {", "if (false) {",
         "transfer/path_set"),
    # ---- what is received ----
    unit("a_transfer_ends_when_all_has_come", "transfer/receiver.hpp",
         "if (!space_->is_complete() || done_below_ != space_->entry_count() ||\n"
         "        accepted_entries_ != space_->entry_count()) {", "if (false) {",
         "transfer/receiver"),
    unit("the_manifest_is_the_one_that_was_sent", "transfer/receiver.hpp",
         "!equal(m.manifest_hash, hash_.digest()) ||", "",
         "transfer/receiver"),
    unit("chunks_come_within_the_window", "transfer/receiver.hpp",
         "if (!window_.may_hold(chunk)) return fail(errc::chunk_unexpected, chunk.value);", "",
         "transfer/receiver"),
    unit("a_chunk_of_what_is_forgotten_is_looked_up_nowhere", "transfer/receiver_order.hpp",
         "return space_->is_forgotten(chunk) || space_->chunk_wanted(chunk);",
         "return space_->chunk_wanted(chunk);",
         "transfer/receiver"),
    attack("masked_keys_are_canonical", "crypto/key_mask.hpp",
           "if (a >= detail::kem_modulus || b >= detail::kem_modulus) return false;",
           "(void)a, (void)b;",
           "masked_key", "MaskedKey.*"),
    # ---- direct connections ----
    unit("a_ticket_opens_one_lane", "net/direct_listener.hpp",
         "s.tickets.erase(s.tickets.begin() + static_cast<std::ptrdiff_t>(*which));", "",
         "net/direct_listener"),
    unit("a_receiver_is_not_sent_around", "session/direct_addresses.hpp",
         "if (one.port < port_min || !kinds.contains(kind_of(one))) continue;", "",
         "session/direct_addresses"),
    unit("a_lane_that_waits_notices_its_end", "session/lane_pump.hpp",
         "if (auto stands = detail::check_standing(connection); !stands) return stands;", "",
         "session/lane_pump", "LanePump.*"),
    unit("a_record_that_stops_ends_its_lane", "session/lane_pump.hpp",
         " && buffer.is_empty()", "",
         "session/lane_pump", "LanePump.*"),
    attack("a_receiver_has_few_lanes", "session/session_steps.hpp",
           "if (!lanes_.may_follow(m.count)) {", "if (false) {",
           "lanes", "HostileSender.*"),
    # ---- rooms ----
    unit("a_room_carries_its_quota", "room/room.hpp",
         "if (options_.bytes_max != 0 && count > options_.bytes_max - bytes_) {", "if (false) {",
         "room/room"),
    unit("a_handshake_is_short", "room/room.hpp",
         "count > limits::handshake_bytes_max - pairing_bytes_", "false",
         "room/room"),
    unit("a_source_has_few_connections_without_a_place", "room/admission.hpp",
         "return options_.pending_max == 0 || s.pending <= options_.pending_max;", "return true;",
         "room/admission"),
]
