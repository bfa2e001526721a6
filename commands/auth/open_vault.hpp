// Which vault auth serve keeps its accounts in.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "commands/auth/vault.hpp"
#include "log/logger.hpp"

namespace netkit::auth {

/// As the options say.
struct StoreChoice {
  std::optional<std::string> url;
  std::optional<std::string> password_file;
};

/// Errc::usage for a URL that is none.
Status check_store(const StoreChoice& choice);

/// The store that is named, or a database in the folder `state`. What about it may lose data is
/// logged.
Result<std::unique_ptr<Vault>> open_vault(const StoreChoice& choice, const std::string& state,
                                          log::Logger& log);

}  // namespace netkit::auth
