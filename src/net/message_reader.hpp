// Whole messages from a stream, one at a time: the client's side of what pump() is for servers.
#pragma once

#include <asio/awaitable.hpp>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "net/receive_buffer.hpp"
#include "net/stream.hpp"
#include "wire/decoded.hpp"

namespace netkit::net {

template <typename Decoder>
class MessageReader {
 public:
  using Message = typename decltype((*std::declval<Decoder&>().next({})).message)::value_type;

  /// At most `kept_size_max` bytes wait for the rest of their message; one read takes at most
  /// `read_size`.
  MessageReader(Decoder decoder, std::size_t kept_size_max, std::size_t read_size = 64 * 1024)
      : decoder_{std::move(decoder)}, memory_(read_size), received_{memory_, kept_size_max} {}
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;

  /// The next message; its views hold until the next call. Errc::closed at the end of the stream.
  asio::awaitable<Result<Message>> next(Stream& stream) {
    received_.consume(std::exchange(used_, 0));
    for (;;) {
      if (!received_.empty()) {
        auto decoded = decoder_.next(received_.unread());
        if (!decoded) co_return decoded.error();
        if (decoded->message) {
          used_ = decoded->used;
          co_return std::move(*decoded->message);
        }
        received_.consume(decoded->used);
        if (decoded->used > 0) continue;
      }
      received_.keep();
      const std::span<char> room = received_.room();
      if (room.empty()) co_return Errc::too_large;
      Result<std::size_t> count = co_await stream.read_some(room);
      if (!count) co_return count.error();
      received_.add(*count);
    }
  }

  Decoder& decoder() { return decoder_; }
  ReceiveBuffer& received() { return received_; }

 private:
  Decoder decoder_;
  std::vector<char> memory_;
  ReceiveBuffer received_;
  std::size_t used_ = 0;
};

}  // namespace netkit::net
