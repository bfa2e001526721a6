// What a hall hears by datagrams, and what it orders when somebody falls silent.
#include "commands/presence/hall.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/text.hpp"
#include "commands/presence/frames.hpp"
#include "net/address.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {
namespace {

/// An answer that takes longer is no sign of life any more.
constexpr Time question_limit = std::chrono::seconds{3};
constexpr std::size_t questions_max = 16'384;
constexpr std::size_t daemons_max = 256;
constexpr std::size_t others_asked = 3;
constexpr Time sweep_interval = std::chrono::minutes{1};

/// The kept roster: this, then entry frames.
constexpr std::string_view kept_head = "netkit roster 1\n";

}  // namespace

Hall::Hall(HallSettings settings, const identity::KeyPair& key, Outside& outside, log::Logger& log)
    : settings_{std::move(settings)},
      key_{key},
      outside_{outside},
      log_{log},
      vigil_{settings_.vigil} {}

std::string Hall::own_word(Kind kind, std::uint64_t nonce, std::string_view about) {
  Announcement word;
  word.kind = kind;
  word.instance = settings_.instance;
  word.sequence = ++sequence_;
  word.nonce = nonce;
  word.about = about;
  word.tcp_port = settings_.tcp_port;
  word.udp_port = settings_.sctp_port;
  word.certificate = settings_.certificate;
  word.period_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(vigil_.period()).count());
  word.name = settings_.name;
  return encode(std::move(word), key_);
}

void Hall::announce() {
  if (settings_.only_listens()) {
    announce_due_ = {};  // It asks anew, by whatever interfaces there are now.
    return;
  }
  outside_.send_to_all(own_word(Kind::daemon, 0, {}));
}

void Hall::ask_all(Moment now) {
  outside_.send_to_all(own_word(Kind::ask, open_question({}, now), {}));
}

std::uint64_t Hall::open_question(const std::string& key, Moment now) {
  while (asked_.size() >= questions_max) {
    questions_.erase(asked_.front());
    asked_.pop_front();
  }
  const std::uint64_t nonce = random_u64();
  questions_[nonce] = {key, now.steady + question_limit};
  asked_.push_back(nonce);
  return nonce;
}

Vigil::Host Hall::host_of(const Entry& entry) const {
  if (entry.addresses.empty() || outside_.is_own(entry.addresses.front())) return Vigil::own_host;
  const std::size_t hash = std::hash<std::string>{}(entry.addresses.front().to_string());
  return std::max<Vigil::Host>(hash, Vigil::own_host + 1);
}

void Hall::log_change(const Entry& entry) const {
  const log::Level level = settings_.only_listens() ? log::Level::debug : log::Level::info;
  log_.event(level, "peer",
             {{"name", shown_name(entry)},
              {"state", to_text(entry.state)},
              {"path", to_text(entry.path)},
              {"address", entry.addresses.empty() ? "" : entry.addresses[0].to_string()},
              {"port", entry.said.tcp_port}});
}

void Hall::hear(std::string_view datagram, const asio::ip::udp::endpoint& from, Moment now) {
  ++counts_.datagrams;
  const Result<Announcement> said = decode(datagram);
  if (!said) {
    ++counts_.dropped_form;
    return;
  }
  if (said->key == key_.public_key()) return;
  if (!limit_.admits(net::plain(from.address()), now.steady)) {
    ++counts_.dropped_rate;
    return;
  }
  switch (said->kind) {
    case Kind::answer:
      return hear_answer(*said, datagram, net::plain(from.address()), Path::asked, now);
    case Kind::announce:
    case Kind::leave: return hear_peer(*said, datagram, from, now);
    case Kind::ask:
      if (settings_.only_listens()) return;
      if (!said->about.empty() && said->about != key_.public_key()) return;
      if (!is_authentic(datagram)) break;
      return outside_.send(own_word(Kind::daemon, said->nonce, said->key), from);
    case Kind::daemon: {
      const bool is_new = !daemons_.contains(said->key);
      if (is_new && daemons_.size() >= daemons_max) return;
      if (!is_authentic(datagram)) break;
      hear_of_daemon(*said, net::plain(from.address()), now);
      // One that has just begun is to know of this one before the next announcement.
      if (is_new && !settings_.only_listens())
        outside_.send(own_word(Kind::daemon, 0, said->key), from);
      return;
    }
  }
  ++counts_.dropped_signature;
}

/// What a peer says to the group. Who is not known is asked first: what anybody could have recorded
/// elsewhere enters nobody. The daemon's answer tells the peer where the daemon is.
void Hall::hear_peer(const Announcement& said, std::string_view bytes,
                     const asio::ip::udp::endpoint& from, Moment now) {
  if (!roster_.is_news(said)) {
    ++counts_.dropped_old;
    return;
  }
  Entry* known = roster_.find(said.key);
  if (known == nullptr && said.kind == Kind::leave) return;
  if (!is_authentic(bytes)) {
    ++counts_.dropped_signature;
    return;
  }
  if (known == nullptr || known->said.instance != said.instance || !known->is_here()) {
    if (said.kind == Kind::leave && known->said.instance != said.instance) return;
    return outside_.send(own_word(Kind::ask, open_question(said.key, now), said.key), from);
  }
  Entry* const entry =
      roster_.hear(said, bytes, net::plain(from.address()), Path::multicast, now.wall_ms);
  clear_freed();
  if (entry != nullptr) welcome_entry(*entry, now);
}

/// The answer to a question of ours, which only its key can have signed and only now.
void Hall::hear_answer(const Announcement& said, std::string_view bytes,
                       const asio::ip::address& from, Path path, Moment now) {
  const auto question = questions_.find(said.nonce);
  const bool asked = question != questions_.end() &&
                     (question->second.key.empty() || question->second.key == said.key);
  if (!asked || question->second.until <= now.steady || said.about != key_.public_key()) {
    ++counts_.dropped_old;
    return;
  }
  if (!is_authentic(bytes)) {
    ++counts_.dropped_signature;
    return;
  }
  if (!question->second.key.empty()) questions_.erase(question);
  Entry* entry = roster_.hear(said, bytes, from, path, now.wall_ms);
  clear_freed();
  if (entry == nullptr) entry = roster_.find(said.key);  // It has said something newer since.
  if (entry != nullptr && entry->said.instance == said.instance) welcome_entry(*entry, now);
}

/// After a peer was heard by something that it signed: it is watched as what it now is.
void Hall::welcome_entry(Entry& entry, Moment now) {
  if (entry.state == State::left) {
    vigil_.remove(entry.slot);
    return log_change(entry);
  }
  if (seat(entry.slot).tcp == nullptr && seen_elsewhere(entry) != nullptr)
    return leave_to_others(entry, now);
  if (vigil_.watches(entry.slot)) return vigil_.heard(entry.slot, now.steady);
  vigil_.add(entry.slot, host_of(entry), now.steady);
  roster_.show_again(entry);  // Whose it is has changed, if nothing else has.
  log_change(entry);
}

void Hall::adopt(Entry told, Moment now) {
  if (told.state == State::suspect) told.state = told.said.away ? State::away : State::online;
  Entry* const entry = roster_.restore(std::move(told));
  if (entry == nullptr) return;
  seat(entry->slot);
  if (entry->is_here())
    vigil_.add(entry->slot, host_of(*entry), now.steady);
  else if (entry->state == State::offline)
    vigil_.add_gone(entry->slot, host_of(*entry), now.steady);
}

/// Places that were given up to make room are nobody's now, or another's.
void Hall::clear_freed() {
  for (const std::uint32_t slot : roster_.take_freed()) {
    vigil_.remove(slot);
    if (slot < seats_.size()) {
      unseat(seats_[slot].tcp);
      unseat(seats_[slot].sctp);
      seats_[slot] = {};
    }
    for (auto& [daemon, views] : views_)
      views.erase(slot);
  }
}

void Hall::hear_again(std::uint32_t slot, Path path, Moment now) {
  Entry* const entry = roster_.at(slot);
  if (entry == nullptr) return;
  roster_.hear_again(*entry, path, now.wall_ms);
  vigil_.heard(slot, now.steady);
}

void Hall::knocked(std::uint32_t slot, bool refused, Moment now) {
  vigil_.knocked(slot, refused, now.steady);
}

Hall::Seat& Hall::seat(std::uint32_t slot) {
  if (slot >= seats_.size()) seats_.resize(slot + 1);
  return seats_[slot];
}

void Hall::ask(Entry& entry, Moment now) {
  if (entry.said.udp_port != 0 && !entry.addresses.empty()) {
    const std::string question =
        own_word(Kind::ask, open_question(entry.said.key, now), entry.said.key);
    for (const asio::ip::address& address : entry.addresses)
      outside_.send(question, {address, entry.said.udp_port});
  }
  if (Guest* const guest = seat(entry.slot).tcp; guest != nullptr && guest->takes_more()) {
    std::string ping;
    append_message(ping, wire::frame_type::ping, {});
    guest->post(ping);
  }
}

/// The next few in the roster who talk to this daemon, so that it is not always the same ones.
void Hall::ask_others(const Entry& entry, Moment now) {
  if (entry.said.udp_port == 0 || entry.addresses.empty()) return;
  AskFor question;
  question.request = entry.slot;
  question.question = own_word(Kind::ask, open_question(entry.said.key, now), entry.said.key);
  question.port = entry.said.udp_port;
  question.addresses = entry.addresses;
  std::string frame;
  append_ask_for(frame, question);
  std::size_t asked = 0;
  for (std::size_t i = 0; i < seats_.size() && i < 64 && asked < others_asked; ++i) {
    next_other_ = static_cast<std::uint32_t>((next_other_ + 1) % seats_.size());
    Guest* const other = seats_[next_other_].tcp;
    if (other == nullptr || next_other_ == entry.slot || !other->takes_more()) continue;
    other->post(frame);
    ++asked;
  }
}

void Hall::obey(const Vigil::Order& order, Moment now) {
  Entry* const entry = roster_.at(order.peer);
  if (entry == nullptr) return;
  switch (order.act) {
    case Vigil::Act::suspect:
      // Who is with a daemon says nothing to the group for long, and answers the first question.
      if (settings_.only_listens()) return;
      return roster_.set_state(*entry, State::suspect, now.wall_ms);
    case Vigil::Act::ask: return ask(*entry, now);
    case Vigil::Act::ask_others:
      if (!settings_.only_listens()) return ask_others(*entry, now);
      return roster_.set_state(*entry, State::suspect, now.wall_ms);
    case Vigil::Act::knock:
      return outside_.knock(entry->slot, entry->addresses, entry->said.tcp_port);
    case Vigil::Act::gone:
      roster_.set_state(*entry, State::offline, now.wall_ms);
      // It may have hung, or the way to it: once it is back it is to come anew.
      for (Guest* const guest : {seat(entry->slot).tcp, seat(entry->slot).sctp})
        if (guest != nullptr) guest->end();
      if (seen_elsewhere(*entry) != nullptr) leave_to_others(*entry, now);
      return log_change(*entry);
    case Vigil::Act::back: {
      const bool was_gone = !entry->is_here();
      roster_.set_state(*entry, State::online, now.wall_ms);
      if (was_gone) log_change(*entry);
      return;
    }
  }
}

/// Tells all peers to beat at the pace that follows from their number, once it has changed by much.
void Hall::pace() {
  const auto period_ms = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(vigil_.period()).count());
  if (paced_ms_ == 0) paced_ms_ = period_ms;
  const std::uint32_t difference =
      period_ms > paced_ms_ ? period_ms - paced_ms_ : paced_ms_ - period_ms;
  if (difference * 10 < paced_ms_) return;
  paced_ms_ = period_ms;
  std::string frame;
  append_pace(frame, period_ms);
  for (const Seat& seat : seats_)
    if (seat.tcp != nullptr) seat.tcp->post(frame);
}

void Hall::tick(Moment now) {
  for (const Vigil::Order& order : vigil_.tick(now.steady))
    obey(order, now);
  pace();
  if (now.steady >= announce_due_) {
    announce_due_ = now.steady + announce_interval;
    if (settings_.only_listens())
      ask_all(now);
    else
      announce();
    std::erase_if(daemons_, [&](const auto& each) {
      return each.second.heard + 3 * announce_interval < now.steady;
    });
  }
  if (now.steady >= sweep_due_) {
    sweep_due_ = now.steady + sweep_interval;
    if (now.wall_ms > remembered_ms) roster_.forget_gone(now.wall_ms - remembered_ms);
    clear_freed();
  }
  if (vigil_.is_isolated() != told_isolated_) {
    told_isolated_ = vigil_.is_isolated();
    log_.warn("isolated", {{"isolated", told_isolated_}});
    for (Guest* const guest : followers_)
      guest->owes_end_ = true;
    filled_ = 0;
  }
  if (filled_ == roster_.version()) return;
  filled_ = roster_.version();
  for (Guest* const guest : followers_)
    fill(*guest);
}

Time Hall::next() const {
  return std::min({vigil_.next(), announce_due_, sweep_due_});
}

std::string Hall::save() const {
  std::string out{kept_head};
  for (const Entry* entry = roster_.next_after(0); entry != nullptr;
       entry = roster_.next_after(entry->version)) {
    append_entry(out, *entry);
  }
  return out;
}

Status Hall::restore(std::string_view kept, Moment now) {
  const Error broken{Errc::malformed, "read the roster that was kept"};
  if (!kept.starts_with(kept_head)) return broken;
  const bool whole = each_frame(kept.substr(kept_head.size()), [&](const wire::Frame& frame) {
    if (frame.type != message_type::entry) return false;
    Result<Entry> entry = decode_entry(frame.body);
    if (!entry || !is_authentic(entry->bytes)) return false;
    take_back(std::move(*entry), now);
    return true;
  });
  return whole ? Status{ok} : broken;
}

void Hall::take_back(Entry entry, Moment now) {
  const bool was_here = entry.is_here();
  if (was_here) entry.state = State::suspect;
  const Entry* const restored = roster_.restore(std::move(entry));
  if (restored == nullptr) return;
  seat(restored->slot);
  if (restored->state == State::left) return;
  if (was_here)
    vigil_.add_suspect(restored->slot, host_of(*restored), now.steady);
  else
    vigil_.add_gone(restored->slot, host_of(*restored), now.steady);
}

HallState Hall::state() const {
  HallState state = counts_;
  for (std::size_t i = 0; i < state.peers.size(); ++i)
    state.peers[i] = roster_.count(static_cast<State>(i));
  state.guests = guests_.size();
  state.followers = followers_.size();
  state.daemons = daemons_.size();
  state.period = vigil_.period();
  state.bound = vigil_.bound();
  state.isolated = vigil_.is_isolated();
  return state;
}

}  // namespace netkit::presence
