#include "abuse_lines.hpp"

#include <array>
#include <cstdint>
#include <span>

#include <asio/ip/address.hpp>
#include <nlohmann/json.hpp>

#include "metrics.hpp"

namespace tallow::relay_tool {

std::string source_text(room::source_id source) {
  if (source <= UINT32_MAX) {
    return asio::ip::make_address_v4(static_cast<std::uint32_t>(source)).to_string();
  }
  std::array<std::byte, 16> bytes{};
  store_big_endian(source, std::span(bytes).first<8>());
  asio::ip::address_v6::bytes_type plain;
  std::transform(bytes.begin(), bytes.end(), plain.begin(),
                 [](std::byte b) { return std::to_integer<unsigned char>(b); });
  return asio::ip::make_address_v6(plain).to_string() + "/64";
}

std::string abuse_report(room::source_id source, std::string_view id, std::string_view what,
                         std::string_view why) {
  return R"({"source":)" + json_quoted(source_text(source)) + R"(,"id":)" + json_quoted(id) +
         R"(,"what":)" + json_quoted(what) + R"(,"why":)" + json_quoted(why) + "}\n";
}

std::variant<abuse_block, const char*> parse_abuse_answer(std::string_view line) {
  const auto answer = nlohmann::json::parse(line, nullptr, false);
  if (!answer.is_object() || answer.size() != 2) {
    return "an object with `block` and `seconds` is wanted";
  }
  const auto whom = answer.find("block");
  const auto how_long = answer.find("seconds");
  if (whom == answer.end() || !whom->is_string()) return "`block` wants an address or a block";
  const auto parsed = net::network::parse(whom->get_ref<const std::string&>());
  if (!parsed) return "`block` wants an address or a block";
  constexpr auto most = static_cast<std::uint64_t>(abuse_block_max.count());
  if (how_long == answer.end() || !how_long->is_number_unsigned() ||
      how_long->get<std::uint64_t>() < 1 || how_long->get<std::uint64_t>() > most) {
    return "`seconds` wants a number from 1 to 2592000";
  }
  return abuse_block{*parsed, std::chrono::seconds(how_long->get<std::int64_t>())};
}

}  // namespace tallow::relay_tool
