// Presence messages as frames, written and read; announcements inside stay as they were signed.
#include "commands/presence/protocol.hpp"

#include <algorithm>
#include <array>
#include <concepts>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/json.hpp"
#include "wire/fields.hpp"
#include "wire/frame_writer.hpp"
#include "wire/json.hpp"

namespace netkit::presence {
namespace {

constexpr std::string_view service_name = "presence";
constexpr std::array<std::string_view, 3> role_names{"peer", "watch", "daemon"};
constexpr std::size_t addresses_max = 16;

void append_address(std::string& out, const asio::ip::address& address) {
  if (address.is_v4()) {
    out += '\4';
    const auto bytes = address.to_v4().to_bytes();
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return;
  }
  out += '\6';
  const auto bytes = address.to_v6().to_bytes();
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  append_be(out, static_cast<std::uint32_t>(address.to_v6().scope_id()));
}

void append_addresses(std::string& out, const std::vector<asio::ip::address>& addresses) {
  const std::size_t count = std::min(addresses.size(), addresses_max);
  out += static_cast<char>(count);
  for (std::size_t i = 0; i < count; ++i)
    append_address(out, addresses[i]);
}

template <typename Bytes>
Bytes read_bytes(wire::FieldReader& reader) {
  Bytes bytes{};
  const std::string_view taken = reader.take(bytes.size());
  std::copy(taken.begin(), taken.end(), bytes.begin());
  return bytes;
}

/// nullopt for what is no list of addresses.
std::optional<std::vector<asio::ip::address>> read_addresses(wire::FieldReader& reader) {
  const std::size_t count = reader.number<std::uint8_t>();
  if (count > addresses_max) return std::nullopt;
  std::vector<asio::ip::address> addresses;
  for (std::size_t i = 0; i < count; ++i) {
    const auto family = reader.number<std::uint8_t>();
    if (family == 4) {
      addresses.emplace_back(
          asio::ip::address_v4{read_bytes<asio::ip::address_v4::bytes_type>(reader)});
    } else if (family == 6) {
      const auto bytes = read_bytes<asio::ip::address_v6::bytes_type>(reader);
      addresses.emplace_back(asio::ip::address_v6{bytes, reader.number<std::uint32_t>()});
    } else {
      return std::nullopt;
    }
    if (reader.failed()) return std::nullopt;
  }
  return addresses;
}

/// A hello of this service and version.
Result<wire::Json> read_hello(std::string_view body) {
  Result<wire::Json> hello = wire::Json::parse(body, {.size_max = message_size_max});
  if (!hello) return hello.error();
  if (hello->string("service") != service_name) return Errc::unexpected;
  if (hello->integer("version") != protocol_version) return Errc::wrong_version;
  return hello;
}

/// A body of one number and nothing else.
template <std::unsigned_integral T>
Result<T> read_number(std::string_view body) {
  wire::FieldReader reader{body};
  const T number = reader.number<T>();
  if (!reader.done()) return Errc::malformed;
  return number;
}

}  // namespace

void append_message(std::string& out, std::uint16_t type, std::string_view body) {
  wire::append_frame(out, {.type = type, .body = body});
}

void append_hello(std::string& out, const ClientHello& hello) {
  JsonObject json;
  json.add("service", service_name);
  json.add("version", protocol_version);
  json.add("role", role_names[static_cast<std::size_t>(hello.role)]);
  if (!hello.token.empty()) json.add("token", hello.token);
  append_message(out, wire::frame_type::hello, json.str());
}

void append_hello(std::string& out, const ServerHello& hello) {
  std::string nonce;
  append_be(nonce, hello.nonce);
  JsonObject json;
  json.add("service", service_name);
  json.add("version", protocol_version);
  json.add("name", hello.name);
  json.add("key", to_hex(hello.key));
  json.add("nonce", to_hex(nonce));
  json.add("period_ms", hello.period_ms);
  if (hello.instance != 0) json.add("instance", hello.instance);
  append_message(out, wire::frame_type::hello, json.str());
}

Result<ClientHello> decode_client_hello(std::string_view body) {
  const Result<wire::Json> json = read_hello(body);
  if (!json) return json.error();
  const auto role = std::ranges::find(role_names, json->string("role").value_or(""));
  if (role == role_names.end()) return Errc::malformed;
  ClientHello hello;
  hello.role = static_cast<Role>(role - role_names.begin());
  hello.token = json->string("token").value_or("");
  return hello;
}

Result<ServerHello> decode_server_hello(std::string_view body) {
  const Result<wire::Json> json = read_hello(body);
  if (!json) return json.error();
  const auto key = from_hex(json->string("key").value_or(""));
  const auto nonce = from_hex(json->string("nonce").value_or(""));
  const std::int64_t period_ms = json->integer("period_ms").value_or(0);
  if (!key || key->size() != key_size || !nonce || nonce->size() != sizeof(std::uint64_t) ||
      period_ms <= 0 || period_ms > UINT32_MAX)
    return Errc::malformed;
  ServerHello hello;
  hello.name = json->string("name").value_or("");
  if (!wire::is_plain_name(hello.name)) return Errc::malformed;
  hello.key = *key;
  hello.nonce = load_be<std::uint64_t>(nonce->data());
  hello.period_ms = static_cast<std::uint32_t>(period_ms);
  hello.instance =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, json->integer("instance").value_or(0)));
  return hello;
}

void append_welcome(std::string& out, const Welcome& welcome) {
  const wire::FrameWriter writer{out, message_type::welcome};
  append_be(out, welcome.period_ms);
  append_be(out, welcome.sctp_port);
  out += welcome.cookie;
}

Result<Welcome> decode_welcome(std::string_view body) {
  wire::FieldReader reader{body};
  Welcome welcome;
  welcome.period_ms = reader.number<std::uint32_t>();
  welcome.sctp_port = reader.number<std::uint16_t>();
  welcome.cookie = reader.take(cookie_size);
  if (!reader.done() || welcome.period_ms == 0) return Errc::malformed;
  return welcome;
}

void append_entry(std::string& out, const Entry& entry) {
  const wire::FrameWriter writer{out, message_type::entry};
  append_be(out, entry.version);
  out += static_cast<char>(entry.state);
  out += static_cast<char>(entry.path);
  append_be(out, entry.number);
  append_be(out, entry.since_ms);
  append_be(out, entry.heard_ms);
  append_be(out, entry.first_instance);
  append_addresses(out, entry.addresses);
  out += entry.bytes;
}

Result<Entry> decode_entry(std::string_view body) {
  wire::FieldReader reader{body};
  Entry entry;
  entry.version = reader.number<std::uint64_t>();
  const auto state = reader.number<std::uint8_t>();
  const auto path = reader.number<std::uint8_t>();
  entry.number = reader.number<std::uint16_t>();
  entry.since_ms = reader.number<std::uint64_t>();
  entry.heard_ms = reader.number<std::uint64_t>();
  entry.first_instance = reader.number<std::uint64_t>();
  auto addresses = read_addresses(reader);
  if (!addresses || state > static_cast<std::uint8_t>(State::left) ||
      path > static_cast<std::uint8_t>(Path::told))
    return Errc::malformed;
  entry.state = static_cast<State>(state);
  entry.path = static_cast<Path>(path);
  entry.addresses = std::move(*addresses);
  entry.bytes = reader.rest();
  Result<Announcement> said = decode(entry.bytes);
  if (!said) return said.error();
  entry.said = std::move(*said);
  return entry;
}

void append_forgotten(std::string& out, const Roster::Forgotten& forgotten) {
  const wire::FrameWriter writer{out, message_type::forgotten};
  append_be(out, forgotten.version);
  out += forgotten.key;
}

Result<Roster::Forgotten> decode_forgotten(std::string_view body) {
  wire::FieldReader reader{body};
  Roster::Forgotten forgotten;
  forgotten.version = reader.number<std::uint64_t>();
  forgotten.key = reader.take(key_size);
  if (!reader.done()) return Errc::malformed;
  return forgotten;
}

void append_roster_end(std::string& out, const RosterEnd& end) {
  const wire::FrameWriter writer{out, message_type::roster_end};
  append_be(out, end.version);
  out += end.isolated ? '\1' : '\0';
}

Result<RosterEnd> decode_roster_end(std::string_view body) {
  wire::FieldReader reader{body};
  RosterEnd end;
  end.version = reader.number<std::uint64_t>();
  const auto flags = reader.number<std::uint8_t>();
  if (!reader.done() || flags > 1) return Errc::malformed;
  end.isolated = flags == 1;
  return end;
}

void append_ask_for(std::string& out, const AskFor& ask) {
  const wire::FrameWriter writer{out, message_type::ask_for};
  append_be(out, ask.request);
  append_be(out, ask.port);
  append_addresses(out, ask.addresses);
  out += ask.question;
}

Result<AskFor> decode_ask_for(std::string_view body) {
  wire::FieldReader reader{body};
  AskFor ask;
  ask.request = reader.number<std::uint32_t>();
  ask.port = reader.number<std::uint16_t>();
  auto addresses = read_addresses(reader);
  ask.question = reader.rest();
  if (!addresses || reader.failed() || ask.port == 0) return Errc::malformed;
  ask.addresses = std::move(*addresses);
  return ask;
}

void append_asked(std::string& out, const Asked& asked) {
  const wire::FrameWriter writer{out, message_type::asked};
  append_be(out, asked.request);
  out += asked.answer;
}

Result<Asked> decode_asked(std::string_view body) {
  wire::FieldReader reader{body};
  Asked asked;
  asked.request = reader.number<std::uint32_t>();
  asked.answer = reader.rest();
  if (reader.failed()) return Errc::malformed;
  return asked;
}

void append_pace(std::string& out, std::uint32_t period_ms) {
  const wire::FrameWriter writer{out, message_type::pace};
  append_be(out, period_ms);
}

Result<std::uint32_t> decode_pace(std::string_view body) {
  Result<std::uint32_t> period_ms = read_number<std::uint32_t>(body);
  if (period_ms && *period_ms == 0) return Errc::malformed;
  return period_ms;
}

void append_subscribe(std::string& out, std::uint64_t after) {
  const wire::FrameWriter writer{out, message_type::subscribe};
  append_be(out, after);
}

Result<std::uint64_t> decode_subscribe(std::string_view body) {
  return read_number<std::uint64_t>(body);
}

}  // namespace netkit::presence
