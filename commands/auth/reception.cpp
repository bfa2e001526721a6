// Sniffing, with the 300 ms after which a silent peer is spoken to.
#include "commands/auth/reception.hpp"

#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>

#include "access/credential.hpp"
#include "commands/auth/text_session.hpp"
#include "net/outlet.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"
#include "wire/sniff.hpp"

namespace netkit::auth {
namespace {

constexpr std::chrono::milliseconds silence{300};
/// Text would break the TLS of a peer whose first packet was lost, which nobody near us loses.
constexpr std::chrono::milliseconds silence_far_away{3000};

bool on_this_machine(const net::Connection& connection) {
  if (connection.scheme() == net::Scheme::unix_) return true;
  std::error_code failed;
  const auto address = asio::ip::make_address(connection.peer().address, failed);
  return !failed && address.is_loopback();
}

/// Speaks to a peer that says nothing, which is a person with nc most of all.
class Greeter : public std::enable_shared_from_this<Greeter> {
 public:
  Greeter(Office& office, Caller caller, net::Connection& connection,
          std::shared_ptr<net::Outlet> outlet, std::chrono::milliseconds wait)
      : office_{office},
        caller_{std::move(caller)},
        outlet_{std::move(outlet)},
        timer_{connection.worker().io(), wait} {}

  void start() { asio::co_spawn(timer_.get_executor(), wait(shared_from_this()), net::rethrow); }
  /// The peer has spoken. True if it was greeted before.
  bool stop() {
    stopped_ = true;
    timer_.cancel();
    return greeted_;
  }

 private:
  static asio::awaitable<void> wait(std::shared_ptr<Greeter> self) {
    std::error_code cancelled;
    co_await self->timer_.async_wait(net::into(cancelled));
    if (self->stopped_) co_return;
    const Result<Greeting> known = co_await self->office_.hello(self->caller_, {});
    if (self->stopped_ || !known) co_return;
    self->greeted_ = true;
    TextSession session{self->caller_.exposed};
    self->outlet_->post(session.greet(*known));
  }

  Office& office_;
  Caller caller_;
  const std::shared_ptr<net::Outlet> outlet_;
  asio::steady_timer timer_;
  bool stopped_ = false;
  bool greeted_ = false;
};

/// Stops it however its connection's coroutine ends.
class GreeterGuard {
 public:
  explicit GreeterGuard(std::shared_ptr<Greeter> greeter) : greeter_{std::move(greeter)} {
    greeter_->start();
  }
  ~GreeterGuard() { greeter_->stop(); }
  GreeterGuard(const GreeterGuard&) = delete;
  GreeterGuard& operator=(const GreeterGuard&) = delete;
  bool stop() { return greeter_->stop(); }

 private:
  std::shared_ptr<Greeter> greeter_;
};

}  // namespace

Caller Reception::caller_of(net::Connection& connection) const {
  Caller caller;
  caller.address = connection.peer().address;
  caller.port = connection.peer().port;
  caller.local = on_this_machine(connection);
  caller.admin_socket =
      connection.scheme() == net::Scheme::unix_ && connection.stream().local_path() == admin_path_;
  caller.exposed = !caller.local && !connection.is_secure();
  caller.audience = access::audience_of(connection);
  return caller;
}

asio::awaitable<Result<wire::Dialect>> Reception::tell_dialect(net::Connection& connection,
                                                               bool& greeted) {
  const net::OutletGuard outlet{connection};
  // Where TLS might have begun, the silence has passed already.
  const bool waited =
      offers_tls_ && !connection.is_secure() && connection.scheme() == net::Scheme::tcp;
  GreeterGuard greeter{std::make_shared<Greeter>(office_, caller_of(connection), connection,
                                                 outlet.get(),
                                                 waited ? std::chrono::milliseconds{0} : silence)};
  for (;;) {
    const std::span<const char> bytes = connection.received().unread();
    const auto dialect = bytes.empty() ? std::nullopt : wire::sniff({bytes.data(), bytes.size()});
    if (dialect) {
      greeted = greeter.stop();
      co_return *dialect;
    }
    if (!bytes.empty()) connection.await_greeting();  // What has begun is to come to something.
    connection.received().keep();
    const Result<bool> more = co_await connection.receive();
    if (!more) co_return more.error();
    if (!*more) co_return connection.received().empty() ? Errc::closed : Errc::malformed;
  }
}

std::chrono::nanoseconds Reception::silence_limit(const net::Connection& connection) {
  return on_this_machine(connection) ? silence : silence_far_away;
}

asio::awaitable<Status> Reception::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss)
    co_return co_await serve_web(connection);
  // Whoever thinks about what to type is not to be cut off like a handshake that stalls.
  connection.limit_silence(std::min<std::chrono::nanoseconds>(first_byte_limit, idle_limit_));
  bool greeted = false;
  const Result<wire::Dialect> dialect = co_await tell_dialect(connection, greeted);
  connection.limit_silence(idle_limit_);
  if (!dialect) co_return dialect.error();
  switch (*dialect) {
    case wire::Dialect::frame: co_return co_await serve_frames(connection);
    case wire::Dialect::http: co_return co_await serve_web(connection);
    case wire::Dialect::len64: co_return co_await serve_text(connection, true, greeted);
    case wire::Dialect::line: co_return co_await serve_text(connection, false, greeted);
    case wire::Dialect::tls: break;
  }
  co_return Error{Errc::unexpected, "speak TLS here", "it is switched off"};
}

}  // namespace netkit::auth
