// Files and trees on their way to a client that speaks frames.
#include <asio/steady_timer.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/filesrv/frame_talk.hpp"
#include "net/spawn.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Facts;
using transfer::Kind;

/// How often a file that is followed is looked at.
constexpr std::chrono::milliseconds follow_interval{200};

bool is_same(const transfer::OpenFile& file, const struct stat& other) {
  struct stat own;
  return fstat(file.file.get(), &own) == 0 && own.st_ino == other.st_ino &&
         own.st_dev == other.st_dev;
}

}  // namespace

asio::awaitable<Status> FrameTalk::answer(std::uint32_t stream, const transfer::Get& get) {
  Result<Meant> meant = co_await find("get", get.path);
  if (meant && !meant->share)
    meant = Error{Errc::usage, "fetch all folders at once", "name one of them"};
  if (!meant) {
    refuse(stream, meant.error());
    co_return ok;
  }
  Counts counts;
  for (const std::string& path : meant->paths)
    if (Status given = co_await give_one(stream, *meant, path, get, counts); !given)
      co_return given;
  append(sender_.out(), stream, transfer::Done{counts.things, counts.failed});
  co_return ok;
}

asio::awaitable<Status> FrameTalk::give_one(std::uint32_t stream, const Meant& meant,
                                            const std::string& path, const transfer::Get& get,
                                            Counts& counts) {
  const Share& share = *meant.share;
  const Result<Facts> facts = share.root.look(path);
  if (!facts) {
    append_failed(stream, share, path, facts.error(), counts);
    co_return ok;
  }
  if (facts->kind == Kind::folder && get.recursive)
    co_return co_await give_tree(stream, share, path, get, counts);
  if (facts->kind == Kind::folder) {
    const Error why{std::error_code{EISDIR, std::generic_category()}, "fetch a folder",
                    "with all that is in it: -r"};
    append_failed(stream, share, path, why, counts);
    co_return ok;
  }
  Result<transfer::OpenFile> file = share.root.open_file(path);
  if (!file) {
    append_failed(stream, share, path, file.error(), counts);
    co_return ok;
  }
  const std::size_t base = path.size() - transfer::split_path(path).name.size();
  co_return co_await give_file(stream, share, path, base, std::move(*file), get, counts);
}

asio::awaitable<Status> FrameTalk::give_tree(std::uint32_t stream, const Share& share,
                                             const std::string& path, const transfer::Get& get,
                                             Counts& counts) {
  const Result<Facts> top = share.root.look(path);
  transfer::WalkWish wish;
  wish.recursive = true;
  Result<transfer::Walk> walk = transfer::Walk::begin(share.root, path, wish);
  if (!top || !walk) {
    append_failed(stream, share, path, top ? walk.error() : top.error(), counts);
    co_return ok;
  }
  // A share that is fetched whole comes under its name.
  const std::size_t base =
      path.empty() ? share_itself : path.size() - transfer::split_path(path).name.size();
  if (!path.empty()) append_entry(stream, share, path, base, *top);
  for (;;) {
    const Result<std::optional<transfer::Found>> found = walk->next();
    if (!found) {
      append_failed(stream, share, found.error().hint.str(), Error{found.error().code}, counts);
      continue;
    }
    if (!*found) co_return ok;
    const transfer::Found& thing = **found;
    if (thing.facts.kind != Kind::file) {
      append_entry(stream, share, thing.path, base, thing.facts);
      continue;
    }
    Result<transfer::OpenFile> file = transfer::open_file_in(thing.folder, thing.name);
    if (!file) {
      append_failed(stream, share, thing.path, file.error(), counts);
      continue;
    }
    Status given =
        co_await give_file(stream, share, thing.path, base, std::move(*file), get, counts);
    if (!given) co_return given;
  }
}

asio::awaitable<Status> FrameTalk::give_file(std::uint32_t stream, const Share& share,
                                             const std::string& path, std::size_t base,
                                             transfer::OpenFile file, const transfer::Get& get,
                                             Counts& counts) {
  if (get.version != 0 && get.version != file.facts.version) {
    append_failed(stream, share, path,
                  {Errc::mismatch, "go on with the file", "it changed: begin anew"}, counts);
    co_return ok;
  }
  if (get.from > file.facts.size) {
    append_failed(stream, share, path, {Errc::mismatch, "send the file", "it is shorter"}, counts);
    co_return ok;
  }
  append_entry(stream, share, path, base, file.facts);
  transfer::Outgoing outgoing;
  outgoing.file = std::make_shared<const transfer::OpenFile>(std::move(file));
  outgoing.stream = stream;
  outgoing.checked = get.checked;
  outgoing.from = get.from;
  outgoing.count = get.count;
  outgoing.goes_on = get.follow;
  const auto opened = outgoing.file;
  const Result<bool> sent = co_await sender_.send(std::move(outgoing));
  if (!sent) co_return sent.error();
  if (!*sent) {
    append_failed(stream, share, path, sender_.why().error(), counts);
    co_return ok;
  }
  ++counts.things;
  if (get.follow) co_return co_await follow(stream, share, path, base, opened);
  co_return ok;
}

/// What is added to a file, as it comes, until the client leaves. A file that became shorter, or
/// another of that name, is begun anew.
asio::awaitable<Status> FrameTalk::follow(std::uint32_t stream, const Share& share,
                                          const std::string& path, std::size_t base,
                                          std::shared_ptr<const transfer::OpenFile> file) {
  if (Status sent = co_await sender_.flush(); !sent) co_return sent;
  asio::steady_timer timer{co_await asio::this_coro::executor};
  std::uint64_t from = file->facts.size;
  while (!connection_.draining()) {
    Result<transfer::OpenFile> named = share.root.open_file(path);
    struct stat now {};
    fstat(file->file.get(), &now);
    const auto size = static_cast<std::uint64_t>(now.st_size);
    // Under that name there may be another by now; of ours, what is left goes first.
    const bool other = named && !is_same(*named, now);
    if ((size < from || (other && size == from)) && named) {
      file = std::make_shared<const transfer::OpenFile>(std::move(*named));
      from = 0;
      append_entry(stream, share, path, base, file->facts);
    }
    if (size > from) {
      transfer::Outgoing outgoing;
      auto grown = std::make_shared<transfer::OpenFile>();
      grown->file = FileDescriptor{dup(file->file.get())};
      grown->facts = transfer::facts_of(now);
      outgoing.file = grown;
      outgoing.stream = stream;
      outgoing.checked = false;
      outgoing.goes_on = true;
      outgoing.from = from;
      const Result<bool> sent = co_await sender_.send(std::move(outgoing));
      if (!sent) co_return sent.error();
      if (*sent) from = size;
      if (Status flushed = co_await sender_.flush(); !flushed) co_return flushed;
      continue;
    }
    timer.expires_after(follow_interval);
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
    // What the client says meanwhile, and that it has gone.
    const auto got = connection_.try_receive();
    if (!got) co_return got.error();
    if (*got == net::Connection::Received::end) co_return Errc::closed;
    const Result<net::Flow> flow = take_at_hand();
    if (!flow) co_return flow.error();
    if (*flow == net::Flow::finish) co_return Errc::closed;
    if (asked_) refuse(asked_->stream, {Errc::busy, "answer", "a file is being followed"});
    asked_.reset();
    connection_.received().keep();
    if (Status sent = co_await sender_.flush(); !sent) co_return sent;
  }
  co_return ok;
}

}  // namespace netkit::filesrv
