// The rules of the auth service: who may register, sign in, change and see what. Its members are
// coroutines that run on the thread of whoever asks; they leave the vault to the clerk and hashes
// to the pool. Knows no dialect.
#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/auth/answers.hpp"
#include "commands/auth/clerk.hpp"
#include "commands/auth/followers.hpp"
#include "commands/auth/gate.hpp"
#include "commands/auth/in_flight.hpp"
#include "commands/auth/registration.hpp"
#include "commands/auth/requests.hpp"
#include "commands/auth/session_index.hpp"
#include "identity/hash_pool.hpp"
#include "identity/password.hpp"
#include "identity/ticket.hpp"
#include "log/logger.hpp"

namespace netkit::auth {

inline constexpr std::size_t spends_per_session_max = 64;     ///< At a time, all connections.
inline constexpr std::size_t spends_per_connection_max = 32;  ///< At a time.

struct OfficeSettings {
  std::string server_name;
  RegistrationMode registration = RegistrationMode::automatic;
  Time session_idle_s = 14 * 24 * 3600;
  Time session_limit_s = 90 * 24 * 3600;
  identity::HashParameters hash;
  identity::Peppers peppers;
  std::vector<std::string> default_scopes;
};

/// Whoever asks: one connection. Used on that connection's thread alone.
struct Caller {
  std::string address;
  std::uint16_t port = 0;
  bool local = false;                      ///< On this machine: loopback or a unix socket.
  bool admin_socket = false;               ///< May administrate by having opened it.
  bool exposed = false;                    ///< What it sends may be read on the way.
  std::string audience;                    ///< access::audience_of() the connection.
  std::string session;                     ///< 16 bytes; empty: not signed in.
  std::optional<identity::Ticket> ticket;  ///< By which it signed in.
};

class Office {
 public:
  Office(OfficeSettings settings, Clerk& clerk, identity::HashPool& hashes, log::Logger& log);
  Office(const Office&) = delete;
  Office& operator=(const Office&) = delete;

  /// Before the first connection, on the thread that has `vault` to itself.
  Status open(Vault& vault);
  /// Once a second, on any thread: what is to be written in batches is given to the clerk.
  void tick();
  /// After the clerk has stopped: writes what tick() would have.
  void close(Vault& vault);
  /// What another server on the same store did; on any thread.
  void follow(const Change& change);

  template <typename T>
  using Answer = asio::awaitable<Result<T>>;

  Answer<Greeting> hello(Caller& caller, std::string name);
  Answer<Registered> enroll(Caller& caller, Request request);
  Answer<SignedIn> login(Caller& caller, Request request);
  Answer<Identity> sign_in(Caller& caller, identity::Secret credential);
  Answer<Identity> whoami(Caller& caller);
  Answer<Ended> logout(Caller& caller, bool everywhere);
  Answer<Ended> passwd(Caller& caller, Request request);
  Answer<Renewed> renew(Caller& caller);
  Answer<SessionList> sessions(Caller& caller, std::string user, bool all);
  Answer<Ended> revoke(Caller& caller, std::string what, bool others);
  Answer<UserList> users(Caller& caller, std::string after, std::size_t limit);
  Answer<Scopes> grant(Caller& caller, Request request);
  Answer<Ended> remove(Caller& caller, std::string user);
  Answer<Invited> invite(Caller& caller, std::optional<std::int64_t> expire_s);
  Answer<BanList> bans(Caller& caller, std::optional<std::string> clear);
  Answer<ImportDone> import(Caller& caller, std::vector<std::string> lines);
  Answer<Exported> export_lines(Caller& caller, std::string after);
  Answer<Done> backup(Caller& caller, std::string path);

  /// Who the caller is now; Errc::refused if it is nobody or its session has ended.
  Result<Identity> standing(const Caller& caller, Ask ask);
  /// The session of a ticket that its holder signed; Errc::refused with the reason otherwise. Of
  /// somebody whom a service has let in `again`: whether or not the ticket has run out since.
  Result<SessionIndex::Found> holder_of(const identity::Ticket& ticket, bool again = false) const;
  /// All limits of a ticket but those on scopes and verbs, which hold for each request.
  Status check_opened(const identity::Ticket& ticket, const Caller& caller) const;
  /// Work for the clerk that stands back for what people wait for; Errc::busy if too much waits.
  Status ask_clerk_later(Clerk::Work work) { return clerk_.submit(std::move(work), Lane::back); }
  /// Counts one use of a ticket whose holder is known. False: it was used up.
  /// Errc::busy while too many of its holder's are being counted.
  Answer<bool> spend(const identity::Ticket& ticket, SessionIndex::Found holder);
  /// The same on the clerk's thread.
  static Result<bool> count_use(Vault& vault, const identity::Ticket& ticket,
                                const LiveSession& holder);

  const OfficeSettings& settings() const { return settings_; }
  SessionIndex& index() { return index_; }
  /// Counted uses on their way, by session.
  InFlight& spends() { return spends_; }
  Followers& followers() { return followers_; }
  log::Logger& log() { return log_; }
  /// By the clock on the wall, since sessions outlive this process.
  Time now() const;

 private:
  struct Checked {
    bool match = false;
    std::string rehashed;  ///< A better form of the same password, or empty.
  };
  struct Looked {
    std::optional<Account> account;
    bool device_known = false;
  };

  Answer<Looked> look_up(std::string user_key, std::string device_hash);
  Answer<Checked> check_password(const std::optional<Account>& account,
                                 const identity::Secret& typed);
  Answer<std::string> hash(const identity::Secret& password);
  Answer<SignedIn> open_session(Caller& caller, const Account& account, Request& request,
                                bool device_known, const std::string& rehashed);
  Answer<Ended> change_password(Caller& caller, Account account, identity::Secret password,
                                std::string but);
  Answer<Ended> passwd_of_other(Caller& caller, Request request);
  Answer<Ended> end_sessions(Caller& caller, SessionChoice choice);
  /// The session whose id begins so, of that user or, without one, of anybody; none if none does.
  Result<SessionIndex::Found> session_meant(std::string_view digits,
                                            std::string_view user_key) const;
  /// Runs on the clerk's thread, in the step that ended them in the vault.
  void forget(std::span<const std::string> ids);

  Result<Identity> owner(const Caller& caller, Ask ask);
  Result<Identity> administrator(const Caller& caller, Ask ask);
  /// For what lasts longer than a ticket: one must name the request as a verb that it is good for.
  Result<Identity> changing_administrator(const Caller& caller, Ask ask);
  Result<Registration> judge_registration(const Caller& caller, bool shows_code);
  Status check_private(const Caller& caller, std::string_view what) const;
  void note(log::Level level, std::string_view event, const Caller& caller, std::string_view user,
            std::string_view reason = {});
  /// What `job()`, a Result, says on a thread of the pool.
  template <typename Job>
  asio::awaitable<std::invoke_result_t<Job&>> on_pool(Job job) {
    using Outcome = std::invoke_result_t<Job&>;
    const auto parcel = std::make_shared<Parcel<Outcome>>(co_await asio::this_coro::executor);
    const Status queued = hashes_.submit([parcel, job]() mutable { parcel->deliver(job()); });
    if (!queued) co_return queued.error();
    co_return co_await parcel->arrival();
  }
  Status load(Vault& vault);
  /// load(), now or as soon as it can be done.
  void read_anew(Vault& vault);
  Result<std::vector<std::string>> refresh(Vault& vault, const Change& change);
  void write_batches(Vault& vault, bool uses);
  void clean_up(Vault& vault);

  const OfficeSettings settings_;
  const std::string decoy_;
  Vault* vault_ = nullptr;  ///< For copies, which may be made beside the clerk's work.
  Clerk& clerk_;
  identity::HashPool& hashes_;
  log::Logger& log_;
  SessionIndex index_;
  Followers followers_;
  Gate gate_;
  InFlight spends_{spends_per_session_max};
  std::mutex registrations_mutex_;
  RegistrationLimit registrations_;
  std::atomic<std::uint64_t> ticks_{0};
  std::atomic<bool> writing_{false};
  std::atomic<bool> stale_{false};  ///< Something in the store was missed: read all anew.
};

/// Does what `request` asks for and shows its answer, a failure included.
asio::awaitable<std::string> answer(Office& office, Caller& caller, Request request);

}  // namespace netkit::auth
