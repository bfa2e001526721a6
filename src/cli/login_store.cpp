// The file of sign-ins, read whole and replaced whole.
#include "cli/login_store.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>

#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/paths.hpp"
#include "identity/secret.hpp"
#include "wire/json.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t file_size_max = 4 * 1024 * 1024;
/// Others hold the lock for one read and one write.
constexpr std::chrono::seconds lock_limit{2};

std::optional<Login> parse(std::string_view line) {
  const auto json = wire::Json::parse(line, {.size_max = 16 * 1024, .depth_max = 4});
  if (!json) return std::nullopt;
  const auto text = [&](std::string_view key) {
    return std::string{json->string(key).value_or("")};
  };
  Login login{.endpoint = text("endpoint"),
              .user = text("user"),
              .token = text("token"),
              .session = text("session"),
              .expires = text("expires"),
              .device_key = text("device_key"),
              .fingerprint = text("fingerprint")};
  if (login.endpoint.empty() || login.user.empty()) return std::nullopt;
  return login;
}

std::string show(const Login& login) {
  JsonObject object;
  object.add("endpoint", login.endpoint).add("user", login.user);
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) object.add(key, value);
  };
  add("token", login.token);
  add("session", login.session);
  add("expires", login.expires);
  add("device_key", login.device_key);
  add("fingerprint", login.fingerprint);
  return object.str();
}

bool is_of(const Login& login, std::string_view endpoint, std::string_view user) {
  return login.endpoint == endpoint && login.user == user;
}

}  // namespace

Result<LoginStore> LoginStore::of(const config::Environment& environment) {
  std::string path = logins_path(environment);
  if (path.empty()) return Error{Errc::usage, "find a place for sign-ins", "set HOME"};
  return LoginStore{std::move(path)};
}

Result<std::vector<Login>> LoginStore::read(std::vector<std::string>* foreign) const {
  std::vector<Login> logins;
  Result<std::string> text = read_file(path_, file_size_max);
  if (!text && text.error().code == std::errc::no_such_file_or_directory) return logins;
  if (!text) return text.error();
  for (const std::string_view raw : split(*text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty()) continue;
    if (auto login = parse(line))
      logins.push_back(std::move(*login));
    else if (foreign)
      foreign->emplace_back(line);
  }
  identity::wipe(*text);
  return logins;
}

Status LoginStore::write(const std::vector<Login>& logins,
                         const std::vector<std::string>& foreign) const {
  std::string text;
  for (const std::string& line : foreign)
    text.append(line).append("\n");
  for (const Login& login : logins)
    text.append(show(login)).append("\n");
  Status written = write_file_atomically(path_, text, 0600);
  identity::wipe(text);
  return written;
}

template <typename Change>
Status LoginStore::change(Change change) const {
  const std::string directory = path_.substr(0, path_.rfind('/'));
  if (Status made = make_private_directory(directory); !made) return made;
  // A lock of its own: the file itself is replaced.
  const std::string lock_path = path_ + ".lock";
  const FileDescriptor lock{open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock) return errno_error("open " + lock_path);
  if (Status locked = lock_within(lock.get(), lock_path, lock_limit); !locked) return locked;
  std::vector<std::string> foreign;
  Result<std::vector<Login>> logins = read(&foreign);
  if (!logins) return logins.error();
  if (!change(*logins)) return ok;
  return write(*logins, foreign);
}

Result<std::optional<Login>> LoginStore::load(std::string_view endpoint,
                                              std::string_view user) const {
  Result<std::vector<Login>> logins = read(nullptr);
  if (!logins) return logins.error();
  const auto found = std::find_if(logins->rbegin(), logins->rend(), [&](const Login& each) {
    return each.signed_in() && each.endpoint == endpoint && (user.empty() || each.user == user);
  });
  return found == logins->rend() ? std::optional<Login>{} : std::optional{std::move(*found)};
}

Result<std::optional<Login>> LoginStore::latest() const {
  Result<std::vector<Login>> logins = read(nullptr);
  if (!logins) return logins.error();
  const auto found = std::find_if(logins->rbegin(), logins->rend(),
                                  [](const auto& each) { return each.signed_in(); });
  return found == logins->rend() ? std::optional<Login>{} : std::optional{std::move(*found)};
}

Result<std::string> LoginStore::device_key(std::string_view endpoint, std::string_view user) const {
  Result<std::vector<Login>> logins = read(nullptr);
  if (!logins) return logins.error();
  for (const Login& each : *logins)
    if (is_of(each, endpoint, user)) return each.device_key;
  return std::string{};
}

Status LoginStore::put(const Login& login) const {
  return change([&](std::vector<Login>& logins) {
    std::erase_if(logins,
                  [&](const Login& each) { return is_of(each, login.endpoint, login.user); });
    if (logins.size() >= logins_max) logins.erase(logins.begin());
    logins.push_back(login);
    return true;
  });
}

Result<bool> LoginStore::remove(std::string_view endpoint, std::string_view user) const {
  bool removed = false;
  const Status done = change([&](std::vector<Login>& logins) {
    for (Login& each : logins) {
      if (!each.signed_in() || !is_of(each, endpoint, user)) continue;
      identity::wipe(each.token);
      each.session.clear();
      each.expires.clear();
      removed = true;
    }
    return removed;
  });
  if (!done) return done.error();
  return removed;
}

}  // namespace netkit::cli
