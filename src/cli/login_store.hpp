// The sign-ins of this user: what `netkit auth login` got, for the clients that come later. A file
// of JSON lines beside known_hosts, mode 0600, that several processes may change at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/resolve.hpp"

namespace netkit::cli {

struct Login {
  std::string endpoint;  ///< Of the auth service: net::to_text() of it with scheme, host and port.
  std::string user;
  std::string token;        ///< Empty: signed out, the rest is kept for the next time.
  std::string session;      ///< 32 hex digits.
  std::string expires;      ///< RFC 3339.
  std::string device_key;   ///< Tells the auth service that this device signed in before.
  std::string fingerprint;  ///< Of the auth service's certificate, if it was given; else empty.

  bool signed_in() const { return !token.empty(); }
};

inline constexpr std::size_t logins_max = 1000;

/// Every call reads or replaces the file at once. Errc::busy if another process keeps its lock for
/// 2 s. Lines that are not understood are kept.
class LoginStore {
 public:
  explicit LoginStore(std::string path) : path_{std::move(path)} {}
  /// That of `environment`; Errc::usage where there is no place for it.
  static Result<LoginStore> of(const config::Environment& environment);

  const std::string& path() const { return path_; }

  /// The sign-in at `endpoint`, of `user` or, if that is empty, the last one there.
  Result<std::optional<Login>> load(std::string_view endpoint, std::string_view user = {}) const;
  /// The last sign-in of all that is not signed out.
  Result<std::optional<Login>> latest() const;
  /// The device key of `user` at `endpoint`, also after it was signed out; empty for none.
  Result<std::string> device_key(std::string_view endpoint, std::string_view user) const;
  /// Adds or replaces the one with this endpoint and user, which is the latest from then on. Beyond
  /// logins_max the oldest goes.
  Status put(const Login& login) const;
  /// Forgets token and session; the device key stays. False if there was none.
  Result<bool> remove(std::string_view endpoint, std::string_view user) const;

 private:
  /// Oldest first.
  Result<std::vector<Login>> read(std::vector<std::string>* foreign) const;
  Status write(const std::vector<Login>& logins, const std::vector<std::string>& foreign) const;
  template <typename Change>
  Status change(Change change) const;

  std::string path_;
};

}  // namespace netkit::cli
