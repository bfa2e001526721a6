// Whether what a server sends is what it was asked for: names of files here are chosen by who asks,
// never by who answers. Pure; used by clients.
#pragma once

#include <cstddef>
#include <string_view>

namespace netkit::filesrv {

/// True if `path`, of which the first `base` bytes are left out here, may come of a request for
/// `asked`: that path, or one that it matches as a pattern, and with `recursive` what is below.
bool is_answer_to(std::string_view asked, bool recursive, std::string_view path, std::size_t base);

}  // namespace netkit::filesrv
