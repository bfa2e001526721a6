// What a server said, printed again: as JSON under --json, else as lines of tab-separated members.
// Used by verbs that show objects as they came.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/output.hpp"
#include "wire/json.hpp"

namespace netkit::cli {

/// `value` as JSON again.
std::string json_text(const wire::Json& value);

/// `value` as one field of a line: texts escaped for display, arrays joined by spaces, null empty.
std::string field_text(const wire::Json* value);

/// One object: as it is under --json, else these members of it, tab-separated without what is empty
/// at the end.
Status show_members(Output& out, const wire::Json& object,
                    std::initializer_list<std::string_view> members);

}  // namespace netkit::cli
