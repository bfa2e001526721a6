// A circle's conversation with one daemon: let in, told the roster, kept alive.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "cli/credential.hpp"
#include "commands/presence/circle.hpp"
#include "commands/presence/protocol.hpp"
#include "net/connect.hpp"
#include "net/first_frame.hpp"
#include "net/limits.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::presence {
namespace {

/// Of what a daemon says: the answer to why() is the longest.
constexpr std::uint32_t frame_size_max = 64 * 1024;
/// What may wait for a daemon that does not read.
constexpr std::size_t output_size_max = 1024 * 1024;
constexpr std::chrono::seconds found_connect_limit{2};
/// How often a daemon is asked whether it is there, and the silence after it that is a loss. A peer
/// beats besides, and it is the daemon who must notice; one whose beats are acknowledged notices
/// itself as soon as they are not.
struct Pace {
  std::chrono::seconds heartbeat;
  std::chrono::seconds silence_max;
};
constexpr Pace of_watchers{std::chrono::seconds{2}, std::chrono::seconds{4}};
constexpr Pace of_peers{std::chrono::seconds{10}, std::chrono::seconds{15}};
constexpr Pace of_acknowledged{std::chrono::seconds{30}, std::chrono::seconds{15}};
constexpr std::chrono::seconds doubted_silence_max{4};
/// Of a conversation in which nothing can be sent either.
constexpr std::chrono::minutes stuck_max{2};

const Pace& pace_of(const Attendee* attendee) {
  if (attendee == nullptr) return of_watchers;
  return attendee->notices_silence() ? of_acknowledged : of_peers;
}

/// A conversation that was shorter than this is no reason to come back at once.
constexpr std::chrono::seconds short_visit{1};

Error refusal_of(const wire::Frame& frame) {
  return {Errc::refused, "be let in by the presence daemon",
          escape_for_display(frame.body.substr(0, 1024))};
}

Error no_daemon(const net::Endpoint& to, const Error& why) {
  if (why.code == Errc::refused) return why;
  return {why.code, "speak to the presence daemon at " + net::to_text(to),
          why.hint.empty() ? "is it one?" : why.hint.str()};
}

}  // namespace

/// One that was found on the group shows the certificate it announced there.
asio::awaitable<Result<net::Stream>> Circle::connect(const Target& target) {
  cli::ClientOptions client = options_.client;
  std::chrono::nanoseconds limit = net::connect_limit;
  if (!target.meant) {
    limit = found_connect_limit;
    if (!client.tls_ca) client.tls_fingerprint = to_hex(target.certificate);
  }
  const Result<std::optional<net::TlsContext>> tls =
      cli::client_tls(context_, client, target.endpoint);
  if (!tls) co_return tls.error();
  limit = std::min<std::chrono::nanoseconds>(limit, client.answer_limit);
  Result<net::Stream> stream = co_await net::connect(target.endpoint, *tls, limit);
  if (!stream && target.meant && options_.presenced)
    co_return Error{stream.error().code, stream.error().attempt,
                    "is presenced running there? --presenced none hears peers directly"};
  co_return stream;
}

asio::awaitable<Result<ServerHello>> Circle::greet(const Target& target, net::Stream& stream,
                                                   Reader& reader) {
  ClientHello own;
  own.role = attendee_ != nullptr ? Role::peer : Role::watch;
  // A token that was typed is for the daemon that was meant, not for whoever says to be one.
  if (target.meant || !credential_.is_given()) {
    const Result<std::string> token = credential_.for_service(
        "presence", target.endpoint, cli::audience_at(target.endpoint, stream));
    if (!token) co_return token.error();
    own.token = *token;
  }
  std::string bytes;
  append_hello(bytes, own);
  if (Status sent = co_await stream.write(bytes); !sent) co_return sent.error();
  if (Status skipped = co_await net::skip_text(stream, reader.received()); !skipped)
    co_return skipped.error();
  const Result<wire::Frame> frame = co_await reader.next(stream);
  if (!frame) co_return frame.error();
  if (frame->type == wire::frame_type::error) co_return refusal_of(*frame);
  if (frame->type != wire::frame_type::hello) co_return Errc::unexpected;
  Result<ServerHello> hello = decode_server_hello(frame->body);
  if (hello && !target.key.empty() && hello->key != target.key)
    co_return Error{Errc::mismatch, "find the presence daemon that was announced",
                    "another one answers at " + net::to_text(target.endpoint)};
  co_return hello;
}

asio::awaitable<Status> Circle::converse(const Target& target) {
  Result<net::Stream> stream = co_await connect(target);
  if (!stream) co_return stream.error();
  stream->expire_in(
      std::min<std::chrono::nanoseconds>(net::handshake_limit, options_.client.answer_limit));
  Reader reader{wire::FrameDecoder{frame_size_max}, frame_size_max + wire::frame_header_size};
  const Result<ServerHello> hello = co_await greet(target, *stream, reader);
  if (!hello) co_return no_daemon(target.endpoint, hello.error());
  if (ending_) co_return ok;

  begin(target, *stream, *hello);
  const auto begun = std::chrono::steady_clock::now();
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(read(*stream, reader));
  parts.push_back(write(*stream));
  Status ended = co_await net::together(std::move(parts));
  if (ending_) co_await stream->close();
  stream_ = nullptr;
  asked_.cancel();
  if (std::chrono::steady_clock::now() - begun > short_visit) back_off_.reset();
  if (attendee_ != nullptr) attendee_->parted();
  co_return ended;
}

void Circle::begin(const Target& target, net::Stream& stream, const ServerHello& hello) {
  leave_neighbours();
  stream_ = &stream;
  one_half_ended_ = false;
  wanted_.clear();
  liked_.reset();
  if (!target.meant) liked_ = target;
  output_.clear();
  doubts_ = waits_for_word_ = false;
  if (attendee_ != nullptr) {
    const bool local = target.endpoint.scheme == net::Scheme::unix_;
    output_ = attendee_->enter(hello, local ? std::string{} : stream.peer().address);
  }
  if (wants_roster) append_subscribe(output_, mirror_.follow(hello.key, hello.instance));
  show({net::to_text(target.endpoint), target.endpoint.host, hello.name, hello.key, false});
  if (!wants_roster) finish_first(ok);
}

asio::awaitable<Status> Circle::read(net::Stream& stream, Reader& reader) {
  Status ended = ok;
  while (ended && !one_half_ended_) {
    const Result<wire::Frame> frame = co_await reader.next(stream);
    if (!frame) {
      ended = frame.error();
      break;
    }
    ended = take(*frame);
    waits_for_word_ = false;
    if (!ending_) stream.expire_in(stuck_max);
  }
  stop_both(stream);
  co_return ended;
}

asio::awaitable<Status> Circle::write(net::Stream& stream) {
  Status sent = ok;
  auto pinged = std::chrono::steady_clock::now();
  while (sent && !one_half_ended_) {
    std::string bytes = std::exchange(output_, {});
    const Pace& pace = pace_of(attendee_);
    const auto now = std::chrono::steady_clock::now();
    const bool doubts = std::exchange(doubts_, false);
    if (doubts || now >= pinged + pace.heartbeat) {
      pinged = now;
      append_message(bytes, wire::frame_type::ping, {});
      if (doubts || !std::exchange(waits_for_word_, true))
        stream.expire_in(doubts ? doubted_silence_max : pace.silence_max);
    }
    if (ending_) append_message(bytes, wire::frame_type::goodbye, {});
    if (!bytes.empty()) sent = co_await stream.write(bytes);
    if (!sent || ending_ || one_half_ended_) break;
    if (!output_.empty() || doubts_) continue;
    wake_.expires_at(pinged + pace_of(attendee_).heartbeat);
    std::error_code woken;
    co_await wake_.async_wait(net::into(woken));
  }
  stop_both(stream);
  co_return sent;
}

/// Whichever half ends first ends the other one.
void Circle::stop_both(net::Stream& stream) {
  if (std::exchange(one_half_ended_, true)) return;
  wake_.cancel();
  if (ending_)
    stream.interrupt();
  else
    stream.abort();
}

void Circle::doubt() {
  if (stream_ == nullptr || ending_ || one_half_ended_) return;
  doubts_ = true;
  wake_.cancel();
}

void Circle::post(std::string_view frames) {
  if (stream_ == nullptr || ending_ || one_half_ended_) return;
  if (output_.size() + frames.size() > output_size_max) return stream_->abort();
  output_ += frames;
  wake_.cancel();
}

Status Circle::take(const wire::Frame& frame) {
  switch (frame.type) {
    case message_type::entry:
    case message_type::forgotten:
    case message_type::roster_end: return take_roster(frame);
    case message_type::why:
      answer_ = frame.body;
      asked_.cancel();
      return ok;
    case wire::frame_type::ping: {
      std::string pong;
      append_message(pong, wire::frame_type::pong, frame.body);
      post(pong);
      return ok;
    }
    case wire::frame_type::pong: return ok;
    case wire::frame_type::error: return refusal_of(frame);
    case wire::frame_type::goodbye: return Error{Errc::closed, "stay with the presence daemon"};
    default:
      if (attendee_ != nullptr) attendee_->take(frame);
      return ok;
  }
}

Status Circle::take_roster(const wire::Frame& frame) {
  if (frame.type == message_type::entry) {
    Result<Entry> entry = decode_entry(frame.body);
    if (!entry) return entry.error();
    const Mirror::Change change = mirror_.take(std::move(*entry));
    if (change.now != nullptr && on_change) on_change(*change.now, change.before);
    return ok;
  }
  if (frame.type == message_type::forgotten) {
    const Result<Roster::Forgotten> forgotten = decode_forgotten(frame.body);
    if (!forgotten) return forgotten.error();
    const std::optional<Entry> gone = mirror_.forget(*forgotten);
    if (gone && on_forgotten) on_forgotten(*gone);
    return ok;
  }
  const Result<RosterEnd> end = decode_roster_end(frame.body);
  if (!end) return end.error();
  for (const Entry& gone : mirror_.end(*end))
    if (on_forgotten) on_forgotten(gone);
  if (stream_ != nullptr) finish_first(ok);
  Source now = source();
  now.isolated = end->isolated;
  show(std::move(now));
  return ok;
}

asio::awaitable<Result<std::string>> Circle::why(std::string name) {
  if (stream_ == nullptr)
    co_return Error{Errc::not_found, "ask the presence daemon", "there is none"};
  answer_.reset();
  std::string frame;
  append_message(frame, message_type::why, name);
  post(frame);
  const auto now = std::chrono::steady_clock::now();
  const auto limit =
      std::min<std::chrono::nanoseconds>(options_.client.answer_limit, std::chrono::hours{1});
  asked_.expires_at(now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit));
  std::error_code woken;
  if (!answer_) co_await asked_.async_wait(net::into(woken));
  if (answer_) co_return std::move(*answer_);
  const Errc code = stream_ == nullptr ? Errc::closed : Errc::timed_out;
  co_return Error{code, "ask the presence daemon"};
}

}  // namespace netkit::presence
