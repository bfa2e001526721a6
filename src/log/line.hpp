// One event as one line: text for people, JSON for machines. Pure; whatever a peer put in a value,
// the line stays one line, drives no terminal and forges no field.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/units.hpp"
#include "log/level.hpp"

namespace netkit::log {

/// One named value of an event. Borrows its texts: it lives as long as the call it is built for.
/// The key is ours (snake_case; not time, level, service or event, which each line has already).
struct Field {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, Duration>;

  std::string_view key;
  Value value;

  template <typename T>
  requires std::convertible_to<const T&, std::string_view> Field(std::string_view name,
                                                                 const T& text)
      : key{name}, value{std::string_view{text}} {}
  Field(std::string_view name, bool yes) : key{name}, value{yes} {}
  template <std::signed_integral T>
  Field(std::string_view name, T number) : key{name}, value{std::int64_t{number}} {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view name, T number)
      : key{name}, value{std::uint64_t{number}} {}
  Field(std::string_view name, double number) : key{name}, value{number} {}
  template <typename Rep, typename Period>
  Field(std::string_view name, std::chrono::duration<Rep, Period> duration)
      : key{name}, value{std::chrono::duration_cast<Duration>(duration)} {}
};

enum class Format { text, json };

/// How lines look. The caller decides: nothing here looks at a terminal or at the environment.
struct Style {
  Format format = Format::text;
  bool journal = false;  ///< "<6>" in front for journald, which adds the time itself (text only).
  bool colour = false;   ///< Colours the level's word in the text form.
};

/// Bytes of one value that a line shows; the rest is cut at a character and becomes "...".
inline constexpr std::size_t value_size_max = 1024;

struct Event {
  std::chrono::system_clock::time_point time;
  Level level = Level::info;
  std::string_view service;
  std::string_view name;
  std::span<const Field> fields;
};

/// Appends the event's line with its line end. Text: `TIME LEVEL SERVICE: NAME KEY=VALUE...`, a
/// value in double quotes with escapes when it is empty or holds a space, ", =, \ or what is unsafe
/// to show. JSON: {"time","level","service","event",fields}; durations are seconds.
void append_line(std::string& to, const Style& style, const Event& event);

}  // namespace netkit::log
