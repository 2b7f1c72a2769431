// Seeds for what operators write and ask: a file for each form, and for each mistake told apart.
#pragma once

#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

template <class Corpus>
void write_http_heads(const Corpus& out) {
  const auto add = [&](const char* name, const std::string& text) {
    out.add(name, as_bytes(text));
  };
  const std::string host = "Host: relay.example\r\n";
  add("get", "GET /health HTTP/1.1\r\n" + host + "\r\n");
  add("get_of_http_1_0", "GET /health HTTP/1.0\r\n\r\n");
  add("get_query", "GET /health?now HTTP/1.1\r\n" + host + "\r\n");
  add("get_url", "GET http://relay.example/health?now HTTP/1.1\r\n" + host + "\r\n");
  add("get_url_bare", "GET http://relay.example HTTP/1.1\r\n" + host + "\r\n");
  add("get_body", "GET /health HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
  add("get_chunked", "GET /health HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  add("get_twice", "GET /health HTTP/1.1\r\n\r\nGET /ready HTTP/1.1\r\n\r\n");
  add("head", "HEAD /ready HTTP/1.1\r\n" + host + "\r\n");
  add("head_empty", "HEAD /empty HTTP/1.1\r\n\r\n");
  add("unfinished", "GET /health HTTP/1.1\r\nHost: rel");
  add("error_page", "GET /%2e%2e/etc HTTP/1.1\r\n\r\n");
  add("error_post", "POST /health HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  add("error_method", "BREW /health HTTP/1.1\r\n\r\n");
  add("error_two_lengths", "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
  add("error_fold", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
  add("error_bare_lf", "GET /health HTTP/1.1\nHost: a\n\n");
  add("error_no_http", "SSH-2.0-OpenSSH_9.2\r\n");
  add("error_http_2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  add("error_long", "GET /" + std::string(9000, 'a'));
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  add("admin_drain", "POST /drain HTTP/1.1\r\n" + token + "Content-Length: 2\r\n\r\n{}");
  add("admin_delete", "DELETE /rooms/7?now HTTP/1.1\r\n" + host + token + "\r\n");
  add("admin_chunked", "POST /drain HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + token +
                           "\r\n2;a=b\r\n{}\r\n0\r\nTrailer: c\r\n\r\n");
  add("admin_folded", "GET /rooms HTTP/1.1\r\nAuthorization: Bearer\r\n 0123\r\n\r\n");
  add("admin_body_unfinished", "POST /drain HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
  add("error_body_long", "POST /drain HTTP/1.1\r\nContent-Length: 4097\r\n\r\n");
  // Longer than a request may be, and whole only behind that.
  add("error_all_long", "POST /drain HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: " +
                            std::string(8000, 'x') + "\r\n\r\n1;" + std::string(2000, 'y') +
                            "\r\na\r\n1;" + std::string(4100, 'z') + "\r\na\r\n0\r\n\r\n");
}

template <class Corpus>
void write_relay_configs(const Corpus& out) {
  const auto add = [&](const char* name, std::string_view text) { out.add(name, as_bytes(text)); };
  add("empty", "");
  add("numbers", "max-rooms = 7\nmax-lanes = 0\nmax-bytes = \"10GiB\"\nroom-timeout = \"90s\"\n");
  add("lists", "listen = [\"[::1]:9009\", \"127.0.0.1:0\"]\nallow = [\"192.0.2.0/24\"]\n");
  add("one_of_a_list", "listen = \"127.0.0.1:1\"\n");
  add("no_list", "listen = []\n");
  add("proxies", "proxy-listen = \"127.0.0.1:1\"\ntrust-proxy = [\"::ffff:10.0.0.0/104\"]\n");
  add("words", "log-level = \"debug\"\nlog-format = \"json\"\nhttp-listen = \"off\"\n");
  add("flags", "limit-loopback = true\ninsecure-plaintext = false\n");
  add("paths", "state-dir = '/a \"b\" \\c'\n");
  add("bandwidth", "room-bandwidth = \"1MiB\"\ntotal-bandwidth = 0\n");
  add("error_key", "max-room = 7\n");
  add("error_number", "max-rooms = 0\n");
  add("error_negative", "max-rooms = -1\n");
  add("error_large", "max-bytes = \"99999999TiB\"\n");
  add("error_unit", "room-timeout = \"5 parsecs\"\n");
  add("error_type", "max-rooms = 1.5\n");
  add("error_list", "max-rooms = [1, 2]\n");
  add("error_nested", "listen = [[\"127.0.0.1:1\"]]\n");
  add("error_table", "[relay]\nmax-rooms = 1\n");
  add("error_twice", "max-rooms = 1\nmax-rooms = 2\n");
  add("error_network", "block = \"10.0.0.0/33\"\n");
  add("error_port", "http-listen = \"127.0.0.1\"\n");
  add("error_control", "state-dir = \"a\\u0001b\"\n");
  add("error_syntax", "max-rooms = \n");
  add("error_utf8", "state-dir = \"\xff\"\n");
}

}  // namespace tallow::fuzz
