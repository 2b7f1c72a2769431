// What one of several transfers of a run says: with its number.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "reporter.hpp"

namespace tallow::cli {

/// Speaks through the reporter of the run, which it does not own.
class voice {
 public:
  /// @param number  of the receiver, from 1 on; 0: there is only one
  voice(reporter& to, unsigned number) noexcept : to_(&to), number_(number) {}

  void emit(nlohmann::json object) const {
    if (number_ != 0) object["receiver"] = number_;
    to_->emit(object);
  }
  void say(std::string_view text) const { to_->say(with_number(text)); }
  void say_always(std::string_view text) const { to_->say_always(with_number(text)); }

  [[nodiscard]] std::string with_number(std::string_view text) const {
    if (number_ == 0) return std::string(text);
    return "Receiver " + std::to_string(number_) + ": " + std::string(text);
  }
  [[nodiscard]] bool is_alone() const noexcept { return number_ == 0; }
  [[nodiscard]] reporter& of_all() const noexcept { return *to_; }

 private:
  reporter* to_;
  unsigned number_;
};

}  // namespace tallow::cli
