// Encodes, decodes and signs announcements, as the table in the header shows them.
#include "commands/presence/announcement.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "identity/name.hpp"
#include "wire/fields.hpp"

namespace netkit::presence {
namespace {

constexpr std::string_view magic = "\xF7NKP";
constexpr std::uint8_t version = 1;
constexpr std::string_view context{"netkit presence 1\0", 18};

/// Zeros for an empty one.
void append_block(std::string& to, std::string_view block, std::size_t size) {
  const std::string_view fitting = block.substr(0, size);
  to += fitting;
  to.append(size - fitting.size(), '\0');
}

std::string block_or_empty(std::string_view block) {
  return std::ranges::all_of(block, [](char byte) { return byte == '\0'; }) ? std::string{}
                                                                            : std::string{block};
}

std::string signed_part(std::string_view unsigned_bytes) {
  std::string part{context};
  part += unsigned_bytes;
  return part;
}

bool is_known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::announce) &&
         kind <= static_cast<std::uint8_t>(Kind::leave);
}

}  // namespace

std::string encode(Announcement announcement, const identity::KeyPair& pair) {
  std::string out{magic};
  out += static_cast<char>(version);
  out += static_cast<char>(announcement.kind);
  out += announcement.away ? '\1' : '\0';
  out += '\0';
  out += pair.public_key();
  append_be(out, announcement.instance);
  append_be(out, announcement.sequence);
  append_be(out, announcement.nonce);
  append_block(out, announcement.about, key_size);
  append_be(out, announcement.tcp_port);
  append_be(out, announcement.udp_port);
  append_be(out, announcement.period_ms);
  append_block(out, announcement.certificate, certificate_size);
  wire::append_str8(out, utf8_prefix(announcement.name, name_size_max));
  const std::size_t tags = std::min(announcement.tags.size(), tags_max);
  out += static_cast<char>(tags);
  for (std::size_t i = 0; i < tags; ++i)
    wire::append_str8(out, utf8_prefix(announcement.tags[i], tag_size_max));
  if (announcement.kind == Kind::ask && out.size() + identity::signature_size < ask_size_min)
    out.append(ask_size_min - identity::signature_size - out.size(), '\0');
  out += pair.sign(signed_part(out));
  return out;
}

Result<Announcement> decode(std::string_view bytes) {
  if (bytes.size() > announcement_size_max) return Errc::too_large;
  if (bytes.size() < identity::signature_size || !bytes.starts_with(magic)) return Errc::malformed;
  wire::FieldReader reader{bytes.substr(0, bytes.size() - identity::signature_size)};
  reader.take(magic.size());
  if (reader.number<std::uint8_t>() != version) return Errc::wrong_version;
  Announcement read;
  const auto kind = reader.number<std::uint8_t>();
  const auto availability = reader.number<std::uint8_t>();
  const auto flags = reader.number<std::uint8_t>();
  if (!is_known(kind) || availability > 1 || flags != 0) return Errc::malformed;
  read.kind = static_cast<Kind>(kind);
  read.away = availability == 1;
  read.key = reader.take(key_size);
  read.instance = reader.number<std::uint64_t>();
  read.sequence = reader.number<std::uint64_t>();
  read.nonce = reader.number<std::uint64_t>();
  read.about = block_or_empty(reader.take(key_size));
  read.tcp_port = reader.number<std::uint16_t>();
  read.udp_port = reader.number<std::uint16_t>();
  read.period_ms = reader.number<std::uint32_t>();
  read.certificate = block_or_empty(reader.take(certificate_size));
  read.name = reader.name();
  const std::size_t tags = reader.number<std::uint8_t>();
  if (read.name.size() > name_size_max || tags > tags_max) return Errc::malformed;
  for (std::size_t i = 0; i < tags && !reader.failed(); ++i) {
    read.tags.emplace_back(reader.name());
    if (read.tags.back().size() > tag_size_max) return Errc::malformed;
  }
  const bool of_peer =
      read.kind == Kind::announce || read.kind == Kind::answer || read.kind == Kind::leave;
  if (of_peer && !is_peer_name(read.name)) return Errc::malformed;
  const std::string_view padding = reader.rest();
  if (reader.failed() || block_or_empty(padding) != "") return Errc::malformed;
  if (read.kind == Kind::ask ? bytes.size() < ask_size_min : !padding.empty())
    return Errc::malformed;
  return read;
}

bool is_peer_name(std::string_view name) {
  const Result<std::string> normal = identity::normal_name(name);
  if (!normal || *normal != name || name.size() > name_size_max) return false;
  if (name.find(':') != std::string_view::npos) return false;
  const std::size_t open = name.rfind(" (");
  if (open == std::string_view::npos || !name.ends_with(')')) return true;
  const std::string_view between = name.substr(open + 2, name.size() - open - 3);
  return between.empty() || between.find_first_not_of("0123456789") != std::string_view::npos;
}

bool is_authentic(std::string_view bytes) {
  constexpr std::size_t key_offset = 8;
  if (bytes.size() < key_offset + key_size + identity::signature_size) return false;
  const std::string_view body = bytes.substr(0, bytes.size() - identity::signature_size);
  return identity::is_signed_by(bytes.substr(key_offset, key_size), signed_part(body),
                                bytes.substr(body.size()));
}

}  // namespace netkit::presence
