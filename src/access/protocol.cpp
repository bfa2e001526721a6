// The codec between a service and the auth service; the field tables stand in the header. A body is
// checked in full before any of it is believed.
#include "access/protocol.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace netkit::access {
namespace {

// -- writing

/// At most `size_max` bytes of `text`, cut between characters.
void append_text(std::string& to, std::string_view text, std::size_t size_max) {
  std::string escaped;
  if (!is_utf8(text)) text = escaped = escape_for_display(text.substr(0, size_max));
  text = utf8_prefix(text, size_max);
  append_be(to, static_cast<std::uint16_t>(text.size()));
  to += text;
}

/// Begins a frame whose body is appended behind it; end_frame() writes its length.
std::size_t begin_frame(std::string& out, std::uint16_t type, std::uint32_t stream) {
  const std::size_t begin = out.size();
  const auto header = wire::frame_header({.type = type, .flags = 0, .stream = stream, .body = {}});
  out.append(header.data(), header.size());
  return begin;
}

void end_frame(std::string& out, std::size_t begin) {
  constexpr std::size_t length_at = 12;
  const std::size_t body = out.size() - begin - wire::frame_header_size;
  store_be(out.data() + begin + length_at, static_cast<std::uint32_t>(body));
}

/// Exactly `size` bytes, so that what follows stands where it should whatever the caller gave.
void append_fixed(std::string& to, std::string_view bytes, std::size_t size) {
  to += bytes.substr(0, size);
  to.append(size - std::min(bytes.size(), size), '\0');
}

void append_ticket(std::string& out, std::uint16_t type, std::uint32_t stream,
                   std::string_view ticket) {
  const std::size_t begin = begin_frame(out, type, stream);
  out += ticket.substr(0, ticket_size_max);
  end_frame(out, begin);
}

// -- reading

/// Takes fields off the front of a body. After the first failure every field is empty.
class Reader {
 public:
  explicit Reader(std::string_view body) : body_{body} {}

  template <std::unsigned_integral T>
  T number() {
    const std::string_view bytes = take(sizeof(T));
    return bytes.empty() ? T{} : load_be<T>(bytes.data());
  }
  std::int64_t time() { return static_cast<std::int64_t>(number<std::uint64_t>()); }
  std::string_view take(std::size_t size) {
    if (failed_ || body_.size() < size) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = body_.substr(0, size);
    body_.remove_prefix(size);
    return taken;
  }
  std::string_view text(std::size_t size_min, std::size_t size_max) {
    const std::size_t size = number<std::uint16_t>();
    if (size < size_min || size > size_max) failed_ = true;
    const std::string_view taken = take(size);
    if (!is_utf8(taken)) failed_ = true;
    return failed_ ? std::string_view{} : taken;
  }
  void fail() { failed_ = true; }
  bool failed() const { return failed_; }
  bool complete() const { return !failed_ && body_.empty(); }

 private:
  std::string_view body_;
  bool failed_ = false;
};

Error misfit(const wire::Frame& frame) {
  return {Errc::malformed, "read a message of type " + std::to_string(frame.type)};
}

Error unknown_type(const wire::Frame& frame) {
  return {Errc::unexpected, "read a message of type " + std::to_string(frame.type)};
}

Result<ToAuth> read_ticket(const wire::Frame& frame) {
  if (frame.body.empty() || frame.body.size() > ticket_size_max) return misfit(frame);
  ToAuth message;
  message.emplace<CheckTicket>(CheckTicket{frame.body, frame.type == frame_type::spend,
                                           frame.type == frame_type::check_again});
  return message;
}

Result<ToAuth> read_used(const wire::Frame& frame) {
  Reader reader{frame.body};
  const std::size_t count = reader.number<std::uint16_t>();
  if (count > uses_max) return misfit(frame);
  Used used;
  // Memory follows what has come, not what was announced.
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    const std::string_view session = reader.take(session_size);
    used.uses.push_back({session, reader.text(0, address_size_max)});
  }
  if (!reader.complete()) return misfit(frame);
  return ToAuth{std::move(used)};
}

Result<ToService> read_grant(const wire::Frame& frame) {
  Reader reader{frame.body};
  Grant grant;
  grant.session = reader.take(session_size);
  grant.public_key = reader.take(public_key_size);
  grant.expires_s = reader.time();
  grant.idle_limit_s = reader.time();
  grant.user = reader.text(1, user_size_max);
  const std::size_t count = reader.number<std::uint8_t>();
  if (count > scopes_max) reader.fail();
  for (std::size_t i = 0; i < count && !reader.failed(); ++i)
    grant.scopes.emplace_back(reader.text(1, scope_size_max));
  if (!reader.complete()) return misfit(frame);
  return ToService{std::move(grant)};
}

Result<ToService> read_denied(const wire::Frame& frame) {
  Reader reader{frame.body};
  const auto why = reader.number<std::uint8_t>();
  const Denied denied{static_cast<Denial>(why), reader.text(0, text_size_max)};
  const bool known = why >= static_cast<std::uint8_t>(Denial::unknown) &&
                     why <= static_cast<std::uint8_t>(Denial::not_now);
  if (!known || !reader.complete()) return misfit(frame);
  return ToService{denied};
}

}  // namespace

Result<ToAuth> decode_to_auth(const wire::Frame& frame) {
  ToAuth message;
  switch (frame.type) {
    case frame_type::check:
      if (frame.body.size() != token_hash_size) return misfit(frame);
      message.emplace<Check>(Check{frame.body});
      return message;
    case frame_type::check_ticket:
    case frame_type::check_again:
    case frame_type::spend: return read_ticket(frame);
    case frame_type::used: return read_used(frame);
    default: return unknown_type(frame);
  }
}

Result<ToService> decode_to_service(const wire::Frame& frame) {
  switch (frame.type) {
    case frame_type::grant: return read_grant(frame);
    case frame_type::denied: return read_denied(frame);
    case frame_type::changed:
      if (frame.body.size() != session_size) return misfit(frame);
      return ToService{Changed{frame.body}};
    default: return unknown_type(frame);
  }
}

Result<std::string_view> decode_hello(const wire::Frame& frame) {
  if (frame.type != wire::frame_type::hello) return unknown_type(frame);
  Reader reader{frame.body};
  const std::string_view name = reader.text(0, text_size_max);
  if (!reader.complete()) return misfit(frame);
  return name;
}

void append_hello(std::string& out, std::string_view name) {
  const std::size_t begin = begin_frame(out, wire::frame_type::hello, 0);
  append_text(out, name, text_size_max);
  end_frame(out, begin);
}

void append_check(std::string& out, std::uint32_t stream, std::string_view token_hash) {
  const std::size_t begin = begin_frame(out, frame_type::check, stream);
  append_fixed(out, token_hash, token_hash_size);
  end_frame(out, begin);
}

void append_check_ticket(std::string& out, std::uint32_t stream, std::string_view ticket,
                         bool spend) {
  append_ticket(out, spend ? frame_type::spend : frame_type::check_ticket, stream, ticket);
}

void append_check_again(std::string& out, std::uint32_t stream, std::string_view ticket) {
  append_ticket(out, frame_type::check_again, stream, ticket);
}

void append_used(std::string& out, const Used& used) {
  const std::size_t begin = begin_frame(out, frame_type::used, 0);
  const std::size_t count = std::min(used.uses.size(), uses_max);
  append_be(out, static_cast<std::uint16_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    append_fixed(out, used.uses[i].session, session_size);
    append_text(out, used.uses[i].address, address_size_max);
  }
  end_frame(out, begin);
}

void append_grant(std::string& out, std::uint32_t stream, const Grant& grant) {
  const std::size_t begin = begin_frame(out, frame_type::grant, stream);
  append_fixed(out, grant.session, session_size);
  append_fixed(out, grant.public_key, public_key_size);
  append_be(out, static_cast<std::uint64_t>(grant.expires_s));
  append_be(out, static_cast<std::uint64_t>(grant.idle_limit_s));
  append_text(out, grant.user, user_size_max);
  const std::size_t count = std::min(grant.scopes.size(), scopes_max);
  append_be(out, static_cast<std::uint8_t>(count));
  for (std::size_t i = 0; i < count; ++i)
    append_text(out, grant.scopes[i], scope_size_max);
  end_frame(out, begin);
}

void append_denied(std::string& out, std::uint32_t stream, Denial why, std::string_view text) {
  const std::size_t begin = begin_frame(out, frame_type::denied, stream);
  append_be(out, static_cast<std::uint8_t>(why));
  append_text(out, text, text_size_max);
  end_frame(out, begin);
}

void append_changed(std::string& out, std::string_view session) {
  const std::size_t begin = begin_frame(out, frame_type::changed, 0);
  append_fixed(out, session, session_size);
  end_frame(out, begin);
}

}  // namespace netkit::access
