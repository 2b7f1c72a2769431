// Seeds for codes, records, handshakes and paths: a run that goes well, and one for each way that
// it does not.
#pragma once

#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

template <class Corpus>
void write_codes(const Corpus& out) {
  const auto add = [&](const char* name, std::string_view text) { out.add(name, as_bytes(text)); };
  add("words", "7-crossover-clockwork-zebra");
  add("spaces_and_capitals", "  7 Crossover__clockwork-- ");
  add("twelve_characters", "0-abcdefghijkl");
  add("large_number", "999999999-crossover-clockwork");
  add("error_weak", "7-crossover-x");
  add("error_number_too_long", "1234567890-crossover-clockwork");
  add("error_leading_zero", "07-crossover-clockwork");
  add("error_no_number", "crossover-clockwork");
  add("error_no_words", "7-");
  add("error_look_alike", "7-cr\u043essover-clockwork");
}

template <class Corpus>
void write_paths(const Corpus& out) {
  using namespace std::string_view_literals;
  const auto add = [&](const char* name, std::string_view text) { out.add(name, as_bytes(text)); };
  add("file", "a/b/c");
  add("link_beside", "a/b\0c"sv);
  add("link_up", "a/b/c\0../../d"sv);
  add("link_out", "a/b\0../../c"sv);
  add("link_out_late", "a/b\0c/../../.."sv);
  add("link_root", "a\0/etc"sv);
  add("error_up", "a/../b");
  add("error_dot", "./a");
  add("error_absolute", "/a");
  add("error_empty_part", "a//b");
  add("error_utf8", "a\xff");
  add("shown", "a\x1b[31m\u202e\\\n");
  add("long_name", std::string(256, 'a'));
}

template <class Corpus>
void write_records(const Corpus& out) {
  out.add_hex("in_order_gcm",
              "00"
              "0011"
              "0000"
              "0021"
              "0200"
              "0200"
              "0200");
  out.add_hex("in_order_chacha",
              "01"
              "0011"
              "0000"
              "0041"
              "0200"
              "0200"
              "0200");
  out.add_hex("error_flipped",
              "00"
              "0011"
              "0011"
              "0305"
              "0200");
  out.add_hex("error_cut",
              "01"
              "0011"
              "0407");
  out.add_hex("error_order",
              "00"
              "0011"
              "0012"
              "0501"
              "0200");
  out.add_hex("error_repeated",
              "00"
              "0011"
              "0200"
              "0600");
  out.add_hex("error_header",
              "01"
              "0011"
              "0703");
}

template <class Corpus>
void write_handshakes(const Corpus& out) {
  const std::string good =
      "0000"
      "0001"
      "0000"
      "0001"
      "0000";
  out.add_hex("first", "00" + good);
  out.add_hex("resumed", "01" + good);
  out.add_hex("error_flipped_first",
              "00"
              "03000010");
  out.add_hex("error_flipped_last",
              "00"
              "0000"
              "0001"
              "0000"
              "0001"
              "03000005");
  out.add_hex("error_flipped_key",
              "00"
              "0000"
              "0001"
              "03000100");
  out.add_hex("error_cut",
              "01"
              "0000"
              "04010020");
  out.add_hex("error_repeated",
              "00"
              "0000"
              "0001"
              "050000");
  out.add_hex("error_other",
              "00"
              "060000000401020304");
  out.add_hex("error_abort",
              "00"
              "0000"
              "0001"
              "06000500010a");
  out.add_hex("error_more",
              "01"
              "0000"
              "070100000001ff");
}

}  // namespace tallow::fuzz
