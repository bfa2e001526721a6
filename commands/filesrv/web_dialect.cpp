// Browsers and curl.
#include "commands/filesrv/reception.hpp"
#include "commands/filesrv/web_session.hpp"

namespace netkit::filesrv {

asio::awaitable<Status> Reception::serve_web(net::Connection& connection) {
  WebSession session{depot_, names_, sort_memory_, guard_, connection};
  co_return co_await session.run();
}

}  // namespace netkit::filesrv
