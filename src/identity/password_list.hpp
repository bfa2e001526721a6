// The passwords that guessers try first, and the words they are made of. new_password() asks it;
// the letters are ASCII, in lower case.
#pragma once

#include <span>
#include <string_view>

namespace netkit::identity {

/// All of at least 8 bytes, sorted.
std::span<const std::string_view> common_passwords();

bool is_common_password(std::string_view folded);

/// True as well for a word that is too short for a password and common with an addition.
bool is_common_word(std::string_view folded);

}  // namespace netkit::identity
