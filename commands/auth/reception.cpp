// The dialects, and hello to those who say nothing.
#include "commands/auth/reception.hpp"

#include "access/credential.hpp"
#include "commands/auth/text_session.hpp"
#include "net/dialect.hpp"
#include "net/outlet.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"
#include "wire/sniff.hpp"

namespace netkit::auth {
namespace {

/// Says hello to a peer that says nothing, which is a person with nc most of all.
class Greeter : public std::enable_shared_from_this<Greeter> {
 public:
  Greeter(Office& office, Caller caller, std::shared_ptr<net::Outlet> outlet)
      : office_{office}, caller_{std::move(caller)}, outlet_{std::move(outlet)} {}

  void greet(asio::io_context& io) { asio::co_spawn(io, greet(shared_from_this()), net::rethrow); }
  /// The peer has spoken. True if it was greeted before.
  bool stop() {
    stopped_ = true;
    return greeted_;
  }

 private:
  static asio::awaitable<void> greet(std::shared_ptr<Greeter> self) {
    const Result<Greeting> known = co_await self->office_.hello(self->caller_, {});
    if (self->stopped_ || !known) co_return;
    self->greeted_ = true;
    TextSession session{self->caller_.exposed};
    self->outlet_->post(session.greet(*known));
  }

  Office& office_;
  Caller caller_;
  const std::shared_ptr<net::Outlet> outlet_;
  bool stopped_ = false;
  bool greeted_ = false;
};

}  // namespace

Caller Reception::caller_of(net::Connection& connection) const {
  Caller caller;
  caller.address = connection.peer().address;
  caller.port = connection.peer().port;
  caller.local = net::is_on_this_machine(connection);
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
  const auto greeter = std::make_shared<Greeter>(office_, caller_of(connection), outlet.get());
  const auto greet = [&] { greeter->greet(connection.worker().io()); };
  Result<wire::Dialect> dialect = co_await net::tell_dialect(connection, waited, greet);
  greeted = greeter->stop();
  co_return dialect;
}

asio::awaitable<Status> Reception::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss)
    co_return co_await serve_web(connection);
  connection.await_first_byte();
  bool greeted = false;
  const Result<wire::Dialect> dialect = co_await tell_dialect(connection, greeted);
  if (!dialect) co_return dialect.error();
  connection.touch();
  switch (*dialect) {
    case wire::Dialect::frame: co_return co_await serve_frames(connection);
    case wire::Dialect::http: co_return co_await serve_web(connection);
    case wire::Dialect::len64: co_return co_await serve_text(connection, true, greeted);
    case wire::Dialect::line: co_return co_await serve_text(connection, false, greeted);
    case wire::Dialect::tls: break;
  }
  co_return net::no_tls_here(offers_tls_);
}

}  // namespace netkit::auth
