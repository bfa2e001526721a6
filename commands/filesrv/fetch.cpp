// Answers into files, in the order the server sends them.
#include "commands/filesrv/fetch.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/filesrv/asked_paths.hpp"
#include "transfer/glob.hpp"
#include "transfer/limits.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Kind;

/// Requests on their way at a time: more would wait at the server all the same.
constexpr std::size_t asked_max = 64;
/// Chunks that have come and are still being hashed.
constexpr std::size_t hashing_max = 4;

}  // namespace

Fetch::Fetch(cli::Context& context, FetchWish wish)
    : context_{context},
      wish_{std::move(wish)},
      tally_{context, "fetch"},
      done_(wish_.paths.size()),
      resume_wished_{wish_.resume} {}

asio::awaitable<Status> Fetch::run(FilesClient& client) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  transfer::Offload helpers{transfer::Offload::standard_count()};
  transfer::HashJobs hashes{&helpers, executor};
  transfer::Jobs<std::vector<transfer::Harvest::Stored>> bringing{&helpers, executor};
  hashes_ = &hashes;
  bringing_ = &bringing;
  Status fetched = co_await run_inner(client);
  // What is whole stays, however that ended; but for ^C, after which it is NAME.part.
  bring_in();
  Status settled = co_await settle();
  co_return fetched ? settled : fetched;
}

asio::awaitable<Status> Fetch::run_inner(FilesClient& client) {
  current_.reset();
  held_.clear();
  checking_.clear();
  // What came before the connection broke is not to come again.
  if (std::exchange(broke_, true)) wish_.resume = wish_.resume || wish_.folder;
  if (wish_.resume && wish_.folder && !wish_.follow) co_return co_await resume_all(client);
  from_ = printed_;
  std::deque<std::string> requests;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < wish_.paths.size(); ++i) {
    if (done_[i]) continue;
    // The end alone was lost, of a file that had been checked chunk by chunk.
    const bool printed_all = printed_ > 0 && printed_ == printed_size_ && !wish_.follow;
    if (printed_all && requests.empty()) {
      done_[i] = true;
      printed_ = from_ = 0;
      continue;
    }
    transfer::Get get;
    get.checked = wish_.checked && !wish_.follow;
    get.recursive = wish_.recursive;
    get.follow = wish_.follow;
    get.path = wish_.paths[i];
    // Nothing is printed twice: the first goes on where it was broken off.
    get.from = requests.empty() ? from_ : 0;
    if (get.from > 0 && !wish_.follow) get.version = printed_version_;
    asked_[client.last_stream() + 1] = wish_.paths[i];
    append(requests.emplace_back(), client.new_stream(), get);
    indices.push_back(i);
  }
  if (requests.empty()) co_return ok;
  asking_for_ = std::move(indices);
  Status fetched = co_await fetch_all(client, std::move(requests));
  if (fetched)
    for (const std::size_t each : asking_for_)
      done_[each] = true;
  asking_for_.clear();
  co_return fetched;
}

/// On stdout, nothing of that request comes again.
void Fetch::note_printed(std::size_t answered) {
  if (wish_.folder || asking_for_.empty()) return;
  done_[asking_for_[answered]] = true;
  printed_ = from_ = 0;
}

/// Sends the requests, a few ahead of the answers, and takes all of those.
asio::awaitable<Status> Fetch::fetch_all(FilesClient& client, std::deque<std::string> requests) {
  in_file_ = false;
  ends_ = failures_ = 0;
  std::size_t open = 0;
  std::size_t answered = 0;
  while (open > 0 || !requests.empty()) {
    std::string bytes;
    while (open < asked_max && !requests.empty()) {
      bytes += requests.front();
      requests.pop_front();
      ++open;
    }
    if (!bytes.empty())
      if (Status sent = co_await client.send(bytes); !sent) co_return sent;
    Result<transfer::Piece> piece = co_await next(client);
    if (!piece) co_return piece.error();
    const std::uint16_t type = piece->frame.type;
    // What comes of a file is hashed beside it; what is about all of it waits for that.
    const bool of_chunk = piece->is_data() || type == transfer::frame_type::chunk;
    if (Status taken = co_await take_hashes(of_chunk ? hashing_max : 0); !taken) co_return taken;
    if (type == transfer::frame_type::entry)
      if (Status settled = co_await settle_first(*piece); !settled) co_return settled;
    if (Status taken = take(*piece); !taken) co_return taken;
    start_hashes();
    if (type == transfer::frame_type::done || type == wire::frame_type::error) {
      --open;
      note_printed(answered++);
      if (current_) current_->unwanted = false;  // Another begins.
    }
    // Nothing else was asked for, and the rest need not come.
    if (current_ && current_->unwanted && open == 1 && requests.empty()) co_return ok;
    if (!harvest_.is_full()) continue;
    if (Status settled = co_await settle(); !settled) co_return settled;
    bring_in();
  }
  co_return ok;
}

/// A file that is followed may not grow for long; whether the server is there is asked then.
asio::awaitable<Result<transfer::Piece>> Fetch::next(FilesClient& client) {
  for (;;) {
    Result<transfer::Piece> piece = co_await client.next();
    const bool silent = !piece && piece.error().code == Errc::timed_out;
    if (silent && wish_.follow && !std::exchange(asked_alive_, true)) {
      std::string ping;
      wire::append_frame(ping, {.type = wire::frame_type::ping, .body = {}});
      client.touch();
      Status sent = co_await client.send(ping);
      if (!sent) co_return sent.error();
      continue;
    }
    if (piece) asked_alive_ = false;
    if (piece && piece->frame.type == wire::frame_type::pong) continue;
    co_return piece;
  }
}

Status Fetch::print(std::string_view bytes) {
  printed_ += bytes.size();
  return context_.out.bytes(bytes);
}

Status Fetch::take(const transfer::Piece& piece) {
  if (piece.is_data()) return take_data(piece);
  const Result<transfer::Answer> answer = transfer::decode_answer(piece.frame);
  if (!answer) return answer.error();
  return take_answer(*answer, piece.frame.stream);
}

Status Fetch::take_answer(const transfer::Answer& answer, std::uint32_t stream) {
  if (const auto* const entry = std::get_if<transfer::Entry>(&answer)) {
    // A file that is followed may be replaced by another.
    if (in_file_ && !wish_.follow)
      return Error{Errc::unexpected, "fetch all of a file", "another began within it"};
    in_file_ = entry->facts.kind == Kind::file;
    if (!current_ || current_->ranges_left == 0 || current_->entry.path != entry->path)
      return begin(*entry);
    return ok;
  }
  if (const auto* const chunk = std::get_if<transfer::Chunk>(&answer)) {
    if (!current_) return Error{Errc::unexpected, "understand the server"};
    if (current_->skipped) return ok;
    if (current_->file) {
      if (const Status checked = current_->file->take(*chunk); !checked) fail(checked.error());
      return ok;
    }
    auto bytes = std::make_shared<std::string>(std::exchange(held_, {}));
    checking_.push_back({bytes, chunk->hash});
    hashes_->start([bytes, index = chunk->index] {
      return transfer::HashedChunk{index, false, transfer::hash_of_chunk(*bytes)};
    });
    return ok;
  }
  if (const auto* const over = std::get_if<transfer::End>(&answer)) {
    in_file_ = false;
    if (over->size != transfer::given_up) ++ends_;
    return end(*over);
  }
  if (const auto* const done = std::get_if<transfer::Done>(&answer)) return take_done(*done);
  if (const auto* const failed = std::get_if<transfer::Failed>(&answer)) {
    ++failures_;
    tally_.failed(failed->path, error_of_json(failed->json));
    return ok;
  }
  if (const auto* const refusal = std::get_if<transfer::Refusal>(&answer)) {
    tally_.failed(asked_[stream], error_of_json(refusal->json));
  }
  return ok;
}

Result<std::string> Fetch::local_name(const transfer::Entry& entry) {
  const std::string_view below = entry.below_base();
  if (wish_.name.empty()) return std::string{below};
  const std::size_t slash = below.find('/');
  // The tree or file that was named has another name here.
  if (slash != std::string_view::npos) return wish_.name + std::string{below.substr(slash)};
  return wish_.name;
}

void Fetch::make_folder(const transfer::Entry& entry) {
  const Result<std::string> local = local_name(entry);
  if (!local || !wish_.folder) return;
  Result<FileDescriptor> made = wish_.folder->make_folder(*local);
  if (!made) {
    tally_.failed(entry.path, made.error());
    return;
  }
  harvest_.add_folder(std::move(*made), no_tag);
  folders_.emplace_back(*local, entry.facts);
}

/// Names here are chosen by who asks: a server may not send what it likes, and not say less or more
/// than it sent.
bool Fetch::was_asked_for(const transfer::Entry& entry) const {
  return std::ranges::any_of(wish_.paths, [&](const std::string& asked) {
    return is_answer_to(asked, wish_.recursive, entry.path, entry.base);
  });
}

Status Fetch::take_done(const transfer::Done& done) {
  const std::uint64_t ends = std::exchange(ends_, 0);
  const std::uint64_t failures = std::exchange(failures_, 0);
  if (wish_.follow) return ok;
  const bool plain = !wish_.recursive && std::ranges::none_of(wish_.paths, transfer::has_wildcards);
  if (in_file_ || done.things != ends || done.failed != failures || (plain && ends + failures == 0))
    return Error{Errc::unexpected, "fetch all of it", "the server said that it was over before"};
  return ok;
}

Status Fetch::begin(const transfer::Entry& entry) {
  current_.reset();
  if (!was_asked_for(entry))
    return Error{Errc::unexpected, "take what the server sends", "it was asked for something else"};
  if (entry.facts.kind == Kind::folder) {
    make_folder(entry);
    return ok;
  }
  if (entry.facts.kind != Kind::file) {
    tally_.left_out(entry.path, "neither a file nor a folder");
    return ok;
  }
  current_.emplace(Current{});
  current_->entry = entry;
  printed_version_ = entry.facts.version;
  printed_size_ = entry.facts.size;
  tally_.begin(entry.path, entry.facts.size, from_);
  if (!wish_.folder) {
    held_.clear();
    root_.emplace();
    root_->begin(entry.facts.size);
    next_ = from_;
    return ok;
  }
  if (const Status opened = open(*current_, false); !opened) {
    fail(opened.error());
    current_->unwanted = !wish_.recursive && !transfer::has_wildcards(wish_.paths.back());
  }
  return ok;
}

Status Fetch::open(Current& current, bool resume) {
  const Result<std::string> local = local_name(current.entry);
  if (!local) return local.error();
  current.local = *local;
  Result<transfer::Place> place = wish_.folder->make_place(*local);
  if (!place) return place.error();
  Result<transfer::PartFile> part =
      transfer::PartFile::open(std::move(*place), transfer::Replace::always, resume);
  if (!part) return part.error();
  const std::uint64_t size = current.entry.facts.size;
  const bool beside = size > transfer::chunk_size;
  if (beside)
    current.bytes = std::make_shared<FileDescriptor>(fcntl(part->descriptor(), F_DUPFD_CLOEXEC, 0));
  using Hashing = transfer::Incoming::Hashing;
  current.file.emplace(std::move(*part), size, wish_.checked && !wish_.follow,
                       beside ? Hashing::elsewhere : Hashing::here);
  return ok;
}

void Fetch::fail(const Error& why) {
  tally_.failed(current_->entry.path, why);
  current_->skipped = true;
  current_->file.reset();
  current_->bytes.reset();
}

Status Fetch::take_data(const transfer::Piece& piece) {
  if (!current_) return Error{Errc::unexpected, "understand the server"};
  const std::string_view bytes = piece.frame.body;
  if (current_->skipped) return ok;
  tally_.add(bytes.size());
  if (current_->file) {
    const Status taken = current_->file->take(piece.offset, bytes);
    // A server that sends nonsense is not to be listened to any further.
    if (!taken && taken.error().code == Errc::malformed) return taken;
    if (!taken) fail(taken.error());
    return ok;
  }
  if (!wish_.follow && piece.offset != next_)
    return Error{Errc::malformed, "take file data out of order"};
  next_ = piece.offset + bytes.size();
  if (!wish_.checked || wish_.follow) return print(bytes);
  // Nothing reaches stdout before it has been checked.
  if (held_.size() + bytes.size() > transfer::chunk_size)
    return Error{Errc::malformed, "understand the server"};
  if (held_.empty() && bytes.size() < current_->entry.facts.size) make_room_for_chunk();
  held_ += bytes;
  return ok;
}

Status Fetch::end(const transfer::End& end) {
  if (!current_) return Error{Errc::unexpected, "understand the server"};
  if (current_->ranges_left > 0) --current_->ranges_left;
  Current& current = *current_;
  if (end.size == transfer::given_up) {
    // Why is told next. NAME.part stays.
    current.skipped = true;
    current.file.reset();
    held_.clear();
    return ok;
  }
  if (current.skipped || current.ranges_left > 0) return ok;
  if (current.file) {
    const Status whole = current.file->take(end);
    if (!whole) {
      fail(whole.error());
      return ok;
    }
    transfer::PartFile::Finish wish;
    wish.size = end.size;
    wish.mode = current.entry.facts.mode;
    wish.mtime_ns = current.entry.facts.mtime_ns;
    waiting_[++last_tag_] = {current.entry.path, current.local, current.kept};
    harvest_.add(std::move(current.file->part()), wish, last_tag_);
    current_.reset();
    return ok;
  }
  // A file of one small chunk has but the root, and one that is gone on with has none.
  if (!held_.empty()) root_->add(transfer::hash_of_chunk(held_));
  const bool whole = !wish_.checked || from_ > 0 || root_->finish() == end.root;
  if (next_ != end.size || !whole) {
    fail({Errc::mismatch, "check the file", "it was damaged on its way, or changed"});
    return ok;
  }
  if (const Status written = print(held_); !written) return written;
  held_.clear();
  const std::string path = std::move(current.entry.path);
  current_.reset();
  return tally_.done(path, end.size, 0);
}

/// Last, as each file that comes changes the time of its folder; the deepest first.
void Fetch::set_folder_times() {
  std::reverse(folders_.begin(), folders_.end());
  for (const auto& [path, facts] : folders_) {
    const Result<FileDescriptor> folder = wish_.folder->open_folder(path);
    if (!folder) continue;
    static_cast<void>(fchmod(folder->get(), facts.mode & 0777));
    const timespec times[2] = {
        {.tv_sec = 0, .tv_nsec = UTIME_OMIT},
        {.tv_sec = facts.mtime_ns / 1'000'000'000, .tv_nsec = facts.mtime_ns % 1'000'000'000}};
    static_cast<void>(futimens(folder->get(), times));
  }
}

Status Fetch::finish() {
  if (wish_.folder) set_folder_times();
  if (const Status told = tally_.finish(); !told) return told;
  return tally_.outcome();
}

}  // namespace netkit::filesrv
