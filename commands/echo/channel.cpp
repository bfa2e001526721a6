// The channels: bytes, lines, len64, frames, WebSocket messages, datagrams.
#include "commands/echo/channel.hpp"

#include <asio/buffer.hpp>
#include <vector>

#include "base/text.hpp"
#include "net/datagram.hpp"
#include "net/deadline.hpp"
#include "net/message_reader.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"
#include "net/websocket.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

namespace netkit::echo {
namespace {

using Answer = asio::awaitable<Result<std::string_view>>;

class StreamChannel : public Channel {
 public:
  explicit StreamChannel(net::Stream stream) : stream_{std::move(stream)} {}
  asio::awaitable<void> close() override { return stream_.close(); }
  void expire_in(Duration limit) override { stream_.expire_in(limit); }

 protected:
  net::Stream stream_;
  std::string out_;
};

/// Bytes without bounds; with `header`, len64: what is sent gets one, what comes back has none.
class BytesChannel final : public StreamChannel {
 public:
  BytesChannel(net::Stream stream, bool header)
      : StreamChannel{std::move(stream)}, header_{header} {}

  bool keeps_bounds() const override { return header_; }
  std::string_view dialect() const override { return header_ ? "len64" : "raw"; }

  asio::awaitable<Status> send(std::string_view message) override {
    if (!header_) return stream_.write(message);
    out_.clear();
    wire::append_len64(out_, message);
    return stream_.write(out_);
  }

  Answer receive(AnswerEnd end) override {
    received_.erase(0, used_);
    used_ = 0;
    for (std::size_t searched = 0;;) {
      const std::size_t line_end =
          end.at_line_end && !header_ ? received_.find('\n', searched) : std::string::npos;
      searched = received_.size();
      used_ = line_end != std::string::npos ? line_end + 1 : received_.size();
      if (line_end != std::string::npos || received_.size() >= end.size)
        co_return std::string_view{received_}.substr(0, used_ = std::min(used_, end.size));
      used_ = 0;
      const std::size_t wanted = end.size - received_.size();
      received_.resize(received_.size() + std::min<std::size_t>(wanted, 64 * 1024));
      Result<std::size_t> count =
          co_await stream_.read_some(std::span{received_}.subspan(searched));
      received_.resize(searched + (count ? *count : 0));
      if (!count) co_return count.error();
    }
  }
  std::string take_partial() override { return std::exchange(received_, {}); }

 private:
  bool header_;
  std::string received_;
  std::size_t used_ = 0;
};

/// Messages of sctp, nothing in front of them.
class MessageChannel final : public StreamChannel {
 public:
  MessageChannel(net::Stream stream, std::size_t size_max)
      : StreamChannel{std::move(stream)}, size_max_{size_max} {}

  bool keeps_bounds() const override { return true; }
  std::string_view dialect() const override { return "sctp"; }
  asio::awaitable<Status> send(std::string_view message) override {
    if (message.empty()) co_return Error{Errc::usage, "send an empty message", "sctp has none"};
    if (message.size() <= stream_.message_size_max()) co_return co_await stream_.write(message);
    co_return Error{Errc::too_large,
                    "send a message of " + std::to_string(message.size()) + " bytes",
                    "the kernel's SCTP takes " + std::to_string(stream_.message_size_max()) +
                        " at the most; try --sctp user"};
  }
  Answer receive(AnswerEnd) override {
    if (std::exchange(whole_, false)) received_.clear();
    while (!whole_) {
      const std::size_t before = received_.size();
      if (before > size_max_) co_return Errc::too_large;
      received_.resize(before + 64 * 1024);
      Result<std::size_t> count = co_await stream_.read_some(std::span{received_}.subspan(before));
      received_.resize(before + (count ? *count : 0));
      if (!count) co_return count.error();
      whole_ = stream_.at_message_end();
    }
    co_return std::string_view{received_};
  }
  std::string take_partial() override { return std::exchange(received_, {}); }

 private:
  const std::size_t size_max_;
  std::string received_;
  bool whole_ = false;
};

class LineChannel final : public StreamChannel {
 public:
  LineChannel(net::Stream stream, std::size_t size_max)
      : StreamChannel{std::move(stream)}, reader_{wire::LineDecoder{size_max}, size_max + 2} {}

  bool keeps_bounds() const override { return true; }
  std::string_view dialect() const override { return "line"; }
  asio::awaitable<Status> send(std::string_view message) override {
    out_.assign(message).append("\n");
    return stream_.write(out_);
  }
  Answer receive(AnswerEnd) override { return reader_.next(stream_); }

 private:
  net::MessageReader<wire::LineDecoder> reader_;
};

/// Text before the server's first frame is for people with nc, and passed over.
class FramesAfterText {
 public:
  explicit FramesAfterText(std::size_t size_max) : decoder_{static_cast<std::uint32_t>(size_max)} {}

  Result<wire::Decoded<wire::Frame>> next(std::span<char> unread) {
    const std::size_t text = began_ ? 0 : wire::text_before_frame({unread.data(), unread.size()});
    if (text > 0) return wire::Decoded<wire::Frame>{.used = text, .message = std::nullopt};
    auto decoded = decoder_.next(unread);
    began_ = began_ || (decoded && decoded->message);
    return decoded;
  }

 private:
  wire::FrameDecoder decoder_;
  bool began_ = false;
};

class FrameChannel final : public StreamChannel {
 public:
  FrameChannel(net::Stream stream, std::size_t size_max)
      : StreamChannel{std::move(stream)},
        reader_{FramesAfterText{size_max}, size_max + wire::frame_header_size} {}

  bool keeps_bounds() const override { return true; }
  std::string_view dialect() const override { return "frame"; }
  asio::awaitable<Status> send(std::string_view message) override {
    out_.clear();
    wire::append_frame(out_, {.body = message});
    return stream_.write(out_);
  }
  Answer receive(AnswerEnd) override {
    for (;;) {
      auto frame = co_await reader_.next(stream_);
      if (!frame) co_return frame.error();
      if (frame->type == wire::frame_type::data || frame->type == wire::frame_type::error)
        co_return frame->body;
      // The hello by which we said who we are comes back from a server that did not ask.
      if (frame->type != wire::frame_type::hello) co_return Errc::unexpected;
    }
  }

 private:
  net::MessageReader<FramesAfterText> reader_;
};

class WebSocketChannel final : public Channel {
 public:
  explicit WebSocketChannel(net::WebSocketClient client) : client_{std::move(client)} {}

  bool keeps_bounds() const override { return true; }
  std::string_view dialect() const override { return "ws"; }
  asio::awaitable<Status> send(std::string_view message) override {
    const bool text = is_utf8(message);
    return client_.send(text ? wire::WebSocketOp::text : wire::WebSocketOp::binary, message);
  }
  Answer receive(AnswerEnd) override {
    auto message = co_await client_.receive();
    if (!message) co_return message.error();
    co_return message->body;
  }
  asio::awaitable<void> close() override { return client_.close(); }
  void expire_in(Duration limit) override { client_.stream().expire_in(limit); }

 private:
  net::WebSocketClient client_;
};

class DatagramChannel final : public Channel {
 public:
  explicit DatagramChannel(asio::ip::udp::socket socket)
      : socket_{std::move(socket)},
        deadline_{socket_.get_executor(),
                  [this] {
                    std::error_code ignored;
                    socket_.cancel(ignored);
                  }},
        memory_(net::datagram_size_max) {}

  bool keeps_bounds() const override { return false; }
  std::string_view dialect() const override { return "udp"; }
  asio::awaitable<Status> send(std::string_view message) override {
    std::error_code failed;
    co_await socket_.async_send(asio::buffer(message), net::into(failed));
    // ECONNREFUSED reports an earlier datagram; this one may well arrive.
    if (failed && failed != asio::error::connection_refused)
      co_return Error{failed, "send a datagram of " + std::to_string(message.size()) + " bytes"};
    co_return ok;
  }
  Answer receive(AnswerEnd) override {
    std::error_code failed;
    if (deadline_.passed()) co_return Errc::timed_out;
    const std::size_t count =
        co_await socket_.async_receive(asio::buffer(memory_), net::into(failed));
    if (deadline_.passed()) co_return Errc::timed_out;
    if (failed) co_return Error{failed, "receive an answer", "is the server running?"};
    co_return std::string_view{memory_.data(), count};
  }
  asio::awaitable<void> close() override {
    std::error_code ignored;
    socket_.close(ignored);
    co_return;
  }
  void expire_in(Duration limit) override { deadline_.expire_in(limit); }

 private:
  asio::ip::udp::socket socket_;
  net::Deadline deadline_;
  std::vector<char> memory_;
};

std::unique_ptr<Channel> stream_channel(net::Stream stream, const ChannelOptions& options) {
  switch (options.framing) {
    case Framing::raw:
      if (stream.keeps_bounds())
        return std::make_unique<MessageChannel>(std::move(stream), options.message_size_max);
      return std::make_unique<BytesChannel>(std::move(stream), false);
    case Framing::len64: return std::make_unique<BytesChannel>(std::move(stream), true);
    case Framing::line:
      return std::make_unique<LineChannel>(std::move(stream), options.message_size_max);
    case Framing::frame:
      return std::make_unique<FrameChannel>(std::move(stream), options.message_size_max);
  }
  return nullptr;
}

asio::awaitable<Result<std::unique_ptr<Channel>>> open_websocket(net::Stream stream,
                                                                 const net::Endpoint& to,
                                                                 std::string credential,
                                                                 Duration limit,
                                                                 std::size_t size_max) {
  stream.expire_in(limit);
  net::UpgradeWish wish{net::authority(to), to.path};
  wish.token = std::move(credential);
  auto client = co_await net::WebSocketClient::open(std::move(stream), std::move(wish), size_max);
  if (!client)
    co_return Error{client.error().code, "open a WebSocket at " + net::to_text(to),
                    client.error().attempt};
  client->stream().expire_never();
  co_return std::make_unique<WebSocketChannel>(std::move(*client));
}

/// Whether anything is to be shown at `to`. On bare bytes, lines and len64 a server that does not
/// ask would take a token for a message, so that there only what was given is sent.
Result<bool> shows_credential(const net::Endpoint& to, const ChannelOptions& options) {
  const bool has_place = to.scheme == net::Scheme::ws || to.scheme == net::Scheme::wss ||
                         options.framing == Framing::frame;
  if (!options.credential || to.scheme == net::Scheme::udp) return false;
  if (!has_place && !options.credential->is_given()) return false;
  return options.credential->fits(to);
}

/// The words of a server that does not serve us, if `answer` is that, or as much of it as was
/// waited for, and no echo.
std::optional<Error> refusal_in(std::string_view answer, std::string_view message) {
  constexpr std::string_view mark = access::refusal_prefix;
  if (message.starts_with(answer.substr(0, mark.size()))) return std::nullopt;
  if (mark.starts_with(answer)) return Error{Errc::refused, "be served", "it asks for a token"};
  std::string said{answer};
  if (answer.starts_with('{'))
    if (const auto json = wire::Json::parse(answer)) said = json->string("error").value_or("");
  if (!said.starts_with(mark)) return std::nullopt;
  return Error{Errc::refused, "be served",
               escape_for_display(trim(std::string_view{said}.substr(mark.size())))};
}

/// What fits into the socket buffers of any system on the way there and back.
constexpr std::size_t sent_at_once_max = 32 * 1024;

asio::awaitable<Status> receive_into(Channel& channel, AnswerEnd end,
                                     Result<std::string_view>& answer) {
  answer = co_await channel.receive(end);
  if (answer) co_return ok;
  co_return answer.error();
}

}  // namespace

asio::awaitable<Result<std::string_view>> exchange(Channel& channel, std::string_view message,
                                                   AnswerEnd end) {
  if (message.size() <= sent_at_once_max) {
    if (Status sent = co_await channel.send(message); !sent) co_return sent.error();
    Result<std::string_view> received = co_await channel.receive(end);
    if (received)
      if (auto refused = refusal_in(*received, message)) co_return std::move(*refused);
    co_return received;
  }
  Result<std::string_view> answer = Errc::closed;
  std::vector<asio::awaitable<Status>> both;
  both.push_back(channel.send(message));
  both.push_back(receive_into(channel, end, answer));
  if (Status done = co_await net::together(std::move(both)); !done) co_return done.error();
  co_return answer;
}

asio::awaitable<Result<std::unique_ptr<Channel>>> open_channel(const cli::Context& context,
                                                               const cli::ClientOptions& client,
                                                               net::Endpoint to,
                                                               ChannelOptions options) {
  if (to.scheme == net::Scheme::udp) {
    auto socket = co_await net::connect_datagram(to);
    if (!socket) co_return socket.error();
    co_return std::make_unique<DatagramChannel>(std::move(*socket));
  }
  const Result<bool> shows = shows_credential(to, options);
  if (!shows) co_return shows.error();
  Result<net::Stream> stream = co_await cli::connect(context, client, to);
  if (!stream) co_return stream.error();
  Result<std::string> credential = std::string{};
  if (*shows)
    credential = options.credential->for_service("echo", to, cli::audience_at(to, *stream));
  if (!credential) co_return credential.error();
  if (to.scheme == net::Scheme::ws || to.scheme == net::Scheme::wss)
    co_return co_await open_websocket(std::move(*stream), to, std::move(*credential),
                                      client.answer_limit, options.message_size_max);
  if (!credential->empty()) {
    const std::string shown = access::show_credential(showing_of(options.framing), *credential);
    stream->expire_in(client.answer_limit);
    if (Status sent = co_await stream->write(shown); !sent) co_return sent.error();
    stream->expire_never();
  }
  co_return stream_channel(std::move(*stream), options);
}

net::Endpoint completed(net::Endpoint endpoint) {
  const net::Scheme scheme = endpoint.scheme_or(net::Scheme::tcp);
  std::uint16_t standard = port;
  if (scheme == net::Scheme::tls) standard = tls_port;
  if (scheme == net::Scheme::ws) standard = ws_port;
  if (scheme == net::Scheme::wss) standard = wss_port;
  if (scheme == net::Scheme::sctp) standard = sctp_port;
  return net::complete(std::move(endpoint), scheme, "127.0.0.1", standard);
}

}  // namespace netkit::echo
