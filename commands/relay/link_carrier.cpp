// The three ways.
#include "commands/relay/link_carrier.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "net/message_reader.hpp"
#include "wire/websocket.hpp"

namespace netkit::relay {
namespace {

using wire::WebSocketOp;

constexpr std::size_t kept_size_max = carried_size_max + wire::frame_header_size;

/// Frames, and before the first one whatever a server says to those it takes for people.
class TextThenFrames {
 public:
  Result<wire::Decoded<wire::Frame>> next(std::span<char> unread) {
    if (!begun_) {
      const std::size_t text = wire::text_before_frame({unread.data(), unread.size()});
      if (text > 0) return wire::Decoded<wire::Frame>{.used = text, .message = std::nullopt};
    }
    auto decoded = wire::FrameDecoder{carried_size_max}.next(unread);
    if (decoded && decoded->message) begun_ = true;
    return decoded;
  }

 private:
  bool begun_ = false;
};

void put_back(net::ReceiveBuffer& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = to.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    if (count == 0) return;
    bytes.copy(room.data(), count);
    to.add(count);
    to.keep();
    bytes.remove_prefix(count);
  }
}

class PlainCarrier final : public LinkCarrier {
 public:
  PlainCarrier(net::Stream& stream, std::string_view received)
      : stream_{stream}, reader_{TextThenFrames{}, kept_size_max} {
    put_back(reader_.received(), received);
  }

  asio::awaitable<Result<wire::Frame>> next() override { return reader_.next(stream_); }
  asio::awaitable<Status> send(std::string_view frames) override { return stream_.write(frames); }
  net::Stream& stream() override { return stream_; }

 private:
  net::Stream& stream_;
  net::MessageReader<TextThenFrames> reader_;
};

/// The frames inside one message.
class Message {
 public:
  void begin(std::string_view body) { rest_ = body; }
  /// nullopt at its end. A frame that the message does not hold whole is Errc::malformed.
  Result<std::optional<wire::Frame>> next() {
    if (rest_.empty()) return std::optional<wire::Frame>{};
    const std::span<char> bytes{const_cast<char*>(rest_.data()), rest_.size()};
    auto decoded = wire::FrameDecoder{carried_size_max}.next(bytes);
    if (!decoded) return decoded.error();
    if (!decoded->message) return Error{Errc::malformed, "read a frame that is cut short"};
    rest_.remove_prefix(decoded->used);
    return decoded->message;
  }

 private:
  std::string_view rest_;
};

Status check_op(WebSocketOp op) {
  if (op == WebSocketOp::binary) return ok;
  return Error{Errc::unexpected, "read a text message of a link"};
}

class ServerMessages final : public LinkCarrier {
 public:
  ServerMessages(net::Stream& stream, std::string_view received)
      : stream_{stream},
        reader_{wire::WebSocketDecoder{wire::WebSocketRole::server, carried_size_max},
                kept_size_max + net::head_size_max} {
    put_back(reader_.received(), received);
  }

  asio::awaitable<Result<wire::Frame>> next() override {
    for (;;) {
      const auto frame = message_.next();
      if (!frame) co_return frame.error();
      if (*frame) co_return **frame;
      const Result<wire::WebSocketMessage> message = co_await reader_.next(stream_);
      if (!message) co_return message.error();
      if (message->op == WebSocketOp::close) co_return Errc::closed;
      // Goes with the next heartbeat at the latest: two may not write at a time.
      if (message->op == WebSocketOp::ping) pong_ = std::string{message->body};
      if (message->op == WebSocketOp::ping || message->op == WebSocketOp::pong) continue;
      if (Status binary = check_op(message->op); !binary) co_return binary.error();
      message_.begin(message->body);
    }
  }

  asio::awaitable<Status> send(std::string_view frames) override {
    out_.clear();
    if (const auto pong = std::exchange(pong_, std::nullopt))
      wire::append_websocket(out_, WebSocketOp::pong, *pong);
    wire::append_websocket(out_, WebSocketOp::binary, frames);
    return stream_.write(out_);
  }

  net::Stream& stream() override { return stream_; }

 private:
  net::Stream& stream_;
  net::MessageReader<wire::WebSocketDecoder> reader_;
  Message message_;
  std::string out_;
  std::optional<std::string> pong_;
};

class ClientMessages final : public LinkCarrier {
 public:
  explicit ClientMessages(net::WebSocketClient client) : client_{std::move(client)} {}

  asio::awaitable<Result<wire::Frame>> next() override {
    for (;;) {
      const auto frame = message_.next();
      if (!frame) co_return frame.error();
      if (*frame) co_return **frame;
      const Result<wire::WebSocketMessage> message = co_await client_.receive();
      if (!message) co_return message.error();
      if (Status binary = check_op(message->op); !binary) co_return binary.error();
      message_.begin(message->body);
    }
  }

  asio::awaitable<Status> send(std::string_view frames) override {
    return client_.send(WebSocketOp::binary, frames);
  }

  net::Stream& stream() override { return client_.stream(); }

 private:
  net::WebSocketClient client_;
  Message message_;
};

}  // namespace

std::unique_ptr<LinkCarrier> carry_plainly(net::Stream& stream, std::string_view received) {
  return std::make_unique<PlainCarrier>(stream, received);
}

std::unique_ptr<LinkCarrier> carry_by_messages(net::Stream& stream, std::string_view received) {
  return std::make_unique<ServerMessages>(stream, received);
}

std::unique_ptr<LinkCarrier> carry_by_messages(net::WebSocketClient client) {
  return std::make_unique<ClientMessages>(std::move(client));
}

}  // namespace netkit::relay
