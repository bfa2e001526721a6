// Files as they come, and their places once they are whole.
#include "transfer/intake.hpp"

#include <algorithm>
#include <memory>
#include <unistd.h>
#include <utility>

#include "transfer/limits.hpp"
#include "transfer/part_file.hpp"

namespace netkit::transfer {
namespace {

/// Hashes between two signs of life to who waits for them.
constexpr std::size_t have_at_once = 64;
static_assert(have_at_once <= have_max);

}  // namespace

Status check_not_part(std::string_view path) {
  if (!path.ends_with(part_suffix)) return ok;
  return Error{Errc::refused, "store the file",
               "names that end in .part are for what is not whole"};
}

Status Intake::begin(std::uint32_t stream, const Put& put) {
  if (upload_) return Error{Errc::unexpected, "take a file within another"};
  upload_.emplace(Upload{});
  upload_->stream = stream;
  upload_->put = put;
  const Status opened = put.folder ? make_folder(*upload_) : open(*upload_);
  if (!opened) owner_.refuse(stream, opened.error());
  if (put.folder) end();  // It is there or is not; nothing follows.
  return ok;
}

Status Intake::make_folder(const Upload& upload) {
  Result<FileDescriptor> made = owner_.make_folder(upload.put);
  if (!made) return made.error();
  batch_.harvest.add_folder(std::move(*made), batch_.whole.size());
  batch_.whole.push_back({upload.stream, upload.put});
  return ok;
}

Status Intake::open(Upload& upload) {
  Result<Place> place = owner_.admit(upload.put);
  if (!place) return place.error();
  const Replace replace = upload.put.replace ? Replace::always : Replace::never;
  Result<PartFile> part = PartFile::open(std::move(*place), replace, upload.put.resume);
  if (!part) return part.error();
  upload.file.emplace(std::move(*part), upload.put.size, true);
  return ok;
}

Status Intake::take_data(const Piece& piece) {
  if (!upload_ || upload_->stream != piece.frame.stream)
    return Error{Errc::unexpected, "take file data for nothing"};
  if (!upload_->file) return ok;
  if (Status room = owner_.make_room(piece.frame.body.size()); !room) {
    fail(room.error());
    return ok;
  }
  const Status taken = upload_->file->take(piece.offset, piece.frame.body);
  if (!taken && taken.error().code == Errc::malformed) return taken;
  if (!taken) fail(taken.error());
  return ok;
}

Status Intake::take_part(const wire::Frame& frame) {
  if (!upload_ || upload_->stream != frame.stream)
    return Error{Errc::unexpected, "take a hash for nothing"};
  const Result<Part> part = decode_part(frame);
  if (!part) return part.error();
  const auto* const last = std::get_if<End>(&*part);
  if (upload_->file) {
    const Status taken =
        last ? upload_->file->take(*last) : upload_->file->take(std::get<Chunk>(*part));
    if (!taken && last && last->size == given_up)
      upload_->file.reset();  // The other side knows why.
    else if (!taken)
      fail(taken.error());
  }
  if (!last) return ok;
  if (upload_->file) {
    PartFile::Finish wish;
    wish.size = upload_->put.size;
    wish.mode = upload_->put.mode;
    wish.mtime_ns = upload_->put.mtime_ns;
    batch_.harvest.add(std::move(upload_->file->part()), wish, batch_.whole.size());
    batch_.whole.push_back({upload_->stream, std::move(upload_->put)});
  }
  end();
  return ok;
}

/// NAME.part stays, so that the other side can go on; what else comes of the file is let pass.
void Intake::fail(const Error& why) {
  owner_.refuse(upload_->stream, why);
  upload_->file.reset();
}

void Intake::let_pass(std::uint32_t stream) {
  if (upload_) return;
  upload_.emplace(Upload{});
  upload_->stream = stream;
}

void Intake::hand_over(const asio::any_io_executor& executor) {
  if (!bringing_) bringing_.emplace(helpers_, executor);
  const auto batch = std::make_shared<Batch>(std::exchange(batch_, {}));
  under_way_ = batch;
  bringing_->start([batch] {
    batch->stored = batch->harvest.bring_in();
    return batch;
  });
}

asio::awaitable<Status> Intake::bring_in() {
  Status told = ok;
  if (is_bringing() && (bringing_->is_ready() || is_full())) told = co_await tell_oldest();
  if (!is_bringing() && has_whole()) hand_over(co_await asio::this_coro::executor);
  co_return told;
}

asio::awaitable<Status> Intake::settle() {
  Status told = ok;
  while (is_bringing() || has_whole()) {
    if (!is_bringing()) hand_over(co_await asio::this_coro::executor);
    Status sent = co_await tell_oldest();
    if (told) told = std::move(sent);
  }
  co_return told;
}

asio::awaitable<Status> Intake::tell_oldest() {
  co_await bringing_->ready();
  const std::shared_ptr<const Batch> batch = bringing_->take();
  under_way_.reset();
  for (const Harvest::Stored& each : batch->stored) {
    const Whole& file = batch->whole[each.tag];
    if (each.outcome) {
      if (!file.put.folder) owner_.stored(file.put);
      append(owner_.out(), file.stream, Stored{each.version});
    } else {
      owner_.refuse(file.stream, each.outcome.error());
    }
  }
  co_return co_await owner_.flush_if_large();
}

bool Intake::holds(std::string_view path) const {
  const auto is_it = [path](const Whole& each) { return each.put.path == path; };
  return std::ranges::any_of(batch_.whole, is_it) ||
         (under_way_ && std::ranges::any_of(under_way_->whole, is_it));
}

asio::awaitable<Status> Intake::resume(std::uint32_t stream, const Put& put) {
  if (!upload_ && !put.folder && owner_.is_there(put)) {
    append(owner_.out(), stream, Stored{});
    co_return ok;
  }
  if (Status begun = begin(stream, put); !begun) co_return begun;
  if (!upload_) co_return ok;
  if (!upload_->file) {
    end();  // Nothing was sent with it.
    co_return ok;
  }
  co_return co_await tell_kept(stream);
}

asio::awaitable<Result<Hash>> Intake::hash_kept(std::uint64_t index, std::uint64_t length) {
  const auto file = std::make_shared<FileDescriptor>(dup(upload_->file->part().descriptor()));
  const auto work = [file, index, length] {
    return hash_chunk(file->get(), index * chunk_size, length);
  };
  if (!helpers_) co_return work();
  co_return co_await helpers_->run(work);
}

asio::awaitable<Status> Intake::tell_kept(std::uint32_t stream) {
  const std::uint64_t kept = std::min(upload_->file->part().kept(), upload_->put.size);
  const std::uint64_t size = upload_->put.size;
  Have have;
  for (std::uint64_t index = 0; index < chunk_count(size); ++index) {
    const std::uint64_t length = chunk_length(size, index);
    if (index * chunk_size + length > kept) break;
    const Result<Hash> hash = co_await hash_kept(index, length);
    if (!hash) break;
    upload_->file->take_kept(index, *hash);
    have.hashes.push_back(*hash);
    if (have.hashes.size() < have_at_once) continue;
    append(owner_.out(), stream, have);
    have.first = index + 1;
    have.hashes.clear();
    if (Status sent = co_await owner_.flush(); !sent) co_return sent;
  }
  have.last = true;
  append(owner_.out(), stream, have);
  co_return ok;
}

}  // namespace netkit::transfer
