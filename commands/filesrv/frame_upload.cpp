// What is put in frames: files as they come, and their places once they are whole.
#include <sys/stat.h>
#include <utility>

#include "cli/remote_error.hpp"
#include "commands/filesrv/frame_talk.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {

using transfer::PartFile;

Status FrameTalk::begin_upload(std::uint32_t stream, const transfer::Put& put) {
  if (upload_) return Error{Errc::unexpected, "take a file within another"};
  upload_.emplace();
  upload_->stream = stream;
  upload_->put = put;
  const Status opened = open_upload(*upload_);
  if (!opened) {
    refuse(stream, opened.error());
    upload_->file.reset();
  }
  // A folder is there or is not; nothing follows.
  if (put.folder) {
    if (opened) append(sender_.out(), stream, transfer::Stored{});
    upload_.reset();
  }
  return ok;
}

Status FrameTalk::open_upload(Upload& upload) {
  const transfer::Put& put = upload.put;
  const Result<Located> located = depot_.locate(put.path);
  if (!located) return located.error();
  if (!located->share || (located->path.empty() && !put.folder))
    return Error{Errc::refused, "store the file", "name one of the shares"};
  const Share& share = *located->share;
  if (Status may = visitor_.may(Right::write, share, "put", located->path); !may) return may;
  if (put.folder) {
    const Result<FileDescriptor> made = share.root.make_folder(located->path);
    return made ? Status{ok} : Status{made.error()};
  }
  if (located->path.ends_with(transfer::part_suffix))
    return Error{Errc::refused, "store the file",
                 "names that end in .part are for what is not whole"};
  if (Status room = depot_.reserve(0, put.size); !room) return room;
  upload.reserved = put.size;
  Result<transfer::Place> place = share.root.make_place(located->path);
  if (!place) return place.error();
  const transfer::Replace replace =
      put.replace ? transfer::Replace::always : transfer::Replace::never;
  Result<PartFile> part = PartFile::open(std::move(*place), replace, put.resume);
  if (!part) return part.error();
  upload.file.emplace(std::move(*part), put.size, true);
  return ok;
}

Status FrameTalk::take_data(const transfer::Piece& piece) {
  if (!upload_ || upload_->stream != piece.frame.stream)
    return Error{Errc::unexpected, "take file data for nothing"};
  taken_ += piece.frame.body.size();
  if (!upload_->file) return ok;
  const Status taken = upload_->file->take(piece.offset, piece.frame.body);
  if (!taken && taken.error().code == Errc::malformed) return taken;
  if (!taken) fail_upload(taken.error());
  return ok;
}

Status FrameTalk::take_part(const wire::Frame& frame) {
  if (!upload_ || upload_->stream != frame.stream)
    return Error{Errc::unexpected, "take a hash for nothing"};
  const Result<transfer::Part> part = transfer::decode_part(frame);
  if (!part) return part.error();
  const auto* const end = std::get_if<transfer::End>(&*part);
  if (upload_->file) {
    const Status taken =
        end ? upload_->file->take(*end) : upload_->file->take(std::get<transfer::Chunk>(*part));
    if (!taken && end && end->size == transfer::given_up)
      upload_->file.reset();  // The client knows why.
    else if (!taken)
      fail_upload(taken.error());
  }
  if (!end) return ok;
  if (upload_->file) {
    PartFile::Finish wish;
    wish.size = upload_->put.size;
    wish.mode = upload_->put.mode;
    wish.mtime_ns = upload_->put.mtime_ns;
    upload_->reserved = 0;  // It came.
    harvest_.add(std::move(upload_->file->part()), wish, upload_->stream);
  }
  end_upload();
  return ok;
}

/// NAME.part stays, so that the client can go on; what else comes of the file is let pass.
void FrameTalk::fail_upload(const Error& why) {
  refuse(upload_->stream, why);
  upload_->file.reset();
}

void FrameTalk::end_upload() {
  if (upload_) depot_.give_back(upload_->reserved);
  upload_.reset();
}

asio::awaitable<Status> FrameTalk::bring_in() {
  auto harvest = std::make_shared<transfer::Harvest>(std::exchange(harvest_, {}));
  const auto work = [harvest] { return harvest->bring_in(); };
  const std::vector<transfer::Harvest::Stored> stored = co_await depot_.helpers().run(work);
  for (const transfer::Harvest::Stored& each : stored) {
    const auto stream = static_cast<std::uint32_t>(each.tag);
    if (each.outcome)
      append(sender_.out(), stream, transfer::Stored{each.version});
    else
      refuse(stream, each.outcome.error());
  }
  co_return co_await sender_.flush_if_large();
}

/// A put that goes on: the hashes of what NAME.part has, so that the client sends the rest.
asio::awaitable<Status> FrameTalk::answer(std::uint32_t stream, const transfer::Put& put) {
  if (Status begun = begin_upload(stream, put); !begun) co_return begun;
  if (!upload_) co_return ok;
  if (!upload_->file) {
    upload_.reset();  // Nothing was sent with it.
    co_return ok;
  }
  co_return co_await tell_kept(stream);
}

asio::awaitable<Status> FrameTalk::tell_kept(std::uint32_t stream) {
  const std::uint64_t kept = std::min(upload_->file->part().kept(), upload_->put.size);
  const std::uint64_t size = upload_->put.size;
  transfer::Have have;
  for (std::uint64_t index = 0; index < transfer::chunk_count(size); ++index) {
    const std::uint64_t length = transfer::chunk_length(size, index);
    if (index * transfer::chunk_size + length > kept) break;
    const auto file = std::make_shared<FileDescriptor>(dup(upload_->file->part().descriptor()));
    const auto work = [file, index, length] {
      return transfer::hash_chunk(file->get(), index * transfer::chunk_size, length);
    };
    const Result<transfer::Hash> hash = co_await depot_.helpers().run(work);
    if (!hash) break;
    upload_->file->take_kept(index, *hash);
    have.hashes.push_back(*hash);
    if (have.hashes.size() < transfer::have_max) continue;
    append(sender_.out(), stream, have);
    have.first = index + 1;
    have.hashes.clear();
    if (Status sent = co_await sender_.flush_if_large(); !sent) co_return sent;
  }
  have.last = true;
  append(sender_.out(), stream, have);
  co_return ok;
}

}  // namespace netkit::filesrv
