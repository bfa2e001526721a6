// Decoding accepts loosely and then demands the bytes that encoding gives: one place knows the
// form.
#include "identity/ticket_fields.hpp"

#include <algorithm>
#include <limits>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "identity/scope.hpp"
#include "identity/ticket_audience.hpp"
#include "identity/ticket_network.hpp"
#include "identity/ticket_path.hpp"

namespace netkit::identity {
namespace {

// limits: fields in ascending order of type, each at most once, absent if it does not limit
// field: u8 type | u16 size | value
//   1 service      text
//   2 scopes       texts joined by spaces, sorted
//   3 path         text
//   4 verbs        texts joined by spaces, sorted
//   5 network      u8 prefix length | 4 or 16 bytes, zero past the prefix
//   6 not before   u64 unix seconds, above 0
//   7 expires      u64 unix seconds, above 0; required
//   8 uses         u32, above 0
//   9 audience     64 hex digits, "ADDRESS:PORT" or "unix:PATH"
enum class Field : std::uint8_t {
  service = 1,
  scopes,
  path,
  verbs,
  network,
  not_before,
  expires,
  uses,
  audience,
};

constexpr std::size_t field_head_size = 3;

Error wrong(std::string why) {
  return {Errc::usage, "make a ticket", std::move(why)};
}

Error malformed(std::string why) {
  return {Errc::malformed, "read the ticket", std::move(why)};
}

bool is_service(std::string_view text) {
  return text.size() <= scope_size_max &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

bool is_verb(std::string_view text) {
  return !text.empty() && text.size() <= ticket_verb_size_max &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == text.npos;
}

void sort_uniquely(std::vector<std::string>& texts) {
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
}

void append(std::string& to, Field type, std::string_view value) {
  if (value.empty()) return;
  to += static_cast<char>(type);
  append_be(to, static_cast<std::uint16_t>(value.size()));
  to += value;
}

template <typename T>
void append_number(std::string& to, Field type, T value) {
  if (value == 0) return;
  std::string bytes;
  append_be(bytes, value);
  append(to, type, bytes);
}

template <typename T>
bool read_number(std::string_view value, T& number) {
  if (value.size() != sizeof(T)) return false;
  number = load_be<T>(value.data());
  return true;
}

bool read_seconds(std::string_view value, std::int64_t& seconds) {
  std::uint64_t number = 0;
  if (!read_number(value, number) || number > std::numeric_limits<std::int64_t>::max())
    return false;
  seconds = static_cast<std::int64_t>(number);
  return true;
}

bool read_texts(std::string_view value, std::vector<std::string>& texts) {
  for (const std::string_view text : split(value, ' '))
    texts.emplace_back(text);
  return true;
}

bool read_network(std::string_view value, std::string& text) {
  const auto network = decode_network(value);
  if (network) text = to_text(*network);
  return network.has_value();
}

/// One field's value into its place.
Status read_field(Field type, std::string_view value, TicketLimits& limits) {
  bool valid = true;
  switch (type) {
    case Field::service: limits.service = value; break;
    case Field::scopes: valid = read_texts(value, limits.scopes); break;
    case Field::path: limits.path = value; break;
    case Field::verbs: valid = read_texts(value, limits.verbs); break;
    case Field::network: valid = read_network(value, limits.network); break;
    case Field::not_before: valid = read_seconds(value, limits.not_before_s); break;
    case Field::expires: valid = read_seconds(value, limits.expires_s); break;
    case Field::uses: valid = read_number(value, limits.uses); break;
    case Field::audience: limits.audience = value; break;
    default:
      return Error{Errc::refused, "use this ticket", "it has a limit that is not known here"};
  }
  if (!valid) return malformed("a limit has no valid value");
  return ok;
}

/// Path, network and audience.
Status bring_into_form(TicketLimits& limits) {
  if (!limits.path.empty()) {
    auto path = plain_path(limits.path);
    if (!path) return wrong("its path is not plain: no control characters, no \".\" or \"..\"");
    if (path->size() > ticket_path_size_max) return wrong("a path has 512 bytes at most");
    limits.path = std::move(*path);
  }
  if (!limits.network.empty()) {
    const auto network = parse_network(limits.network);
    if (!network) return wrong("its network is not an address or a block such as 192.0.2.0/24");
    limits.network = to_text(*network);
  }
  if (!limits.audience.empty()) {
    auto audience = plain_audience(limits.audience);
    if (!audience)
      return wrong("a server is a certificate's SHA-256 fingerprint, ADDRESS:PORT or unix:/PATH");
    limits.audience = std::move(*audience);
  }
  return ok;
}

}  // namespace

Result<TicketLimits> normal_limits(const TicketLimits& limits) {
  TicketLimits normal = limits;
  if (!is_service(limits.service)) return wrong("a service is a name of a-z, 0-9 and '-'");
  for (const std::string& scope : limits.scopes)
    if (const auto checked = check_scope(scope); !checked) return wrong(checked.error().hint);
  if (!std::ranges::all_of(limits.verbs, is_verb))
    return wrong("a verb is letters, digits, '-' and '_', at most 32 bytes");
  sort_uniquely(normal.scopes);
  sort_uniquely(normal.verbs);
  if (normal.scopes.size() > ticket_scopes_max || normal.verbs.size() > ticket_verbs_max)
    return wrong("it can have 16 scopes and 16 verbs at most");
  if (const auto formed = bring_into_form(normal); !formed) return formed.error();
  if (limits.expires_s <= 0) return wrong("it has to expire");
  if (limits.not_before_s < 0 || limits.not_before_s >= limits.expires_s)
    return wrong("it would expire before it begins");
  return normal;
}

std::string encode_limits(const TicketLimits& limits) {
  std::string bytes;
  append(bytes, Field::service, limits.service);
  append(bytes, Field::scopes, join(limits.scopes, " "));
  append(bytes, Field::path, limits.path);
  append(bytes, Field::verbs, join(limits.verbs, " "));
  if (const auto network = parse_network(limits.network))
    append(bytes, Field::network, encode_network(*network));
  append_number(bytes, Field::not_before, static_cast<std::uint64_t>(limits.not_before_s));
  append_number(bytes, Field::expires, static_cast<std::uint64_t>(limits.expires_s));
  append_number(bytes, Field::uses, limits.uses);
  append(bytes, Field::audience, limits.audience);
  return bytes;
}

Result<TicketLimits> decode_limits(std::string_view bytes) {
  TicketLimits limits;
  for (std::string_view rest = bytes; !rest.empty();) {
    if (rest.size() < field_head_size) return malformed("it ends inside a limit");
    const auto type = static_cast<Field>(rest.front());
    const auto size = load_be<std::uint16_t>(rest.data() + 1);
    rest.remove_prefix(field_head_size);
    if (rest.size() < size) return malformed("it ends inside a limit");
    const auto read = read_field(type, rest.substr(0, size), limits);
    if (!read) return read.error();
    rest.remove_prefix(size);
  }
  auto normal = normal_limits(limits);
  if (!normal) return malformed(normal.error().hint);
  // Order, doubles, empty values and every other form of the same limits end here.
  if (encode_limits(*normal) != bytes) return malformed("its limits are not in their only form");
  return normal;
}

}  // namespace netkit::identity
