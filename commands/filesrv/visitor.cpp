// Rights by scope and by what the server was started with.
#include "commands/filesrv/visitor.hpp"

#include "commands/filesrv/filesrv.hpp"
#include "net/worker.hpp"

namespace netkit::filesrv {
namespace {

std::string scope_of(Right right, const Share& share) {
  const std::string scope = right == Right::read ? "filesrv:read" : "filesrv:write";
  return share.name.empty() ? scope : scope + ":" + share.name;
}

}  // namespace

asio::awaitable<Status> Visitor::sign_in(access::Showing how, std::string bearer) {
  if (!guard_) co_return ok;
  access::Wish wish;
  wish.later = true;
  Result<std::unique_ptr<access::Visit>> let =
      co_await access::let_in(connection_, *guard_, how, std::move(wish), std::move(bearer));
  if (!let) co_return let.error();
  visit_ = std::move(*let);
  co_return ok;
}

asio::awaitable<Status> Visitor::show(std::string credential) {
  shown_ = {};
  if (!guard_) co_return ok;
  if (credential.empty()) co_return Error{Errc::refused, "serve a stranger", "show a token"};
  if (access::is_exposed(connection_))
    co_return Error{Errc::refused, "take a token in clear", "use https"};
  access::Wish wish;
  wish.later = true;
  wish.address = connection_.peer().address;
  wish.audience = access::audience_of(connection_);
  Result<access::Who> who = co_await guard_->admit(std::move(credential), std::move(wish));
  if (!who) co_return who.error();
  shown_ = std::move(*who);
  co_return ok;
}

Status Visitor::may(Right right, const Share& share, std::string_view verb,
                    std::string_view path) const {
  if (right == Right::write && !depot_.settings().upload)
    return Error{Errc::refused, "take files", "the server was started without --upload"};
  if (right == Right::read && depot_.settings().drop_box)
    return Error{Errc::refused, "show what is here", "files may only be put here"};
  if (!guard_) return ok;
  if (!who()) return Error{Errc::refused, "serve a stranger", "show a token"};
  access::Wish wish;
  wish.scope = scope_of(right, share);
  wish.verb = verb;
  wish.path = depot_.path_of(share, path);
  wish.address = connection_.peer().address;
  wish.audience = access::audience_of(connection_);
  return guard_->may(who(), wish);
}

std::string_view Visitor::user() const {
  return who() ? std::string_view{who().user()} : "-";
}

Status Visitor::let(Right right, const Share& share, std::string_view verb,
                    std::string_view path) const {
  Status may_do = may(right, share, verb, path);
  const net::PeerName& peer = connection_.peer();
  log::Logger& log = connection_.worker().log();
  const std::string whole = depot_.path_of(share, path);
  if (!may_do)
    log.warn("authz_fail", {{"address", peer.address},
                            {"port", peer.port},
                            {"user", user()},
                            {"verb", verb},
                            {"path", whole},
                            {"reason", may_do.error().message()}});
  else
    log.event(verb == "list" ? log::Level::debug : log::Level::info, verb,
              {{"address", peer.address}, {"port", peer.port}, {"user", user()}, {"path", whole}});
  return may_do;
}

void Visitor::stored(const Share& share, std::string_view path, std::uint64_t size) const {
  connection_.worker().log().info("stored", {{"address", connection_.peer().address},
                                             {"port", connection_.peer().port},
                                             {"user", user()},
                                             {"path", depot_.path_of(share, path)},
                                             {"size", size}});
}

}  // namespace netkit::filesrv
