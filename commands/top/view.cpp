// Samples to readings, readings to columns.
#include "commands/top/view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "wire/exposition.hpp"

namespace netkit::top {
namespace {

constexpr std::size_t word_size_max = 32;

/// Events that tell of somebody who was turned away.
constexpr std::array<std::string_view, 5> refusals{"refuse", "authz_fail", "authn_login_fail",
                                                   "link_refused", "file_refused"};

std::string shown(std::string_view text) {
  return escape_for_display(utf8_prefix(text, word_size_max));
}

void take(Reading& reading, const wire::MetricSample& sample) {
  const std::string_view name = sample.name;
  if (name == "netkit_build_info") {
    reading.command = shown(sample.label("command"));
    reading.version = shown(sample.label("version"));
  }
  if (name == "process_start_time_seconds") reading.started_s = sample.value;
  if (name == "netkit_draining") reading.draining = sample.value != 0;
  if (name == "netkit_connections") reading.connections = sample.value;
  if (name == "netkit_received_bytes_total") reading.received = sample.value;
  if (name == "netkit_sent_bytes_total") reading.sent = sample.value;
  if (name == "netkit_messages_total") reading.messages = sample.value;
  if (name == "netkit_events_total" &&
      std::ranges::find(refusals, sample.label("event")) != refusals.end())
    reading.refused += sample.value;
}

/// A whole number, or with one decimal and a unit of `step`: "12", "1.5K", "20M".
std::string people(double number, double step = 1000) {
  constexpr std::string_view units = " KMGTPE";
  std::size_t unit = 0;
  for (; number >= step - 0.5 && unit + 1 < units.size(); ++unit)
    number /= step;
  if (!std::isfinite(number)) return "?";
  const double kept = unit > 0 && number < 9.95 ? std::round(number * 10) / 10 : std::round(number);
  return to_fixed_text(kept) + (unit > 0 ? std::string{units[unit]} : "");
}

/// "45s", "12m", "3h", "9d".
std::string age(double seconds) {
  if (!(seconds >= 0 && seconds < 1e12)) return "?";
  if (seconds < 120) return people(std::floor(seconds)) + "s";
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 7200) return std::to_string(whole / 60) + "m";
  return whole < 172'800 ? std::to_string(whole / 3600) + "h"
                         : std::to_string(whole / 86'400) + "d";
}

std::optional<double> rate(const Row& row, std::optional<double> now,
                           std::optional<double> before) {
  if (!row.before || row.between_s <= 0 || !now || !before) return std::nullopt;
  return std::max(0.0, *now - *before) / row.between_s;
}

struct Rates {
  std::optional<double> messages;
  std::optional<double> received;
  std::optional<double> sent;
};

Rates rates(const Row& row) {
  if (!row.now || !row.before) return {};
  return {rate(row, row.now->messages, row.before->messages),
          rate(row, row.now->received, row.before->received),
          rate(row, row.now->sent, row.before->sent)};
}

std::string_view state_of(const Row& row) {
  if (!row.now) return "away";
  return row.now->draining ? "draining" : "serving";
}

using Cells = std::array<std::string, 9>;

Cells cells_of(const Row& row, double now_s) {
  if (!row.now)
    return {"-", row.endpoint, "-",
            "-", "-",          "-",
            "-", "-",          row.away.empty() ? "away" : "away: " + row.away};
  const Rates each = rates(row);
  const auto cell = [](std::optional<double> number, double step) {
    return number ? people(*number, step) : "-";
  };
  return {row.now->command,
          row.endpoint,
          age(now_s - row.now->started_s),
          people(row.now->connections),
          cell(each.messages, 1000),
          cell(each.received, 1024),
          cell(each.sent, 1024),
          people(row.now->refused),
          std::string{state_of(row)}};
}

}  // namespace

Result<Reading> read_metrics(std::string_view text) {
  Reading reading;
  for (;;) {
    const auto sample = wire::take_sample(text);
    if (!sample) return sample.error();
    if (!*sample) break;
    take(reading, **sample);
  }
  if (reading.command.empty()) return Error{Errc::mismatch, "find a netkit server in the metrics"};
  return reading;
}

void take_reading(Row& row, const Result<Reading>& reading, double elapsed_s) {
  std::optional<Reading> last = std::exchange(row.now, std::nullopt);
  row.before.reset();
  row.away.clear();
  if (!reading) {
    row.away = escape_for_display(reading.error().message());
    return;
  }
  row.now = *reading;
  // Another run counts from zero again.
  if (last && last->started_s == reading->started_s) row.before = std::move(last);
  row.between_s = elapsed_s;
}

std::string table(std::span<const Row> rows, double now_s) {
  std::vector<Cells> lines{{"SERVER", "ENDPOINT", "UP", "CONNECTIONS", "MESSAGES/S", "IN/S",
                            "OUT/S", "REFUSED", "STATE"}};
  for (const Row& row : rows)
    lines.push_back(cells_of(row, now_s));
  std::array<std::size_t, std::tuple_size_v<Cells>> widths{};
  for (const Cells& line : lines)
    for (std::size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  std::string text;
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool words = i < 2 || i + 1 == widths.size();
      const std::string gap(widths[i] - line[i].size(), ' ');
      if (i > 0) text += "  ";
      text += words ? line[i] : gap + line[i];
      if (words && i + 1 < widths.size()) text += gap;
    }
    text += '\n';
  }
  return text;
}

JsonObject show_object(const Row& row, double now_s) {
  JsonObject object;
  object.add("endpoint", row.endpoint).add("state", state_of(row));
  if (!row.now) return object.add("error", row.away);
  const auto add = [&](std::string_view key, std::optional<double> number) {
    number ? object.add(key, *number) : object.add_raw(key, "null");
  };
  const Rates each = rates(row);
  object.add("service", row.now->command).add("version", row.now->version);
  add("uptime", std::max(0.0, now_s - row.now->started_s));
  add("connections", row.now->connections);
  add("messages_per_second", each.messages);
  add("received_bytes_per_second", each.received);
  add("sent_bytes_per_second", each.sent);
  add("refused", row.now->refused);
  return object;
}

}  // namespace netkit::top
