// Tests of whole messages from a stream, and of several coroutines at a time.
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include "net/message_reader.hpp"
#include "net/rig.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"
#include "wire/frame.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using namespace std::chrono_literals;

namespace {

using LineReader = MessageReader<wire::LineDecoder>;
using Texts = std::vector<std::string>;

/// Two connected streams on the caller's io_context.
asio::awaitable<std::pair<Stream, Stream>> stream_pair() {
  const auto executor = co_await asio::this_coro::executor;
  asio::local::stream_protocol::socket left{executor};
  asio::local::stream_protocol::socket right{executor};
  asio::local::connect_pair(left, right);
  co_return std::pair{Stream{Stream::Socket{std::move(left)}},
                      Stream{Stream::Socket{std::move(right)}}};
}

/// Writes `bytes` in pieces of `size`, then ends the stream.
asio::awaitable<Status> write_pieces(Stream& stream, std::string_view bytes, std::size_t size) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, size);
    if (Status sent = co_await stream.write(piece); !sent) co_return sent;
    bytes.remove_prefix(piece.size());
  }
  const Stream ended = std::move(stream);  // The socket goes with it.
  co_return ok;
}

asio::awaitable<Status> read_lines(Stream& stream, LineReader& reader, Texts& lines) {
  for (;;) {
    auto line = co_await reader.next(stream);
    if (!line) {
      const Stream ended = std::move(stream);  // Who still writes must not wait for a reader.
      co_return line.error();
    }
    lines.emplace_back(*line);
  }
}

/// All lines of `bytes`, sent in pieces, and the error that ended the reading.
asio::awaitable<Result<std::pair<Texts, std::error_code>>> lines_of(std::string bytes,
                                                                    std::size_t size,
                                                                    std::size_t line_size_max,
                                                                    std::size_t kept_size_max) {
  auto streams = co_await stream_pair();
  LineReader reader{wire::LineDecoder{line_size_max}, kept_size_max};
  Texts lines;
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(write_pieces(streams.first, bytes, size));
  parts.push_back(read_lines(streams.second, reader, lines));
  Status ended = co_await together(std::move(parts));
  co_return std::pair{std::move(lines), ended ? std::error_code{} : ended.error().code};
}

std::pair<Texts, std::error_code> lines(std::string bytes, std::size_t size,
                                        std::size_t line_size_max = 1000,
                                        std::size_t kept_size_max = 2000) {
  return *run(lines_of(std::move(bytes), size, line_size_max, kept_size_max));
}

asio::awaitable<Status> after(std::chrono::nanoseconds length, int& order, int& mine,
                              Status outcome) {
  asio::steady_timer timer{co_await asio::this_coro::executor, length};
  std::error_code cancelled;
  if (length.count() > 0) co_await timer.async_wait(into(cancelled));
  mine = ++order;
  co_return outcome;
}

asio::awaitable<Status> two(int& order, int& first, int& second, Status left, Status right) {
  std::vector<asio::awaitable<Status>> parts;
  parts.push_back(after(2ms, order, first, std::move(left)));
  parts.push_back(after(0ms, order, second, std::move(right)));
  co_return co_await together(std::move(parts));
}

asio::awaitable<Status> nothing() {
  co_return co_await together({});
}

asio::awaitable<Status> read_oversized_frame() {
  auto streams = co_await stream_pair();
  // Magic, version 1, type 0, flags 0, stream 0, length 1001, and not a byte of the body.
  constexpr std::string_view header{"\xF7NK\x01\0\0\0\0\0\0\0\0\0\0\x03\xE9", 16};
  if (Status sent = co_await streams.first.write(header); !sent) co_return sent;
  MessageReader<wire::FrameDecoder> reader{wire::FrameDecoder{1000}, 1016};
  auto frame = co_await reader.next(streams.second);
  if (!frame) co_return frame.error();
  co_return ok;
}

asio::awaitable<Status> read_in_silence() {
  auto streams = co_await stream_pair();
  streams.second.expire_in(5ms);
  LineReader reader{wire::LineDecoder{10}, 20};
  auto line = co_await reader.next(streams.second);
  if (!line) co_return line.error();
  co_return ok;
}

}  // namespace

TEST_CASE("MessageReader: gives the same messages however the stream is cut") {
  std::string bytes;
  Texts expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(std::string(static_cast<std::size_t>(i), 'x') + std::to_string(i));
    bytes += expected.back() + "\n";
  }
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, bytes.size()}) {
    const auto [got, ended] = lines(bytes, size);
    CHECK((got == expected));
    CHECK(ended == Errc::closed);
  }
}

TEST_CASE("MessageReader: a message over the decoder's limit is an error after those before it") {
  const auto [got, ended] = lines("one\n" + std::string(1001, 'x') + "\n", 64);
  CHECK(got == Texts{"one"});
  CHECK(ended == Errc::too_large);
}

TEST_CASE("MessageReader: keeps no more than its own limit, whatever the decoder would take") {
  const auto [got, ended] = lines("one\n" + std::string(200'000, 'x') + "\n", 64, 1'000'000, 5000);
  CHECK(got == Texts{"one"});
  CHECK(ended == Errc::too_large);
}

TEST_CASE("MessageReader: bytes that are no message end it after those before them") {
  const auto [got, ended] = lines("one\ntwo\n\xFFthree\n", 3);
  CHECK(got == Texts{"one", "two"});
  CHECK(ended == Errc::not_utf8);
}

TEST_CASE("MessageReader: an announced length is refused before its body comes") {
  CHECK(run(read_oversized_frame()).error().code == Errc::too_large);
}

TEST_CASE("MessageReader: heeds the stream's deadline") {
  CHECK(run(read_in_silence()).error().code == Errc::timed_out);
}

TEST_CASE("together: waits for all parts, and the order of their ends does not matter") {
  int order = 0;
  int first = 0;
  int second = 0;
  CHECK(run(two(order, first, second, ok, ok)));
  CHECK(first == 2);
  CHECK(second == 1);
  CHECK(run(nothing()));
}

TEST_CASE("together: reports the first error in time, after all have ended") {
  int order = 0;
  int first = 0;
  int second = 0;
  CHECK(run(two(order, first, second, Errc::malformed, Errc::refused)).error().code ==
        Errc::refused);
  CHECK(order == 2);
  CHECK(run(two(order, first, second, Errc::malformed, ok)).error().code == Errc::malformed);
  CHECK(run(two(order, first, second, ok, Errc::refused)).error().code == Errc::refused);
  CHECK(order == 6);
}
