// Small work on text that several layers need: cutting, comparing, making foreign bytes safe to
// show. Knows no locale.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace netkit {

/// `text` without ASCII white space at both ends.
std::string_view trim(std::string_view text);

/// The parts between `separator`s, empty ones included; one part for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string join(std::span<const std::string> parts, std::string_view separator);

std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view left, std::string_view right);

/// `bytes` as one line that is safe on a terminal and in a log: valid printable UTF-8 stays,
/// control characters, direction-changing characters, backslashes and stray bytes become \n, \t,
/// \\ or \xHH. Reversible.
std::string escape_for_display(std::string_view bytes);

/// What escape_for_display() was given, from what it gave: \n, \t, \\ and \xHH (either case of the
/// digits) become bytes, all else stays. nullopt if another character follows a backslash.
std::optional<std::string> unescape_displayed(std::string_view shown);

/// The candidate with the smallest edit distance to `word`, if it is near enough to be a typing
/// mistake (at most a third of the letters, at least one).
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

/// "did you mean 'listen'?" for the nearest candidate; empty if none is near. Error::hint takes it.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// The shortest decimal that reads back as the same number; "1e-05" for small and large ones.
/// Finite numbers only. std::to_chars would do, with tables of 170 KB.
std::string to_text(double number);
/// The same without an exponent.
std::string to_fixed_text(double number);

}  // namespace netkit
