// The hall's conversations: who enters by them, what they say, and how followers learn of changes.
#include <algorithm>

#include "base/random.hpp"
#include "commands/presence/hall.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {
namespace {

/// A follower gets the roster in pieces of about this size, each once the one before is sent.
constexpr std::size_t piece_size = 64 * 1024;
constexpr std::ptrdiff_t why_lines_max = 20;

}  // namespace

std::string Hall::greet(Guest& guest) {
  guests_.insert(&guest);
  guest.nonce = random_u64();
  std::string out;
  append_hello(
      out, ServerHello{
               settings_.name, key_.public_key(), guest.nonce,
               static_cast<std::uint32_t>(
                   std::chrono::duration_cast<std::chrono::milliseconds>(vigil_.period()).count()),
               settings_.instance});
  return out;
}

Status Hall::take(Guest& guest, std::uint16_t type, std::string_view body, Moment now) {
  switch (type) {
    case wire::frame_type::ping: {
      std::string pong;
      append_message(pong, wire::frame_type::pong, body);
      guest.post(pong);
      [[fallthrough]];
    }
    case wire::frame_type::pong:
    case message_type::beat:
      if (guest.slot_ != Guest::nobody) hear_again(guest.slot_, guest.path, now);
      return ok;
    case message_type::enter: return enter(guest, body, now);
    case message_type::update: return update(guest, body, now);
    case message_type::bind: return bind(guest, body);
    case message_type::subscribe: {
      const Result<std::uint64_t> after = decode_subscribe(body);
      if (!after) return after.error();
      guest.follows_ = true;
      followers_.insert(&guest);
      guest.owes_end_ = true;
      guest.told_ = *after <= roster_.version() ? *after : 0;
      fill(guest);
      return ok;
    }
    case message_type::asked: {
      const Result<Asked> asked = decode_asked(body);
      if (!asked) return asked.error();
      if (guest.slot_ == Guest::nobody) return Errc::unexpected;
      if (asked->answer.empty()) return ok;
      const Result<Announcement> said = decode(asked->answer);
      if (!said) return said.error();
      // Where the one who asked found it; its own addresses are known better.
      hear_answer(*said, asked->answer, {}, Path::asked, now);
      return ok;
    }
    case message_type::why: {
      std::string out;
      append_message(out, message_type::why, why(body, now));
      guest.post(out);
      return ok;
    }
    default: return Errc::unexpected;
  }
}

/// A peer shows that it has its key by signing the nonce of this conversation.
Status Hall::enter(Guest& guest, std::string_view bytes, Moment now) {
  const Result<Announcement> said = decode(bytes);
  if (!said) return said.error();
  if (guest.role != Role::peer || guest.slot_ != Guest::nobody) return Errc::unexpected;
  if (said->kind != Kind::announce || said->nonce != guest.nonce || !is_authentic(bytes))
    return Error{Errc::refused, "take who enters", "the announcement is not signed for here"};
  Entry* entry = roster_.hear(*said, bytes, guest.address(), guest.path, now.wall_ms);
  clear_freed();
  if (entry == nullptr) {
    entry = roster_.find(said->key);
    if (entry == nullptr) return Error{Errc::busy, "take who enters", "the roster is full"};
    if (entry->said.instance != said->instance)
      return Error{Errc::refused, "take who enters", "a later run of the same peer is here"};
  }
  Seat& at = seat(entry->slot);
  unseat(at.tcp);  // It came anew before the old one ended.
  at.tcp = &guest;
  guest.cookie_.resize(cookie_size);
  fill_random(guest.cookie_);
  cookies_[guest.cookie_] = &guest;
  guest.slot_ = entry->slot;
  std::string out;
  append_welcome(
      out, {static_cast<std::uint32_t>(
                std::chrono::duration_cast<std::chrono::milliseconds>(vigil_.period()).count()),
            settings_.sctp_port, guest.cookie_});
  guest.post(out);
  welcome_entry(*entry, now);
  return ok;
}

Status Hall::update(Guest& guest, std::string_view bytes, Moment now) {
  const Result<Announcement> said = decode(bytes);
  if (!said) return said.error();
  const Entry* const known = roster_.at(guest.slot_);
  if (known == nullptr) return Errc::unexpected;
  if ((said->kind != Kind::announce && said->kind != Kind::leave) || said->key != known->said.key ||
      !is_authentic(bytes))
    return Error{Errc::refused, "take news of a peer", "they are not signed by it"};
  if (Entry* entry = roster_.hear(*said, bytes, guest.address(), guest.path, now.wall_ms))
    welcome_entry(*entry, now);
  return ok;
}

/// A guest that has entered or was bound has no entry any more, and no cookie.
void Hall::unseat(Guest* guest) {
  if (guest == nullptr) return;
  guest->slot_ = Guest::nobody;
  if (!guest->cookie_.empty()) cookies_.erase(guest->cookie_);
  guest->cookie_.clear();
}

/// An association shows by the cookie whose it is: that was told under the peer's key.
Status Hall::bind(Guest& guest, std::string_view cookie) {
  if (guest.slot_ != Guest::nobody) return Errc::unexpected;
  const auto found = cookies_.find(std::string{cookie});
  if (found == cookies_.end())
    return Error{Errc::refused, "bind the association", "the conversation it belongs to is over"};
  const std::uint32_t slot = found->second->slot_;
  Seat& at = seat(slot);
  unseat(at.sctp);
  at.sctp = &guest;
  guest.slot_ = slot;
  guest.path = Path::sctp;
  return ok;
}

void Hall::leave(Guest& guest, Moment now) {
  guests_.erase(&guest);
  followers_.erase(&guest);
  const std::uint32_t slot = guest.slot_;
  unseat(&guest);
  if (slot == Guest::nobody) return;
  Seat& at = seats_[slot];
  if (at.sctp == &guest) at.sctp = nullptr;
  if (at.tcp != &guest) return;
  at.tcp = nullptr;
  if (!guest.fell_silent) vigil_.broke(slot, now.steady);
}

/// Daemons tell each other what they see themselves: hearsay that went round would never end.
void Hall::append_for(std::string& out, const Guest& guest, const Entry& entry) const {
  const bool knows = vigil_.watches(entry.slot) || entry.state == State::left;
  if (guest.role != Role::daemon || knows) return append_entry(out, entry);
  Entry copy = entry;
  copy.path = Path::told;
  append_entry(out, copy);
}

void Hall::fill(Guest& guest) {
  // A socket that takes a piece whole at once does not say later that it takes more.
  while (guest.follows_ && guest.takes_more() &&
         (guest.told_ != roster_.version() || guest.owes_end_)) {
    tell_piece(guest);
  }
}

void Hall::tell_piece(Guest& guest) {
  std::string out;
  const auto forgotten = roster_.forgotten_after(guest.told_);
  if (!forgotten) guest.told_ = 0;
  // Those forgotten lie among the changes: each is told before what changed after it.
  auto next_forgotten = forgotten ? forgotten->begin() : decltype(forgotten->begin()){};
  const auto forgotten_left = [&] { return forgotten && next_forgotten != forgotten->end(); };
  std::uint64_t told = guest.told_;
  while (out.size() < piece_size) {
    const Entry* const changed = roster_.next_after(told);
    if (forgotten_left() && (changed == nullptr || next_forgotten->version < changed->version)) {
      append_forgotten(out, *next_forgotten);
      told = next_forgotten->version;
      ++next_forgotten;
    } else if (changed != nullptr) {
      append_for(out, guest, *changed);
      told = changed->version;
    } else {
      break;
    }
  }
  guest.told_ = told;
  if (roster_.next_after(told) == nullptr && !forgotten_left()) {
    guest.told_ = roster_.version();
    append_roster_end(out, {guest.told_, vigil_.is_isolated()});
    guest.owes_end_ = false;
  }
  guest.post(out);
}

std::string Hall::why(std::string_view name, Moment now) const {
  const std::vector<const Entry*> found = roster_.called(name);
  if (found.empty())
    return std::string{name} +
           " was never heard here: its announcements do not reach this daemon by any interface";
  std::string text;
  for (const Entry* const entry : found) {
    if (!text.empty()) text += '\n';
    if (std::ranges::count(text, '\n') == why_lines_max)
      return text + "and " + std::to_string(found.size() - std::size_t{why_lines_max}) +
             " more of that name";
    const std::uint64_t ago_s =
        now.wall_ms > entry->heard_ms ? (now.wall_ms - entry->heard_ms) / 1000 : 0;
    text += shown_name(*entry) + " is " + std::string{to_text(entry->state)} + ": last heard " +
            std::to_string(ago_s) + " s ago by " + std::string{to_text(entry->path)};
    if (!entry->addresses.empty()) text += " from " + entry->addresses.front().to_string();
    const Seat* const at = entry->slot < seats_.size() ? &seats_[entry->slot] : nullptr;
    if (entry->is_here() && (at == nullptr || at->tcp == nullptr))
      text += "; it holds no connection to this daemon";
    else if (entry->is_here() && at->sctp == nullptr)
      text += "; it has no SCTP association with this daemon";
    if (vigil_.is_isolated()) text += "; this daemon is itself cut off";
  }
  return text;
}

}  // namespace netkit::presence
