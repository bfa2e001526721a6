// The opening's JSON, and what is signed.
#include "commands/relay/link_opening.hpp"

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "identity/key_pair.hpp"
#include "wire/json.hpp"

namespace netkit::relay {
namespace {

constexpr int link_version = 1;
constexpr std::size_t key_size = 32;
constexpr std::size_t name_size_max = 64;
constexpr const char* attempt = "open a link";

std::string hex_of(LogId log) {
  std::string bytes;
  append_be(bytes, log);
  return to_hex(bytes);
}

Result<wire::Json> read(const wire::Frame& frame) {
  auto json = wire::Json::parse(
      frame.body, {.size_max = link_hello_size_max, .depth_max = 2, .values_max = 64});
  if (!json || !json->is_object()) return Error{Errc::malformed, attempt, "no JSON object"};
  return json;
}

/// A member of so many bytes in hex digits.
Result<std::string> bytes_of(const wire::Json& json, std::string_view member, std::size_t size) {
  auto bytes = from_hex(json.string(member).value_or(""));
  if (bytes && bytes->size() == size) return std::move(*bytes);
  return Error{Errc::malformed, attempt, "its \"" + std::string{member} + "\" is wrong"};
}

bool fits(std::string_view name) {
  // What would have to be escaped to be shown is no name.
  return !name.empty() && name.size() <= name_size_max && escape_for_display(name) == name;
}

Result<LinkParty> read_party(const wire::Json& json) {
  if (json.string("service") != link_service)
    return Error{Errc::unexpected, attempt, "the other side is no relay"};
  if (json.integer("version") != link_version)
    return Error{Errc::wrong_version, attempt, "the other relay is of another version"};
  const auto name = json.string("name");
  if (!name || !fits(*name)) return Error{Errc::malformed, attempt, "its \"name\" is wrong"};
  const auto log = bytes_of(json, "log", sizeof(LogId));
  if (!log) return log.error();
  auto key = bytes_of(json, "key", key_size);
  if (!key) return key.error();
  auto nonce = bytes_of(json, "nonce", link_nonce_size);
  if (!nonce) return nonce.error();
  return LinkParty{.name = std::string{*name},
                   .log = load_be<LogId>(log->data()),
                   .public_key = std::move(*key),
                   .nonce = std::move(*nonce)};
}

}  // namespace

bool asks_for_link(const wire::Frame& frame) {
  if (frame.type != wire::frame_type::hello || frame.body.size() > link_hello_size_max)
    return false;
  const auto json = read(frame);
  return json && json->string("service") == link_service;
}

LinkOpening::LinkOpening(Side side, LinkParty own, const identity::KeptKey& key, std::string mark)
    : side_{side}, own_{std::move(own)}, key_{key}, mark_{std::move(mark)} {}

void LinkOpening::append_hello(std::string& out) const {
  append_hello(out, {});
}

void LinkOpening::append_hello(std::string& out, std::string_view proof) const {
  JsonObject hello;
  hello.add("service", link_service)
      .add("version", link_version)
      .add("name", own_.name)
      .add("log", hex_of(own_.log))
      .add("key", to_hex(own_.public_key))
      .add("nonce", to_hex(own_.nonce));
  if (!proof.empty()) hello.add("proof", to_hex(proof));
  const std::string body = hello.str();
  wire::append_frame(out, {.type = wire::frame_type::hello, .body = body});
}

std::string LinkOpening::signed_text(Side side) const {
  const LinkParty& connecting = side_ == Side::connecting ? own_ : peer_;
  const LinkParty& accepting = side_ == Side::connecting ? peer_ : own_;
  std::string text{"netkit relay link 1"};
  text += '\0';
  text += side == Side::connecting ? "connecting" : "accepting";
  text += '\0';
  text += connecting.nonce + accepting.nonce;
  text += connecting.public_key + accepting.public_key;
  append_be(text, connecting.log);
  append_be(text, accepting.log);
  return text + mark_;
}

Status LinkOpening::check_proof(std::string_view hex) const {
  const auto proof = from_hex(hex);
  const Side its = side_ == Side::connecting ? Side::accepting : Side::connecting;
  if (proof && identity::is_signed_by(peer_.public_key, signed_text(its), *proof)) return ok;
  return Error{Errc::refused, "believe that this is relay " + peer_.name,
               "its proof is wrong: is something between the two that changes what they send?"};
}

Status LinkOpening::hear_hello(const wire::Frame& frame, std::string& out) {
  if (frame.type != wire::frame_type::hello)
    return Error{Errc::unexpected, attempt, "the other side is no relay"};
  const auto json = read(frame);
  if (!json) return json.error();
  auto party = read_party(*json);
  if (!party) return party.error();
  peer_ = std::move(*party);
  if (peer_.log == own_.log)
    return Error{Errc::refused, "link to itself", "this endpoint leads back to the same relay"};
  if (side_ == Side::connecting) return check_proof(json->string("proof").value_or(""));
  append_hello(out, key_.sign(signed_text(side_)));
  return ok;
}

void LinkOpening::append_proof(std::string& out, std::string_view token) const {
  JsonObject proof;
  proof.add("proof", to_hex(key_.sign(signed_text(side_))));
  if (!token.empty()) proof.add("token", token);
  std::string body = proof.str();
  wire::append_frame(out, {.type = frame_type::link_proof, .body = body});
  identity::wipe(body);
}

Status LinkOpening::hear_proof(const wire::Frame& frame) {
  if (frame.type != frame_type::link_proof)
    return Error{Errc::unexpected, attempt, "the other relay went on without a proof"};
  const auto json = read(frame);
  if (!json) return json.error();
  if (Status proved = check_proof(json->string("proof").value_or("")); !proved) return proved;
  token_ = json->string("token").value_or("");
  return ok;
}

}  // namespace netkit::relay
