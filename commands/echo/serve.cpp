// echo serve: one loop a dialect, each small enough to be the file that other services start from.
#include "cli/serve.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "commands/echo/echo.hpp"
#include "commands/echo/page.hpp"
#include "log/fold.hpp"
#include "net/websocket.hpp"
#include "wire/frame.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

namespace netkit::echo {
namespace {

using net::Connection;
using net::Flow;

/// One worker's counts of the two hot events.
struct Counts {
  log::Fold received;
  log::Fold sent;
};

struct Settings {
  Framing framing = Framing::raw;
  std::size_t chunk_size_max = 0;    ///< Of one read of raw bytes.
  std::size_t reading_size_max = 0;  ///< Of one read of messages, which have bounds of their own.
  std::size_t message_size_max = 0;
};

/// What answers, for all connections and threads of one server.
class EchoService {
 public:
  EchoService(Settings settings, unsigned threads) : settings_{settings}, counts_(threads) {}

  asio::awaitable<Status> serve(Connection& connection);
  asio::awaitable<Status> serve_datagrams(net::Datagram& datagram);
  net::TlsMode tls_mode(net::Scheme scheme) const;
  void flush(net::Worker& worker);

 private:
  asio::awaitable<Status> serve_raw(Connection& connection);
  asio::awaitable<Status> serve_frames(Connection& connection);
  asio::awaitable<Status> serve_len64(Connection& connection);
  asio::awaitable<Status> serve_lines(Connection& connection);
  asio::awaitable<Status> serve_websocket(Connection& connection);

  void count(net::Worker& worker, const net::PeerName& peer, std::size_t size);
  void count(Connection& connection, std::size_t size) {
    count(connection.worker(), connection.peer(), size);
  }

  const Settings settings_;
  std::vector<Counts> counts_;  // By worker, so that no two threads share one.
};

// Not a coroutine: an idle connection would keep its frame.
asio::awaitable<Status> EchoService::serve(Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss) return serve_websocket(connection);
  connection.touch();
  switch (settings_.framing) {
    case Framing::raw: break;
    case Framing::frame: return serve_frames(connection);
    case Framing::len64: return serve_len64(connection);
    case Framing::line: return serve_lines(connection);
  }
  return serve_raw(connection);
}

/// Counts a message that came and goes back; the first one in a second is logged in full.
void EchoService::count(net::Worker& worker, const net::PeerName& peer, std::size_t size) {
  Counts& counts = counts_[worker.index()];
  if (counts.received.add(size))
    worker.log().info("receive", {{"address", peer.address}, {"port", peer.port}, {"bytes", size}});
  if (counts.sent.add(size))
    worker.log().info("send", {{"address", peer.address}, {"port", peer.port}, {"bytes", size}});
}

void EchoService::flush(net::Worker& worker) {
  Counts& counts = counts_[worker.index()];
  counts.received.flush(worker.log(), "receive");
  counts.sent.flush(worker.log(), "send");
}

asio::awaitable<Status> EchoService::serve_raw(Connection& connection) {
  connection.introduce("raw");
  net::ReceiveBuffer& received = connection.received();
  for (;;) {
    const Result<Connection::Received> got = connection.try_receive(settings_.chunk_size_max);
    if (!got) co_return got.error();
    if (*got == Connection::Received::end) co_return ok;
    if (*got == Connection::Received::nothing_yet) {
      const Status waited = co_await connection.readable();
      if (!waited && !connection.draining()) co_return waited;
      continue;
    }
    const std::span<char> bytes = received.unread();
    count(connection, bytes.size());
    received.consume(bytes.size());
    received.keep();
    const Result<bool> sent = connection.try_send({bytes.data(), bytes.size()});
    if (!sent) co_return sent.error();
    if (!*sent)
      if (Status flushed = co_await connection.flush(); !flushed) co_return flushed;
  }
}

asio::awaitable<Status> EchoService::serve_frames(Connection& connection) {
  connection.introduce("frame");
  const wire::FrameDecoder decoder{static_cast<std::uint32_t>(settings_.message_size_max)};
  const auto echo = [&](wire::Frame frame, std::string& out) -> Result<Flow> {
    count(connection, frame.body.size());
    if (frame.type == wire::frame_type::ping) frame.type = wire::frame_type::pong;
    wire::append_frame(out, frame);
    return frame.type == wire::frame_type::goodbye ? Flow::finish : Flow::go_on;
  };
  co_return co_await net::pump(connection, decoder, echo, settings_.reading_size_max);
}

asio::awaitable<Status> EchoService::serve_len64(Connection& connection) {
  connection.introduce("len64");
  const wire::Len64Decoder decoder{settings_.message_size_max};
  const auto echo = [&](std::string_view body, std::string&) -> Result<Flow> {
    count(connection, body.size());
    connection.append_body(body);  // Bare, as the original servers reply.
    return Flow::go_on;
  };
  co_return co_await net::pump(connection, decoder, echo, settings_.reading_size_max);
}

asio::awaitable<Status> EchoService::serve_lines(Connection& connection) {
  connection.introduce("line");
  wire::LineDecoder decoder{settings_.message_size_max};
  const auto echo = [&](std::string_view line, std::string& out) -> Result<Flow> {
    count(connection, line.size());
    out.append(line).append("\n");
    return Flow::go_on;
  };
  Status ended = co_await net::pump(connection, decoder, echo, settings_.reading_size_max);
  // The last line of a stream may lack its end.
  const auto rest = decoder.rest(connection.received().unread());
  if (!ended || !rest) co_return ended;
  count(connection, rest->size());
  co_return co_await connection.send(std::string{*rest} + "\n");
}

asio::awaitable<Status> EchoService::serve_websocket(Connection& connection) {
  const auto answer = [](const wire::HttpRequest& request, std::string& out) {
    net::answer_with_page(request, page(), out);
  };
  Result<bool> upgraded = co_await net::upgrade_to_websocket(connection, answer);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  connection.touch();
  const auto echo = [&](wire::WebSocketOp op, std::string_view body,
                        std::string& out) -> Result<Flow> {
    count(connection, body.size());
    wire::append_websocket_header(out, op, body.size());
    connection.append_body(body);
    return Flow::go_on;
  };
  co_return co_await net::pump_websocket(connection, settings_.message_size_max, echo,
                                         settings_.reading_size_max);
}

/// Ports that answer everything (RFC 862, 867, 863, 864 and 865): a forged datagram from one of
/// them would make two servers talk to each other for ever.
bool answers_everything(std::uint16_t from, std::uint16_t own_port) {
  constexpr std::array<std::uint16_t, 6> services{0, 7, 13, 17, 19, 37};
  return from == own_port || from == port ||
         std::find(services.begin(), services.end(), from) != services.end();
}

asio::awaitable<Status> EchoService::serve_datagrams(net::Datagram& datagram) {
  for (;;) {
    Result<std::string_view> bytes = co_await datagram.receive();
    if (!bytes) co_return bytes.error();
    if (answers_everything(datagram.sender_port(), datagram.local_port())) {
      datagram.worker().log().warn(
          "refuse", {{"address", datagram.sender().address},
                     {"port", datagram.sender().port},
                     {"reason", "a datagram from such a port may be forged to start a loop"}});
      continue;
    }
    Counts& counts = counts_[datagram.worker().index()];
    const bool received = counts.received.add(bytes->size());
    const bool replied = datagram.reply(*bytes);
    const bool sent = replied && counts.sent.add(bytes->size());
    if (!received && !sent) continue;
    const net::PeerName from = datagram.sender();
    log::Logger& log = datagram.worker().log();
    const std::size_t size = bytes->size();
    if (received)
      log.info("receive", {{"address", from.address}, {"port", from.port}, {"bytes", size}});
    if (sent) log.info("send", {{"address", from.address}, {"port", from.port}, {"bytes", size}});
  }
}

net::TlsMode EchoService::tls_mode(net::Scheme scheme) const {
  switch (scheme) {
    case net::Scheme::tls:
    case net::Scheme::wss: return net::TlsMode::always;
    case net::Scheme::ws: return net::TlsMode::detect;
    case net::Scheme::tcp:
      // Raw bytes may begin like TLS, and must come back as they are.
      return settings_.framing == Framing::raw ? net::TlsMode::never : net::TlsMode::detect;
    case net::Scheme::udp:
    case net::Scheme::unix_: break;
  }
  return net::TlsMode::never;
}

class ServeAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.flag("all", all_, "Every transport: tcp, udp, tls, ws, wss and unix");
    options.value("chunk", chunk_, "SIZE",
                  "Largest piece that is read at once; it bounds no message (default: 64KiB raw, "
                  "256KiB where messages have bounds)");
    options.flag("once", once_, "Serve one connection, then stop");
    options.flag("ask", ask_, "Ask for address and port, offering the defaults");
    declare_framing(options, framing_);
    cli::declare_server(options, server_, "tcp://:9090 and udp://:9090");
  }

  Status run(cli::Context& context) override;

 private:
  Result<std::vector<net::Endpoint>> default_listen(const cli::Context& context) const;

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
  Result<std::string> state = cli::make_state_directory(context, server_);
  if (!state) return state.error();
  listen.push_back(
      {.scheme = Scheme::unix_, .host = {}, .port = {}, .path = *state + "/" + socket_name});
  return listen;
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
