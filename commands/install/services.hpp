// The servers that a service manager runs, as data: what their units say, and how far they may
// reach. Used by units; knows no option but by its name.
#pragma once

#include <span>
#include <string_view>

namespace netkit::install {

struct Service {
  std::string_view name;
  std::string_view summary;
  /// The arguments of ExecStart, $VARIABLES of the unit included.
  std::string_view start;
  /// Lines of [Socket]; empty for one that cannot be started by its first visitor.
  std::string_view socket;
  /// Its options that name a file with a secret, separated by blanks.
  std::string_view secrets;
  /// Lines of [Service] in front of ExecStart, comments included.
  std::string_view own;
  std::string_view families = {};      ///< Besides AF_UNIX, AF_INET and AF_INET6.
  std::string_view system_calls = {};  ///< Besides those of every server.
  bool hears_others = true;            ///< False: it keeps no port, and is ready before it is met.
  bool root = false;
  bool whole_proc = false;  ///< It reads files of /proc that are no process's.
};

std::span<const Service> services();
const Service* find_service(std::string_view name);

}  // namespace netkit::install
