// The page's parts, put together once.
#include "commands/auth/page.hpp"

namespace netkit::auth {

std::string_view page() {
  return "<!doctype html><title>netkit auth</title>";
}

}  // namespace netkit::auth
