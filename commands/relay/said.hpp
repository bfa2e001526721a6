// A message as clients get it, whatever their dialect makes of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/spoken.hpp"
#include "commands/relay/record.hpp"

namespace netkit::relay {

struct Said {
  RecordId id{};
  std::uint64_t time_ms = 0;
  SenderKey sender = 0;
  std::uint64_t number = 0;  ///< The sender's own.
  std::string_view room{};   ///< Empty for a direct message.
  std::string_view nick{};   ///< As shown: with "@relay" where two are called the same.
  std::string_view to{};     ///< Of a direct message: whom it is for, as shown.
  std::string_view text{};
};

/// What a client is told besides messages.
struct Event {
  enum class Kind : std::uint8_t {
    joined,      ///< nick came into room.
    parted,      ///< nick left room, or everything; text: why, if it said so.
    renamed,     ///< nick is now called other.
    gap,         ///< from..to of room are skipped; with a relay: of that relay's log, in all rooms.
    relay_away,  ///< relay cannot be reached; count people are away with it.
    relay_back,
    notice,     ///< text, from this relay itself.
    moderated,  ///< nick was dealt with by other; text says how and why.
  };
  Kind kind = Kind::notice;
  std::uint64_t time_ms = 0;
  std::string_view room{};
  std::string_view nick{};
  std::string_view other{};
  std::string_view relay{};
  std::string_view text{};
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t count = 0;
};

/// "37 messages skipped (812..848)", "anna came", …: the sentence for a person, one line, no nick
/// colours, no "* ". A text that is such a sentence already stays as it is.
std::string sentence_of(const Event& event);

using cli::one_line;

/// The name of a log or sender key: 16 hex digits.
std::string to_hex16(std::uint64_t key);
std::optional<std::uint64_t> read_hex16(std::string_view digits);
/// "2026-11-21T04:25:37.123Z", and back. Beyond the year 2262 it is the end of that.
std::string time_text(std::uint64_t ms);
std::optional<std::uint64_t> read_time(std::string_view text);

/// "3f0c6d2e9a1b4c58-812".
std::string to_text(const RecordId& id);
/// nullopt for anything else.
std::optional<RecordId> read_record_id(std::string_view text);

}  // namespace netkit::relay
