// The codec between shutdown-server and its agents; the field tables stand in the header. What a
// peer sends is checked in full before any of it is believed.
#include "commands/shutdown/protocol.hpp"

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "wire/frame.hpp"

namespace netkit::shutdown {
namespace {

namespace type {
constexpr std::uint16_t receipt = 16;
constexpr std::uint16_t accepted = 17;
constexpr std::uint16_t refused = 18;
constexpr std::uint16_t going = 19;
constexpr std::uint16_t cancelled = 20;
constexpr std::uint16_t order = 32;
constexpr std::uint16_t cancel = 33;
}  // namespace type

constexpr std::uint8_t flag_dry_run = 1;
constexpr std::uint8_t flag_once = 2;
constexpr std::uint8_t flag_force = 1;

// -- writing

void append_text(std::string& to, std::string_view text, std::size_t size_max = text_size_max) {
  std::string escaped;
  if (!is_utf8(text)) text = escaped = escape_for_display(text.substr(0, size_max));
  text = utf8_prefix(text, size_max);
  append_be(to, static_cast<std::uint16_t>(text.size()));
  to += text;
}

std::uint8_t flags_of(const Hello& hello) {
  return static_cast<std::uint8_t>((hello.dry_run ? flag_dry_run : 0) |
                                   (hello.once ? flag_once : 0));
}

std::string framed(std::uint16_t frame_type, std::string_view body) {
  std::string message;
  message.reserve(wire::frame_header_size + body.size());
  wire::append_frame(message, {.type = frame_type, .body = body});
  return message;
}

std::string encode_one(const Hello& hello) {
  std::string body;
  append_be(body, flags_of(hello));
  body.append(hello.machine.data(), hello.machine.size());
  body.append(hello.boot.data(), hello.boot.size());
  append_text(body, hello.host, host_name_size_max);
  append_text(body, hello.version);
  append_text(body, hello.exec);
  const std::size_t addresses = std::min(hello.hardware_addresses.size(), hardware_addresses_max);
  append_be(body, static_cast<std::uint8_t>(addresses));
  for (std::size_t i = 0; i < addresses; ++i)
    body.append(hello.hardware_addresses[i].data(), hello.hardware_addresses[i].size());
  const std::size_t ports = std::min(hello.ports.size(), ports_max);
  append_be(body, static_cast<std::uint8_t>(ports));
  for (std::size_t i = 0; i < ports; ++i)
    append_be(body, hello.ports[i]);
  append_text(body, hello.code);
  return framed(wire::frame_type::hello, body);
}

std::string encode_one(const Progress& progress) {
  std::string body;
  append_be(body, progress.order);
  switch (progress.step) {
    case Step::receipt: return framed(type::receipt, body);
    case Step::accepted: return framed(type::accepted, body);
    case Step::going: return framed(type::going, body);
    case Step::cancelled: return framed(type::cancelled, body);
    case Step::refused: break;
  }
  append_text(body, progress.why);
  return framed(type::refused, body);
}

std::string encode_one(const Goodbye& goodbye) {
  std::string body;
  append_be(body, goodbye.order);
  append_text(body, goodbye.why);
  return framed(wire::frame_type::goodbye, body);
}

std::string encode_one(const Welcome& welcome) {
  std::string body;
  append_text(body, welcome.server);
  append_be(body, welcome.heartbeat_ms);
  append_text(body, welcome.token);
  return framed(wire::frame_type::hello, body);
}

std::string encode_one(const OrderOffer& offer) {
  std::string body;
  append_be(body, offer.order);
  body.append(offer.boot.data(), offer.boot.size());
  append_be(body, offer.valid_for_ms);
  append_be(body, offer.force ? flag_force : std::uint8_t{0});
  append_text(body, offer.issuer);
  append_text(body, offer.reason);
  return framed(type::order, body);
}

std::string encode_one(const CancelOffer& offer) {
  std::string body;
  append_be(body, offer.order);
  return framed(type::cancel, body);
}

std::string encode_one(const Rejection& rejection) {
  std::string body;
  append_text(body, rejection.why);
  return framed(wire::frame_type::error, body);
}

// -- reading

/// Takes fields off the front of a body. After the first failure every field is empty.
class Reader {
 public:
  explicit Reader(std::string_view body) : body_{body} {}

  template <std::unsigned_integral T>
  T number() {
    const std::string_view bytes = take(sizeof(T));
    return bytes.empty() ? T{} : load_be<T>(bytes.data());
  }

  template <std::size_t size>
  std::array<char, size> bytes() {
    std::array<char, size> value{};
    const std::string_view taken = take(size);
    std::copy(taken.begin(), taken.end(), value.begin());
    return value;
  }

  std::string text(std::size_t size_max = text_size_max) {
    const std::size_t size = number<std::uint16_t>();
    if (size > size_max) fail(Errc::too_large);
    const std::string_view taken = take(size);
    if (!is_utf8(taken)) fail(Errc::not_utf8);
    return failed_ ? std::string{} : std::string{taken};
  }

  std::size_t count(std::size_t count_max) {
    const std::size_t count = number<std::uint8_t>();
    if (count > count_max) fail(Errc::too_large);
    return failed_ ? 0 : count;
  }

  std::uint8_t flags(std::uint8_t known) {
    const auto flags = number<std::uint8_t>();
    // A flag of a later version may forbid what this one would do.
    if ((flags & ~known) != 0) fail(Errc::malformed);
    return flags;
  }

  OrderId order() {
    const auto order = number<OrderId>();
    if (order == 0) fail(Errc::malformed);
    return order;
  }

  void fail(Errc code) {
    if (!failed_) failed_ = code;
  }

  /// `message`, if the body was whole and nothing is left of it.
  template <typename Message>
  Result<Message> finish(Message message, std::string_view what, std::uint16_t frame_type) {
    if (!body_.empty()) fail(Errc::malformed);
    if (failed_)
      return Error{*failed_,
                   "read " + std::string{what} + " (type " + std::to_string(frame_type) + ")"};
    return message;
  }

 private:
  std::string_view take(std::size_t size) {
    if (body_.size() < size) fail(Errc::malformed);
    if (failed_) return {};
    const std::string_view taken = body_.substr(0, size);
    body_.remove_prefix(size);
    return taken;
  }

  std::string_view body_;
  std::optional<Errc> failed_;
};

Result<wire::Frame> whole_frame(std::string_view message) {
  // The decoder asks for changeable bytes and leaves them as they are, as every frame is a view.
  const std::span<char> bytes{const_cast<char*>(message.data()), message.size()};
  const auto decoded = wire::FrameDecoder{agent_message_size_max}.next(bytes);
  if (!decoded) return decoded.error();
  if (!decoded->message || decoded->used != message.size())
    return Error{Errc::malformed, "read a message of exactly one frame"};
  if (decoded->message->flags != 0 || decoded->message->stream != 0)
    return Error{Errc::malformed, "read a frame without flags and stream"};
  return *decoded->message;
}

Error unknown_type(std::uint16_t frame_type) {
  return {Errc::unexpected, "read a message of type " + std::to_string(frame_type)};
}

Hello read_hello(Reader& reader) {
  Hello hello;
  const auto flags = reader.flags(flag_dry_run | flag_once);
  hello.dry_run = (flags & flag_dry_run) != 0;
  hello.once = (flags & flag_once) != 0;
  hello.machine = reader.bytes<16>();
  hello.boot = reader.bytes<16>();
  hello.host = reader.text(host_name_size_max);
  hello.version = reader.text();
  hello.exec = reader.text();
  hello.hardware_addresses.resize(reader.count(hardware_addresses_max));
  for (HardwareAddress& address : hello.hardware_addresses)
    address = reader.bytes<6>();
  hello.ports.resize(reader.count(ports_max));
  for (std::uint16_t& port : hello.ports) {
    port = reader.number<std::uint16_t>();
    if (port == 0) reader.fail(Errc::malformed);
  }
  hello.code = reader.text();
  return hello;
}

Progress read_progress(Reader& reader, Step step) {
  Progress progress{.step = step, .order = reader.order(), .why = {}};
  if (step == Step::refused) progress.why = reader.text();
  return progress;
}

Goodbye read_goodbye(Reader& reader) {
  Goodbye goodbye;
  goodbye.order = reader.number<OrderId>();
  goodbye.why = reader.text();
  return goodbye;
}

Welcome read_welcome(Reader& reader) {
  Welcome welcome;
  welcome.server = reader.text();
  welcome.heartbeat_ms = reader.number<std::uint32_t>();
  welcome.token = reader.text();
  return welcome;
}

OrderOffer read_order(Reader& reader) {
  OrderOffer offer;
  offer.order = reader.order();
  offer.boot = reader.bytes<16>();
  offer.valid_for_ms = reader.number<std::uint64_t>();
  offer.force = reader.flags(flag_force) != 0;
  offer.issuer = reader.text();
  offer.reason = reader.text();
  return offer;
}

}  // namespace

std::string encode(const FromAgent& message) {
  return std::visit([](const auto& one) { return encode_one(one); }, message);
}

std::string encode(const FromServer& message) {
  return std::visit([](const auto& one) { return encode_one(one); }, message);
}

Result<FromAgent> decode_from_agent(std::string_view bytes) {
  const auto frame = whole_frame(bytes);
  if (!frame) return frame.error();
  Reader reader{frame->body};
  FromAgent message;
  switch (frame->type) {
    case wire::frame_type::hello: message = read_hello(reader); break;
    case wire::frame_type::goodbye: message = read_goodbye(reader); break;
    case type::receipt: message = read_progress(reader, Step::receipt); break;
    case type::accepted: message = read_progress(reader, Step::accepted); break;
    case type::refused: message = read_progress(reader, Step::refused); break;
    case type::going: message = read_progress(reader, Step::going); break;
    case type::cancelled: message = read_progress(reader, Step::cancelled); break;
    default: return unknown_type(frame->type);
  }
  return reader.finish(std::move(message), "a message of an agent", frame->type);
}

Result<FromServer> decode_from_server(std::string_view bytes) {
  const auto frame = whole_frame(bytes);
  if (!frame) return frame.error();
  Reader reader{frame->body};
  FromServer message;
  switch (frame->type) {
    case wire::frame_type::hello: message = read_welcome(reader); break;
    case wire::frame_type::error: message = Rejection{reader.text()}; break;
    case type::order: message = read_order(reader); break;
    case type::cancel: message = CancelOffer{reader.order()}; break;
    default: return unknown_type(frame->type);
  }
  return reader.finish(std::move(message), "a message of the server", frame->type);
}

}  // namespace netkit::shutdown
