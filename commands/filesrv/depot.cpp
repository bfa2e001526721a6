// Shares by name, budgets, and what is said of them.
#include "commands/filesrv/depot.hpp"

#include <algorithm>

#include "base/units.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

const char* name_of(transfer::Root::Way way) {
  return way == transfer::Root::Way::openat2 ? "openat2" : "walk";
}

}  // namespace

Depot::Depot(std::vector<Share> shares, DepotSettings settings)
    : shares_{std::move(shares)},
      settings_{settings},
      pace_{settings.rate_max},
      helpers_{std::in_place, std::max(1U, settings.helpers)} {}

Result<Located> Depot::locate(std::string_view path) const {
  if (Status fits = transfer::check_path(path); !fits) return fits.error();
  if (is_single()) return Located{&shares_.front(), std::string{path}};
  if (path.empty()) return Located{};
  const std::size_t slash = path.find('/');
  const std::string_view name = path.substr(0, slash);
  for (const Share& each : shares_)
    if (each.name == name)
      return Located{&each, slash == std::string_view::npos ? std::string{}
                                                            : std::string{path.substr(slash + 1)}};
  return Error{Errc::not_found, "find that share"};
}

std::string Depot::path_of(const Share& share, std::string_view path) const {
  return transfer::join_path(share.name, path);
}

Status Depot::check_room(std::uint64_t file_size) const {
  if (file_size > settings_.file_size_max)
    return Error{Errc::too_large, "take the file",
                 "at most " + netkit::to_text(Size{settings_.file_size_max})};
  const std::uint64_t used = uploaded_.load();
  const std::uint64_t total = settings_.upload_total_max;
  return total == UINT64_MAX || (file_size <= total && used <= total - file_size) ? Status{ok}
                                                                                  : no_room();
}

Error Depot::no_room() const {
  return {std::error_code{ENOSPC, std::generic_category()}, "take the file",
          "all uploads together may have " + netkit::to_text(Size{settings_.upload_total_max})};
}

Status Depot::reserve(std::uint64_t file_size_so_far, std::uint64_t more) {
  if (more > settings_.file_size_max || file_size_so_far > settings_.file_size_max - more)
    return check_room(UINT64_MAX);
  if (settings_.upload_total_max == UINT64_MAX) return ok;
  std::uint64_t used = uploaded_.load();
  do {
    if (more > settings_.upload_total_max || used > settings_.upload_total_max - more)
      return no_room();
  } while (!uploaded_.compare_exchange_weak(used, used + more));
  return ok;
}

void Depot::give_back(std::uint64_t bytes) {
  if (settings_.upload_total_max != UINT64_MAX) uploaded_ -= bytes;
}

std::string Depot::describe() const {
  const auto up =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - since_);
  std::string text = "state online 24 hours\nversion netkit " NETKIT_VERSION "\nuptime " +
                     netkit::to_text(Duration{up}) + "\n";
  for (const Share& each : shares_)
    if (!each.name.empty()) text += "share " + each.name + "\n";
  text += std::string{"upload "} + (settings_.upload ? "yes" : "no") + "\n";
  if (settings_.drop_box) text += "drop-box yes\n";
  if (settings_.file_size_max != UINT64_MAX)
    text += "file-size " + netkit::to_text(Size{settings_.file_size_max}) + "\n";
  text += std::string{"beneath "} + name_of(shares_.front().root.way()) + "\n";
  text += "landlock " + (walls_.landlock > 0 ? "ABI " + std::to_string(walls_.landlock) : "no") +
          "\nno-new-privileges " + (walls_.no_new_privileges ? "yes" : "no") + "\n";
  return text;
}

}  // namespace netkit::filesrv
