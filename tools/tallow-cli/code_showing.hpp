// Shows the code to the person who passes it on, in all the ways that were asked for.
#pragma once

#include <string>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

#include "options.hpp"
#include "reporter.hpp"
#include "share_code.hpp"
#include "voice.hpp"

namespace tallow::cli {

/// What the other person types.
[[nodiscard]] inline std::string instructions(const common_options& options,
                                              const std::string& relay) {
  const std::string receive = "tallow-cli receive";
  if (!options.local) {
    return "On the other machine:  " + receive + " --relay " + relay + "\nand type the code there.";
  }
  std::string text = "On the other machine, on this network:  " + receive +
                     "\nand type the code there. If it finds nothing:";
  for (const std::string& at : options.local->addresses) {
    text.append("\n  ").append(receive).append(" --relay ").append(at);
  }
  text += "\nOther networks are reached through a relay alone (--relay HOST:PORT).";
  return text;
}

/// @param is_made_here  and not by the person, who then knows it
/// @param relay         where the other side finds us
inline void show_code(const secret_buffer& code, bool is_made_here, const common_options& options,
                      const std::string& relay, const voice& speaks) {
  reporter& report = speaks.of_all();
  report.code(code, is_made_here, instructions(options, relay));
  if (options.shows_qr && !report.is_json()) {
    speaks.say_always(as_text(qr_text(as_text(code.view())).view()));
  }
  if (!options.copies_code) return;
  const std::string by = copy_code(as_text(code.view()));
  speaks.say_always(by.empty()
                        ? "The code is not in the clipboard: there is neither a desktop with "
                          "wl-copy or xclip nor a terminal to ask."
                        : "The code is in the clipboard, by " + by + ".");
}

}  // namespace tallow::cli
