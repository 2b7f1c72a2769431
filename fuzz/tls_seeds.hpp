// Seeds for a relay's TLS: what a stranger sends, and changes of what a client of ours sends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

template <class Corpus>
void write_tls_streams(const Corpus& out) {
  const auto add = [&](const char* name, const std::string& hex) { out.add_hex(name, hex); };
  // A ClientHello of TLS 1.3 for X25519 alone, with our ALPN.
  const std::string hello = "010000a50303" + std::string(64, '1') + "20" + std::string(64, '2') +
                            "0006130213031301" + "0100" + "0056" + "002b0003020304" +
                            "000a00040002001d" +
                            "000d00060004040308"
                            "04" +
                            "0010000b000908"
                            "74616c6c6f772f31" +
                            "00330026"
                            "0024"
                            "001d"
                            "0020" +
                            std::string(64, '9');
  const auto record = [](const std::string& type, const std::string& body) {
    std::string length = to_hex(std::vector<std::byte>{
        static_cast<std::byte>(body.size() / 2 >> 8U), static_cast<std::byte>(body.size() / 2)});
    return type + "0303" + length + body;
  };
  add("hello", "00" + record("16", hello));
  add("hello_in_two", "00" + record("16", hello.substr(0, 80)) + record("16", hello.substr(80)));
  add("hello_twice", "00" + record("16", hello) + record("16", hello));
  add("hello_and_data", "00" + record("16", hello) + record("17", "0001020304"));
  add("error_alert", "00" + record("15", "0228"));
  add("error_close", "00" + record("15", "0100"));
  add("error_data", "00" + record("17", "00112233"));
  add("error_change", "00" + record("14", "01"));
  add("error_empty", "00" + record("16", ""));
  add("error_length", "001603034fff");
  add("error_message_length", "00" + record("16", "01ffffff"));
  add("error_type", "00" + record("16", "0b000000"));
  add("error_tls_1_0",
      "00"
      "1603010005"
      "0100000103");
  add("lane",
      "00"
      "0000002200"
      "0c000000");
  add("client_hello",
      "00"
      "0000000301000000"
      "010100");
  add("http", "00" + to_hex(as_bytes(std::string_view("GET /health HTTP/1.1\r\n\r\n"))));
  add("unchanged", "01");
  add("changed_head",
      "01"
      "000001");
  add("changed_hello",
      "01"
      "002810");
  add("changed_share",
      "01"
      "040001");
  add("changed_finished",
      "01"
      "068001"
      "06a001"
      "06c001");
}

}  // namespace tallow::fuzz
