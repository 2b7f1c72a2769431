// A transfer over a pair of pipes: the whole protocol, and not a socket in sight.
//
// Everything that a transport has to do stands in peer_loop(): move bytes, tell the time.
#include <array>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <botan/system_rng.h>

#include <tallow/session/direct_link.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

namespace {

using tallow::byte_buffer, tallow::byte_span, tallow::byte_view;
using tallow::transfer::memory_file, tallow::transfer::memory_sink;
using tallow::transfer::memory_source;

tallow::instant now() { return std::chrono::steady_clock::now(); }

// Milliseconds to wait for the pipes before the session wants to hear the time again.
int patience(std::optional<tallow::instant> until) {
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - now()).count();
  return static_cast<int>(left < 0 ? 0 : left);
}

// Drives a session over two descriptors until it is over and all is written.
template <class Session, class OnEvent>
void peer_loop(Session& session, int in, int out, OnEvent on_event) {
  byte_buffer buffer(64 * 1024);
  (void)session.handle_bytes({}, now());
  for (;;) {
    while (auto event = session.poll_event()) on_event(*event);
    const byte_view bytes = session.poll_transmit(now());
    if (session.over() && bytes.empty()) break;
    std::array<pollfd, 2> ends{{{in, POLLIN, 0}, {bytes.empty() ? -1 : out, POLLOUT, 0}}};
    ::poll(ends.data(), ends.size(), patience(session.next_timeout()));
    if (ends[1].revents != 0) {
      const auto count = ::write(out, bytes.data(), bytes.size());
      if (count < 0 && errno != EAGAIN) break;
      session.transmitted(count < 0 ? 0 : static_cast<std::size_t>(count));
    }
    if (ends[0].revents != 0) {
      const auto count = ::read(in, buffer.data(), buffer.size());
      if (count > 0) (void)session.handle_bytes(byte_span(buffer).first(std::size_t(count)), now());
      if (count == 0) (void)session.handle_end(now());
    }
    (void)session.handle_timeout(now());
  }
  ::close(in);
  ::close(out);
}

tallow::session::session_options with_code() {
  return {tallow::crypto::code_phrase::parse("7-crossover-clockwork").value()};
}

}  // namespace

int main() {
  std::array<int, 2> there{}, back{};
  if (::pipe2(there.data(), O_NONBLOCK) != 0 || ::pipe2(back.data(), O_NONBLOCK) != 0) return 1;

  std::vector<memory_file> files(2);
  files[0].about.path = "hello.txt";
  files[0].bytes.assign(3'000'000, std::byte{'x'});
  files[1].about.path = "empty";
  std::thread sending([&] {
    memory_source source(files);
    tallow::transfer::sender sender(source, {});
    tallow::session::session session(tallow::session::direct_link(tallow::place::first), sender,
                                     with_code(), Botan::system_rng());
    peer_loop(session, back[0], there[1], [](const auto&) {});
  });

  memory_sink sink({1, 2});  // a program that faces strangers draws this key at random
  tallow::transfer::receiver receiver(sink);
  tallow::session::session session(tallow::session::direct_link(tallow::place::second), receiver,
                                   with_code(), Botan::system_rng());
  peer_loop(session, there[0], back[1], [&](const tallow::session::event& event) {
    if (std::holds_alternative<tallow::session::offered>(event)) {
      (void)session.accept_offer(now());
    }
  });
  sending.join();

  for (const memory_file& file : sink.files()) {
    std::printf("%s: %zu bytes\n", file.about.path.c_str(), file.bytes.size());
  }
  return sink.files().size() == 2 && sink.files()[0].bytes == files[0].bytes ? 0 : 1;
}
