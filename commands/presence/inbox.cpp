// What is taken under which name, and what is said of the rest.
#include "commands/presence/inbox.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "transfer/path.hpp"

namespace netkit::presence {
namespace {

Error refused(std::string hint) {
  return {Errc::refused, "take the file", std::move(hint)};
}

}  // namespace

Status check_file_name(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return refused("a name without folders is wanted");
  if (Status fits = transfer::check_name(name); !fits) return refused(fits.error().hint.str());
  if (name.starts_with('.')) return refused("hidden files are not taken");
  if (escape_for_display(name) != name) return refused("its name cannot be shown as it is");
  return transfer::check_not_part(name);
}

bool Inbox::takes(std::uint16_t type) {
  return type == transfer::frame_type::put || is_content(type);
}

bool Inbox::is_content(std::uint16_t type) {
  return type == transfer::frame_type::data || transfer::is_part(type);
}

Status Inbox::take(const transfer::Piece& piece) {
  if (piece.is_data()) return intake_.take_data(piece);
  if (transfer::is_part(piece.frame.type)) return intake_.take_part(piece.frame);
  return begin(piece.frame);
}

Status Inbox::begin(const wire::Frame& frame) {
  Result<transfer::Request> request = transfer::decode_request(frame);
  if (!request) return request.error();
  auto& put = std::get<transfer::Put>(*request);
  // Stream 0 is the conversation itself: a refusal there would end it.
  if (frame.stream == 0) return Error{Errc::unexpected, "take a file without a number"};
  put.replace = false;
  if (!put.resume) return intake_.begin(frame.stream, put);
  asked_ = Asked{frame.stream, std::move(put)};
  return ok;
}

asio::awaitable<Status> Inbox::rest() {
  if (Status settled = co_await intake_.settle(); !settled) co_return settled;
  if (asked_) {
    const Asked asked = std::move(*asked_);
    asked_.reset();
    if (Status told = co_await intake_.resume(asked.stream, asked.put); !told) co_return told;
  }
  co_return co_await flush();
}

asio::awaitable<Status> Inbox::flush() {
  if (answers_.empty()) co_return ok;
  const std::string answers = std::exchange(answers_, {});
  co_return co_await plan_.send(answers);
}

Result<transfer::Place> Inbox::admit(const transfer::Put& file) {
  if (!plan_.folder)
    return Error{Errc::refused, "take files",
                 plan_.own_name + " takes no files: netkit peer listen --files DIR"};
  if (Status fits = check_file_name(file.path); !fits) return fits.error();
  return plan_.folder->place(file.path);
}

Result<FileDescriptor> Inbox::make_folder(const transfer::Put&) {
  return refused("folders are not taken");
}

/// Its size and time to the nanosecond are enough: a conversation broke before it was told.
bool Inbox::is_there(const transfer::Put& file) const {
  if (!plan_.folder || !check_file_name(file.path)) return false;
  const Result<transfer::Facts> there = plan_.folder->look(file.path);
  return there && there->kind == transfer::Kind::file && there->size == file.size &&
         there->mtime_ns == file.mtime_ns;
}

void Inbox::refuse(std::uint32_t stream, const Error& why) {
  const bool exists = why.code == std::errc::file_exists;
  const Error told = exists ? refused("a file of that name is there, and none is replaced") : why;
  if (plan_.refused) plan_.refused(told);
  append(answers_, stream, transfer::Refusal{cli::show_failure(stream, told)});
}

}  // namespace netkit::presence
