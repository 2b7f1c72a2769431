#include "history.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include <tallow/files/unique_fd.hpp>

#include "state_folder.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

constexpr int busy_ms = 2000;

// What a later version may have made of it is left alone.
constexpr int format = 1;
constexpr const char* make_table =
    "CREATE TABLE IF NOT EXISTS transfers ("
    "id INTEGER PRIMARY KEY, started INTEGER NOT NULL, ended INTEGER NOT NULL,"
    "sender INTEGER NOT NULL, relay TEXT NOT NULL, names TEXT NOT NULL, folder BLOB NOT NULL,"
    "entries INTEGER NOT NULL, bytes INTEGER NOT NULL, result TEXT NOT NULL);"
    "PRAGMA user_version = 1;";

// A statement with its values, which ends with the scope.
class statement {
 public:
  statement(::sqlite3* database, const char* text) {
    (void)::sqlite3_prepare_v2(database, text, -1, &raw_, nullptr);
  }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement() { ::sqlite3_finalize(raw_); }

  void bind(std::int64_t value) { (void)::sqlite3_bind_int64(raw_, ++bound_, value); }
  void bind(const std::string& text) {
    (void)::sqlite3_bind_text64(raw_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                                SQLITE_UTF8);
  }
  void bind_bytes(const std::string& bytes) {
    (void)::sqlite3_bind_blob64(raw_, ++bound_, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
  }

  // SQLITE_ROW, SQLITE_DONE, or an error; that of a statement that could not be made, too.
  [[nodiscard]] int step() { return raw_ == nullptr ? SQLITE_ERROR : ::sqlite3_step(raw_); }

  [[nodiscard]] std::int64_t number(int column) const {
    return ::sqlite3_column_int64(raw_, column);
  }
  [[nodiscard]] std::string bytes(int column) const {
    const void* const at = ::sqlite3_column_blob(raw_, column);
    const auto count = static_cast<std::size_t>(::sqlite3_column_bytes(raw_, column));
    return at == nullptr ? std::string() : std::string(static_cast<const char*>(at), count);
  }

 private:
  ::sqlite3_stmt* raw_ = nullptr;
  int bound_ = 0;
};

// Names need not be UTF-8, and are shown, not used.
std::string json_of(const std::vector<std::string>& names) {
  return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> names_of(const std::string& json) {
  const auto list = nlohmann::json::parse(json, nullptr, false);
  std::vector<std::string> names;
  if (!list.is_array()) return names;
  for (const auto& one : list) {
    if (one.is_string()) names.push_back(one.get<std::string>());
  }
  return names;
}

// Before SQLite makes it, which would ask the umask.
std::optional<std::string> make_file(const fs::path& file) {
  std::error_code failure;
  fs::create_directories(file.parent_path().parent_path(), failure);
  (void)::mkdir(file.parent_path().c_str(), 0700);
  const files::unique_fd made(
      ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!made) return file.native() + ": " + std::strerror(errno);
  return std::nullopt;
}

}  // namespace

void history::closer::operator()(::sqlite3* database) const noexcept {
  (void)::sqlite3_close_v2(database);
}

std::string history::why() const {
  return file_.native() + ": " + ::sqlite3_errmsg(database_.get());
}

std::optional<std::string> history::run(const char* statements) {
  const int done = ::sqlite3_exec(database_.get(), statements, nullptr, nullptr, nullptr);
  return done == SQLITE_OK ? std::nullopt : std::optional(why());
}

std::optional<history> history::open(std::string& trouble) {
  const auto folder = state_folder();
  if (!folder) {
    trouble = "there is no home folder";
    return std::nullopt;
  }
  const fs::path file = *folder / "history.sqlite";
  if (auto failed = make_file(file)) {
    trouble = *failed;
    return std::nullopt;
  }
  ::sqlite3* raw = nullptr;
  const int opened =
      ::sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  history made(std::unique_ptr<::sqlite3, closer>(raw), file);
  if (opened != SQLITE_OK) {
    trouble = made.why();
    return std::nullopt;
  }
  (void)::sqlite3_busy_timeout(raw, busy_ms);
  statement version(raw, "PRAGMA user_version");
  if (version.step() != SQLITE_ROW) {
    trouble = made.why();
    return std::nullopt;
  }
  if (version.number(0) > format) {
    trouble = file.native() + ": a newer version of this program has made it";
    return std::nullopt;
  }
  if (version.number(0) == 0) {
    (void)version.step();  // it is over, and holds no lock
    if (auto failed = made.run(make_table)) {
      trouble = *failed;
      return std::nullopt;
    }
  }
  return made;
}

std::optional<std::string> history::add(const past_transfer& one) {
  statement insert(database_.get(),
                   "INSERT INTO transfers (started, ended, sender, relay, names, folder, entries,"
                   " bytes, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(one.started);
  insert.bind(one.ended);
  insert.bind(std::int64_t{one.is_sender ? 1 : 0});
  insert.bind(one.relay);
  insert.bind(json_of(one.names));
  insert.bind_bytes(one.folder);
  insert.bind(static_cast<std::int64_t>(one.entries));
  insert.bind(static_cast<std::int64_t>(one.bytes));
  insert.bind(one.result);
  return insert.step() == SQLITE_DONE ? std::nullopt : std::optional(why());
}

std::optional<std::vector<past_transfer>> history::last(std::uint64_t count, std::string& trouble) {
  statement select(database_.get(),
                   "SELECT started, ended, sender, relay, names, folder, entries, bytes, result"
                   " FROM transfers ORDER BY id DESC LIMIT ?");
  select.bind(static_cast<std::int64_t>(count));
  std::vector<past_transfer> all;
  int more = select.step();
  for (; more == SQLITE_ROW; more = select.step()) {
    past_transfer& one = all.emplace_back();
    one.started = select.number(0);
    one.ended = select.number(1);
    one.is_sender = select.number(2) != 0;
    one.relay = select.bytes(3);
    one.names = names_of(select.bytes(4));
    one.folder = select.bytes(5);
    one.entries = static_cast<std::uint64_t>(select.number(6));
    one.bytes = static_cast<std::uint64_t>(select.number(7));
    one.result = select.bytes(8);
  }
  if (more == SQLITE_DONE) return all;
  trouble = why();
  return std::nullopt;
}

std::optional<std::string> history::clear() {
  return run("PRAGMA secure_delete = ON; DELETE FROM transfers; VACUUM;");
}

}  // namespace tallow::cli
