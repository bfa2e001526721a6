// Waiting for the hello, or for the frame behind a text.
#include "net/first_frame.hpp"

namespace netkit::net {
namespace {

/// nullopt while it is not there.
Result<std::optional<wire::Frame>> peek_hello(Connection& connection,
                                              const wire::FrameDecoder& decoder) {
  const auto decoded = decoder.next(connection.received().unread());
  if (!decoded) return decoded.error();
  if (!decoded->message) return std::optional<wire::Frame>{};
  if (decoded->message->type != wire::frame_type::hello)
    return Error{Errc::unexpected, "take a frame before the hello"};
  return std::optional{*decoded->message};
}

}  // namespace

asio::awaitable<Result<std::string>> await_hello(Connection& connection,
                                                 const wire::FrameDecoder& decoder) {
  connection.await_greeting();
  for (;;) {
    const Result<std::optional<wire::Frame>> hello = peek_hello(connection, decoder);
    if (!hello) co_return hello.error();
    if (*hello) co_return std::string{(*hello)->body};
    connection.received().keep();
    const Result<bool> more = co_await connection.receive();
    if (!more) co_return more.error();
    if (!*more) co_return Errc::closed;
  }
}

void take_hello(Connection& connection, const std::string& body) {
  connection.received().consume(wire::frame_header_size + body.size());
}

asio::awaitable<Status> skip_text(Stream& stream, ReceiveBuffer& received) {
  for (;;) {
    const std::span<const char> bytes = received.unread();
    const std::size_t text = wire::text_before_frame({bytes.data(), bytes.size()});
    const bool found = text < bytes.size();
    received.consume(text);
    if (found) co_return ok;
    received.keep();
    const Result<std::size_t> count = co_await stream.read_some(received.room());
    if (!count) co_return count.error();
    received.add(*count);
  }
}

}  // namespace netkit::net
