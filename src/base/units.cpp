// Reading and writing of durations, sizes and instants, exactly: by integers, never by floating
// point, so that what is printed reads back as what it was.
#include "base/units.hpp"

#include <cstdlib>
#include <limits>
#include <optional>
#include <span>

#include "base/text.hpp"

namespace netkit {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Smallest first: printing looks for the largest that divides evenly.
constexpr Unit durations[] = {{"ns", 1},
                              {"us", 1'000},
                              {"ms", 1'000'000},
                              {"s", 1'000'000'000},
                              {"m", 60'000'000'000},
                              {"h", 3'600'000'000'000},
                              {"d", 86'400'000'000'000},
                              {"min", 60'000'000'000},
                              {"", 1'000'000'000}};
constexpr std::size_t durations_printed = 7;

constexpr std::uint64_t kib = 1024, mib = kib * 1024, gib = mib * 1024, tib = gib * 1024;
constexpr Unit sizes[] = {{"", 1},      {"KiB", kib}, {"MiB", mib}, {"GiB", gib},
                          {"TiB", tib}, {"B", 1},     {"k", kib},   {"K", kib},
                          {"M", mib},   {"G", gib},   {"T", tib}};
constexpr std::size_t sizes_printed = 5;

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// NUMBER[.FRACTION]UNIT as a multiple of the smallest unit, rounded down; nullopt unless it is
/// exactly that, fits into `limit`, and is zero only if zero was written.
std::optional<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                            std::uint64_t limit) {
  std::size_t at = 0;
  std::uint64_t whole = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    const auto digit = static_cast<std::uint64_t>(text[at] - '0');
    if (whole > (limit - digit) / 10) return std::nullopt;
    whole = whole * 10 + digit;
  }
  if (at == 0) return std::nullopt;

  std::string_view fraction;
  if (at < text.size() && text[at] == '.') {
    const std::size_t begin = ++at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    fraction = text.substr(begin, at - begin);
    if (fraction.empty() || fraction.size() > 18) return std::nullopt;
  }

  const Unit* unit = nullptr;
  for (const Unit& candidate : units)
    if (candidate.name == text.substr(at)) unit = &candidate;
  if (unit == nullptr || whole > limit / unit->factor) return std::nullopt;

  // The digits from the right: each step divides by ten what stands behind the point so far. The
  // numerator stays below factor * 10^18, which needs 128 bits.
  __extension__ using Wide = unsigned __int128;
  Wide part = 0;
  Wide scale = 1;
  for (const char digit : fraction) {
    part = part * 10 + static_cast<Wide>(digit - '0');
    scale *= 10;
  }
  const auto rest = static_cast<std::uint64_t>(part * unit->factor / scale);
  const std::uint64_t total = whole * unit->factor;
  if (rest > limit - total || (total + rest == 0 && (whole > 0 || part > 0))) return std::nullopt;
  return total + rest;
}

std::string print_quantity(std::uint64_t amount, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units)
    if (amount != 0 && amount % unit.factor == 0) best = &unit;
  std::string text = std::to_string(amount / best->factor);
  return text += best->name;
}

std::string padded(std::int64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (const auto ns = parse_quantity(text, durations, limit))
    return Duration{static_cast<std::int64_t>(*ns)};
  return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a duration",
               "write it like 250ms, 5s, 2m or 1h"};
}

Result<Size> parse_size(std::string_view text) {
  if (const auto bytes = parse_quantity(text, sizes, std::numeric_limits<std::uint64_t>::max()))
    return Size{*bytes};
  return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a size",
               "write it like 512, 64k, 1.5MiB or 2GiB"};
}

std::string to_text(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  const auto bits = static_cast<std::uint64_t>(duration.count());
  const bool negative = duration < Duration::zero();
  const std::string text =
      print_quantity(negative ? 0 - bits : bits, std::span{durations}.first(durations_printed));
  return negative ? "-" + text : text;
}

std::string to_text(Size size) {
  return print_quantity(size.bytes, std::span{sizes}.first(sizes_printed));
}

double seconds(Duration duration) {
  return std::chrono::duration<double>{duration}.count();
}

std::string to_people(Duration duration) {
  struct Step {
    std::int64_t ns;
    std::string_view name;
    std::int64_t up_to;  // Ends before this many, so that 999.9 us becomes 1.00 ms.
  };
  constexpr Step steps[] = {{1, " ns", 1000},
                            {1'000, " us", 1000},
                            {1'000'000, " ms", 1000},
                            {1'000'000'000, " s", 60},
                            {60'000'000'000, " min", 60},
                            {3'600'000'000'000, " h", 24},
                            {86'400'000'000'000, " d", 0}};
  if (duration < Duration::zero()) {
    const bool smallest = duration == Duration::min();
    return "-" + to_people(smallest ? Duration::max() : -duration);
  }
  const std::int64_t ns = duration.count();
  if (ns < 1000) return std::to_string(ns) + " ns";
  for (const Step& step : steps) {
    if (step.ns == 1) continue;
    for (int decimals = 2; decimals >= 0; --decimals) {
      // Three digits: 1.23, 12.3, 123; rounded half up in units of the last digit shown.
      const std::int64_t scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
      const std::int64_t grain = step.ns / scale;
      const std::int64_t units = ns / grain + (ns % grain >= (grain + 1) / 2 ? 1 : 0);
      if (decimals > 0 && units >= 1000) continue;
      if (step.up_to > 0 && units >= step.up_to * scale) break;
      std::string text = std::to_string(units / scale);
      if (decimals > 0) text += "." + padded(units % scale, static_cast<std::size_t>(decimals));
      return text += step.name;
    }
  }
  return std::to_string(ns / 86'400'000'000'000) + " d";
}

std::string to_rfc3339(std::chrono::system_clock::time_point instant) {
  using namespace std::chrono;
  const auto since_epoch = floor<milliseconds>(instant.time_since_epoch());
  const auto day = floor<days>(since_epoch);
  const year_month_day date{sys_days{day}};
  const hh_mm_ss time{since_epoch - day};
  std::string text = padded(static_cast<int>(date.year()), 4);
  text += "-" + padded(static_cast<unsigned>(date.month()), 2);
  text += "-" + padded(static_cast<unsigned>(date.day()), 2);
  text += "T" + padded(time.hours().count(), 2);
  text += ":" + padded(time.minutes().count(), 2);
  text += ":" + padded(time.seconds().count(), 2);
  return text += "." + padded(time.subseconds().count(), 3) + "Z";
}

}  // namespace netkit
