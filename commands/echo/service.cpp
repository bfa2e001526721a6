// The loops, and the ways in for those who show a token first.
#include "commands/echo/service.hpp"

#include <algorithm>
#include <array>

#include "commands/echo/page.hpp"
#include "net/websocket.hpp"
#include "wire/frame.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

namespace netkit::echo {
namespace {

using net::Connection;
using net::Flow;

bool is_websocket(const Connection& connection) {
  return connection.scheme() == net::Scheme::ws || connection.scheme() == net::Scheme::wss;
}

void answer_http(const wire::HttpRequest& request, std::string& out) {
  net::answer_with_page(request, page(), out);
}

std::string_view dialect_of(Framing framing) {
  switch (framing) {
    case Framing::frame: return "frame";
    case Framing::len64: return "len64";
    case Framing::line: return "line";
    case Framing::raw: break;
  }
  return "raw";
}

/// Ports that answer everything (RFC 862, 867, 863, 864 and 865): a forged datagram from one of
/// them would make two servers talk to each other for ever.
bool answers_everything(std::uint16_t from, std::uint16_t own_port) {
  constexpr std::array<std::uint16_t, 6> services{0, 7, 13, 17, 19, 37};
  return from == own_port || from == port ||
         std::find(services.begin(), services.end(), from) != services.end();
}

}  // namespace

// Not a coroutine: an idle connection would keep its frame.
asio::awaitable<Status> EchoService::serve(Connection& connection) {
  const bool websocket = is_websocket(connection);
  if (guard_) return websocket ? serve_guarded_websocket(connection) : serve_guarded(connection);
  if (websocket) return serve_websocket(connection);
  connection.touch();
  return serve_framing(connection);
}

asio::awaitable<Status> EchoService::serve_framing(Connection& connection) {
  switch (settings_.framing) {
    case Framing::raw: break;
    case Framing::frame: return serve_frames(connection);
    case Framing::len64: return serve_len64(connection);
    case Framing::line: return serve_lines(connection);
  }
  return serve_raw(connection, nullptr);
}

asio::awaitable<Status> EchoService::serve_guarded(Connection& connection) {
  connection.introduce(dialect_of(settings_.framing));
  access::Wish wish;
  wish.address = connection.peer().address;
  auto visit = co_await access::let_in(connection, *guard_, showing_of(settings_.framing), wish);
  if (!visit) co_return visit.error();
  if (settings_.framing == Framing::raw)
    co_return co_await serve_raw(connection, std::move(*visit));
  co_return co_await serve_framing(connection);
}

asio::awaitable<Status> EchoService::serve_guarded_websocket(Connection& connection) {
  std::string bearer;
  const auto judge = [&](const wire::HttpRequest& request,
                         const wire::UpgradeRequest&) -> Result<std::string_view> {
    bearer = access::bearer_of(request);
    return std::string_view{};
  };
  const Result<bool> upgraded = co_await net::upgrade_to_websocket(connection, answer_http, judge);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  access::Wish wish;
  wish.address = connection.peer().address;
  const auto visit = co_await access::let_in(connection, *guard_, access::Showing::websocket, wish,
                                             std::move(bearer));
  if (!visit) co_return visit.error();
  co_return co_await serve_messages(connection);
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

/// Sends bytes back for as long as they come. No coroutine, as most connections are idle.
class EchoService::RawEcho final : public net::Resident {
 public:
  RawEcho(EchoService& service, Connection& connection, std::unique_ptr<access::Visit> visit)
      : service_{service}, connection_{connection}, visit_{std::move(visit)} {}

  Result<Next> go_on(After after) override;
  asio::awaitable<void> rest() override { flushed_ = co_await connection_.flush(); }
  void finish(const Status&) override {}

 private:
  EchoService& service_;
  Connection& connection_;
  const std::unique_ptr<access::Visit> visit_;
  std::size_t message_size_ = 0;  // Of what came of a message that has not ended.
  Status flushed_ = ok;
};

Result<net::Resident::Next> EchoService::RawEcho::go_on(After) {
  using Received = Connection::Received;
  if (!flushed_) return flushed_.error();
  net::ReceiveBuffer& received = connection_.received();
  for (;;) {
    // Behind a token there may be more already.
    Result<Received> got = Received::bytes;
    if (received.empty()) got = connection_.try_receive(service_.settings_.chunk_size_max);
    if (!got) return got.error();
    if (*got == Received::end) return Next::end;
    if (*got == Received::nothing_yet) return Next::readable;
    const std::span<char> bytes = received.unread();
    service_.count(connection_, bytes.size());
    // A message of sctp comes back as one, however many reads it took.
    net::Stream& stream = connection_.stream();
    if (stream.keeps_bounds()) {
      message_size_ += bytes.size();
      if (message_size_ > stream.message_size_max())
        return Error{Errc::too_large, "send it back as one message"};
      if (stream.at_message_end()) message_size_ = 0;
      stream.end_messages(stream.at_message_end());
    }
    const Result<bool> sent = connection_.try_send({bytes.data(), bytes.size()});
    received.consume(bytes.size());
    received.keep();
    if (!sent) return sent.error();
    if (!*sent) return Next::rest;
  }
}

asio::awaitable<Status> EchoService::serve_raw(Connection& connection,
                                               std::unique_ptr<access::Visit> visit) {
  connection.introduce("raw");
  connection.leave_to(std::make_unique<RawEcho>(*this, connection, std::move(visit)));
  co_return ok;
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
  Result<bool> upgraded = co_await net::upgrade_to_websocket(connection, answer_http);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  connection.touch();
  co_return co_await serve_messages(connection);
}

asio::awaitable<Status> EchoService::serve_messages(Connection& connection) {
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
    case net::Scheme::sctp:
    case net::Scheme::unix_: break;
  }
  return net::TlsMode::never;
}

}  // namespace netkit::echo
