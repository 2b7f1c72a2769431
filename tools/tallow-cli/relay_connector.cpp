#include "relay_connector.hpp"

#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/net/tls_trust.hpp>

namespace tallow::cli {

asio::awaitable<result<net::control_transport>> relay_connector::connect() {
  tell_way();
  if (is_plain_) co_return co_await net::connect_control_insecurely(way_);
  auto made = co_await net::connect_control(
      way_, [this](const std::vector<Botan::X509_Certificate>& chain) { return judge(chain); });
  if (!made) co_return fail(made.error());
  // Not before: only now the relay has proved to have the key.
  if (const auto done = remember(); !done) co_return fail(done.error());
  co_return std::move(*made);
}

// Said before it is tried: an error of the proxy is to be understood, and who believes to go by one
// may see it.
void relay_connector::tell_way() {
  if (!way_.through() || std::exchange(has_told_way_, true)) return;
  const std::string proxy = to_string(*way_.through());
  report_->emit({{"event", "proxy"}, {"proxy", proxy}, {"from", proxy_from_}});
  report_->say("Through the proxy " + proxy + " (" + proxy_from_ + ").");
}

result<void> relay_connector::judge(const std::vector<Botan::X509_Certificate>& chain) {
  last_ = {net::fingerprint_of(chain.front()), false, false};
  const auto wanted = expected();
  if (!wanted) return fail(wanted.error());
  if (*wanted == last_.key) return {};
  last_.is_new = true;
  last_.is_vouched = !to_.pin && net::is_vouched_for(chain, to_.at.host);
  if (!*wanted || last_.is_vouched) return {};
  return fail(refuse(last_.key, **wanted));
}

result<std::optional<net::key_fingerprint>> relay_connector::expected() const {
  if (to_.pin) return to_.pin;
  if (seen_) return seen_;
  if (!known_) return std::optional<net::key_fingerprint>();
  auto remembered = known_->key_of(to_.at);
  if (!remembered) {
    const auto at = remembered.error().at;
    report_->say_always("tallow-cli: " + known_->file().native() + ":" +
                        (at > 0 ? std::to_string(at) + ":" : ""));
  }
  return remembered;
}

// While a lost connection is tried again this may happen many times; it is said once.
error relay_connector::refuse(const net::key_fingerprint& shown,
                              const net::key_fingerprint& wanted) {
  const std::string file = to_.pin || !known_ ? std::string() : known_->file().native();
  if (!std::exchange(has_complained_, true)) {
    report_->emit({{"event", "relay_key_wrong"},
                   {"shown", to_hex(shown)},
                   {"expected", to_hex(wanted)},
                   {"file", file}});
    report_->say_always("The relay at " + to_string(to_.at) + " shows the key\n  " + to_hex(shown) +
                        (to_.pin ? "\nbut its address names\n  " : "\nbut remembered is\n  ") +
                        to_hex(wanted) + (file.empty() ? "" : "\nin " + file));
  }
  return {errc::relay_key_wrong};
}

result<void> relay_connector::remember() {
  if (!last_.is_new) return {};
  seen_ = last_.key;
  const auto done = known_ ? known_->remember(to_.at, last_.key, last_.is_vouched)
                           : result<void>(fail(errc::not_found, 0, "there is no home folder"));
  if (!done && done.error().code == errc::relay_key_wrong) {
    const auto other = known_->key_of(to_.at);
    return fail(refuse(last_.key, other.value_or(std::nullopt).value_or(last_.key)));
  }
  if (last_.is_vouched) return {};  // it needs no memory of ours
  const std::string key = to_hex(last_.key);
  report_->emit({{"event", "relay_key_new"}, {"key", key}, {"stored", done.has_value()}});
  report_->say("The relay at " + to_string(to_.at) + " is new here. Its key is\n  " + key +
               (done ? "\nand is remembered in " + known_->file().native() + "."
                     : "\nwhich cannot be remembered: " + describe(done.error())));
  return {};
}

}  // namespace tallow::cli
