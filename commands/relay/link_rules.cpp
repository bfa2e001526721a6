// The order in which the rules are asked.
#include "commands/relay/link_rules.hpp"

#include <algorithm>

namespace netkit::relay {
namespace {

bool is_named(const LinkRules& rules, const LinkParty& peer) {
  return std::find(rules.keys.begin(), rules.keys.end(),
                   identity::key_fingerprint(peer.public_key)) != rules.keys.end();
}

Error refused(std::string attempt, std::string hint) {
  return {Errc::refused, std::move(attempt), std::move(hint)};
}

}  // namespace

Status may_link_to(const LinkRules& rules, const LinkParty& peer, const LinkWay& way) {
  if (rules.insecure) return ok;
  if (way.exposed)
    return refused("link in clear to relay " + peer.name, "use tls:// or wss://, or --insecure");
  if (rules.keys.empty() || way.pinned || is_named(rules, peer)) return ok;
  return refused("trust relay " + peer.name, "its link key is none of --link-key: " +
                                                 identity::key_fingerprint(peer.public_key));
}

Result<Entry> may_link_from(const LinkRules& rules, const LinkParty& peer, const LinkWay& way,
                            bool asks_tokens, bool has_token) {
  if (rules.insecure) return Entry::granted;
  if (way.exposed)
    return refused("link in clear with relay " + peer.name,
                   "name this relay there by tls:// or wss://, or start both with --insecure");
  if (is_named(rules, peer)) return Entry::granted;
  if (asks_tokens && has_token) return Entry::by_token;
  if (way.local && !asks_tokens && rules.keys.empty()) return Entry::granted;
  const std::string by_key =
      "start this one with --link-key " + identity::key_fingerprint(peer.public_key);
  return refused("let relay " + peer.name + " link",
                 asks_tokens ? by_key + ", or give it a token with the scope relay:link" : by_key);
}

}  // namespace netkit::relay
