#include "share_code.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <qrencode.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <botan/base64.h>

#include <tallow/base/bytes.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>

extern char** environ;

namespace tallow::cli {
namespace {

// The margin that readers want around it.
constexpr int quiet = 2;

struct wiping_free {
  void operator()(QRcode* code) const noexcept {
    const auto count =
        static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width);
    wipe(std::as_writable_bytes(std::span(code->data, count)));
    ::QRcode_free(code);
  }
};

bool is_dark(const QRcode& code, int x, int y) {
  const bool is_inside = x >= 0 && y >= 0 && x < code.width && y < code.width;
  return is_inside && (code.data[y * code.width + x] & 1U) != 0;
}

void append_text(secret_buffer& to, std::string_view text) { to.append(as_bytes(text)); }

// What takes the clipboard's text from its standard input.
struct copier {
  const char* variable;  // set where it can work
  std::array<const char*, 4> command;
};

constexpr std::array copiers{
    copier{"WAYLAND_DISPLAY", {"wl-copy", nullptr}},
    copier{"DISPLAY", {"xclip", "-selection", "clipboard", nullptr}},
};

bool write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(to, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool run_with_input(const copier& how, std::string_view text) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  const files::unique_fd reading(ends[0]);
  files::unique_fd writing(ends[1]);
  // A code is shorter than any pipe: this does not wait, and needs no reader.
  if (!write_all(writing.get(), text)) return false;
  writing = files::unique_fd();
  ::posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, reading.get(), STDIN_FILENO);
  // It goes on in the background, to answer who pastes, and must not hold what others wait for.
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // Ours blocks what ends programs.
  ::posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  ::pid_t child = 0;
  std::array<char*, 4> arguments{};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    arguments[i] = const_cast<char*>(how.command[i]);  // NOLINT: exec changes nothing
  }
  const int failed =
      ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// OSC 52, which most terminals obey, and tmux passes on where it is allowed to.
bool ask_terminal(std::string_view text) {
  const files::unique_fd terminal(::open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC));
  const char* const kind = std::getenv("TERM");
  if (!terminal || kind == nullptr || std::string_view(kind) == "dumb") return false;
  secret_buffer asking;
  append_text(asking, "\x1b]52;c;");
  std::string encoded = Botan::base64_encode(as_u8(as_bytes(text)));
  append_text(asking, encoded);
  wipe(std::as_writable_bytes(std::span(encoded)));
  append_text(asking, "\a");
  return write_all(terminal.get(), as_text(asking.view()));
}

}  // namespace

secret_buffer qr_text(std::string_view code) {
  secret_buffer text;
  const std::unique_ptr<QRcode, wiping_free> made(
      ::QRcode_encodeData(static_cast<int>(code.size()),
                          reinterpret_cast<const unsigned char*>(code.data()), 0, QR_ECLEVEL_L));
  if (!made) return text;
  for (int y = -quiet; y < made->width + quiet; y += 2) {
    append_text(text, "\x1b[30;47m");
    for (int x = -quiet; x < made->width + quiet; ++x) {
      const bool above = is_dark(*made, x, y);
      const bool below = is_dark(*made, x, y + 1);
      append_text(text, above ? (below ? "\u2588" : "\u2580") : (below ? "\u2584" : " "));
    }
    append_text(text, "\x1b[0m\n");
  }
  return text;
}

std::string copy_code(std::string_view code) {
  for (const copier& how : copiers) {
    const char* const display = std::getenv(how.variable);
    if (display != nullptr && *display != '\0' && run_with_input(how, code)) return how.command[0];
  }
  return ask_terminal(code) ? "the terminal" : "";
}

}  // namespace tallow::cli
