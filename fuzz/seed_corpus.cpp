// Writes the seed corpora, or says which of their files are out of date:
//
//   seed_corpus write|check fuzz/corpus
//
// One file for each type of frame and message, one for each error that an input can cause, and one
// for each way that a journal is damaged.
// The files are checked in, so that a fuzz run needs nothing; a test runs the check.

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/data_record.hpp>
#include <tallow/wire/message.hpp>

#include "fuzz/crypto_seeds.hpp"
#include "fuzz/mdns_seeds.hpp"
#include "fuzz/operator_seeds.hpp"
#include "fuzz/receiver_seeds.hpp"
#include "fuzz/relay_seeds.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/sender_seeds.hpp"
#include "fuzz/tls_seeds.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)
using fuzz::fullness;

/// Seeds stay small: what is at its fullest and above this teaches a fuzzer nothing.
constexpr std::size_t seed_bytes_max = 2048;

struct corpus {
  std::filesystem::path folder;
  bool check = false;
  std::size_t* out_of_date = nullptr;

  void add(const std::string& name, byte_view input) const {
    const std::filesystem::path path = folder / name;
    if (!check) {
      std::ofstream file(path, std::ios::binary);
      file.write(as_text(input).data(), static_cast<std::streamsize>(input.size()));
      file.flush();
      if (file) return;
    } else {
      std::ifstream file(path, std::ios::binary);
      const std::string there{std::istreambuf_iterator<char>(file), {}};
      if (file && there == as_text(input)) return;
    }
    std::fprintf(stderr, "%s %s\n", check ? "out of date:" : "cannot write", path.c_str());
    ++*out_of_date;
  }

  void add_hex(const std::string& name, std::string_view hex) const { add(name, *from_hex(hex)); }
};

std::string_view fullness_name(fullness how) {
  switch (how) {
    case fullness::least: return "least";
    case fullness::random: return "random";
    case fullness::most: return "most";
  }
  return "";
}

void write_messages(const corpus& out) {
  for (const fullness how : {fullness::least, fullness::random, fullness::most}) {
    const auto add = [&](std::string_view kind, unsigned type, byte_view body, frame_type frame) {
      byte_buffer input{static_cast<std::byte>(frame)};
      append(input, body);
      if (input.size() > seed_bytes_max) return;
      char number[4];
      std::snprintf(number, sizeof number, "%02x", type);
      out.add(std::string(kind) + "_" + number + "_" + std::string(fullness_name(how)), input);
    };
    fuzz::for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
      byte_buffer body;
      encode_body(body, fuzz::sample<M>(how));
      add("relay", static_cast<unsigned>(M::type), body, M::type);
    });
    fuzz::for_each_message<peer_messages>([&]<class M>(std::type_identity<M>) {
      byte_buffer plaintext;
      append_sealed_plaintext(plaintext, fuzz::sample<M>(how));
      add("sealed", static_cast<unsigned>(M::type), plaintext, frame_type::sealed);
    });
  }
  out.add_hex("sealed_08_data",
              "30"
              "08"
              "01"
              "0000000000000102"
              "aabbccdd");
}

void write_refused_messages(const corpus& out) {
  out.add_hex("error_truncated", "0e80");  // QUOTA_WARNING
  out.add_hex("error_trailing_bytes", "0e0000");
  out.add_hex("error_varint_too_long", "0effffffffffffffffffff7f");
  out.add_hex("error_varint_not_shortest", "0e8000");
  out.add_hex("error_bool_invalid",
              "30"
              "04"
              "00"
              "00"
              "02");                          // MANIFEST
  out.add_hex("error_enum_invalid", "1303");  // CLOSE
  out.add_hex("error_utf8_invalid",
              "01"
              "00"
              "01"
              "80");  // CLIENT_HELLO
  out.add_hex("error_length_above_limit",
              "01"
              "09"
              "010101010101010101"
              "00");
  out.add_hex("error_count_above_rest",
              "30"
              "09"
              "8004"
              "0101");                             // ACK
  out.add_hex("error_variant_unknown", "0d0200");  // LANE_OPEN
  out.add_hex("error_message_type_unknown",
              "30"
              "7f");
  out.add_hex("error_codec_unknown",
              "30"
              "08"
              "02"
              "0000000000000000");
  out.add_hex("error_data_truncated",
              "30"
              "08"
              "00"
              "00000000");
  out.add_hex("error_sealed_empty", "30");
  out.add_hex("error_message_too_large", "1201");  // PONG has no body
}

// The first byte of an input: see fuzz::setting_of.
constexpr std::byte to_relay{0};
constexpr std::byte from_relay{1};
constexpr std::byte handshake{2};
constexpr std::byte lane{3};
constexpr std::byte capped{4};

byte_buffer stream_of(std::byte setting) { return {setting}; }

void add_frame(byte_buffer& stream, frame_type type, std::size_t body_bytes) {
  byte_buffer body(body_bytes);
  fuzz::seeded_random random(body_bytes);
  for (std::byte& b : body) b = random.byte();
  if (!append_frame(stream, type, body)) std::fputs("a seed does not fit its frame\n", stderr);
}

void write_frames(const corpus& out) {
#define TALLOW_X(name, number, bytes_max)                                       \
  {                                                                             \
    const auto type = frame_type::name;                                         \
    const std::byte setting = frames_to_relay.contains(type)       ? to_relay   \
                              : frames_from_relay.contains(type)   ? from_relay \
                              : frames_of_handshake.contains(type) ? handshake  \
                                                                   : lane;      \
    byte_buffer stream = stream_of(setting);                                    \
    add_frame(stream, type, std::min<std::size_t>(bytes_max, 40));              \
    add_frame(stream, type, 0);                                                 \
    out.add("type_" #name, stream);                                             \
  }
  TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X

  out.add("empty_stream", stream_of(lane));
  byte_buffer many = stream_of(lane);
  for (const std::size_t bytes : {0U, 1U, 7U, 8U, 9U, 255U, 256U, 600U}) {
    add_frame(many, frame_type::data, bytes);
  }
  out.add("many_frames", many);
  byte_buffer cut = many;
  cut.resize(cut.size() - 1);
  out.add("ends_in_body", cut);
  cut.resize(1 + 5);
  out.add("ends_in_header", cut);
  cut.resize(1 + 8 + 8);
  out.add("ends_after_header", cut);
  byte_buffer longest = stream_of(lane | capped);
  add_frame(longest, frame_type::data, limits::unauthenticated_frame_bytes_max);
  out.add("longest_unauthenticated", longest);
}

void write_refused_frames(const corpus& out) {
  out.add_hex("error_type_unknown",
              "00"
              "00000000"
              "7f"
              "00"
              "0000");
  out.add_hex("error_type_not_allowed",
              "00"
              "00000000"
              "02"
              "00"
              "0000");
  out.add_hex("error_too_large",
              "00"
              "00000001"
              "11"
              "00"
              "0000");
  out.add_hex("error_too_large_for_stranger",
              "07"
              "00001001"
              "31"
              "00"
              "0000");
  out.add_hex("error_length_huge",
              "03"
              "ffffffff"
              "31"
              "00"
              "0000");
  out.add_hex("error_flags_set",
              "00"
              "00000000"
              "11"
              "01"
              "0000");
  out.add_hex("error_reserved_set",
              "00"
              "00000000"
              "11"
              "00"
              "0001");
  out.add_hex("error_in_second_frame",
              "00"
              "0000000011000000"
              "00000000fe000000");
}

// The first byte of an input chooses between steps and a whole file: see fuzz::journal_program.
constexpr struct {
  const char* name;
  const char* hex;
} journals[] = {
    {"begun", "00"},
    {"one_record",
     "00"
     "00"
     "000502"},
    {"three_ranges",
     "00"
     "02"
     "000002"
     "000500"
     "1000ff"},
    {"ranges_that_meet",
     "00"
     "01"
     "000002"
     "000304"},
    {"mark_of_nothing",
     "00"
     "00"
     "000502"
     "03"
     "00"},
    {"mark_of_all",
     "00"
     "00"
     "000502"
     "03"
     "01"},
    {"written_behind_mark",
     "00"
     "00"
     "000502"
     "03"
     "01"
     "00"
     "010001"},
    {"mark_goes_back",
     "00"
     "00"
     "000502"
     "00"
     "010001"
     "03"
     "02"
     "03"
     "01"},
    {"cut_to_nothing",
     "00"
     "00"
     "000502"
     "04"
     "0000"},
    {"cut_in_header",
     "00"
     "00"
     "000502"
     "04"
     "0010"},
    {"cut_in_record",
     "00"
     "00"
     "000502"
     "04"
     "0040"},
    {"cut_in_mark",
     "00"
     "00"
     "000502"
     "03"
     "01"
     "04"
     "0050"},
    {"flip_magic",
     "00"
     "00"
     "000502"
     "05"
     "0000"
     "00"},
    {"flip_version",
     "00"
     "00"
     "000502"
     "05"
     "000b"
     "00"},
    {"flip_chunk_bytes",
     "00"
     "00"
     "000502"
     "05"
     "000d"
     "00"},
    {"flip_key",
     "00"
     "00"
     "000502"
     "05"
     "0010"
     "00"},
    {"flip_boot",
     "00"
     "00"
     "000502"
     "05"
     "0020"
     "00"},
    {"flip_header_check",
     "00"
     "00"
     "000502"
     "05"
     "0030"
     "07"},
    {"flip_kind",
     "00"
     "00"
     "000502"
     "05"
     "0038"
     "00"},
    {"flip_length",
     "00"
     "00"
     "000502"
     "05"
     "003a"
     "00"},
    {"flip_range",
     "00"
     "00"
     "000502"
     "05"
     "003c"
     "00"},
    {"flip_check",
     "00"
     "00"
     "000502"
     "05"
     "0045"
     "07"},
    {"zeros_behind",
     "00"
     "00"
     "000502"
     "06"
     "0046"
     "20"
     "00"},
    {"bytes_in_between",
     "00"
     "00"
     "000502"
     "06"
     "0038"
     "03"
     "01"},
    {"record_twice",
     "00"
     "00"
     "000502"
     "07"
     "0038"},
    {"header_twice",
     "00"
     "00"
     "000502"
     "07"
     "0000"},
    {"damaged_twice",
     "00"
     "00"
     "000502"
     "00"
     "010001"
     "05"
     "0047"
     "00"
     "04"
     "0050"},
    {"file_begun",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a"},
    {"file_whole",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a010006020003ac02"
     "0170999ee1f5208d5d02000800000000"
     "00000049fd29f66b29bcd0d601000401"
     "e80704972f8c8b6f950980"},
    {"file_torn",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a010006020003ac02"
     "0170999ee1f5208d5d02000800000000"
     "00000049fd29f66b29bcd0d601000401"
     "e80704972f8c8b6f"},
    {"file_other_version",
     "01"
     "74616c6c6f776a0a0000000200040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "10e0ce86fbb71e18"},
    {"file_other_key",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "00000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "f5ddd31d860169dd"},
    {"file_kind_unknown",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a090001007dcd933f"
     "13ae88d5"},
    {"file_no_range",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a01000100f94b21f0"
     "2fa3fcac"},
    {"file_range_empty",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a010003010000744b"
     "359aabfb4c15"},
    {"file_range_beyond",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a01000c01ffffffff"
     "ffffffffff0101081f62710ce35b49"},
    {"file_mark_beyond",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a0200080000000000"
     "0000391312793249a56be0"},
    {"file_mark_short",
     "01"
     "74616c6c6f776a0a0000000100040000"
     "11000000000000000000000000000000"
     "b0000000000000000000000000000000"
     "8c5e1329554c394a02000138040722ea"
     "6fd8c0b8"},
};

void write_journals(const corpus& out) {
  for (const auto& [name, hex] : journals) out.add_hex(name, hex);
}

// Two bytes for the length of the chunk, less one: see fuzz/chunk_codec.hpp. The frames are written
// out, because what zstd makes of a text is another thing in another version of it.
void write_chunks(const corpus& out) {
  const std::string header = "28b52ffd60000f";  // single segment; a content of 4096 bytes
  const std::string run = "03800078";           // last block, a run: 4096 times the letter x
  const auto add = [&](const std::string& name, const std::string& hex) {
    out.add_hex(name, "0fff" + hex);
  };
  add("run", header + run);
  add("run_in_window", "28b52ffd4010000f" + run);
  add("two_blocks", header + "02400078" + "03400078");
  out.add_hex("text",
              "0335"
              "28b52ffd603602450500624b1a12b0a90380124a44022a6d9964925276160dc4406ba773eb74dba73ea5"
              "54e5e7d2ccaf377e91e74c4bb9c5743ade5766648f8fe564d5164f7964abc6f752d12f45b62b4644f36b"
              "eebb961d2a72ce535875ff9eb948462d9eeb39edcd15c080a48002622487101403114ea81170ccde3f03"
              "a0598e01104a28940f7c536c632850dcf637a1e186641ef8c25f81645809133c3c020a6942455c020301"
              "3c1008ce98b84d655205");
  const std::string_view plain = "one line of a text, one line of a text, one line of a text again";
  byte_buffer text{std::byte{0}, std::byte{63}};
  append(text, as_bytes(plain));
  out.add("not_a_frame", text);
  out.add_hex("empty_frame", "0000");

  add("error_length_less", "28b52ffd60ff0e" + run);
  add("error_length_more", "28b52ffd60010f" + run);
  add("error_length_huge", "28b52ffde0ffffffffffffffff" + run);
  add("error_length_missing", "28b52ffd0010" + run);
  add("error_content_less", header + "fb7f0078");
  add("error_content_more", header + "0b800078");
  add("error_bomb", header + "02001078" + "02001078" + "03001078");
  add("error_window", "28b52ffd4011000f" + run);
  add("error_window_huge", "28b52ffd40ff000f" + run);
  add("error_dictionary", "28b52ffd6107000f" + run);
  add("error_checksum", "28b52ffd64000f" + run + "00000000");
  add("error_reserved", "28b52ffd68000f" + run);
  add("error_unused", "28b52ffd70000f" + run);
  add("error_magic", "27b52ffd60000f" + run);
  add("error_block_type", header + "07800078");
  add("error_cut_in_header", "28b52ffd6000");
  add("error_cut_in_block", header + "0380");
  add("error_without_last", header + "02800078");
  add("error_byte_behind", header + run + "00");
  add("error_frame_behind", header + run + "28b52ffd2000010000");
  add("error_skippable_behind", header + run + "502a4d1800000000");
  add("error_skippable", "502a4d180400000001020304");
  out.add_hex("error_not_smaller",
              "0003"
              "28b52ffd2004"
              "210000"
              "61626364");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc == 3 ? argv[1] : "";
  if (verb != "write" && verb != "check") {
    std::fputs("usage: seed_corpus write|check FOLDER\n", stderr);
    return 2;
  }
  std::size_t out_of_date = 0;
  const auto corpus_of = [&](const char* name) {
    const auto folder = std::filesystem::path(argv[2]) / name;
    if (verb == "write") std::filesystem::create_directories(folder);
    return corpus{folder, verb == "check", &out_of_date};
  };
  write_messages(corpus_of("message_codec"));
  write_refused_messages(corpus_of("message_codec"));
  write_frames(corpus_of("frame_decoder"));
  write_refused_frames(corpus_of("frame_decoder"));
  write_journals(corpus_of("journal"));
  write_chunks(corpus_of("chunk_codec"));
  fuzz::write_codes(corpus_of("code_phrase"));
  fuzz::write_paths(corpus_of("path_rules"));
  fuzz::write_senders(corpus_of("receiver"));
  fuzz::write_receivers(corpus_of("sender"));
  fuzz::write_records(corpus_of("record_opener"));
  fuzz::write_handshakes(corpus_of("handshake"));
  fuzz::write_relay_events(corpus_of("relay_core"));
  fuzz::write_proxy_headers(corpus_of("proxy_header"));
  fuzz::write_addresses(corpus_of("address_rules"));
  fuzz::write_tls_streams(corpus_of("first_bytes_tls"));
  fuzz::write_mdns_messages(corpus_of("mdns_message"));
  fuzz::write_http_heads(corpus_of("http_head"));
  fuzz::write_relay_configs(corpus_of("relay_config"));
  corpus_of("canary").add_hex("empty", "");
  return out_of_date == 0 ? 0 : 1;
}
