// What operators ask a running relay by its admin socket: how it does, which ways lead to the other
// relays, and measures against clients. JSON in, JSON out; opens nothing.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "commands/relay/hub.hpp"
#include "commands/relay/links.hpp"
#include "wire/json.hpp"

namespace netkit::relay {

// {"do":"status"} -> {"relay":N,"since":RFC3339,"ack":"memory","log":HEX16,"link_key":SHA256:HEX,
//     "store":T,"clients":N,"by_dialect":{"frame":N,…},"rooms":N,"messages":N,"repeats":N,
//     "skipped":N,"backlog":N,"duplicates":N,"links":[…],"relays":[…]}
//   link   {"place":E,"outgoing":B,"state":"up"|"down","since":RFC3339,"relay":N,"key":F,
//           "reason":T?,"delay":S,"sent":N,"received":N,"duplicates":N,"behind":N}
//   relay  {"relay":N,"log":HEX16,"hops":N,"away":B,"last":N,"since":RFC3339}
// {"do":"check"} -> {"paths":[{"relay":N,"delay":S,"steps":[{"relay":N,"at":S}…]}…],
//                    "silent":[N…]}      after probe_limit at the latest
// {"do":"bans"}  -> {"bans":[{"kind":"mute"|"ban","by":"sender"|"user"|"address","of":T,"nick":N,
//                    "from":N,"why":T,"since":RFC3339,"until":RFC3339?}…]}
// {"do":"names"} -> {"nicks":[N…],"rooms":[R…]}      as shown, for completion
// kick, mute, ban, unmute and unban as clients ask for them.

class Operators {
 public:
  /// How the store does, as one word or sentence.
  using StoreState = std::function<std::string()>;
  Operators(Hub& hub, const Links& links, StoreState store);

  /// On the connection's thread. `id` comes back in the answer.
  asio::awaitable<std::string> answer(wire::Json request, std::int64_t id);

  static constexpr std::chrono::seconds probe_limit{2};

 private:
  std::string status(std::int64_t id);
  std::string bans(std::int64_t id);
  std::string names(std::int64_t id);
  std::string moderate(const wire::Json& request, std::int64_t id);
  asio::awaitable<std::string> check(std::int64_t id);

  Hub& hub_;
  const Links& links_;
  const StoreState store_;
  const std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
};

}  // namespace netkit::relay
