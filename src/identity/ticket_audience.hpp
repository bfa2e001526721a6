// The one server that a ticket is for, in the form in which both ends of a connection know it. Used
// by tickets, their makers and those who check them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netkit::identity {

/// In its only form: 64 lower-case hex digits of a certificate's SHA-256 fingerprint, which may be
/// given with "SHA256:", colons and capitals; "192.0.2.1:80" or "[2001:db8::1]:80", of which v4
/// inside v6 becomes v4; "unix:" and an absolute path without "..". nullopt for anything else,
/// names among it.
std::optional<std::string> plain_audience(std::string_view text);

}  // namespace netkit::identity
