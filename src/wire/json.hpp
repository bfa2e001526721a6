// JSON that a stranger sent (RFC 8259), as a value to look into: requests of a service, its answers
// at a client. Never writes (base/json.hpp does) and never throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace netkit::wire {

struct JsonLimits {
  std::size_t size_max = 1024 * 1024;  ///< Bytes of text.
  std::size_t depth_max = 32;          ///< Arrays and objects inside one another.
  std::size_t values_max = 100'000;    ///< Values of every kind, containers included.
};

/// One value with all that is in it. Only parse() makes one that is not null. Each accessor answers
/// nullopt, nullptr or an empty span for a value of another type, so that looking for what is not
/// there needs no test before it.
class Json {
 public:
  Json() = default;

  /// Exactly one value with white space around it. Errors: too_large (any limit), not_utf8,
  /// malformed (with its byte; also two members of one name, a number beyond double, a BOM).
  static Result<Json> parse(std::string_view text, const JsonLimits& limits = {});

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }

  /// The member of an object; nullptr if there is none of this name.
  const Json* find(std::string_view key) const;
  /// The text of a member that is a string, and so on: the two steps that most callers want.
  std::optional<std::string_view> string(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::span<const Json> items(std::string_view key) const;

  /// UTF-8, which may hold any character, U+0000 too. Lives as long as this value.
  std::optional<std::string_view> string() const;
  /// A number written without fraction and exponent that fits; 1.0 is none.
  std::optional<std::int64_t> integer() const;
  /// Any number, rounded to a double.
  std::optional<double> number() const;
  std::optional<bool> boolean() const;

  /// The values of an array in their order.
  std::span<const Json> items() const;
  /// The names of an object's members, sorted by their bytes; values() are theirs, side by side.
  std::span<const std::string> keys() const;
  std::span<const Json> values() const;

 private:
  friend class JsonBuilder;

  using Array = std::vector<Json>;
  struct Object {
    std::vector<std::string> keys;
    std::vector<Json> values;
  };

  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace netkit::wire
