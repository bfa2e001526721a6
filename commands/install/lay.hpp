// One object laid down or taken away. What stands at its path is either the old object or the new
// one, whole, whenever the program or the machine ends. Links are replaced, never followed.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/install/objects.hpp"

namespace netkit::install {

enum class Change { created, replaced, unchanged, removed, kept, absent };
std::string_view to_text(Change change);

/// At `path`, whose folder is there. `dry`: only says what it would do. A link takes the place of
/// no other program (file_exists).
Result<Change> lay(const std::string& path, const Object& object, bool dry);

/// kept: what is there is not what lay() would write; where a link would be, absent.
Result<Change> take_away(const std::string& path, const Object& object, bool dry);

}  // namespace netkit::install
