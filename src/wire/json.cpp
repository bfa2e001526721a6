// Builds a Json from nlohmann's event parser, which needs no recursion; the only file that includes
// it. Every limit is checked at the event that would pass it.
#include "wire/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace netkit::wire {

/// Takes the parser's events. Each answers false to stop, and error() then says why.
class JsonBuilder {
 public:
  explicit JsonBuilder(const JsonLimits& limits) : limits_{limits} {}

  bool null() { return add({}); }
  bool boolean(bool value) { return add_value(value); }
  bool number_integer(std::int64_t value) { return add_value(value); }
  bool number_unsigned(std::uint64_t value) {
    if (std::in_range<std::int64_t>(value)) return add_value(static_cast<std::int64_t>(value));
    return add_value(static_cast<double>(value));
  }
  bool number_float(double value, const std::string&) { return add_value(value); }
  bool string(std::string& value) { return add_value(std::move(value)); }
  bool binary(std::vector<std::uint8_t>&) { return fail(Errc::malformed, "read JSON"); }

  bool start_object(std::size_t) { return open(Json::Object{}); }
  bool start_array(std::size_t) { return open(Json::Array{}); }
  bool key(std::string& name) {
    std::get<Json::Object>(open_.back().value_).keys.push_back(std::move(name));
    return true;
  }
  bool end_object() { return sort_members(std::get<Json::Object>(open_.back().value_)) && close(); }
  bool end_array() { return close(); }

  template <typename Exception>
  bool parse_error(std::size_t byte, const std::string&, const Exception&) {
    return fail(Errc::malformed, "read JSON at byte " + std::to_string(byte));
  }

  Json& result() { return result_; }
  const Error& error() const { return error_; }

 private:
  template <typename Value>
  bool add_value(Value value) {
    Json json;
    json.value_ = std::move(value);
    return add(std::move(json));
  }

  bool count() {
    if (values_++ < limits_.values_max) return true;
    return fail(Errc::too_large,
                "read JSON of more than " + std::to_string(limits_.values_max) + " values");
  }

  bool add(Json json) { return count() && put(std::move(json)); }

  bool put(Json json) {
    if (open_.empty())
      result_ = std::move(json);
    else if (auto* array = std::get_if<Json::Array>(&open_.back().value_))
      array->push_back(std::move(json));
    else
      std::get<Json::Object>(open_.back().value_).values.push_back(std::move(json));
    return true;
  }

  template <typename Container>
  bool open(Container container) {
    if (!count()) return false;
    if (open_.size() >= limits_.depth_max)
      return fail(Errc::too_large,
                  "read JSON nested deeper than " + std::to_string(limits_.depth_max));
    open_.emplace_back().value_ = std::move(container);
    return true;
  }

  bool close() {
    Json closed = std::move(open_.back());
    open_.pop_back();
    return put(std::move(closed));
  }

  /// Sorted, a repeated name stands beside its twin: n log n however hostile the names.
  bool sort_members(Json::Object& object) {
    std::vector<std::size_t> order(object.keys.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&object](std::size_t left, std::size_t right) {
      return object.keys[left] < object.keys[right];
    });
    Json::Object sorted;
    sorted.keys.reserve(order.size());
    sorted.values.reserve(order.size());
    for (const std::size_t at : order) {
      sorted.keys.push_back(std::move(object.keys[at]));
      sorted.values.push_back(std::move(object.values[at]));
    }
    const auto twin = std::adjacent_find(sorted.keys.begin(), sorted.keys.end());
    if (twin != sorted.keys.end())
      return fail(Errc::malformed, "read JSON with two members named '" +
                                       escape_for_display(std::string_view{*twin}.substr(0, 64)) +
                                       "'");
    object = std::move(sorted);
    return true;
  }

  bool fail(Errc code, std::string attempt) {
    error_ = {code, std::move(attempt)};
    return false;
  }

  JsonLimits limits_;
  std::vector<Json> open_;  ///< Arrays and objects that are not closed yet, the outermost first.
  std::size_t values_ = 0;
  Json result_;
  Error error_{Errc::malformed, "read JSON"};
};

Result<Json> Json::parse(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.size_max)
    return Error{Errc::too_large, "read JSON of " + std::to_string(text.size()) + " bytes"};
  if (!is_utf8(text)) return Error{Errc::not_utf8, "read JSON"};
  // The parser takes NUL for the end of the text, and passes over a byte order mark.
  const std::size_t nul = text.find('\0');
  if (nul != text.npos)
    return Error{Errc::malformed, "read JSON at byte " + std::to_string(nul + 1)};
  if (text.starts_with("\xef\xbb\xbf")) return Error{Errc::malformed, "read JSON at byte 1"};

  JsonBuilder builder{limits};
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return builder.error();
  return std::move(builder.result());
}

const Json* Json::find(std::string_view key) const {
  const auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) return nullptr;
  const auto at = std::lower_bound(object->keys.begin(), object->keys.end(), key);
  if (at == object->keys.end() || *at != key) return nullptr;
  return &object->values[static_cast<std::size_t>(at - object->keys.begin())];
}

std::optional<std::string_view> Json::string() const {
  const auto* text = std::get_if<std::string>(&value_);
  return text == nullptr ? std::nullopt : std::optional<std::string_view>{*text};
}

std::optional<std::int64_t> Json::integer() const {
  const auto* number = std::get_if<std::int64_t>(&value_);
  return number == nullptr ? std::nullopt : std::optional{*number};
}

std::optional<double> Json::number() const {
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&value_);
  return number == nullptr ? std::nullopt : std::optional{*number};
}

std::optional<bool> Json::boolean() const {
  const auto* truth = std::get_if<bool>(&value_);
  return truth == nullptr ? std::nullopt : std::optional{*truth};
}

std::span<const Json> Json::items() const {
  const auto* array = std::get_if<Array>(&value_);
  return array == nullptr ? std::span<const Json>{} : std::span<const Json>{*array};
}

std::span<const std::string> Json::keys() const {
  const auto* object = std::get_if<Object>(&value_);
  return object == nullptr ? std::span<const std::string>{} : std::span{object->keys};
}

std::span<const Json> Json::values() const {
  const auto* object = std::get_if<Object>(&value_);
  return object == nullptr ? std::span<const Json>{} : std::span{object->values};
}

std::optional<std::string_view> Json::string(std::string_view key) const {
  const Json* member = find(key);
  return member == nullptr ? std::nullopt : member->string();
}

std::optional<std::int64_t> Json::integer(std::string_view key) const {
  const Json* member = find(key);
  return member == nullptr ? std::nullopt : member->integer();
}

std::optional<double> Json::number(std::string_view key) const {
  const Json* member = find(key);
  return member == nullptr ? std::nullopt : member->number();
}

std::optional<bool> Json::boolean(std::string_view key) const {
  const Json* member = find(key);
  return member == nullptr ? std::nullopt : member->boolean();
}

std::span<const Json> Json::items(std::string_view key) const {
  const Json* member = find(key);
  return member == nullptr ? std::span<const Json>{} : member->items();
}

}  // namespace netkit::wire
