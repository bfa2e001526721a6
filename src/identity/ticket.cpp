// A ticket's frame around its limits, and its signature.
#include "identity/ticket.hpp"

#include "base/random.hpp"
#include "identity/secret_base64.hpp"
#include "identity/ticket_fields.hpp"

namespace netkit::identity {
namespace {

// text:  "nkt_" | base64url, without padding, of:
// bytes: u8 1 | session 16 | nonce 16 | limits | signature 64
// The signature is over "netkit ticket 1\n" and all bytes before it.
constexpr std::string_view prefix = "nkt_";
constexpr std::string_view signed_prefix = "netkit ticket 1\n";
constexpr char version = 1;
constexpr std::size_t nonce_size = 16;
constexpr std::size_t head_size = 1 + session_id_size + nonce_size;

Error unreadable(Errc code, std::string why) {
  return {code, "read the ticket", std::move(why)};
}

std::string message_of(std::string_view signed_bytes) {
  return std::string{signed_prefix}.append(signed_bytes);
}

}  // namespace

Result<std::string> make_ticket(std::string_view token, const TicketLimits& limits) {
  const auto normal = normal_limits(limits);
  if (!normal) return normal.error();
  std::string nonce(nonce_size, '\0');
  fill_random(nonce);
  std::string bytes = version + session_id_of(token) + nonce + encode_limits(*normal);
  const auto signature = sign_as_holder(token, message_of(bytes));
  if (!signature) return signature.error();
  std::string text = std::string{prefix} + to_base64(bytes + *signature, Base64::url);
  if (text.size() > ticket_size_max)
    return Error{Errc::too_large, "make a ticket", "it has too many limits"};
  return text;
}

bool is_ticket(std::string_view text) noexcept {
  return text.starts_with(prefix);
}

Result<Ticket> parse_ticket(std::string_view text) {
  if (text.size() > ticket_size_max)
    return unreadable(Errc::too_large, "a ticket has 2,048 characters at most");
  if (!is_ticket(text)) return unreadable(Errc::malformed, "it does not begin with nkt_");
  const auto bytes = from_base64(text.substr(prefix.size()), Base64::url);
  if (!bytes) return unreadable(Errc::malformed, "it is not whole base64url");
  if (!bytes->empty() && bytes->front() != version)
    return Error{Errc::wrong_version, "read the ticket"};
  if (bytes->size() < head_size + signature_size)
    return unreadable(Errc::malformed, "it is too short");

  Ticket ticket;
  const std::size_t signed_size = bytes->size() - signature_size;
  ticket.session = bytes->substr(1, session_id_size);
  ticket.nonce = bytes->substr(1 + session_id_size, nonce_size);
  ticket.signed_bytes = bytes->substr(0, signed_size);
  ticket.signature = bytes->substr(signed_size);
  auto limits = decode_limits(std::string_view{ticket.signed_bytes}.substr(head_size));
  if (!limits) return limits.error();
  ticket.limits = *std::move(limits);
  return ticket;
}

Status verify_signature(const Ticket& ticket, std::string_view public_key) {
  if (is_signed_by(public_key, message_of(ticket.signed_bytes), ticket.signature)) return ok;
  return Error{Errc::refused, "use this ticket", "the session's holder has not signed it"};
}

}  // namespace netkit::identity
