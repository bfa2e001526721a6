// TOML into flat entries. The only file that includes the TOML library, which is built without
// exceptions; what it accepts and netkit has no use for is refused here.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/file.hpp"
#include "config/scan.hpp"

// The library (3.3.0) asserts what a file can break ("[%]" is enough) just before it reports the
// same as an error, and under NDEBUG lets clang assume it. Here its asserts do nothing, so that the
// error is reported; the fuzzer watches over its memory without them.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)

// Values nest at most in arrays of one level; the library's own limit would let a file of nested
// brackets use far more stack.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_MAX_NESTED_VALUES 4
#define TOML_UNRELEASED_FEATURES 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace netkit::config {
namespace {

std::string place(const std::string& path, unsigned line) {
  return escape_for_display(path) + ":" + std::to_string(line);
}

Error refuse(const std::string& path, unsigned line, const std::string& what, std::string why) {
  return {Errc::usage, "use " + what + " in " + place(path, line), std::move(why)};
}

std::string quoted(std::string_view text) {
  return "'" + escape_for_display(text) + "'";
}

/// The text of a scalar; nullopt for what no option can take: dates, times, infinities, tables, a
/// NUL (it would end a path early).
std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    if (text->get().find('\0') != std::string::npos) return std::nullopt;
    return text->get();
  }
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point())
    return std::isfinite(number->get()) ? std::optional{to_fixed_text(number->get())}
                                        : std::nullopt;
  if (const auto* flag = node.as_boolean()) return std::string{flag->get() ? "true" : "false"};
  return std::nullopt;
}

/// Walks the tables of one file.
class Reader {
 public:
  Reader(std::string path, Origin::Kind kind) { file_.path = std::move(path), file_.kind = kind; }

  Result<File> read(const toml::table& root) {
    for (const auto& [key, node] : root)
      if (const Status read = read_command(key, node); !read) return read.error();
    const auto by_line = [](const auto& a, const auto& b) { return a.line < b.line; };
    std::stable_sort(file_.entries.begin(), file_.entries.end(), by_line);
    std::stable_sort(file_.sections.begin(), file_.sections.end(), by_line);
    return std::move(file_);
  }

 private:
  Status read_command(const toml::key& key, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (!table)
      return refuse(file_.path, key.source().begin.line, "key " + quoted(key.str()),
                    "it stands in no section; write it under [COMMAND] or [COMMAND.VERB]");
    const std::string command{key.str()};
    file_.sections.push_back({command, {}, key.source().begin.line});
    for (const auto& [inner_key, inner] : *table) {
      const Status read = inner.is_table() ? read_verb(command, inner_key, *inner.as_table())
                                           : read_entry(command, {}, inner_key, inner);
      if (!read) return read;
    }
    return ok;
  }

  Status read_verb(const std::string& command, const toml::key& key, const toml::table& table) {
    const std::string verb{key.str()};
    file_.sections.push_back({command, verb, key.source().begin.line});
    for (const auto& [inner_key, inner] : table) {
      if (inner.is_table())
        return refuse(
            file_.path, inner_key.source().begin.line,
            "section " + quoted(command + "." + verb + "." + std::string{inner_key.str()}),
            "sections are [COMMAND] or [COMMAND.VERB]");
      if (const Status read = read_entry(command, verb, inner_key, inner); !read) return read;
    }
    return ok;
  }

  Status read_entry(const std::string& command, std::string verb, const toml::key& key,
                    const toml::node& node) {
    Entry entry;
    entry.command = command;
    entry.verb = std::move(verb);
    entry.key = key.str();
    entry.line = key.source().begin.line;
    if (const toml::array* array = node.as_array()) {
      entry.is_array = true;
      for (const toml::node& element : *array)
        if (const Status added = add(entry, element); !added) return added;
    } else if (const Status added = add(entry, node); !added) {
      return added;
    }
    file_.entries.push_back(std::move(entry));
    return ok;
  }

  Status add(Entry& entry, const toml::node& node) {
    std::optional<std::string> text = scalar(node);
    entry.is_boolean = entry.is_boolean || node.is_boolean();
    if (!text)
      return refuse(file_.path, std::max<unsigned>(node.source().begin.line, entry.line),
                    "the value of " + quoted(entry.key),
                    "a value is a string, a number, true, false or an array of those");
    entry.values.push_back(std::move(*text));
    return ok;
  }

  File file_;
};

}  // namespace

Result<File> parse_file(std::string_view text, std::string path, Origin::Kind kind) {
  if (text.size() > file_size_max)
    return Error{Errc::too_large, "read " + escape_for_display(path),
                 "at most " + std::to_string(file_size_max) + " bytes"};
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (const Status scanned = scan(text, path); !scanned) return scanned.error();
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{Errc::usage, "read " + place(path, error.source().begin.line),
                 escape_for_display(error.description())};
  }
  return Reader{std::move(path), kind}.read(parsed.table());
}

Result<File> read_file(std::string path, Origin::Kind kind) {
  const Result<std::string> text = netkit::read_file(path, file_size_max);
  if (text) return parse_file(*text, std::move(path), kind);
  // ENOTDIR: people set XDG_CONFIG_HOME=/dev/null to have no user configuration.
  const std::error_code code = text.error().code;
  const bool missing =
      code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
  if (missing && kind != Origin::given_file) return File{std::move(path), kind, {}, {}};
  return Error{code, "read the configuration file " + escape_for_display(path), text.error().hint};
}

}  // namespace netkit::config
