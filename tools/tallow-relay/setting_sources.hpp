// Where settings come from, and how they are shown: file, environment, flags, each over the one
// before.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <toml++/toml.h>

#include "settings.hpp"

namespace tallow::relay_tool {

// Settings, and which of them somebody has set, where.
struct chosen_settings {
  settings values;
  std::map<std::string_view, std::string> origins;
};

namespace detail {

inline std::string place(std::string_view file, const toml::source_region& where) {
  return std::string(file) + ":" + std::to_string(where.begin.line);
}

// Strings as they are, integers as written, truth values; nothing else is a value here.
inline std::optional<std::string> text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  if (const auto* flag = value.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return std::nullopt;
}

inline refusal set_from(settings& s, const setting& which, const toml::node& value) {
  const auto* list = value.as_array();
  if (list == nullptr || which.form != shape::list) {
    const auto text = text_of(value);
    if (!text) return "a text, a whole number, true or false is wanted";
    return which.set(s, {*text});
  }
  texts values;
  for (const toml::node& element : *list) {
    auto text = text_of(element);
    if (!text) return "a list of texts is wanted";
    values.push_back(std::move(*text));
  }
  return which.set(s, values);
}

inline texts split(std::string_view text) {
  texts parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

}  // namespace detail

// Reads a configuration file. A refusal begins with FILE:LINE.
[[nodiscard]] inline refusal read_config(chosen_settings& to, const std::string& file,
                                         std::string_view content) {
  try {
    const toml::table table = toml::parse(content);
    for (const auto& [key, value] : table) {
      const std::string at = detail::place(file, key.source());
      const setting* which = find_setting(key.str());
      if (which == nullptr) {
        std::string why = at + ": unknown key '" + std::string(key.str()) + "'; allowed are";
        for (const setting& one : all_settings) {
          why.append(&one == &all_settings.front() ? " " : ", ").append(one.name);
        }
        return why;
      }
      if (auto why = detail::set_from(to.values, *which, value)) {
        return at + ": " + std::string(key.str()) + ": " + *why;
      }
      to.origins[which->name] = at;
    }
  } catch (const toml::parse_error& e) {
    return detail::place(file, e.source()) + ": " + std::string(e.description());
  }
  return std::nullopt;
}

// `max-rooms` is TALLOW_RELAY_MAX_ROOMS.
[[nodiscard]] inline std::string variable_of(const setting& which) {
  std::string name = "TALLOW_RELAY_";
  for (const char* c = which.name; *c != '\0'; ++c) {
    name += *c == '-' ? '_' : static_cast<char>(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
  }
  return name;
}

// `look_up(name)` gives a variable or nullptr. One that is empty says nothing; lists have commas.
template <class LookUp>
[[nodiscard]] refusal read_environment(chosen_settings& to, LookUp look_up) {
  for (const setting& which : all_settings) {
    // The longer name is the one that says whose it is.
    std::string name = variable_of(which);
    const char* value = look_up(name.c_str());
    if ((value == nullptr || *value == '\0') && which.short_variable != nullptr) {
      name = which.short_variable;
      value = look_up(name.c_str());
    }
    if (value == nullptr || *value == '\0') continue;
    const texts values = which.form == shape::list ? detail::split(value) : texts{value};
    if (auto why = which.set(to.values, values)) return name + ": " + *why;
    to.origins[which.name] = name;
  }
  return std::nullopt;
}

[[nodiscard]] inline refusal read_flag(chosen_settings& to, const setting& which,
                                       const texts& values) {
  const std::string flag = "--" + std::string(which.name);
  if (auto why = which.set(to.values, values)) return flag + ": " + *why;
  to.origins[which.name] = flag;
  return std::nullopt;
}

// What is wrong with settings that are right one by one.
[[nodiscard]] inline refusal contradiction_in(const settings& s) {
  if (!s.proxy_listen.empty() && s.proxies.empty()) {
    return "proxy-listen needs trust-proxy: without it nobody may connect there";
  }
  if (s.admin_listen.at && s.admin_token_file.empty()) {
    return "admin-listen at HOST:PORT needs admin-token-file: anybody could connect there";
  }
  if (s.tls_certificate.empty() != s.tls_key.empty()) {
    return "tls-certificate and tls-key go together: one of them is missing";
  }
  return std::nullopt;
}

// As a file that says the same, with where each value comes from.
[[nodiscard]] inline std::string printed(const chosen_settings& chosen) {
  std::string text;
  for (const setting& one : all_settings) {
    const auto origin = chosen.origins.find(one.name);
    text += std::string(one.name) + " = " + one.print(chosen.values);
    text += "  # " + (origin == chosen.origins.end() ? "default" : origin->second) + "\n";
  }
  return text;
}

// A file that changes nothing: every setting with its explanation and its default, as a comment.
[[nodiscard]] inline std::string example_config() {
  std::string text =
      "# Settings of tallow-relay. What is commented out is the default. A variable of the\n"
      "# environment goes before this file, and a flag of the command line before both.\n";
  const settings defaults;
  for (const setting& one : all_settings) {
    text += "\n# ";
    for (const char* c = one.help; *c != '\0'; ++c) {
      text += *c;
      if (*c == '\n') text += "# ";
    }
    text += ".\n# Variable: " + variable_of(one);
    if (one.short_variable != nullptr) text += std::string(" or ") + one.short_variable;
    if (one.is_taken_at_once) text += ". Taken on SIGHUP";
    text += "\n#" + std::string(one.name) + " = " + one.print(defaults) + "\n";
  }
  return text;
}

}  // namespace tallow::relay_tool
