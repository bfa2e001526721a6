// The list of links, and those that come in.
#include "commands/relay/links.hpp"

#include <utility>

#include "access/credential.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "commands/relay/links_seat.hpp"
#include "net/dialect.hpp"
#include "net/worker.hpp"

namespace netkit::relay {
namespace {

using Side = net::TlsSession::Side;

constexpr std::size_t reason_size_max = 300;
constexpr std::size_t refused_max = 1024;
constexpr const char* link_scope = "relay:link";

std::string place_of(const net::PeerName& peer) {
  return peer.port == 0 ? peer.address : peer.address + " port " + std::to_string(peer.port);
}

std::string take_received(net::Connection& connection) {
  const std::span<char> rest = connection.received().unread();
  std::string bytes{rest.data(), rest.size()};
  connection.received().consume(bytes.size());
  connection.received().keep();
  return bytes;
}

}  // namespace

std::string link_mark(const net::Stream& stream, Side own_side) {
  return stream.is_tls() ? stream.server_mark(own_side) : std::string{};
}

asio::awaitable<Result<wire::Frame>> next_or_refusal(LinkCarrier& carrier) {
  Result<wire::Frame> frame = co_await carrier.next();
  if (!frame || frame->type != wire::frame_type::error) co_return frame;
  co_return Error{Errc::refused, "link: the other relay says no",
                  escape_for_display(frame->body.substr(0, reason_size_max))};
}

LinkParty Links::own() const {
  std::string nonce(link_nonce_size, '\0');
  fill_random(nonce);
  return {
      .name = name_, .log = log_id_, .public_key = key_.public_key(), .nonce = std::move(nonce)};
}

void Links::wake() {
  for (const Seat& seat : seats_)
    if (seat.link) seat.link->wake();
}

std::vector<LinkView> Links::views() const {
  std::vector<LinkView> views;
  with_mesh_([&](Mesh&) {
    for (const Seat& seat : seats_) {
      LinkView view = seat.view;
      if (seat.link) view.status = seat.link->status();
      views.push_back(std::move(view));
    }
  });
  return views;
}

void Links::note_refused(const LinkParty& peer, const Error& why) {
  log_.warn("link_refused", {{"relay", peer.name},
                             {"key", identity::key_fingerprint(peer.public_key)},
                             {"reason", why.message()}});
  with_mesh_([&](Mesh&) {
    const auto now = moment_now().steady;
    std::erase_if(refused_until_, [&](const auto& each) { return each.second <= now; });
    if (refused_until_.size() < refused_max)
      refused_until_.insert_or_assign(peer.public_key, now + plan_.refusal);
  });
}

Status Links::check_refused(const LinkParty& peer) const {
  bool refused = false;
  with_mesh_([&](Mesh&) {
    const auto found = refused_until_.find(peer.public_key);
    refused = found != refused_until_.end() && found->second > moment_now().steady;
  });
  if (!refused) return ok;
  return Error{Errc::refused, "link again with relay " + peer.name + " so soon",
               "what it sent was wrong; it may come back after " + netkit::to_text(plan_.refusal)};
}

asio::awaitable<Status> Links::run(Seat& seat, Link& link, const wire::Frame* first) {
  with_mesh_([&](Mesh&) {
    seat.link = &link;
    seat.view.up = true;
    seat.view.reason.clear();
    seat.view.since = std::chrono::system_clock::now();
  });
  Status ended = co_await link.run(first);
  with_mesh_([&](Mesh&) {
    seat.link = nullptr;
    seat.view.up = false;
    seat.view.status = link.status();
    seat.view.reason = ended ? std::string{} : ended.error().message();
    seat.view.since = std::chrono::system_clock::now();
  });
  co_return ended;
}

asio::awaitable<Status> Links::serve(net::Connection& connection, std::string hello) {
  const auto carrier = carry_plainly(connection.stream(), take_received(connection));
  co_return co_await serve(connection, *carrier, std::move(hello));
}

asio::awaitable<Status> Links::serve_websocket(net::Connection& connection) {
  connection.await_greeting();
  const auto carrier = carry_by_messages(connection.stream(), take_received(connection));
  const Result<wire::Frame> hello = co_await carrier->next();
  if (!hello) co_return hello.error();
  if (!asks_for_link(*hello)) co_return Error{Errc::unexpected, "read the first message of a link"};
  co_return co_await serve(connection, *carrier, std::string{hello->body});
}

/// The opening, up to the moment when the peer may be believed.
asio::awaitable<Status> Links::let_in(net::Connection& connection, LinkCarrier& carrier,
                                      LinkOpening& opening, std::unique_ptr<access::Visit>& visit) {
  const Result<wire::Frame> proof = co_await next_or_refusal(carrier);
  if (!proof) co_return proof.error();
  if (Status proved = opening.hear_proof(*proof); !proved) co_return proved;
  const LinkParty& peer = opening.peer();
  if (Status fresh = check_refused(peer); !fresh) co_return fresh;
  const LinkWay way{.exposed = access::is_exposed(connection),
                    .local = net::is_on_this_machine(connection)};
  const Result<Entry> entry =
      may_link_from(plan_.rules, peer, way, guard_ != nullptr, !opening.token().empty());
  if (!entry) co_return entry.error();
  if (*entry == Entry::granted) co_return ok;
  access::Wish wish{.scope = link_scope,
                    .verb = {},
                    .path = {},
                    .address = connection.peer().address,
                    .audience = access::audience_of(connection)};
  Result<access::Who> who = co_await guard_->admit(opening.token(), wish);
  if (!who) co_return who.error();
  visit = std::make_unique<access::Visit>(connection, *guard_, std::move(*who), wish);
  co_return ok;
}

asio::awaitable<Status> Links::serve(net::Connection& connection, LinkCarrier& carrier,
                                     std::string hello) {
  connection.introduce("link");
  connection.await_greeting();
  LinkOpening opening{LinkOpening::Side::accepting, own(), key_,
                      link_mark(connection.stream(), Side::server)};
  std::string out;
  Status opened =
      opening.hear_hello({.type = wire::frame_type::hello, .body = std::string_view{hello}}, out);
  if (opened) opened = co_await carrier.send(out);
  std::unique_ptr<access::Visit> visit;
  if (opened) opened = co_await let_in(connection, carrier, opening, visit);
  if (!opened) {
    const std::string why = opened.error().message();
    log_.warn(
        "link_refused",
        {{"relay", opening.peer().name}, {"address", connection.peer().address}, {"reason", why}});
    out.clear();
    wire::append_frame(out, {.type = wire::frame_type::error, .body = std::string_view{why}});
    static_cast<void>(co_await carrier.send(out));  // The refusal is the error to report.
    co_return opened;
  }
  co_return co_await serve_opened(connection, carrier, opening.peer());
}

asio::awaitable<Status> Links::serve_opened(net::Connection& connection, LinkCarrier& carrier,
                                            const LinkParty& peer) {
  Seat* seat = nullptr;
  with_mesh_([&](Mesh&) {
    seat = &seats_.emplace_back();
    seat->view.place = place_of(connection.peer());
    seat->view.fingerprint = identity::key_fingerprint(peer.public_key);
  });
  log_.info("link", {{"state", "up"},
                     {"relay", peer.name},
                     {"address", connection.peer().address},
                     {"tls", connection.is_secure()},
                     {"key", identity::key_fingerprint(peer.public_key)}});
  Status ended = ok;
  {
    Link link{with_mesh_, carrier, peer.name, plan_.pace, connection.worker().io().get_executor()};
    ended = co_await run(*seat, link, nullptr);
    if (link.refused_peer()) note_refused(peer, ended.error());
  }
  with_mesh_(
      [&](Mesh&) { std::erase_if(seats_, [&](const Seat& each) { return &each == seat; }); });
  const bool stopped = !ended && ended.error().code == Errc::stopped;
  log_.event(stopped ? log::Level::info : log::Level::warn, "link",
             {{"state", "down"},
              {"relay", peer.name},
              {"address", connection.peer().address},
              {"reason", ended ? std::string{"stopped"} : ended.error().message()}});
  co_return stopped ? Status{ok} : ended;
}

}  // namespace netkit::relay
