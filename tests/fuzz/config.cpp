// Fuzzes the configuration reader: what it accepts is checked, resolved and printed, and the text
// printed must read back as the same values. Input: the text of one file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "config/resolve.hpp"

namespace {

using namespace netkit::config;

/// Takes every key of the file for known, so that resolving is reached by any accepted file.
Schema schema_of(const File& file) {
  Schema schema;
  for (const SectionLine& section : file.sections)
    if (!schema.find(section.command, section.verb))
      schema.sections.push_back({section.command, section.verb, {}});
  for (Section& section : schema.sections)
    for (const Entry& entry : file.entries)
      if (entry.command == section.command && entry.verb == section.verb)
        section.keys.push_back(
            {.name = entry.key, .repeats = entry.is_array, .value_optional = true});
  return schema;
}

void require(bool condition) {
  if (!condition) std::abort();
}

/// Keys of a real schema are bare and differ; those of a fuzzed file need not.
bool has_plain_keys(const Section& section) {
  return std::all_of(section.keys.begin(), section.keys.end(), [](const Key& key) {
    return !key.name.empty() &&
           key.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos;
  });
}

/// Escapes and joined lists may make a line longer than the reader accepts.
bool fits(const std::string& printed) {
  for (const std::string_view line : netkit::split(printed, '\n'))
    if (line.size() > line_size_max) return false;
  return true;
}

void require_same(const Settings& settings, const File& printed) {
  std::size_t at = 0;
  for (const Setting& setting : settings) {
    if (setting.values.empty() && setting.origin.kind == Origin::default_) continue;
    require(at < printed.entries.size());
    require(printed.entries[at].key == setting.key.name);
    require(printed.entries[at++].values == setting.values);
  }
  require(at == printed.entries.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto file = parse_file(text, "fuzz.toml", Origin::given_file);
  if (!file) {
    const std::string message = file.error().message();
    require(message.find_first_of("\n\r\x1b") == std::string::npos);
    return 0;
  }
  const Schema known{{{"echo", "serve", {{.name = "listen", .repeats = true}}}}};
  (void)check(*file, known);
  const Schema schema = schema_of(*file);
  for (const Section& section : schema.sections) {
    const auto settings = resolve(schema, section.command, section.verb, {{*file}, {}, {}});
    if (!settings) continue;
    const std::string printed = print("echo", "serve", *settings);
    const auto again = parse_file(printed, "printed.toml", Origin::given_file);
    if (has_plain_keys(section) && fits(printed)) {
      require(static_cast<bool>(again));
      require_same(*settings, *again);
    }
  }
  return 0;
}
