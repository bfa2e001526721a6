// Who has been admitted, and what somebody wants to do: what a server and its guard say to each
// other. Cheap to copy; opens nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "access/grant_cache.hpp"
#include "identity/ticket.hpp"

namespace netkit::access {

/// What somebody wants to do.
struct Wish {
  std::string scope;       ///< Empty: it is enough to be known.
  std::string verb;        ///< Empty: not told apart.
  std::string path;        ///< Empty: none.
  std::string address;     ///< The peer's, "unix" of a unix socket.
  std::string audience{};  ///< audience_of() the connection, which let_in() sees to.
  /// Scope, verb and path are told later, one by one, to Guard::may(): whoever signs in for more
  /// than one request. What a ticket says about them is not looked at before.
  bool later = false;
};

/// A ticket as it was shown.
struct Presented {
  identity::Ticket ticket;
  std::string text;
};

/// Who has been admitted, as it was then; Guard::may() knows what has changed since.
class Who {
 public:
  Who() = default;
  Who(Key key, std::shared_ptr<const Grant> grant, std::shared_ptr<const Presented> ticket = {})
      : key_{key}, grant_{std::move(grant)}, ticket_{std::move(ticket)} {}

  explicit operator bool() const { return grant_ != nullptr; }
  const std::string& user() const { return grant_->user; }
  const std::string& session() const { return grant_->session; }  ///< 16 bytes.
  const Grant& grant() const { return *grant_; }
  /// That by which it came, if it was no token.
  const std::shared_ptr<const Presented>& ticket() const { return ticket_; }
  /// What its session is known by.
  const Key& key() const { return key_; }

  /// Has that scope, and so has the ticket. An empty one everybody has.
  bool may(std::string_view scope) const;
  /// The same person with what the auth service says now.
  Who with(std::shared_ptr<const Grant> grant) const { return {key_, std::move(grant), ticket_}; }

 private:
  Key key_{};
  std::shared_ptr<const Grant> grant_;
  std::shared_ptr<const Presented> ticket_;
};

/// Errc::refused if a limit of the ticket stands against `wish`, whoever its holder is.
Status check_ticket(const Presented& shown, std::string_view service, const Wish& wish,
                    std::int64_t now_s);
/// Errc::refused unless `who` may do what `wish` says at `service`, in words that say what lacks.
Status check_wish(const Who& who, std::string_view service, const Wish& wish, std::int64_t now_s);

}  // namespace netkit::access
