// Requests, read.
#include "commands/auth/requests.hpp"

#include <algorithm>
#include <array>
#include <openssl/crypto.h>
#include <utility>

namespace netkit::auth {
namespace {

constexpr std::array<std::pair<std::string_view, Ask>, 18> words{{
    {"hello", Ask::hello},
    {"register", Ask::register_},
    {"login", Ask::login},
    {"sign_in", Ask::sign_in},
    {"whoami", Ask::whoami},
    {"logout", Ask::logout},
    {"passwd", Ask::passwd},
    {"renew", Ask::renew},
    {"sessions", Ask::sessions},
    {"revoke", Ask::revoke},
    {"users", Ask::users},
    {"grant", Ask::grant},
    {"remove", Ask::remove},
    {"invite", Ask::invite},
    {"bans", Ask::bans},
    {"import", Ask::import},
    {"export", Ask::export_},
    {"backup", Ask::backup},
}};

constexpr std::size_t secret_size_max = 4096;  // A ticket has half of it, a password a quarter.
constexpr std::size_t line_size_max = 2048;
constexpr std::size_t path_size_max = 4096;
constexpr std::size_t list_max = 64;
constexpr std::int64_t year_s = 366 * 24 * 3600;

Error wrong(std::string_view member) {
  return {Errc::malformed, "read \"" + std::string{member} + "\" of the request"};
}

const wire::Json* member(const wire::Json& message, std::string_view key) {
  const wire::Json* const found = message.find(key);
  return found && !found->is_null() ? found : nullptr;
}

Status read_text(const wire::Json& message, std::string_view key, std::size_t size_max,
                 std::string& to) {
  const wire::Json* const found = member(message, key);
  if (!found) return ok;
  const auto text = found->string();
  if (!text || text->size() > size_max) return wrong(key);
  to = *text;
  return ok;
}

Status read_secret(const wire::Json& message, std::string_view key, identity::Secret& to) {
  const wire::Json* const found = member(message, key);
  if (!found) return ok;
  const auto text = found->string();
  if (!text || text->size() > secret_size_max) return wrong(key);
  to = identity::Secret{std::string{*text}};
  wipe_received(*text);
  return ok;
}

Status read_flag(const wire::Json& message, std::string_view key, bool& to) {
  const wire::Json* const found = member(message, key);
  if (!found) return ok;
  const auto flag = found->boolean();
  if (!flag) return wrong(key);
  to = *flag;
  return ok;
}

Status read_list(const wire::Json& message, std::string_view key, std::size_t count_max,
                 std::size_t size_max, std::vector<std::string>& to) {
  const wire::Json* const found = member(message, key);
  if (!found) return ok;
  if (!found->is_array() || found->items().size() > count_max) return wrong(key);
  for (const wire::Json& each : found->items()) {
    const auto text = each.string();
    if (!text || text->size() > size_max) return wrong(key);
    to.emplace_back(*text);
  }
  return ok;
}

Status read_numbers(const wire::Json& message, Request& request) {
  if (const wire::Json* const found = member(message, "expire")) {
    const auto number = found->integer();
    if (!number || *number < 1 || *number > year_s) return wrong("expire");
    request.expire_s = *number;
  }
  if (const wire::Json* const found = member(message, "limit")) {
    const auto number = found->integer();
    if (!number || *number < 1) return wrong("limit");
    request.limit = std::min(static_cast<std::size_t>(*number), request.limit);
  }
  if (const wire::Json* const found = member(message, "clear")) {
    const auto text = found->string();
    if (!text || text->size() > name_size_max) return wrong("clear");
    request.clear = *text;
  }
  return ok;
}

Result<Ask> read_word(const wire::Json& message) {
  const auto word = message.string("do");
  for (const auto& [name, ask] : words)
    if (word == name) return ask;
  // A first message of a page, as the other services take it.
  if (!word && message.string("token")) return Ask::sign_in;
  return wrong("do");
}

}  // namespace

std::string_view to_text(Ask ask) {
  for (const auto& [name, each] : words)
    if (each == ask) return name;
  return "";
}

void wipe_received(std::string_view bytes) {
  // The memory is the reader's own and not constant; only the way to it was.
  OPENSSL_cleanse(const_cast<char*>(bytes.data()), bytes.size());
}

Result<Request> read_request(wire::Json message) {
  if (!message.is_object()) return Error{Errc::malformed, "read the request", "not an object"};
  Request request;
  // First of all, so that they are wiped whatever is wrong with the rest.
  const Status secrets[] = {
      read_secret(message, "password", request.password),
      read_secret(message, "new_password", request.new_password),
      read_secret(message, "code", request.code),
      read_secret(message, "device_key", request.device_key),
  };
  const Result<Ask> word = read_word(message);
  if (!word) return word.error();
  request.ask = *word;
  request.id = message.integer("id").value_or(0);
  const Status parts[] = {
      read_secret(message, "token", request.token),
      read_text(message, "name", name_size_max, request.name),
      read_text(message, "user", name_size_max, request.user),
      read_text(message, "device", device_size_max, request.device),
      read_text(message, "what", name_size_max, request.what),
      read_text(message, "after", name_size_max, request.after),
      read_text(message, "path", path_size_max, request.path),
      read_flag(message, "everywhere", request.everywhere),
      read_flag(message, "all", request.all),
      read_flag(message, "others", request.others),
      read_list(message, "give", list_max, name_size_max, request.give),
      read_list(message, "take", list_max, name_size_max, request.take),
      read_list(message, "lines", lines_per_import_max, line_size_max, request.lines),
      read_numbers(message, request),
  };
  for (const Status& part : secrets)
    if (!part) return part.error();
  for (const Status& part : parts)
    if (!part) return part.error();
  return request;
}

}  // namespace netkit::auth
