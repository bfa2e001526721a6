// The daemon's frames, and the two ways to beat.
#include "commands/presence/attendance.hpp"

#include <asio/co_spawn.hpp>
#include <utility>

#include "net/limits.hpp"
#include "net/message_reader.hpp"
#include "net/sctp_dial.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::seconds sctp_connect_limit{5};
/// A network that carries no SCTP now does not carry it a second later.
constexpr std::chrono::seconds sctp_again_after{30};
/// A beat that is not taken for so many periods shows that the association carries nothing.
constexpr int stuck_beats = 3;

/// The beats themselves show soon enough that a daemon is gone, so its path is seldom probed
/// besides; what is lost is sent again within the time in which a daemon suspects us.
net::SctpSettings association_settings() {
  net::SctpSettings settings = net::SctpSettings::watchful();
  settings.heartbeat = std::chrono::seconds{30};
  return settings;
}

}  // namespace

Attendance::Attendance(asio::io_context& context, net::SctpChoice sctp, log::Logger& log,
                       OwnWords& words, Herald& herald)
    : context_{context},
      sctp_choice_{sctp},
      log_{log},
      words_{words},
      herald_{herald},
      beat_due_{context},
      sctp_due_{context} {
  herald_.on_answer = [this](const Asked& asked) {
    std::string frame;
    append_asked(frame, asked);
    if (in_) post(frame);
  };
}

void Attendance::send(std::uint16_t type, std::string_view body) {
  std::string frame;
  append_message(frame, type, body);
  post(frame);
}

std::string Attendance::enter(const ServerHello& daemon, const std::string& address) {
  parted();
  daemon_key_ = daemon.key;
  address_ = address;
  period_ = std::chrono::milliseconds{daemon.period_ms};
  std::string frame;
  append_message(frame, message_type::enter, words_.say(Kind::announce, daemon.nonce));
  return frame;
}

void Attendance::take(const wire::Frame& frame) {
  switch (frame.type) {
    case message_type::welcome:
      if (const Result<Welcome> welcome = decode_welcome(frame.body)) welcomed(*welcome);
      return;
    case message_type::pace:
      if (const Result<std::uint32_t> period_ms = decode_pace(frame.body)) {
        period_ = std::chrono::milliseconds{*period_ms};
        beat_due_.cancel();
      }
      return;
    case message_type::ask_for:
      if (const Result<AskFor> ask = decode_ask_for(frame.body)) herald_.carry(*ask, daemon_key_);
      return;
    case wire::frame_type::ping: return send(wire::frame_type::pong, frame.body);
    default: return;
  }
}

void Attendance::welcomed(const Welcome& welcome) {
  if (in_) return;
  in_ = true;
  period_ = std::chrono::milliseconds{welcome.period_ms};
  herald_.follow_daemon(true);
  asio::co_spawn(context_, beat(shared_from_this(), stay_), net::rethrow);
  if (welcome.sctp_port != 0)
    asio::co_spawn(context_, keep_sctp(shared_from_this(), stay_, welcome), net::rethrow);
}

void Attendance::parted() {
  ++stay_;  // Beats end as well.
  in_ = false;
  beat_due_.cancel();
  sctp_due_.cancel();
  if (sctp_) sctp_->abort();
  herald_.follow_daemon(false);
}

void Attendance::update() {
  if (in_) send(message_type::update, words_.say(Kind::announce));
}

void Attendance::leave() {
  if (in_) send(message_type::update, words_.say(Kind::leave));
  parted();
}

/// On the conversation, for as long as no association does it.
asio::awaitable<void> Attendance::beat(std::shared_ptr<Attendance> self, std::uint64_t stay) {
  for (;;) {
    self->beat_due_.expires_after(self->period_);
    std::error_code woken;
    co_await self->beat_due_.async_wait(net::into(woken));
    if (self->stay_ != stay) co_return;
    if (!woken && !self->sctp_works_) self->send(message_type::beat, {});
  }
}

asio::awaitable<void> Attendance::keep_sctp(std::shared_ptr<Attendance> self, std::uint64_t stay,
                                            Welcome welcome) {
  while (self->stay_ == stay) {
    Result<net::Stream> stream = co_await self->associate(welcome.sctp_port);
    Status ended = ok;
    if (!stream)
      ended = stream.error();
    else if (self->stay_ == stay)
      ended = co_await self->converse(*stream, welcome.cookie);
    if (self->stay_ != stay) co_return;
    self->log_.debug("sctp", {{"address", self->address_},
                              {"port", welcome.sctp_port},
                              {"error", ended ? "closed" : ended.error().message()}});
    self->sctp_due_.expires_after(sctp_again_after);
    std::error_code woken;
    co_await self->sctp_due_.async_wait(net::into(woken));
  }
}

asio::awaitable<Result<net::Stream>> Attendance::associate(std::uint16_t port) {
  // A conversation by a unix socket is one with this machine.
  std::error_code failed;
  asio::ip::address at = asio::ip::make_address(address_.empty() ? "127.0.0.1" : address_, failed);
  if (failed) co_return Error{failed, "associate with " + address_};
  net::SctpHosts hosts;
  hosts.push_back({std::move(at)});
  co_return co_await net::dial_sctp(std::move(hosts), port, association_settings(), sctp_choice_,
                                    std::chrono::steady_clock::now() + sctp_connect_limit);
}

/// Shows whose association it is, then beats until it breaks or this stay is over.
asio::awaitable<Status> Attendance::converse(net::Stream& stream, std::string cookie) {
  sctp_ = &stream;
  stream.expire_in(net::handshake_limit);
  std::string hello;
  append_hello(hello, ClientHello{.role = Role::peer, .token = {}});
  std::string bind;
  append_message(bind, message_type::bind, cookie);
  Status ended = co_await stream.write(hello);
  if (ended) ended = co_await stream.write(bind);
  if (ended) {
    std::vector<asio::awaitable<Status>> parts;
    parts.push_back(read(stream));
    parts.push_back(beat_on(stream));
    ended = co_await net::together(std::move(parts));
  }
  sctp_ = nullptr;
  if (std::exchange(sctp_works_, false)) doubt();
  co_return ended;
}

asio::awaitable<Status> Attendance::read(net::Stream& stream) {
  net::MessageReader<wire::FrameDecoder> reader{wire::FrameDecoder{message_size_max},
                                                message_size_max + wire::frame_header_size};
  for (;;) {
    const Result<wire::Frame> frame = co_await reader.next(stream);
    if (!frame) {
      stream.abort();
      sctp_due_.cancel();
      co_return frame.error();
    }
    // It has greeted us back: the way is open in both directions.
    sctp_works_ = true;
  }
}

asio::awaitable<Status> Attendance::beat_on(net::Stream& stream) {
  std::string frame;
  append_message(frame, message_type::beat, {});
  const std::uint64_t stay = stay_;
  for (;;) {
    sctp_due_.expires_after(period_);
    std::error_code woken;
    co_await sctp_due_.async_wait(net::into(woken));
    if (woken || stay_ != stay) co_return Errc::stopped;
    stream.expire_in(stuck_beats * period_);
    if (Status sent = co_await stream.write(frame); !sent) {
      stream.abort();
      co_return sent;
    }
  }
}

}  // namespace netkit::presence
