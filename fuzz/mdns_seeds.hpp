// Seeds for mdns_message: written out byte by byte, as somebody else's program would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

/// A message of DNS under way.
class dns_text {
 public:
  dns_text(bool is_response, std::initializer_list<unsigned> counts) {
    add(0);
    add(is_response ? 0x8400 : 0);
    for (const unsigned count : counts) add(count);
  }

  dns_text& add(unsigned number) {
    text_ += static_cast<char>(number >> 8U);
    text_ += static_cast<char>(number & 0xFFU);
    return *this;
  }
  dns_text& add(std::string_view bytes) {
    text_ += bytes;
    return *this;
  }
  dns_text& name(std::initializer_list<std::string_view> labels) {
    for (const std::string_view label : labels) {
      text_ += static_cast<char>(label.size());
      text_ += label;
    }
    text_ += '\0';
    return *this;
  }
  dns_text& service(std::string_view number) { return name({number, "_tallow", "_tcp", "local"}); }
  /// What stands behind the name of a record of class IN.
  dns_text& data(unsigned type, unsigned ttl, std::string_view bytes) {
    add(type).add(0x8001).add(0).add(ttl).add(static_cast<unsigned>(bytes.size()));
    return add(bytes);
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// A sender, all of it.
[[nodiscard]] inline std::string mdns_announcement(unsigned ttl, std::string_view number) {
  using namespace std::string_view_literals;
  constexpr unsigned a = 1;
  constexpr unsigned txt = 16;
  constexpr unsigned aaaa = 28;
  constexpr unsigned srv = 33;
  const std::string key = std::string("\x44") + "key=" + std::string(64, 'a');
  dns_text all(true, {0, 4, 0, 0});
  all.service(number).data(srv, ttl, "\0\0\0\0\x23\x31\x06tallow\x05local\0"sv);
  all.service(number).data(txt, ttl, "\x09txtvers=1" + key);
  all.name({"tallow", "local"}).data(a, ttl, "\xC0\xA8\x01\x07"sv);
  all.name({"tallow", "local"}).data(aaaa, ttl, "\xFD\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7"sv);
  return all.text();
}

template <class Corpus>
void write_mdns_messages(const Corpus& out) {
  using namespace std::string_view_literals;
  const auto add = [&](const char* name, std::string_view text) { out.add(name, as_bytes(text)); };
  constexpr unsigned any = 255;
  constexpr unsigned srv = 33;
  constexpr unsigned in = 1;
  const auto question = dns_text(false, {1, 0, 0, 0}).service("7").add(any).add(in);
  add("question", question.text());
  add("question_for_all",
      dns_text(false, {1, 0, 0, 0}).name({"_tallow", "_tcp", "local"}).add(12).add(in).text());
  add("question_for_host",
      dns_text(false, {1, 0, 0, 0}).name({"tallow", "local"}).add(1).add(in).text());
  add("probe", dns_text(false, {1, 0, 1, 0})
                   .service("7")
                   .add(any)
                   .add(in)
                   .service("7")
                   .data(srv, 120, "\0\0\0\0\x23\x31\x06tallow\x05local\0"sv)
                   .text());
  add("announcement", mdns_announcement(120, "7"));
  add("goodbye", mdns_announcement(0, "7"));
  add("long_number", mdns_announcement(120, "123456789"));
  // The name of the second record points to that of the first.
  add("compressed", dns_text(true, {1, 1, 0, 0})
                        .service("7")
                        .add(srv)
                        .add(in)
                        .add(0xC00C)
                        .data(srv, 120, "\0\0\0\0\x23\x31\xC0\x0C"sv)
                        .text());
  add("error_loop", dns_text(false, {1, 0, 0, 0}).add(0xC00C).add(any).add(in).text());
  add("error_number", mdns_announcement(120, "007"));
  add("error_truncated", mdns_announcement(120, "7").substr(0, 60));
  add("error_counts", dns_text(true, {9, 9, 9, 9}).text());
  add("error_short", "\0\0\x84"sv);
}

}  // namespace tallow::fuzz
