// What operators may ask of a running relay, and who may ask it. Without any socket.
//
//   GET    /admin/rooms            all rooms, by handles that stand for them in this process alone
//   DELETE /admin/rooms/HANDLE     ends one; both sides are told
//   GET    /admin/stats            totals
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <strings.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/room/relay_counters.hpp>
#include <tallow/room/room_summary.hpp>

#include "admin_audit.hpp"
#include "admin_token.hpp"
#include "http_responses.hpp"

namespace tallow::relay_tool {

// The relay as its operator sees it. The answers may come from other threads' loops.
class admin_target {
 public:
  virtual ~admin_target() = default;
  virtual asio::awaitable<std::vector<room::room_summary>> rooms() = 0;
  // False: there is no such room, or not any more.
  virtual asio::awaitable<bool> end_room(std::uint64_t handle) = 0;
  virtual asio::awaitable<room::relay_figures> figures() = 0;
};

// Who is at the other end: a user of this machine, or somebody who has to show the token.
struct admin_caller {
  std::optional<::uid_t> uid;
};

[[nodiscard]] inline std::string handle_text(std::uint64_t handle) {
  std::array<std::byte, 8> bytes{};
  store_big_endian(handle, bytes);
  return to_hex(bytes);
}

// Exactly what handle_text() gives.
[[nodiscard]] inline std::optional<std::uint64_t> parse_handle(std::string_view text) {
  std::uint64_t handle = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), handle, 16);
  if (trouble != std::errc{} || handle_text(handle) != text) return std::nullopt;
  return handle;
}

[[nodiscard]] inline std::string rooms_json(const std::vector<room::room_summary>& rooms) {
  std::string text = R"({"rooms":[)";
  for (const room::room_summary& one : rooms) {
    if (text.back() == '}') text += ',';
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(one.age).count();
    text += R"({"handle":")" + handle_text(one.handle) + R"(","state":")" + name_of(one.is) +
            R"(","age_seconds":)" + std::to_string(age) + R"(,"bytes":)" +
            std::to_string(one.bytes) + R"(,"connections":)" + std::to_string(one.connections) +
            R"(,"lane_ends":)" + std::to_string(one.lane_ends) + "}";
  }
  return text + "]}\n";
}

[[nodiscard]] inline std::string figures_json(const room::relay_figures& f) {
  return R"({"rooms":)" + std::to_string(f.rooms) + R"(,"connections":)" +
         std::to_string(f.connections) + R"(,"rooms_total":)" + std::to_string(f.rooms_opened) +
         R"(,"connections_total":)" + std::to_string(f.counters.connections) +
         R"(,"sessions_total":)" + std::to_string(f.counters.sessions) + R"(,"bytes_relayed":)" +
         std::to_string(f.counters.bytes_relayed) + R"(,"draining":)" +
         (f.is_draining ? "true" : "false") + "}\n";
}

class admin_api {
 public:
  // All outlive it. With a token set, everybody has to show it; who has no uid has to anyway.
  admin_api(admin_target& target, const admin_token& token, audit_log& audit)
      : target_(&target), token_(&token), audit_(&audit) {}

  // Whether a caller may go on, and then what he asks for.
  asio::awaitable<http_response> answer(admin_caller who, http_request request) {
    call c{++calls_, "nobody", request.method + " " + request.path, {}};
    if (who.uid) c.who = "uid " + std::to_string(*who.uid);
    if (const auto denied = refusal_of(who, request)) {
      co_return recorded(c, "denied: " + denied->body, *denied);
    }
    if (!who.uid) c.who = "token";
    constexpr std::string_view rooms = "/admin/rooms";
    const std::string_view path = request.path;
    if (path == rooms || path == "/admin/stats") {
      if (request.method != "GET") co_return recorded(c, "refused", only("GET"));
      co_return co_await show(std::move(c), path == rooms);
    }
    if (path.substr(0, rooms.size()) == rooms && path[rooms.size()] == '/') {
      c.object = path.substr(rooms.size() + 1);
      if (request.method != "DELETE") {
        co_return recorded(c, "refused", only("DELETE"));
      }
      co_return co_await end(std::move(c));
    }
    co_return recorded(c, "no such thing", failure(404, "there is no such thing"));
  }

  // A request that is none.
  http_response answer(const bad_request& bad) {
    return recorded({++calls_, "nobody", "", {}}, bad.why, failure(bad.status, bad.why));
  }

 private:
  struct call {
    std::uint64_t number;
    std::string who;
    std::string what;
    std::string object;
  };

  [[nodiscard]] static http_response failure(unsigned status, const char* why) {
    return {status, "text/plain; charset=utf-8", std::string(why) + "\n"};
  }

  [[nodiscard]] static http_response only(const char* method) {
    http_response answer = failure(405, "another method is wanted");
    answer.allowed = method;
    return answer;
  }

  // Nothing: he may. Only the relay's own user and root can open the socket; somebody may have
  // given others a way to it.
  [[nodiscard]] std::optional<http_response> refusal_of(const admin_caller& who,
                                                        const http_request& request) const {
    if (who.uid && *who.uid != 0 && *who.uid != ::geteuid()) return failure(403, "another user");
    if (who.uid && !token_->is_set()) return std::nullopt;
    constexpr std::string_view scheme = "Bearer ";
    const byte_view shown = request.authorization.view();
    if (shown.empty()) return failure(401, "no token");
    const bool is_scheme = shown.size() > scheme.size() &&
                           ::strncasecmp(as_text(shown).data(), scheme.data(), scheme.size()) == 0;
    if (is_scheme && token_->matches(shown.subspan(scheme.size()))) return std::nullopt;
    return failure(401, "wrong token");
  }

  [[nodiscard]] bool record(const call& c, std::string_view result) {
    while (!result.empty() && result.back() == '\n') result.remove_suffix(1);
    return audit_->write({c.number, c.who, c.what, c.object, result});
  }

  // Nothing is answered that is not written down.
  [[nodiscard]] http_response recorded(const call& c, std::string_view result,
                                       http_response answer) {
    if (record(c, result)) return answer;
    spdlog::error("the admin API refuses every call: its audit log cannot be written");
    return failure(503, "the audit log cannot be written");
  }

  asio::awaitable<http_response> show(call c, bool is_of_rooms) {
    std::string body;
    if (is_of_rooms) {
      body = rooms_json(co_await target_->rooms());
    } else {
      body = figures_json(co_await target_->figures());
    }
    co_return recorded(c, "shown", {200, "application/json", std::move(body)});
  }

  asio::awaitable<http_response> end(call c) {
    const auto handle = parse_handle(c.object);
    if (!handle) co_return recorded(c, "no such room", failure(404, "there is no such room"));
    // Before it is done, as it may turn out that it cannot be written.
    const http_response before = recorded(c, "asked", {});
    if (before.status != 200) co_return before;
    const bool is_ended = co_await target_->end_room(*handle);
    // Whether or not that can be written: it is done, and that it was asked stands there.
    (void)record(c, is_ended ? "ended" : "no such room");
    if (!is_ended) co_return failure(404, "there is no such room");
    co_return http_response{200, "application/json", "{\"ended\":\"" + c.object + "\"}\n"};
  }

  admin_target* target_;
  const admin_token* token_;
  audit_log* audit_;
  std::uint64_t calls_ = 0;
};

}  // namespace tallow::relay_tool
