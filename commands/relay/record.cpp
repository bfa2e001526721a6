// The codec of records; their field table stands in the header.
#include "commands/relay/record.hpp"

#include <array>

#include "wire/fields.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t size_field = 4;

void append_fields(std::string& out, const Record& record) {
  switch (record.kind) {
    case RecordKind::say:
      wire::append_str8(out, record.room);
      wire::append_str8(out, record.nick);
      out += record.text;
      break;
    case RecordKind::direct:
      append_be(out, record.to);
      wire::append_str8(out, record.nick);
      wire::append_str8(out, record.to_nick);
      out += record.text;
      break;
    case RecordKind::enter:
      wire::append_str8(out, record.nick);
      wire::append_str8(out, record.text);
      break;
    case RecordKind::leave: wire::append_str8(out, record.text); break;
    case RecordKind::join:
    case RecordKind::part: wire::append_str8(out, record.room); break;
    case RecordKind::nick: wire::append_str8(out, record.nick); break;
    case RecordKind::moderate:
      out += static_cast<char>(record.measure);
      append_be(out, record.to);
      append_be(out, record.until_ms);
      wire::append_str8(out, record.nick);
      wire::append_str8(out, record.to_nick);
      wire::append_str8(out, record.text);
      break;
    case RecordKind::skip: break;
  }
}

/// False: there is no such kind or measure.
bool read_fields(wire::FieldReader& reader, Record& record) {
  switch (record.kind) {
    case RecordKind::say:
      record.room = reader.name();
      record.nick = reader.name();
      record.text = reader.text();
      return record.text.size() <= text_size_max;
    case RecordKind::direct:
      record.to = reader.number<std::uint64_t>();
      record.nick = reader.name();
      record.to_nick = reader.name(true);
      record.text = reader.text();
      return record.text.size() <= text_size_max;
    case RecordKind::enter:
      record.nick = reader.name();
      record.text = reader.name(true);
      return true;
    case RecordKind::leave: record.text = reader.short_text(); return true;
    case RecordKind::join:
    case RecordKind::part: record.room = reader.name(); return true;
    case RecordKind::nick: record.nick = reader.name(); return true;
    case RecordKind::moderate:
      record.measure = static_cast<Measure>(reader.number<std::uint8_t>());
      record.to = reader.number<std::uint64_t>();
      record.until_ms = reader.number<std::uint64_t>();
      record.nick = reader.name(true);
      record.to_nick = reader.name(true);
      record.text = reader.short_text();
      return record.measure >= Measure::kick && record.measure <= Measure::unban;
    case RecordKind::skip: return true;
  }
  return false;
}

Error malformed() {
  return Error{Errc::malformed, "read a record"};
}

}  // namespace

void append_record(std::string& out, const Record& record) {
  const std::size_t begin = out.size();
  // In one piece, as this is written for each message.
  std::array<char, size_field + 1 + 3 * sizeof(std::uint64_t)> fixed{};
  fixed[size_field] = static_cast<char>(record.kind);
  store_be(fixed.data() + size_field + 1, record.time_ms);
  store_be(fixed.data() + size_field + 9, record.sender);
  store_be(fixed.data() + size_field + 17, record.number);
  out.append(fixed.data(), fixed.size());
  append_fields(out, record);
  store_be(out.data() + begin, static_cast<std::uint32_t>(out.size() - begin - size_field));
}

Result<wire::Decoded<Record>> decode_record(std::string_view bytes) {
  if (bytes.size() < size_field) return malformed();
  const std::size_t size = load_be<std::uint32_t>(bytes.data());
  if (size > record_size_max - size_field || size > bytes.size() - size_field) return malformed();
  wire::FieldReader reader{bytes.substr(size_field, size)};
  Record record;
  record.kind = static_cast<RecordKind>(reader.number<std::uint8_t>());
  record.time_ms = reader.number<std::uint64_t>();
  record.sender = reader.number<std::uint64_t>();
  record.number = reader.number<std::uint64_t>();
  if (!read_fields(reader, record) || !reader.done()) return malformed();
  if (is_numbered(record.kind) != (record.number != 0)) return malformed();
  return wire::Decoded<Record>{.used = size_field + size, .message = record};
}

}  // namespace netkit::relay
