// One established link between two relays, after both have proved who they are: what the peer says
// to the mesh, and what the mesh has for the peer. Pure; the same on both ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/mesh.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

// The field tables of the link's frames stand here (types 48 and above).

struct LinkStatus {
  std::string peer;                   ///< Its name.
  std::chrono::nanoseconds delay{0};  ///< Of the last ping there and back.
  std::uint64_t sent = 0;             ///< Records.
  std::uint64_t received = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t behind = 0;  ///< Records of ours that the peer has not acknowledged.
};

/// One way that a probe went, as its answer tells.
struct ProbePath {
  struct Step {
    std::string relay;
    std::chrono::nanoseconds at{0};  ///< Since the probe began, by its sender's clock or 0.
  };
  std::vector<Step> steps;
  std::chrono::nanoseconds there_and_back{0};
};

class LinkMachine {
 public:
  LinkMachine(Mesh& mesh, std::string peer, Moment now);
  ~LinkMachine();
  LinkMachine(const LinkMachine&) = delete;
  LinkMachine& operator=(const LinkMachine&) = delete;

  /// A frame of the peer. An error is final: the link is to be closed and its peer named in the log.
  Status hear(const wire::Frame& frame, Moment now);
  /// Appends what is to be sent, about `size_max` bytes at most. False: nothing more for now.
  bool fill(std::string& out, std::size_t size_max, Moment now);
  LinkStatus status() const;
};

}  // namespace netkit::relay
