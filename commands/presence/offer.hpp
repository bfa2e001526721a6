// Servers that announced themselves: presence daemons, and peers that say by their tags which
// service they are. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/presence/neighbours.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

struct Offer {
  std::string name;
  std::string service;   ///< "presence", "relay", ...
  std::string endpoint;  ///< As clients take it.
  std::string key;       ///< Whose it is, 32 bytes.
};

/// That of a peer with a tag "service=NAME", if it is here: at its newest address, at the port of a
/// tag "port=N" or else its own, by the scheme of a tag "scheme=S", if there is one.
std::optional<Offer> offer_of(const Entry& entry);
Offer offer_of(const FoundDaemon& daemon);

/// Adds `offer` unless its server was found already: by another way to it.
void add_offer(std::vector<Offer>& offers, Offer offer);

}  // namespace netkit::presence
