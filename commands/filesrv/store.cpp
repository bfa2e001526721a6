// Two halves on one connection: one sends, one hears.
#include "commands/filesrv/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/spawn.hpp"
#include "net/together.hpp"
#include "transfer/path.hpp"
#include "transfer/walk.hpp"

namespace netkit::filesrv {
namespace {

using transfer::Facts;
using transfer::Kind;

/// Files on their way whose outcome is not known: what is kept of each is small.
constexpr std::size_t waiting_max = 4096;
constexpr std::size_t memory_size = 64 * 1024;

/// A file or folder as the user named it: here links are followed, as cp does.
Result<transfer::OpenFile> open_named(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file) return errno_error("open " + path);
  struct stat status;
  if (fstat(file.get(), &status) != 0) return errno_error("look at " + path);
  const Facts facts = transfer::facts_of(status);
  if (facts.kind != Kind::file && facts.kind != Kind::folder)
    return Error{Errc::refused, "send " + path, "it is neither a file nor a folder"};
  return transfer::OpenFile{std::move(file), facts};
}

/// The last component of what was typed, which may be "." or end with a slash.
std::string base_name(const std::string& path) {
  std::string text = path;
  while (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  const std::size_t slash = text.rfind('/');
  const std::string name = slash == std::string::npos ? text : text.substr(slash + 1);
  return name == "." || name == ".." || name == "/" ? std::string{} : name;
}

/// Local files and folders by the names they get at the server.
using Tops = std::map<std::string, std::string, std::less<>>;

/// Whether one of ours is to go to `below`, a path below the folder that they go to.
bool is_ours(const Tops& tops, std::string_view below) {
  const std::string_view top = below.substr(0, below.find('/'));
  auto found = tops.find(top);
  std::string local{below.substr(top.size())};
  if (found == tops.end()) {  // What is in "." goes there without a name of its own.
    found = tops.find("");
    local = "/" + std::string{below};
  }
  struct stat there;
  return found != tops.end() && lstat((found->second + local).c_str(), &there) == 0;
}

}  // namespace

Store::Store(cli::Context& context, StoreWish wish)
    : wish_{std::move(wish)},
      tally_{context, "store"},
      memory_(memory_size),
      resume_wished_{wish_.resume} {}

asio::awaitable<Status> Store::run(FilesClient& client) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  transfer::Offload helpers{1};
  helpers_ = &helpers;
  changed_ = std::make_unique<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  waiting_.clear();
  kept_.clear();
  sent_all_ = false;
  ended_ = ok;
  if (std::exchange(broke_, true)) wish_.resume = true;
  if (wish_.resume)
    if (Status learned = co_await learn(client); !learned) co_return learned;
  transfer::Sender::Surroundings around;
  around.memory = memory_;
  around.helpers = helpers_;
  around.went = [this, &client](std::size_t bytes) {
    client.touch();
    tally_.add(bytes);
  };
  around.unwanted = [this](std::uint32_t stream) { return !waiting_.contains(stream); };
  sender_.emplace(client.stream(), std::move(around));
  std::vector<asio::awaitable<Status>> halves;
  halves.push_back(send_all(client));
  halves.push_back(hear_all(client));
  co_return co_await net::together(std::move(halves));
}

asio::awaitable<Status> Store::send_all(FilesClient& client) {
  Status sent = co_await send_all_inner(client);
  sent_all_ = true;
  if (!sent) client.stream().interrupt();
  // Whoever hears may have nothing more to wait for: a question brings an answer.
  std::string ping;
  wire::append_frame(ping, {.type = wire::frame_type::ping, .body = {}});
  if (sent) sent = co_await client.send(ping);
  co_return ended_ ? sent : ended_;
}

asio::awaitable<Status> Store::send_all_inner(FilesClient& client) {
  for (const std::string& each : wish_.files)
    if (Status sent = co_await send_top(client, each); !sent) co_return sent;
  co_return co_await sender_->flush();
}

asio::awaitable<Status> Store::hear_all(FilesClient& client) {
  while (!(sent_all_ && all_told())) {
    const Result<transfer::Piece> piece = co_await client.next();
    Status heard = piece ? ok : Status{piece.error()};
    if (heard && piece->frame.type != wire::frame_type::pong) {
      const Result<transfer::Answer> answer = transfer::decode_answer(piece->frame);
      heard = answer ? hear(*answer, piece->frame.stream) : Status{answer.error()};
    }
    wake();
    if (heard) continue;
    ended_ = heard;
    // What is being sent is not wanted any more.
    client.stream().abort();
    co_return heard;
  }
  co_return ok;
}

Status Store::hear(const transfer::Answer& answer, std::uint32_t stream) {
  const auto found = waiting_.find(stream);
  if (const auto* const have = std::get_if<transfer::Have>(&answer)) {
    Kept& kept = kept_[stream];
    if (have->first != kept.hashes.size() || found == waiting_.end() ||
        kept.hashes.size() + have->hashes.size() > transfer::chunk_count(found->second.size))
      return Error{Errc::unexpected, "understand the server"};
    kept.hashes.insert(kept.hashes.end(), have->hashes.begin(), have->hashes.end());
    kept.told = have->last;
    return ok;
  }
  if (found == waiting_.end()) return ok;
  const Waiting waiting = found->second;
  if (std::holds_alternative<transfer::Stored>(answer)) {
    waiting_.erase(found);
    stored_.insert(waiting.path);
    return waiting.folder ? Status{ok} : tally_.done(waiting.path, waiting.size, waiting.kept);
  }
  if (const auto* const refusal = std::get_if<transfer::Refusal>(&answer)) {
    waiting_.erase(found);
    tally_.failed(waiting.path, error_of_json(refusal->json));
    return ok;
  }
  return Error{Errc::unexpected, "understand the server"};
}

/// What the server has already of what is to be sent, so that it need not be sent again. What else
/// it has is not kept: it may be any number of files.
asio::awaitable<Status> Store::learn(FilesClient& client) {
  Tops tops;
  for (const std::string& each : wish_.files)
    tops[wish_.name.empty() ? base_name(each) : wish_.name] = each;
  const std::size_t above = wish_.to.empty() ? 0 : wish_.to.size() + 1;
  std::string request;
  transfer::List list;
  list.recursive = wish_.recursive;
  list.path = wish_.to;
  append(request, client.new_stream(), list);
  const auto hear = [&](const transfer::Answer& answer) -> Status {
    const auto* const entry = std::get_if<transfer::Entry>(&answer);
    if (!entry || entry->facts.kind != Kind::file || entry->path.size() <= above) return ok;
    if (is_ours(tops, std::string_view{entry->path}.substr(above)))
      there_[entry->path] = entry->facts;
    return ok;
  };
  Status asked = co_await ask(client, request, hear);
  // A folder that is not there has nothing; where nothing may be listed, all is sent.
  const bool no_list =
      !asked && (asked.error().code == Errc::not_found || asked.error().code == Errc::refused);
  co_return no_list ? Status{ok} : asked;
}

bool Store::is_there(const std::string& path, const Facts& facts) const {
  if (stored_.contains(path)) return true;
  if (wish_.checksum || !resume_wished_) return false;
  const auto found = there_.find(path);
  return found != there_.end() && found->second.size == facts.size &&
         found->second.mtime_ns == facts.mtime_ns;
}

asio::awaitable<Status> Store::send_top(FilesClient& client, const std::string& file) {
  Result<transfer::OpenFile> opened = open_named(file);
  if (!opened) {
    tally_.failed(file, opened.error());
    co_return ok;
  }
  std::string name = wish_.name.empty() ? base_name(file) : wish_.name;
  const std::string path = transfer::join_path(wish_.to, name);
  if (opened->facts.kind == Kind::folder) {
    if (!wish_.recursive) {
      tally_.failed(file, {std::error_code{EISDIR, std::generic_category()}, "",
                           "with all that is in it: -r"});
      co_return ok;
    }
    co_return co_await send_tree(client, file, path);
  }
  auto shared = std::make_shared<const transfer::OpenFile>(std::move(*opened));
  co_return co_await send_file(client, path, std::move(shared));
}

asio::awaitable<Status> Store::send_tree(FilesClient& client, const std::string& folder,
                                         const std::string& path) {
  const Result<transfer::Root> root = transfer::Root::open(folder);
  Result<transfer::Walk> walk =
      root ? transfer::Walk::begin(*root, {}, {.recursive = true, .part_files = false})
           : Result<transfer::Walk>{root.error()};
  if (!walk) {
    tally_.failed(folder, walk.error());
    co_return ok;
  }
  for (;;) {
    const Result<std::optional<transfer::Found>> found = walk->next();
    if (!found) {
      tally_.failed(transfer::join_path(folder, found.error().hint.str()),
                    Error{found.error().code});
      continue;
    }
    if (!*found) co_return ok;
    const transfer::Found& thing = **found;
    const std::string there = transfer::join_path(path, thing.path);
    if (thing.facts.kind == Kind::folder) {
      if (Status sent = co_await send_folder(client, there, thing.facts); !sent) co_return sent;
      continue;
    }
    if (thing.facts.kind != Kind::file) {
      tally_.left_out(thing.path, "neither a file nor a folder");
      continue;
    }
    Result<transfer::OpenFile> file = transfer::open_file_in(thing.folder, thing.name);
    if (!file) {
      tally_.failed(transfer::join_path(folder, thing.path), file.error());
      continue;
    }
    auto shared = std::make_shared<const transfer::OpenFile>(std::move(*file));
    if (Status sent = co_await send_file(client, there, std::move(shared)); !sent) co_return sent;
  }
}

asio::awaitable<Status> Store::send_folder(FilesClient& client, const std::string& path,
                                           const Facts& facts) {
  if (Status fits = transfer::check_path(path); !fits) {
    tally_.failed(path, fits.error());
    co_return ok;
  }
  if (Status room = co_await wait_for_room(); !room) co_return room;
  const std::uint32_t stream = client.new_stream();
  transfer::Put put;
  put.folder = true;
  put.mode = facts.mode;
  put.mtime_ns = facts.mtime_ns;
  put.path = path;
  waiting_[stream] = {.path = path, .size = 0, .kept = 0, .folder = true};
  append(sender_->out(), stream, put);
  co_return co_await sender_->flush_if_large();
}

/// Until the server has told of enough of what was sent.
asio::awaitable<Status> Store::wait_for_room() {
  while (waiting_.size() >= waiting_max && ended_) {
    if (Status sent = co_await sender_->flush(); !sent) co_return sent;
    if (waiting_.size() < waiting_max) break;
    std::error_code woken;
    co_await changed_->async_wait(net::into(woken));
  }
  co_return ended_;
}

asio::awaitable<Status> Store::send_file(FilesClient& client, const std::string& path, File file) {
  if (Status fits = transfer::check_path(path); !fits) {
    tally_.failed(path, fits.error());
    co_return ok;
  }
  if (wish_.resume && is_there(path, file->facts))
    co_return tally_.done(path, file->facts.size, file->facts.size);
  if (Status room = co_await wait_for_room(); !room) co_return room;
  const std::uint32_t stream = client.new_stream();
  transfer::Put put;
  put.replace = wish_.replace;
  put.resume = wish_.resume;
  put.mode = file->facts.mode;
  put.mtime_ns = file->facts.mtime_ns;
  put.size = file->facts.size;
  put.path = path;
  waiting_[stream] = {.path = path, .size = put.size, .kept = 0, .folder = false};
  append(sender_->out(), stream, put);
  tally_.begin(path, put.size, 0);
  if (wish_.resume) co_return co_await send_rest(client, path, std::move(file), stream);
  transfer::Outgoing outgoing;
  outgoing.file = std::move(file);
  outgoing.stream = stream;
  const Result<bool> sent = co_await sender_->send(std::move(outgoing));
  if (!sent) co_return ended_ ? Status{sent.error()} : ended_;
  // One that the server has refused is told of already.
  if (!*sent && waiting_.erase(stream) > 0) tally_.failed(path, sender_->why().error());
  co_return ok;
}

/// What the server's NAME.part lacks, once it has told what that has.
asio::awaitable<Status> Store::send_rest(FilesClient& client, const std::string& path, File file,
                                         std::uint32_t stream) {
  if (Status sent = co_await sender_->flush(); !sent) co_return sent;
  while (ended_ && waiting_.contains(stream) && !kept_[stream].told) {
    std::error_code woken;
    co_await changed_->async_wait(net::into(woken));
  }
  const Kept kept = std::move(kept_[stream]);
  kept_.erase(stream);
  if (!ended_) co_return ended_;
  if (!waiting_.contains(stream)) co_return ok;
  const std::uint64_t size = file->facts.size;
  transfer::RootHasher root;
  root.begin(size);
  for (std::uint64_t index = 0; index < transfer::chunk_count(size); ++index) {
    const std::uint64_t length = transfer::chunk_length(size, index);
    const auto work = [file, index, length] {
      return transfer::hash_chunk(file->file.get(), index * transfer::chunk_size, length);
    };
    const Result<transfer::Hash> ours = co_await helpers_->run(work);
    client.touch();
    if (!ours) {
      append(sender_->out(), stream, transfer::End{transfer::given_up, {}});
      if (waiting_.erase(stream) > 0) tally_.failed(path, ours.error());
      co_return co_await sender_->flush_if_large();
    }
    root.add(*ours);
    if (index < kept.hashes.size() && kept.hashes[index] == *ours) {
      waiting_[stream].kept += length;
      continue;
    }
    transfer::Outgoing outgoing;
    outgoing.file = file;
    outgoing.stream = stream;
    outgoing.from = index * transfer::chunk_size;
    outgoing.count = transfer::chunk_size;
    outgoing.goes_on = true;
    const Result<bool> sent = co_await sender_->send(std::move(outgoing));
    if (!sent) co_return ended_ ? Status{sent.error()} : ended_;
    if (!*sent) {
      if (waiting_.erase(stream) > 0) tally_.failed(path, sender_->why().error());
      co_return ok;
    }
  }
  append(sender_->out(), stream, transfer::End{size, root.finish()});
  co_return co_await sender_->flush_if_large();
}

Status Store::finish() {
  if (const Status told = tally_.finish(); !told) return told;
  return tally_.outcome();
}

}  // namespace netkit::filesrv
