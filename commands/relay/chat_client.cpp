// A coroutine that goes from relay to relay; within each conversation one that reads, one that
// writes.
#include "commands/relay/chat_client.hpp"

#include <algorithm>
#include <utility>

#include "cli/globals.hpp"
#include "cli/remote_error.hpp"
#include "commands/relay/relay.hpp"
#include "net/connect.hpp"
#include "net/first_frame.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::relay {
namespace {

/// Of an answer: a thousand messages at most.
constexpr std::uint32_t frame_size_max = 8 * 1024 * 1024;
constexpr std::chrono::milliseconds heartbeat_min{100};
constexpr std::chrono::seconds heartbeat_max{15};
/// How often a conversation that does not get on is looked at.
constexpr std::chrono::seconds look_interval{1};
/// One that was shorter than this is no reason to come back at once.
constexpr std::chrono::seconds short_visit{1};

Instant now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

Error no_relay(const net::Endpoint& to, const Error& why) {
  return {why.code, "speak to the relay at " + net::to_text(to),
          why.hint.empty() ? "is it one?" : why.hint.str()};
}

}  // namespace

ChatClient::ChatClient(const cli::Context& context, asio::any_io_executor executor, ChatPlan plan,
                       std::unique_ptr<ChatFace> face)
    : context_{context},
      plan_{std::move(plan)},
      face_{std::move(face)},
      machine_{plan_.wish, *face_},
      turns_{plan_.relays.size(), plan_.patience},
      wake_{executor},
      done_{executor, std::chrono::steady_clock::time_point::max()},
      heartbeat_{std::clamp<Duration>(Duration{plan_.client.answer_limit} / 2, heartbeat_min,
                                      heartbeat_max)} {}

asio::awaitable<Status> ChatClient::run(std::shared_ptr<ChatClient> self) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::co_spawn(executor, go_round(self), net::rethrow);
  asio::co_spawn(executor, run_face(self), net::rethrow);
  std::error_code woken;
  if (!self->outcome_) co_await self->done_.async_wait(net::into(woken));
  co_return std::move(*self->outcome_);
}

asio::awaitable<void> ChatClient::run_face(std::shared_ptr<ChatClient> self) {
  Status ended = co_await self->face_->run(*self);
  if (!ended) self->end(std::move(ended));
}

asio::awaitable<void> ChatClient::go_round(std::shared_ptr<ChatClient> self) {
  while (!self->ending_) {
    const net::Endpoint& relay = self->plan_.relays[self->turns_.current()];
    const Status ended = co_await self->converse(relay);
    if (self->ending_) break;
    const Error why = ended ? Error{Errc::closed, "stay with the relay"} : ended.error();
    if (!co_await self->go_on(relay, why)) co_return;
  }
  self->finish(ok);
}

void ChatClient::end(Status outcome) {
  if (std::exchange(ending_, true)) return;
  const bool polite = bool{outcome} && stream_;
  if (!outcome) outcome_ = std::move(outcome);
  if (polite) {
    stream_->expire_in(net::linger_limit);
    wake_.cancel();
  } else {
    finish(ok);
  }
}

void ChatClient::finish(Status outcome) {
  if (!outcome_) outcome_ = std::move(outcome);
  ending_ = true;
  done_.cancel();
}

/// After a relay was lost or not reached. False: that was the last one.
asio::awaitable<bool> ChatClient::go_on(const net::Endpoint& relay, const Error& why) {
  const Instant at = now();
  context_.log.debug("disconnect", {{"endpoint", net::to_text(relay)}, {"error", why.message()}});
  const Instant entered_at = std::exchange(entered_at_, Instant{0});
  if (entered_at > Instant{0} && why.code != Errc::refused) {
    face_->lost(relay, why);
    turns_.lost(at);
    if (stalls_ > plan_.relays.size()) {
      finish(why);
      co_return false;
    }
    if (at - entered_at < short_visit)
      co_await pause();
    else
      back_off_.reset();
    co_return !ending_;
  }
  switch (turns_.failed(why, at)) {
    case ChatTurns::Next::never: finish(unreached(why)); co_return false;
    case ChatTurns::Next::after_pause: co_await pause(); break;
    case ChatTurns::Next::at_once: break;
  }
  co_return !ending_;
}

asio::awaitable<void> ChatClient::pause() {
  asio::steady_timer timer{co_await asio::this_coro::executor, back_off_.next()};
  std::error_code cancelled;
  co_await timer.async_wait(net::into(cancelled));
}

asio::awaitable<Status> ChatClient::converse(const net::Endpoint& to) {
  const Result<std::optional<net::TlsContext>> tls = cli::client_tls(context_, plan_.client, to);
  if (!tls) co_return tls.error();
  const auto limit =
      std::min<std::chrono::nanoseconds>(net::connect_limit, plan_.client.answer_limit);
  Result<net::Stream> stream = co_await net::connect(to, *tls, limit, context_.globals.sctp);
  if (!stream) co_return stream.error();
  stream->expire_in(
      std::min<std::chrono::nanoseconds>(net::handshake_limit, plan_.client.answer_limit));
  Reader reader{wire::FrameDecoder{frame_size_max}, frame_size_max + wire::frame_header_size};
  if (Status greeted = co_await greet(to, *stream, reader); !greeted)
    co_return no_relay(to, greeted.error());
  if (ending_) co_return ok;

  stream_ = &*stream;
  one_half_ended_ = false;
  heard_at_ = progress_at_ = now();
  machine_.greeted(now());
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(read(*stream, reader));
  parts.push_back(write(*stream));
  Status ended = co_await net::together(std::move(parts));
  if (ending_) co_await stream->close();
  stream_ = nullptr;
  machine_.lost(now());
  co_return ended;
}

asio::awaitable<Status> ChatClient::greet(const net::Endpoint& to, net::Stream& stream,
                                          Reader& reader) {
  const Result<std::string> token =
      plan_.credential.for_service(service_name, to, cli::audience_at(to, stream));
  if (!token) co_return token.error();
  JsonObject hello;
  hello.add("service", "relay");
  if (!token->empty()) hello.add("token", *token);
  std::string bytes;
  const std::string body = hello.str();
  wire::append_frame(bytes, {.type = wire::frame_type::hello, .body = body});
  if (Status sent = co_await stream.write(bytes); !sent) co_return sent;
  if (Status skipped = co_await net::skip_text(stream, reader.received()); !skipped)
    co_return skipped;
  const Result<wire::Frame> frame = co_await reader.next(stream);
  if (!frame) co_return frame.error();
  if (frame->type == wire::frame_type::error) co_return refusal_of(*frame);
  const auto answer = wire::Json::parse(frame->body, {.size_max = 16 * 1024, .depth_max = 4});
  const bool is_relay = frame->type == wire::frame_type::hello && answer &&
                        answer->string("service") == std::string_view{"relay"} &&
                        answer->string("name");
  if (!is_relay) co_return Error{Errc::unexpected};
  co_return ok;
}

asio::awaitable<Status> ChatClient::read(net::Stream& stream, Reader& reader) {
  Status ended = ok;
  while (ended && !one_half_ended_) {
    const Result<wire::Frame> frame = co_await reader.next(stream);
    if (!frame) {
      ended = frame.error();
      break;
    }
    heard_at_ = now();
    ended = machine_.take(*frame, heard_at_);
    if (!ended) break;
    // Until it has let us in, whatever else it says keeps us no longer.
    if (machine_.is_in() && !ending_) stream.expire_in(3 * heartbeat_);
    if (machine_.is_in() && entered_at_ == Instant{0}) {
      entered_at_ = heard_at_;
      turns_.entered();
    }
    face_->heard(*this);
    if (machine_.has_output()) flush();
  }
  stop_both(stream);
  co_return ended;
}

asio::awaitable<Status> ChatClient::write(net::Stream& stream) {
  Status sent = ok;
  Instant next_ping = now() + heartbeat_;
  while (sent && !one_half_ended_) {
    std::string bytes = machine_.take_output();
    if (ending_) wire::append_frame(bytes, {.type = wire::frame_type::goodbye, .body = {}});
    if (!bytes.empty()) sent = co_await stream.write(bytes);
    if (!sent || ending_ || one_half_ended_) break;
    if (machine_.has_output()) continue;
    wake_.expires_after(std::min<Duration>(look_interval, heartbeat_));
    std::error_code woken;
    co_await wake_.async_wait(net::into(woken));
    const Instant at = now();
    sent = check_progress(at);
    if (sent && at > next_ping && at - heard_at_ >= heartbeat_) {
      next_ping = at + heartbeat_;
      std::string ping;
      wire::append_frame(ping, {.type = wire::frame_type::ping, .body = {}});
      sent = co_await stream.write(ping);
    }
  }
  stop_both(stream);
  co_return sent;
}

/// A relay that answers but acknowledges nothing is of no use.
Status ChatClient::check_progress(Instant at) {
  if (machine_.acknowledged() != progress_ || machine_.unacknowledged() == 0) {
    progress_ = machine_.acknowledged();
    progress_at_ = at;
    stalls_ = 0;
    return ok;
  }
  if (at - progress_at_ < Duration{plan_.client.answer_limit}) return ok;
  ++stalls_;
  return Error{Errc::timed_out,
               "have " + std::to_string(machine_.unacknowledged()) + " messages acknowledged"};
}

/// Whichever half ends first ends the other one.
void ChatClient::stop_both(net::Stream& stream) {
  if (std::exchange(one_half_ended_, true)) return;
  wake_.cancel();
  if (ending_)
    stream.interrupt();
  else
    stream.abort();
}

}  // namespace netkit::relay
