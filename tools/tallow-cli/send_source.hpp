// What is sent: files, a stream behind them, or a text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/piped_source.hpp>
#include <tallow/files/source_tree.hpp>
#include <tallow/transfer/stream.hpp>

#include "item_trace.hpp"

namespace tallow::cli {

/// A tree, which may be empty, and a stream or a text in its place.
class send_source {
 public:
  [[nodiscard]] files::source_tree& tree() noexcept { return tree_; }
  [[nodiscard]] const files::source_tree& tree() const noexcept { return tree_; }
  [[nodiscard]] files::piped_source& piped() noexcept { return piped_; }
  [[nodiscard]] const item_trace& trace() const noexcept { return trace_; }

  void set_text(secret_buffer text) { text_ = std::move(text); }

  /// @errors  those of source_tree::next_entry()
  [[nodiscard]] result<std::optional<transfer::entry>> next_entry() {
    if (!text_) return piped_.next_entry();
    if (std::exchange(text_given_, true)) return std::nullopt;
    transfer::entry e;
    e.path = text_name;
    e.size = text_->size();
    e.mode = 0600;
    return std::optional<transfer::entry>(std::move(e));
  }

  /// @errors  those of source_tree::read()
  [[nodiscard]] result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out) {
    trace_.at(index);
    if (!text_) return piped_.read(index, offset, out);
    const byte_view rest = text_->view().subspan(
        static_cast<std::size_t>(std::min<std::uint64_t>(offset, text_->size())));
    const std::size_t count = std::min(out.size(), rest.size());
    std::copy_n(rest.begin(), count, out.begin());
    return count;
  }

  [[nodiscard]] std::string path(entry_index index) const {
    return text_ ? text_name : piped_.path(index);
  }

  void forget_below(entry_index index) {
    trace_.all_below(index);
    tree_.forget_below(index);
  }

  /// @errors  those of piped_source
  [[nodiscard]] result<bool> wait_stream() const { return piped_.wait_stream(); }
  /// @errors  those of piped_source
  [[nodiscard]] result<std::size_t> read_stream(byte_span out) const {
    return piped_.read_stream(out);
  }
  [[nodiscard]] bool stream_pauses() const noexcept { return piped_.stream_pauses(); }
  void interrupt_stream() const noexcept { piped_.interrupt_stream(); }

 private:
  static constexpr const char* text_name = "text";

  files::source_tree tree_;
  files::piped_source piped_{tree_};
  std::optional<secret_buffer> text_;
  bool text_given_ = false;
  item_trace trace_;
};

static_assert(transfer::stream_source<send_source> && transfer::forgetful_source<send_source>);

}  // namespace tallow::cli
