// auth: who is this address, who is this person, is this token good. One server that all others may
// ask, and the verbs that talk to it.
#pragma once

#include <cstdint>
#include <memory>

#include "cli/command.hpp"

namespace netkit::auth {

extern const cli::Command command;

inline constexpr std::uint16_t port = 9091;
/// The unix socket in the state directory: whoever can open it administrates.
inline constexpr const char* admin_socket_name = "admin.sock";
/// What tickets call this service.
inline constexpr const char* service_name = "auth";

std::unique_ptr<cli::Action> make_serve();
std::unique_ptr<cli::Action> make_hello();
std::unique_ptr<cli::Action> make_register();
std::unique_ptr<cli::Action> make_login();
std::unique_ptr<cli::Action> make_logout();
std::unique_ptr<cli::Action> make_whoami();
std::unique_ptr<cli::Action> make_passwd();
std::unique_ptr<cli::Action> make_renew();
std::unique_ptr<cli::Action> make_sessions();
std::unique_ptr<cli::Action> make_revoke();
std::unique_ptr<cli::Action> make_users();
std::unique_ptr<cli::Action> make_grant();
std::unique_ptr<cli::Action> make_remove();
std::unique_ptr<cli::Action> make_invite();
std::unique_ptr<cli::Action> make_bans();
std::unique_ptr<cli::Action> make_import();
std::unique_ptr<cli::Action> make_export();
std::unique_ptr<cli::Action> make_backup();
std::unique_ptr<cli::Action> make_tune();
std::unique_ptr<cli::Action> make_ticket();

}  // namespace netkit::auth
