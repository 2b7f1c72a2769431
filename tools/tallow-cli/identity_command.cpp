#include "identity_command.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include <botan/base64.h>
#include <botan/system_rng.h>

#include <tallow/transfer/path_rules.hpp>

#include "fingerprint.hpp"
#include "identity_file.hpp"
#include "reporter.hpp"

namespace tallow::cli {
namespace {

std::string shown(const std::filesystem::path& path) {
  return transfer::escape_for_display(path.native());
}

// What others are given, and nothing secret.
void show(reporter& report, const crypto::identity& own, bool with_keys) {
  const std::string print = text_of(own.fingerprint());
  nlohmann::json event = {{"event", "identity"}, {"fingerprint", print}};
  std::string text = print + '\n';
  if (with_keys) {
    const std::string keys = Botan::base64_encode(as_u8(own.public_keys()));
    event["public_keys"] = keys;
    text = "tallow public identity 1\n" + keys + '\n';
  }
  report.emit(event);
  if (!report.is_json()) std::fputs(text.c_str(), stdout);
}

}  // namespace

exit_code show_identity(const identity_options& options) {
  reporter report(report_options_of(options));
  if (const auto trouble = report.begin("identity")) return *trouble;
  const auto path = identity_path();
  if (!path) return report.failed({errc::not_found, 0, "there is no home folder", {}});
  if (options.identity_action == "make") {
    const auto own = crypto::identity::make(Botan::system_rng());
    if (!own) return report.failed(own.error());
    if (auto done = write_identity(*path, *own); !done) {
      report.say_always("tallow-cli: " + shown(*path));
      return report.failed(done.error());
    }
    report.say("Made, and kept in " + shown(*path) + ". Others know you by its fingerprint:");
    show(report, *own, false);
    return exit_code::done;
  }
  const auto own = read_identity(*path);
  if (!own) {
    report.say_always("tallow-cli: " + shown(*path) +
                      (own.error().code == errc::not_found
                           ? ": there is none yet; 'tallow-cli identity make' makes one."
                           : ""));
    return report.failed(own.error());
  }
  show(report, *own, options.identity_action == "export");
  return exit_code::done;
}

}  // namespace tallow::cli
