// A reading coroutine, and one that alone writes: messages do not meet within a frame.
#include "commands/shutdown/agent_link.hpp"

#include <algorithm>
#include <utility>

#include "commands/shutdown/enrolment.hpp"
#include "net/connect.hpp"
#include "net/limits.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::shutdown {
namespace {

using wire::WebSocketOp;

/// Messages that may wait for a server that does not read; an order has five at the most.
constexpr std::size_t waiting_max = 64;
/// How long the last words may take.
constexpr std::chrono::seconds finish_limit{2};

/// What failed within `attempt` becomes its hint: a person wants to know which server it was.
Error within(std::string attempt, const Error& error) {
  return {error.code, std::move(attempt),
          error.attempt.empty() ? error.hint.str() : error.message()};
}

/// As client_tls() judges, with the fingerprint noted.
Result<std::optional<net::TlsContext>> noting_tls(const cli::Context& context, const LinkPlan& plan,
                                                  std::string& fingerprint) {
  Result<std::optional<net::TlsContext>> tls = cli::client_tls(context, plan.client, plan.to);
  if (!tls || !*tls || !(*tls)->check()) return tls;
  Result<net::TlsContext> noting = net::TlsContext::client(
      [check = (*tls)->check(), &fingerprint](const std::string& shown) -> Status {
        fingerprint = shown;
        return check(shown);
      });
  if (!noting) return noting.error();
  return std::optional{std::move(*noting)};
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<AgentLink>>> AgentLink::open(const cli::Context& context,
                                                                    const LinkPlan& plan,
                                                                    const Hello& hello,
                                                                    std::string& fingerprint) {
  const auto tls = noting_tls(context, plan, fingerprint);
  if (!tls) co_return tls.error();
  const auto limit =
      std::min<std::chrono::nanoseconds>(net::connect_limit, plan.client.answer_limit);
  Result<net::Stream> stream = co_await net::connect(plan.to, *tls, limit);
  if (!stream) co_return stream.error();
  // One deadline for all that comes before the welcome: a server that drips bytes is no server.
  stream->expire_in(
      std::min<std::chrono::nanoseconds>(net::handshake_limit, plan.client.answer_limit));
  const bool unix_socket = plan.to.scheme == net::Scheme::unix_;
  net::UpgradeWish wish{net::authority(plan.to), unix_socket ? "" : plan.to.path};
  wish.subprotocols = {agent_subprotocol};
  if (is_private(plan.to)) wish.token = plan.token;
  auto client = co_await net::WebSocketClient::open(std::move(*stream), std::move(wish),
                                                    agent_message_size_max);
  const std::string attempt = "introduce this host to " + net::to_text(plan.to);
  if (!client) co_return within(attempt, client.error());
  std::unique_ptr<AgentLink> link{
      new AgentLink{co_await asio::this_coro::executor, std::move(*client)}};
  if (Status greeted = co_await link->greet(hello); !greeted)
    co_return within(attempt, greeted.error());
  co_return std::move(link);
}

asio::awaitable<Status> AgentLink::greet(const Hello& hello) {
  const std::string message = encode(FromAgent{hello});
  if (Status sent = co_await client_.send(WebSocketOp::binary, message); !sent) co_return sent;
  auto answer = co_await client_.receive();
  if (!answer) co_return answer.error();
  if (answer->op != WebSocketOp::binary) co_return Errc::unexpected;
  const Result<FromServer> decoded = decode_from_server(answer->body);
  if (!decoded) co_return decoded.error();
  if (const auto* rejection = std::get_if<Rejection>(&*decoded))
    co_return Error{Errc::refused, {}, rejection->why};
  const auto* welcome = std::get_if<Welcome>(&*decoded);
  if (!welcome) co_return Errc::unexpected;
  welcome_ = *welcome;
  co_return ok;
}

asio::awaitable<Status> AgentLink::run(std::chrono::nanoseconds heartbeat,
                                       std::function<void(const FromServer&)> take) {
  client_.limit_silence(2 * heartbeat);
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(read(std::move(take)));
  parts.push_back(write(heartbeat));
  Status ended = co_await net::together(std::move(parts));
  if (!finishing_ || aborted_) co_return ended;
  client_.limit_silence(finish_limit);
  co_await client_.close();
  co_return Errc::stopped;
}

asio::awaitable<Status> AgentLink::read(std::function<void(const FromServer&)> take) {
  Status ended = ok;
  while (ended) {
    auto message = co_await client_.receive();
    if (ended_ || !message) {
      ended = ended_ ? Error{Errc::stopped} : message.error();
      break;
    }
    const Result<FromServer> decoded = message->op == WebSocketOp::binary
                                           ? decode_from_server(message->body)
                                           : Result<FromServer>{Errc::unexpected};
    if (!decoded) {
      ended = decoded.error();
    } else if (const auto* rejection = std::get_if<Rejection>(&*decoded)) {
      ended = Error{Errc::refused, "stay with the server", rejection->why};
    } else {
      take(*decoded);
    }
  }
  end();
  co_return ended;
}

asio::awaitable<Status> AgentLink::write(std::chrono::nanoseconds heartbeat) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point next_ping = Clock::now() + heartbeat;
  Status sent = ok;
  while (sent && !ended_) {
    sent = co_await send_waiting();
    if (!sent || ended_ || finishing_) break;
    wake_.expires_at(next_ping);
    std::error_code woken;  // Either way: time for a ping, or there is something to send.
    co_await wake_.async_wait(net::into(woken));
    if (ended_ || Clock::now() < next_ping) continue;
    next_ping = Clock::now() + heartbeat;
    sent = co_await client_.ping();
  }
  end();
  co_return sent;
}

asio::awaitable<Status> AgentLink::send_waiting() {
  while (!waiting_.empty() && !ended_) {
    const std::string message = std::move(waiting_.front());
    waiting_.pop_front();
    if (Status sent = co_await client_.send(WebSocketOp::binary, message); !sent) co_return sent;
  }
  co_return ok;
}

/// Whichever half ends first ends the other one.
void AgentLink::end() {
  if (std::exchange(ended_, true)) return;
  wake_.cancel();
  aborted_ = !finishing_;
  if (aborted_)
    client_.stream().abort();
  else
    client_.stream().interrupt();
}

void AgentLink::tell(const FromAgent& message) {
  if (ended_) return;
  // A server that takes nothing is as good as gone; it offers again what it was not answered.
  if (waiting_.size() >= waiting_max) return end();
  waiting_.push_back(encode(message));
  wake_.cancel();
}

void AgentLink::finish() {
  if (finishing_) return;
  finishing_ = true;
  if (!ended_) client_.limit_silence(finish_limit);
  wake_.cancel();
}

}  // namespace netkit::shutdown
