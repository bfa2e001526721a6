// What is in a folder, one after the other, in bounded memory however much there is: for listings,
// whole trees, patterns. Links are told and never followed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "transfer/root.hpp"

namespace netkit::transfer {

struct Found {
  std::string path;  ///< Below the root that was walked from, as check_path() wants it.
  Facts facts;
  int folder = -1;   ///< Where it is: the walk's, until the next call of next().
  std::string name;  ///< Its name there.
};

struct WalkWish {
  bool recursive = false;   ///< What is in folders, too; the folder is told before that.
  bool part_files = false;  ///< NAME.part, too: what a broken transfer left.
  bool hidden = true;       ///< Names that begin with a dot, too.
};

/// The order is the folder's own. A folder that cannot be opened or read is told once, by next() as
/// an error whose hint is its path; the walk goes on after it. So is what lies too deep or has too
/// long a path, as Errc::too_large. What vanishes under way is left out.
/// Folders replaced by links in mid-walk are not gone into. Keeps at most depth_max folders open.
class Walk {
 public:
  /// What is in `path` below `root`.
  static Result<Walk> begin(const Root& root, std::string_view path, WalkWish wish);
  Walk(Walk&&) noexcept;
  Walk& operator=(Walk&&) noexcept;
  ~Walk();

  /// nullopt at the end. Looks at no more than one entry's facts a call.
  Result<std::optional<Found>> next();

 private:
  struct Level;
  explicit Walk(WalkWish wish);
  Status enter(FileDescriptor opened, std::string path);
  Status enter_next();
  bool wants(std::string_view name, const Facts& facts) const;
  Result<std::optional<Found>> look_at(Level& level, std::string name);

  WalkWish wish_;
  std::vector<Level> levels_;
};

/// The paths that `pattern` (glob.hpp, component by component) matches below `root`; one without
/// wildcards matches itself if it is there. Sorted. Errc::not_found if there is none, Errc::
/// too_large beyond `count_max`. Links match and are not gone into.
Result<std::vector<std::string>> expand(const Root& root, std::string_view pattern,
                                        std::size_t count_max);

}  // namespace netkit::transfer
