// The pieces of a folder's page that are the same for all; put together by folder_page.cpp only.
#pragma once

#include <string_view>

namespace netkit::filesrv {

std::string_view folder_page_style();
std::string_view folder_page_script();

}  // namespace netkit::filesrv
