// Reading Redis's answers, which somebody may have changed by hand.
#include "commands/auth/redis_vault_values.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace netkit::auth::redis_values {
namespace {

using store::RedisReply;
using Kind = RedisReply::Kind;

/// Fields in order; after a missing or wrong one `is_fine` is false.
class Fields {
 public:
  Fields(const RedisReply& reply, std::size_t count)
      : list_{reply.list}, is_fine_{reply.kind == Kind::list && list_.size() == count} {}

  std::string text() {
    if (!is_fine_ || list_[next_].kind != Kind::text) is_fine_ = false;
    return is_fine_ ? list_[next_++].text : std::string{};
  }
  std::int64_t number() {
    const std::optional<std::int64_t> value = number_of(text());
    if (!value) is_fine_ = false;
    return value.value_or(0);
  }
  bool is_fine() const { return is_fine_; }

 private:
  const std::vector<RedisReply>& list_;
  std::size_t next_ = 0;
  bool is_fine_;
};

constexpr std::size_t account_fields = 6;
constexpr std::size_t session_fields = 11;

}  // namespace

std::optional<std::int64_t> number_of(std::string_view digits) {
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stopped, failed] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || failed != std::errc{} || stopped != end) return std::nullopt;
  return value;
}

Error strange(std::string_view what) {
  return {Errc::malformed, "read the store",
          "in Redis, " + std::string{what} + " is not as we keep it"};
}

Result<Account> account_of(const RedisReply& reply) {
  Fields fields{reply, account_fields};
  Account account;
  account.user = fields.text();
  account.password = fields.text();
  const std::string scopes = fields.text();
  account.created = fields.number();
  account.password_changed = fields.number();
  account.version = static_cast<std::uint64_t>(fields.number());
  if (!fields.is_fine()) return strange("an account");
  for (const std::string_view scope : split(scopes, ' '))
    if (!scope.empty()) account.scopes.emplace_back(scope);
  std::sort(account.scopes.begin(), account.scopes.end());
  return account;
}

Result<std::optional<Session>> session_of(const RedisReply& reply) {
  if (reply.is_nil()) return std::optional<Session>{};
  Fields fields{reply, session_fields};
  Session session;
  session.token_hash = fields.text();
  session.public_key = fields.text();
  session.user_key = fields.text();
  session.user = fields.text();
  session.device = fields.text();
  session.address = fields.text();
  session.last_address = fields.text();
  session.created = fields.number();
  session.last_used = fields.number();
  session.expires = fields.number();
  session.id = fields.text();
  if (!fields.is_fine()) return strange("a session");
  return std::optional<Session>{std::move(session)};
}

Result<std::vector<Session>> sessions_of(const RedisReply& list) {
  std::vector<Session> sessions;
  for (const RedisReply& each : list.list) {
    Result<std::optional<Session>> session = session_of(each);
    if (!session) return session.error();
    if (*session) sessions.push_back(**std::move(session));
  }
  return sessions;
}

Result<std::vector<std::string>> ids_of(const RedisReply& reply) {
  if (reply.kind != Kind::list) return strange("a list of sessions");
  std::vector<std::string> ids;
  for (const RedisReply& each : reply.list)
    ids.push_back(each.text);
  return ids;
}

void append_session(std::vector<std::string>& words, const Session& session) {
  for (const std::string& each :
       {session.id, session.token_hash, session.public_key, session.user_key, session.user,
        session.device, session.address, session.last_address, text(session.created),
        text(session.last_used), text(session.expires)})
    words.push_back(each);
}

}  // namespace netkit::auth::redis_values
