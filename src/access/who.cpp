// Scopes and a ticket's limits against one wish.
#include "access/who.hpp"

#include "base/text.hpp"
#include "identity/scope.hpp"

namespace netkit::access {

bool Who::may(std::string_view scope) const {
  if (scope.empty()) return true;
  if (!identity::grants(grant_->scopes, scope)) return false;
  if (!ticket_) return true;
  const auto& narrowed = ticket_->ticket.limits.scopes;
  return narrowed.empty() || identity::grants(narrowed, scope);
}

Status check_ticket(const Presented& shown, std::string_view service, const Wish& wish,
                    std::int64_t now_s) {
  const identity::TicketUse use{.service = service,
                                .scope = wish.scope,
                                .verb = wish.verb,
                                .path = wish.path,
                                .address = wish.address,
                                .now_s = now_s,
                                .audience = wish.audience};
  if (!wish.later) return identity::check_limits(shown.ticket, use);
  identity::Ticket opened;
  opened.limits = shown.ticket.limits;
  opened.limits.scopes.clear();
  opened.limits.verbs.clear();
  opened.limits.path.clear();
  return identity::check_limits(opened, use);
}

Status check_wish(const Who& who, std::string_view service, const Wish& wish, std::int64_t now_s) {
  if (const Presented* const shown = who.ticket().get())
    if (Status fits = check_ticket(*shown, service, wish, now_s); !fits) return fits;
  if (wish.later || who.may(wish.scope)) return ok;
  return Error{
      Errc::refused, "let " + escape_for_display(who.user()) + " do that",
      "it needs the scope " + wish.scope + "; an administrator gives it: netkit auth grant"};
}

}  // namespace netkit::access
