// Counting, and saying it where somebody wants to know.
#include "commands/filesrv/tally.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "commands/filesrv/human.hpp"

namespace netkit::filesrv {

Tally::Tally(cli::Context& context, std::string verb)
    : context_{context}, verb_{std::move(verb)}, bar_{context, verb_} {}

Status Tally::done(std::string_view path, std::uint64_t size, std::uint64_t kept) {
  ++files_;
  bytes_ += size - std::min(size, kept);
  if (!context_.out.json()) return ok;
  return context_.out.object(JsonObject{}
                                 .add("event", "file")
                                 .add("path", escape_for_display(path))
                                 .add("size", size)
                                 .add("kept", kept));
}

void Tally::failed(std::string_view path, const Error& why) {
  // The last one is said by main, with the exit code it has.
  if (failures_++ > 0)
    context_.terminal.say("netkit filesrv: " + outcome_.error().message() + "\n");
  const Error told = told_of(path, verb_, why);
  if (context_.out.json())
    static_cast<void>(context_.out.object(JsonObject{}
                                              .add("event", "failed")
                                              .add("path", escape_for_display(path))
                                              .add("error", told.message())));
  outcome_ = told;
}

void Tally::left_out(std::string_view path, std::string_view why) {
  context_.log.info("left_out", {{"path", escape_for_display(path)}, {"reason", why}});
}

Status Tally::finish() {
  if (!context_.out.json()) return ok;
  return context_.out.object(JsonObject{}
                                 .add("event", "summary")
                                 .add("files", files_)
                                 .add("bytes", bytes_)
                                 .add("failed", failures_)
                                 .add("seconds", bar_.seconds()));
}

}  // namespace netkit::filesrv
