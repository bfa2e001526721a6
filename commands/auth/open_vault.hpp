// Which vault auth serve keeps its accounts in.
#pragma once

#include <memory>
#include <string>

#include "cli/store_choice.hpp"
#include "commands/auth/vault.hpp"
#include "log/logger.hpp"

namespace netkit::auth {

/// Errc::usage for a URL that is none.
Status check_vault(const cli::StoreChoice& choice);

/// The store that is named, or a database in the folder `state`. What about it may lose data is
/// logged.
Result<std::unique_ptr<Vault>> open_vault(const cli::StoreChoice& choice, const std::string& state,
                                          log::Logger& log);

}  // namespace netkit::auth
