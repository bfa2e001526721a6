// Fuzzes the JSON reader: the limits hold, every accessor answers, and members are found by their
// own names. Input: one byte for the limits, then the text.
#include "wire/json.hpp"

#include <cstdlib>

namespace {

using netkit::wire::Json;

void demand(bool holds) {
  if (!holds) std::abort();
}

/// Counts the values while it looks at each.
std::size_t look_at(const Json& json, std::size_t depth_left) {
  std::size_t count = 1;
  const bool is_scalar = json.string() || json.number() || json.boolean() || json.is_null();
  demand(is_scalar != (json.is_array() || json.is_object()));
  demand(!json.integer() || json.number());
  demand(is_scalar || depth_left > 0);
  for (const Json& item : json.items())
    count += look_at(item, depth_left - 1);
  demand(json.keys().size() == json.values().size());
  for (std::size_t i = 0; i < json.keys().size(); ++i) {
    demand(json.find(json.keys()[i]) == &json.values()[i]);
    count += look_at(json.values()[i], depth_left - 1);
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  const netkit::wire::JsonLimits limits{
      .size_max = 4096, .depth_max = data[0] % 8u, .values_max = data[0] / 4u};
  const auto json = Json::parse(text, limits);
  if (!json) {
    demand(json.error().message().find_first_of("\n\r\x1b") == std::string::npos);
    return 0;
  }
  demand(text.size() <= limits.size_max);
  demand(look_at(*json, limits.depth_max) <= limits.values_max);
  return 0;
}
