#include "stored_session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>

#include "private_file.hpp"
#include "state_folder.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* extension = ".session";
constexpr auto age_max = std::chrono::hours(24);
// Facts with as many paths as a command line holds, and keys.
constexpr std::size_t file_bytes_max = std::size_t{4} << 20U;

// Behind the line of facts: room, generation, newest, whether there is an older one, that one.
constexpr std::size_t room_bytes = 16;
constexpr std::size_t secret_bytes_count = 64;
constexpr std::size_t keys_bytes_min = room_bytes + 4 + secret_bytes_count + 1;

secret_buffer encode_keys(const crypto::resume_keys& keys) {
  secret_buffer out;
  out.append(keys.room());
  std::array<std::byte, 4> generation;
  store_big_endian(keys.generation(), generation);
  out.append(generation);
  out.append(keys.newest().view());
  const std::array<std::byte, 1> has_older{static_cast<std::byte>(keys.older() ? 1 : 0)};
  out.append(has_older);
  if (keys.older()) out.append(keys.older()->view());
  return out;
}

std::optional<crypto::resume_keys> decode_keys(byte_view in) {
  if (in.size() < keys_bytes_min) return std::nullopt;
  room_id room{};
  std::copy_n(in.begin(), room_bytes, room.begin());
  const auto generation = load_big_endian<std::uint32_t>(in.subspan<room_bytes, 4>());
  in = in.subspan(room_bytes + 4);
  const auto take = [&in] {
    crypto::resume_secret secret(in.first<secret_bytes_count>());
    in = in.subspan(secret_bytes_count);
    return secret;
  };
  crypto::resume_secret newest = take();
  const bool has_older = in[0] == std::byte{1};
  in = in.subspan(1);
  if (in.size() != (has_older ? secret_bytes_count : 0)) return std::nullopt;
  std::optional<crypto::resume_secret> older;
  if (has_older) older = take();
  return crypto::resume_keys(room, generation, std::move(newest), std::move(older));
}

// Names of files need not be UTF-8, and a JSON text has to be.
nlohmann::json in_hex(const std::string& text) { return to_hex(as_bytes(text)); }

std::optional<std::string> from_json(const nlohmann::json& hex) {
  const auto bytes = from_hex(hex.get<std::string>());
  if (!bytes) return std::nullopt;
  return std::string(as_text(*bytes));
}

nlohmann::json in_hex(const std::vector<std::string>& all) {
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& text : all) list.push_back(in_hex(text));
  return list;
}

// A list that may be missing. False: it is none.
bool take_texts(const nlohmann::json& object, const char* name, std::vector<std::string>& to) {
  for (const auto& hex : object.value(name, nlohmann::json::array())) {
    auto text = from_json(hex);
    if (!text) return false;
    to.push_back(std::move(*text));
  }
  return true;
}

std::string encode_facts(const session_facts& facts) {
  nlohmann::json paths = nlohmann::json::array();
  for (const fs::path& p : facts.paths) paths.push_back(in_hex(p.native()));
  return nlohmann::json{{"sender", facts.is_sender},  {"relay", facts.relay},
                        {"paths", std::move(paths)},  {"lanes", facts.lanes},
                        {"compress", facts.compress}, {"on_conflict", facts.on_conflict},
                        {"only", in_hex(facts.only)}, {"excluded", in_hex(facts.excluded)},
                        {"git", facts.obeys_git},     {"follow_links", facts.follows_links},
                        {"sign", facts.signs},        {"from", facts.from},
                        {"proxy", facts.proxy},       {"direct", facts.direct},
                        {"local", facts.is_local}}
             .dump() +
         '\n';
}

std::optional<session_facts> decode_facts(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  session_facts facts;
  try {
    object.at("sender").get_to(facts.is_sender);
    object.at("relay").get_to(facts.relay);
    facts.proxy = object.value("proxy", "");
    facts.direct = object.value("direct", "auto");
    object.at("lanes").get_to(facts.lanes);
    object.at("compress").get_to(facts.compress);
    facts.on_conflict = object.value("on_conflict", "");
    if (!take_texts(object, "excluded", facts.excluded)) return std::nullopt;
    if (!take_texts(object, "only", facts.only)) return std::nullopt;
    facts.obeys_git = object.value("git", false);
    facts.follows_links = object.value("follow_links", false);
    facts.signs = object.value("sign", false);
    facts.from = object.value("from", "");
    facts.is_local = object.value("local", false);
    for (const auto& hex : object.at("paths")) {
      const auto path = from_json(hex);
      if (!path) return std::nullopt;
      facts.paths.emplace_back(*path);
    }
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return facts;
}

std::optional<stored_session> read_session(const fs::path& path) {
  const auto bytes = read_private_file(path, file_bytes_max);
  if (!bytes) return std::nullopt;
  const byte_view all = bytes->view();
  const auto line_end = std::find(all.begin(), all.end(), std::byte{'\n'});
  if (line_end == all.end()) return std::nullopt;
  const auto line_bytes = static_cast<std::size_t>(line_end - all.begin());
  auto facts = decode_facts(as_text(all.first(line_bytes)));
  auto keys = decode_keys(all.subspan(line_bytes + 1));
  if (!facts || !keys) return std::nullopt;
  return stored_session{path.stem().native(), std::move(*facts), std::move(*keys)};
}

}  // namespace

std::optional<session_store> session_store::find() {
  const auto folder = state_folder();
  if (!folder) return std::nullopt;
  return session_store(*folder / "sessions");
}

std::string session_store::id_of(const crypto::resume_keys& keys) {
  return to_hex(byte_view(keys.room()).first(6));
}

result<void> session_store::save(const session_facts& facts,
                                 const crypto::resume_keys& keys) const {
  std::error_code failure;
  fs::create_directories(folder_.parent_path(), failure);
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return files::fail_errno();
  const fs::path final_name = folder_ / (id_of(keys) + extension);
  // Both sides may be here, and store the same session at once.
  const fs::path new_name = final_name.native() + "." + std::to_string(::getpid()) + ".new";
  (void)::unlink(new_name.c_str());
  const files::unique_fd fd(
      ::open(new_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return files::fail_errno();
  const std::string line = encode_facts(facts);
  const secret_buffer secret = encode_keys(keys);
  auto done = files::write_at(fd.get(), 0, as_bytes(line));
  if (done) done = files::write_at(fd.get(), line.size(), secret.view());
  if (done && (::fsync(fd.get()) != 0 || ::rename(new_name.c_str(), final_name.c_str()) != 0)) {
    done = files::fail_errno();
  }
  if (!done) (void)::unlink(new_name.c_str());
  return done;
}

void session_store::forget(const std::string& id) const {
  (void)::unlink((folder_ / (id + extension)).c_str());
}

std::vector<stored_session> session_store::all() const {
  std::vector<std::pair<fs::file_time_type, stored_session>> found;
  std::error_code failure;
  for (const auto& item : fs::directory_iterator(folder_, failure)) {
    const auto written = item.last_write_time(failure);
    if (failure || fs::file_time_type::clock::now() - written > age_max) {
      (void)::unlink(item.path().c_str());
      continue;
    }
    if (item.path().extension() != extension) continue;
    if (auto one = read_session(item.path())) found.emplace_back(written, std::move(*one));
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<stored_session> sessions;
  sessions.reserve(found.size());
  for (auto& [when, one] : found) sessions.push_back(std::move(one));
  return sessions;
}

}  // namespace tallow::cli
