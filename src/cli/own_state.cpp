// The folder, the lock in it, and the doors.
#include "cli/own_state.hpp"

#include <utility>

#include "cli/paths.hpp"

namespace netkit::cli {

Result<OwnState> take_state(const Context& context, const ServerOptions& options) {
  const Result<std::string> path = make_state_directory(context, options);
  if (!path) return path.error();
  std::string folder = absolute_path(*path);
  Result<store::StateLock> lock = store::StateLock::take(folder, context.command.name);
  if (!lock) return lock.error();
  return OwnState{std::move(folder), std::move(*lock)};
}

ServePlan plan_at(net::Scheme scheme, std::uint16_t port) {
  ServePlan plan;
  plan.default_listen = {{.scheme = scheme, .host = {}, .port = port, .path = {}}};
  plan.default_scheme = scheme;
  plan.default_port = port;
  plan.service.tls_mode = [](net::Scheme each) {
    if (each == net::Scheme::unix_) return net::TlsMode::never;
    const bool tls = each == net::Scheme::wss || each == net::Scheme::tls;
    return tls ? net::TlsMode::always : net::TlsMode::detect;
  };
  return plan;
}

ServePlan plan_with_admin(net::Scheme scheme, std::uint16_t port, const std::string& admin_path) {
  ServePlan plan = plan_at(scheme, port);
  plan.private_listen = {
      {.scheme = net::Scheme::unix_, .host = {}, .port = {}, .path = admin_path}};
  return plan;
}

}  // namespace netkit::cli
