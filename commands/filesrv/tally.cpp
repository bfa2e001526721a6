// Counting, and saying it where somebody wants to know.
#include "commands/filesrv/tally.hpp"

#include <cmath>
#include <unistd.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/exit_code.hpp"
#include "cli/globals.hpp"
#include "commands/filesrv/human.hpp"

namespace netkit::filesrv {
namespace {

/// How often the bar is looked at; it draws less often by itself.
constexpr std::chrono::milliseconds show_interval{100};

bool shows_bar(const cli::Context& context) {
  return isatty(STDERR_FILENO) == 1 && !context.globals.quiet && !context.out.json();
}

}  // namespace

Tally::Tally(cli::Context& context, std::string verb)
    : context_{context},
      verb_{std::move(verb)},
      progress_{context.terminal, shows_bar(context), verb_} {}

void Tally::begin(std::string_view path, std::uint64_t size, std::uint64_t kept) {
  name_ = escape_for_display(path);
  size_ = size;
  here_ = kept;
}

void Tally::add(std::uint64_t bytes) {
  here_ += bytes;
  bytes_ += bytes;
  const auto now = Clock::now();
  if (now - shown_ < show_interval) return;
  shown_ = now;
  show();
}

void Tally::show() {
  const double took = seconds(Clock::now() - begin_);
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

Status Tally::done(std::string_view path, std::uint64_t size, std::uint64_t kept) {
  ++files_;
  if (!context_.out.json()) return ok;
  return context_.out.object(JsonObject{}
                                 .add("event", "file")
                                 .add("path", escape_for_display(path))
                                 .add("size", size)
                                 .add("kept", kept));
}

void Tally::failed(std::string_view path, const Error& why) {
  // The last one is said by main, with the exit code it has.
  if (failures_++ > 0)
    context_.terminal.say("netkit filesrv: " + outcome_.error().message() + "\n");
  const Error told = told_of(path, verb_, why);
  if (context_.out.json())
    static_cast<void>(context_.out.object(JsonObject{}
                                              .add("event", "failed")
                                              .add("path", escape_for_display(path))
                                              .add("error", told.message())));
  outcome_ = told;
}

void Tally::left_out(std::string_view path, std::string_view why) {
  context_.log.info("left_out", {{"path", escape_for_display(path)}, {"reason", why}});
}

Status Tally::finish() {
  if (!context_.out.json()) return ok;
  return context_.out.object(JsonObject{}
                                 .add("event", "summary")
                                 .add("files", files_)
                                 .add("bytes", bytes_)
                                 .add("failed", failures_)
                                 .add("seconds", seconds(Clock::now() - begin_)));
}

}  // namespace netkit::filesrv
