#include "doctor.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "advice.hpp"
#include "config_file.hpp"
#include "format.hpp"
#include "relay_probe.hpp"
#include "reporter.hpp"
#include "state_folder.hpp"
#include "target.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

std::string milliseconds(std::chrono::microseconds time) {
  const auto tenths = time.count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

std::string about(const probed_relay& one) {
  std::string text = transfer::escape_for_display(one.software) + ", version " +
                     std::to_string(one.version) + ", " + milliseconds(one.round_trip);
  if (one.state != key_state::none) text += std::string(", key ") + name_of(one.state);
  return text;
}

nlohmann::json json_of(const probed_relay& one) {
  nlohmann::json object{{"event", "relay"}, {"relay", one.relay}, {"ok", !one.trouble}};
  if (one.state != key_state::none) {
    object["key"] = to_hex(one.key);
    object["key_state"] = name_of(one.state);
  }
  if (one.trouble) {
    object["code"] = errc_name(one.trouble->code);
    object["exit"] = static_cast<int>(exit_code_for(one.trouble->code));
    object["message"] = describe(*one.trouble);
    object["advice"] = advice_for(one.trouble->code);
  } else {
    object["software"] = one.software;
    object["version"] = one.version;
    object["round_trip_us"] = one.round_trip.count();
  }
  return object;
}

// ---- doctor --------------------------------------------------------------------------------

struct finding {
  std::string what;
  std::string text;
  std::optional<exit_code> wrong = std::nullopt;
  std::string advice = {};
};

finding settings_found(const std::optional<std::string>& wrong) {
  const auto path = config_path();
  if (wrong) {
    return {"settings", *wrong, exit_code::usage,
            "Correct that, or leave it out; 'tallow-cli config --example' explains each setting."};
  }
  std::error_code failure;
  if (!path) return {"settings", "no home folder, and so no file"};
  return {"settings", path->native() + (fs::exists(*path, failure) ? "" : " (not there)")};
}

finding state_found() {
  const auto folder = state_folder();
  if (!folder) {
    return {"state", "there is no home folder: nothing can be remembered", exit_code::files,
            "Set HOME or XDG_STATE_HOME. Without it relays are new each time and nothing resumes."};
  }
  std::error_code failure;
  fs::create_directories(*folder, failure);
  std::string probe = (*folder / "probe-XXXXXX").native();
  const int made = failure ? -1 : ::mkstemp(probe.data());
  if (made < 0) {
    const std::string why = failure ? failure.message() : std::generic_category().message(errno);
    return {"state", folder->native() + ": " + why, exit_code::files,
            "Nothing can be remembered there. Make the folder writable, or set XDG_STATE_HOME."};
  }
  ::close(made);
  ::unlink(probe.c_str());
  return {"state", folder->native()};
}

// Room where what is received goes.
finding disk_found(fs::path out) {
  constexpr std::uintmax_t little = std::uintmax_t{64} << 20U;
  if (out == "-") out = ".";
  std::error_code failure;
  const std::string shown = transfer::escape_for_display(fs::absolute(out, failure).native());
  if (const auto fine = check_target(out); !fine) {
    return {"disk", shown + ": " + describe(fine.error()), exit_code::files,
            "Choose another folder with --out."};
  }
  const auto room = free_bytes(out);
  if (!room) return {"disk", shown + " can be written"};
  const std::string text = human_bytes(*room) + " free for " + shown;
  if (*room < little) {
    return {"disk", text, exit_code::disk_full, "Make room, or choose another folder with --out."};
  }
  return {"disk", text};
}

// What a clock cannot show: a time before this was written; and one that no certificate fits.
finding clock_found(const std::vector<probed_relay>& relays) {
  constexpr std::int64_t written = 1'735'689'600;  // 2025-01-01
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const bool is_old = std::chrono::duration_cast<std::chrono::seconds>(now).count() < written;
  const char* const advice =
      "Set this machine's clock; if it is right, the relay's operator has to renew its "
      "certificate.";
  if (is_old) return {"clock", "it is years slow", exit_code::other, advice};
  for (const probed_relay& one : relays) {
    if (one.is_valid_now) continue;
    return {"clock", "the certificate of " + one.relay + " is not valid at this time",
            exit_code::other, advice};
  }
  return {"clock", "plausible"};
}

// What has to succeed, in this order.
constexpr std::array steps{"address", "name", "port", "TLS", "key", "answer"};

std::size_t step_of(const probed_relay& one) {
  switch (static_cast<int>(one.trouble->code)) {
    case static_cast<int>(errc::address_invalid): return 0;
    case static_cast<int>(errc::resolve_failed): return 1;
    // There was a connection, and it was ended, in order or not.
    case static_cast<int>(errc::connect_failed):
      return !one.trouble->cause || one.trouble->cause == std::errc::connection_reset ? 3 : 2;
    case static_cast<int>(errc::timed_out): return 2;
    case static_cast<int>(errc::relay_key_wrong): return 4;
    default: break;
  }
  return one.state == key_state::none ? 3 : 5;
}

void find_of(const probed_relay& one, std::vector<finding>& to) {
  const std::string name = "relay " + transfer::escape_for_display(one.relay);
  if (!one.trouble) {
    to.push_back({name, about(one)});
    return;
  }
  const std::size_t failed = step_of(one);
  std::string text;
  for (std::size_t i = 0; i < failed; ++i) text += std::string(steps[i]) + " ok, ";
  text += std::string(steps[failed]) + ": " + describe(*one.trouble);
  to.push_back({name, text, exit_code_for(one.trouble->code), advice_for(one.trouble->code)});
}

void show(reporter& report, const finding& one) {
  nlohmann::json object{
      {"event", "check"}, {"check", one.what}, {"ok", !one.wrong}, {"text", one.text}};
  if (one.wrong) object["exit"] = static_cast<int>(*one.wrong);
  if (one.wrong) object["advice"] = one.advice;
  report.emit(object);
  if (report.is_json()) return;
  std::cout << (one.wrong ? "WRONG  " : "ok     ") << one.what << ": " << one.text << '\n';
  if (one.wrong && !one.advice.empty()) std::cout << "       " << one.advice << '\n';
}

void show(reporter& report, const probed_relay& one) {
  report.emit(json_of(one));
  if (report.is_json()) return;
  std::cout << transfer::escape_for_display(one.relay) << ": "
            << (one.trouble ? describe(*one.trouble) + "\n  " + advice_for(one.trouble->code)
                            : "ok, " + about(one))
            << '\n';
}

}  // namespace

exit_code show_relays(const relays_options& options) {
  reporter report(report_options_of(options));
  if (const auto ending = report.begin("relays")) return *ending;
  exit_code status = exit_code::done;
  for (const probed_relay& one :
       probe(split_at_commas(options.relay), options.proxies, options.insecure_plaintext)) {
    if (one.trouble && status == exit_code::done) status = exit_code_for(one.trouble->code);
    show(report, one);
  }
  return status;
}

exit_code doctor(const doctor_options& options) {
  reporter report(report_options_of(options));
  if (const auto ending = report.begin("doctor")) return *ending;
  std::vector<finding> all{settings_found(options.wrong_settings), state_found(),
                           disk_found(options.out)};
  const auto relays =
      probe(split_at_commas(options.relay), options.proxies, options.insecure_plaintext);
  all.push_back(clock_found(relays));
  for (const probed_relay& one : relays) find_of(one, all);
  if (relays.empty()) {
    all.push_back(
        {"relay", "none is named", exit_code::usage,
         "Name one with --relay HOST:PORT, in TALLOW_RELAY or in the configuration file."});
  }
  exit_code status = exit_code::done;
  for (const finding& one : all) {
    show(report, one);
    if (one.wrong && status == exit_code::done) status = *one.wrong;
  }
  return status;
}

}  // namespace tallow::cli
