#include "mdns_message.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>
#include <ldns/ldns.h>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <tallow/base/limits.hpp>

namespace tallow::cli::mdns {
namespace {

constexpr std::string_view service_type = "_tallow._tcp.local.";
constexpr std::string_view local_domain = ".local.";
// Records whose data names a host; the others may live longer, but an hour after a sender has
// crashed nobody wants to hear of it.
constexpr std::uint32_t lifetime_seconds = 120;
// In front of the class of a record: whoever has older ones of that name and type forgets them.
constexpr unsigned flush_bit = 0x8000;
// In front of the class of a question: the answer may go to who asks alone.
constexpr unsigned class_mask = 0x7FFF;

struct freeing {
  void operator()(ldns_pkt* p) const noexcept { ldns_pkt_free(p); }
  void operator()(ldns_rr* r) const noexcept { ldns_rr_free(r); }
  void operator()(void* p) const noexcept { std::free(p); }  // NOLINT: C made it
};
using packet = std::unique_ptr<ldns_pkt, freeing>;
using record = std::unique_ptr<ldns_rr, freeing>;

// ---- writing ----

ldns_rdf* name_data(const std::string& name) {
  ldns_rdf* made = nullptr;
  (void)ldns_str2rdf_dname(&made, name.c_str());
  return made;
}

template <std::size_t Size>
ldns_rdf* address_data(ldns_rdf_type type, const std::array<unsigned char, Size>& bytes) {
  return ldns_rdf_new_frm_data(type, bytes.size(), bytes.data());
}

ldns_rdf* text_data(std::string_view text) {
  std::string counted(1, static_cast<char>(text.size()));
  counted += text;
  return ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, counted.size(), counted.data());
}

// Of a record's class: shared by all who say the same, or one's own.
enum class owned : bool { by_many, by_one };

record make_record(const std::string& name, ldns_rr_type type, owned how, std::uint32_t ttl,
                   std::initializer_list<ldns_rdf*> data) {
  record made(ldns_rr_new());
  ldns_rr_set_owner(made.get(), name_data(name));
  ldns_rr_set_type(made.get(), type);
  ldns_rr_set_class(made.get(), static_cast<ldns_rr_class>(
                                    LDNS_RR_CLASS_IN | (how == owned::by_one ? flush_bit : 0U)));
  ldns_rr_set_ttl(made.get(), ttl);
  for (ldns_rdf* one : data) ldns_rr_push_rdf(made.get(), one);
  return made;
}

void add(const packet& to, ldns_pkt_section section, record one) {
  if (ldns_pkt_push_rr(to.get(), section, one.get())) (void)one.release();
}

void add_question(const packet& to, const std::string& name) {
  record one(ldns_rr_new());
  ldns_rr_set_question(one.get(), true);
  ldns_rr_set_owner(one.get(), name_data(name));
  ldns_rr_set_type(one.get(), LDNS_RR_TYPE_ANY);
  ldns_rr_set_class(one.get(), LDNS_RR_CLASS_IN);
  add(to, LDNS_SECTION_QUESTION, std::move(one));
}

std::vector<std::byte> bytes_of(const packet& from) {
  std::uint8_t* made = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&made, from.get(), &size) != LDNS_STATUS_OK) return {};
  const std::unique_ptr<std::uint8_t, freeing> owner(made);
  const auto bytes = std::as_bytes(std::span(made, size));
  return {bytes.begin(), bytes.end()};
}

std::string name_of(std::uint32_t nameplate) {
  return std::to_string(nameplate) + '.' + std::string(service_type);
}
std::string name_of(const std::string& host) { return host + std::string(local_domain); }

record location_of(const service& what, std::uint32_t ttl) {
  return make_record(
      name_of(what.nameplate), LDNS_RR_TYPE_SRV, owned::by_one, ttl,
      {ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, 0), ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, 0),
       ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, what.port), name_data(name_of(what.host))});
}

std::vector<std::byte> response_of(const service& what, std::uint32_t ttl) {
  const packet made(ldns_pkt_new());
  ldns_pkt_set_qr(made.get(), true);
  ldns_pkt_set_aa(made.get(), true);
  const std::string name = name_of(what.nameplate);
  const auto answer = [&](record one) { add(made, LDNS_SECTION_ANSWER, std::move(one)); };
  answer(make_record(std::string(service_type), LDNS_RR_TYPE_PTR, owned::by_many, ttl,
                     {name_data(name)}));
  answer(location_of(what, ttl));
  answer(make_record(name, LDNS_RR_TYPE_TXT, owned::by_one, ttl,
                     {text_data("txtvers=1"), text_data("key=" + to_hex(what.key))}));
  for (const asio::ip::address& at : what.addresses) {
    answer(make_record(name_of(what.host), at.is_v4() ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA,
                       owned::by_one, ttl,
                       {at.is_v4() ? address_data(LDNS_RDF_TYPE_A, at.to_v4().to_bytes())
                                   : address_data(LDNS_RDF_TYPE_AAAA, at.to_v6().to_bytes())}));
  }
  return bytes_of(made);
}

// ---- reading: all of it is what a stranger wrote ----

// A name as text, in lower case: in DNS both mean the same.
std::string text_of(const ldns_rdf* name) {
  if (name == nullptr || ldns_rdf_get_type(name) != LDNS_RDF_TYPE_DNAME) return {};
  const std::unique_ptr<char, freeing> made(ldns_rdf2str(name));
  if (!made) return {};
  std::string text(made.get());
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// "7._tallow._tcp.local."
std::optional<std::uint32_t> nameplate_in(std::string_view name) {
  if (!name.ends_with(service_type)) return std::nullopt;
  name.remove_suffix(service_type.size());
  if (name.size() < 2 || name.size() > 10 || name.back() != '.') return std::nullopt;
  name.remove_suffix(1);
  if (name.size() > 1 && name.front() == '0') return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number <= limits::nameplate_max ? std::optional(number) : std::nullopt;
}

// "tallow-a1b2.local."
std::optional<std::string> host_in(std::string_view name) {
  if (!name.ends_with(local_domain)) return std::nullopt;
  name.remove_suffix(local_domain.size());
  const bool is_plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return is_plain ? std::optional(std::string(name)) : std::nullopt;
}

// What the records of one message say, by name.
struct gathered {
  std::map<std::uint32_t, service> services;  // with host and port
  std::map<std::uint32_t, net::key_fingerprint> keys;
  std::map<std::string, std::vector<asio::ip::address>> addresses;
};

std::optional<net::key_fingerprint> key_in(const ldns_rr* text) {
  constexpr std::string_view prefix = "key=";
  for (std::size_t i = 0; i < ldns_rr_rd_count(text); ++i) {
    const ldns_rdf* const one = ldns_rr_rdf(text, i);
    const std::string_view all(reinterpret_cast<const char*>(ldns_rdf_data(one)),
                               ldns_rdf_size(one));
    // Behind a byte that counts.
    if (all.size() <= prefix.size() || all.substr(1, prefix.size()) != prefix) continue;
    return net::parse_fingerprint(all.substr(1 + prefix.size()));
  }
  return std::nullopt;
}

template <class Address>
std::optional<asio::ip::address> address_in(const ldns_rr* from) {
  typename Address::bytes_type bytes;
  const ldns_rdf* const data = ldns_rr_rdf(from, 0);
  if (data == nullptr || ldns_rdf_size(data) != bytes.size()) return std::nullopt;
  std::copy_n(ldns_rdf_data(data), bytes.size(), bytes.begin());
  return Address(bytes);
}

// Host and port of a location; nothing where it has none, or of another kind.
std::optional<service> location_in(const ldns_rr* from) {
  constexpr std::size_t port_at = 2;
  constexpr std::size_t host_at = 3;
  if (ldns_rr_get_type(from) != LDNS_RR_TYPE_SRV || ldns_rr_rd_count(from) != host_at + 1) {
    return std::nullopt;
  }
  const auto nameplate = nameplate_in(text_of(ldns_rr_owner(from)));
  auto host = host_in(text_of(ldns_rr_rdf(from, host_at)));
  if (!nameplate || !host) return std::nullopt;
  return service{*nameplate, std::move(*host), ldns_rdf2native_int16(ldns_rr_rdf(from, port_at))};
}

void gather(gathered& to, const ldns_rr* from) {
  if (ldns_rr_ttl(from) == 0) return;  // it goes
  if (auto located = location_in(from)) {
    to.services.insert_or_assign(located->nameplate, std::move(*located));
    return;
  }
  const std::string name = text_of(ldns_rr_owner(from));
  if (ldns_rr_get_type(from) == LDNS_RR_TYPE_TXT) {
    const auto nameplate = nameplate_in(name);
    const auto key = key_in(from);
    if (nameplate && key) to.keys.insert_or_assign(*nameplate, *key);
    return;
  }
  std::optional<asio::ip::address> at;
  if (ldns_rr_get_type(from) == LDNS_RR_TYPE_A) at = address_in<asio::ip::address_v4>(from);
  if (ldns_rr_get_type(from) == LDNS_RR_TYPE_AAAA) at = address_in<asio::ip::address_v6>(from);
  const auto host = host_in(name);
  if (at && host) to.addresses[*host].push_back(*at);
}

template <class Each>
void for_each(const ldns_rr_list* list, Each each) {
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    const ldns_rr* const one = ldns_rr_list_rr(list, i);
    if ((static_cast<unsigned>(ldns_rr_get_class(one)) & class_mask) == LDNS_RR_CLASS_IN) each(one);
  }
}

void read_question(message& to, const ldns_rr* from) {
  const std::string name = text_of(ldns_rr_owner(from));
  if (name == service_type) {
    to.asks_all = true;
  } else if (const auto nameplate = nameplate_in(name)) {
    to.asked.push_back(*nameplate);
  } else if (auto host = host_in(name)) {
    to.asked_of.push_back(std::move(*host));
  }
}

void read_claim(message& to, const ldns_rr* from) {
  auto located = location_in(from);
  if (located) to.claimed.push_back({located->nameplate, std::move(located->host)});
}

}  // namespace

std::vector<std::byte> question_for(std::uint32_t nameplate) {
  const packet made(ldns_pkt_new());
  add_question(made, name_of(nameplate));
  return bytes_of(made);
}

std::vector<std::byte> probe_for(const service& wanted) {
  const packet made(ldns_pkt_new());
  add_question(made, name_of(wanted.nameplate));
  // That of a probe has no bit of its own: it is nobody's yet.
  record location = location_of(wanted, lifetime_seconds);
  ldns_rr_set_class(location.get(), LDNS_RR_CLASS_IN);
  add(made, LDNS_SECTION_AUTHORITY, std::move(location));
  return bytes_of(made);
}

std::vector<std::byte> announcement_of(const service& what) {
  return response_of(what, lifetime_seconds);
}

std::vector<std::byte> goodbye_of(const service& what) { return response_of(what, 0); }

result<message> read_message(byte_view datagram) {
  if (datagram.size() > message_bytes_max) return fail(errc::message_type_unknown);
  ldns_pkt* made = nullptr;
  if (ldns_wire2pkt(&made, as_u8(datagram).data(), datagram.size()) != LDNS_STATUS_OK) {
    return fail(errc::message_type_unknown);
  }
  const packet all(made);
  if (ldns_pkt_get_opcode(made) != LDNS_PACKET_QUERY) return fail(errc::message_type_unknown);
  message found;
  if (!ldns_pkt_qr(made)) {
    for_each(ldns_pkt_question(made), [&](const ldns_rr* q) { read_question(found, q); });
    for_each(ldns_pkt_authority(made), [&](const ldns_rr* r) { read_claim(found, r); });
    return found;
  }
  gathered records;
  for (const ldns_rr_list* const list : {ldns_pkt_answer(made), ldns_pkt_additional(made)}) {
    for_each(list, [&](const ldns_rr* r) { gather(records, r); });
  }
  for (auto& [nameplate, one] : records.services) {
    found.claimed.push_back({nameplate, one.host});
    const auto key = records.keys.find(nameplate);
    const auto at = records.addresses.find(one.host);
    if (key == records.keys.end() || at == records.addresses.end() || one.port == 0) continue;
    one.key = key->second;
    one.addresses = at->second;
    found.found.push_back(std::move(one));
  }
  return found;
}

}  // namespace tallow::cli::mdns
