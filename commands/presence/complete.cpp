// One look at the roster, of a daemon on this machine or of whoever answers on the group.
#include "commands/presence/complete.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <charconv>

#include "commands/presence/frames.hpp"
#include "commands/presence/neighbours.hpp"
#include "commands/presence/offer.hpp"
#include "commands/presence/peer_options.hpp"
#include "log/sink.hpp"
#include "net/connect.hpp"
#include "net/message_reader.hpp"
#include "net/spawn.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {
namespace {

/// So that all of it takes no more than 300 ms.
constexpr std::chrono::milliseconds limit{200};
/// A shell shows no more than a screen of them.
constexpr std::size_t entries_max = 1000;

struct Nowhere final : log::Sink {
  bool write(std::string_view) noexcept override { return true; }
};

/// What was heard until the time was over, wherever it was cut off.
struct Sight {
  std::vector<Entry> entries;
  std::vector<Offer> daemons;

  void take(const wire::Frame& frame) {
    if (frame.type != message_type::entry || entries.size() >= entries_max) return;
    Result<Entry> entry = decode_entry(frame.body);
    if (!entry) return;
    std::erase_if(entries, [&](const Entry& each) { return each.said.key == entry->said.key; });
    if (entry->is_here()) entries.push_back(std::move(*entry));
  }
};

/// Only over what needs neither trust nor a token: this machine.
asio::awaitable<void> ask_daemon(net::Endpoint at, Sight& sight, bool& told) {
  Result<net::Stream> stream = co_await net::connect(at, std::nullopt, limit);
  if (!stream) co_return;
  stream->expire_in(limit);
  std::string out;
  append_hello(out, ClientHello{});
  append_subscribe(out, 0);
  if (Status sent = co_await stream->write(out); !sent) co_return;
  net::MessageReader reader{wire::FrameDecoder{message_size_max},
                            message_size_max + wire::frame_header_size};
  for (;;) {
    const Result<wire::Frame> frame = co_await reader.next(*stream);
    if (!frame || frame->type == message_type::roster_end) break;
    if (frame->type == wire::frame_type::hello) {
      told = true;
      if (const Result<ServerHello> hello = decode_server_hello(frame->body))
        add_offer(sight.daemons, {hello->name, "presence", net::to_text(at), hello->key});
    }
    sight.take(*frame);
  }
}

void take_all(Sight& sight, std::string_view frames) {
  each_frame(frames, [&](const wire::Frame& frame) {
    sight.take(frame);
    return true;
  });
}

void ask_group(asio::io_context& io, net::MulticastOptions group, Sight& sight,
               std::chrono::milliseconds left) {
  Nowhere nowhere;
  log::Logger silence{"peer", nowhere};
  Neighbours::Hearer hearer;
  hearer.frames = [&](std::string_view frames) { take_all(sight, frames); };
  hearer.found = [&](FoundDaemon daemon) { add_offer(sight.daemons, offer_of(daemon)); };
  Neighbours neighbours{silence, io, std::move(group), std::move(hearer)};
  neighbours.start();
  io.restart();
  io.run_for(left);
}

/// `daemons`: those on the group are wanted, too, where one on this machine has told the roster.
Sight look(const cli::Typed& typed, bool daemons) {
  const auto begin = std::chrono::steady_clock::now();
  PeerOptions options;
  if (const std::string given = typed.value_of("presenced"); !given.empty()) {
    DaemonChoice choice;
    if (!read_value(given, choice)) return {};
    options.presenced = choice;
  }
  if (const std::string given = typed.value_of("group-port"); !given.empty())
    if (!cli::read_value(given, options.group_port)) return {};
  options.no_multicast = std::ranges::find(typed.words, "--no-multicast") != typed.words.end();

  Sight sight;
  bool told = false;
  asio::io_context io{1};
  const net::Endpoint at =
      options.presenced && options.presenced->at ? *options.presenced->at : *complete_daemon({});
  if (options.wants_daemon() && at.scheme != net::Scheme::tls) {
    asio::co_spawn(io, ask_daemon(at, sight, told), net::rethrow);
    io.run_for(limit);
  }
  const auto left = limit - std::chrono::duration_cast<std::chrono::milliseconds>(
                                std::chrono::steady_clock::now() - begin);
  const bool asks = (!told || daemons) && !options.no_multicast && options.group_port != 0;
  if (asks && left.count() > 0) ask_group(io, peer_group(options), sight, left);
  return sight;
}

}  // namespace

std::vector<std::string> peers_here(const cli::Typed& typed) {
  std::vector<std::string> names;
  const Sight sight = look(typed, false);
  for (const Entry& entry : sight.entries)
    names.push_back(shown_name(entry));
  return names;
}

std::vector<std::string> endpoints_here(const cli::Typed& typed) {
  const Sight sight = look(typed, true);
  std::vector<Offer> offers = sight.daemons;
  for (const Entry& entry : sight.entries)
    if (std::optional<Offer> offer = offer_of(entry)) add_offer(offers, std::move(*offer));
  std::vector<std::string> endpoints;
  for (const Offer& offer : offers)
    endpoints.push_back(offer.endpoint);
  return endpoints;
}

}  // namespace netkit::presence
