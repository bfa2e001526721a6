// From a request to the one coroutine that does it, and from what it says to its answer.
#include "cli/remote_error.hpp"
#include "commands/auth/office.hpp"

namespace netkit::auth {
namespace {

template <typename T>
asio::awaitable<std::string> shown(std::int64_t id, asio::awaitable<Result<T>> work) {
  const Result<T> done = co_await std::move(work);
  co_return done ? show(id, *done) : cli::show_failure(id, done.error());
}

}  // namespace

asio::awaitable<std::string> answer(Office& office, Caller& caller, Request request) {
  const std::int64_t id = request.id;
  switch (request.ask) {
    case Ask::hello: return shown(id, office.hello(caller, std::move(request.name)));
    case Ask::register_: return shown(id, office.enroll(caller, std::move(request)));
    case Ask::login: return shown(id, office.login(caller, std::move(request)));
    case Ask::sign_in: return shown(id, office.sign_in(caller, std::move(request.token)));
    case Ask::whoami: return shown(id, office.whoami(caller));
    case Ask::logout: return shown(id, office.logout(caller, request.everywhere));
    case Ask::passwd: return shown(id, office.passwd(caller, std::move(request)));
    case Ask::renew: return shown(id, office.renew(caller));
    case Ask::sessions:
      return shown(id, office.sessions(caller, std::move(request.user), request.all));
    case Ask::revoke:
      return shown(id, office.revoke(caller, std::move(request.what), request.others));
    case Ask::users:
      return shown(id, office.users(caller, std::move(request.after), request.limit));
    case Ask::grant: return shown(id, office.grant(caller, std::move(request)));
    case Ask::remove: return shown(id, office.remove(caller, std::move(request.user)));
    case Ask::invite: return shown(id, office.invite(caller, request.expire_s));
    case Ask::bans: return shown(id, office.bans(caller, std::move(request.clear)));
    case Ask::import: return shown(id, office.import(caller, std::move(request.lines)));
    case Ask::export_: return shown(id, office.export_lines(caller, std::move(request.after)));
    case Ask::backup: break;
  }
  return shown(id, office.backup(caller, std::move(request.path)));
}

}  // namespace netkit::auth
