// A file that goes to a peer, over as many conversations as it takes. `netkit peer send --file`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "transfer/root.hpp"

namespace netkit::presence {

struct Parcel {
  std::string path;  ///< As it was typed.
  std::string name;  ///< What the peer is to call it.
  std::shared_ptr<const transfer::OpenFile> file;
  bool begun = false;          ///< The peer may have part of it: only what it lacks is sent.
  std::optional<Status> told;  ///< What became of it, once that is known.

  std::uint64_t size() const { return file->facts.size; }
};

/// Errc::usage for "-", which has no name; errors of opening; Errc::refused for what is no file.
Result<Parcel> open_parcel(const std::string& path);

}  // namespace netkit::presence
