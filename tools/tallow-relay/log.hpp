// What the relay writes down: text for people or JSON for programs, one line each.
//
// No line has an address, a room or a ticket in it. Who looks into abuse needs to see that two
// lines speak of the same source: they have an id that stands for it, for a day.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/time.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/net/system_random.hpp>
#include <tallow/room/relay_event.hpp>
#include <tallow/room/token_bucket.hpp>

#include "metrics.hpp"
#include "settings.hpp"

namespace tallow::relay_tool {

namespace detail {

class json_message final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& to) override {
    const std::string text = json_quoted({message.payload.data(), message.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<json_message>();
  }
};

}  // namespace detail

inline void start_log(const settings& chosen) {
  auto log = spdlog::stderr_logger_mt("tallow-relay");
  if (chosen.log_format == "json") {
    auto form = std::make_unique<spdlog::pattern_formatter>();
    form->add_flag<detail::json_message>('*');
    form->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%*})");
    log->set_formatter(std::move(form));
  } else {
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  }
  log->set_level(spdlog::level::from_str(chosen.log_level));
  log->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(log));
}

// Stands for a source, for as long as its key lives: a day, and never longer than the process.
class source_names {
 public:
  [[nodiscard]] std::string name_of(room::source_id source, instant now) {
    if (now >= renew_at_) {
      random_(key_.span());
      renew_at_ = now + std::chrono::hours(24);
    }
    std::array<std::byte, 8> number{};
    store_big_endian(source, number);
    crypto::digest32 digest;
    crypto::hmac(crypto::hash_kind::sha256, key_.view(), {number}, digest);
    return to_hex(byte_view(digest).first(6));
  }

 private:
  room::random_source random_ = net::system_random();
  secret_bytes<32> key_;
  instant renew_at_{};
};

// Writes down what the relay notes. Whom a stranger can make it refuse as often as he likes gets a
// few lines a second, and then a count of what was left out. For any thread.
class note_log {
 public:
  void write(const room::noted& n, instant now) {
    if (!n.source) {
      spdlog::debug("{}{}{}", n.what, *n.why != '\0' ? ": " : "", n.why);
      return;
    }
    const std::lock_guard alone(writing_);
    if (lines_.wait(rate, 1, now) != duration::zero()) {
      ++left_out_;
      return;
    }
    lines_.take(rate, 1, now);
    if (left_out_ != 0) {
      spdlog::info("{} lines about refused or ended connections were left out",
                   std::exchange(left_out_, 0));
    }
    spdlog::info("{}: {}; source {}", n.what, n.why, names_.name_of(*n.source, now));
  }

  // What stands for a source in these lines.
  [[nodiscard]] std::string name_of(room::source_id source, instant now) {
    const std::lock_guard alone(writing_);
    return names_.name_of(source, now);
  }

 private:
  static constexpr room::token_rate rate{10, std::chrono::seconds(1), 50};

  std::mutex writing_;
  source_names names_;
  room::token_bucket lines_;
  std::uint64_t left_out_ = 0;
};

}  // namespace tallow::relay_tool
