// Where it goes: a folder, standard output, or, for a text, memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/folder_sink.hpp>
#include <tallow/files/piped_sink.hpp>
#include <tallow/transfer/stream.hpp>

#include "item_trace.hpp"
#include "wanted_entries.hpp"

namespace tallow::cli {

/// One of three sinks. A text is known for one only when it is offered, before anything is
/// accepted.
class receive_sink {
 public:
  /// @param out  a folder, or `-`
  /// @param id   names the hidden folder
  receive_sink(const std::filesystem::path& out, const transfer_id& id) : folder_(out, id) {
    if (out == "-") pipe_.emplace(STDOUT_FILENO);
  }

  [[nodiscard]] bool is_pipe() const noexcept { return pipe_.has_value(); }
  [[nodiscard]] files::folder_sink& folder() noexcept { return folder_; }
  [[nodiscard]] const files::folder_sink& folder() const noexcept { return folder_; }

  [[nodiscard]] const item_trace& trace() const noexcept { return trace_; }

  /// What comes is a text, to be kept in memory until all of it is there.
  ///
  /// @param show  called once, as show(text), returns result<void>: a sender hears where it fails
  void take_text(std::function<result<void>(std::string_view)> show) {
    text_.emplace();
    show_text_ = std::move(show);
  }
  [[nodiscard]] bool is_text() const noexcept { return text_.has_value(); }

  /// What is not among them is declined.
  void want_only(wanted_entries wanted) { wanted_ = std::move(wanted); }

  /// @errors  already_exists for what is not wanted; those of the sink it is
  [[nodiscard]] result<void> add_entry(entry_index index, const transfer::entry& e) {
    if (!text_ && !wanted_.has(e)) return fail(errc::already_exists, index.value, "not wanted");
    if (text_) {
      text_.emplace(static_cast<std::size_t>(e.size));
      return {};
    }
    return pipe_ ? pipe_->add_entry(index, e) : folder_.add_entry(index, e);
  }

  /// @errors  those of the sink it is
  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    trace_.at(index);
    if (text_) return write_text(offset, bytes);
    return pipe_ ? pipe_->write(index, offset, bytes) : folder_.write(index, offset, bytes);
  }

  /// @errors  those of the sink it is
  [[nodiscard]] result<void> resize_entry(entry_index index, std::uint64_t size) {
    if (text_) return fail(errc::wrong_state);
    return pipe_ ? pipe_->resize_entry(index, size) : folder_.resize_entry(index, size);
  }

  /// @errors  those of folder_sink::read_back()
  [[nodiscard]] result<void> read_back(entry_index index, std::uint64_t offset, byte_span out) {
    return folder_.read_back(index, offset, out);
  }

  /// @errors  those of the sink it is
  [[nodiscard]] result<void> finish_entry(entry_index index) {
    trace_.one_done();
    return text_ || pipe_ ? result<void>{} : folder_.finish_entry(index);
  }

  /// @errors  those of the sink it is
  [[nodiscard]] result<void> discard_entry(entry_index index) {
    trace_.one_done();
    return text_ || pipe_ ? result<void>{} : folder_.discard_entry(index);
  }

  /// @errors  those of the sink it is
  [[nodiscard]] result<void> commit() {
    if (text_) return show_text_(as_text(text_->view()));
    return pipe_ ? result<void>{} : folder_.commit();
  }

  [[nodiscard]] std::string path(entry_index index) const {
    if (text_) return "text";
    return pipe_ ? pipe_->path(index) : folder_.path(index);
  }

  void interrupt_stream() const noexcept {
    if (pipe_) pipe_->interrupt_stream();
  }

 private:
  // Any number of threads may do this, each with bytes of its own.
  result<void> write_text(std::uint64_t offset, byte_view bytes) {
    const auto at = static_cast<std::ptrdiff_t>(offset);
    std::copy(bytes.begin(), bytes.end(), text_->span().begin() + at);
    return {};
  }

  files::folder_sink folder_;
  std::optional<files::piped_sink> pipe_;
  std::optional<secret_buffer> text_;
  std::function<result<void>(std::string_view)> show_text_;
  wanted_entries wanted_;
  item_trace trace_;
};

static_assert(transfer::stream_sink<receive_sink>);

}  // namespace tallow::cli
