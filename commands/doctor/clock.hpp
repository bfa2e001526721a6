// How far another machine's clock is from ours, from an SNTP answer (RFC 5905) or the Date of an
// HTTP one. Pure: asks nobody, reads no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.hpp"

namespace netkit::doctor {

inline constexpr std::uint16_t sntp_port = 123;

/// When, by our clock, a question went out and its answer came.
struct Exchange {
  std::chrono::system_clock::time_point asked;
  std::chrono::system_clock::time_point heard;
};

struct ClockOffset {
  Duration ahead{};     ///< What their clock shows more than ours.
  Duration within{};    ///< How wrong that may be.
  std::string_view by;  ///< "SNTP" or "HTTP".
};

/// A client's packet. Instead of our time it carries `cookie`, which the answer returns: nobody who
/// does not see the question can answer it.
std::string sntp_question(std::uint64_t cookie);

/// nullopt for an answer to another question, of a server that is not set itself, and for nonsense.
std::optional<ClockOffset> read_sntp(std::string_view question, std::string_view answer,
                                     const Exchange& exchange);

/// From a Date field, which knows whole seconds.
std::optional<ClockOffset> read_date(std::string_view date, const Exchange& exchange);

}  // namespace netkit::doctor
