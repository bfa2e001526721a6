// Reading requests, who may what, and the answers that have no file.
#include "commands/filesrv/web_session.hpp"

#include <algorithm>
#include <chrono>

#include "access/credential.hpp"
#include "base/text.hpp"
#include "identity/secret_base64.hpp"
#include "net/websocket.hpp"
#include "transfer/path.hpp"
#include "wire/http_date.hpp"

namespace netkit::filesrv {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::size_t piece_size = 64 * 1024;

/// The token of `Authorization: Bearer`, or the password of Basic, which browsers and curl -u have.
std::string credential_of(const wire::HttpRequest& request) {
  if (std::string bearer = access::bearer_of(request); !bearer.empty()) return bearer;
  constexpr std::string_view scheme = "Basic ";
  const std::string_view value = request.fields.find("Authorization").value_or("");
  if (value.size() <= scheme.size() || !equal_ignoring_case(value.substr(0, scheme.size()), scheme))
    return {};
  std::string_view text = trim(value.substr(scheme.size()));
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding)
    text.remove_suffix(1);
  const auto decoded = identity::from_base64(text, identity::Base64::standard);
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  return colon == std::string::npos ? std::string{} : decoded->substr(colon + 1);
}

/// A page from elsewhere is not to leave files here by its visitors' hands.
bool is_from_elsewhere(const wire::HttpRequest& request, const std::vector<std::string>& names) {
  if (!request.fields.find("Origin")) return false;
  return !net::is_same_origin(request) || !net::is_own_host(request.host(), names);
}

/// A page of another host whose name was made to lead here would read what is served to this
/// machine or network alone. Browsers say who they are; other programs follow no page.
bool is_rebound(const wire::HttpRequest& request, const std::vector<std::string>& names) {
  const bool browser = request.fields.find("Sec-Fetch-Site").has_value() ||
                       request.fields.find("User-Agent").value_or("").starts_with("Mozilla/");
  return browser && !net::is_own_host(request.host(), names);
}

bool is_system(const std::error_code& code, std::errc condition) {
  return code == std::make_error_condition(condition);
}

}  // namespace

bool query_has(std::string_view query, std::string_view word) {
  const auto words = split(query, '&');
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::int64_t web_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int http_status_of(const std::error_code& code) {
  using std::errc;
  const auto any = [&code](std::initializer_list<errc> conditions) {
    return std::any_of(conditions.begin(), conditions.end(),
                       [&code](errc each) { return is_system(code, each); });
  };
  if (code == Errc::malformed || any({errc::filename_too_long})) return 400;
  if (code == Errc::refused) return 403;
  if (any({errc::permission_denied, errc::operation_not_permitted, errc::read_only_file_system,
           errc::too_many_symbolic_link_levels}))
    return 403;
  if (code == Errc::not_found) return 404;
  if (any({errc::no_such_file_or_directory, errc::not_a_directory})) return 404;
  if (any({errc::is_a_directory})) return 409;
  if (any({errc::file_exists})) return 412;
  if (code == Errc::too_large || any({errc::file_too_large})) return 413;
  if (code == Errc::busy) return 503;
  if (any({errc::too_many_files_open, errc::too_many_files_open_in_system})) return 503;
  if (any({errc::no_space_on_device}) || code.value() == EDQUOT) return 507;
  return 500;
}

asio::awaitable<Result<bool>> WebSession::more(bool first) {
  Result<bool> got = co_await connection_.receive(net::http_read_size);
  if (got || got.error().code != Errc::timed_out) co_return got;
  // Nobody waits for an answer where no request has begun.
  if (connection_.received().empty() && !first) co_return false;
  keep_ = false;
  static_cast<void>(co_await refuse(408, "the request did not come"));
  co_return got;
}

asio::awaitable<Status> WebSession::run() {
  wire::HttpRequestDecoder decoder;
  net::ReceiveBuffer& received = connection_.received();
  connection_.await_greeting();
  for (bool first = true;;) {
    // Its views are to hold while it is answered, other connections' reads or not.
    received.keep();
    const auto decoded = decoder.next(received.unread());
    if (!decoded) {
      keep_ = false;
      const int status = wire::http_status(decoded.error().code);
      const Status sent = co_await refuse(status, decoded.error().code.message());
      co_return sent ? Status{decoded.error()} : sent;
    }
    if (!decoded->message) {
      const Result<bool> got = co_await more(first);
      if (!got) co_return got.error();
      if (!*got) co_return ok;
      continue;
    }
    first = false;
    head_size_ = decoded->used;
    connection_.introduce("http");
    connection_.touch();
    if (Status answered = co_await answer(*decoded->message); !answered) co_return answered;
    if (!keep_) co_return ok;
    forget_request();
    connection_.await_greeting();
  }
}

void WebSession::forget_request() {
  connection_.received().consume(std::exchange(head_size_, 0));
  connection_.received().keep();
}

asio::awaitable<Status> WebSession::answer(const Request& request) {
  const bool has_body = request.body.chunked || request.body.content_length.value_or(0) > 0;
  head_only_ = request.method == "HEAD";
  // A body that nobody reads ends the connection.
  keep_ = request.keep_alive() && !has_body && !connection_.draining();
  const Result<wire::UpgradeRequest> upgrade = wire::check_upgrade(request);
  if (!upgrade) {
    std::string out;
    keep_ = false;
    wire::append_upgrade_refusal(out, upgrade.error());
    const Status sent = co_await connection_.send(out);
    co_return sent ? Status{upgrade.error()} : sent;
  }
  if (upgrade->wanted) {
    keep_ = false;
    // No browser asks us before it lets a page of another host read what comes here.
    if (is_from_elsewhere(request, names_))
      co_return co_await refuse(403, "a page of another host may not talk to this server");
    co_return co_await this->upgrade(request, *upgrade);
  }
  if (request.method == "OPTIONS") {
    WebAnswer answer{204};
    answer.add("Allow", allowed());
    const std::string out = head_of(answer, std::nullopt);
    co_return co_await connection_.send(out);
  }
  const bool puts = request.method == "PUT";
  if (!head_only_ && request.method != "GET" && !(puts && depot_.settings().upload)) {
    WebAnswer answer{405};
    answer.add("Allow", allowed());
    co_return co_await refuse(std::move(answer), "this server does not do that");
  }
  if (puts && is_from_elsewhere(request, names_))
    co_return co_await refuse(403, "a page of another host may not put files here");
  if (is_rebound(request, names_))
    co_return co_await refuse(421,
                              "a browser reaches this server by its address, or by a name "
                              "that it was started with: --page-host");
  co_return co_await answer_target(request);
}

asio::awaitable<Status> WebSession::answer_target(const Request& request) {
  if (visitor_.must_show()) {
    std::string credential = credential_of(request);
    if (credential.empty()) co_return co_await ask_for_token();
    const Status shown = co_await visitor_.show(std::move(credential));
    if (!shown && shown.error().code == Errc::refused) co_return co_await ask_for_token();
    if (!shown) co_return co_await refuse(shown.error());
  }
  const Result<WebTarget> target = read_target(request);
  if (!target) co_return co_await refuse(target.error());
  if (request.method == "PUT") co_return co_await take(request, *target);
  co_return co_await give(request, *target);
}

Result<WebTarget> WebSession::read_target(const Request& request) const {
  const std::string_view whole = request.path();
  const std::size_t end = std::min(whole.find('?'), whole.size());
  std::string_view path = whole.substr(0, end);
  WebTarget target;
  target.query = whole.substr(std::min(end + 1, whole.size()));
  target.as_folder = path.ends_with('/');
  if (target.as_folder && path.size() > 1) path.remove_suffix(1);
  Result<std::string> decoded = transfer::path_of_url(path);
  if (!decoded) return decoded.error();
  target.path = std::move(*decoded);
  Result<Located> where = depot_.locate(target.path);
  if (!where) return where.error();
  target.where = std::move(*where);
  return target;
}

std::string WebSession::allowed() const {
  return depot_.settings().upload ? "GET, HEAD, OPTIONS, PUT" : "GET, HEAD, OPTIONS";
}

std::string WebSession::head_of(const WebAnswer& answer,
                                std::optional<std::uint64_t> length) const {
  const std::string date = wire::http_date(web_clock_ns() / second_ns);
  std::vector<wire::HttpField> fields;
  bool has_policy = false;
  for (const auto& [name, value] : answer.fields) {
    fields.push_back({name, value});
    has_policy = has_policy || name == "Content-Security-Policy";
  }
  fields.push_back({"Date", date});
  fields.push_back({"X-Content-Type-Options", "nosniff"});
  // What others have put here is not to run as a page of ours.
  if (!has_policy) fields.push_back({"Content-Security-Policy", "sandbox"});
  std::string out;
  wire::append_response_head(
      out, answer.status, wire::http_reason(answer.status), fields, length,
      keep_ ? wire::HttpConnection::keep_alive : wire::HttpConnection::close);
  return out;
}

asio::awaitable<Status> WebSession::send_whole(WebAnswer answer, std::string body) {
  std::string out = head_of(answer, body.size());
  std::string_view rest = head_only_ ? std::string_view{} : body;
  // What a slow reader leaves unsent is copied: not all of it at once.
  do {
    const std::string_view piece = rest.substr(0, piece_size);
    out += piece;
    co_await wait_for(depot_.pace(), pace_, out.size());
    if (Status sent = co_await connection_.send(out); !sent) co_return sent;
    rest.remove_prefix(piece.size());
    out.clear();
  } while (!rest.empty());
  co_return ok;
}

asio::awaitable<Status> WebSession::refuse(WebAnswer answer, std::string_view sentence) {
  answer.add("Content-Type", "text/plain; charset=utf-8").add("Cache-Control", "no-store");
  std::string line = std::string{sentence} + "\n";
  co_return co_await send_whole(std::move(answer), std::move(line));
}

asio::awaitable<Status> WebSession::refuse(int status, std::string_view sentence) {
  WebAnswer answer{status};
  co_return co_await refuse(std::move(answer), sentence);
}

asio::awaitable<Status> WebSession::refuse(const Error& error) {
  // An error of the transfer layer names no path.
  const std::string sentence = error.message();
  co_return co_await refuse(http_status_of(error.code), sentence);
}

asio::awaitable<Status> WebSession::ask_for_token() {
  WebAnswer answer{401};
  answer.add("WWW-Authenticate", "Bearer");
  answer.add("WWW-Authenticate", "Basic realm=\"netkit token\", charset=\"UTF-8\"");
  co_return co_await refuse(std::move(answer),
                            access::is_exposed(connection_)
                                ? "a token is needed, and taken over https only"
                                : "show a token: Authorization: Bearer, or as the password");
}

}  // namespace netkit::filesrv
