// The time as the original's server told it. Used by all dialects.
#pragma once

#include <ctime>
#include <string>

namespace netkit::filesrv {

/// HH:MM:SS, local.
inline std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

}  // namespace netkit::filesrv
