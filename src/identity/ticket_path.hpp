// Paths that limit a ticket: compared component by component, never as text, so that no spelling of
// a path leads around a limit. Pure: names nothing on a disk.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netkit::identity {

/// "/a/b" for "a/b", "/a/b" and "/a/b/"; "/" for "/". nullopt for an empty one, components that are
/// empty, "." or "..", control characters and what is not UTF-8.
std::optional<std::string> plain_path(std::string_view path);

/// True if the plain path `inner` is `outer` or below it.
bool is_within(std::string_view inner, std::string_view outer);

}  // namespace netkit::identity
