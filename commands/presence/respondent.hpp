// What a peer does about each datagram: which questions it answers, and which answers it passes on
// to the daemon that had it ask. Pure; herald.hpp has the sockets.
#pragma once

#include <asio/ip/address.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "commands/presence/own_words.hpp"
#include "commands/presence/protocol.hpp"
#include "commands/presence/sender_limit.hpp"

namespace netkit::presence {

class Respondent {
 public:
  using Time = SenderLimit::Time;

  /// `words` outlives it.
  explicit Respondent(OwnWords& words) : words_{words} {}

  struct Heard {
    std::string answer;           ///< To be sent to where the datagram came from.
    bool asks_all = false;        ///< Others answer as well: not all at once.
    std::optional<Asked> passed;  ///< For the daemon.
  };
  /// What follows from a datagram. Nothing from one that is malformed, forged, shorter than
  /// ask_size_min, for somebody else, or one too many from there.
  Heard hear(std::string_view datagram, const asio::ip::address& from, Time now);

  /// The daemon with that key has us ask somebody: true if its question is to be sent there. Only
  /// the answer to it is passed on, and only for so long as it may be of use.
  bool carry(const AskFor& ask, std::string_view daemon_key, Time now);

  /// How long an answer is waited for.
  static constexpr Time carry_limit = std::chrono::seconds{3};
  static constexpr std::size_t carried_max = 256;

 private:
  struct Carried {
    std::uint32_t request = 0;
    std::string daemon_key;
    std::string about;
    Time until{};
  };

  OwnWords& words_;
  SenderLimit limit_;
  std::map<std::uint64_t, Carried> carried_;  // By the question's nonce.
};

}  // namespace netkit::presence
