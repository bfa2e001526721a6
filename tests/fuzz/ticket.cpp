// Fuzzes tickets: as text, and as raw bytes put into base64url so that the fields are reached. What
// parses has one encoding, and its limits are ones that could have been asked for.
#include "identity/ticket.hpp"

#include <cstdint>

#include "identity/secret_base64.hpp"
#include "identity/ticket_fields.hpp"
#include "tests/support/feed.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

void check_parsed(std::string_view text) {
  const auto ticket = parse_ticket(text);
  if (!ticket) return;
  const std::string bytes = ticket->signed_bytes + ticket->signature;
  tests::demand("nkt_" + to_base64(bytes, Base64::url) == text, "a ticket has one encoding");
  const auto normal = normal_limits(ticket->limits);
  tests::demand(normal && *normal == ticket->limits, "limits are in their plain form");
  tests::demand(ticket->signed_bytes.ends_with(encode_limits(*normal)), "encode(decode(x)) == x");
  tests::demand(!verify_signature(*ticket, std::string(public_key_size, 'k')),
                "nobody guesses a signature");

  const TicketLimits& limits = ticket->limits;
  const std::string scope = limits.scopes.empty() ? "" : limits.scopes.front();
  const std::string verb = limits.verbs.empty() ? "" : limits.verbs.front();
  const std::string address = limits.network.substr(0, limits.network.find('/'));
  const TicketUse use{.service = limits.service,
                      .scope = scope,
                      .verb = verb,
                      .path = limits.path,
                      .address = address,
                      .now_s = std::max<std::int64_t>(limits.not_before_s, 0),
                      .audience = limits.audience};
  tests::demand(static_cast<bool>(check_limits(*ticket, use)), "what it names it allows");
  TicketUse late = use;
  late.now_s = limits.expires_s;
  tests::demand(!check_limits(*ticket, late), "it expires");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  check_parsed(bytes);
  check_parsed("nkt_" + to_base64(bytes, Base64::url));
  const auto limits = decode_limits(bytes);
  tests::demand(!limits || encode_limits(*limits) == bytes, "limits have one encoding");
  return 0;
}
