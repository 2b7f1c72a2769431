// Two whole handshakes and a reconnect, every intermediate value, as an independent implementation
// computed them.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/crypto/verification_words.hpp>

#include "support/handshake_pair.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using nlohmann::json;
using test::fixed;
using test::hex;
using test::string_of;

template <std::size_t N>
secret_bytes<N> secret(const json& v, const char* key) {
  return secret_bytes<N>(fixed<N>(hex(v, key)));
}

template <std::size_t N>
std::string text(const secret_bytes<N>& s) {
  return to_hex(s.view());
}

/// What the two sides are expected to say, from the messages of the vector.
struct run {
  byte_buffer m0, m1, m2, m3, m4, hello_i;
  std::size_t share_bytes;

  run(const json& v, bool resume)
      : m0(hex(v, "M0")),
        m1(hex(v, "M1")),
        m2(hex(v, "M2")),
        m3(hex(v, "M3")),
        m4(hex(v, "M4")),
        hello_i(m1),
        share_bytes(resume ? 0 : 65) {
    hello_i.resize(m1.size() - share_bytes);
  }
};

void check_session_id_and_room(const json& v, const run& r, const room_id& room) {
  EXPECT_EQ(to_hex(room), string_of(v, "room_id"));
  EXPECT_EQ(to_hex(session_id_of(r.m0, r.hello_i, room)), string_of(v, "sid"));
}

void check_cpace(const json& v, const run& r) {
  test::fixed_rng rng;
  room_id room;
  std::copy_n(hex(v, "room_id").begin(), room.size(), room.begin());
  const secret_buffer channel = detail::cpace_channel(room);
  EXPECT_EQ(to_hex(channel.view()), string_of(v, "CI"));
  const byte_buffer password = hex(v, "password");
  const byte_buffer sid = hex(v, "sid");
  const cpace_context context{password, channel.view(), sid};
  const auto ya = secret<32>(v, "ya");
  const auto yb = secret<32>(v, "yb");
  const auto share_a = cpace_share_of(context, ya, rng);
  const auto share_b = cpace_share_of(context, yb, rng);
  ASSERT_TRUE(share_a && share_b);
  EXPECT_TRUE(equal(*share_a, byte_view(r.m1).last(65)));
  EXPECT_TRUE(equal(*share_b, byte_view(r.m2).first(65)));
  const auto session = fixed<32>(sid);
  session_id s;
  std::copy(session.begin(), session.end(), s.begin());
  const auto a = detail::cpace_key(ya, *share_b, s, *share_a, r.hello_i, *share_b, r.m0, rng);
  const auto b = detail::cpace_key(yb, *share_a, s, *share_a, r.hello_i, *share_b, r.m0, rng);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(text(*a), string_of(v, "isk"));
  EXPECT_EQ(text(*b), string_of(v, "isk"));
}

void check_schedule(const json& v, const run& r) {
  const auto isk = secret<32>(v, "isk");
  const byte_buffer sid = hex(v, "sid");
  transcript messages;
  messages.add(r.m0);
  messages.add(r.m1);
  const auto stage =
      detail::password_stage_of(messages, sid, isk, byte_view(r.m2).first(r.share_bytes));
  EXPECT_EQ(text(stage.early), string_of(v, "ES"));
  EXPECT_EQ(to_hex(stage.th2), string_of(v, "th2"));
  EXPECT_EQ(text(stage.mask), string_of(v, "prs2"));

  const auto hs = handshake_secret(stage.early, stage.th2, secret<32>(v, "k_hyb"));
  EXPECT_EQ(text(hs), string_of(v, "HS"));
  messages.add(r.m2);
  const auto th3 = messages.digest_with(byte_view(r.m3).first(1600));
  EXPECT_EQ(to_hex(th3), string_of(v, "th3"));
  const auto ctx3 = confirmation_context(th3, sha3_256({hex(v, "ek")}));
  EXPECT_EQ(to_hex(ctx3), string_of(v, "ctx3"));
  EXPECT_EQ(to_hex(confirm(hs, label::confirm_initiator, ctx3, ctx3)), string_of(v, "tag_I"));
  messages.add(r.m3);
  EXPECT_EQ(to_hex(messages.digest()), string_of(v, "th4"));
  EXPECT_EQ(to_hex(confirm(hs, label::confirm_responder, ctx3, messages.digest())),
            string_of(v, "tag_R"));
  messages.add(r.m4);
  EXPECT_EQ(to_hex(messages.digest()), string_of(v, "th5"));
  EXPECT_EQ(text(expand<64>(hs, label::master, messages.digest())), string_of(v, "MS"));
}

void check_keys(const json& v, const handshake_output& out) {
  EXPECT_EQ(text(out.ts_i2r), string_of(v, "ts_i2r"));
  EXPECT_EQ(text(out.ts_r2i), string_of(v, "ts_r2i"));
  EXPECT_EQ(text(out.resume), string_of(v, "resume"));
  EXPECT_EQ(text(out.export_secret), string_of(v, "export"));
  EXPECT_EQ(text(out.claims), string_of(v, "claims"));
  EXPECT_EQ(text(out.sas), string_of(v, "sas"));
  EXPECT_EQ(to_hex(out.th5), string_of(v, "th5"));
  for (const auto& [d, name] :
       {std::pair{direction::i2r, "i2r"}, std::pair{direction::r2i, "r2i"}}) {
    for (const std::uint32_t stream : {0U, 1U}) {
      const auto keys = record_keys_of(out.traffic(d), stream_id{stream});
      const std::string at =
          std::string("_") + name + "_stream" + std::to_string(stream) + "_epoch0";
      EXPECT_EQ(text(keys.key), string_of(v, "key" + at));
      EXPECT_EQ(text(keys.iv), string_of(v, "iv" + at));
    }
  }
  if (!v.contains("sas_words")) return;
  std::string words;
  for (const auto word : verification_words(out.sas)) {
    words.append(words.empty() ? "" : "-").append(word);
  }
  EXPECT_EQ(words, string_of(v, "sas_words"));
}

void check_kem_and_mask(const json& v, const run& r) {
  const auto seed = secret<64>(v, "dk_seed");
  const auto ek = ml_kem_public<ml_kem_1024>(seed);
  ASSERT_TRUE(ek);
  EXPECT_EQ(to_hex(*ek), string_of(v, "ek"));
  const byte_buffer sid = hex(v, "sid");
  const auto prs2 = secret<64>(v, "prs2");
  const auto masked = mask_key(*ek, secret<96>(v, "r"), prs2, sid);
  const byte_view sent = byte_view(r.m2).subspan(r.share_bytes);
  EXPECT_TRUE(equal(masked.s, sent.first(96)));
  EXPECT_TRUE(equal(masked.t, sent.subspan(96, 1536)));
  EXPECT_TRUE(equal(masked.rho, sent.subspan(96 + 1536, 32)));
  const auto unmasked = unmask_key(masked, prs2, sid);
  ASSERT_TRUE(unmasked);
  EXPECT_EQ(*unmasked, *ek);

  const auto x_r = secret<32>(v, "x_R");
  const auto x_i = secret<32>(v, "x_I");
  const auto big_r = x25519_public_of(x_r);
  const auto big_i = x25519_public_of(x_i);
  ASSERT_TRUE(big_r && big_i);
  EXPECT_TRUE(equal(*big_r, sent.last(32)));
  EXPECT_TRUE(equal(*big_i, byte_view(r.m3).subspan(1568, 32)));
  EXPECT_EQ(text(*x25519_agree(x_r, *big_i)), string_of(v, "ss_x"));
  const auto sealed = ml_kem_encapsulate<ml_kem_1024>(*ek, secret<32>(v, "m"));
  ASSERT_TRUE(sealed);
  EXPECT_EQ(text(sealed->secret), string_of(v, "ss_pq"));
  EXPECT_TRUE(equal(sealed->ciphertext, byte_view(r.m3).first(1568)));
  const auto opened =
      tallow_kem::decapsulate({seed.clone(), x_r.clone()}, byte_view(r.m3).first(1600));
  ASSERT_TRUE(opened);
  EXPECT_EQ(text(*opened), string_of(v, "k_hyb"));
}

/// A generator that gives out these values of the vector, in this order.
test::fixed_rng scripted(const json& v, byte_view nonce, std::initializer_list<const char*> keys) {
  test::fixed_rng rng(byte_buffer(nonce.begin(), nonce.end()));
  for (const char* key : keys) rng.add_script(hex(v, key));
  return rng;
}

/// Drives both machines and compares every byte that they send, and what they end with.
void check_machines(const json& v, const run& r, result<handshake> made_r, result<handshake> made_i,
                    test::fixed_rng& rng_r, test::fixed_rng& rng_i) {
  ASSERT_TRUE(made_r && made_i);
  const std::array<const byte_buffer*, 5> messages = {&r.m0, &r.m1, &r.m2, &r.m3, &r.m4};
  for (unsigned index = 0; index < 5; ++index) {
    handshake& from = index % 2 == 0 ? *made_r : *made_i;
    handshake& to = index % 2 == 0 ? *made_i : *made_r;
    const auto out = from.poll_transmit();
    ASSERT_TRUE(out.has_value());
    ASSERT_EQ(out->index, index);
    ASSERT_EQ(to_hex(out->body), to_hex(*messages[index])) << "message " << index;
    // Only now: what blinded message 1 must not have used these up.
    if (index == 2) rng_i.add_script(hex(v, "m"));
    if (index == 2) rng_i.add_script(hex(v, "x_I"));
    ASSERT_TRUE(to.handle_message(index, out->body, index % 2 == 0 ? rng_i : rng_r));
  }
  EXPECT_TRUE(rng_r.script_is_used_up() && rng_i.script_is_used_up());
  const auto out_r = made_r->take_output();
  const auto out_i = made_i->take_output();
  ASSERT_TRUE(out_r && out_i);
  check_keys(v, *out_r);
  check_keys(v, *out_i);
}

TEST(HandshakeKat, ReproducesBothRuns) {
  const json all = test::load_vectors("handshake_kat.json");
  ASSERT_EQ(all.at("vectors").size(), 2U);
  for (const json& v : all.at("vectors")) {
    const run r(v, false);
    const byte_buffer code_bytes = hex(v, "code");
    const auto code = code_phrase::parse(as_text(code_bytes));
    ASSERT_TRUE(code);
    EXPECT_EQ(std::to_string(code->nameplate()), as_text(hex(v, "nameplate")));
    EXPECT_EQ(to_hex(code->password()), string_of(v, "password"));
    check_session_id_and_room(v, r, code->room());
    check_cpace(v, r);
    check_schedule(v, r);
    check_kem_and_mask(v, r);

    auto rng_r = scripted(v, byte_view(r.m0).last(32), {"yb", "dk_seed", "r", "x_R"});
    auto rng_i = scripted(v, byte_view(r.hello_i).last(32), {"ya"});
    attempt_ledger ledger_r;
    attempt_ledger ledger_i;
    byte_view first = r.m1;
    const auto selected = decode_hello(first);
    ASSERT_TRUE(selected);
    const handshake_options options_i{{*suite_from_number(selected->suites.front())}};
    check_machines(
        v, r, handshake::start_initial(handshake_role::responder, *code, ledger_r, {}, rng_r),
        handshake::start_initial(handshake_role::initiator, *code, ledger_i, options_i, rng_i),
        rng_r, rng_i);
  }
}

TEST(HandshakeKat, ReproducesTheReconnect) {
  const json all = test::load_vectors("handshake_kat.json");
  ASSERT_EQ(all.at("resume").size(), 1U);
  const json& v = all.at("resume").at(0);
  const run r(v, true);
  const resume_keys keys(secret<64>(v, "resume_first"));
  EXPECT_EQ(keys.newest(), secret<64>(v, "resume_generation"));
  check_session_id_and_room(v, r, keys.room());
  session_id sid;
  const byte_buffer sid_bytes = hex(v, "sid");
  std::copy_n(sid_bytes.begin(), sid.size(), sid.begin());
  EXPECT_EQ(text(detail::resume_isk(keys.newest(), sid)), string_of(v, "isk"));
  check_schedule(v, r);
  check_kem_and_mask(v, r);

  auto rng_r = scripted(v, byte_view(r.m0).last(32), {"dk_seed", "r", "x_R"});
  auto rng_i = scripted(v, byte_view(r.hello_i).last(32), {});
  check_machines(v, r, handshake::start_resume(handshake_role::responder, keys, {}, rng_r),
                 handshake::start_resume(handshake_role::initiator, keys, {}, rng_i), rng_r, rng_i);
}

}  // namespace
}  // namespace tallow::crypto
