// The members of a failure, written and read.
#include "cli/remote_error.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "cli/exit_code.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t shown_size_max = 2048;

/// A server escaped what strangers wrote, so that backslashes are as they should be; one that did
/// not is not to write to our terminal.
std::string safe(std::string_view text) {
  std::string shown;
  for (const std::string_view part : split(utf8_prefix(text, shown_size_max), '\\')) {
    if (part.data() != text.data()) shown += '\\';
    shown += escape_for_display(part);
  }
  return shown;
}

std::error_code code_of(const wire::Json& answer) {
  const std::int64_t value = answer.integer("value").value_or(0);
  const int number = value > 0 && value <= INT32_MAX ? static_cast<int>(value) : 0;
  if (number == 0) return Errc::unexpected;
  if (answer.string("category") == std::string_view{"system"})
    return {number, std::system_category()};
  const auto code = static_cast<Errc>(number);
  // These say that there is nobody to tell, or that another program was meant.
  if (code == Errc::no_reader || code == Errc::interrupted || code == Errc::unknown_command)
    return Errc::unexpected;
  return number > static_cast<int>(Errc::interrupted) ? Errc::unexpected : code;
}

}  // namespace

void add_parts(JsonObject& to, const Error& failure) {
  to.add("error", failure.message())
      .add("exit", static_cast<int>(exit_code_of(failure)))
      .add("attempt", failure.attempt.str())
      .add("hint", failure.hint.str())
      .add("category", failure.code.category() == category() ? "netkit" : "system")
      .add("value", failure.code.value());
}

std::string show_failure(std::int64_t id, const Error& failure,
                         const std::vector<std::string>& matches) {
  JsonObject object;
  object.add("id", id).add("ok", false);
  add_parts(object, failure);
  std::vector<std::string> names;
  for (const std::string& each : matches)
    append_json_string(names.emplace_back(), each);
  if (!names.empty()) object.add_raw("matches", "[" + join(names, ",") + "]");
  return object.str();
}

JsonObject success(std::int64_t id) {
  JsonObject object;
  object.add("id", id).add("ok", true);
  return object;
}

Error error_of(const wire::Json& answer) {
  return {code_of(answer), safe(answer.string("attempt").value_or("understand the server")),
          safe(answer.string("hint").value_or(""))};
}

}  // namespace netkit::cli
