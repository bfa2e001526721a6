// Tickets: a session's rights narrowed to what somebody needs, made offline by the holder of the
// session's token and checked by servers that know only its public key. Pure: no clock, no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "identity/signing_key.hpp"

namespace netkit::identity {

inline constexpr std::size_t ticket_size_max = 2048;  ///< Characters.
inline constexpr std::size_t ticket_scopes_max = 16;
inline constexpr std::size_t ticket_verbs_max = 16;
inline constexpr std::size_t ticket_verb_size_max = 32;
inline constexpr std::size_t ticket_path_size_max = 512;

/// What a ticket is good for. What is empty or 0 does not limit.
struct TicketLimits {
  std::string service;              ///< "shutdown-server": a-z, 0-9, '-'; 64 bytes at most.
  std::vector<std::string> scopes;  ///< Of the holder's, these only (check_scope()).
  std::string path;                 ///< This path and what is below it: "/reports".
  std::vector<std::string> verbs;   ///< Letters, digits, '-' and '_'.
  std::string network;              ///< Address or CIDR block of who presents it.
  std::int64_t not_before_s = 0;    ///< Unix seconds; good from then on.
  std::int64_t expires_s = 0;       ///< Unix seconds, required; no longer good then.
  std::uint32_t uses = 0;           ///< Counted by the server, by the nonce; 0: not counted.
  /// The one server that it is for, so that another one that was shown it cannot use it there: its
  /// certificate's fingerprint, else the "ADDRESS:PORT" or "unix:PATH" that one connects to.
  std::string audience{};
  friend bool operator==(const TicketLimits&, const TicketLimits&) = default;
};

struct Ticket {
  std::string session;       ///< session_id_of() its holder's token, 16 raw bytes.
  TicketLimits limits;       ///< Sorted, without doubles, paths and networks in their plain form.
  std::string nonce;         ///< 16 random bytes that name it.
  std::string signed_bytes;  ///< All but the signature.
  std::string signature;     ///< 64 raw bytes.
};

/// A ticket as text. Errc::usage for limits that make no sense or for what is no token;
/// Errc::too_large above ticket_size_max.
Result<std::string> make_ticket(std::string_view token, const TicketLimits& limits);

/// True for the prefix "nkt_"; says nothing else.
bool is_ticket(std::string_view text) noexcept;

/// The fields of a text of any origin and size; its signature is not verified. Each ticket has one
/// encoding only. Errc::malformed, Errc::too_large, Errc::wrong_version; Errc::refused for a limit
/// of a kind that this program does not know, which must not be ignored.
Result<Ticket> parse_ticket(std::string_view text);

/// Errc::refused unless signed with the key whose public half this is.
Status verify_signature(const Ticket& ticket, std::string_view public_key);

/// What somebody who presents a ticket asks for.
struct TicketUse {
  std::string_view service;
  std::string_view scope;
  std::string_view verb;
  std::string_view path;     ///< Decoded and without "." and ".."; one that has them is refused.
  std::string_view address;  ///< "192.0.2.1", "2001:db8::1%eth0", or "unix", which is in no block.
  std::int64_t now_s;        ///< Unix seconds.
  std::string_view audience{};  ///< The server itself, as plain_audience() has it.
};

/// Errc::refused with the first limit that stands against this use, in words. A limit on something
/// that the use leaves empty stands against it. That the holder's session lives and has the scope
/// itself, and how often the ticket was used, is for the caller to check.
Status check_limits(const Ticket& ticket, const TicketUse& use);

}  // namespace netkit::identity
