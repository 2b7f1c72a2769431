#include "bench.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <utility>
#include <variant>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <botan/system_rng.h>

#include <tallow/crypto/record.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/relay_server.hpp>
#include <tallow/net/session_driver.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/wire/message.hpp>

#include "format.hpp"
#include "meeting.hpp"
#include "reporter.hpp"

namespace tallow::cli {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30U;

// One file of random bytes, which nothing compresses: the same mebibyte over and over. Any number
// of threads read.
class random_source {
 public:
  explicit random_source(std::uint64_t bytes) : bytes_(bytes), block_(mebibyte) {
    Botan::system_rng().randomize(as_u8(byte_span(block_)));
  }

  result<std::optional<transfer::entry>> next_entry() {
    if (std::exchange(given_, true)) return std::optional<transfer::entry>();
    transfer::entry e;
    e.path = "bench";
    e.size = bytes_;
    return std::optional<transfer::entry>(std::move(e));
  }
  result<std::size_t> read(entry_index, std::uint64_t offset, byte_span out) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), bytes_ - offset));
    for (std::size_t done = 0; done < count;) {
      const auto from = static_cast<std::size_t>((offset + done) % block_.size());
      const std::size_t run = std::min(count - done, block_.size() - from);
      std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(from), run,
                  out.begin() + static_cast<std::ptrdiff_t>(done));
      done += run;
    }
    return count;
  }
  std::string path(entry_index) const { return "bench"; }

 private:
  std::uint64_t bytes_;
  byte_buffer block_;
  bool given_ = false;
};

// Counts what comes.
class counting_sink {
 public:
  result<void> add_entry(entry_index, const transfer::entry&) { return {}; }
  result<void> write(entry_index, std::uint64_t, byte_view bytes) {
    bytes_ += bytes.size();
    return {};
  }
  result<void> finish_entry(entry_index) { return {}; }
  result<void> discard_entry(entry_index) { return {}; }
  result<void> commit() { return {}; }
  std::string path(entry_index) const { return "bench"; }

  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::atomic<std::uint64_t> bytes_{0};
};

// Time and the processor time of all threads.
struct moment {
  std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
  double cpu_s = cpu_now();

  static double cpu_now() {
    ::rusage used{};
    (void)::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const ::timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }
};

struct measured {
  std::uint64_t bytes = 0;
  double seconds = 0;
  double cpu_s = 0;

  [[nodiscard]] double mib_per_s() const {
    return static_cast<double>(bytes) / static_cast<double>(mebibyte) / seconds;
  }
  [[nodiscard]] double cpu_s_per_gib() const {
    return cpu_s * static_cast<double>(gibibyte) / static_cast<double>(bytes);
  }
};

measured between(const moment& start, const moment& end, std::uint64_t bytes) {
  // A clock that did not move would make the rate infinite.
  const double seconds = std::chrono::duration<double>(end.wall - start.wall).count();
  return {bytes, std::max(seconds, 1e-9), end.cpu_s - start.cpu_s};
}

// Hands over what one side has to say on the control channel.
template <class From, class To>
result<void> talk(From& from, To& to, instant now) {
  for (;;) {
    const auto said = from.poll_message(now);
    if (!said) return fail(said.error());
    if (!*said) return {};
    auto heard = visit_sealed(
        **said, [&](auto&& m) { return to.handle(std::forward<decltype(m)>(m), now); });
    if (!heard) return fail(heard.error());
  }
}

// What a lane does with each chunk, both ends of it in one thread: read, sealed, opened, written.
result<measured> in_memory(std::uint64_t bytes) {
  constexpr auto suite = crypto::cipher_suite::aes_256_gcm;
  constexpr stream_id id{1};
  const crypto::traffic_secret secret;
  auto sealer = crypto::record_sealer::make(suite, secret, id);
  if (!sealer) return fail(sealer.error());
  auto opener = crypto::record_opener::make(suite, secret, id);
  if (!opener) return fail(opener.error());
  constexpr std::size_t chunk_bytes = limits::chunk_bytes_default;
  transfer::outgoing_lane out(id, std::move(*sealer), chunk_bytes);
  transfer::incoming_lane in(id, std::move(*opener), chunk_bytes);
  random_source source(bytes);
  counting_sink sink;
  transfer::sender from(source, {});
  transfer::receiver into(sink);
  transfer::chunk_job job;
  auto wire = out.hello();
  if (!wire) return fail(wire.error());
  byte_span greeting(*wire);
  if (auto done = in.next(greeting); !done) return fail(done.error());
  bool accepted = false;
  instant now{};
  const moment start;
  while (!from.done()) {
    if (auto done = talk(from, into, now); !done) return fail(done.error());
    if (!accepted && into.offer_ready()) accepted = into.accept_offer().has_value();
    if (auto done = talk(into, from, now); !done) return fail(done.error());
    const auto frame = out.next_frame(from);
    if (!frame) return fail(frame.error());
    now += limits::ack_interval;
    if (frame->empty()) continue;
    wire->assign(frame->begin(), frame->end());  // the copy that a socket makes
    byte_span record(*wire);
    const auto data = in.next(record);
    if (!data) return fail(data.error());
    if (!*data) return fail(errc::transfer_incomplete);
    const auto settle = in.deliver(**data, into, job, now);
    if (!settle) return fail(settle.error());
    if (auto done = *settle ? into.settle() : result<void>{}; !done) return fail(done.error());
  }
  if (sink.bytes() != bytes) return fail(errc::transfer_incomplete);
  return between(start, moment(), bytes);
}

// A relay on a port of the loopback, on a thread of its own.
class own_relay {
 public:
  own_relay() : server_(io_, unlimited()) {
    started_ = server_.listen({"127.0.0.1", 0});
    if (!started_) return;
    server_.start();
    thread_ = std::thread([this] { io_.run(); });
  }
  own_relay(const own_relay&) = delete;
  own_relay& operator=(const own_relay&) = delete;
  ~own_relay() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { server_.stop(); });
    thread_.join();
  }

  [[nodiscard]] const result<void>& started() const noexcept { return started_; }
  [[nodiscard]] net::address address() const { return server_.addresses().at(0); }

 private:
  static net::relay_server_options unlimited() {
    net::relay_server_options options;
    options.relay.rooms.each.bytes_max = 0;
    return options;
  }

  asio::io_context io_{1};
  net::relay_server server_;
  result<void> started_;
  std::thread thread_;
};

// One side of a transfer, from the connection to its end.
template <class Transfer>
class side {
 public:
  using session_type = session::session<Transfer>;
  using driver_type = net::session_driver<session_type, net::tcp_transport>;

  result<void> run(const net::address& relay, const crypto::code_phrase& code, Transfer& transfer,
                   session::session_options options, want wanted) {
    result<void> outcome = fail(errc::cancelled);
    asio::io_context io(1);
    asio::co_spawn(io, work(relay, code, transfer, std::move(options), wanted),
                   [&](const std::exception_ptr& thrown, result<void> done) {
                     if (thrown) std::rethrow_exception(thrown);
                     outcome = std::move(done);
                     io.stop();
                   });
    io.run();
    // What still waits on the context goes before the context does.
    driver_.reset();
    return outcome;
  }

  std::optional<moment> secured_at;  ///< when both sides were sure of each other
  std::optional<moment> done_at;     ///< when everything was in its place

 private:
  asio::awaitable<result<void>> work(net::address relay, const crypto::code_phrase& code,
                                     Transfer& transfer, session::session_options options,
                                     want wanted) {
    const auto executor = co_await asio::this_coro::executor;
    auto socket = co_await net::connect(relay);
    if (!socket) co_return fail(socket.error());
    room::client_options room;
    room.wanted = wanted;
    room.side = random_id();
    room.software = "tallow-cli bench";
    room.room = code.room();
    options.code = code.clone();
    session_.emplace(room::client(std::move(room), std::chrono::steady_clock::now()), transfer,
                     std::move(options), Botan::system_rng());
    driver_.emplace(*session_, net::tcp_transport(std::move(*socket)), executor,
                    typename driver_type::connector(), relay);
    co_return co_await driver_->run([this](const session::event& e) {
      if (std::holds_alternative<session::secured>(e)) secured_at.emplace();
      if (std::holds_alternative<session::done>(e)) done_at.emplace();
      if constexpr (Transfer::role == transfer_role::receiver) {
        if (!std::holds_alternative<session::offered>(e)) return;
        (void)session_->accept_offer(std::chrono::steady_clock::now());
        driver_->wake();
      }
    });
  }

  std::optional<session_type> session_;
  std::optional<driver_type> driver_;
};

// A whole transfer through a relay, all of it in this process; nothing touches a disk.
result<measured> over_loopback(const bench_options& options) {
  own_relay relay;
  if (!relay.started()) return fail(relay.started().error());
  // Others on this machine may find the port, so the code is as hard to guess as a key.
  const auto code = crypto::code_phrase::parse("1-" + to_hex(random_id()));
  if (!code) return fail(code.error());

  using receiver_type = transfer::receiver<counting_sink, transfer::memory_journal, std::mutex>;
  counting_sink sink;
  receiver_type into(sink);
  side<receiver_type> receiving;
  result<void> received;
  std::thread other(
      [&] { received = receiving.run(relay.address(), *code, into, {}, want::receive); });

  using sender_type = transfer::sender<random_source, std::mutex>;
  random_source source(options.bench_bytes);
  transfer::sender_options setup;
  setup.id = random_id();
  sender_type from(source, setup);
  session::session_options how;
  how.lanes = options.lanes;
  how.compression = {transfer::compression_mode::off, 0};
  side<sender_type> sending;
  const auto sent = sending.run(relay.address(), *code, from, std::move(how), want::send);
  other.join();
  if (!sent) return fail(sent.error());
  if (!received) return fail(received.error());
  if (sink.bytes() != options.bench_bytes || !sending.secured_at || !sending.done_at) {
    return fail(errc::transfer_incomplete);
  }
  return between(*sending.secured_at, *sending.done_at, options.bench_bytes);
}

bool tell(reporter& report, const char* name, const std::string& what,
          const result<measured>& found, exit_code& code) {
  if (!found) {
    code = report.failed(found.error());
    return false;
  }
  std::array<char, 96> figures{};
  std::snprintf(figures.data(), figures.size(), ": %.0f MiB/s, %.2f CPU s/GiB", found->mib_per_s(),
                found->cpu_s_per_gib());
  report.emit({{"event", "bench"},
               {"what", name},
               {"bytes", found->bytes},
               {"seconds", found->seconds},
               {"cpu_seconds", found->cpu_s},
               {"mib_per_s", found->mib_per_s()},
               {"cpu_s_per_gib", found->cpu_s_per_gib()}});
  report.say_always(what + figures.data());
  return true;
}

}  // namespace

exit_code bench(const bench_options& options) {
  reporter report(report_options_of(options));
  if (const auto trouble = report.begin("bench")) return *trouble;
  exit_code code = exit_code::done;
  report.say(human_bytes(options.bench_bytes) +
             " of random bytes, not compressed, no disk involved.");
  if (!tell(report, "memory", "In memory, one thread (read, sealed, opened)",
            in_memory(options.bench_bytes), code)) {
    return code;
  }
  const std::string lanes =
      options.lanes == 0 ? "in the control connection" : counted(options.lanes, "lane");
  (void)tell(report, "loopback", "Over loopback, sender, relay and receiver at once, " + lanes,
             over_loopback(options), code);
  return code;
}

}  // namespace tallow::cli
