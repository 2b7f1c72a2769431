// Codes, HELLO, ABORT, CPace, the masked key, words and whole handshakes, against
// tests/vectors/tallow/handshake.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/cpace.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/handshake_abort.hpp>
#include <tallow/crypto/hello.hpp>
#include <tallow/crypto/key_mask.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/crypto/verification_words.hpp>
#include <tallow/wire/frame_decoder.hpp>

#include "conformance/vector_file.hpp"
#include "support/test_rng.hpp"

namespace tallow::crypto {
namespace {

using nlohmann::json;
using test::outcome_of;
using test::vector_file;

template <std::size_t N>
secret_bytes<N> secret(const vector_file& v, const std::string& key) {
  return secret_bytes<N>(v.array<N>(key));
}

void check_code(const vector_file& v) {
  const auto code = code_phrase::parse(as_text(v.body));
  EXPECT_EQ(outcome_of(code), v.expect());
  if (!code || !v.succeeds()) return;
  EXPECT_EQ(code->nameplate(), v.number("nameplate"));
  EXPECT_EQ(to_hex(code->password()), v.text("password"));
  EXPECT_EQ(to_hex(code->room()), v.text("room_id"));
}

void check_hello(const vector_file& v) {
  byte_view rest = v.body;
  const auto h = decode_hello(rest);
  EXPECT_EQ(outcome_of(h), v.expect());
  if (!h || !v.succeeds()) return;
  EXPECT_TRUE(rest.empty());
  const json value{{"role", h->role == handshake_role::responder ? "R" : "I"},
                   {"versions", h->versions},
                   {"suites", h->suites},
                   {"caps", h->caps}};
  EXPECT_EQ(value, json::parse(v.text("value")));
  EXPECT_EQ(to_hex(h->nonce), v.text("nonce"));
  EXPECT_EQ(encode_hello(*h), v.body);
}

void check_abort(const vector_file& v) {
  EXPECT_EQ(errc_name(error_of_abort(v.body).code), v.expect());
}

void check_share(const vector_file& v) {
  test::fixed_rng rng;
  const byte_buffer password = v.bytes("password");
  const byte_buffer sid = v.bytes("sid");
  const secret_buffer channel = detail::cpace_channel(v.array<16>("room_id"));
  const auto share = cpace_share_of({password, channel.view(), sid}, secret<32>(v, "scalar"), rng);
  ASSERT_TRUE(share);
  EXPECT_EQ(to_hex(*share), to_hex(v.body));
}

void check_agree(const vector_file& v) {
  test::fixed_rng rng;
  const auto point = cpace_agree(secret<32>(v, "scalar"), v.body, rng);
  EXPECT_EQ(outcome_of(point), v.expect());
  if (point && v.succeeds()) {
    EXPECT_EQ(to_hex(point->view()), v.text("point"));
  }
}

void check_mask(const vector_file& v) {
  masked_key masked{};
  byte_view rest = v.body;
  for (const byte_span part : {byte_span(masked.s), byte_span(masked.t), byte_span(masked.rho)}) {
    std::copy_n(rest.begin(), part.size(), part.begin());
    rest = rest.subspan(part.size());
  }
  ASSERT_TRUE(rest.empty());
  const auto prs2 = secret<64>(v, "prs2");
  const byte_buffer sid = v.bytes("sid");
  const auto key = unmask_key(masked, prs2, sid);
  EXPECT_EQ(outcome_of(key), v.expect());
  if (!key || !v.succeeds()) return;
  EXPECT_EQ(to_hex(*key), v.text("ek"));
  if (!v.has("r")) return;
  const auto again = mask_key(*key, secret<96>(v, "r"), prs2, sid);
  EXPECT_TRUE(again.s == masked.s && again.t == masked.t && again.rho == masked.rho);
}

void check_words(const vector_file& v) {
  std::string words;
  ASSERT_EQ(v.body.size(), 32U);
  const secret_bytes<32> sas{std::span<const std::byte, 32>(v.body.data(), 32)};
  for (const auto word : verification_words(sas)) {
    words.append(words.empty() ? "" : "-").append(word);
  }
  EXPECT_EQ(words, v.text("words"));
}

void check_resume_room(const vector_file& v) {
  ASSERT_EQ(v.body.size(), 64U);
  const resume_secret first{std::span<const std::byte, 64>(v.body.data(), 64)};
  EXPECT_EQ(to_hex(resume_room_of(first)), v.text("room_id"));
}

// ---- whole handshakes ----

/// One side of a handshake, which draws what the vector says.
class played_side {
 public:
  explicit played_side(const vector_file& v)
      : v_(v),
        role_(v.text("side") == "R" ? handshake_role::responder : handshake_role::initiator) {
    const bool responds = role_ == handshake_role::responder;
    add(responds ? "nonce_r" : "nonce_i");
    add(responds ? "yb" : "ya");
    if (responds) {
      for (const char* key : {"dk_seed", "r", "x_r"}) add(key);
    }
    machine_.emplace(std::move(start().value()));
  }

  [[nodiscard]] bool sends(unsigned index) const {
    return (index % 2 == 0) == (role_ == handshake_role::responder);
  }
  [[nodiscard]] std::optional<handshake::outgoing> sent() { return machine_->poll_transmit(); }

  result<void> handle(unsigned index, byte_view body) {
    // Only now: what blinds message 1 must not use these up.
    if (index == 2) {
      add("m");
      add("x_i");
    }
    return machine_->handle_message(index, body, rng_);
  }

  result<handshake_output> output() {
    EXPECT_TRUE(rng_.script_is_used_up());
    return machine_->take_output();
  }

 private:
  void add(const char* key) {
    if (v_.has(key)) rng_.add_script(v_.bytes(key));
  }

  result<handshake> start() {
    handshake_options options;
    if (role_ == handshake_role::initiator) {
      options.suites = {suite_from_number(static_cast<std::uint16_t>(v_.number("suite"))).value()};
    }
    if (v_.has("code")) {
      const auto code = code_phrase::parse(v_.text("code"));
      return handshake::start_initial(role_, code.value(), ledger_, options, rng_);
    }
    const resume_keys keys(v_.array<16>("room_id"),
                           static_cast<std::uint32_t>(v_.number("generation")),
                           secret<64>(v_, "resume_secret"), std::nullopt);
    return handshake::start_resume(role_, keys, options, rng_);
  }

  const vector_file& v_;
  handshake_role role_;
  test::fixed_rng rng_;
  attempt_ledger ledger_;
  std::optional<handshake> machine_;
};

std::vector<byte_buffer> messages_in(const vector_file& v) {
  std::vector<byte_buffer> messages;
  byte_buffer wire = v.body;
  byte_span rest(wire);
  frame_decoder decoder(frames_of_handshake, limits::unauthenticated_frame_bytes_max);
  while (const auto frame = decoder.next(rest).value()) {
    EXPECT_EQ(static_cast<std::size_t>(frame->type),
              static_cast<std::size_t>(frame_type::handshake_0) + messages.size());
    messages.emplace_back(frame->body.begin(), frame->body.end());
  }
  EXPECT_TRUE(decoder.between_frames());
  return messages;
}

void check_output(const vector_file& v, const handshake_output& out) {
  EXPECT_EQ(static_cast<std::uint64_t>(out.suite), v.number("suite"));
  EXPECT_EQ(out.generation, v.has("generation") ? v.number("generation") + 1 : 0);
  EXPECT_EQ(to_hex(out.ts_i2r.view()), v.text("ts_i2r"));
  EXPECT_EQ(to_hex(out.ts_r2i.view()), v.text("ts_r2i"));
  EXPECT_EQ(to_hex(out.resume.view()), v.text("resume"));
  EXPECT_EQ(to_hex(out.export_secret.view()), v.text("export"));
  EXPECT_EQ(to_hex(out.claims.view()), v.text("claims"));
  EXPECT_EQ(to_hex(out.sas.view()), v.text("sas"));
  EXPECT_EQ(to_hex(out.th5), v.text("th5"));
}

void check_run(const vector_file& v) {
  played_side side(v);
  const auto messages = messages_in(v);
  std::string outcome = "success";
  for (unsigned index = 0; index < messages.size(); ++index) {
    ASSERT_EQ(outcome, "success") << "before message " << index;
    if (side.sends(index)) {
      const auto sent = side.sent();
      ASSERT_TRUE(sent && sent->index == index) << index;
      EXPECT_EQ(to_hex(sent->body), to_hex(messages[index])) << "message " << index;
    } else {
      outcome = outcome_of(side.handle(index, messages[index]));
    }
  }
  EXPECT_EQ(outcome, v.expect());
  if (!v.succeeds() || outcome != "success") return;
  const auto out = side.output();
  ASSERT_TRUE(out);
  check_output(v, *out);
}

void check(const vector_file& v) {
  static const std::map<std::string, void (*)(const vector_file&)> checks{
      {"code", check_code},   {"hello", check_hello},
      {"abort", check_abort}, {"share", check_share},
      {"agree", check_agree}, {"mask", check_mask},
      {"words", check_words}, {"resume_room", check_resume_room},
      {"run", check_run}};
  checks.at(v.text("kind"))(v);
}

TEST(ConformanceOfHandshake, HoldsForEachVector) { test::for_each_vector("handshake", check); }

}  // namespace
}  // namespace tallow::crypto
