// The order in which both begin and end.
#include "cli/observed.hpp"

#include <unistd.h>

#include "cli/metrics_door.hpp"

namespace netkit::cli {

Status Observed::listen() {
  const Result<net::Endpoint> wanted = metrics_place(*options_.metrics);
  if (!wanted) return wanted.error();
  Result<net::Listening> opened =
      net::open_listening(*wanted, {.threads = 1, .auto_port = options_.auto_port});
  if (!opened) return opened.error();
  unlink_path_ = opened->unlink_path;
  const std::string at = net::to_text(opened->endpoint);
  if (net::is_loopback(opened->endpoint))
    context_.log.info("metrics", {{"endpoint", at}});
  else
    context_.log.warn("metrics",
                      {{"endpoint", at}, {"hint", "whoever reaches it may read it; see --allow"}});
  listening_ = std::move(*opened);
  return ok;
}

Status Observed::open() {
  if (!options_.on.empty())
    commands_ = std::make_shared<EventCommands>(context_.log, context_.environment, options_.on);
  if (options_.metrics) events_ = std::make_shared<log::EventCounts>();
  if (events_ || commands_)
    context_.log.observe([events = events_, commands = commands_](const log::Event& event) {
      if (events) events->add(event);
      if (commands) commands->hear(event);
    });
  return options_.metrics ? listen() : Status{ok};
}

bool Observed::admits(const asio::ip::address& address) const {
  if (net::AccessList{options_.allow, options_.deny}.allows(address)) return true;
  context_.log.warn("refuse", {{"address", net::plain(address).to_string()},
                               {"reason", "denied by --allow or --deny"}});
  return false;
}

void Observed::start(net::Server& server, std::function<void(Gauges&)> more) {
  if (!listening_) return;
  MetricsPages pages;
  pages.draining = [this] { return draining_; };
  pages.admits = [this](const asio::ip::address& address) { return admits(address); };
  pages.metrics = [this, &server, more = std::move(more)] {
    Measured measured{.command = context_.command.name,
                      .started_s = started_s_,
                      .draining = draining_,
                      .active = server.counters().active,
                      .accepted = server.counters().accepted};
    for (const auto& worker : server.workers()) {
      measured.received += worker->traffic().received.load(std::memory_order_relaxed);
      measured.sent += worker->traffic().sent.load(std::memory_order_relaxed);
    }
    return metrics_page(measured, *events_, more);
  };
  serve_metrics(server.main_context(), std::move(*listening_), std::move(pages));
  listening_.reset();
}

void Observed::end() {
  if (commands_) commands_->end();
  if (!unlink_path_.empty()) ::unlink(std::exchange(unlink_path_, {}).c_str());
}

}  // namespace netkit::cli
