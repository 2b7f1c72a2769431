// Whether docs/protocol/wire.md says what the code does: types, numbers, limits, fields, values.

#include <algorithm>
#include <array>
#include <cctype>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/data_record.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/peer_messages.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "fuzz/samples.hpp"
#include "support/paths.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

// ---- the document ----

struct document {
  std::map<std::string, std::vector<std::string>> types_of;  // heading -> types of its fields
  std::map<std::string, std::string> frames;                 // type -> "0x01 128"
  std::map<std::string, std::string> values;                 // enumeration -> its values
};

document read_document() {
  std::ifstream file(test::source_path("docs/protocol/wire.md"));
  const std::regex heading(R"(###? (.+))");
  const std::regex frame(R"(\| (\w+) \| (0x\w\w) \| (\d+) \| [^|]+ \|)");
  const std::regex field_row(R"(\| (\w+) \| `([^`]+)` \|.*)");
  const std::regex values_row(R"(\| `(\w+)` \| (\d.*) \|)");
  document doc;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    std::smatch part;
    if (std::regex_match(line, part, heading)) {
      section = part[1];
      doc.types_of[section];
    } else if (std::regex_match(line, part, frame)) {
      EXPECT_TRUE(doc.frames.emplace(part[1], part[2].str() + " " + part[3].str()).second) << line;
    } else if (std::regex_match(line, part, field_row)) {
      doc.types_of[section].push_back(part[2]);
    } else if (std::regex_match(line, part, values_row)) {
      EXPECT_TRUE(doc.values.emplace(part[1], part[2]).second) << line;
    }
  }
  return doc;
}

// ---- the code ----

std::string upper(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

std::string number(unsigned value) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "0x%02X", value);
  return text.data();
}

// C++20 cannot say these names itself.
template <class T>
constexpr const char* name_of = nullptr;
#define TALLOW_NAME(type) \
  template <>             \
  constexpr const char* name_of<type> = #type;
TALLOW_NAME(want)
TALLOW_NAME(place)
TALLOW_NAME(arrival)
TALLOW_NAME(leave_reason)
TALLOW_NAME(close_reason)
TALLOW_NAME(relay_error_code)
TALLOW_NAME(relay_limits)
TALLOW_NAME(transfer_role)
TALLOW_NAME(direct_use)
TALLOW_NAME(direct_address)
TALLOW_NAME(entry_kind)
TALLOW_NAME(failure_reason)
TALLOW_NAME(abort_reason)
TALLOW_NAME(manifest_entry)
TALLOW_NAME(entry_failure)
TALLOW_NAME(chunk_range)
#undef TALLOW_NAME

std::string sealed_name(sealed_type type) {
  switch (type) {
    case sealed_type::setup: return "SETUP";
    case sealed_type::lanes: return "LANES";
    case sealed_type::lane_hello: return "LANE_HELLO";
    case sealed_type::manifest: return "MANIFEST";
    case sealed_type::accept: return "ACCEPT";
    case sealed_type::entries_done: return "ENTRIES_DONE";
    case sealed_type::have: return "HAVE";
    case sealed_type::data: return "DATA";
    case sealed_type::ack: return "ACK";
    case sealed_type::verified: return "VERIFIED";
    case sealed_type::ident: return "IDENT";
    case sealed_type::end: return "END";
    case sealed_type::end_ack: return "END_ACK";
    case sealed_type::abort: return "ABORT";
    case sealed_type::ping: return "PING";
    case sealed_type::pong: return "PONG";
    case sealed_type::received: return "RECEIVED";
    case sealed_type::direct_lanes: return "DIRECT_LANES";
  }
  return "";
}

// What the document has to show of the code: structures and enumerations found on the way.
struct code {
  std::map<std::string, std::vector<std::string>> types_of;
  std::map<std::string, std::size_t> values;

  template <class T>
  std::string type_of(std::size_t count_max) {
    const std::string limit = " <= " + std::to_string(count_max);
    if constexpr (message<T>) {
      types_of["Structure " + std::string(name_of<T>)] = fields_of<T>();
      return name_of<T>;
    } else if constexpr (std::same_as<T, bool>) {
      return "bool";
    } else if constexpr (std::integral<T>) {
      return (std::signed_integral<T> ? "i" : "u") + std::to_string(8 * sizeof(T));
    } else if constexpr (wire_enum<T>) {
      values[name_of<T>] = static_cast<std::size_t>(enum_last(T{})) + 1;
      return name_of<T>;
    } else if constexpr (detail::is_strong<T>) {
      return type_of<typename T::value_type>(count_max);
    } else if constexpr (detail::is_byte_array<T>) {
      return "bytes[" + std::to_string(std::tuple_size_v<T>) + "]";
    } else if constexpr (std::same_as<T, std::string>) {
      return "text" + limit;
    } else if constexpr (std::same_as<T, byte_buffer>) {
      return "bytes" + limit;
    } else if constexpr (detail::is_variant<T>) {
      static_assert(std::variant_size_v<T> == 2);
      return "choice of " + type_of<std::variant_alternative_t<0, T>>(0) + " or " +
             type_of<std::variant_alternative_t<1, T>>(0);
    } else {
      return "list of " + type_of<typename T::value_type>(0) + limit;
    }
  }

  template <message M>
  std::vector<std::string> fields_of() {
    return M::fields()(
        [&](const auto&... f) { return std::vector<std::string>{type_of_field(f)...}; });
  }

  template <class Message, class Member>
  std::string type_of_field(const field<Message, Member>& f) {
    return type_of<Member>(f.count_max);
  }
};

code read_code() {
  code all;
  fuzz::for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
    all.types_of[upper(frame_name(M::type)) + " " + number(static_cast<unsigned>(M::type))] =
        all.fields_of<M>();
  });
  fuzz::for_each_message<peer_messages>([&]<class M>(std::type_identity<M>) {
    all.types_of[sealed_name(M::type) + " sealed " + number(static_cast<unsigned>(M::type))] =
        all.fields_of<M>();
  });
  return all;
}

TEST(ProtocolDocument, ListsEveryFrameWithItsNumberAndLimit) {
  const document doc = read_document();
  std::size_t count = 0;
#define TALLOW_X(name, type_number, bytes_max)                                                 \
  {                                                                                            \
    const auto row = doc.frames.find(upper(#name));                                            \
    ASSERT_NE(row, doc.frames.end()) << #name;                                                 \
    EXPECT_EQ(row->second,                                                                     \
              number(type_number) + " " + std::to_string(static_cast<std::size_t>(bytes_max))) \
        << #name;                                                                              \
    ++count;                                                                                   \
  }
  TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
  EXPECT_EQ(doc.frames.size(), count) << "the document has frames that do not exist";
}

TEST(ProtocolDocument, ListsEveryFieldOfEveryMessage) {
  const document doc = read_document();
  const code all = read_code();
  for (const auto& [heading, types] : all.types_of) {
    ASSERT_TRUE(doc.types_of.contains(heading)) << "no section: " << heading;
    EXPECT_EQ(doc.types_of.at(heading), types) << heading;
  }
  for (const auto& [heading, types] : doc.types_of) {
    EXPECT_TRUE(types.empty() || all.types_of.contains(heading)) << "no message: " << heading;
  }
}

TEST(ProtocolDocument, ListsEveryValueOfEveryEnumeration) {
  const document doc = read_document();
  const code all = read_code();
  for (const auto& [name, count] : all.values) {
    ASSERT_TRUE(doc.values.contains(name)) << name;
    const std::string& text = doc.values.at(name);
    // "0 send, 1 receive, 2 either": numbered from 0, without a gap.
    const std::regex value(R"((?:^|, )(\d+) (\w+))");
    std::size_t next = 0;
    std::set<std::string> names;
    for (std::sregex_iterator it(text.begin(), text.end(), value), stop; it != stop; ++it, ++next) {
      EXPECT_EQ((*it)[1], std::to_string(next)) << name;
      EXPECT_TRUE(names.insert((*it)[2]).second) << name << ": " << (*it)[2];
    }
    EXPECT_EQ(next, count) << name;
  }
  EXPECT_EQ(doc.values.size(), all.values.size());
}

TEST(ProtocolDocument, ListsTheFixedNumbers) {
  std::ifstream file(test::source_path("docs/protocol/wire.md"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto says = [&](const std::string& words) { return text.find(words) != std::string::npos; };
  EXPECT_TRUE(says("sealed type " + number(static_cast<unsigned>(sealed_type::data))));
  EXPECT_TRUE(says("a body above " + std::to_string(limits::unauthenticated_frame_bytes_max)));
  EXPECT_TRUE(says("slices of at most " + std::to_string(limits::peer_slice_bytes_max)));
  EXPECT_TRUE(says("any above " + std::to_string(limits::handshake_slice_bytes_max)));
  EXPECT_TRUE(says("at most " + std::to_string(limits::chunk_bytes_max) + " |"));
  EXPECT_TRUE(says("1 to " + std::to_string(limits::nameplate_max)));
  EXPECT_TRUE(says("this page is version " + std::to_string(relay_protocol_version)));
  EXPECT_TRUE(says("tag of " + std::to_string(limits::record_tag_bytes)));
}

}  // namespace
