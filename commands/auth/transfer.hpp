// Accounts as lines `USER:HASH`, the form of htpasswd and, with further fields, of shadow(5): what
// `import` reads and `export` writes. Pure; the hashes are checked for their form and never shown.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::auth {

inline constexpr std::size_t import_line_size_max = 4096;

/// An account to be added.
struct Imported {
  std::size_t line = 0;  ///< From 1.
  std::string user;      ///< A normal name that a user may have.
  std::string password;  ///< A form that identity::verify_password() takes.
};

struct SkippedLine {
  std::size_t line = 0;
  std::string why;  ///< Does not repeat what the line holds.
};

struct Import {
  std::vector<Imported> accounts;  ///< Each user's key once, from its first line.
  std::vector<SkippedLine> skipped;
};

/// One line, with or without its line end: nullopt for an empty one and a `#` comment. An error's
/// hint says why the line cannot be taken: no ':', a bad name, a locked or missing password, a form
/// of hash that is not known or costs too much.
Result<std::optional<Imported>> parse_import_line(std::string_view text);

/// All of them, counted from `first_line`. A byte order mark in front of the first is left out.
Import parse_import(std::span<const std::string> lines, std::size_t first_line = 1);

/// "USER:HASH", without a line end.
std::string export_line(std::string_view user, std::string_view password);

}  // namespace netkit::auth
