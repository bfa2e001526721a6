// Counting, and what stands behind the bar.
#include "cli/transfer_bar.hpp"

#include <cmath>
#include <fmt/format.h>
#include <unistd.h>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/globals.hpp"

namespace netkit::cli {
namespace {

/// How often the bar is looked at; it draws less often by itself.
constexpr std::chrono::milliseconds show_interval{100};

bool shows_bar(const Context& context) {
  return isatty(STDERR_FILENO) == 1 && !context.globals.quiet && !context.out.json();
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::string_view units = "BKMGTPE";
  std::size_t unit = 0;
  auto size = static_cast<double>(bytes);
  while (size >= 1024 && unit + 1 < units.size()) {
    size /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{}", bytes);
  return size < 10 ? fmt::format("{:.1f}{}", size, units[unit])
                   : fmt::format("{:.0f}{}", size, units[unit]);
}

TransferBar::TransferBar(const Context& context, std::string label)
    : progress_{context.terminal, shows_bar(context), std::move(label)} {}

double TransferBar::seconds() const {
  return netkit::seconds(Clock::now() - begin_);
}

void TransferBar::begin(std::string_view path, std::uint64_t size, std::uint64_t kept) {
  name_ = escape_for_display(path);
  size_ = size;
  here_ = kept;
}

void TransferBar::add(std::uint64_t bytes) {
  here_ += bytes;
  bytes_ += bytes;
  const auto now = Clock::now();
  if (now - shown_ < show_interval) return;
  shown_ = now;
  show();
}

void TransferBar::show() {
  const double took = seconds();
  const double rate = took > 0 ? static_cast<double>(bytes_) / took : 0;
  std::string note = size_text(static_cast<std::uint64_t>(rate)) + "/s";
  if (rate > 0 && size_ > here_) {
    const double left_s = static_cast<double>(size_ - here_) / rate;
    // A server may say of a file that it is larger than anything.
    if (left_s < 1e9)
      note += " " + netkit::to_text(Duration{std::chrono::seconds{std::llround(left_s)}}) + " left";
  }
  const double part = size_ == 0 ? 0 : static_cast<double>(here_) / static_cast<double>(size_);
  progress_.show(part < 1 ? part : 1, name_ + " " + note);
}

}  // namespace netkit::cli
