// Sentences for people, and the texts of ids, keys and times.
#include "commands/relay/said.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/units.hpp"

namespace netkit::relay {
namespace {

/// The last whole second that the system's clock can hold.
constexpr std::uint64_t time_max_ms = 9'223'372'036'000;

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string{count == 1 ? one : many};
}

std::string gap_sentence(const Event& event) {
  if (event.to == 0) return "messages were skipped that are not kept any more";
  const std::uint64_t count =
      event.count > 0 ? event.count : event.to - std::min(event.from, event.to) + 1;
  std::string text = counted(count, "message", "messages");
  const std::string range = std::to_string(event.from) + ".." + std::to_string(event.to);
  if (event.relay.empty()) return text + " skipped (" + range + ")";
  const std::string relay = one_line(event.relay);
  text += " of relay " + relay + " skipped (" + range + "); ";
  return text + "/history " + relay + ":" + range + " asks for them";
}

std::string away_sentence(const Event& event) {
  const std::string text = "relay " + one_line(event.relay) + " is away";
  if (event.count == 0) return text;
  return text + ", and " + counted(event.count, "person", "people") + " with it";
}

std::string with_reason(std::string sentence, std::string_view why) {
  return why.empty() ? sentence : sentence + ": " + one_line(why);
}

/// Digits alone, all of them.
template <typename T>
std::optional<T> read_digits(std::string_view text) {
  T value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value);
  if (text.empty() || failed != std::errc{} || rest != end) return std::nullopt;
  return value;
}

}  // namespace

std::string sentence_of(const Event& event) {
  const std::string nick = one_line(event.nick);
  switch (event.kind) {
    case Event::Kind::joined: return nick + " came";
    case Event::Kind::parted: return with_reason(nick + " left", event.text);
    case Event::Kind::renamed: return nick + " is now called " + one_line(event.other);
    case Event::Kind::gap: return gap_sentence(event);
    case Event::Kind::relay_away: return away_sentence(event);
    case Event::Kind::relay_back: return "relay " + one_line(event.relay) + " is back";
    case Event::Kind::notice: return one_line(event.text);
    case Event::Kind::moderated: {
      const std::string by = event.other.empty() ? "" : " (by " + one_line(event.other) + ")";
      return nick + ": " + one_line(event.text) + by;
    }
  }
  return {};
}

std::string to_hex16(std::uint64_t key) {
  char bytes[sizeof key];
  store_be(bytes, key);
  return to_hex({bytes, sizeof bytes});
}

std::optional<std::uint64_t> read_hex16(std::string_view digits) {
  const std::optional<std::string> bytes = from_hex(digits);
  if (!bytes || bytes->size() != sizeof(std::uint64_t)) return std::nullopt;
  return load_be<std::uint64_t>(bytes->data());
}

std::string to_text(const RecordId& id) {
  return to_hex16(id.log) + "-" + std::to_string(id.seq);
}

std::optional<RecordId> read_record_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto log = read_hex16(text.substr(0, dash));
  const auto seq = read_digits<std::uint64_t>(text.substr(dash + 1));
  if (!log || !seq || *seq == 0) return std::nullopt;
  return RecordId{*log, *seq};
}

std::string time_text(std::uint64_t ms) {
  const std::chrono::milliseconds since{std::min(ms, time_max_ms)};
  return to_rfc3339(std::chrono::system_clock::time_point{since});
}

std::optional<std::uint64_t> read_time(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view shape = "0000-00-00T00:00:00.000Z";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t size) {
    return static_cast<int>(*read_digits<unsigned>(text.substr(at, size)));
  };
  const year_month_day date{year{field(0, 4)}, month{static_cast<unsigned>(field(5, 2))},
                            day{static_cast<unsigned>(field(8, 2))}};
  const bool in_day = field(11, 2) < 24 && field(14, 2) < 60 && field(17, 2) < 60;
  if (!date.ok() || !in_day || date < year{1970} / January / 1) return std::nullopt;
  const auto time_of_day = hours{field(11, 2)} + minutes{field(14, 2)} +
                           std::chrono::seconds{field(17, 2)} + milliseconds{field(20, 3)};
  const milliseconds since = sys_days{date}.time_since_epoch() + time_of_day;
  return static_cast<std::uint64_t>(since.count());
}

}  // namespace netkit::relay
