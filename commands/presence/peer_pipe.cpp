// From stdin to others, from others to stdout.
#include "commands/presence/peer_pipe.hpp"

#include <unistd.h>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "cli/exit_code.hpp"
#include "cli/standard_input.hpp"
#include "commands/presence/listing.hpp"
#include "commands/presence/message.hpp"

namespace netkit::presence {
namespace {

/// A command and a name stand before the text.
constexpr std::size_t line_size_max = text_size_max + 512;

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

asio::awaitable<Status> PeerPipe::run(Member& member) {
  member_ = &member;
  if (Status whole = co_await member.circle().complete(); !whole) co_return whole;
  cli::StandardInput input{STDIN_FILENO, line_size_max};
  while (!quitting_) {
    const Result<std::string> line = co_await input.line();
    if (!line && line.error().code == Errc::closed) break;
    if (!line) co_return line.error();
    while (!member.outbox().has_room())
      co_await member.outbox().progress();
    perform(without_end(*line));
  }
  co_await settled();
  if (failures_ == 0) co_return ok;
  co_return Error{worst_.code, "do all that stdin says",
                  std::to_string(failures_) + (failures_ == 1 ? " line failed" : " lines failed")};
}

/// Whoever read our output has gone, or the disk is full: nothing more comes of this.
bool PeerPipe::print(const Status& printed) {
  if (!printed) member_->end(printed);
  return bool{printed};
}

Status PeerPipe::heard(const Heard& message) {
  Status printed = context_.out.json() ? context_.out.object(message_object(message))
                                       : context_.out.line(message_line(message));
  print(printed);
  return printed;
}

void PeerPipe::arrived(const HeardFile& file) {
  print(context_.out.json() ? context_.out.object(file_object(file))
                            : context_.out.line(file_line(file)));
}

void PeerPipe::show(const std::vector<std::string>& lines) {
  for (const std::string& each : lines) {
    const bool json = context_.out.json();
    if (!print(json ? context_.out.object(
                          JsonObject{}.add("event", "answer").add("text", std::string_view{each}))
                    : context_.out.line(each)))
      return;
  }
}

void PeerPipe::show_list(const std::vector<const Entry*>& entries) {
  for (const Entry* const each : entries)
    if (!print(context_.out.json() ? context_.out.object(list_object(*each))
                                   : context_.out.line(list_line(*each))))
      return;
}

void PeerPipe::delivered(const Recipient& to, std::string_view) {
  context_.log.debug("delivered", {{"to", to.shown}});
  if (context_.out.json())
    print(context_.out.object(JsonObject{}
                                  .add("event", "delivered")
                                  .add("to", std::string_view{to.shown})
                                  .add("key", std::string_view{to_hex(to.key)})));
}

void PeerPipe::failed(const Error& why) {
  context_.terminal.say("netkit " + std::string{context_.command.name} + ": " + why.message() +
                        "\n");
  if (++failures_ == 1 || cli::exit_code_of(why) > cli::exit_code_of(worst_)) worst_ = why;
}

}  // namespace netkit::presence
