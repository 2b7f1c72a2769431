// Receivers to begin with: one that keeps to everything, and some that do not.
#pragma once

#include <string>

namespace tallow::fuzz {

/// @param out  takes add_hex(name, hexadecimal)
template <class Corpus>
void write_receivers(const Corpus& out) {
  // Six files, five chunks.
  constexpr const char* some = "00";
  constexpr const char* begin = "0000";
  constexpr const char* accept = "010000";
  constexpr const char* take = "0200";
  constexpr const char* read = "0300";
  constexpr const char* acknowledge = "040000";
  constexpr const char* chunk = "02000300040000";
  constexpr const char* finish = "07000000";
  constexpr const char* claims_begin = "050000";
  constexpr const char* claims_end = "05ff";
  constexpr const char* compare = "06";
  constexpr const char* wait = "0914";
  const auto add = [&](const char* name, auto... parts) {
    std::string hex;
    ((hex += parts), ...);
    out.add_hex(name, hex);
  };
  add("honest", some, begin, accept, chunk, chunk, chunk, chunk, chunk, finish);
  add("many_pages", "01", begin, accept, accept, chunk, chunk, chunk, chunk, chunk, chunk, chunk,
      chunk, chunk, chunk, chunk, chunk, chunk, chunk, chunk, chunk, chunk, chunk, finish);
  add("one_file", "02", begin, accept, chunk, chunk, chunk, finish);
  add("nothing", "03", begin, accept, finish);
  add("two_lanes", some, begin, accept, take, "0201", "0301", "0300", acknowledge, acknowledge,
      chunk, chunk, chunk, finish);
  add("lane_lost", some, begin, accept, take, read, take, "0a00", "0300", chunk, chunk, chunk,
      chunk, chunk, chunk, finish);
  add("all_lanes_lost", some, begin, accept, take, read, take, read, "0aff", chunk, chunk, chunk,
      chunk, chunk, finish);
  add("declines", some, begin, "0100020000", "0300", chunk, chunk, chunk, finish);
  add("declines_all", "02", begin, "0100010000", take, finish);
  add("words", some, "0004", "0b", "08000a", accept, chunk, chunk, chunk, chunk, chunk, finish);
  add("claims", some, begin, claims_begin, accept, "050300", compare, compare, compare, wait, wait,
      claims_end, chunk, chunk, finish);
  add("claims_wrong", some, begin, claims_begin, accept, "050b00", compare, compare, compare, wait,
      claims_end, chunk, chunk, chunk, finish);
  add("claims_none", some, begin, claims_end, accept, chunk, chunk, chunk, chunk, chunk, finish);
  add("error_same_role", some, "0001");
  add("error_twice", some, begin, begin);
  add("error_early", some, accept);
  add("error_page", some, begin, "010500");
  add("error_declines_far", some, begin, "010001ff00");
  add("error_declines_back", some, begin, "01000203000100");
  add("error_ack_early", some, begin, accept, "040100");
  add("error_ack_range", some, begin, accept, take, read, "040009");
  add("ack_before_read", some, begin, accept, take, "040100", read, chunk, chunk, chunk, chunk,
      finish);
  add("error_claim_late", some, begin, accept, claims_begin);
  add("error_claim_back", some, begin, claims_begin, accept, "050300", "050100");
  add("error_claim_far", some, begin, claims_begin, accept, "050163");
  add("error_done_early", some, begin, accept, chunk, finish);
  add("error_totals", some, begin, accept, chunk, chunk, chunk, chunk, chunk, "07000300");
  add("error_failed_entry", some, begin, accept, chunk, chunk, chunk, chunk, chunk, "0702060109");
  add("fails_one", some, begin, accept, chunk, chunk, chunk, chunk, chunk, "0702060101");
  add("error_says_anything", some, begin, "08000f");
}

}  // namespace tallow::fuzz
