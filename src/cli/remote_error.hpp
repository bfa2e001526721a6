// Failures on their way from a server to the client that asked: as members of a JSON object, and
// back as the Error they were. Every service whose requests are JSON uses both halves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "wire/json.hpp"

namespace netkit::cli {

/// Adds what people read (error, exit) and what a client makes the same Error of: attempt, hint,
/// category ("netkit" or "system", an errno) and value.
void add_parts(JsonObject& to, const Error& failure);

/// {"id":N,"ok":false,...} with the parts, and "matches" where a name could have meant several.
std::string show_failure(std::int64_t id, const Error& failure,
                         const std::vector<std::string>& matches = {});

/// An object that begins {"id":N,"ok":true.
JsonObject success(std::int64_t id);

/// What add_parts() wrote, as the error it was at the server. Its texts are safe to show and never
/// long, whoever sent them; a code that would keep the program from showing them is replaced.
Error error_of(const wire::Json& answer);

}  // namespace netkit::cli
