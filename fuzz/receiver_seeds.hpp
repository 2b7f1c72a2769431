// Senders to begin with: one that keeps to everything, and some that do not.
#pragma once

#include <string>

namespace tallow::fuzz {

/// @param out  takes add_hex(name, hexadecimal)
template <class Corpus>
void write_senders(const Corpus& out) {
  constexpr const char* begin = "0000";
  // Of 9,700 and 97 bytes: three chunks.
  constexpr const char* two_files =
      "0100000002"
      "000064"
      "010001";
  constexpr const char* accept = "02";
  constexpr const char* chunk = "030000";
  constexpr const char* finish =
      "05000600000000"
      "08";
  const auto add = [&](const char* name, auto... parts) {
    std::string hex;
    ((hex += parts), ...);
    out.add_hex(name, hex);
  };
  add("honest", begin, two_files, accept, chunk, chunk, chunk, finish);
  add("in_disorder", begin, two_files, accept, "030300", "030200", "030100", finish);
  add("slow", begin, two_files, accept, "090a", chunk, "090a", chunk, "090a", chunk, finish);
  add("two_pages", begin, "0100000101000064", "0100000001010005", accept, chunk, chunk, chunk,
      finish);
  add("folder_and_link", begin, "0100000004", "0301", "040005", "001262", "010005", accept, chunk,
      finish);
  add("nothing", begin, "0100000000", accept, finish);
  add("error_names", begin, "0100000005", "070001", "080001", "090001", "0a0001", "0b0001", accept,
      finish);
  add("error_same_name", begin, "0100000002", "000001", "000001", accept, chunk, finish);
  add("error_below_a_file", begin, "0100000002", "010001", "060001", accept, chunk, finish);
  add("error_end_early", begin, two_files, accept, chunk, finish);
  add("error_chunk_twice", begin, two_files, accept, "030100", "030100", finish);
  add("error_chunk_short", begin, two_files, accept, "030007");
  add("error_chunk_beyond", begin, two_files, accept, "030700");
  add("error_zstd", begin, two_files, accept, "040000", "0728b52ffd005800");
  add("error_huge", begin, "0100000001", "00400000", accept);
  add("error_early", two_files);
  add("error_same_role", "0001");
  add("error_stream", "0002", "0100000001", "000000", accept, chunk);
  add("error_says_anything", begin, "07000f", "07010e00");
}

}  // namespace tallow::fuzz
