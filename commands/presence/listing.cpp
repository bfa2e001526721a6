// Lines and objects of the roster.
#include "commands/presence/listing.hpp"

#include <algorithm>
#include <chrono>

#include "base/hex.hpp"
#include "base/units.hpp"

namespace netkit::presence {
namespace {

std::string instant(std::uint64_t wall_ms) {
  return to_rfc3339(std::chrono::system_clock::time_point{std::chrono::milliseconds{
      static_cast<std::int64_t>(std::min<std::uint64_t>(wall_ms, std::uint64_t{1} << 52))}});
}

std::string address_of(const Entry& entry) {
  return entry.addresses.empty() ? std::string{} : entry.addresses.front().to_string();
}

}  // namespace

std::string list_line(const Entry& entry) {
  const std::string address = address_of(entry);
  const bool v6 = address.find(':') != std::string::npos;
  return shown_name(entry) + "\t" + (v6 ? "[" + address + "]" : address) + ":" +
         std::to_string(entry.said.tcp_port) + "\t" + std::string{to_text(entry.state)} + "\t" +
         instant(entry.since_ms);
}

JsonObject list_object(const Entry& entry) {
  JsonObject object;
  object.add("name", shown_name(entry));
  object.add("state", to_text(entry.state));
  object.add("address", address_of(entry));
  object.add("port", entry.said.tcp_port);
  object.add("since", instant(entry.since_ms));
  object.add("path", to_text(entry.path));
  object.add("heard", instant(entry.heard_ms));
  object.add("key", to_hex(entry.said.key));
  object.add("instance", entry.said.instance);
  std::string tags = "[";
  for (const std::string& tag : entry.said.tags) {
    if (tags.size() > 1) tags += ',';
    append_json_string(tags, tag);
  }
  object.add_raw("tags", tags + "]");
  return object;
}

}  // namespace netkit::presence
