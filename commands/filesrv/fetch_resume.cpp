// Going on with what is there: lists first, then asks for what is missing or damaged alone.
#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/filesrv/fetch.hpp"
#include "transfer/glob.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Kind;

/// A file that is copied to go on with is read and written by the kernel, so much at a time.
constexpr std::size_t copy_size = 64 * 1024 * 1024;

void copy_all(int from, int to) {
  for (;;) {
    const ssize_t count = copy_file_range(from, nullptr, to, nullptr, copy_size, 0);
    if (count <= 0) return;  // What is missing is fetched.
  }
}

}  // namespace

asio::awaitable<Status> Fetch::resume_all(FilesClient& client) {
  for (std::size_t i = 0; i < wish_.paths.size(); ++i) {
    if (done_[i]) continue;
    std::vector<transfer::Entry> entries;
    std::string request;
    append(request, client.new_stream(),
           transfer::List{.recursive = wish_.recursive, .path = wish_.paths[i]});
    const auto hear = [&](const transfer::Answer& answer) -> Status {
      if (const auto* const entry = std::get_if<transfer::Entry>(&answer))
        entries.push_back(*entry);
      if (const auto* const failed = std::get_if<transfer::Failed>(&answer))
        tally_.failed(failed->path, error_of_json(failed->json));
      return ok;
    };
    Status listed = co_await ask(client, request, hear);
    if (!listed && listed.error().code == Errc::closed) co_return listed;
    if (!listed && listed.error().code == Errc::timed_out) co_return listed;
    if (!listed) tally_.failed(wish_.paths[i], listed.error());
    const bool pattern = transfer::has_wildcards(wish_.paths[i]);
    if (!wish_.recursive && !pattern &&
        !(entries.size() == 1 && entries.front().path == wish_.paths[i])) {
      if (listed)
        tally_.failed(wish_.paths[i], {std::error_code{EISDIR, std::generic_category()}, "",
                                       "with all that is in it: -r"});
      entries.clear();
    }
    // The list of a folder leaves the folder itself out of its paths' bases.
    for (transfer::Entry& each : entries) {
      const std::string_view top = wish_.paths[i];
      if (wish_.recursive && each.path.size() > top.size() && each.path.starts_with(top) &&
          (top.empty() || each.path[top.size()] == '/'))
        each.base = top.size() - transfer::split_path(top).name.size();
      if (!was_asked_for(each))
        co_return Error{Errc::unexpected, "take what the server sends",
                        "it was asked for something else"};
      if (each.facts.kind == Kind::folder) {
        if (wish_.recursive) make_folder(each);
        continue;
      }
      if (each.facts.kind != Kind::file) {
        tally_.left_out(each.path, "neither a file nor a folder");
        continue;
      }
      if (Status resumed = co_await resume_file(client, each); !resumed) co_return resumed;
      if (!harvest_.is_full()) continue;
      if (Status settled = co_await settle(); !settled) co_return settled;
      bring_in();
    }
    done_[i] = true;
  }
  co_return ok;
}

/// Size and time agree: it was fetched before.
bool Fetch::is_there(const transfer::Entry& entry, const std::string& local) const {
  // What went on by itself after a break knows but what it brought.
  if (brought_.contains(entry.path)) return true;
  if (wish_.checksum || !resume_wished_) return false;
  const Result<transfer::Facts> facts = wish_.folder->look(local);
  return facts && facts->kind == Kind::file && facts->size == entry.facts.size &&
         facts->mtime_ns == entry.facts.mtime_ns;
}

/// A NAME that is another than it should be is a beginning all the same.
void Fetch::seed(const std::string& local) const {
  if (wish_.folder->look(local + std::string{transfer::part_suffix})) return;
  const Result<transfer::OpenFile> old = wish_.folder->open_file(local);
  if (!old || old->facts.size == 0) return;
  Result<transfer::Place> place = wish_.folder->place(local);
  if (!place) return;
  const Result<transfer::PartFile> part =
      transfer::PartFile::open(std::move(*place), transfer::Replace::always, false);
  if (part) copy_all(old->file.get(), part->descriptor());
}

asio::awaitable<Status> Fetch::resume_file(FilesClient& client, const transfer::Entry& entry) {
  const Result<std::string> local = local_name(entry);
  if (!local) co_return local.error();
  if (Status settled = co_await settle_first(entry); !settled) co_return settled;
  if (is_there(entry, *local)) {
    co_return tally_.done(entry.path, entry.facts.size, entry.facts.size);
  }
  seed(*local);
  current_.emplace(Current{});
  current_->entry = entry;
  if (const Status opened = open(*current_, true); !opened) {
    fail(opened.error());
    co_return ok;
  }
  // What is there is compared with what the server has, chunk by chunk.
  std::vector<transfer::Hash> theirs;
  const std::uint64_t there = current_->file->part().kept();
  if (there > 0 && wish_.checked) {
    std::string request;
    append(request, client.new_stream(), transfer::Hashes{entry.facts.version, entry.path});
    const auto hear = [&](const transfer::Answer& answer) -> Status {
      if (const auto* const chunk = std::get_if<transfer::Chunk>(&answer)) {
        if (chunk->index != theirs.size() ||
            chunk->index >= transfer::chunk_count(entry.facts.size))
          return Error{Errc::unexpected, "understand the server"};
        theirs.push_back(chunk->hash);
      }
      return ok;
    };
    Status asked = co_await ask(client, request, hear);
    if (!asked) {
      const bool lost = asked.error().code == Errc::closed || asked.error().code == Errc::timed_out;
      if (lost) co_return asked;
      fail(asked.error());
      co_return ok;
    }
  }
  const std::vector<Range> missing = compare(theirs);
  std::deque<std::string> requests;
  for (const Range& each : missing) {
    transfer::Get get;
    get.checked = wish_.checked;
    get.from = each.from;
    get.count = each.count;
    get.version = entry.facts.version;
    get.path = entry.path;
    asked_[client.last_stream() + 1] = entry.path;
    append(requests.emplace_back(), client.new_stream(), get);
  }
  // Comparing takes its time, and the server is not to be blamed for it.
  client.touch();
  tally_.begin(entry.path, entry.facts.size, current_->kept);
  current_->ranges_left = missing.size();
  if (missing.empty()) {
    current_->ranges_left = 1;
    co_return end(transfer::End{entry.facts.size, {}});
  }
  co_return co_await fetch_all(client, std::move(requests));
}

/// The runs of chunks that are not here, or not as they should be. Those that are count as taken.
std::vector<Fetch::Range> Fetch::compare(const std::vector<transfer::Hash>& theirs) {
  std::vector<Range> missing;
  const std::uint64_t size = current_->entry.facts.size;
  transfer::PartFile& part = current_->file->part();
  for (std::uint64_t index = 0; index < transfer::chunk_count(size); ++index) {
    const std::uint64_t begin = index * transfer::chunk_size;
    const std::uint64_t length = transfer::chunk_length(size, index);
    if (index < theirs.size() && begin + length <= part.kept()) {
      const auto ours = transfer::hash_chunk(part.descriptor(), begin, length);
      if (ours && *ours == theirs[index]) {
        current_->file->take_kept(index, *ours);
        current_->kept += length;
        continue;
      }
    }
    if (!missing.empty() && missing.back().from + missing.back().count == begin)
      missing.back().count += transfer::chunk_size;
    else
      missing.push_back({begin, transfer::chunk_size});
  }
  // An empty file is asked for as well: it may not be empty any more.
  if (size == 0) missing.push_back({0, 0});
  return missing;
}

}  // namespace netkit::filesrv
