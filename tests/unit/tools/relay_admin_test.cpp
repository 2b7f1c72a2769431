#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tools/tallow-relay/admin_api.hpp"
#include "tools/tallow-relay/admin_socket.hpp"

namespace tallow::relay_tool {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view right_token = "0123456789abcdef-right";

byte_view bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class RelayAdmin : public ::testing::Test, public admin_target {
 protected:
  RelayAdmin() : folder_(::testing::TempDir() + "relay_admin_" + std::to_string(::getpid())) {
    ::mkdir(folder_.c_str(), 0700);
    EXPECT_FALSE(audit_.open(path("audit")));
  }
  ~RelayAdmin() override {
    for (const char* name : {"audit", "token", "socket"}) ::unlink(path(name).c_str());
    ::rmdir(folder_.c_str());
  }

  asio::awaitable<std::vector<room::room_summary>> rooms() override {
    co_return std::vector<room::room_summary>{{0xAB, room::state::live, 61s, 5000, 2, 4},
                                              {0xCD, room::state::waiting, 1s, 0, 1, 0}};
  }
  asio::awaitable<bool> end_room(std::uint64_t handle) override {
    ended_.push_back(handle);
    co_return handle == 0xAB;
  }
  asio::awaitable<room::relay_figures> figures() override {
    room::relay_figures all;
    all.rooms = 1;
    all.connections = 2;
    all.rooms_opened = 3;
    all.counters.connections = 4;
    all.counters.sessions = 5;
    all.counters.bytes_relayed = 6;
    all.is_draining = true;
    co_return all;
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  http_response ask(const std::string& method, const std::string& what,
                    std::string_view authorization = {},
                    std::optional<::uid_t> uid = std::nullopt) {
    http_request request;
    request.method = method;
    request.path = what;
    request.authorization.append(bytes_of(authorization));
    asio::io_context context;
    http_response got;
    asio::co_spawn(context, api_.answer({uid}, std::move(request)),
                   [&](std::exception_ptr, http_response answer) { got = std::move(answer); });
    context.run();
    return got;
  }

  std::vector<std::string> lines() const {
    std::ifstream in(path("audit"));
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  const std::string folder_;
  audit_log audit_;
  admin_token token_;
  std::vector<std::uint64_t> ended_;
  admin_api api_{*this, token_, audit_};
};

TEST_F(RelayAdmin, ShowsRoomsByHandleAlone) {
  const auto own = ::geteuid();
  EXPECT_EQ(ask("GET", "/admin/rooms", {}, own).body,
            R"({"rooms":[{"handle":"00000000000000ab","state":"live","age_seconds":61,)"
            R"("bytes":5000,"connections":2,"lane_ends":4},)"
            R"({"handle":"00000000000000cd","state":"waiting","age_seconds":1,)"
            R"("bytes":0,"connections":1,"lane_ends":0}]})"
            "\n");
  EXPECT_EQ(ask("GET", "/admin/stats", {}, own).body,
            R"({"rooms":1,"connections":2,"rooms_total":3,"connections_total":4,)"
            R"("sessions_total":5,"bytes_relayed":6,"draining":true})"
            "\n");
}

TEST_F(RelayAdmin, LetsInWhoShowsTheTokenAndNobodyElse) {
  ASSERT_FALSE(token_.set(bytes_of(right_token)));
  const std::string right(right_token);
  for (const std::string& shown : std::vector<std::string>{
           "", right, "Bearer", "Bearer ", "Bearer x", "Basic " + right, "Bearer " + right + "x",
           "Bearer " + right.substr(1), "Bearer  " + right,
           "Bearer " + right.substr(0, right.size() - 1)}) {
    EXPECT_EQ(ask("DELETE", "/admin/rooms/00000000000000ab", shown).status, 401U) << shown;
    // The user alone is not enough, either.
    EXPECT_EQ(ask("GET", "/admin/rooms", shown, ::geteuid()).status, 401U) << shown;
  }
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(ask("GET", "/admin/rooms", "Bearer " + right).status, 200U);
  EXPECT_EQ(ask("GET", "/admin/rooms", "bearer " + right).status, 200U);
  // Each was written down, and the token never.
  EXPECT_EQ(lines().size(), 22U);
  for (const std::string& line : lines()) {
    EXPECT_EQ(line.find(right.substr(2)), std::string::npos);
  }
}

TEST_F(RelayAdmin, WithoutATokenLetsInItsOwnUserAndRootAlone) {
  EXPECT_EQ(ask("GET", "/admin/rooms").status, 401U);
  EXPECT_EQ(ask("GET", "/admin/rooms", "Bearer ").status, 401U);
  EXPECT_EQ(ask("GET", "/admin/rooms", {}, ::geteuid()).status, 200U);
  EXPECT_EQ(ask("GET", "/admin/rooms", {}, 0).status, 200U);
  EXPECT_EQ(ask("GET", "/admin/rooms", {}, ::geteuid() + 7).status, 403U);
  EXPECT_NE(lines().back().find(R"("result":"denied: another user")"), std::string::npos);
  EXPECT_NE(lines().back().find(R"("who":"uid )"), std::string::npos);
}

TEST_F(RelayAdmin, EndsTheRoomOfAHandle) {
  EXPECT_EQ(ask("DELETE", "/admin/rooms/00000000000000ab", {}, 0).status, 200U);
  EXPECT_EQ(ended_, std::vector<std::uint64_t>{0xAB});
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_NE(lines()[0].find(R"("object":"00000000000000ab","result":"asked"})"), std::string::npos);
  EXPECT_NE(lines()[1].find(R"("object":"00000000000000ab","result":"ended"})"), std::string::npos);
  EXPECT_EQ(ask("DELETE", "/admin/rooms/00000000000000cd", {}, 0).status, 404U);
  for (const char* handle : {"", "ab", "00000000000000AB", "00000000000000ab/", "+0000000000000ab",
                             "00000000000000abc", "0x000000000000ab", "zzzzzzzzzzzzzzzz"}) {
    EXPECT_EQ(ask("DELETE", std::string("/admin/rooms/") + handle, {}, 0).status, 404U) << handle;
  }
  EXPECT_EQ(ended_.size(), 2U);
  EXPECT_EQ(ask("POST", "/admin/rooms/00000000000000ab", {}, 0).status, 405U);
  EXPECT_EQ(ask("DELETE", "/admin/rooms", {}, 0).status, 405U);
  EXPECT_EQ(ask("GET", "/admin/roomsx", {}, 0).status, 404U);
  EXPECT_EQ(ask("GET", "/admin", {}, 0).status, 404U);
  EXPECT_EQ(ended_.size(), 2U);
}

TEST_F(RelayAdmin, DoesNothingThatItCannotWriteDown) {
  audit_ = audit_log();
  ASSERT_FALSE(audit_.open("/dev/full"));
  EXPECT_EQ(ask("DELETE", "/admin/rooms/00000000000000ab", {}, 0).status, 503U);
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(ask("GET", "/admin/rooms", {}, 0).status, 503U);
  EXPECT_EQ(ask("GET", "/admin/rooms").status, 503U);
  EXPECT_EQ(api_.answer(bad_request{400, "this is no HTTP request"}).status, 503U);
}

TEST_F(RelayAdmin, WritesOneLineWhateverIsAsked) {
  const std::string nasty =
      "/admin/rooms/\r\n{\"who\":\"uid 0\"}\x01\x80\\\"" + std::string(900, 'x');
  (void)ask("GET\r\n", nasty, {}, 0);
  (void)ask("DELETE", nasty, {}, 0);
  (void)ask("DELETE", nasty);
  ASSERT_EQ(lines().size(), 3U);
  for (const std::string& line : lines()) {
    EXPECT_EQ(line.find(R"({"time":")"), 0U);
    EXPECT_LT(line.size(), 2000U);
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c <= 0x7E) << line;
    EXPECT_EQ(line.find(R"({"who")"), std::string::npos) << line;
  }
}

TEST_F(RelayAdmin, ReadsATokenAndRefusesWhatIsNone) {
  const auto read = [&](std::string_view content) {
    std::ofstream(path("token"), std::ios::binary) << content;
    admin_token token;
    const auto why = token.read(path("token"));
    EXPECT_EQ(why.has_value(), !token.is_set());
    return !why && token.matches(bytes_of(right_token));
  };
  EXPECT_TRUE(read(std::string(right_token)));
  EXPECT_TRUE(read(std::string(right_token) + "\n"));
  EXPECT_TRUE(read(std::string(right_token) + "\r\n"));
  for (const std::string_view none : {"", "\n", "too-short", "0123456789 abcdef-right",
                                      "0123456789abcdef-right\n\n", "0123456789abcdef\x80right"}) {
    EXPECT_FALSE(read(none)) << none;
  }
  EXPECT_FALSE(read(std::string(10'000, 'x')));
  EXPECT_TRUE(admin_token().read(path("missing")));
  EXPECT_FALSE(admin_token().matches({}));
}

TEST_F(RelayAdmin, ListensForItsOwnerAloneAndReplacesOnlyWhatIsStale) {
  const std::string at = path("socket");
  files::unique_fd first;
  ASSERT_FALSE(listen_at(at, first));
  struct stat about {};
  ASSERT_EQ(::lstat(at.c_str(), &about), 0);
  EXPECT_TRUE(S_ISSOCK(about.st_mode));
  EXPECT_EQ(about.st_mode & 07777U, 0600U);
  files::unique_fd second;
  const auto taken = listen_at(at, second);
  ASSERT_TRUE(taken);
  EXPECT_NE(taken->find("answers there"), std::string::npos);
  first.reset();
  EXPECT_FALSE(listen_at(at, second));
  ::unlink(at.c_str());
  std::ofstream(at) << "dear";
  const auto file = listen_at(at, first);
  ASSERT_TRUE(file);
  EXPECT_NE(file->find("something else"), std::string::npos);
  EXPECT_EQ(std::ifstream(at).get(), 'd');
  ::unlink(at.c_str());
  // Not even what a link leads to.
  ASSERT_EQ(::symlink("/dev/null", at.c_str()), 0);
  EXPECT_TRUE(listen_at(at, first));
  EXPECT_TRUE(listen_at(folder_ + "/" + std::string(200, 'x'), first));
}

TEST(RelayAdminRequests, AreReadAsAWholeOrRefused) {
  const std::string whole =
      "DELETE /admin/rooms/ab?x=y HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
      "Content-Length: 3\r\n\r\nabc";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_FALSE(parse_request(whole.substr(0, i))) << i;
  }
  auto parsed = parse_request(whole);
  ASSERT_TRUE(parsed && std::holds_alternative<http_request>(*parsed));
  const auto& request = std::get<http_request>(*parsed);
  EXPECT_EQ(request.method, "DELETE");
  EXPECT_EQ(request.path, "/admin/rooms/ab");
  EXPECT_EQ(request.authorization.view().size(), 8U);
  const auto status = [](const std::string& text) {
    const auto read = parse_request(text);
    return read && std::holds_alternative<bad_request>(*read) ? std::get<bad_request>(*read).status
                                                              : 0U;
  };
  EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x')), 431U);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n"), 413U);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" +
                   std::string(5000, 'x')),
            413U);
  for (const char* bad : {"hello\r\n\r\n", "GET /a\nb HTTP/1.1\r\n\r\n", "GET /\r HTTP/1.1\r\n\r\n",
                          "GET /\x01 HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00"}) {
    EXPECT_EQ(status(bad), 400U) << bad;
  }
}

}  // namespace
}  // namespace tallow::relay_tool
