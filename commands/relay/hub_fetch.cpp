// What a client asks of a relay's log: out of the backlog here, or from a linked relay that still
// has it. It is told what it might have heard, nothing that was said elsewhere or to others alone.
#include <algorithm>
#include <asio/post.hpp>
#include <utility>

#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "commands/relay/client_protocol.hpp"
#include "commands/relay/hub.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t answer_size_max = 256 * 1024;

/// A question on its way.
struct Asking {
  std::shared_ptr<Session*> session;
  std::vector<Bundle> bundles;

  Asking(std::shared_ptr<Session*> who, std::vector<Bundle> here)
      : session{std::move(who)}, bundles{std::move(here)} {}

  /// What another relay has; both are in order, and so is what comes of it.
  void add(const std::vector<Bundle>& there) {
    std::vector<Bundle> all;
    all.reserve(bundles.size() + there.size());
    auto here = bundles.begin();
    for (const Bundle& each : there) {
      while (here != bundles.end() && here->first <= each.first)
        all.push_back(*here++);
      all.push_back(each);
    }
    all.insert(all.end(), here, bundles.end());
    bundles.swap(all);
  }
};

}  // namespace

/// Of its runs the last one that had so many.
std::optional<RelayFacts> Hub::relay_called(std::string_view relay, std::uint64_t seq) const {
  const std::optional<std::uint64_t> id = read_hex16(relay);
  const std::vector<RelayFacts> relays = mesh_.relays();
  const RelayFacts* found = nullptr;
  for (const RelayFacts& each : relays) {
    if (id && each.log == *id) return each;
    if (each.name != relay) continue;
    const bool has = each.last >= seq;
    const bool had = found && found->last >= seq;
    if (!found || (has && !had) || (has == had && each.started_ms > found->started_ms))
      found = &each;
  }
  return found ? std::optional{*found} : std::nullopt;
}

Status Hub::fetch(Session& session, const Request& request, std::int64_t id) {
  const std::lock_guard held{mutex_};
  Wanted wanted{.relay = request.relay, .stretch = {request.from, request.to}, .id = id};
  const std::optional<RelayFacts> asked = relay_called(request.relay, request.from);
  if (!asked)
    return Error{Errc::not_found, "find relay " + escape_for_display(request.relay),
                 "its name is in the notice that tells of what was skipped"};
  if (session.fetching_)
    return Error{Errc::busy, "ask for more", "what was asked before is not answered yet"};
  if (asked->last >= request.from)
    wanted.stretch.to = std::min(wanted.stretch.to, asked->last);  // There is no more to miss.
  const LogId log = asked->log;
  mesh_.seal();  // Its own last ones are in no bundle yet.
  const Stretch stretch = wanted.stretch.cut(history_answer_max);
  std::vector<Bundle> here = mesh_.find(log, stretch.from, stretch.to);
  const bool is_whole = count_held(here, stretch) == stretch.count();
  if (!is_whole && !mesh_.may_fetch())
    return Error{Errc::busy, "ask other relays", "too many do at the moment; try again soon"};
  session.fetching_ = true;
  const std::size_t worker = session.connection().worker().index();
  const auto asking = std::make_shared<Asking>(session.handle(), std::move(here));
  const auto answer = [this, worker, asking, wanted = std::make_shared<Wanted>(std::move(wanted))](
                          const std::vector<Bundle>& there) {
    asking->add(there);
    // In a turn of its own thread, if it is still there then.
    asio::post(desks_[worker].worker->io(), [this, asking, wanted] {
      if (*asking->session) answer_fetched(**asking->session, *wanted, asking->bundles);
    });
  };
  if (is_whole)
    answer({});
  else
    mesh_.fetch(log, stretch.from, stretch.to, answer, now());
  return ok;
}

void Hub::answer_fetched(Session& session, const Wanted& wanted,
                         const std::vector<Bundle>& bundles) {
  session.fetching_ = false;
  if (session.ended()) return;
  const Result<JsonObject> shown = show_fetched(session, wanted, bundles);
  std::string bytes;
  tongue_of(session.lane())
      .append_answer(bytes, static_cast<std::uint32_t>(wanted.id),
                     shown ? shown->str() : cli::show_failure(wanted.id, shown.error()));
  session.answer(bytes);
}

Result<JsonObject> Hub::show_fetched(const Session& session, const Wanted& wanted,
                                     const std::vector<Bundle>& bundles) {
  const std::string what =
      "read messages " + to_text(wanted.stretch) + " of relay " + escape_for_display(wanted.relay);
  if (session.is_full()) return Error{Errc::busy, what, "you read too slowly"};
  const Stretch stretch = wanted.stretch.cut(history_answer_max);
  const std::lock_guard held{mutex_};
  const auto show = [&](const Record& record, RecordId id) {
    if (!may_read(session, record)) return std::string{};
    const Person* const person = mesh_.roster().find(record.sender);
    const bool is_called_so = person && person->nick == record.nick;
    const std::string nick = is_called_so ? shown_nick(*person) : std::string{record.nick};
    Said said;
    said.id = id;
    said.time_ms = record.time_ms;
    said.sender = record.sender;
    said.number = record.number;
    said.room = record.room;
    said.nick = nick;
    said.to = record.to_nick;
    said.text = record.text;
    return json_of(said);
  };
  const Excerpt excerpt = excerpt_of(bundles, stretch, answer_size_max, show);
  std::string rest;
  if (excerpt.end <= wanted.stretch.to)
    rest = wanted.relay + ":" + to_text(Stretch{excerpt.end, wanted.stretch.to});
  if (excerpt.shown == 0) {
    std::string why = excerpt.held == 0 ? "no relay in reach has them any more"
                                        : "none of them was said in a room that you are in";
    if (!rest.empty()) why += "; try: /history " + rest;
    return Error{Errc::not_found, what, std::move(why)};
  }
  JsonObject answer = cli::success(wanted.id);
  answer.add("relay", wanted.relay)
      .add_raw("messages", "[" + excerpt.messages + "]")
      .add("missing", excerpt.end - stretch.from - excerpt.held);
  if (!rest.empty()) answer.add("rest", rest);
  return answer;
}

bool Hub::may_read(const Session& session, const Record& record) const {
  if (record.kind == RecordKind::direct)
    return record.to == session.key() || record.sender == session.key();
  return record.kind == RecordKind::say &&
         std::any_of(session.cursors_.begin(), session.cursors_.end(),
                     [&](const Cursor& each) { return each.room->name() == record.room; });
}

}  // namespace netkit::relay
