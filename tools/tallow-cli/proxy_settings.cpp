#include "proxy_settings.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

#include "hardening.hpp"

namespace tallow::cli {
namespace {

constexpr std::string_view none = "none";

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char one, char other) { return small(one) == small(other); });
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// Of two spellings, the one in small letters, which is older.
const char* spelling_of(const char* small_letters, const char* capitals) {
  const char* const value = std::getenv(small_letters);
  return value != nullptr && *value != '\0' ? small_letters : capitals;
}

}  // namespace

bool is_excepted(std::string_view no_proxy, std::string_view host) {
  while (!no_proxy.empty()) {
    const std::size_t end = std::min(no_proxy.find(','), no_proxy.size());
    std::string_view one = without_blanks(no_proxy.substr(0, end));
    no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
    if (one == "*") return true;
    if (one.size() > 2 && one.front() == '[' && one.back() == ']') {
      one = one.substr(1, one.size() - 2);
    }
    if (one.starts_with('.')) one.remove_prefix(1);
    if (one.empty() || host.size() < one.size()) continue;
    const std::size_t before = host.size() - one.size();
    if (!is_same(host.substr(before), one)) continue;
    if (before == 0 || host[before - 1] == '.') return true;
  }
  return false;
}

result<void> proxy_settings::read(std::string_view chosen) {
  proxy_.reset();
  except_.clear();
  where_ = chosen.empty() ? std::string_view() : "--proxy";
  if (is_same(chosen, none)) return {};
  secret_buffer environment;
  if (chosen.empty()) {
    const char* const name = spelling_of("all_proxy", "ALL_PROXY");
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') return {};
    where_ = name;
    // One without a login is no secret, and stays for others.
    environment = std::string_view(value).find('@') == std::string_view::npos
                      ? secret_buffer(as_bytes(std::string_view(value)))
                      : take_environment(name);
    const char* const except = std::getenv(spelling_of("no_proxy", "NO_PROXY"));
    except_ = except == nullptr ? "" : except;
    chosen = as_text(environment.view());
  }
  auto parsed = net::parse_proxy_address(chosen);
  if (!parsed) return fail(parsed.error());
  proxy_ = std::move(*parsed);
  return {};
}

result<void> proxy_settings::read_again(std::string_view chosen, const std::string& before,
                                        std::string_view host) {
  auto done = read(chosen);
  // The environment may know the login of the same proxy.
  if (!done || !chosen.empty() || before.empty() || shown(host) == before) return done;
  done = read(before);
  where_ = "as before";
  return done;
}

std::optional<net::proxy_address> proxy_settings::to_host(std::string_view host) const {
  if (!proxy_ || is_excepted(except_, host)) return std::nullopt;
  return proxy_->clone();
}

std::string proxy_settings::shown(std::string_view host) const {
  const auto proxy = to_host(host);
  return proxy ? to_string(*proxy) : std::string();
}

}  // namespace tallow::cli
