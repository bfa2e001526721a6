// A reading coroutine, and one that alone writes.
#include "access/auth_link.hpp"

#include <utility>

#include "access/protocol.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::access {
namespace {

/// Questions of ten thousand tickets, and then some.
constexpr std::size_t waiting_size_max = 64 * 1024 * 1024;
constexpr std::chrono::seconds connect_limit{5};
constexpr std::chrono::milliseconds silence_limit{2500};  // Two heartbeats, and a way back.

}  // namespace

Result<wire::Decoded<wire::Frame>> AnswerDecoder::next(std::span<char> unread) {
  if (!begun_) {
    const std::size_t text = wire::text_before_frame({unread.data(), unread.size()});
    if (text > 0) return wire::Decoded<wire::Frame>{.used = text, .message = std::nullopt};
  }
  auto decoded = wire::FrameDecoder{message_size_max}.next(unread);
  if (decoded && decoded->message) begun_ = true;
  return decoded;
}

AuthLink::AuthLink(net::Stream stream, const asio::any_io_executor& executor)
    : stream_{std::move(stream)},
      reader_{AnswerDecoder{}, message_size_max + wire::frame_header_size},
      wake_{executor} {}

asio::awaitable<Result<std::unique_ptr<AuthLink>>> AuthLink::open(
    const net::Endpoint& to, std::optional<net::TlsContext> tls, std::string_view name) {
  Result<net::Stream> stream = co_await net::connect(to, std::move(tls), connect_limit);
  if (!stream) co_return stream.error();
  std::unique_ptr<AuthLink> link{
      new AuthLink{std::move(*stream), co_await asio::this_coro::executor}};
  link->stream_.expire_in(connect_limit);
  const Status greeted = co_await link->greet(name);
  if (!greeted)
    co_return Error{greeted.error().code, "agree with the auth service at " + net::to_text(to),
                    greeted.error().attempt.empty() ? "is `netkit auth serve` running there?"
                                                    : greeted.error().message()};
  link->stream_.expire_never();
  co_return link;
}

asio::awaitable<Status> AuthLink::greet(std::string_view name) {
  std::string hello;
  append_hello(hello, name);
  if (Status sent = co_await stream_.write(hello); !sent) co_return sent;
  const Result<wire::Frame> answer = co_await reader_.next(stream_);
  if (!answer) co_return answer.error();
  const Result<std::string_view> server = decode_hello(*answer);
  if (!server) co_return server.error();
  server_name_ = *server;
  co_return ok;
}

asio::awaitable<Status> AuthLink::run(std::function<Status(const wire::Frame&)> take) {
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(read(std::move(take)));
  parts.push_back(write());
  co_return co_await net::together(std::move(parts));
}

asio::awaitable<Status> AuthLink::read(std::function<Status(const wire::Frame&)> take) {
  Status ended = ok;
  while (ended && !ended_) {
    // Pongs come each second; who sends none, or takes nothing, is gone.
    stream_.expire_in(silence_limit);
    const Result<wire::Frame> frame = co_await reader_.next(stream_);
    if (!frame)
      ended = frame.error();
    else if (frame->type == wire::frame_type::ping)
      answer(*frame);
    else if (frame->type == wire::frame_type::goodbye)
      ended = Errc::closed;
    else if (frame->type != wire::frame_type::pong)
      ended = take(*frame);
  }
  abort();
  co_return ended;
}

void AuthLink::answer(const wire::Frame& ping) {
  std::string pong;
  wire::append_frame(
      pong, {.type = wire::frame_type::pong, .flags = 0, .stream = ping.stream, .body = ping.body});
  send(pong);
}

asio::awaitable<Status> AuthLink::write() {
  Clock::time_point next_ping = Clock::now() + heartbeat;
  Status sent = ok;
  while (sent && !ended_) {
    if (!waiting_.empty()) {
      const std::string bytes = std::exchange(waiting_, {});
      sent = co_await stream_.write(bytes);
      continue;
    }
    wake_.expires_at(next_ping);
    std::error_code woken;  // Either way: time for a ping, or there is something to send.
    co_await wake_.async_wait(net::into(woken));
    const Clock::time_point now = Clock::now();
    if (ended_ || now < next_ping) continue;
    next_ping = now + heartbeat;
    wire::append_frame(waiting_,
                       {.type = wire::frame_type::ping, .flags = 0, .stream = 0, .body = {}});
  }
  abort();
  co_return sent;
}

void AuthLink::send(std::string_view frames) {
  if (ended_) return;
  if (waiting_.size() > waiting_size_max) return abort();
  waiting_ += frames;
  wake_.cancel();
}

void AuthLink::abort() {
  if (std::exchange(ended_, true)) return;
  wake_.cancel();
  stream_.abort();
}

}  // namespace netkit::access
