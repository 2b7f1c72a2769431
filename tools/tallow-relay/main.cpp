// tallow-relay: brings two people's tallow-cli together and passes sealed bytes on.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <tallow/net/address.hpp>
#include <tallow/net/relay_group.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "admin_door.hpp"
#include "command_line.hpp"
#include "http_listener.hpp"
#include "identity_files.hpp"
#include "lifecycle.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "operator_pages.hpp"
#include "reload.hpp"
#include "sandbox.hpp"
#include "service_manager.hpp"
#include "tls_renewal.hpp"

namespace {

using tallow::relay_tool::command_line;
using tallow::relay_tool::complain;
using tallow::relay_tool::exit_failed;
using tallow::relay_tool::feed_watchdog;
using tallow::relay_tool::reload_on_signals;
using tallow::relay_tool::service_manager;
using tallow::relay_tool::settings;
using tallow::relay_tool::stop_on_signals;

// Descriptors that are kept for the listeners, the operators' endpoints, the log and the system's
// own needs: whatever strangers do, there is one for who asks how the relay is.
constexpr rlim_t descriptors_kept = 64;

// Of the others, the part that lanes may have for pipes. A relay has few lanes with bytes at a
// time, and can do without.
constexpr rlim_t pipes_part = 16;

// And the part, and the most, for those who are told why they cannot stay.
constexpr rlim_t refusals_part = 8;
constexpr rlim_t refusals_max = 128;

// What an event loop has for itself, its listeners among them.
constexpr rlim_t descriptors_per_thread = 8;

// With fewer for strangers a relay is none.
constexpr rlim_t descriptors_for_strangers_min = 64;

std::size_t threads_of(const settings& chosen) {
  constexpr unsigned threads_max = 256;
  if (chosen.threads != 0) return chosen.threads;
  return std::clamp(std::thread::hardware_concurrency(), 1U, threads_max);
}

// A relay sees nothing secret, but what it sees is nobody's business either.
void keep_to_itself() {
  const rlimit no_core{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  (void)std::signal(SIGPIPE, SIG_IGN);
}

// What is opened later would else be written to in the place of a stream that is closed. These
// cannot be written to either, so that whoever writes hears of it.
void fill_closed_streams() {
  for (int fd = 0; fd >= 0 && fd <= STDERR_FILENO;) {
    fd = ::open("/dev/null", O_RDONLY);  // NOLINT(android-cloexec-open): children have them, too
    if (fd > STDERR_FILENO) (void)::close(fd);
  }
}

// Divides the descriptors that this process may have. False after a complaint: there are too few.
bool limit_descriptors(settings& chosen) {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return true;
  descriptors.rlim_cur = descriptors.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &descriptors);
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return true;
  const rlim_t usable = descriptors.rlim_cur;
  const rlim_t kept = descriptors_kept + descriptors_per_thread * threads_of(chosen);
  if (usable < kept + descriptors_for_strangers_min) {
    complain("only " + std::to_string(usable) + " files may be open, and " +
             std::to_string(kept + descriptors_for_strangers_min) +
             " are the least: raise the limit (LimitNOFILE=, ulimit -n)");
    return false;
  }
  const rlim_t for_pipes = (usable - kept) / pipes_part;
  chosen.pipes_max = for_pipes / 2;
  const rlim_t for_strangers = usable - kept - for_pipes;
  chosen.refusals_max = std::min(for_strangers / refusals_part, refusals_max);
  chosen.connections_max =
      std::min<std::size_t>(chosen.connections_max, for_strangers - chosen.refusals_max);
  return true;
}

bool is_missing_family(const tallow::error& why) {
  return why.cause == std::errc::address_family_not_supported ||
         why.cause == std::errc::address_not_available;
}

std::string listen_trouble(const tallow::net::address& where, const tallow::error& why) {
  std::string text = "cannot listen on " + to_string(where) + ": " +
                     (why.cause ? why.cause.message() : std::string(tallow::errc_text(why.code)));
  if (why.cause == std::errc::address_in_use) {
    text += "; another program has this port, or an earlier `listen` of this one: choose another";
  }
  return text;
}

bool listen_on_all(tallow::net::relay_group& relay, const settings& chosen) {
  if (!chosen.listen.empty()) {
    for (const auto& where : chosen.listen) {
      if (auto done = relay.listen(where); !done) {
        complain(listen_trouble(where, done.error()));
        return false;
      }
    }
    return true;
  }
  bool is_any = false;
  for (const char* host : {"0.0.0.0", "::"}) {
    const tallow::net::address where{host};
    auto done = relay.listen(where);
    // A machine may well lack one of the two families.
    if (!done && is_missing_family(done.error())) {
      spdlog::warn("{}", listen_trouble(where, done.error()));
    } else if (!done) {
      complain(listen_trouble(where, done.error()));
      return false;
    } else {
      is_any = true;
    }
  }
  if (!is_any) complain("there is no address to listen on");
  return is_any;
}

// The sockets that the service manager listens on take the place of all others: they are open while
// one relay ends and the next one starts.
bool listen_on_inherited(tallow::net::relay_group& relay,
                         std::vector<tallow::relay_tool::inherited_socket> sockets) {
  for (auto& socket : sockets) {
    const int number = socket.descriptor.get();
    if (auto done = relay.adopt(number); !done) {
      complain("descriptor " + std::to_string(number) + " ('" + socket.name +
               "') was passed to listen on: " + describe(done.error()) +
               "; the socket unit needs ListenStream= with a port");
      return false;
    }
    (void)socket.descriptor.release();
  }
  return true;
}

bool listen_for_proxies(tallow::net::relay_group& relay, const settings& chosen) {
  for (const auto& where : chosen.proxy_listen) {
    if (auto done = relay.listen(where, tallow::net::greeting::proxy_header); !done) {
      complain(listen_trouble(where, done.error()));
      return false;
    }
  }
  return true;
}

bool start_listening(tallow::net::relay_group& relay, const settings& chosen,
                     service_manager& manager) {
  if (!manager.sockets_trouble().empty()) {
    complain(manager.sockets_trouble());
    return false;
  }
  auto inherited = manager.take_sockets();
  if (!inherited.empty()) {
    if (!chosen.listen.empty()) {
      spdlog::info("the service manager passed sockets to listen on: `listen` is not used");
    }
    if (!listen_on_inherited(relay, std::move(inherited))) return false;
  } else if (!chosen.listen.empty() || chosen.proxy_listen.empty()) {
    // Behind a proxy nobody is meant to come in elsewhere, unless it is said where.
    if (!listen_on_all(relay, chosen)) return false;
  }
  return listen_for_proxies(relay, chosen);
}

bool start_threads(tallow::net::relay_group& relay, const std::function<void()>& on_end) {
  try {
    relay.start(on_end);
    return true;
  } catch (const std::system_error& e) {
    complain("cannot start " + std::to_string(relay.shard_count()) + " threads: " +
             e.code().message() + "; --threads asks for fewer, TasksMax= and ulimit -u allow more");
    return false;
  }
}

// An exception that nobody has foreseen ends the relay, which says so.
void be_loud(const std::exception_ptr& lost) {
  if (lost) std::rethrow_exception(lost);
}

// The one line on standard output, for the program that started us; then the log, and the manager.
bool say_ready(const tallow::net::relay_group& relay, const settings& chosen,
               const service_manager& manager) {
  std::string line = "tallow-relay ready on ";
  for (const auto& where : relay.addresses()) {
    if (line.back() != ' ') line += ",";
    line += to_string(where);
  }
  if (std::puts(line.c_str()) < 0 || std::fflush(stdout) != 0) {
    complain("cannot write to standard output");
    return false;
  }
  spdlog::info("ready: at most {} rooms and {} connections, {} threads", chosen.rooms_max,
               chosen.connections_max, relay.shard_count());
  manager.ready();
  return true;
}

// A line a minute, if anything has happened: a log that a stranger can fill is a target itself.
asio::awaitable<void> report(asio::steady_timer& timer, tallow::net::relay_group& relay,
                             const service_manager& manager) {
  std::uint64_t rooms_before = 0;
  std::uint64_t bytes_before = 0;
  for (;;) {
    const bool goes_on =
        co_await tallow::relay_tool::pause_for(timer, std::chrono::minutes(1), relay);
    if (!goes_on) co_return;
    const auto now = co_await relay.figures();
    if (now.rooms_opened == rooms_before && now.counters.bytes_relayed == bytes_before) continue;
    rooms_before = now.rooms_opened;
    bytes_before = now.counters.bytes_relayed;
    const std::string line =
        fmt::format("{} rooms, {} connections; {} rooms and {} bytes since the start", now.rooms,
                    now.connections, rooms_before, bytes_before);
    spdlog::info("{}", line);
    manager.status(line);
  }
}

// Without having been asked for, the endpoints are no reason not to start.
bool serve_operators(tallow::relay_tool::http_listener& http,
                     const tallow::relay_tool::http_choice& where) {
  if (!where.at) return true;
  if (auto done = http.listen(*where.at); !done) {
    const std::string what = "the operators' endpoints: " + listen_trouble(*where.at, done.error());
    if (where.was_asked_for) {
      complain(what);
      return false;
    }
    spdlog::warn("{}; --http-listen takes another address, or off", what);
    return true;
  }
  spdlog::info("operators' endpoints on http://{}/", http.address());
  return true;
}

// What stays of the file system.
std::vector<tallow::relay_tool::allowed_path> paths_for_later(
    const command_line& from, const tallow::relay_tool::identity_files& files) {
  using tallow::relay_tool::allow_reading_again;
  using tallow::relay_tool::allowed_path;
  std::vector<allowed_path> paths;
  if (!from.config.empty()) allow_reading_again(paths, from.config);
  if (files.are_own()) {
    paths.push_back({files.key().parent_path().string(), allowed_path::access::write});
  } else {
    allow_reading_again(paths, files.certificate());
    allow_reading_again(paths, files.key());
  }
  return paths;
}

bool give_up_rights(const command_line& from, const tallow::relay_tool::identity_files& files) {
  if (from.chosen.no_sandbox) {
    spdlog::warn("no sandbox, as asked for: who takes the relay over has all its rights");
    return true;
  }
  const auto report = tallow::relay_tool::enter_sandbox(paths_for_later(from, files));
  if (report.failure) {
    complain("the sandbox: " + *report.failure + "; --no-sandbox goes without");
    return false;
  }
  for (const std::string& what : report.missing) spdlog::warn("sandbox: {}", what);
  return true;
}

// The certificate to run with; without one the exit code says why.
int start_tls(const settings& chosen, tallow::relay_tool::identity_files& files,
              std::optional<tallow::net::tls_server_context>& to) {
  if (const auto why = tallow::relay_tool::identity_files::find(chosen, files)) {
    complain(*why);
    return tallow::relay_tool::exit_usage;
  }
  const auto found = files.load();
  if (!found.identity) {
    complain("no TLS: " + found.trouble);
    return exit_failed;
  }
  to = tallow::relay_tool::announced(*found.identity);
  if (chosen.takes_plaintext) spdlog::warn("clients without TLS are served: insecure-plaintext");
  return 0;
}

tallow::net::relay_server_options options_of(const settings& chosen,
                                             std::optional<tallow::net::tls_server_context> tls,
                                             tallow::relay_tool::note_log& notes,
                                             tallow::relay_tool::abuse_hook& hook) {
  tallow::net::relay_server_options options;
  options.relay.rooms.rooms_max = chosen.rooms_max;
  options.relay.connections_max = chosen.connections_max;
  options.relay.lanes_max = chosen.lanes_max;
  auto reloadable = tallow::relay_tool::reloadable_part(chosen);
  options.relay.rooms.each = reloadable.relay.each;
  options.relay.admission = reloadable.relay.admission;
  options.relay.bandwidth = reloadable.relay.bandwidth;
  options.addresses = std::move(reloadable.addresses);
  options.takes_plaintext = chosen.takes_plaintext;
  options.refusals_max = chosen.refusals_max;
  options.relay.software = std::string("tallow-relay/") + TALLOW_VERSION;
  options.on_note = [&notes, &hook](const tallow::room::noted& n) {
    const auto now = std::chrono::steady_clock::now();
    notes.write(n, now);
    if (n.source && hook.is_running()) {
      hook.report(*n.source, notes.name_of(*n.source, now), n);
    }
  };
  options.tls = std::move(tls);
  options.lanes.pipes_max = chosen.pipes_max;
  // Balancers like to ask where the traffic goes; what operators may see is not for everybody.
  options.on_http = [pages = tallow::relay_tool::public_pages()](std::string_view request) {
    return tallow::relay_tool::answer_to(request, pages);
  };
  return options;
}

// What goes on beside the relay as long as it runs.
class chores {
 public:
  explicit chores(asio::io_context& context)
      : context_(&context),
        stops_(context, SIGINT, SIGTERM),
        hangups_(context, SIGHUP),
        report_timer_(context),
        watchdog_timer_(context),
        renewal_timer_(context) {}

  void start(tallow::net::relay_group& relay, service_manager& manager,
             tallow::relay_tool::identity_files& files, std::chrono::seconds drain_wait,
             std::function<void()> on_reload) {
    begin(stop_on_signals(stops_, relay, manager, drain_wait));
    begin(reload_on_signals(hangups_, relay, std::move(on_reload)));
    begin(report(report_timer_, relay, manager));
    begin(feed_watchdog(watchdog_timer_, relay, manager));
    begin(tallow::relay_tool::renew_when_changed(renewal_timer_, files, relay));
  }

  void cancel() {
    stops_.cancel();
    hangups_.cancel();
    report_timer_.cancel();
    renewal_timer_.cancel();
    watchdog_timer_.cancel();
  }

 private:
  void begin(asio::awaitable<void> work) { asio::co_spawn(*context_, std::move(work), be_loud); }

  asio::io_context* context_;
  asio::signal_set stops_;
  asio::signal_set hangups_;
  asio::steady_timer report_timer_;
  asio::steady_timer watchdog_timer_;
  asio::steady_timer renewal_timer_;
};

int run(const command_line& from, service_manager& manager) {
  settings chosen = from.chosen;
  if (!limit_descriptors(chosen)) return exit_failed;
  tallow::relay_tool::identity_files files;
  std::optional<tallow::net::tls_server_context> tls;
  if (const int failed = start_tls(chosen, files, tls); failed != 0) return failed;
  asio::io_context context(1);
  tallow::relay_tool::note_log notes;
  tallow::relay_tool::abuse_hook hook(context);
  tallow::net::relay_group relay(context, threads_of(chosen),
                                 options_of(chosen, std::move(tls), notes, hook));
  tallow::relay_tool::relay_rules rules(
      context, tallow::relay_tool::reloadable_part(from.chosen),
      [&relay](const tallow::net::relay_reload& fresh) {
        relay.in_each([fresh](tallow::net::relay_server& shard) { shard.apply(fresh); });
      });
  tallow::relay_tool::abuse_watch abuse(context, hook, rules,
                                        [&relay, &chosen] { relay.drain(chosen.drain_timeout); });
  chores others(context);
  if (!manager.notify_trouble().empty()) spdlog::warn("{}", manager.notify_trouble());
  if (!start_listening(relay, chosen, manager)) return exit_failed;
  const tallow::relay_tool::process_figures process;
  tallow::room::relay_figures figures;
  const auto pages = tallow::relay_tool::operator_pages(figures, process, files, abuse);
  tallow::relay_tool::http_listener http(
      context, pages, [&]() -> asio::awaitable<void> { figures = co_await relay.figures(); });
  if (!serve_operators(http, chosen.http_listen)) return exit_failed;
  tallow::relay_tool::admin_door admin(context, relay);
  auto trouble = admin.open(chosen);
  if (!trouble) trouble = abuse.start(chosen);
  if (trouble) {
    complain(*trouble);
    return exit_failed;
  }
  if (!give_up_rights(from, files)) return exit_failed;
  tallow::relay_tool::reloader reload(
      from, from.chosen, [&rules](const tallow::net::relay_reload& fresh) { rules.settle(fresh); });
  // The relay ends by itself; what only waits then is ended here.
  const auto let_go = [&] {
    others.cancel();
    http.stop();
    admin.close();
    abuse.stop();
    rules.stop();
  };
  if (!start_threads(relay, let_go)) return exit_failed;
  if (!say_ready(relay, chosen, manager)) return exit_failed;
  others.start(relay, manager, files, chosen.drain_timeout, [&] {
    tallow::relay_tool::renew(files, relay);
    manager.reloading();
    reload();
    manager.ready();
  });
  context.run();
  const auto counted = relay.figures_at_end();
  spdlog::info("stopped; {} rooms and {} bytes since the start", counted.rooms_opened,
               counted.counters.bytes_relayed);
  return abuse.has_ended_the_relay() ? exit_failed : 0;
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  keep_to_itself();
  try {
    service_manager manager = service_manager::from_environment();
    auto parsed = tallow::relay_tool::parse_command_line(argc, argv);
    if (parsed.exit_code) return *parsed.exit_code;
    tallow::relay_tool::start_log(parsed.chosen);
    return run(parsed, manager);
  } catch (const std::exception& e) {
    complain(e.what());
    return exit_failed;
  }
}
