// The colours and manners that the pages of all services have in common.
#pragma once

#include <string_view>

namespace netkit::cli {

/// CSS, to stand before a page's own: --back, --card, --text, --soft, --line, --edge, --accent,
/// --danger, --good, --warn, --lost and --onfill, light or dark as the browser wishes.
std::string_view page_palette();

}  // namespace netkit::cli
