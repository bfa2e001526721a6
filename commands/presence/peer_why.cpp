// `netkit peer why`: what the daemon knows of somebody, what this machine hears of it itself, and
// what follows from both.
#include <algorithm>
#include <asio/execution/context.hpp>
#include <asio/query.hpp>

#include "base/text.hpp"
#include "base/units.hpp"
#include "commands/presence/complete.hpp"
#include "commands/presence/inquiry.hpp"
#include "commands/presence/peer_verbs.hpp"
#include "commands/presence/recipient.hpp"
#include "commands/presence/with_circle.hpp"
#include "net/connect.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::seconds knock_limit{1};

std::string text_of(const asio::ip::udp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

std::string interface_name(const std::vector<net::MulticastInterface>& interfaces, unsigned index) {
  for (const net::MulticastInterface& each : interfaces)
    if (each.interface.index == index) return each.interface.name;
  return "an interface that has gone";
}

/// One family of one interface: the group, and what came by it.
std::string way_text(const net::MulticastWay& way, bool v6) {
  std::string text = v6 ? "ff15::4e4b" : "239.255.42.99";
  if (!way.joined)
    return text + " not joined" + (way.join_failure.empty() ? "" : ": " + way.join_failure);
  text += " joined, ";
  if (way.heard)
    text += "last packet " + to_people(std::chrono::steady_clock::now() - *way.heard) + " ago";
  else
    text += "no packet of others";
  if (way.send_failure) text += ", sending fails: " + way.send_failure.message();
  return text;
}

class WhyAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override;
  Status run(cli::Context& context) override;

 private:
  asio::awaitable<Status> find_out(cli::Context& context, Circle& circle) const;
  asio::awaitable<Status> tell_daemon(cli::Context& context, Circle& circle) const;
  Status tell_interfaces(cli::Context& context, const Inquiry& inquiry) const;
  Status tell_answers(cli::Context& context, const Inquiry& inquiry) const;
  asio::awaitable<Status> tell_knock(cli::Context& context, const Inquiry::Findings& findings,
                                     const Entry* entry) const;
  Status conclude(cli::Context& context, const Circle& circle,
                  const Inquiry::Findings& findings) const;
  static Status say(cli::Context& context, std::string_view about, std::string_view text);

  PeerOptions peer_;
  std::optional<std::string> name_;
};

void WhyAction::declare(cli::Options& options) {
  options.positional("NAME", name_, "Whom you miss").completes(peers_here);
  declare_peer(options, peer_);
}

Status WhyAction::run(cli::Context& context) {
  if (!name_ || name_->empty())
    return Error{Errc::usage, "tell why nobody is visible", "name a peer"};
  return with_circle(context, peer_, [&](Circle& circle) { return find_out(context, circle); });
}

Status WhyAction::say(cli::Context& context, std::string_view about, std::string_view text) {
  const std::string shown = escape_for_display(text);
  if (context.out.json())
    return context.out.object(JsonObject{}.add("about", about).add("text", shown));
  return context.out.line(std::string{about} + ": " + shown);
}

asio::awaitable<Status> WhyAction::find_out(cli::Context& context, Circle& circle) const {
  if (const Status whole = co_await circle.complete(); !whole)
    if (Status told = say(context, "daemon", whole.error().message()); !told) co_return told;
  if (Status told = co_await tell_daemon(context, circle); !told) co_return told;
  std::vector<Entry> known;
  for (const Entry* const entry : circle.called(*name_))
    known.push_back(*entry);
  if (peer_.no_multicast) {
    if (Status told = say(context, "group", "--no-multicast: nobody is asked"); !told)
      co_return told;
    co_return conclude(context, circle, {});
  }
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  const auto inquiry = Inquiry::open(io, context.log, peer_group(peer_), *name_);
  if (!inquiry) {
    if (Status told = say(context, "group", inquiry.error().message()); !told) co_return told;
    co_return conclude(context, circle, {});
  }
  co_await Inquiry::run(*inquiry, known);
  if (Status told = tell_interfaces(context, **inquiry); !told) co_return told;
  if (Status told = tell_answers(context, **inquiry); !told) co_return told;
  const Inquiry::Findings& findings = (*inquiry)->findings();
  const Entry* const entry = known.empty() ? nullptr : &known.front();
  if (Status told = co_await tell_knock(context, findings, entry); !told) co_return told;
  co_return conclude(context, circle, findings);
}

asio::awaitable<Status> WhyAction::tell_daemon(cli::Context& context, Circle& circle) const {
  if (!circle.has_daemon()) co_return say(context, "daemon", "none: peers are heard directly");
  const std::string at = circle.source().daemon;
  const Result<std::string> answer = co_await circle.why(*name_);
  if (!answer) co_return say(context, "daemon", answer.error().message());
  for (const std::string_view line : split(*answer, '\n'))
    if (Status told = say(context, "daemon", at + ": " + std::string{line}); !told) co_return told;
  co_return ok;
}

Status WhyAction::tell_interfaces(cli::Context& context, const Inquiry& inquiry) const {
  const std::vector<net::MulticastInterface> interfaces = inquiry.interfaces();
  for (const net::MulticastInterface& each : interfaces) {
    const net::Interface& interface = each.interface;
    if (!interface.up || !interface.running) {
      const char* const what = interface.up ? "no carrier" : "down";
      if (Status told = say(context, interface.name, what); !told) return told;
      continue;
    }
    std::vector<std::string> ways;
    for (const bool v6 : {false, true})
      if (interface.has(v6)) ways.push_back(way_text(each.ways[v6 ? 1 : 0], v6));
    const std::string text = ways.empty() ? "no address" : join(ways, "; ");
    if (Status told = say(context, interface.name, text); !told) return told;
  }
  return ok;
}

Status WhyAction::tell_answers(cli::Context& context, const Inquiry& inquiry) const {
  const Inquiry::Findings& findings = inquiry.findings();
  const auto by = [&](const Inquiry::Heard& heard) {
    return text_of(*heard.from) +
           (heard.interface != 0 ? " by " + interface_name(inquiry.interfaces(), heard.interface)
                                 : "");
  };
  if (findings.announced.from)
    if (Status told = say(context, "group", "it announces itself from " + by(findings.announced));
        !told)
      return told;
  if (Status told = say(context, "group",
                        findings.answered_group.from ? "it answers what we ask the group, from " +
                                                           by(findings.answered_group)
                                                     : "it does not answer what we ask the group");
      !told)
    return told;
  if (findings.answered_direct.from)
    return say(context, "direct", "it answers at " + by(findings.answered_direct));
  for (const asio::ip::udp::endpoint& asked : findings.asked)
    if (Status told = say(context, "direct", "no answer from " + text_of(asked)); !told)
      return told;
  return ok;
}

/// Whether the port to which messages go takes connections.
asio::awaitable<Status> WhyAction::tell_knock(cli::Context& context,
                                              const Inquiry::Findings& findings,
                                              const Entry* entry) const {
  net::Endpoint door{.scheme = net::Scheme::tcp, .host = {}, .port = findings.tcp_port, .path = {}};
  for (const Inquiry::Heard* const way :
       {&findings.answered_direct, &findings.answered_group, &findings.announced})
    if (way->from && door.host.empty()) door.host = way->from->address().to_string();
  if (door.host.empty() && entry != nullptr && !entry->addresses.empty())
    door.host = entry->addresses.front().to_string();
  if (door.host.empty() || findings.tcp_port == 0) co_return ok;
  const Result<net::Stream> opened = co_await net::connect(door, std::nullopt, knock_limit);
  co_return say(context, "messages",
                opened ? "its port " + net::authority(door) + " takes connections"
                       : opened.error().message());
}

Status WhyAction::conclude(cli::Context& context, const Circle& circle,
                           const Inquiry::Findings& findings) const {
  const std::vector<const Entry*> called = circle.called(*name_);
  const bool told = circle.has_daemon();
  const bool here =
      std::ranges::any_of(called, [](const Entry* entry) { return entry->is_here(); });
  std::string verdict;
  bool visible = false;
  if (findings.answered() && (!told || here)) {
    visible = true;
    verdict = "it is here, and we reach each other";
    if (!findings.answered_group.from)
      verdict += ", but not by the group: multicast from here does not get there";
  } else if (findings.answered()) {
    verdict =
        "it is here, but the daemon does not know that: it is on another network than the "
        "daemon, or talks to another one; give it --presenced";
  } else if (findings.announced.from) {
    verdict = "one-way: we hear it, it does not hear us; look for a firewall there that drops UDP";
  } else if (here && peer_.no_multicast) {
    visible = true;
    verdict = "the daemon sees it";
  } else if (here) {
    verdict =
        "the daemon sees it, we do not: UDP between us does not pass; a firewall, or a "
        "network that carries no multicast; messages go by TCP all the same";
  } else if (!called.empty()) {
    verdict = "it was here and is not any more: it has ended, or its machine or network is off";
  } else {
    verdict =
        "nobody called so was heard: it does not run, is on another network, or uses another "
        "--group-port";
  }
  if (Status said = say(context, "verdict", verdict); !said) return said;
  if (visible) return ok;
  return Error{Errc::not_found, "see " + escape_for_display(*name_), verdict};
}

}  // namespace

std::unique_ptr<cli::Action> make_why() {
  return std::make_unique<WhyAction>();
}

}  // namespace netkit::presence
