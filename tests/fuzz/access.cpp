// Fuzzes what services and the auth service take from each other. Input: a u16 type, then a body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "access/protocol.hpp"

namespace {

using namespace netkit;
using namespace netkit::access;

void demand(bool holds) {
  if (!holds) std::abort();
}

void encode(std::string& out, const Check& check) {
  append_check(out, 7, check.token_hash);
}
void encode(std::string& out, const CheckTicket& check) {
  if (check.again)
    append_check_again(out, 7, check.ticket);
  else
    append_check_ticket(out, 7, check.ticket, check.spend);
}
void encode(std::string& out, const Used& used) {
  append_used(out, used);
}
void encode(std::string& out, const Grant& grant) {
  append_grant(out, 7, grant);
}
void encode(std::string& out, const Denied& denied) {
  append_denied(out, 7, denied.why, denied.text);
}
void encode(std::string& out, const Changed& changed) {
  append_changed(out, changed.session);
}

/// A message has one encoding, so what was decoded encodes to what was read.
template <typename Message>
void again(const Result<Message>& message, const wire::Frame& frame) {
  if (!message) return;
  std::string out;
  std::visit([&](const auto& each) { encode(out, each); }, *message);
  const auto decoded = wire::FrameDecoder{message_size_max}.next(out);
  demand(decoded && decoded->message && decoded->used == out.size());
  demand(decoded->message->type == frame.type && decoded->message->body == frame.body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const wire::Frame frame{.type = static_cast<std::uint16_t>(data[0] << 8 | data[1]),
                          .flags = 0,
                          .stream = 7,
                          .body = {reinterpret_cast<const char*>(data) + 2, size - 2}};
  again(decode_to_auth(frame), frame);
  again(decode_to_service(frame), frame);
  if (const auto name = decode_hello(frame)) {
    std::string out;
    append_hello(out, *name);
    demand(std::string_view{out}.substr(wire::frame_header_size) == frame.body);
  }
  return 0;
}
