// The folders that objects lie in, and which of them we made: those are taken away again once they
// are empty. What was made is kept below the prefix, in a list with a folder a line.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "commands/install/objects.hpp"

namespace netkit::install {

/// Where the list is, below the prefix.
inline constexpr std::string_view folder_list = "share/netkit/folders";

/// Below a prefix; each comes before what is in it.
using Folders = std::set<std::string, std::less<>>;

/// All that `objects` and the list need.
Folders folders_of(const std::vector<Object>& objects);

/// Those of `folders` that the list below `base` names; none without a list.
Folders listed_folders(const std::string& base, const Folders& folders);

/// The list of them, as an object.
Object list_of(const Folders& made);

/// Makes `path` with mode 0755 unless it is there; true if it was not. Its parent is there. `dry`:
/// makes nothing.
Result<bool> make_folder(const std::string& path, bool dry);

/// Removes those of `made` below `base` that are empty.
void remove_empty(const std::string& base, const Folders& made);

}  // namespace netkit::install
