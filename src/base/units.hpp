// Durations and sizes as people write them: `250ms 5s 2m 1h`, `512 1KiB 64k 1.5MiB 2GiB`, and
// instants as RFC 3339 UTC. A bare number is seconds or bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit {

using Duration = std::chrono::nanoseconds;

/// A number of bytes. A type of its own, so that options know how to read and print it.
struct Size {
  std::uint64_t bytes = 0;
  friend bool operator==(Size, Size) = default;
};

/// Units ns, us, ms, s, m (or min), h, d; a fraction is allowed ("1.5s"), rounded down to whole
/// nanoseconds. Errc::usage for anything else: negative numbers, overflow, "0.1ns" (it would turn
/// into zero, which often means off).
Result<Duration> parse_duration(std::string_view text);

/// Units B, k, KiB, K, M, MiB, G, GiB, T, TiB: all powers of 1024; a fraction is allowed.
Result<Size> parse_size(std::string_view text);

/// Exact, in the largest unit that divides evenly: "250ms", "90s", "1h"; "0s". parse_duration reads
/// it back unless it is negative.
std::string to_text(Duration duration);

/// The largest binary unit that divides evenly: "64KiB", "16MiB", "1000"; parse_size reads it back.
std::string to_text(Size size);

/// As a fraction, for arithmetic and JSON.
double seconds(Duration duration);

/// For people: three digits and a unit, "1.23 ms", "45.6 us".
std::string to_people(Duration duration);

/// "2026-11-21T04:25:37.123Z".
std::string to_rfc3339(std::chrono::system_clock::time_point instant);

}  // namespace netkit
