// Folders: as a page, as JSON, as an archive.
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "commands/filesrv/folder_page.hpp"
#include "commands/filesrv/tar_tree.hpp"
#include "commands/filesrv/web_session.hpp"
#include "transfer/path.hpp"
#include "transfer/walk.hpp"

namespace netkit::filesrv {
namespace {

bool wants_json(const wire::HttpRequest& request, std::string_view query) {
  if (query_has(query, "json")) return true;
  bool json = false;
  for (const std::string_view each : request.fields.list("Accept")) {
    const std::string_view type = trim(each.substr(0, each.find(';')));
    if (equal_ignoring_case(type, "text/html")) return false;
    json = json || equal_ignoring_case(type, "application/json");
  }
  return json;
}

/// What a helper's thread does for a listing: all that grows with the folder.
struct ListWork {
  ListWork(const WebTarget& target, bool as_json)
      : share{target.where.share},
        path{target.where.path},
        json{as_json},
        maker{order_of_query(target.query)} {
    view.path = target.path;
    view.order = order_of_query(target.query);
  }

  /// Empty while there is more to look at: others should have their turn.
  Result<std::string> step() {
    if (!walk) {
      auto begun = transfer::Walk::begin(share->root, path, {});
      if (!begun) return begun.error();
      walk = std::move(*begun);
    }
    for (unsigned count = 0; count < list_entries_in_a_row_max; ++count) {
      auto found = walk->next();
      // What cannot be looked at is left out; the walk's hint would be its path.
      if (!found) failed = Error{found.error().code, "list all of it"};
      if (!found) continue;
      if (!*found) return finish();
      transfer::Found& each = **found;
      maker.add({std::move(each.name), each.facts.kind, each.facts.size, each.facts.mtime_ns});
    }
    return std::string{};
  }

  Result<std::string> finish() {
    view.listing = maker.finish();
    if (view.listing.entries.empty() && failed) return *failed;
    return json ? folder_json(view) : folder_page(view);
  }

  const Share* const share;
  const std::string path;
  const bool json;
  FolderView view;
  ListingMaker maker;
  std::optional<transfer::Walk> walk;
  std::optional<Error> failed;
};

/// Bytes of what all readers of lists may hold together, while it lives.
class HeldMemory {
 public:
  HeldMemory(std::shared_ptr<SortMemory> memory, std::size_t bytes)
      : memory_{std::move(memory)}, bytes_{memory_->take(bytes) ? bytes : 0} {}
  HeldMemory(const HeldMemory&) = delete;
  HeldMemory& operator=(const HeldMemory&) = delete;
  ~HeldMemory() { memory_->give_back(bytes_); }
  explicit operator bool() const { return bytes_ > 0; }

 private:
  const std::shared_ptr<SortMemory> memory_;
  const std::size_t bytes_;
};

WebAnswer folder_answer(bool json) {
  WebAnswer answer{200};
  answer.add("Cache-Control", "no-cache").add("Vary", "Accept");
  answer.add("Content-Type", json ? "application/json" : "text/html; charset=utf-8");
  if (!json) answer.add("Content-Security-Policy", std::string{folder_page_policy()});
  return answer;
}

/// RFC 6266 and RFC 8187: a name in ASCII for all, and the name itself. Quotes and backslashes
/// would need escapes that not everybody reads.
std::string disposition(std::string_view name) {
  std::string plain;
  for (const char byte : name) {
    const bool fits = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
    plain += fits ? byte : '_';
  }
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + transfer::url_of_path(name);
}

/// The size of a chunk, before its bytes.
std::string chunk_head(std::uint64_t size) {
  return fmt::format("{:016x}\r\n", size);
}

}  // namespace

bool WebSession::may_put(const WebTarget& target) const {
  return target.where.share &&
         visitor_.may(Right::write, *target.where.share, "put", target.where.path);
}

asio::awaitable<Status> WebSession::give_shares(const Request& request, const WebTarget& target) {
  FolderView view;
  view.order = order_of_query(target.query);
  view.has_tar = false;
  ListingMaker maker{view.order};
  for (const Share& share : depot_.shares()) {
    const bool shown = visitor_.may(Right::read, share, "list", "") ||
                       visitor_.may(Right::write, share, "put", "");
    if (shown) maker.add({share.name, transfer::Kind::folder, 0, 0});
  }
  view.listing = maker.finish();
  const bool json = wants_json(request, target.query);
  std::string body = json ? folder_json(view) : folder_page(view);
  co_return co_await send_whole(folder_answer(json), std::move(body));
}

asio::awaitable<Status> WebSession::give_folder(const Request& request, const WebTarget& target) {
  const bool json = wants_json(request, target.query);
  const auto work = std::make_shared<ListWork>(target, json);
  work->view.upload = may_put(target);
  if (depot_.settings().drop_box) {
    if (!work->view.upload || json || query_has(target.query, "tar"))
      co_return co_await refuse(403, "what is here is not shown");
    work->view.drop_box = true;
    std::string page = folder_page(work->view);
    co_return co_await send_whole(folder_answer(false), std::move(page));
  }
  if (query_has(target.query, "tar")) co_return co_await give_tar(request, target);
  const auto list = [work] { return work->step(); };
  Result<std::string> body = std::string{};
  while (body && body->empty()) {
    body = co_await depot_.helpers().run(list);
    connection_.touch();
  }
  if (!body) co_return co_await refuse(body.error());
  const HeldMemory held{sort_memory_, body->size()};
  if (!held) co_return co_await refuse(503, "too many others read large lists; try again");
  co_return co_await send_whole(folder_answer(json), std::move(*body));
}

asio::awaitable<Status> WebSession::give_tar(const Request& request, const WebTarget& target) {
  // Whoever may see names only is not to have the bytes this way.
  const Share& share = *target.where.share;
  if (Status may = visitor_.let(Right::read, share, "get", target.where.path); !may)
    co_return co_await refuse(may.error());
  std::string name{transfer::split_path(target.path).name};
  if (name.empty()) name = "files";
  WebAnswer answer{200};
  answer.add("Content-Type", "application/x-tar")
      .add("Content-Disposition", disposition(name + ".tar"))
      .add("Cache-Control", "no-store");
  const bool chunked = request.minor_version > 0;
  if (chunked)
    answer.add("Transfer-Encoding", "chunked");
  else
    keep_ = false;  // The end of the stream is that of the archive.
  auto begun = TarTree::begin(share.root, target.where.path, std::move(name));
  if (!begun) co_return co_await refuse(begun.error());
  std::string text = head_of(answer, std::nullopt);
  if (Status sent = co_await connection_.send(text); !sent || head_only_) co_return sent;
  forget_request();
  const auto tree = std::make_shared<TarTree>(std::move(*begun));
  const auto next = [tree] { return tree->next(); };
  for (;;) {
    TarTree::Piece piece = co_await depot_.helpers().run(next);
    if (piece.ended) break;
    connection_.touch();
    if (piece.bytes.empty()) continue;
    std::uint64_t more = 0;
    if (piece.large) more = piece.large->facts.size + tar_padding(piece.large->facts.size);
    text = chunked ? chunk_head(piece.bytes.size() + more) : "";
    text += piece.bytes;
    if (chunked && more == 0) text += "\r\n";
    co_await wait_for(depot_.pace(), pace_, piece.bytes.size());
    if (Status sent = co_await connection_.send(text); !sent) co_return sent;
    if (!piece.large) continue;
    const auto file = std::make_shared<const transfer::OpenFile>(std::move(*piece.large));
    if (Status sent = co_await send_large_member(file); !sent) co_return sent;
    if (!chunked) continue;
    if (Status sent = co_await connection_.send("\r\n"); !sent) co_return sent;
  }
  if (!chunked) co_return ok;
  co_return co_await connection_.send("0\r\n\r\n");
}

/// The size has been announced: what is missing by now is zeros, what has come since is left out.
asio::awaitable<Status> WebSession::send_large_member(File file) {
  const std::uint64_t size = file->facts.size;
  ByteRange range;
  range.count = size;
  const Result<std::uint64_t> sent = co_await send_some(file->file.get(), range);
  if (!sent) co_return sent.error();
  const std::string zeros(std::min<std::uint64_t>(size - *sent + tar_padding(size), 64 * 1024),
                          '\0');
  for (std::uint64_t left = size - *sent + tar_padding(size); left > 0;) {
    const std::string_view part = std::string_view{zeros}.substr(0, left);
    if (Status filled = co_await connection_.send(part); !filled) co_return filled;
    left -= part.size();
  }
  co_return ok;
}

}  // namespace netkit::filesrv
