// Under which keys the throttle counts an attempt, and what they are called in a list of bans. Only
// the throttle includes it.
#pragma once

#include <string>
#include <string_view>

#include "commands/auth/throttle.hpp"

namespace netkit::auth::throttle_keys {

/// Of a name that no account has.
std::string unknown_key(std::string_view user_key);
/// The account's, or the known device's: what the attempt's outcome changes first.
std::string own_key(const Throttle::Attempt& attempt);
/// Empty if only the own key counts.
std::string source_key(const Throttle::Attempt& attempt);
/// A ban's key and kind; the rest is left to the caller.
Throttle::Ban ban_of(std::string_view key);
/// True for what could be a key; the vault's file may hold anything.
bool is_key(std::string_view key);

}  // namespace netkit::auth::throttle_keys
