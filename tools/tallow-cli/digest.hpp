// --digest: what sha256sum would print for the files of a transfer.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <botan/hash.h>
#include <nlohmann/json.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "reporter.hpp"
#include "stop_set.hpp"

namespace tallow::cli {

/// A line of sha256sum: a backslash before it says that the name is escaped. Unlike sha256sum it
/// escapes all that a terminal obeys, not line ends and backslashes alone.
[[nodiscard]] inline std::string digest_line(std::string_view hash, std::string_view path) {
  const std::string shown = transfer::escape_for_display(path);
  return (shown == path ? "" : "\\") + std::string(hash) + "  " + shown;
}

/// Digests of files, said as they are made, and kept for programs.
class digest_list {
 public:
  explicit digest_list(reporter& report) : report_(&report) {}

  /// Reads a file to its end.
  ///
  /// @param read  called as read(offset, span), returns result<size_t>: fewer bytes than the span
  ///              holds where the file ends
  template <class Read>
  void add(const std::string& path, Read&& read) {
    if (interrupted()) return;
    for (std::uint64_t offset = 0;;) {
      const auto count = read(offset, byte_span(buffer_));
      if (!count) {
        hash_->clear();
        list_.push_back({{"path", path}, {"error", describe(count.error())}});
        report_->say_always("tallow-cli: no digest of " + transfer::escape_for_display(path) +
                            ": " + describe(count.error()));
        return;
      }
      hash_->update(as_u8(byte_view(buffer_).first(*count)));
      if (*count < buffer_.size()) break;
      offset += *count;
      if (interrupted()) return hash_->clear();
    }
    std::array<std::byte, 32> digest{};
    hash_->final(as_u8(byte_span(digest)));
    const std::string text = to_hex(digest);
    list_.push_back({{"path", path}, {"sha256", text}});
    report_->print(digest_line(text, path));
  }

  [[nodiscard]] nlohmann::json take() { return std::move(list_); }

 private:
  // The transfer is over and its exit status settled, so signals are held back by now; who sends
  // one does not want to wait for what is left.
  bool interrupted() {
    if (stopped_) return true;
    stopped_ = stop_is_pending();
    if (stopped_) report_->say("The other digests are left out.");
    return stopped_;
  }

  reporter* report_;
  std::unique_ptr<Botan::HashFunction> hash_ = Botan::HashFunction::create_or_throw("SHA-256");
  byte_buffer buffer_ = byte_buffer(256 * 1024);
  nlohmann::json list_ = nlohmann::json::array();
  bool stopped_ = false;
};

/// The digests of the files that a sender has sent, read from their source once more.
template <class Sender, class Source>
nlohmann::json sent_digests(const Sender& from, Source& source, reporter& report) {
  digest_list list(report);
  for (entry_index index{0}; index.value < from.progress_now().entries_total; ++index.value) {
    if (!from.arrived(index) || !source.is_file(index)) continue;
    list.add(source.path(index),
             [&](std::uint64_t offset, byte_span out) { return source.read(index, offset, out); });
  }
  return list.take();
}

/// The digests of the files that a sink has put below its target.
template <class Sink>
nlohmann::json received_digests(const Sink& sink, reporter& report) {
  digest_list list(report);
  const auto target = files::directory::open(sink.target());
  if (!target) return list.take();
  sink.for_each_file([&](const std::string& path) {
    const auto file = target->open_file(path, O_RDONLY | O_NONBLOCK);
    list.add(path, [&](std::uint64_t offset, byte_span out) -> result<std::size_t> {
      if (!file) return fail(file.error());
      std::size_t done = 0;
      while (done < out.size()) {
        const auto count = ::pread(file->get(), out.data() + done, out.size() - done,
                                   static_cast<::off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return files::fail_errno();
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
      }
      return done;
    });
  });
  return list.take();
}

}  // namespace tallow::cli
