// Seeds for what a relay reads: a file for each form, and for each mistake that is told apart.
#pragma once

#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

template <class Corpus>
void write_proxy_headers(const Corpus& out) {
  const auto line = [&](const char* name, std::string_view text) {
    out.add(name, as_bytes(std::string(text) + "\r\nbehind"));
  };
  line("v1_tcp4", "PROXY TCP4 192.0.2.7 198.51.100.1 56324 9009");
  line("v1_tcp6", "PROXY TCP6 2001:db8::1 2001:db8::2 4124 9009");
  line("v1_unknown", "PROXY UNKNOWN");
  line("v1_unknown_more", "PROXY UNKNOWN ffff::1 ffff::2 1 2");
  line("error_v1_family", "PROXY TCP4 2001:db8::1 2001:db8::2 4124 9009");
  line("error_v1_port", "PROXY TCP4 192.0.2.7 198.51.100.1 65536 9009");
  line("error_v1_padded", "PROXY TCP4 192.0.2.7 198.51.100.1 01 9009");
  line("error_v1_blanks", "PROXY  TCP4 192.0.2.7 198.51.100.1 1 9009");
  line("error_v1_scope", "PROXY TCP6 fe80::1%lo fe80::2 1 9009");
  line("error_v1_scope_unused", "PROXY TCP6 2001:db8::1%lo 2001:db8::2 1 9009");
  line("error_v1_short", "PROXY TCP4 192.0.2.7");
  out.add("error_v1_long", as_bytes("PROXY UNKNOWN " + std::string(120, 'x')));
  out.add("error_other", as_bytes("SSH-2.0-OpenSSH_9.2"));
  const std::string signature = "0d0a0d0a000d0a515549540a";
  const std::string v4 = "c0000207c63364012af82331";
  const std::string v6 =
      "20010db800000000000000000000000120010db8000000000000000000000002"
      "101c2331";
  const auto block = [&](const char* name, const std::string& hex) {
    out.add_hex(name, signature + hex + "626568696e64");
  };
  block("v2_tcp4", "2111000c" + v4);
  block("v2_tcp4_more", "21110013" + v4 + "04000401020304");
  block("v2_tcp6", "21210024" + v6);
  block("v2_local", "20000000");
  block("v2_local_more", "20000003aabbcc");
  block("v2_unknown", "21000000");
  block("error_v2_version", "3111000c" + v4);
  block("error_v2_command", "2211000c" + v4);
  block("error_v2_udp", "2112000c" + v4);
  block("error_v2_unix", "213100d8" + std::string(432, '0'));
  block("error_v2_short", "2111000b" + v4);
  block("error_v2_long", "2111ffff");
}

template <class Corpus>
void write_addresses(const Corpus& out) {
  const std::string plain = "20010db8000000000000000000000001";
  const std::string mapped = "00000000000000000000ffffc0000207";
  const auto add = [&](const char* name, const std::string& bytes, std::string_view text) {
    out.add_hex(name, bytes + to_hex(as_bytes(text)));
  };
  add("v4", mapped, "192.0.2.7");
  add("v4_block", mapped, "192.0.2.0/24");
  add("v4_all", mapped, "0.0.0.0/0");
  add("v6", plain, "2001:db8::1");
  add("v6_block", plain, "2001:db8::/32");
  add("v6_all", mapped, "::/0");
  add("mapped", mapped, "::ffff:192.0.2.7");
  add("mapped_block", mapped, "::ffff:192.0.2.0/120");
  add("error_mapped_short", mapped, "::ffff:192.0.2.0/95");
  add("error_bits", mapped, "192.0.2.0/33");
  add("error_no_bits", mapped, "192.0.2.0/");
  add("error_scope", plain, "fe80::1%lo");
  add("error_scope_unused", plain, "2001:db8::1%lo/32");
  add("error_name", plain, "localhost");
  add("host", plain, "relay.example");
  add("host_port", plain, "relay.example:9010");
  add("brackets", plain, "[2001:db8::1]:9010");
  add("pin", plain, "relay.example:9009#" + std::string(64, 'a'));
  add("error_pin", plain, "relay.example#" + std::string(63, 'a'));
  add("error_brackets", plain, "[2001:db8::1");
  add("error_url", plain, "https://relay.example");
  add("error_colons", plain, "2001:db8::1:9009");
  add("error_port_zero", plain, "relay.example:0");
}

template <class Corpus>
void write_relay_events(const Corpus& out) {
  // See relay_driver::step. Two of each: connect, say hello, ask for a room.
  const std::string two =
      "0000"
      "0000"
      "0200"
      "0201";
  const auto add = [&](const char* name, const std::string& hex) { out.add_hex(name, hex); };
  const std::string pair = two +
                           "030000"
                           "030101"
                           "0c";
  const std::string live = pair +
                           "040000"
                           "0c";
  add("connected",
      "00"
      "0000");
  add("silent",
      "00"
      "0000"
      "0a03");
  add("greeted",
      "00"
      "0000"
      "0200"
      "0c");
  add("made",
      "00"
      "0000"
      "0200"
      "030080"
      "0c");
  add("paired", "00" + pair);
  add("live", "00" + live);
  add("live_left", "00" + live +
                       "0900"
                       "0c");
  add("closed", "00" + live +
                    "040003"
                    "0c");
  add("spent", "00" + live +
                   "040004"
                   "0c"
                   "0000"
                   "0202"
                   "030201");
  add("slices", "00" + live +
                    "050003"
                    "050101"
                    "0c");
  add("quota", "01" + live +
                   "0500fc"
                   "0500fc"
                   "0500fc"
                   "0c");
  add("slow", "00" + live +
                  "0500fc"
                  "0500fc"
                  "0500fc"
                  "0500fc"
                  "0a04");
  add("bandwidth", "06" + live +
                       "0500fc"
                       "0501fc"
                       "0a02"
                       "0c");
  add("lanes", "00" + live +
                   "040016"
                   "040116"
                   "0c"
                   "060000"
                   "060200"
                   "070210");
  add("lanes_paid", "06" + live +
                        "040016"
                        "040116"
                        "0c"
                        "060000"
                        "060200"
                        "080200"
                        "0a02"
                        "080201");
  add("lane_ends", "00" + live +
                       "040016"
                       "040116"
                       "0c"
                       "060000"
                       "060200"
                       "0900");
  add("third", "00" + pair +
                   "0000"
                   "0202"
                   "030202"
                   "0c");
  add("same_side", "00" + pair +
                       "0000"
                       "0202"
                       "030200"
                       "0c");
  add("expired",
      "08"
      "0000"
      "0200"
      "030000"
      "0a05");
  add("pairing_ends", "00" + pair +
                          "0a04"
                          "0c"
                          "040002");
  add("drained", "00" + live +
                     "0d0700"
                     "0a03");
  add("refused",
      "00"
      "0000"
      "0d0300"
      "0c");
  add("offence",
      "00"
      "0000"
      "0200"
      "0100"
      "08"
      "0000000099000000");
  add("pings", "00" + live +
                   "040001"
                   "040102"
                   "0c");
  add("overdrawn", "01" + live +
                       "050050"
                       "050050"
                       "0c");
  add("clash", "00" + two +
                   "030005"
                   "030106"
                   "0c");
  // The room of one who meets several: the third waits for his turn, and comes when it is over.
  add("several", "00" + two +
                     "030069"
                     "03012e"
                     "0c"
                     "040000"
                     "0000"
                     "0202"
                     "03022f"
                     "0c"
                     "040003"
                     "0c"
                     "03022f"
                     "0c");
  add("slices_paid", "02" + live +
                         "050050"
                         "050050"
                         "0a02"
                         "0c");
  add("full", "00" + two +
                  "030080"
                  "030181"
                  "0000"
                  "0202"
                  "030282"
                  "0000"
                  "0203"
                  "030383"
                  "0c");
  add("crowd",
      "00"
      "0001"
      "0001"
      "0001"
      "0001"
      "0001"
      "0001"
      "0001"
      "0001");
}

}  // namespace tallow::fuzz
