// The codecs of the frames between peers.
#include "commands/presence/message.hpp"

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "wire/fields.hpp"
#include "wire/json.hpp"

namespace netkit::presence {
namespace {

constexpr const char* attempt = "talk to the peer";
constexpr std::size_t sentence_size_max = 512;

std::string hex_of(std::uint64_t number) {
  std::string bytes;
  append_be(bytes, number);
  return to_hex(bytes);
}

/// A member of so many bytes in hex digits; empty for any other.
std::string bytes_of(const wire::Json& json, std::string_view member, std::size_t size) {
  auto bytes = from_hex(json.string(member).value_or(""));
  return bytes && bytes->size() == size ? std::move(*bytes) : std::string{};
}

void append_numbered(std::string& out, std::uint16_t type, std::string_view body) {
  wire::append_frame(out, {.type = type, .flags = 0, .stream = 0, .body = body});
}

}  // namespace

void append_hello(std::string& out, const TalkHello& hello) {
  const std::string body = JsonObject{}
                               .add("service", talk_service)
                               .add("version", talk_version)
                               .add("nonce", hex_of(hello.nonce))
                               .add("key", to_hex(hello.key))
                               .str();
  append_numbered(out, wire::frame_type::hello, body);
}

Result<TalkHello> decode_hello(std::string_view body) {
  const auto json =
      wire::Json::parse(body, {.size_max = talk_hello_size_max, .depth_max = 2, .values_max = 32});
  if (!json || !json->is_object()) return Error{Errc::malformed, attempt, "its hello is no object"};
  if (json->string("service") != talk_service)
    return Error{Errc::unexpected, attempt, "the other side is no peer"};
  if (json->integer("version") != talk_version)
    return Error{Errc::wrong_version, attempt, "it is of another version"};
  const std::string nonce = bytes_of(*json, "nonce", sizeof(std::uint64_t));
  std::string key = bytes_of(*json, "key", key_size);
  if (nonce.empty() || key.empty())
    return Error{Errc::malformed, attempt, "its hello lacks a nonce or a key"};
  return TalkHello{.nonce = load_be<std::uint64_t>(nonce.data()), .key = std::move(key)};
}

void append_prove(std::string& out, std::string_view announcement, std::string_view proof) {
  std::string body{announcement};
  body += proof;
  append_numbered(out, frame_type::prove, body);
}

Result<Prove> decode_prove(std::string_view body) {
  if (body.size() > announcement_size_max + identity::signature_size) return Errc::too_large;
  if (body.size() <= identity::signature_size) return Errc::malformed;
  const std::size_t split_at = body.size() - identity::signature_size;
  return Prove{.announcement = body.substr(0, split_at), .proof = body.substr(split_at)};
}

void append_say(std::string& out, const Say& say) {
  std::string body;
  body.reserve(2 * sizeof(std::uint64_t) + say.text.size());
  append_be(body, say.id);
  append_be(body, say.time_ms);
  body += say.text;
  append_numbered(out, frame_type::say, body);
}

Result<Say> decode_say(std::string_view body) {
  wire::FieldReader reader{body};
  Say say;
  say.id = reader.number<std::uint64_t>();
  say.time_ms = reader.number<std::uint64_t>();
  say.text = reader.rest();
  if (reader.failed()) return Errc::malformed;
  if (Status fits = check_text(say.text); !fits) return fits.error();
  return say;
}

void append_ack(std::string& out, std::uint64_t id) {
  std::string body;
  append_be(body, id);
  append_numbered(out, frame_type::ack, body);
}

Result<std::uint64_t> decode_ack(std::string_view body) {
  wire::FieldReader reader{body};
  const auto id = reader.number<std::uint64_t>();
  if (!reader.done()) return Errc::malformed;
  return id;
}

void append_refusal(std::string& out, const Error& why) {
  const std::string sentence = Error{why.code, why.attempt}.message();
  append_numbered(out, wire::frame_type::error, utf8_prefix(sentence, sentence_size_max));
}

Error decode_refusal(std::string_view body) {
  const std::string said = escape_for_display(utf8_prefix(body, sentence_size_max));
  return {Errc::refused, attempt, "it says: " + said};
}

Status check_text(std::string_view text) {
  if (text.size() > text_size_max)
    return Error{Errc::too_large, "send a message", "64 KiB at most; longer ones go as a file"};
  if (text.empty()) return Error{Errc::malformed, "send a message", "it is empty"};
  if (!is_utf8(text)) return Error{Errc::not_utf8, "send a message"};
  return ok;
}

}  // namespace netkit::presence
