// One form that is written, three that are read.
#include "wire/http_date.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>

namespace netkit::wire {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> day_names = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_day_names = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes a date apart from its front; once something was not there, nothing is any more.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_{text} {}

  bool failed() const { return failed_; }
  bool at_end() const { return !failed_ && rest_.empty(); }
  void literal(std::string_view text) {
    if (rest_.starts_with(text))
      rest_.remove_prefix(text.size());
    else
      failed_ = true;
  }
  /// Exactly so many digits.
  int number(std::size_t digits) {
    int value = 0;
    if (rest_.size() < digits) failed_ = true;
    for (std::size_t i = 0; i < digits && !failed_; ++i) {
      failed_ = rest_[i] < '0' || rest_[i] > '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (!failed_) rest_.remove_prefix(digits);
    return value;
  }
  bool skip_if(std::string_view text) {
    const bool there = rest_.starts_with(text);
    if (there) rest_.remove_prefix(text.size());
    return there;
  }
  template <std::size_t Count>
  std::size_t one_of(const std::array<std::string_view, Count>& names) {
    for (std::size_t i = 0; i < Count; ++i)
      if (skip_if(names[i])) return i;
    failed_ = true;
    return 0;
  }
  unsigned month() { return static_cast<unsigned>(one_of(month_names)) + 1; }
  unsigned day() { return static_cast<unsigned>(number(2)); }
  std::chrono::seconds time() {
    const int hour = number(2);
    literal(":");
    const int minute = number(2);
    literal(":");
    const int second = number(2);
    // A leap second is the one after.
    failed_ = failed_ || hour > 23 || minute > 59 || second > 60;
    return std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::optional<std::int64_t> assemble(const DateReader& reader, int year, unsigned month,
                                     unsigned day, std::chrono::seconds time) {
  if (!reader.at_end()) return std::nullopt;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                            std::chrono::day{day}};
  if (!date.ok()) return std::nullopt;
  return (sys_seconds{sys_days{date}} + time).time_since_epoch().count();
}

year_month_day date_at(std::int64_t seconds) {
  return year_month_day{std::chrono::floor<days>(sys_seconds{std::chrono::seconds{seconds}})};
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> parse_fixed(std::string_view text) {
  DateReader reader{text};
  reader.one_of(day_names);
  reader.literal(", ");
  const unsigned day = reader.day();
  reader.literal(" ");
  const unsigned month = reader.month();
  reader.literal(" ");
  const int year = reader.number(4);
  reader.literal(" ");
  const auto time = reader.time();
  reader.literal(" GMT");
  return assemble(reader, year, month, day, time);
}

/// "Sunday, 06-Nov-94 08:49:37 GMT"
std::optional<std::int64_t> parse_rfc850(std::string_view text, std::int64_t now_s) {
  DateReader reader{text};
  reader.one_of(long_day_names);
  reader.literal(", ");
  const unsigned day = reader.day();
  reader.literal("-");
  const unsigned month = reader.month();
  reader.literal("-");
  const int two_digits = reader.number(2);
  reader.literal(" ");
  const auto time = reader.time();
  reader.literal(" GMT");
  const int this_year = static_cast<int>(date_at(now_s).year());
  int year = this_year - this_year % 100 + two_digits;
  if (year > this_year + 50) year -= 100;
  return assemble(reader, year, month, day, time);
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<std::int64_t> parse_asctime(std::string_view text) {
  DateReader reader{text};
  reader.one_of(day_names);
  reader.literal(" ");
  const unsigned month = reader.month();
  reader.literal(" ");
  const unsigned day = reader.skip_if(" ") ? static_cast<unsigned>(reader.number(1)) : reader.day();
  reader.literal(" ");
  const auto time = reader.time();
  reader.literal(" ");
  const int year = reader.number(4);
  return assemble(reader, year, month, day, time);
}

}  // namespace

std::string http_date(std::int64_t seconds) {
  const sys_seconds instant{std::chrono::seconds{seconds}};
  const auto midnight = std::chrono::floor<days>(instant);
  const year_month_day date{midnight};
  const std::chrono::hh_mm_ss time{instant - midnight};
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
      day_names[std::chrono::weekday{midnight}.c_encoding()], static_cast<unsigned>(date.day()),
      month_names[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s) {
  if (const auto fixed = parse_fixed(text)) return fixed;
  if (const auto old = parse_rfc850(text, now_s)) return old;
  return parse_asctime(text);
}

}  // namespace netkit::wire
