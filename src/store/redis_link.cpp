// The socket under a Redis client. hiredis writes and reads the protocol; the socket is ours, since
// its own would raise SIGPIPE, wait anew for each byte and take answers of any size.
#include "store/redis_link.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/text.hpp"
#include "store/redis_socket.hpp"

namespace netkit::store {
namespace {

using Clock = RedisLink::Clock;
using Kind = RedisReply::Kind;

/// Where hiredis puts the next value: the root, or its place in the list that it belongs to.
RedisReply* place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return new RedisReply;
  return &static_cast<RedisReply*>(task->parent->obj)->list[static_cast<std::size_t>(task->idx)];
}

void* take_text(const redisReadTask* task, char* bytes, std::size_t size) {
  RedisReply* reply = place_of(task);
  reply->kind = task->type == REDIS_REPLY_ERROR ? Kind::failure : Kind::text;
  reply->text.assign(bytes, size);
  return reply;
}

/// `privdata` counts the items that this answer may still have: a list of lists announces millions
/// of them in a few bytes.
void* take_list(const redisReadTask* task, int count) {
  auto& left = *static_cast<std::size_t*>(task->privdata);
  if (count < 0 || static_cast<std::size_t>(count) > left) return nullptr;
  left -= static_cast<std::size_t>(count);
  RedisReply* reply = place_of(task);
  reply->kind = Kind::list;
  reply->list.resize(static_cast<std::size_t>(count));
  return reply;
}

void* take_number(const redisReadTask* task, long long value) {
  RedisReply* reply = place_of(task);
  reply->kind = Kind::number;
  reply->number = value;
  return reply;
}

void* take_nil(const redisReadTask* task) {
  return place_of(task);
}

void drop(void* reply) {
  delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions functions{take_text, take_list, take_number, take_nil, drop};

/// A command in the protocol's form, overwritten when it goes: a password may be among its words.
class Written {
 public:
  explicit Written(std::span<const std::string_view> words) {
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
      starts.push_back(word.data() != nullptr ? word.data() : "");
      sizes.push_back(word.size());
    }
    const int size = redisFormatCommandArgv(&bytes_, static_cast<int>(words.size()), starts.data(),
                                            sizes.data());
    size_ = size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;
  ~Written() {
    if (size_ == 0) return;
    explicit_bzero(bytes_, size_);
    redisFreeCommand(bytes_);
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

bool starts_with_any(std::string_view text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ');
  });
}

}  // namespace

struct RedisLink::Parser {
  Parser() : reader{redisReaderCreateWithFunctions(&functions)} { reader->privdata = &items_left; }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { redisReaderFree(reader); }

  redisReader* reader;
  std::size_t items_left = redis_answer_items_max;
  std::size_t taken = 0;  ///< Bytes since the last whole answer.
};

RedisLink::RedisLink(FileDescriptor socket, int wake)
    : socket_{std::move(socket)}, wake_{wake}, parser_{std::make_unique<Parser>()} {}
RedisLink::RedisLink(RedisLink&&) noexcept = default;
RedisLink& RedisLink::operator=(RedisLink&&) noexcept = default;
RedisLink::~RedisLink() = default;

Result<RedisLink> RedisLink::open(const RedisAddress& address, Clock::time_point until, int wake) {
  Result<FileDescriptor> made = connect_to_redis(address, until, wake);
  if (!made) return made.error();
  RedisLink link{*std::move(made), wake};
  if (link.parser_->reader == nullptr)
    return Error{std::make_error_code(std::errc::not_enough_memory)};
  if (Status signed_in = link.sign_in(address, until); !signed_in) return signed_in.error();
  return link;
}

Status RedisLink::sign_in(const RedisAddress& address, Clock::time_point until) {
  const auto expect_ok = [&](std::initializer_list<std::string_view> words) -> Status {
    const Result<RedisReply> answer = ask({words.begin(), words.size()}, until);
    if (!answer) return answer.error();
    if (answer->kind == Kind::failure) return redis_error(*answer, "sign in to Redis");
    return ok;
  };
  if (!address.password.empty())
    if (Status done = expect_ok({"AUTH", address.password}); !done) return done;
  if (address.database != 0)
    if (Status done = expect_ok({"SELECT", std::to_string(address.database)}); !done) return done;
  // A server that hangs takes connections all the same; it must not get a command that changes
  // something and whose outcome would then be unknown.
  return expect_ok({"PING"});
}

Result<RedisReply> RedisLink::ask(std::span<const std::string_view> words,
                                  Clock::time_point until) {
  if (Status sent = send(words, until); !sent) return sent.error();
  return receive(until);
}

Status RedisLink::wait_for(short events, Clock::time_point until) const {
  return wait_until(socket_.get(), wake_, events, until);
}

Status RedisLink::send(std::span<const std::string_view> words, Clock::time_point until) {
  const Written written{words};
  std::string_view left = written.view();
  if (left.empty()) return Error{std::make_error_code(std::errc::not_enough_memory)};
  while (!left.empty()) {
    const ssize_t sent = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      left.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (Status ready = wait_for(POLLOUT, until); !ready) return ready;
    } else if (errno != EINTR) {
      return errno_error("send to Redis");
    }
  }
  return ok;
}

Result<RedisReply> RedisLink::receive(Clock::time_point until) {
  std::array<char, std::size_t{16} * 1024> bytes;
  for (;;) {
    void* whole = nullptr;
    if (redisReaderGetReply(parser_->reader, &whole) != REDIS_OK)
      return Error{Errc::malformed, "read an answer of Redis",
                   escape_for_display(parser_->reader->errstr)};
    if (whole != nullptr) {
      const std::unique_ptr<RedisReply> reply{static_cast<RedisReply*>(whole)};
      parser_->items_left = redis_answer_items_max;
      parser_->taken = 0;
      return std::move(*reply);
    }
    if (parser_->taken > redis_answer_size_max)
      return Error{Errc::too_large, "read an answer of Redis"};
    if (Status ready = wait_for(POLLIN, until); !ready) return ready.error();
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count == 0) return Errc::closed;
    if (count < 0 && errno != EINTR && errno != EAGAIN) return errno_error("read from Redis");
    if (count < 0) continue;
    parser_->taken += static_cast<std::size_t>(count);
    redisReaderFeed(parser_->reader, bytes.data(), static_cast<std::size_t>(count));
  }
}

bool RedisLink::is_stale() const {
  pollfd wait{socket_.get(), POLLIN, 0};
  return poll(&wait, 1, 0) != 0;
}

Error redis_error(const RedisReply& failure, std::string attempt) {
  constexpr std::array<std::string_view, 8> passing{
      "LOADING", "BUSY", "OOM", "MISCONF", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS"};
  constexpr std::array<std::string_view, 5> forbidden{"NOAUTH", "WRONGPASS", "NOPERM", "READONLY",
                                                      "DENIED"};
  std::string said = "Redis says: " + escape_for_display(failure.text.substr(0, 200));
  if (starts_with_any(failure.text, passing))
    return {Errc::busy, std::move(attempt), std::move(said)};
  // Before Redis 6 a wrong password is a plain ERR.
  if (starts_with_any(failure.text, forbidden) ||
      failure.text.find("invalid password") != std::string::npos)
    return {Errc::refused, std::move(attempt), std::move(said)};
  return {Errc::malformed, std::move(attempt), std::move(said)};
}

}  // namespace netkit::store
