// The links that this relay keeps up itself: connect, open, run, pause, again.
#include <algorithm>
#include <asio/steady_timer.hpp>
#include <utility>

#include "cli/client.hpp"
#include "commands/relay/links.hpp"
#include "commands/relay/links_seat.hpp"
#include "net/connect.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {
namespace {

using Side = net::TlsSession::Side;

/// A link that lasted so long makes the next pause short again.
constexpr std::chrono::seconds lasting_min{1};
/// What the end of all links may take, their last words included.
constexpr std::chrono::seconds stop_limit{3};

bool is_websocket(const net::Endpoint& to) {
  return to.scheme == net::Scheme::ws || to.scheme == net::Scheme::wss;
}

LinkWay way_to(const net::Endpoint& to, bool pinned) {
  const bool tls = to.scheme == net::Scheme::tls || to.scheme == net::Scheme::wss;
  const bool local = net::is_loopback(to);
  return {.exposed = !tls && !local, .local = local, .pinned = tls && pinned};
}

}  // namespace

class Links::Outgoing : public std::enable_shared_from_this<Outgoing> {
 public:
  Outgoing(Links& links, net::Endpoint to, asio::io_context& main)
      : links_{links}, to_{std::move(to)}, place_{net::to_text(to_)}, pause_{main} {
    links_.with_mesh_([&](Mesh&) {
      seat_ = &links_.seats_.emplace_back();
      seat_->view.outgoing = true;
      seat_->view.place = place_;
      seat_->view.reason = "connecting";
      seat_->view.since = std::chrono::system_clock::now();
    });
  }

  static asio::awaitable<void> live(std::shared_ptr<Outgoing> self);
  void stop();
  bool ended() const { return ended_; }

 private:
  asio::awaitable<Status> converse();
  asio::awaitable<Result<std::unique_ptr<LinkCarrier>>> connect();
  asio::awaitable<Status> open(LinkCarrier& carrier);
  asio::awaitable<Status> introduce(LinkCarrier& carrier, LinkOpening& opening);
  asio::awaitable<Status> run(LinkCarrier& carrier, const LinkParty& peer,
                              const wire::Frame& first);
  void note_down(const Error& why);

  Links& links_;
  const net::Endpoint to_;
  const std::string place_;
  asio::steady_timer pause_;
  Seat* seat_ = nullptr;
  std::optional<net::Stream> stream_;  // Unless it is a WebSocket's.
  net::Stream* connected_ = nullptr;
  Link* link_ = nullptr;
  cli::BackOff back_off_;
  bool refused_ = false;
  bool stopped_ = false;
  bool ended_ = false;
  std::string last_reason_;
};

Links::Links(LinksPlan plan, std::string name, LogId log_id, identity::KeptKey key,
             WithMesh with_mesh, log::Logger& log, access::Guard* guard)
    : plan_{std::move(plan)},
      name_{std::move(name)},
      log_id_{log_id},
      key_{std::move(key)},
      with_mesh_{std::move(with_mesh)},
      log_{log},
      guard_{guard} {}

Links::~Links() = default;

void Links::start(asio::io_context& main) {
  for (const net::Endpoint& to : plan_.to) {
    const auto& added = outgoing_.emplace_back(std::make_shared<Outgoing>(*this, to, main));
    asio::co_spawn(main, Outgoing::live(added), net::rethrow);
  }
}

void Links::stop(asio::io_context& main) {
  for (const auto& each : outgoing_)
    each->stop();
  const auto end = std::chrono::steady_clock::now() + stop_limit;
  const auto lives = [](const auto& each) { return !each->ended(); };
  main.restart();
  while (std::any_of(outgoing_.begin(), outgoing_.end(), lives))
    if (main.run_one_until(end) == 0) break;
  outgoing_.clear();  // What is in it must not outlive `main`.
}

asio::awaitable<void> Links::Outgoing::live(std::shared_ptr<Outgoing> self) {
  while (!self->stopped_) {
    const auto began = std::chrono::steady_clock::now();
    self->refused_ = false;
    const Status ended = co_await self->converse();
    if (self->stopped_) break;
    self->note_down(ended ? Error{Errc::closed} : ended.error());
    if (std::chrono::steady_clock::now() - began >= lasting_min) self->back_off_.reset();
    const auto pause = self->back_off_.next();
    self->pause_.expires_after(self->refused_ ? self->links_.plan_.refusal : pause);
    std::error_code cancelled;
    co_await self->pause_.async_wait(net::into(cancelled));
  }
  self->ended_ = true;
}

void Links::Outgoing::stop() {
  stopped_ = true;
  pause_.cancel();
  if (link_)
    link_->finish();
  else if (connected_)
    connected_->abort();
}

/// Once for each state, not for each try.
void Links::Outgoing::note_down(const Error& why) {
  const std::string reason = why.message();
  const bool news = reason != last_reason_;
  last_reason_ = reason;
  links_.log_.event(news ? log::Level::warn : log::Level::debug, "link",
                    {{"state", "down"}, {"endpoint", place_}, {"reason", reason}});
  links_.with_mesh_([&](Mesh&) { seat_->view.reason = reason; });
}

asio::awaitable<Status> Links::Outgoing::converse() {
  Result<std::unique_ptr<LinkCarrier>> carrier = co_await connect();
  if (!carrier) co_return carrier.error();
  connected_ = &(*carrier)->stream();
  Status ended = Errc::stopped;
  if (!stopped_) ended = co_await open(**carrier);
  if (!refused_ && (ended || ended.error().code == Errc::stopped)) co_await connected_->close();
  connected_ = nullptr;
  carrier = Errc::closed;
  stream_.reset();
  co_return ended;
}

asio::awaitable<Result<std::unique_ptr<LinkCarrier>>> Links::Outgoing::connect() {
  Result<std::optional<net::TlsContext>> tls = links_.plan_.tls(to_);
  if (!tls) co_return tls.error();
  Result<net::Stream> stream =
      co_await net::connect(to_, std::move(*tls), net::connect_limit, links_.plan_.sctp);
  if (!stream) co_return stream.error();
  stream->tune();
  stream->expire_in(net::handshake_limit);
  if (!is_websocket(to_)) {
    stream_ = std::move(*stream);
    co_return carry_plainly(*stream_, {});
  }
  net::UpgradeWish wish{net::authority(to_), to_.path};
  wish.subprotocols = {link_subprotocol};
  Result<net::WebSocketClient> opened =
      co_await net::WebSocketClient::open(std::move(*stream), std::move(wish), carried_size_max);
  if (!opened) co_return opened.error();
  co_return carry_by_messages(std::move(*opened));
}

/// Both hellos, and our proof once we believe the peer.
asio::awaitable<Status> Links::Outgoing::introduce(LinkCarrier& carrier, LinkOpening& opening) {
  std::string out;
  opening.append_hello(out);
  if (Status sent = co_await carrier.send(out); !sent) co_return sent;
  const Result<wire::Frame> hello = co_await next_or_refusal(carrier);
  if (!hello) co_return hello.error();
  out.clear();
  if (Status heard = opening.hear_hello(*hello, out); !heard) co_return heard;
  const LinkWay way = way_to(to_, links_.plan_.pinned);
  Status may = may_link_to(links_.plan_.rules, opening.peer(), way);
  if (may) may = links_.check_refused(opening.peer());
  if (!may) co_return may;
  Result<identity::Secret> token = identity::Secret{};
  if (!way.exposed) token = links_.plan_.token();
  if (!token) co_return token.error();
  opening.append_proof(out, token->view());
  Status sent = co_await carrier.send(out);
  identity::wipe(out);
  co_return sent;
}

asio::awaitable<Status> Links::Outgoing::open(LinkCarrier& carrier) {
  LinkOpening opening{LinkOpening::Side::connecting, links_.own(), links_.key_,
                      link_mark(carrier.stream(), Side::client)};
  if (Status done = co_await introduce(carrier, opening); !done) {
    std::string out;
    const std::string why = done.error().message();
    wire::append_frame(out, {.type = wire::frame_type::error, .body = std::string_view{why}});
    static_cast<void>(co_await carrier.send(out));  // So that its log says it, too.
    co_return done;
  }
  const Result<wire::Frame> first = co_await next_or_refusal(carrier);
  if (!first) co_return first.error();
  co_return co_await run(carrier, opening.peer(), *first);
}

asio::awaitable<Status> Links::Outgoing::run(LinkCarrier& carrier, const LinkParty& peer,
                                             const wire::Frame& first) {
  const std::string fingerprint = identity::key_fingerprint(peer.public_key);
  links_.log_.info(
      "link", {{"state", "up"}, {"relay", peer.name}, {"endpoint", place_}, {"key", fingerprint}});
  last_reason_.clear();
  links_.with_mesh_([&](Mesh&) { seat_->view.fingerprint = fingerprint; });
  Link link{links_.with_mesh_, carrier, peer.name, links_.plan_.pace, pause_.get_executor()};
  link_ = &link;
  Status ended = co_await links_.run(*seat_, link, &first);
  link_ = nullptr;
  refused_ = link.refused_peer();
  if (refused_) links_.note_refused(peer, ended.error());
  co_return ended;
}

}  // namespace netkit::relay
