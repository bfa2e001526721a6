// Answers, written.
#include "base/hex.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/remote_error.hpp"
#include "commands/auth/requests.hpp"

namespace netkit::auth {
namespace {

std::string json_array(const std::vector<std::string>& values) {
  return "[" + join(values, ",") + "]";
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::vector<std::string> shown;
  for (const std::string& each : texts)
    append_json_string(shown.emplace_back(), each);
  return json_array(shown);
}

std::string show_view(const SessionView& view) {
  const Session& session = view.session;
  JsonObject object;
  object.add("session", to_hex(session.id))
      .add("user", session.user)
      .add("device", session.device)
      .add("address", session.address)
      .add("last_address", session.last_address)
      .add("created", show_time(session.created))
      .add("last_used", show_time(session.last_used))
      .add("expires", show_time(session.expires))
      .add("current", view.current);
  return object.str();
}

std::string show_view(const UserView& view) {
  JsonObject object;
  object.add("user", view.user)
      .add_raw("scopes", json_strings(view.scopes))
      .add("created", show_time(view.created))
      .add("sessions", view.sessions);
  if (view.last_used)
    object.add("last_used", show_time(*view.last_used));
  else
    object.add_raw("last_used", "null");
  return object.str();
}

std::string show_view(const BanView& ban) {
  JsonObject object;
  object.add("key", ban.key)
      .add("kind", ban.kind)
      .add("failures", ban.failures)
      .add("until", show_time(ban.until));
  return object.str();
}

std::string show_view(const Skipped& skipped) {
  return JsonObject{}.add("line", skipped.line).add("why", skipped.why).str();
}

template <typename View>
std::string show_views(const std::vector<View>& views) {
  std::vector<std::string> shown;
  for (const View& each : views)
    shown.push_back(show_view(each));
  return json_array(shown);
}

}  // namespace

std::string show_time(Time at) {
  return to_rfc3339(std::chrono::system_clock::time_point{std::chrono::seconds{at}});
}

std::string show(std::int64_t id, const Greeting& greeting) {
  JsonObject object = cli::success(id);
  object.add("known", greeting.known);
  if (!greeting.name.empty())
    object.add("name", greeting.name)
        .add("first_seen", show_time(greeting.first_seen))
        .add("last_seen", show_time(greeting.last_seen));
  return object.add("grants", "nothing").str();
}

std::string show(std::int64_t id, const Registered& registered) {
  return cli::success(id)
      .add("user", registered.user)
      .add("administrator", registered.administrator)
      .str();
}

std::string show(std::int64_t id, const SignedIn& signed_in) {
  JsonObject object = cli::success(id);
  object.add("token", signed_in.token.view())
      .add("session", to_hex(signed_in.session))
      .add("expires", show_time(signed_in.expires))
      .add("user", signed_in.user)
      .add_raw("scopes", json_strings(signed_in.scopes));
  if (!signed_in.device_key.empty()) object.add("device_key", signed_in.device_key.view());
  return object.str();
}

std::string show(std::int64_t id, const Identity& who) {
  JsonObject object = cli::success(id);
  object.add("user", who.user)
      .add("session", to_hex(who.session))
      .add_raw("scopes", json_strings(who.scopes))
      .add("ticket", who.by_ticket);
  if (!who.session.empty())
    object.add("expires", show_time(who.expires))
        .add("device", who.device)
        .add("address", who.address)
        .add("created", show_time(who.created))
        .add("last_used", show_time(who.last_used));
  return object.str();
}

std::string show(std::int64_t id, const Renewed& renewed) {
  return cli::success(id)
      .add("token", renewed.token.view())
      .add("session", to_hex(renewed.session))
      .add("expires", show_time(renewed.expires))
      .str();
}

std::string show(std::int64_t id, const Ended& ended) {
  return cli::success(id).add("ended", ended.count).str();
}

std::string show(std::int64_t id, const SessionList& list) {
  return cli::success(id).add_raw("sessions", show_views(list.sessions)).str();
}

std::string show(std::int64_t id, const UserList& list) {
  return cli::success(id).add_raw("users", show_views(list.users)).add("more", list.more).str();
}

std::string show(std::int64_t id, const Scopes& scopes) {
  return cli::success(id).add_raw("scopes", json_strings(scopes.scopes)).str();
}

std::string show(std::int64_t id, const Invited& invited) {
  return cli::success(id)
      .add("code", invited.code.view())
      .add("expires_in", invited.expires_in_s)
      .str();
}

std::string show(std::int64_t id, const BanList& list) {
  JsonObject object = cli::success(id);
  if (list.cleared) return object.add("cleared", *list.cleared).str();
  return object.add_raw("bans", show_views(list.bans)).str();
}

std::string show(std::int64_t id, const ImportDone& imported) {
  return cli::success(id)
      .add("added", imported.added)
      .add_raw("skipped", show_views(imported.skipped))
      .str();
}

std::string show(std::int64_t id, const Exported& exported) {
  return cli::success(id)
      .add_raw("lines", json_strings(exported.lines))
      .add("more", exported.more)
      .str();
}

std::string show(std::int64_t id, const Done&) {
  return cli::success(id).str();
}

}  // namespace netkit::auth
