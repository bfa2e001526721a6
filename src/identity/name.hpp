// Names of people, programs and machines as they are typed: brought into one form, checked for what
// could deceive a reader, and compared so that no two look alike by case or width. Used by auth;
// knows no account.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::identity {

inline constexpr std::size_t name_length_max = 64;        ///< Characters, after normalization.
inline constexpr std::size_t name_typed_size_max = 1024;  ///< Bytes, before it.

/// `typed` in NFC: 1 to 64 characters that a reader sees, none of them unassigned or for private
/// use; the only white space are single spaces inside; it does not start with a combining mark or
/// as our tokens do (somebody pasted one into the wrong field). Errc::not_utf8, else Errc::usage
/// with the reason as the hint, which never repeats what was typed. A NUL is an error like others.
Result<std::string> normal_name(std::string_view typed);

/// What makes a name unique: NFKC_Casefold (Unicode, 3.13, D146) of a normal name, so that "Ana",
/// "ANA" and full-width "Ａｎａ" are one. Its own key is itself. Not for display; empty for what is
/// not UTF-8.
std::string name_key(std::string_view normal);

/// What a user may not be called beyond that, given a normal name: no ':' (it ends the name in
/// password files), not 32 hex digits (a session is named like that), and none of the names that
/// the service itself writes where a user stands. Errc::usage.
Status check_user_name(std::string_view normal);

}  // namespace netkit::identity
