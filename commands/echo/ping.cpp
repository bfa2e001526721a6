// echo ping: one message after the other, each timed.
#include <asio/steady_timer.hpp>
#include <fmt/format.h>

#include "commands/echo/channel.hpp"
#include "commands/echo/payload.hpp"
#include "commands/echo/statistics.hpp"
#include "net/spawn.hpp"

namespace netkit::echo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds lost_after{1};

class PingAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("count", count_, "N", "Stop after so many; without it, at ^C").with_letter('c');
    options.value("interval", interval_, "DUR", "From one to the next").with_letter('i');
    options.value("size", size_, "SIZE", "Bytes of each message").with_letter('s');
    options.flag("histogram", histogram_, "Draw how often each round trip time occurred");
    declare_framing(options, framing_);
    cli::declare_client(options, client_);
    cli::declare_token(options, client_);
  }

  Status run(cli::Context& context) override;

 private:
  asio::awaitable<Status> converse(cli::Context& context);
  asio::awaitable<Status> ping_once(cli::Context& context, Channel& channel, std::uint64_t number);
  Status print_reply(cli::Context& context, std::uint64_t number, Duration round_trip) const;
  Status print_summary(cli::Context& context) const;

  std::optional<std::uint64_t> count_;
  Duration interval_ = std::chrono::seconds{1};
  Size size_{56};  // As ping(8).
  bool histogram_ = false;
  Framing framing_ = Framing::raw;
  cli::ClientOptions client_;
  cli::Credential credential_;

  net::Endpoint to_;
  RoundTrips trips_;
  Duration elapsed_{0};
};

Status PingAction::run(cli::Context& context) {
  if (Status fits = check_payload(size_); !fits) return fits;
  Result<net::Endpoint> to = cli::choose_endpoint(context, client_, net::Scheme::tcp, port);
  if (!to) return to.error();
  to_ = completed(client_.endpoint ? *client_.endpoint : *to);
  Result<cli::Credential> credential = cli::Credential::of(context, client_);
  if (!credential) return credential.error();
  credential_ = std::move(*credential);
  const auto start = Clock::now();
  const Status ended = cli::run_client([&] { return converse(context); });
  elapsed_ = Clock::now() - start;
  if (trips_.count_sent() == 0) return ended;
  if (Status printed = print_summary(context); !printed) return printed;
  if (!ended || trips_.count_received() > 0) return ended;
  return Error{Errc::timed_out, "get a reply from " + net::to_text(to_),
               "is an echo server there, and does a firewall drop the answers?"};
}

asio::awaitable<Status> PingAction::converse(cli::Context& context) {
  auto channel = co_await open_channel(context, client_, to_,
                                       {.framing = framing_, .credential = &credential_});
  if (!channel) co_return channel.error();
  context.log.debug("connect", {{"endpoint", net::to_text(to_)}});

  asio::steady_timer timer{co_await asio::this_coro::executor};
  Clock::time_point due = Clock::now();
  for (std::uint64_t number = 1; !count_ || number <= *count_; ++number) {
    timer.expires_at(due);
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
    if (Status done = co_await ping_once(context, **channel, number); !done) co_return done;
    // An answer that was later than the interval does not make a burst of the next ones.
    due = std::max(due + interval_, Clock::now());
  }
  co_await (*channel)->close();
  context.log.debug("disconnect", {{"endpoint", net::to_text(to_)}});
  co_return ok;
}

asio::awaitable<Status> PingAction::ping_once(cli::Context& context, Channel& channel,
                                              std::uint64_t number) {
  const std::string payload = numbered_payload(number, size_.bytes);
  const auto start = Clock::now();
  const bool datagrams = to_.scheme == net::Scheme::udp;
  // A lost datagram must not hold up those behind it for long.
  channel.expire_in(datagrams ? std::min<Duration>(client_.answer_limit,
                                                   std::max<Duration>(interval_, lost_after))
                              : client_.answer_limit);
  trips_.sent();
  context.log.trace("send", {{"number", number}, {"bytes", payload.size()}});
  Result<std::string_view> answer = co_await exchange(channel, payload, {.size = payload.size()});
  // A datagram that was given up may still come, and is not the answer to this one.
  while (answer && datagrams && *answer != payload)
    answer = co_await channel.receive({.size = payload.size()});
  if (!answer && datagrams && answer.error().code == Errc::timed_out) {
    // Lost: that is what is being measured.
    if (!context.out.json()) context.log.warn("lost", {{"number", number}});
    co_return ok;
  }
  if (!answer)
    co_return Error{answer.error().code, "get a reply from " + net::to_text(to_),
                    answer.error().hint};
  if (*answer != payload)
    co_return Error{Errc::mismatch, "accept the reply of " + net::to_text(to_),
                    "it is no echo server, or the way changes bytes"};
  const Duration round_trip = Clock::now() - start;
  trips_.received(round_trip);
  context.log.trace("receive", {{"number", number}, {"round_trip", round_trip}});
  co_return print_reply(context, number, round_trip);
}

Status PingAction::print_reply(cli::Context& context, std::uint64_t number,
                               Duration round_trip) const {
  if (context.out.json())
    return context.out.object(JsonObject{}
                                  .add("event", "reply")
                                  .add("number", number)
                                  .add("bytes", size_.bytes)
                                  .add("round_trip_s", seconds(round_trip)));
  return context.out.line(fmt::format("{} bytes from {}: number={} time={}", size_.bytes,
                                      net::to_text(to_), number, to_people(round_trip)));
}

Status PingAction::print_summary(cli::Context& context) const {
  if (context.out.json()) {
    JsonObject summary;
    summary.add("event", "summary")
        .add("endpoint", net::to_text(to_))
        .add("sent", trips_.count_sent())
        .add("received", trips_.count_received())
        .add("loss", trips_.loss())
        .add("elapsed_s", seconds(elapsed_));
    add_percentiles(summary, trips_.histogram());
    summary.add("jitter_s", seconds(trips_.jitter()));
    return context.out.object(summary);
  }
  std::string text =
      fmt::format("--- {} ---\n{} sent, {} received, {:.1f} % lost\n", net::to_text(to_),
                  trips_.count_sent(), trips_.count_received(), trips_.loss() * 100);
  if (trips_.count_received() > 0) text += percentile_line(trips_) + "\n";
  if (histogram_) text += drawn(trips_.histogram(), context.terminal.width());
  return context.out.bytes(text);
}

}  // namespace

std::unique_ptr<cli::Action> make_ping() {
  return std::make_unique<PingAction>();
}

}  // namespace netkit::echo
