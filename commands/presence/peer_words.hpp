// What a person types into `netkit peer` and is shown by it: commands, messages, who comes and
// goes. Pure but for the time zone; whatever others wrote is shown as text alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

/// A message that came in.
struct Heard {
  std::string name;  ///< As it is shown.
  std::string key;   ///< 32 bytes.
  std::uint64_t time_ms = 0;
  std::string text;
};

/// A file that came in and is in its place.
struct HeardFile {
  std::string name;  ///< Of the sender, as it is shown.
  std::string key;   ///< 32 bytes.
  std::string file;  ///< In the folder for files.
  std::string path;  ///< With that folder as it was given.
  std::uint64_t size = 0;
};

struct PeerRequest {
  enum class What { nothing, say, message, list, why, away, back, help, quit };
  What what = What::nothing;
  std::string name;  ///< Of message and why.
  std::string text;  ///< Of message and say.

  friend bool operator==(const PeerRequest&, const PeerRequest&) = default;
};

/// A line as it was typed: a command with a "/" in front, else a text. A name stands in quotes, or
/// is the longest of `names` that the line goes on with, or the next word. Errc::usage.
Result<PeerRequest> read_request(std::string_view line, const std::vector<std::string>& names);

/// What the last word of `before` may become: a command, or what is left of a name.
std::vector<std::string> completions(std::string_view before,
                                     const std::vector<std::string>& names);

const std::vector<std::string>& help_lines();

/// "14:03 ana: text"; a text of several lines goes on below, indented. `to` is for one's own.
std::vector<std::string> message_lines(const Heard& heard, bool colour);
std::vector<std::string> own_message_lines(std::string_view own, std::string_view to,
                                           std::uint64_t time_ms, std::string_view text,
                                           bool colour);
/// "14:03 * ana is here", in a shade that does not stand out.
std::string notice_line(std::uint64_t time_ms, std::string_view sentence, bool colour);

/// "ana is here", "ana is offline"; empty for what people need not know of.
std::string sentence_of(const Entry& now, std::optional<State> before);

/// "ana: text", on one line, and the same for scripts: {"event":"message","name","key","time",
/// "text"}.
std::string message_line(const Heard& heard);
JsonObject message_object(const Heard& heard);
/// "ana sent report.pdf (4711 bytes)", and {"event":"file","from","key","path","size"}.
std::string file_line(const HeardFile& heard);
JsonObject file_object(const HeardFile& heard);

}  // namespace netkit::presence
