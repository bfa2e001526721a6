// echo compare: the same ping over every transport, one table.
#include <asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/globals.hpp"
#include "cli/paths.hpp"
#include "commands/echo/channel.hpp"
#include "commands/echo/payload.hpp"
#include "commands/echo/statistics.hpp"
#include "net/spawn.hpp"

namespace netkit::echo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds lost_after{500};

/// One line of the table.
struct Row {
  net::Endpoint to;
  RoundTrips trips;
  std::string trouble;  ///< Why it is not offered, or what ended it.
};

class CompareAction final : public cli::Action {
 public:
  CompareAction() { client_.answer_limit = std::chrono::seconds{5}; }

  void declare(cli::Options& options) override {
    options
        .positionals("HOST|ENDPOINT", places_,
                     "A host, whose transports are tried, or endpoints to compare")
        .completes(cli::Complete::endpoint);
    options.value("count", count_, "N", "Round trips over each").with_letter('c');
    options.value("interval", interval_, "DUR", "From one round to the next").with_letter('i');
    options.value("size", size_, "SIZE", "Bytes of each message").with_letter('s');
    cli::declare_client_limits(options, client_);
    cli::declare_token(options, client_);
  }

  Status run(cli::Context& context) override;

 private:
  void choose_rows(const cli::Context& context);
  void add_all_transports(const cli::Context& context, const std::string& host);
  asio::awaitable<Status> converse(cli::Context& context);
  asio::awaitable<std::unique_ptr<Channel>> open(const cli::Context& context, Row& row);
  asio::awaitable<bool> ping(Row& row, Channel& channel, std::uint64_t number);
  Status print(cli::Context& context) const;
  Status print_json(cli::Context& context, const Row& row) const;

  std::vector<net::Endpoint> places_;
  std::uint64_t count_ = 100;
  Duration interval_ = std::chrono::milliseconds{10};
  Size size_{64};
  cli::ClientOptions client_;
  cli::Credential credential_;
  std::vector<Row> rows_;
  std::error_code first_trouble_;  ///< Told if nothing else was found.
};

void CompareAction::add_all_transports(const cli::Context& context, const std::string& host) {
  using net::Scheme;
  for (const Scheme scheme :
       {Scheme::tcp, Scheme::udp, Scheme::tls, Scheme::ws, Scheme::wss, Scheme::sctp}) {
    net::Endpoint to{.scheme = scheme, .host = host, .port = {}, .path = {}};
    rows_.push_back({.to = completed(std::move(to)), .trips = {}, .trouble = {}});
  }
  if (!net::is_loopback(rows_.back().to)) return;
  const std::string path =
      cli::state_directory(context.environment, "echo", geteuid() == 0) + "/" + socket_name;
  rows_.push_back({.to = {.scheme = Scheme::unix_, .host = {}, .port = {}, .path = path},
                   .trips = {},
                   .trouble = {}});
}

void CompareAction::choose_rows(const cli::Context& context) {
  if (places_.empty()) add_all_transports(context, "127.0.0.1");
  for (const net::Endpoint& place : places_) {
    if (!place.scheme && !place.port)
      add_all_transports(context, place.host);
    else
      rows_.push_back({.to = completed(place), .trips = {}, .trouble = {}});
  }
}

Status CompareAction::run(cli::Context& context) {
  if (Status fits = check_payload(size_); !fits) return fits;
  choose_rows(context);
  Result<cli::Credential> credential = cli::Credential::of(context, client_);
  if (!credential) return credential.error();
  credential_ = std::move(*credential);
  const Status ended = cli::run_client([&] { return converse(context); });
  if (!ended) return ended;
  if (Status printed = print(context); !printed) return printed;
  for (const Row& row : rows_)
    if (row.trips.count_received() > 0) return ok;
  return Error{first_trouble_, "reach any of the transports",
               "is `netkit echo serve --all` running there?"};
}

asio::awaitable<std::unique_ptr<Channel>> CompareAction::open(const cli::Context& context,
                                                              Row& row) {
  auto channel = co_await open_channel(context, client_, row.to, {.credential = &credential_});
  if (channel) co_return std::move(*channel);
  if (!first_trouble_) first_trouble_ = channel.error().code;
  row.trouble = "not offered: " + channel.error().code.message();
  co_return nullptr;
}

/// One round trip. False when this transport is not to be tried again.
asio::awaitable<bool> CompareAction::ping(Row& row, Channel& channel, std::uint64_t number) {
  const std::string payload = numbered_payload(number, size_.bytes);
  const auto start = Clock::now();
  const bool datagrams = row.to.scheme == net::Scheme::udp;
  channel.expire_in(datagrams ? Duration{lost_after} : client_.answer_limit);
  row.trips.sent();
  Result<std::string_view> answer = co_await exchange(channel, payload, {.size = payload.size()});
  // A late datagram answers an earlier round.
  while (answer && datagrams && *answer != payload)
    answer = co_await channel.receive({.size = payload.size()});
  if (answer && *answer == payload) {
    row.trips.received(Clock::now() - start);
    co_return true;
  }
  const bool lost = datagrams && answer.error().code == Errc::timed_out;
  if (lost && row.trips.count_received() > 0) co_return true;
  if (!first_trouble_) first_trouble_ = answer ? Errc::mismatch : answer.error().code;
  row.trouble = answer ? "the answer differs from what was sent" : answer.error().code.message();
  if (row.trips.count_received() == 0) row.trouble = "not offered: " + row.trouble;
  co_return false;
}

asio::awaitable<Status> CompareAction::converse(cli::Context& context) {
  std::vector<std::unique_ptr<Channel>> channels;  // Of rows_, in its order; none: given up.
  for (Row& row : rows_)
    channels.push_back(co_await open(context, row));
  cli::Progress progress{context.terminal, !context.globals.quiet, "compare"};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (std::uint64_t round = 1; round <= count_; ++round) {
    timer.expires_after(interval_);
    // Another one goes first each round: the first one meets processors that have just woken up.
    for (std::size_t turn = 0; turn < rows_.size(); ++turn) {
      const std::size_t i = (round + turn) % rows_.size();
      if (channels[i] && !co_await ping(rows_[i], *channels[i], round)) channels[i].reset();
    }
    progress.show(static_cast<double>(round) / static_cast<double>(count_), "");
    std::error_code cancelled;
    if (round < count_) co_await timer.async_wait(net::into(cancelled));
  }
  co_return ok;
}

Status CompareAction::print_json(cli::Context& context, const Row& row) const {
  JsonObject object;
  object.add("event", "compare")
      .add("transport", net::to_text(*row.to.scheme))
      .add("endpoint", net::to_text(row.to))
      .add("offered", row.trips.count_received() > 0)
      .add("sent", row.trips.count_sent())
      .add("received", row.trips.count_received())
      .add("loss", row.trips.loss());
  if (row.trips.count_received() > 0) {
    add_percentiles(object, row.trips.histogram());
    object.add("jitter_s", seconds(row.trips.jitter()));
  }
  if (!row.trouble.empty()) object.add("trouble", row.trouble);
  return context.out.object(object);
}

Status CompareAction::print(cli::Context& context) const {
  if (context.out.json()) {
    for (const Row& row : rows_)
      if (Status printed = print_json(context, row); !printed) return printed;
    return ok;
  }
  std::string text =
      fmt::format("{:<10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>7}  {}\n", "TRANSPORT", "MEDIAN",
                  "P90", "P99", "MAX", "JITTER", "LOSS", "ENDPOINT");
  for (const Row& row : rows_) {
    const Histogram& all = row.trips.histogram();
    const std::string_view name = net::to_text(*row.to.scheme);
    if (all.count() == 0) {
      text += fmt::format("{:<10} {}  {}\n", name, row.trouble, net::to_text(row.to));
      continue;
    }
    text += fmt::format("{:<10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>5.1f} %  {}{}\n", name,
                        to_people(all.percentile(50)), to_people(all.percentile(90)),
                        to_people(all.percentile(99)), to_people(all.max()),
                        to_people(row.trips.jitter()), row.trips.loss() * 100, net::to_text(row.to),
                        row.trouble.empty() ? "" : "  " + row.trouble);
  }
  return context.out.bytes(text);
}

}  // namespace

std::unique_ptr<cli::Action> make_compare() {
  return std::make_unique<CompareAction>();
}

}  // namespace netkit::echo
