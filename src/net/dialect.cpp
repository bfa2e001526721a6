// Sniffing, with the silence after which a peer is spoken to.
#include "net/dialect.hpp"

#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <memory>

#include "net/spawn.hpp"
#include "net/worker.hpp"

namespace netkit::net {
namespace {

constexpr std::chrono::milliseconds silence{300};
/// Text would break the TLS of a peer whose first packet was lost, which nobody near us loses.
constexpr std::chrono::milliseconds silence_far_away{3000};

/// Calls a function after a while, unless it goes first.
class Alarm {
 public:
  Alarm(Worker& worker, std::chrono::nanoseconds wait, std::function<void()> call)
      : timer_{std::make_shared<asio::steady_timer>(worker.io(), wait)} {
    timer_->async_wait([timer = std::weak_ptr{timer_}, call = std::move(call)](std::error_code) {
      if (timer.lock()) call();
    });
  }
  ~Alarm() {
    const std::shared_ptr<asio::steady_timer> timer = std::move(timer_);
    timer->cancel();
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  std::shared_ptr<asio::steady_timer> timer_;
};

}  // namespace

bool is_on_this_machine(const Connection& connection) {
  if (connection.scheme() == Scheme::unix_) return true;
  std::error_code failed;
  const auto address = asio::ip::make_address(connection.peer().address, failed);
  return !failed && address.is_loopback();
}

std::chrono::nanoseconds silence_limit(const Connection& connection) {
  return is_on_this_machine(connection) ? silence : silence_far_away;
}

asio::awaitable<Result<wire::Dialect>> tell_dialect(Connection& connection) {
  for (;;) {
    const std::span<const char> bytes = connection.received().unread();
    const auto dialect = bytes.empty() ? std::nullopt : wire::sniff({bytes.data(), bytes.size()});
    if (dialect) co_return *dialect;
    if (!bytes.empty()) connection.await_greeting();  // What has begun is to come to something.
    connection.received().keep();
    const Result<bool> more = co_await connection.receive();
    if (!more) co_return more.error();
    if (!*more) co_return connection.received().empty() ? Errc::closed : Errc::malformed;
  }
}

asio::awaitable<Result<wire::Dialect>> tell_dialect(Connection& connection, bool tls_was_awaited,
                                                    std::function<void()> on_silence) {
  const std::chrono::nanoseconds wait{tls_was_awaited ? std::chrono::milliseconds{0} : silence};
  const Alarm alarm{connection.worker(), wait, std::move(on_silence)};
  co_return co_await tell_dialect(connection);
}

Error no_tls_here(bool offered) {
  return {Errc::unexpected, "speak TLS here",
          offered ? "it begins too late: this server speaks first to who is silent"
                  : "it is switched off"};
}

}  // namespace netkit::net
