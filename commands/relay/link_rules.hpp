// Which relays may link to this one, and to which it links. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/link_opening.hpp"

namespace netkit::relay {

struct LinkRules {
  std::vector<std::string> keys;  ///< Fingerprints; if there are any, only these, and tokens.
  bool insecure = false;          ///< Anybody, also in clear.
};

/// What is known of a connection before anybody proves anything.
struct LinkWay {
  bool exposed = false;  ///< Others on the way could read and change what is sent.
  bool local = false;    ///< Within this machine.
  bool pinned = false;   ///< Outgoing: --link-tls-ca or --link-tls-fingerprint vouch for the peer.
};

/// Whether we believe the relay that we have connected to. Errc::refused with what to do.
Status may_link_to(const LinkRules& rules, const LinkParty& peer, const LinkWay& way);

enum class Entry : std::uint8_t { granted, by_token };

/// Whether a relay that connected may link, or has to be let in by its token: where this relay asks
/// for tokens and `has_token`. Errc::refused with what to do.
Result<Entry> may_link_from(const LinkRules& rules, const LinkParty& peer, const LinkWay& way,
                            bool asks_tokens, bool has_token);

}  // namespace netkit::relay
