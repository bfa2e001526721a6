// One pass over the folders that a pattern can reach, each with the set of places in the pattern at
// which it stands: so nothing is looked at twice, however many ** there are.
#include <algorithm>
#include <bitset>
#include <utility>

#include "transfer/glob.hpp"
#include "transfer/limits.hpp"
#include "transfer/part_file.hpp"
#include "transfer/path.hpp"
#include "transfer/walk.hpp"

namespace netkit::transfer {
namespace {

constexpr std::string_view any_folders = "**";

/// Components of the pattern that may come next; the one behind the last stands for a match.
using Places = std::bitset<depth_max + 2>;

/// What lies in a folder may be out of reach: others took it away, or it is not ours to read.
bool is_passed_over(const std::error_code& code) {
  return code == Errc::refused || code == Errc::too_large || code == Errc::malformed ||
         code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory ||
         code == std::errc::permission_denied;
}

class Expansion {
 public:
  Expansion(const Root& root, std::string_view pattern, std::size_t count_max)
      : root_{root}, count_max_{count_max}, parts_{components(pattern)} {
    if (!parts_.empty() && parts_.back() == any_folders) parts_.push_back("*");
  }

  Result<std::vector<std::string>> run() && {
    Places start;
    add(start, 0);
    if (parts_.empty())
      found_.emplace_back();
    else if (const Status gone = go_into("", start); !gone)
      return gone.error();
    if (found_.empty() && closed_.code) return std::move(closed_);
    if (found_.empty()) return Error{Errc::not_found, "find a file by that pattern"};
    std::ranges::sort(found_);
    return std::move(found_);
  }

 private:
  /// `**` may stand for no folder at all.
  void add(Places& places, std::size_t at) const {
    places.set(at);
    while (at < parts_.size() && parts_[at] == any_folders)
      places.set(++at);
  }

  Places after(const Places& places, std::string_view name, bool is_folder) const {
    Places next;
    for (std::size_t at = 0; at < parts_.size(); ++at) {
      if (!places.test(at)) continue;
      if (parts_[at] == any_folders) {
        if (is_folder && !name.starts_with('.')) add(next, at);
      } else if (matches(parts_[at], name)) {
        add(next, at + 1);
      }
    }
    return next;
  }

  bool needs_list(const Places& places) const {
    for (std::size_t at = 0; at < parts_.size(); ++at)
      if (places.test(at) && has_wildcards(parts_[at])) return true;
    return false;
  }

  Status go_into(const std::string& folder, const Places& places) {
    return needs_list(places) ? list(folder, places) : look(folder, places);
  }

  /// No list of the folder is needed: it may be large, or closed to us.
  Status look(const std::string& folder, const Places& places) {
    std::vector<std::string> names;
    for (std::size_t at = 0; at < parts_.size(); ++at)
      if (places.test(at)) names.push_back(unescape(parts_[at]));
    std::ranges::sort(names);
    // clang 14 cannot read what libstdc++ has for ranges here.
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string& name : names) {
      const std::string path = join_path(folder, name);
      const auto facts = root_.look(path);
      const Status went = facts ? take(path, name, *facts, places) : pass_over(facts.error());
      if (!went) return went;
    }
    return ok;
  }

  Status list(const std::string& folder, const Places& places) {
    bool part_files = false;
    for (std::size_t at = 0; at < parts_.size(); ++at)
      part_files = part_files || (places.test(at) && parts_[at].ends_with(part_suffix));
    auto walk = Walk::begin(root_, folder, {.part_files = part_files});
    if (!walk) return pass_over(walk.error());
    for (;;) {
      const auto next = walk->next();
      if (next && !*next) return ok;
      const Status went = next ? take((*next)->path, (*next)->name, (*next)->facts, places)
                               : pass_over(next.error());
      if (!went) return went;
    }
  }

  Status take(const std::string& path, const std::string& name, const Facts& facts,
              const Places& places) {
    const bool is_folder = facts.kind == Kind::folder;
    Places next = after(places, name, is_folder);
    if (next.test(parts_.size())) {
      if (found_.size() == count_max_) return Error{Errc::too_large, "list all that matches"};
      found_.push_back(path);
      next.reset(parts_.size());
    }
    return is_folder && next.any() ? go_into(path, next) : Status{ok};
  }

  Status pass_over(const Error& error) {
    if (!is_passed_over(error.code)) return error;
    if (error.code == std::errc::permission_denied && !closed_.code)
      closed_ = Error{error.code, error.attempt};
    return ok;
  }

  const Root& root_;
  const std::size_t count_max_;
  std::vector<std::string_view> parts_;
  std::vector<std::string> found_;
  Error closed_;  ///< The first folder that could not be read, told if nothing was found.
};

}  // namespace

Result<std::vector<std::string>> expand(const Root& root, std::string_view pattern,
                                        std::size_t count_max) {
  if (const Status checked = check_path(pattern); !checked) return checked.error();
  return Expansion{root, pattern, count_max}.run();
}

}  // namespace netkit::transfer
