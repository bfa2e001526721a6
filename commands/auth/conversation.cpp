// The queue of one connection and the coroutine that empties it.
#include "commands/auth/conversation.hpp"

#include "cli/remote_error.hpp"
#include "net/spawn.hpp"

namespace netkit::auth {
namespace {

constexpr std::size_t waiting_max = 64;
/// Bytes of requests beside the first, which may be as long as a message.
constexpr std::size_t waiting_size_max = 256 * 1024;

asio::awaitable<void> keep(std::shared_ptr<Conversation> self, asio::awaitable<void> work) {
  co_await std::move(work);
  static_cast<void>(self);
}

}  // namespace

Conversation::Conversation(Office& office, Caller caller, const asio::any_io_executor& executor,
                           Say say)
    : office_{office},
      caller_{std::move(caller)},
      executor_{executor},
      say_{std::move(say)},
      idle_{executor, asio::steady_timer::time_point::max()} {}

Status Conversation::hear(std::uint32_t stream, std::string_view text) {
  std::size_t size = text.size();
  for (const Waiting& each : waiting_)
    size += each.size;
  if (waiting_.size() >= waiting_max || (!waiting_.empty() && size > waiting_size_max))
    return Error{Errc::busy, "take more requests than can wait", "read the answers first"};
  constexpr wire::JsonLimits limits{.size_max = 1024 * 1024, .depth_max = 4, .values_max = 1000};
  Result<wire::Json> message = wire::Json::parse(text, limits);
  wipe_received(text);
  if (!message) return message.error();
  const std::int64_t id = message->integer("id").value_or(0);
  add({.stream = stream,
       .request = read_request(std::move(*message)),
       .id = id,
       .size = text.size()});
  return ok;
}

void Conversation::sign_in(identity::Secret credential) {
  Request request;
  request.ask = Ask::sign_in;
  request.token = std::move(credential);
  add({.request = std::move(request), .silent = true});
}

void Conversation::add(Waiting waiting) {
  waiting_.push_back(std::move(waiting));
  if (std::exchange(working_, true)) return;
  asio::co_spawn(executor_, keep(shared_from_this(), work()), net::rethrow);
}

asio::awaitable<void> Conversation::work() {
  while (!waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    std::string said;
    if (next.request) {
      said = co_await answer(office_, caller_, std::move(*next.request));
      if (next.silent && said.find("\"ok\":true") != std::string::npos) continue;
    } else {
      said = cli::show_failure(next.id, next.request.error());
    }
    say_(next.stream, said);
    identity::wipe(said);
  }
  working_ = false;
  idle_.cancel();
}

asio::awaitable<void> Conversation::finish() {
  const auto self = shared_from_this();
  while (working_) {
    std::error_code cancelled;
    co_await idle_.async_wait(net::into(cancelled));
  }
}

}  // namespace netkit::auth
