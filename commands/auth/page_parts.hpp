// The pieces of the page of the auth service, put together by page.cpp only.
#pragma once

#include <string_view>

namespace netkit::auth {

std::string_view page_style();
std::string_view page_script();

}  // namespace netkit::auth
