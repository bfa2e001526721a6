// A circle, a coroutine beside it, and what both say to people.
#include "commands/presence/with_circle.hpp"

#include <algorithm>
#include <array>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "commands/presence/listing.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// How long a daemon may take to hear our goodbye.
constexpr std::chrono::milliseconds goodbye_limit{500};

/// Characters, of which each takes one column nearly always.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char each) { return (static_cast<unsigned char>(each) & 0xc0) != 0x80; }));
}

asio::awaitable<Status> look_round(const cli::Context& context, const PeerOptions& options,
                                   const std::function<asio::awaitable<Status>(Circle&)>& look) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  const auto circle = std::make_shared<Circle>(context, io, options, nullptr);
  const auto ended =
      std::make_shared<asio::steady_timer>(executor, std::chrono::steady_clock::time_point::max());
  asio::co_spawn(executor, Circle::run(circle), [ended](std::exception_ptr thrown, Status) {
    if (thrown) std::rethrow_exception(thrown);
    ended->cancel();
  });
  Status looked = co_await look(*circle);
  const bool polite = circle->has_daemon();
  circle->stop();
  ended->expires_after(polite ? goodbye_limit : std::chrono::milliseconds{0});
  std::error_code woken;
  co_await ended->async_wait(net::into(woken));
  co_return looked;
}

}  // namespace

Status with_circle(const cli::Context& context, const PeerOptions& options,
                   std::function<asio::awaitable<Status>(Circle& circle)> look) {
  return cli::run_client([&]() { return look_round(context, options, look); });
}

std::string remark(const Circle::Source& source) {
  if (source.daemon.empty()) return "no presence daemon: heard directly";
  if (source.isolated) return "the presence daemon at " + source.daemon + " is itself cut off";
  return {};
}

void say_remark(const cli::Context& context, std::string_view text) {
  if (text.empty() || context.globals.quiet) return;
  context.terminal.say("netkit " + std::string{context.command.name} + ": " + std::string{text} +
                       "\n");
}

std::string table_text(const std::vector<const Entry*>& entries) {
  constexpr std::size_t columns = 4;
  std::vector<std::vector<std::string>> rows{{"NAME", "ADDRESS", "STATE", "SINCE"}};
  for (const Entry* const entry : entries) {
    std::vector<std::string>& row = rows.emplace_back();
    const std::string line = list_line(*entry);
    for (const std::string_view field : split(line, '\t'))
      row.emplace_back(field);
  }
  std::array<std::size_t, columns> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < columns; ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      text += row[i];
      if (i + 1 < columns) text.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace netkit::presence
