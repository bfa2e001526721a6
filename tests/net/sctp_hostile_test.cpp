// What strangers and bad peers can do to SCTP in user space: floods, forged packets, half a
// handshake, a peer that vanishes or never reads. Nothing of it may stay.
#include <asio/buffer.hpp>
#include <atomic>
#include <malloc.h>
#include <memory>

#include "base/bytes.hpp"
#include "net/sctp_rig.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NETKIT_SANITIZED
// Of the sanitizers' run-time; Debian's g++ comes without the header.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace netkit::net::tests {
namespace {

asio::ip::udp::endpoint loopback(std::uint16_t port) {
  return {asio::ip::make_address("127.0.0.1"), port};
}

/// Bytes that are allocated and not freed: a sanitizer keeps freed ones resident for a while.
std::size_t live_heap() {
#ifdef NETKIT_SANITIZED
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

/// RFC 9260, 3.1: ports | tag | checksum | chunks.
std::string packet_of(std::uint16_t from, std::uint16_t to, std::uint32_t tag,
                      const std::string& chunks) {
  std::string packet;
  append_be<std::uint16_t>(packet, from);
  append_be<std::uint16_t>(packet, to);
  append_be<std::uint32_t>(packet, tag);
  append_be<std::uint32_t>(packet, 0);
  packet += chunks;
  const std::uint32_t sum = crc32c(packet);
  for (std::size_t i = 0; i < 4; ++i)
    packet[8 + i] = static_cast<char>(sum >> 8 * i & 0xff);
  return packet;
}

/// RFC 9260, 3.3.2: type 1 | flags | length 20 | tag | window | streams out | in | first number.
std::string init_chunk(std::uint8_t type, std::uint32_t tag, const std::string& parameters = {}) {
  std::string chunk;
  append_be<std::uint8_t>(chunk, type);
  append_be<std::uint8_t>(chunk, 0);
  append_be<std::uint16_t>(chunk, static_cast<std::uint16_t>(20 + parameters.size()));
  append_be<std::uint32_t>(chunk, tag);
  append_be<std::uint32_t>(chunk, 100'000);
  append_be<std::uint16_t>(chunk, 1);
  append_be<std::uint16_t>(chunk, 1);
  append_be<std::uint32_t>(chunk, 1);
  return chunk + parameters;
}

std::string cookie_chunk(const std::string& cookie) {
  std::string chunk;
  append_be<std::uint8_t>(chunk, 10);
  append_be<std::uint8_t>(chunk, 0);
  append_be<std::uint16_t>(chunk, static_cast<std::uint16_t>(4 + cookie.size()));
  return chunk + cookie + std::string((4 - cookie.size() % 4) % 4, 0);
}

std::uint32_t initiate_tag(const std::string& packet) {
  return load_be<std::uint32_t>(packet.data() + 16);
}

/// The parameter 7 of an INIT ACK (RFC 9260, 3.3.3); empty if there is none.
std::string cookie_of(const std::string& packet) {
  for (std::size_t at = 32; at + 4 <= packet.size();) {
    const auto type = load_be<std::uint16_t>(packet.data() + at);
    const auto size = load_be<std::uint16_t>(packet.data() + at + 2);
    if (size < 4 || at + size > packet.size()) break;
    if (type == 7) return packet.substr(at + 4, size - 4u);
    at += (size + 3u) / 4 * 4;
  }
  return {};
}

/// A peer without a stack: it sends what the test made.
class Forger {
 public:
  explicit Forger(std::uint16_t to) : port_{to} {
    socket_.open(asio::ip::udp::v4());
    socket_.connect(loopback(to));
  }

  void send(const std::string& packet) {
    std::error_code ignored;
    socket_.send(asio::buffer(packet), 0, ignored);
  }
  void send(std::uint16_t from, std::uint32_t tag, const std::string& chunks) {
    send(packet_of(from, port_, tag, chunks));
  }
  std::string receive() {
    std::string packet(2000, 0);
    packet.resize(socket_.receive(asio::buffer(packet)));
    return packet;
  }
  bool has_answer() const { return socket_.available() > 0; }
  void forget_answers() {
    while (has_answer())
      receive();
  }

 private:
  std::uint16_t port_;
  asio::io_context io_;
  asio::ip::udp::socket socket_{io_};
};

bool still_serves(RunningServer& server) {
  const std::vector<std::string> words{"still here"};
  return run_at(server, exchange_all(server.endpoint(), words)) == words;
}

/// Headers that look like SCTP, of every kind of first chunk, and noise behind them.
std::string forged(std::uint32_t seed, std::uint16_t port) {
  std::string packet = noise(1 + seed % 200, seed);
  if (packet.size() < 20 || seed % 4 == 0) return packet;
  packet[2] = static_cast<char>(port >> 8);
  packet[3] = static_cast<char>(port & 0xff);
  packet[12] = static_cast<char>(seed % 16);
  if (packet[12] == 1) packet.replace(4, 4, 4, '\0');
  packet[14] = static_cast<char>(packet.size() >> 8);
  packet[15] = static_cast<char>(packet.size() - 12);
  const std::uint32_t sum = crc32c(packet.substr(0, 8) + std::string(4, '\0') + packet.substr(12));
  for (std::size_t i = 0; i < 4; ++i)
    packet[8 + i] = static_cast<char>(sum >> 8 * i & 0xff);
  return packet;
}

TEST_CASE("sctp: 20,000 strangers' datagrams leave nothing behind") {
  RunningServer server{sctp_plan()};
  asio::io_context io;
  asio::ip::udp::socket socket{io};
  socket.connect({asio::ip::make_address("127.0.0.1"), server.port()});
  std::error_code ignored;
  const auto send = [&](std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t seed = from; seed < to; ++seed) {
      socket.send(asio::buffer(forged(seed, server.port())), 0, ignored);
      // Between the bursts the server gets through what it has.
      if (seed % 200 == 0) static_cast<void>(associations(server));
    }
  };
  send(0, 10'000);
  const std::size_t before = live_heap();
  send(10'000, 20'000);
  CHECK(associations(server) == 0);
  CHECK(live_heap() < before + (1u << 20));
  CHECK(run_at(server, exchange_all(server.endpoint(), {"still here"})) ==
        std::vector<std::string>{"still here"});
}

TEST_CASE("sctp: a flood of 10,000 INITs leaves nothing behind") {
  RunningServer server{sctp_plan()};
  Forger forger{server.port()};
  const std::size_t before = live_heap();
  std::size_t answered = 0;
  for (std::uint32_t i = 1; i <= 10'000; ++i) {
    forger.send(static_cast<std::uint16_t>(1 + i % 60'000), 0, init_chunk(1, i));
    if (i % 100 != 0) continue;
    CHECK(associations(server) == 0);
    answered += forger.has_answer() ? 1 : 0;
    forger.forget_answers();
  }
  CHECK(answered > 0);
  CHECK(live_heap() < before + (1u << 20));
  CHECK(still_serves(server));
}

TEST_CASE("sctp: cookies that are not ours, not whole or another's make no association") {
  RunningServer server{sctp_plan()};
  Forger forger{server.port()};
  forger.send(4000, 0, init_chunk(1, 77));
  const std::string answer = forger.receive();
  const std::string cookie = cookie_of(answer);
  const std::uint32_t tag = initiate_tag(answer);
  REQUIRE(cookie.size() > 20);
  for (std::uint32_t seed = 0; seed < 2000; ++seed)
    forger.send(4000, tag, cookie_chunk(noise(seed % 400, seed)));
  for (std::size_t i = 0; i < cookie.size(); ++i) {
    std::string bent = cookie;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    forger.send(4000, tag, cookie_chunk(bent));
    forger.send(4000, tag, cookie_chunk(cookie.substr(0, i)));
  }
  forger.send(4001, tag, cookie_chunk(cookie));
  forger.send(4000, tag ^ 1, cookie_chunk(cookie));
  // Many addresses are one number to usrsctp: some of these are the same as the right one's.
  for (int i = 0; i < 500; ++i)
    Forger{server.port()}.send(4000, tag, cookie_chunk(cookie));
  CHECK(associations(server) == 0);
  CHECK(server.log().find("connect ") == std::string::npos);
  forger.send(4000, tag, cookie_chunk(cookie));
  CHECK(server.reaches(1));
}

asio::awaitable<Result<Stream>> dial_within(Endpoint to, std::chrono::milliseconds limit) {
  co_return co_await connect(to, std::nullopt, limit, SctpChoice::user);
}

TEST_CASE("sctp: half a handshake ends with the time for it, and nothing is kept") {
  RunningServer server{sctp_plan()};
  asio::io_context io;
  asio::ip::udp::socket mute{io, loopback(0)};
  Endpoint to = server.endpoint();
  to.port = mute.local_endpoint().port();
  const std::chrono::milliseconds limit{300};
  const auto unanswered = run_at(server, dial_within(to, limit));
  REQUIRE(!unanswered);
  CHECK(unanswered.error().code == Errc::timed_out);
  CHECK(associations(server) == 0);

  // The other answers the INIT, and is silent from there on.
  std::atomic<bool> cookie_came{false};
  std::jthread half{[&] {
    std::string init(2000, 0);
    asio::ip::udp::endpoint from;
    for (;;) {
      init.resize(2000);
      init.resize(mute.receive_from(asio::buffer(init), from));
      if (init == "end") return;
      if (init.size() < 20) continue;
      cookie_came = cookie_came || init[12] == 10;
      if (init[12] != 1) continue;
      std::string cookie;
      append_be<std::uint16_t>(cookie, 7);
      append_be<std::uint16_t>(cookie, 12);
      cookie += "anything";
      mute.send_to(asio::buffer(packet_of(*to.port, load_be<std::uint16_t>(init.data()),
                                          initiate_tag(init), init_chunk(2, 99, cookie))),
                   from);
    }
  }};
  const auto half_way = run_at(server, dial_within(to, limit));
  Forger{*to.port}.send("end");
  half.join();
  CHECK(cookie_came);
  REQUIRE(!half_way);
  CHECK(half_way.error().code == Errc::timed_out);
  CHECK(associations(server) == 0);
}

/// The next association at `listener`, until it fails.
asio::awaitable<Status> outlive(SctpListener& listener) {
  auto arrived = co_await listener.accept();
  if (!arrived) co_return arrived.error();
  char nothing[16];
  for (;;) {
    const Attempt attempt = (*arrived)->try_read(nothing);
    if (attempt.failed) co_return Error{attempt.failed};
    if (Status waited = co_await (*arrived)->ready(SctpAssociation::Wanted::read); !waited)
      co_return waited;
  }
}

TEST_CASE("sctp: a peer that vanishes after its cookie is given up") {
  asio::io_context io;
  const auto opened =
      open_listening(*parse_endpoint("sctp://127.0.0.1:0"), {.sctp = SctpChoice::user});
  REQUIRE(opened);
  SctpSettings settings;
  settings.heartbeat = std::chrono::milliseconds{50};
  settings.rto_initial = settings.rto_min = settings.rto_max = std::chrono::milliseconds{50};
  settings.retransmissions_max = 1;
  FileDescriptor bound{dup(opened->sockets[0][0].get())};
  auto listener = SctpListener::open(io, std::move(bound), settings, [](auto&) { return true; });
  REQUIRE(listener);

  std::jthread vanishing{[port = *opened->endpoint.port] {
    Forger forger{port};
    forger.send(4000, 0, init_chunk(1, 77));
    const std::string answer = forger.receive();
    forger.send(4000, initiate_tag(answer), cookie_chunk(cookie_of(answer)));
    forger.receive();
  }};
  Status ended = ok;
  std::size_t left = SIZE_MAX;
  const auto watch = [](asio::io_context& at, SctpListener& listening, Status& how,
                        std::size_t& count) -> asio::awaitable<void> {
    how = co_await outlive(listening);
    count = co_await count_associations(at);
    listening.close();
  };
  asio::co_spawn(io, watch(io, **listener, ended, left), rethrow);
  io.run_for(hang_limit);
  REQUIRE(!ended);
  CHECK(left == 0);
}

asio::awaitable<std::size_t> send_until_full(std::shared_ptr<Stream> stream) {
  const std::string piece(32 * 1024, 'f');
  std::size_t sent = 0;
  stream->expire_in(std::chrono::milliseconds{500});
  while (sent < 64 << 20) {
    const Attempt attempt = stream->try_write(piece);
    sent += attempt.count;
    if (attempt.count > 0) continue;
    if (attempt.failed || !co_await stream->writable()) break;
  }
  co_return sent;
}

asio::awaitable<std::size_t> fill(Endpoint to) {
  auto stream = co_await dial(to);
  if (!stream) co_return SIZE_MAX;
  co_return co_await send_until_full(std::make_shared<Stream>(std::move(*stream)));
}

TEST_CASE("sctp: a reader that stops stops the sender") {
  auto plan = sctp_plan();
  plan.service.on_connection = [](Connection& connection) -> asio::awaitable<Status> {
    return [](Connection& silent) -> asio::awaitable<Status> {
      silent.introduce("raw");
      asio::steady_timer never{silent.worker().io(), hang_limit};
      std::error_code cancelled;
      co_await never.async_wait(into(cancelled));
      co_return ok;
    }(connection);
  };
  plan.options.drain_limit = std::chrono::milliseconds{1};
  RunningServer server{std::move(plan)};
  const std::size_t sent = run_at(server, fill(server.endpoint()));
  CHECK(sent > 100'000);
  CHECK(sent < 2'000'000);
}

/// Sends messages and never reads the answers.
asio::awaitable<std::size_t> deafen(Endpoint to, std::size_t count) {
  std::vector<std::unique_ptr<Stream>> streams;
  std::size_t sent = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto stream = co_await dial(to);
    if (!stream) co_return SIZE_MAX;
    streams.push_back(std::make_unique<Stream>(std::move(*stream)));
  }
  const std::string message = noise(32 * 1024);
  for (auto& stream : streams) {
    stream->expire_in(std::chrono::milliseconds{200});
    while (co_await stream->write(message))
      sent += message.size();
  }
  co_return sent;
}

TEST_CASE("sctp: peers that never read their answers cost no more than buffers") {
  auto plan = sctp_plan();
  plan.options.drain_limit = std::chrono::milliseconds{1};
  RunningServer server{std::move(plan)};
  const std::size_t before = live_heap();
  const std::size_t sent = run_at(server, deafen(server.endpoint(), 10));
  // There and back, at either end: the windows of the stack.
  CHECK(sent < 10 * 2'000'000);
  CHECK(live_heap() < before + (32u << 20));
}

}  // namespace
}  // namespace netkit::net::tests
