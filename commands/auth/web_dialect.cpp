#include "commands/auth/reception.hpp"
namespace netkit::auth {
asio::awaitable<Status> Reception::serve_web(net::Connection&) {
  co_return Errc::unexpected;
}
}  // namespace netkit::auth
