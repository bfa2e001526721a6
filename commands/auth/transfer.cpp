// Reading and writing password lines.
#include "commands/auth/transfer.hpp"

#include <set>

#include "base/text.hpp"
#include "identity/name.hpp"
#include "identity/password.hpp"

namespace netkit::auth {
namespace {

Error unusable(std::string why) {
  return {Errc::usage, "import the line", std::move(why)};
}

std::string reason_of(const Error& error) {
  return error.hint.empty() ? error.code.message() : error.hint.str();
}

/// Why nobody can sign in with this field of shadow(5); empty if it may be a hash. 'x' stands in
/// passwd(5) for a password that is kept elsewhere.
std::string_view absence(std::string_view password) {
  if (password.empty()) return "it has no password";
  if (password == "x" || password == "*" || password == "!" || password == "!!" ||
      password == "!*" || password == "*LK*" || password == "NP")
    return "it has no password that could be used";
  if (password.front() == '!' || password.front() == '*') return "its password is locked";
  return {};
}

}  // namespace

Result<std::optional<Imported>> parse_import_line(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > import_line_size_max) return unusable("the line is too long");
  if (trim(text).empty() || text.starts_with('#')) return std::optional<Imported>{};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return unusable("it is not USER:HASH");
  Imported account;
  const Result<std::string> user = identity::normal_name(text.substr(0, colon));
  if (!user) return unusable("the name: " + reason_of(user.error()));
  if (const Status allowed = identity::check_user_name(*user); !allowed)
    return unusable("the name: " + reason_of(allowed.error()));
  const std::string_view rest = text.substr(colon + 1);
  const std::string_view password = rest.substr(0, rest.find(':'));
  if (const std::string_view why = absence(password); !why.empty())
    return unusable(std::string{why});
  if (const Status usable = identity::check_encoded(password); !usable)
    return unusable("the hash: " + reason_of(usable.error()));
  account.user = *user;
  account.password = password;
  return std::optional{std::move(account)};
}

Import parse_import(std::span<const std::string> lines, std::size_t first_line) {
  Import import;
  std::set<std::string> keys;
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const std::size_t line = first_line + at;
    std::string_view text = lines[at];
    if (line == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    Result<std::optional<Imported>> parsed = parse_import_line(text);
    if (!parsed) {
      import.skipped.push_back({line, parsed.error().hint});
    } else if (*parsed) {
      if (!keys.insert(identity::name_key((*parsed)->user)).second) {
        import.skipped.push_back({line, "the name was on an earlier line"});
        continue;
      }
      (*parsed)->line = line;
      import.accounts.push_back(**std::move(parsed));
    }
  }
  return import;
}

std::string export_line(std::string_view user, std::string_view password) {
  return std::string{user} + ':' + std::string{password};
}

}  // namespace netkit::auth
