// Seats an address, and the loop of one connection.
#include "commands/presence/talk_server.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "commands/presence/inbox.hpp"
#include "identity/certificate.hpp"
#include "net/address.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"
#include "transfer/pieces.hpp"

namespace netkit::presence {
namespace {

constexpr std::chrono::seconds lock_limit{2};
constexpr std::size_t fingerprint_prefix_size = 7;  // "SHA256:"

std::chrono::nanoseconds now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

/// Two that start at a time must not make the certificate of one and the key of the other.
Result<identity::Credentials> load_credentials(const std::string& state) {
  const FileDescriptor lock{open(state.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!lock) return errno_error("open " + state);
  // A file system that locks no folders is no reason to take no messages.
  if (Status locked = lock_within(lock.get(), state, lock_limit);
      !locked && locked.error().code == Errc::busy)
    return locked.error();
  return identity::load_or_make(state, {net::host_name()}, std::time(nullptr));
}

/// Whoever has one address of an IPv6 network mostly has all of them.
std::string seat_of(const std::string& text) {
  std::error_code failed;
  const auto address = asio::ip::make_address(text, failed);
  if (failed || !address.is_v6() || address.to_v6().is_link_local()) return text;
  const auto bytes = address.to_v6().to_bytes();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size() / 2});
}

}  // namespace

Result<TalkPort> open_talk_port(const std::string& state, net::Endpoint wanted) {
  const Result<identity::Credentials> credentials = load_credentials(state);
  if (!credentials) return credentials.error();
  Result<net::TlsContext> tls = net::TlsContext::server(credentials->certificate, credentials->key);
  if (!tls) return tls.error();
  const Result<std::string> fingerprint = identity::fingerprint(credentials->certificate);
  if (!fingerprint) return fingerprint.error();
  wanted.scheme = net::Scheme::tls;
  if (!wanted.port) wanted.port = 0;
  Result<net::Listening> listening = net::open_listening(wanted, {});
  if (!listening) return listening.error();
  return TalkPort{.tls = std::move(*tls),
                  .certificate = *from_hex(fingerprint->substr(fingerprint_prefix_size)),
                  .listening = std::move(*listening)};
}

/// A connection's place among those of its address, for as long as it lasts.
class TalkServer::Seat {
 public:
  Seat(TalkServer& server, const std::string& address)
      : server_{server}, place_{server.seats_.try_emplace(seat_of(address)).first} {
    ++place_->second;
  }
  ~Seat() {
    if (--place_->second == 0) server_.seats_.erase(place_);
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  bool is_free() const { return place_->second <= server_.plan_.limits.connections_of_address; }

 private:
  TalkServer& server_;
  std::map<std::string, std::size_t>::iterator place_;
};

/// One connection once it is under TLS.
class TalkServer::Visit final : public TalkMachine::Hearer {
 public:
  Visit(TalkServer& server, net::Connection& connection)
      : server_{server},
        connection_{connection},
        machine_{
            TalkMachine::Role::answerer,
            TalkSelf{.pair = server.plan_.pair, .said = server.plan_.own(), .nonce = random_u64()},
            server.plan_.certificate, server.memory_, *this} {}

  asio::awaitable<Status> run();

  Status meet(const Announcement& peer) override {
    if (Status met = server_.plan_.meet(peer); !met) return met;
    connection_.introduce("peer");
    connection_.limit_silence(server_.plan_.limits.silence);
    return ok;
  }
  Status deliver(const Announcement& peer, const Say& say) override {
    return server_.plan_.deliver(peer, say);
  }
  void acknowledged(std::uint64_t) override {}

 private:
  Status hear_unread(std::string& out, std::chrono::nanoseconds& pause);
  Status hear(const transfer::Piece& piece, std::string& out);
  Inbox::Plan inbox_plan();
  asio::awaitable<Status> send(const std::string& answers);
  asio::awaitable<Result<bool>> receive();

  TalkServer& server_;
  net::Connection& connection_;
  transfer::PieceDecoder decoder_{talk_frame_size_max};
  TalkMachine machine_;
  std::optional<Inbox> inbox_;  // Once a file is sent.
};

/// Takes what is there until there is no more, the peer is to wait for `pause`, or files wait for
/// the disk. What a file consists of counts for no message.
Status TalkServer::Visit::hear_unread(std::string& out, std::chrono::nanoseconds& pause) {
  net::ReceiveBuffer& received = connection_.received();
  while (!received.empty() && !machine_.is_over() && !(inbox_ && inbox_->must_rest())) {
    const auto decoded = decoder_.next(received.unread());
    if (!decoded) return decoded.error();
    if (!decoded->message) {
      if (decoded->used == 0) return ok;
      received.consume(decoded->used);
      continue;
    }
    const bool counts = machine_.is_open() && !Inbox::is_content(decoded->message->frame.type);
    if (counts) pause = server_.memory_.wait(machine_.peer().key, now());
    if (pause.count() > 0) return ok;
    Status heard = hear(*decoded->message, out);
    received.consume(decoded->used);
    if (!heard) return heard;
    if (counts) server_.memory_.take(machine_.peer().key, now());
  }
  return ok;
}

Status TalkServer::Visit::hear(const transfer::Piece& piece, std::string& out) {
  if (!machine_.is_open() || !Inbox::takes(piece.frame.type))
    return machine_.hear(piece.frame, out);
  if (!inbox_) inbox_.emplace(inbox_plan());
  return inbox_->take(piece);
}

Inbox::Plan TalkServer::Visit::inbox_plan() {
  Inbox::Plan plan;
  plan.own_name = machine_.own().name;
  plan.folder = server_.plan_.folder;
  plan.helpers = server_.plan_.helpers;
  plan.came = [this](const std::string& name, std::uint64_t size) {
    if (server_.plan_.came) server_.plan_.came(machine_.peer(), name, size);
  };
  plan.refused = [this](const Error& why) {
    connection_.worker().log().info("file_refused", {{"address", connection_.peer().address},
                                                     {"peer", machine_.peer().name},
                                                     {"error", why.message()}});
  };
  plan.send = [this](const std::string& answers) { return send(answers); };
  return plan;
}

asio::awaitable<Status> TalkServer::Visit::send(const std::string& answers) {
  connection_.touch();  // The disk may have taken its time.
  co_return co_await connection_.send(answers);
}

/// False at the end of the stream.
asio::awaitable<Result<bool>> TalkServer::Visit::receive() {
  using Received = net::Connection::Received;
  Result<Received> got = connection_.try_receive();
  while (got && *got == Received::nothing_yet) {
    connection_.received().keep();
    const Status waited = co_await connection_.readable();
    if (!waited && !connection_.draining()) co_return waited.error();
    got = connection_.try_receive();
  }
  if (!got) co_return got.error();
  co_return *got == Received::bytes;
}

asio::awaitable<Status> TalkServer::Visit::run() {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (;;) {
    std::chrono::nanoseconds pause{0};
    std::string& out = connection_.begin_batch();
    Status heard = hear_unread(out, pause);
    if (!heard && !machine_.was_refused()) append_refusal(out, heard.error());
    if (machine_.is_over())
      wire::append_frame(out, {.type = wire::frame_type::goodbye, .body = {}});
    const Result<bool> sent = connection_.try_send_batch();
    if (!sent) co_return sent.error();
    connection_.received().keep();
    if (!*sent) {
      Status flushed = co_await connection_.flush();
      if (!flushed) co_return flushed;
    }
    const bool more_to_do = inbox_ && inbox_->must_rest();
    if (inbox_) {
      Status rested = co_await inbox_->rest();
      if (!rested) co_return rested;
      connection_.touch();
    }
    if (!heard) co_return heard;
    if (machine_.is_over()) co_return ok;
    if (more_to_do) continue;
    if (pause.count() > 0) {
      timer.expires_after(pause);
      std::error_code cancelled;
      co_await timer.async_wait(net::into(cancelled));
      continue;
    }
    const Result<bool> more = co_await receive();
    if (!more) co_return more.error();
    if (!*more) co_return ok;
  }
}

TalkServer::TalkServer(Plan plan)
    : plan_{std::move(plan)}, memory_{plan_.limits.messages_per_s, plan_.limits.messages_burst} {}

net::Service TalkServer::service() {
  net::Service service;
  service.on_connection = [this](net::Connection& connection) { return serve(connection); };
  service.tls_mode = [](net::Scheme) { return net::TlsMode::never; };
  return service;
}

asio::awaitable<Status> TalkServer::serve(net::Connection& connection) {
  const Seat seat{*this, connection.peer().address};
  if (!seat.is_free()) {
    connection.stream().abort();  // An end in order would keep it for as long as it likes.
    co_return Error{Errc::busy, "take one more connection of " + connection.peer().address};
  }
  connection.await_greeting();
  Status secured = co_await connection.stream().start_tls(plan_.tls, net::TlsSession::Side::server,
                                                          std::string{});
  if (!secured) co_return secured;
  Visit visit{*this, connection};
  co_return co_await visit.run();
}

}  // namespace netkit::presence
