// Whether a request is to be followed, by what its client knows of the file already (RFC 9110, 8.8
// and 13), and by what its bytes can be checked (RFC 9530). Pure; the time is an argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transfer/root.hpp"
#include "wire/http.hpp"

namespace netkit::filesrv {

/// What tells one state of a file from another.
struct Validators {
  std::string etag;             ///< With its quotes, and W/ if it is weak.
  std::int64_t modified_s = 0;  ///< Since 1970.
  bool strong = false;
};
/// Weak while the file was changed less than 2 s before or after `now_ns`: it may change once more
/// and show the same times.
Validators validators_of(const transfer::Facts& facts, std::int64_t now_ns);

enum class Verdict : std::uint8_t {
  proceed,
  not_modified,  ///< 304, for GET and HEAD only.
  failed,        ///< 412
};
/// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since in the order of RFC 9110,
/// 13.2.2. `current` is null where nothing is there.
Verdict judge_conditions(const wire::HttpFields& fields, bool reads, const Validators* current,
                         std::int64_t now_s);
/// Whether If-Range lets Range be followed: true where it is missing.
bool range_holds(const wire::HttpFields& fields, const Validators& current, std::int64_t now_s);

/// "sha-256=:BASE64:", for Content-Digest and Repr-Digest.
std::string digest_field(std::string_view sha256);
/// The SHA-256 that a field of that name says, if it says one. Errc::malformed for nonsense.
Result<std::optional<std::string>> digest_of(const wire::HttpFields& fields, std::string_view name);
/// True if Want-Content-Digest or Want-Repr-Digest, which `name` is, asks for SHA-256.
bool wants_digest(const wire::HttpFields& fields, std::string_view name);

}  // namespace netkit::filesrv
