// The row of `netkit discover`, and what it does: asks the group for daemons, and a daemon for
// peers that are servers.
#include "commands/presence/discover.hpp"

#include <algorithm>
#include <array>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "cli/packed_text.hpp"
#include "commands/presence/announce.hpp"
#include "commands/presence/complete.hpp"
#include "commands/presence/offer.hpp"
#include "commands/presence/with_circle.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::milliseconds listen_for{500};
constexpr std::chrono::milliseconds ask_again_after{200};
constexpr std::size_t daemons_max = 1000;

class DiscoverAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.positional("SERVICE", service_, "Only servers of this service, such as presence");
    declare_peer(options, peer_);
  }

  Status run(cli::Context& context) override {
    return with_circle(context, peer_, [&](Circle& circle) { return look(context, circle); });
  }

 private:
  asio::awaitable<Status> look(cli::Context& context, Circle& circle) const {
    std::vector<Offer> offers;
    if (!peer_.no_multicast) co_await ask_group(context, offers);
    if (const Status whole = co_await circle.complete(); !whole) co_return whole;
    if (const Circle::Source source = circle.source(); !source.daemon.empty())
      add_offer(offers, {source.name, "presence", source.daemon, source.key});
    for (const Entry* const entry : circle.all())
      if (std::optional<Offer> offer = offer_of(*entry)) add_offer(offers, std::move(*offer));
    for (const Offer& offer : offers)
      if (!service_ || offer.service == *service_)
        if (Status shown = show(context, offer); !shown) co_return shown;
    co_return ok;
  }

  static asio::awaitable<void> wait_for(asio::steady_timer& timer, std::chrono::milliseconds wait) {
    timer.expires_after(wait);
    std::error_code woken;
    co_await timer.async_wait(net::into(woken));
  }

  asio::awaitable<void> ask_group(cli::Context& context, std::vector<Offer>& offers) const {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    Neighbours::Hearer hearer;
    hearer.frames = [](std::string_view) {};
    hearer.found = [&](FoundDaemon daemon) {
      if (offers.size() < daemons_max) add_offer(offers, offer_of(daemon));
    };
    Neighbours neighbours{context.log, io, peer_group(peer_), std::move(hearer)};
    neighbours.start();
    asio::steady_timer timer{executor};
    co_await wait_for(timer, ask_again_after);
    neighbours.ask_all();
    co_await wait_for(timer, listen_for - ask_again_after);
  }

  static Status show(cli::Context& context, const Offer& offer) {
    if (!context.out.json())
      return context.out.line(offer.name + "\t" + offer.service + "\t" + offer.endpoint);
    JsonObject object;
    object.add("name", offer.name).add("service", offer.service);
    object.add("endpoint", offer.endpoint).add("key", to_hex(offer.key));
    return context.out.object(object);
  }

  PeerOptions peer_;
  std::optional<std::string> service_;
};

constexpr std::array<cli::Example, 2> examples{{
    {"netkit discover", "name, service and endpoint of each server that announced itself"},
    {"netkit discover presence --json", "presence daemons alone, an object a line"},
}};

constexpr std::array<cli::Verb, 1> verbs{{
    {"",
     "List servers that announced themselves",
     "Presence daemons answer on the multicast group; servers that were started with --announce "
     "are found with them, as is a peer with the tag service=NAME. Name, service and endpoint, "
     "tab-separated.",
     examples,
     {},
     cli::make_action<DiscoverAction>},
}};

constexpr std::string_view manual_text = R"(
A server is listed if it was started with `--announce NAME`; presence daemons
(`netkit-presenced`(1)) announce themselves. Tab offers the same list wherever an endpoint is
wanted.

Announcements are signed, but by keys that nobody vouches for: a name in this list is a hint where
to connect, and whom to trust is decided by the certificate there.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command discover_command{.name = "discover",
                                              .summary = "List servers that announced themselves",
                                              .verbs = verbs,
                                              .endpoints = endpoints_here,
                                              .announce = announce_server,
                                              .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::presence
