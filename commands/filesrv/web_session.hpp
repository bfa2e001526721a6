// One HTTP connection of the file server: requests one after the other, each answered before the
// next is read. Browsers, curl and whoever else speaks HTTP/1.1 come here.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "commands/filesrv/depot.hpp"
#include "commands/filesrv/http_range.hpp"
#include "commands/filesrv/http_validators.hpp"
#include "commands/filesrv/text_list.hpp"
#include "commands/filesrv/text_words.hpp"
#include "commands/filesrv/visitor.hpp"
#include "net/connection.hpp"
#include "wire/http.hpp"
#include "wire/websocket.hpp"
#include "wire/websocket_handshake.hpp"

namespace netkit::filesrv {

/// What an answer begins with.
struct WebAnswer {
  explicit WebAnswer(int number) : status{number} {}
  WebAnswer& add(std::string name, std::string value) {
    fields.emplace_back(std::move(name), std::move(value));
    return *this;
  }

  int status;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// What a request is about. The view holds as long as the request's do.
struct WebTarget {
  Located where;
  std::string path;        ///< As in the URL, decoded, without slashes at its ends.
  bool as_folder = false;  ///< It was written with a slash at its end.
  std::string_view query;  ///< Without its question mark.
};

class WebSession {
 public:
  /// `names` are those that browsers may reach this server by; all outlive it. What lists hold for
  /// readers that are slow counts as `sort_memory`.
  WebSession(Depot& depot, const std::vector<std::string>& names,
             std::shared_ptr<SortMemory> sort_memory, access::Guard* guard,
             net::Connection& connection)
      : depot_{depot},
        names_{names},
        sort_memory_{std::move(sort_memory)},
        connection_{connection},
        visitor_{depot, guard, connection},
        pace_{depot.settings().client_rate_max} {}

  asio::awaitable<Status> run();

 private:
  using Request = wire::HttpRequest;
  using File = std::shared_ptr<const transfer::OpenFile>;
  class Upload;

  // web_session.cpp: each sends one answer, or ends the connection by an error.
  asio::awaitable<Result<bool>> more(bool first);
  asio::awaitable<Status> answer(const Request& request);
  asio::awaitable<Status> answer_target(const Request& request);
  asio::awaitable<Status> refuse(int status, std::string_view sentence);
  asio::awaitable<Status> refuse(WebAnswer answer, std::string_view sentence);
  asio::awaitable<Status> refuse(const Error& error);
  asio::awaitable<Status> ask_for_token();
  asio::awaitable<Status> send_whole(WebAnswer answer, std::string body);
  Result<WebTarget> read_target(const Request& request) const;
  std::string head_of(const WebAnswer& answer, std::optional<std::uint64_t> length) const;
  std::string allowed() const;
  void forget_request();

  // web_file.cpp
  asio::awaitable<Status> give(const Request& request, const WebTarget& target);
  asio::awaitable<Status> give_file(const Request& request, const WebTarget& target);
  asio::awaitable<Status> send_file_answer(const Request& request, File file, RangeAnswer range,
                                           WebAnswer answer, std::string_view name);
  asio::awaitable<Status> send_small(const Request& request, const transfer::OpenFile& file,
                                     WebAnswer answer);
  asio::awaitable<Status> send_parts(File file, const MultipartRanges& parts, WebAnswer answer);
  asio::awaitable<Status> send_slice(File file, ByteRange range);
  asio::awaitable<Result<std::uint64_t>> send_some(int file, ByteRange range);
  asio::awaitable<std::optional<std::string>> hash(File file);

  // web_folder.cpp
  asio::awaitable<Status> give_folder(const Request& request, const WebTarget& target);
  asio::awaitable<Status> give_shares(const Request& request, const WebTarget& target);
  asio::awaitable<Status> give_tar(const Request& request, const WebTarget& target);
  asio::awaitable<Status> send_large_member(File file);
  bool may_put(const WebTarget& target) const;

  // web_socket.cpp
  asio::awaitable<Status> upgrade(const Request& request, const wire::UpgradeRequest& wanted);
  asio::awaitable<Status> converse();
  asio::awaitable<Status> act(TextWish wish);
  asio::awaitable<Status> say(wire::WebSocketOp op, std::string body, bool final = true);
  asio::awaitable<Status> say_error(const Error& error);
  asio::awaitable<Status> say_list(std::string argument);
  asio::awaitable<Status> say_file(std::string argument);
  Result<Located> locate(std::string_view argument, std::string_view verb) const;

  // web_upload.cpp
  asio::awaitable<Status> take(const Request& request, const WebTarget& target);
  asio::awaitable<Status> receive(std::shared_ptr<Upload> upload, wire::HttpBody framing,
                                  bool keeps, const WebTarget& target);
  asio::awaitable<Status> store(std::shared_ptr<Upload> upload, const WebTarget& target);

  Depot& depot_;
  const std::vector<std::string>& names_;
  const std::shared_ptr<SortMemory> sort_memory_;
  net::Connection& connection_;
  Visitor visitor_;
  Pace pace_;
  std::size_t head_size_ = 0;  // Of the request's head, while it lies in received().
  bool head_only_ = false;     // HEAD
  bool keep_ = false;          // Another request may follow this answer.
};

/// True if one of the words between '&' is `word`.
bool query_has(std::string_view query, std::string_view word);

/// What a failure of ours is to a client.
int http_status_of(const std::error_code& code);

/// Nanoseconds since 1970.
std::int64_t web_clock_ns();

}  // namespace netkit::filesrv
