// A folder as a page for browsers, whole in itself, and as JSON for programs. Names are bytes:
// shown escaped, linked exactly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "commands/filesrv/listing.hpp"

namespace netkit::filesrv {

struct FolderView {
  std::string path;  ///< Of the folder as in URLs, decoded, without slashes at its ends.
  Listing listing;
  Order order;
  bool upload = false;    ///< Files may be put here.
  bool drop_box = false;  ///< What is here is not told.
  bool has_tar = true;    ///< The list of the shares has none.
};

std::string folder_page(const FolderView& view);
/// {"entries":[{"name","kind","size","mtime","url"}…],"left_out":N}; mtime as RFC 3339, url
/// relative to the folder's. A name that is no UTF-8 is exact in the url only.
std::string folder_json(const FolderView& view);

/// What the page may load and run (Content-Security-Policy): its own style and script, known by
/// their hashes.
std::string_view folder_page_policy();

/// "512 B", "1.5 KiB", "23 MiB".
std::string size_for_people(std::uint64_t bytes);
/// Text between tags or quotes.
std::string escape_html(std::string_view text);

}  // namespace netkit::filesrv
