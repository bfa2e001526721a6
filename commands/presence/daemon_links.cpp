// Finding other daemons, and the conversation with each.
#include "commands/presence/daemon_links.hpp"

#include <asio/post.hpp>

#include "base/hex.hpp"
#include "cli/credential.hpp"
#include "commands/presence/presenced.hpp"
#include "net/first_frame.hpp"
#include "net/message_reader.hpp"
#include "net/spawn.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {
namespace {

using net::Scheme;

constexpr std::chrono::seconds look_interval{1};
constexpr std::chrono::seconds beat_interval{1};
/// A daemon that says nothing for so long, not even to a ping, is lost.
constexpr std::chrono::seconds silence_max{4};
constexpr std::chrono::seconds stop_limit{1};
constexpr std::size_t links_max = 64;

using Reader = net::MessageReader<wire::FrameDecoder>;

}  // namespace

void declare_daemon_links(cli::Options& options, DaemonLinkOptions& links) {
  options
      .values("link", links.to, "ENDPOINT",
              "Agree with the presence daemon there, which the group does not reach; on both "
              "sides, or only it is heard")
      .completes(cli::Complete::endpoint);
  options
      .value("link-token-file", links.token_file, "PATH",
             "The token to show to daemons that ask for one")
      .completes(cli::Complete::file);
}

DaemonLinks::DaemonLinks(const cli::Context& context, asio::io_context& io, Porter& porter)
    : context_{context}, io_{io}, porter_{porter} {}

Result<std::shared_ptr<DaemonLinks>> DaemonLinks::open(const cli::Context& context,
                                                       asio::io_context& io, Porter& porter,
                                                       const DaemonLinkOptions& options) {
  auto links = std::make_shared<DaemonLinks>(context, io, porter);
  if (options.to.size() > links_max)
    return Error{Errc::usage, "link to " + std::to_string(options.to.size()) + " daemons",
                 std::to_string(links_max) + " at most"};
  links->client_.token_file = options.token_file;
  for (const net::Endpoint& given : options.to) {
    const net::Endpoint named = net::complete(given, Scheme::tcp, "127.0.0.1", port);
    const Scheme usual = net::is_loopback(named) ? Scheme::tcp : Scheme::tls;
    net::Endpoint to = net::complete(given, usual, "127.0.0.1", port);
    if (to.scheme != Scheme::tcp && to.scheme != Scheme::tls)
      return Error{Errc::usage, "link to " + net::to_text(to), "use tcp:// or tls://"};
    links->given_.push_back(std::move(to));
  }
  if (options.token_file) {
    const Result<cli::Credential> credential = cli::Credential::of(context, links->client_);
    if (!credential) return credential.error();
    for (const net::Endpoint& to : links->given_)
      if (const Result<bool> fits = credential->fits(to); !fits) return fits.error();
  }
  return links;
}

void DaemonLinks::start() {
  for (const net::Endpoint& to : given_)
    asio::co_spawn(io_, keep_talking(shared_from_this(), Target{.given = to, .key = {}}),
                   net::rethrow);
  asio::co_spawn(io_, keep_looking(shared_from_this()), net::rethrow);
}

void DaemonLinks::stop() {
  stopped_ = true;
  for (asio::steady_timer* const timer : waits_)
    timer->cancel();
  for (net::Stream* const stream : open_)
    stream->abort();
  const auto end = std::chrono::steady_clock::now() + stop_limit;
  io_.restart();
  while (running_ > 0)
    if (io_.run_one_until(end) == 0) break;
}

/// False if it was cut short by stop().
asio::awaitable<bool> DaemonLinks::pause(std::chrono::nanoseconds time) {
  if (stopped_) co_return false;
  asio::steady_timer timer{io_, time};
  waits_.insert(&timer);
  std::error_code cancelled;
  co_await timer.async_wait(net::into(cancelled));
  waits_.erase(&timer);
  co_return !stopped_;
}

asio::awaitable<void> DaemonLinks::keep_looking(Self self) {
  ++self->running_;
  for (;;) {
    for (const auto& [key, daemon] : self->porter_.hall().daemons()) {
      if (daemon.port == 0 || self->looked_for_.size() >= links_max) continue;
      if (!self->looked_for_.insert(key).second) continue;
      asio::co_spawn(self->io_, keep_talking(self, Target{.given = {}, .key = key}), net::rethrow);
    }
    const bool goes_on = co_await self->pause(look_interval);
    if (!goes_on) break;
  }
  --self->running_;
}

/// Where the target is by now; nothing once nobody announces it any more, or another conversation
/// with it is under way.
std::optional<net::Endpoint> DaemonLinks::place_of(const Target& target,
                                                   cli::ClientOptions& client) const {
  if (target.given) return target.given;
  const auto found = porter_.hall().daemons().find(target.key);
  if (found == porter_.hall().daemons().end() || talking_to_.contains(target.key))
    return std::nullopt;
  const Hall::OtherDaemon& daemon = found->second;
  // Its announcement says which certificate it shows: known_hosts need not.
  if (!daemon.certificate.empty()) client.tls_fingerprint = to_hex(daemon.certificate);
  return net::Endpoint{.scheme = daemon.certificate.empty() ? Scheme::tcp : Scheme::tls,
                       .host = daemon.address.to_string(),
                       .port = daemon.port,
                       .path = {}};
}

asio::awaitable<void> DaemonLinks::keep_talking(Self self, Target target) {
  ++self->running_;
  cli::BackOff back_off;
  bool complained = false;
  for (;;) {
    cli::ClientOptions client = self->client_;
    const std::optional<net::Endpoint> to = self->place_of(target, client);
    if (!to || self->stopped_) break;
    const auto began = std::chrono::steady_clock::now();
    const Status ended = co_await self->talk(*to, client);
    if (self->stopped_) break;
    const auto lasted = std::chrono::steady_clock::now() - began;
    if (lasted > silence_max) {
      back_off.reset();
      complained = false;
    }
    if (!std::exchange(complained, true))
      self->context_.log.warn("daemon", {{"endpoint", net::to_text(*to)},
                                         {"state", "lost"},
                                         {"reason", ended ? "" : ended.error().message()}});
    if (!co_await self->pause(back_off.next())) break;
  }
  self->looked_for_.erase(target.key);
  --self->running_;
}

asio::awaitable<Status> DaemonLinks::greet(net::Stream& stream, const net::Endpoint& to,
                                           const cli::ClientOptions& client) const {
  ClientHello hello;
  hello.role = Role::daemon;
  if (client.token_file) {
    const Result<cli::Credential> credential = cli::Credential::of(context_, client);
    if (!credential) co_return credential.error();
    Result<std::string> token =
        credential->for_service(service_name, to, cli::audience_at(to, stream));
    if (!token) co_return token.error();
    hello.token = std::move(*token);
  }
  std::string out;
  append_hello(out, hello);
  append_subscribe(out, 0);
  co_return co_await stream.write(out);
}

asio::awaitable<Status> DaemonLinks::talk(const net::Endpoint& to,
                                          const cli::ClientOptions& client) {
  Result<net::Stream> connected = co_await cli::connect(context_, client, to);
  if (!connected) co_return connected.error();
  if (stopped_) co_return Errc::stopped;
  const auto stream = std::make_shared<net::Stream>(std::move(*connected));
  open_.insert(stream.get());
  stream->expire_in(silence_max);
  Status ended = co_await greet(*stream, to, client);
  if (ended) {
    const auto timer = std::make_shared<asio::steady_timer>(io_);
    waits_.insert(timer.get());
    asio::co_spawn(io_, beat(stream, timer), net::rethrow);
    ended = co_await hear(*stream);
    waits_.erase(timer.get());
    timer->cancel();
  }
  open_.erase(stream.get());
  stream->abort();
  co_return ended;
}

/// Pings, so that silence means something. Ends with the timer.
asio::awaitable<void> DaemonLinks::beat(std::shared_ptr<net::Stream> stream,
                                        std::shared_ptr<asio::steady_timer> timer) {
  std::string ping;
  append_message(ping, wire::frame_type::ping, {});
  for (;;) {
    timer->expires_after(beat_interval);
    std::error_code cancelled;
    co_await timer->async_wait(net::into(cancelled));
    if (cancelled) co_return;
    if (const Status sent = co_await stream->write(ping); !sent) co_return;
  }
}

asio::awaitable<Status> DaemonLinks::hear(net::Stream& stream) {
  Reader reader{wire::FrameDecoder{message_size_max}, message_size_max + wire::frame_header_size};
  if (Status skipped = co_await net::skip_text(stream, reader.received()); !skipped)
    co_return skipped;
  const Result<wire::Frame> first = co_await reader.next(stream);
  if (!first) co_return first.error();
  if (first->type != wire::frame_type::hello)
    co_return Error{Errc::refused, "be let in by the other daemon", "give --link-token-file"};
  const Result<ServerHello> hello = decode_server_hello(first->body);
  if (!hello) co_return hello.error();
  if (!talking_to_.insert(hello->key).second) co_return Error{Errc::busy, "talk to a daemon twice"};
  context_.log.info("daemon", {{"name", hello->name}, {"state", "linked"}});
  Hall& hall = porter_.hall();
  Status ended = ok;
  while (ended) {
    const Result<wire::Frame> frame = co_await reader.next(stream);
    if (!frame || stopped_) {
      ended = frame ? Status{Errc::stopped} : Status{frame.error()};
      break;
    }
    stream.expire_in(silence_max);
    if (frame->type == message_type::entry) {
      const Result<Entry> entry = decode_entry(frame->body);
      if (entry)
        hall.hear_daemon(hello->key, *entry, moment());
      else
        ended = entry.error();
    } else if (frame->type == message_type::forgotten) {
      if (const auto forgotten = decode_forgotten(frame->body))
        hall.hear_daemon_forgot(hello->key, forgotten->key, moment());
    } else if (frame->type == wire::frame_type::error) {
      ended = Error{Errc::refused, "go on with the other daemon"};
    }
    if (hall.is_due()) porter_.poke();
    // Each entry may cost a signature's check: the others have their turn.
    co_await asio::post(asio::use_awaitable);
  }
  talking_to_.erase(hello->key);
  if (!stopped_) {
    hall.part_daemon(hello->key, moment());
    porter_.poke();
  }
  co_return ended;
}

}  // namespace netkit::presence
