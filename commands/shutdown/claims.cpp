// Claims are found by their names alone; what else lies in the folder is left alone.
#include "commands/shutdown/claims.hpp"

#include <cerrno>
#include <memory>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view prefix = "started-";
constexpr std::size_t id_digits = 32;

struct Name {
  Id boot{};
  OrderId order = 0;
};

std::optional<Name> parse_name(std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name.size() <= id_digits || name[id_digits] != '-') return std::nullopt;
  const auto boot = parse_id(name.substr(0, id_digits));
  const auto order = parse_order_id(name.substr(id_digits + 1));
  if (!boot || !order) return std::nullopt;
  return Name{*boot, *order};
}

}  // namespace

std::string Claims::path(OrderId order) const {
  return state_ + "/" + std::string{prefix} + to_text(boot_) + "-" + to_text(order);
}

Result<std::vector<Claims::Claim>> Claims::load() const {
  const Folder listed{::opendir(state_.c_str())};
  if (!listed) return errno_error("read the folder " + escape_for_display(state_));
  std::vector<Claim> claims;
  while (const dirent* each = ::readdir(listed.get())) {
    const auto name = parse_name(each->d_name);
    if (!name) continue;
    if (name->boot == boot_)
      claims.push_back({name->order, failure(name->order)});
    else
      // An order is for one boot: nobody can ask for it again.
      ::unlinkat(::dirfd(listed.get()), each->d_name, 0);
  }
  return claims;
}

std::string Claims::failure(OrderId order) const {
  const Result<std::string> text = read_file(path(order), text_size_max);
  return text ? std::string{trim(*text)} : std::string{};
}

Status Claims::keep_failure(OrderId order, std::string_view why) const {
  return write_file_atomically(path(order), std::string{why} + "\n", 0600);
}

}  // namespace netkit::shutdown
