// The page of the auth service: signing in, one's own sessions and password, and for administrators
// the list of users. Loads nothing from anywhere.
#pragma once

#include <string_view>

namespace netkit::auth {

std::string_view page();

}  // namespace netkit::auth
