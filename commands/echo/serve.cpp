// echo serve: its options, and the life of the service.
#include "cli/serve.hpp"

#include <algorithm>
#include <vector>

#include "commands/echo/service.hpp"
#include "net/limits.hpp"

namespace netkit::echo {
namespace {

using net::Connection;

class ServeAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.flag("all", all_, "Every transport: tcp, udp, tls, ws, wss, sctp and unix");
    options.value("chunk", chunk_, "SIZE",
                  "Largest piece that is read at once; it bounds no message (default: 64KiB raw, "
                  "256KiB where messages have bounds)");
    options.flag("once", once_, "Serve one connection, then stop");
    options.flag("ask", ask_, "Ask for address and port, offering the defaults");
    declare_framing(options, framing_);
    cli::declare_server(options, server_, command, "tcp://:9090 and udp://:9090");
    cli::declare_announce(options, server_);
  }

  Status run(cli::Context& context) override;

 private:
  Result<std::vector<net::Endpoint>> default_listen(const cli::Context& context) const;
  Status check_datagrams(std::vector<net::Endpoint>& standard) const;

  bool all_ = false;
  std::optional<Size> chunk_;
  bool once_ = false;
  bool ask_ = false;
  Framing framing_ = Framing::raw;
  cli::ServerOptions server_;
};

net::Endpoint everywhere(net::Scheme scheme, std::uint16_t at) {
  return {.scheme = scheme, .host = {}, .port = at, .path = {}};
}

Result<std::vector<net::Endpoint>> ServeAction::default_listen(const cli::Context& context) const {
  using net::Scheme;
  std::vector<net::Endpoint> listen{everywhere(Scheme::tcp, port), everywhere(Scheme::udp, port)};
  if (!all_) return listen;
  listen.push_back(everywhere(Scheme::tls, tls_port));
  listen.push_back(everywhere(Scheme::ws, ws_port));
  listen.push_back(everywhere(Scheme::wss, wss_port));
  listen.push_back(everywhere(Scheme::sctp, sctp_port));
  Result<std::string> state = cli::make_state_directory(context, server_);
  if (!state) return state.error();
  listen.push_back(
      {.scheme = Scheme::unix_, .host = {}, .port = {}, .path = *state + "/" + socket_name});
  return listen;
}

/// Whoever sends a datagram may be anybody and shows no token.
Status ServeAction::check_datagrams(std::vector<net::Endpoint>& standard) const {
  if (!server_.require_auth) return ok;
  const auto is_udp = [](const net::Endpoint& each) { return each.scheme == net::Scheme::udp; };
  std::erase_if(standard, is_udp);
  const auto asked = std::find_if(server_.listen.begin(), server_.listen.end(), is_udp);
  if (asked == server_.listen.end()) return ok;
  return Error{Errc::usage, "listen on " + net::to_text(*asked) + " with --require-auth",
               "a datagram's sender can be forged and shows no token"};
}

Status ServeAction::run(cli::Context& context) {
  if (chunk_ && chunk_->bytes == 0) return Error{Errc::usage, "read in portions of no bytes"};
  if (ask_) {
    Result<net::Endpoint> at = context.terminal.ask_endpoint(
        {.scheme = net::Scheme::tcp, .host = "127.0.0.1", .port = port, .path = {}});
    if (!at) return at.error();
    server_.listen = {*at};
  }
  Result<std::vector<net::Endpoint>> listen = default_listen(context);
  if (!listen) return listen.error();
  if (Status fits = check_datagrams(*listen); !fits) return fits;
  if (all_) server_.listen.insert(server_.listen.end(), listen->begin(), listen->end());

  const auto reading = [&](std::size_t standard) {
    return std::min<std::uint64_t>(chunk_.value_or(Size{standard}).bytes, net::read_size_max);
  };
  EchoService service{{.framing = framing_,
                       .chunk_size_max = reading(64 * 1024),
                       .reading_size_max = reading(net::read_size_max),
                       .message_size_max = server_.message_size_max.bytes},
                      std::max(server_.threads, 1u)};
  cli::ServePlan plan;
  plan.default_listen = std::move(*listen);
  plan.default_scheme = net::Scheme::tcp;
  plan.default_port = port;
  plan.serve_only = once_ ? 1 : 0;
  plan.on_guard = [&](access::Guard& guard) { service.require(guard); };
  plan.service.on_connection = [&](Connection& each) { return service.serve(each); };
  plan.service.on_datagram = [&](net::Datagram& each) { return service.serve_datagrams(each); };
  plan.service.tls_mode = [&](net::Scheme scheme) { return service.tls_mode(scheme); };
  plan.service.on_tick = [&](net::Worker& worker) { service.flush(worker); };
  return cli::serve(context, server_, std::move(plan));
}

}  // namespace

std::unique_ptr<cli::Action> make_serve() {
  return std::make_unique<ServeAction>();
}

}  // namespace netkit::echo
