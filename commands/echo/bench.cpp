// echo bench: throughput first, then latency at a fixed rate.
#include <fmt/format.h>

#include "cli/globals.hpp"
#include "cli/open_files.hpp"
#include "commands/echo/load.hpp"
#include "commands/echo/payload.hpp"
#include "commands/echo/statistics.hpp"

namespace netkit::echo {
namespace {

using Channels = std::vector<std::unique_ptr<Channel>>;

constexpr std::uint64_t connections_max = 100'000;
/// Of the measured throughput: high enough to load the server, low enough not to queue for ever.
constexpr double share_of_throughput = 0.7;

class BenchAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.value("connections", connections_, "N", "Connections at a time").with_letter('c');
    options.value("size", size_, "SIZE", "Bytes of each message").with_letter('s');
    options.value("duration", duration_, "DUR", "Of both phases together").with_letter('d');
    options.value("rate", rate_, "N", "Messages a second while latency is measured");
    options.flag("histogram", histogram_, "Draw how often each latency occurred");
    declare_framing(options, framing_);
    cli::declare_client(options, client_);
    cli::declare_token(options, client_);
  }

  Status run(cli::Context& context) override;

 private:
  asio::awaitable<Status> measure(cli::Context& context);
  asio::awaitable<Status> open_all(cli::Context& context, Channels& channels);
  Status print(cli::Context& context, const Measured& closed, const Measured& paced,
               double rate) const;

  std::uint64_t connections_ = 10;
  Size size_{64};
  Duration duration_ = std::chrono::seconds{10};
  std::optional<double> rate_;
  bool histogram_ = false;
  Framing framing_ = Framing::raw;
  cli::ClientOptions client_;
  cli::Credential credential_;

  net::Endpoint to_;
};

Status BenchAction::run(cli::Context& context) {
  if (Status fits = check_payload(size_); !fits) return fits;
  if (connections_ == 0 || connections_ > connections_max)
    return Error{Errc::usage, "open " + std::to_string(connections_) + " connections",
                 "1 to " + std::to_string(connections_max)};
  if (rate_ && *rate_ <= 0) return Error{Errc::usage, "send no messages a second"};
  if (duration_ <= Duration{0}) return Error{Errc::usage, "measure for no time"};
  Result<net::Endpoint> to = cli::choose_endpoint(context, client_, net::Scheme::tcp, port);
  if (!to) return to.error();
  to_ = completed(client_.endpoint ? *client_.endpoint : *to);
  Result<cli::Credential> credential = cli::Credential::of(context, client_);
  if (!credential) return credential.error();
  credential_ = std::move(*credential);
  cli::raise_open_files();
  Status ended = cli::run_client([&] { return measure(context); });
  if (ended) return ok;
  const Error& error = ended.error();
  return error.attempt.empty() ? Error{error.code, "measure " + net::to_text(to_), error.hint}
                               : error;
}

asio::awaitable<Status> BenchAction::open_all(cli::Context& context, Channels& channels) {
  while (channels.size() < connections_) {
    auto channel = co_await open_channel(context, client_, to_,
                                         {.framing = framing_, .credential = &credential_});
    if (!channel) co_return channel.error();
    channels.push_back(std::move(*channel));
  }
  co_return ok;
}

asio::awaitable<Status> BenchAction::measure(cli::Context& context) {
  Channels channels;
  if (Status opened = co_await open_all(context, channels); !opened) co_return opened;
  cli::Progress progress{context.terminal, !context.globals.quiet, "bench"};
  const Duration half = duration_ / 2;
  auto closed = co_await run_load(channels, size_.bytes, {.per_second = 0, .length = half},
                                  client_.answer_limit,
                                  [&](double part) { progress.show(part / 2, "throughput"); });
  if (!closed) co_return closed.error();
  const double throughput = static_cast<double>((*closed)->messages) / seconds((*closed)->elapsed);
  const double rate = rate_.value_or(std::max(1.0, throughput * share_of_throughput));
  auto paced = co_await run_load(channels, size_.bytes, {.per_second = rate, .length = half},
                                 client_.answer_limit,
                                 [&](double part) { progress.show(0.5 + part / 2, "latency"); });
  if (!paced) co_return paced.error();
  channels.clear();  // A polite end, one after the other, would take a round trip each.
  co_return print(context, **closed, **paced, rate);
}

Status BenchAction::print(cli::Context& context, const Measured& closed, const Measured& paced,
                          double rate) const {
  const double throughput = static_cast<double>(closed.messages) / seconds(closed.elapsed);
  const double bytes = throughput * static_cast<double>(size_.bytes);
  if (context.out.json()) {
    JsonObject row;
    row.add("event", "bench")
        .add("endpoint", net::to_text(to_))
        .add("connections", connections_)
        .add("size", size_.bytes)
        .add("messages", closed.messages + paced.messages)
        .add("messages_per_s", throughput)
        .add("bytes_per_s", bytes)
        .add("rate_per_s", rate)
        .add("achieved_per_s", static_cast<double>(paced.messages) / seconds(paced.elapsed));
    add_percentiles(row, paced.latency);
    row.add("p999_s", seconds(paced.latency.percentile(99.9)));
    return context.out.object(row);
  }
  const auto at = [&](double percent) { return to_people(paced.latency.percentile(percent)); };
  std::string text = fmt::format(
      "{} connections, {} bytes each message, {}\n"
      "throughput  {:.0f} messages/s, {:.1f} MB/s (each waits for its answer)\n"
      "latency     p50 {}, p90 {}, p99 {}, p99.9 {}, max {}\n"
      "            at {:.0f} messages/s, counted from when each was due\n",
      connections_, size_.bytes, net::to_text(to_), throughput, bytes / 1e6, at(50), at(90), at(99),
      at(99.9), to_people(paced.latency.max()), rate);
  if (histogram_) text += drawn(paced.latency, context.terminal.width());
  return context.out.bytes(text);
}

}  // namespace

std::unique_ptr<cli::Action> make_bench() {
  return std::make_unique<BenchAction>();
}

}  // namespace netkit::echo
