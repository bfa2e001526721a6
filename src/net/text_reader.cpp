// Cutting, and the silence that ends a word.
#include "net/text_reader.hpp"

#include <chrono>
#include <utility>

namespace netkit::net {
namespace {

/// A word without a line end counts after so long.
constexpr std::chrono::milliseconds silence{200};

}  // namespace

std::optional<std::string_view> TextReader::rest() {
  return len64_ ? std::nullopt : lines_.rest(connection_.received().unread());
}

Result<std::optional<std::string_view>> TextReader::next_at_hand() {
  ReceiveBuffer& received = connection_.received();
  received.consume(std::exchange(used_, 0));
  while (!received.empty()) {
    const std::span<char> unread = received.unread();
    const auto decoded = len64_ ? bodies_.next(unread) : lines_.next(unread);
    if (!decoded) return decoded.error();
    if (decoded->message) {
      used_ = decoded->used;
      return Message{decoded->message};
    }
    received.consume(decoded->used);
    if (decoded->used == 0) break;
  }
  return Message{};
}

asio::awaitable<Result<std::optional<std::string_view>>> TextReader::next() {
  ReceiveBuffer& received = connection_.received();
  for (;;) {
    const Result<Message> at_hand = next_at_hand();
    if (!at_hand || *at_hand) co_return at_hand;
    received.keep();
    const Message begun = received.empty() ? std::nullopt : rest();
    const bool may_be_whole = begun && is_whole_(*begun);
    if (may_be_whole) connection_.stream().expire_in(silence);
    const Result<bool> more = co_await connection_.receive();
    const bool silent = !more && more.error().code == Errc::timed_out;
    if (may_be_whole) connection_.touch();
    if (!more && !(silent && may_be_whole)) co_return more.error();
    if (more && *more) continue;
    // The end of the stream ends a line as well.
    const Message last = received.empty() ? std::nullopt : rest();
    if (!last) co_return Message{};
    used_ = received.unread().size();
    lines_.restart();
    co_return last;
  }
}

}  // namespace netkit::net
