// Which dialect, who, and how long.
#include "commands/presence/service.hpp"

#include <algorithm>
#include <unistd.h>

#include "access/credential.hpp"
#include "commands/presence/frames.hpp"
#include "commands/presence/listing.hpp"
#include "net/dialect.hpp"
#include "net/first_frame.hpp"
#include "net/limits.hpp"
#include "net/text_reader.hpp"
#include "net/websocket.hpp"
#include "net/worker.hpp"
#include "wire/json.hpp"

namespace netkit::presence {
namespace {

using net::Flow;

/// What may wait for a guest that does not read: a piece of the roster and what follows it.
constexpr std::size_t waiting_max = 1024 * 1024;
/// Peers beat by SCTP and those who watch are silent, so each says something now and then.
constexpr std::chrono::seconds silence_max{75};
constexpr std::size_t line_size_max = 1024;

/// A guest of the hall on a connection, for as long as the object lives.
class Visitor : public Guest, net::Refill {
 public:
  Visitor(Porter& porter, net::Connection& connection) : porter_{porter}, connection_{connection} {
    connection_.refill_by(this);
  }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
  ~Visitor() {
    connection_.refill_by(nullptr);
    porter_.hall().leave(*this, moment());
    porter_.poke();
  }

  void post(std::string_view frames) override { send(frames); }
  bool takes_more() const override { return !connection_.is_sending() && !failed_; }
  void end() override {
    failed_ = true;
    connection_.stream().abort();
  }
  asio::ip::address address() const override {
    std::error_code no_address;
    const auto found = asio::ip::make_address(connection_.peer().address, no_address);
    return no_address ? asio::ip::address{asio::ip::address_v4::loopback()} : found;
  }

 protected:
  /// What waits longer than a guest may is its end.
  void send(std::string_view bytes) {
    if (failed_ || connection_.post(bytes, waiting_max)) return;
    end();
  }
  void subscribe() {
    std::string frame;
    append_subscribe(frame, 0);
    const std::string_view body = std::string_view{frame}.substr(wire::frame_header_size);
    (void)porter_.hall().take(*this, message_type::subscribe, body, moment());
  }
  Porter& porter_;
  net::Connection& connection_;

 private:
  void refill() override { porter_.hall().fill(*this); }

  bool failed_ = false;
};

/// Who reads the roster in another form than frames: once, or with each change after it.
class Reader final : public Visitor {
 public:
  using Show = std::function<std::string(const Entry& entry)>;
  Reader(Porter& porter, net::Connection& connection, Show show, std::string at_end)
      : Visitor{porter, connection}, show_{std::move(show)}, at_end_{std::move(at_end)} {}

  void list() {
    std::string out;
    std::uint64_t told = 0;
    while (const Entry* const entry = porter_.hall().roster().next_after(told)) {
      out += show_(*entry);
      told = entry->version;
    }
    send(out + at_end_);
  }
  void watch() {
    if (std::exchange(watches_, true)) return;
    porter_.hall().greet(*this);
    subscribe();
  }
  void say(std::string_view text) { send(text); }
  void post(std::string_view frames) override {
    std::string out;
    each_frame(frames, [&](const wire::Frame& frame) {
      if (frame.type == message_type::entry)
        if (const Result<Entry> entry = decode_entry(frame.body)) out += show_(*entry);
      return true;
    });
    if (!out.empty()) send(out);
  }

 private:
  const Show show_;
  const std::string at_end_;
  bool watches_ = false;
};

std::string web_text(std::string_view json) {
  std::string out;
  wire::append_websocket(out, wire::WebSocketOp::text, json);
  return out;
}

/// What a connection ends with where the network carries nothing, here or on the way.
bool is_silence(const Error& error) {
  return error.code == std::errc::timed_out || error.code == std::errc::host_unreachable ||
         error.code == std::errc::network_unreachable || error.code == std::errc::network_down ||
         error.code == Errc::timed_out;
}

bool is_of_heartbeats(std::uint16_t type) {
  return type == message_type::bind || type == message_type::beat ||
         type == wire::frame_type::ping || type == wire::frame_type::pong;
}

constexpr std::string_view help_text =
    "list: who is here; watch: and each change from now on; quit\n";

}  // namespace

bool Service::is_admin(net::Connection& connection) const {
  return connection.scheme() == net::Scheme::unix_ &&
         connection.stream().local_path() == settings_.admin_path;
}

asio::awaitable<Status> Service::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss) return serve_web(connection);
  if (scheme == net::Scheme::sctp) return serve_frames(connection);
  return serve_any(connection);
}

asio::awaitable<Status> Service::serve_any(net::Connection& connection) {
  connection.await_first_byte();
  const Result<wire::Dialect> dialect = co_await net::tell_dialect(connection);
  if (!dialect) co_return dialect.error();
  switch (*dialect) {
    case wire::Dialect::frame: co_return co_await serve_frames(connection);
    case wire::Dialect::http: co_return co_await serve_web(connection);
    case wire::Dialect::line: co_return co_await serve_lines(connection);
    case wire::Dialect::len64: co_return Error{Errc::unexpected, "speak len64 here"};
    case wire::Dialect::tls: break;
  }
  co_return net::no_tls_here(false);
}

asio::awaitable<Result<std::unique_ptr<access::Visit>>> Service::let_in(net::Connection& connection,
                                                                        access::Showing how,
                                                                        std::string bearer) {
  if (!guard_ || is_admin(connection)) co_return std::unique_ptr<access::Visit>{};
  access::Wish wish;
  wish.address = connection.peer().address;
  co_return co_await access::let_in(connection, *guard_, how, wish, std::move(bearer));
}

asio::awaitable<Status> Service::serve_frames(net::Connection& connection) {
  const wire::FrameDecoder decoder{message_size_max};
  const Result<std::string> body = co_await net::await_hello(connection, decoder);
  if (!body) co_return body.error();
  const Result<ClientHello> hello = decode_client_hello(*body);
  if (!hello) co_return hello.error();
  connection.introduce("frame");
  std::unique_ptr<access::Visit> visit;
  // An association carries no secret in clear text: it shows a cookie that its peer got after its
  // token, and beats for that peer.
  const bool beats_only = connection.scheme() == net::Scheme::sctp;
  if (guard_ && !is_admin(connection) && !beats_only) {
    auto let = co_await let_in(connection, access::Showing::frame, {});
    if (!let) co_return let.error();
    visit = std::move(*let);
  } else {
    net::take_hello(connection, *body);
  }
  connection.touch();
  connection.limit_silence(silence_max);
  Visitor visitor{porter_, connection};
  visitor.role = hello->role;
  visitor.post(porter_.hall().greet(visitor));
  const auto hear = [&](const wire::Frame& frame, std::string& out) -> Result<Flow> {
    if (frame.type == wire::frame_type::goodbye) return Flow::finish;
    if (beats_only && !is_of_heartbeats(frame.type))
      return Error{Errc::unexpected, "do that over SCTP", "it carries heartbeats"};
    if (frame.type == message_type::status && is_admin(connection)) {
      std::string answer;
      append_message(answer, message_type::status, show_status());
      visitor.post(answer);
      return Flow::go_on;
    }
    const Status taken = porter_.hall().take(visitor, frame.type, frame.body, moment());
    if (porter_.hall().is_due()) porter_.poke();
    if (taken) return Flow::go_on;
    append_message(out, wire::frame_type::error, taken.error().message());
    return taken.error();
  };
  const Status ended = co_await net::pump(connection, decoder, hear);
  visitor.fell_silent = !ended && is_silence(ended.error());
  co_return ended;
}

asio::awaitable<Status> Service::serve_lines(net::Connection& connection) {
  connection.introduce("line");
  auto visit = co_await let_in(connection, access::Showing::line, {});
  if (!visit) co_return visit.error();
  connection.touch();
  Reader reader{porter_, connection, [](const Entry& entry) { return list_line(entry) + "\n"; },
                ""};
  const auto is_whole = [](std::string_view text) {
    return text == "list" || text == "watch" || text == "quit" || text == "help";
  };
  net::TextReader lines{connection, false, line_size_max, is_whole};
  for (;;) {
    const Result<std::optional<std::string_view>> line = co_await lines.next();
    if (!line) co_return line.error();
    if (!*line || **line == "quit") co_return ok;
    if (**line == "list")
      reader.list();
    else if (**line == "watch")
      reader.watch();
    else
      reader.say(help_text);
  }
}

asio::awaitable<Status> Service::serve_web(net::Connection& connection) {
  std::string bearer;
  const auto answer = [](const wire::HttpRequest& request, std::string& out) {
    net::answer_with_page(request, "", out);
  };
  const auto judge = [&](const wire::HttpRequest& request,
                         const wire::UpgradeRequest&) -> Result<std::string_view> {
    bearer = access::bearer_of(request);
    const bool foreign = request.fields.find("Origin") &&
                         !(net::is_same_origin(request) && net::is_own_host(request.host(), {}));
    if (foreign) return Error{Errc::refused, "tell a page of another host who is here"};
    return std::string_view{};
  };
  const Result<bool> upgraded = co_await net::upgrade_to_websocket(connection, answer, judge);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  connection.introduce("ws");
  auto visit = co_await let_in(connection, access::Showing::websocket, std::move(bearer));
  if (!visit) co_return visit.error();
  connection.touch();
  Reader reader{porter_, connection,
                [](const Entry& entry) { return web_text(list_object(entry).str()); },
                web_text(R"({"event":"end"})")};
  const auto hear = [&](wire::WebSocketOp, std::string_view text, std::string&) -> Result<Flow> {
    const Result<wire::Json> json = wire::Json::parse(text, {.size_max = line_size_max});
    if (!json) return json.error();
    const std::string_view word = json->string("type").value_or("");
    if (word == "list")
      reader.list();
    else if (word == "watch")
      reader.watch();
    else if (access::token_of_json(text).empty())
      return Error{Errc::unexpected, "do that"};
    return Flow::go_on;
  };
  co_return co_await net::pump_websocket(connection, line_size_max, hear);
}

namespace {

JsonObject way_object(const net::MulticastWay& way) {
  JsonObject object;
  object.add("joined", way.joined).add("received", way.received).add("sent", way.sent);
  object.add("send_failures", way.send_failures);
  if (!way.join_failure.empty()) object.add("failure", way.join_failure);
  if (way.heard) {
    const auto ago = std::chrono::steady_clock::now() - *way.heard;
    object.add("heard_s_ago", std::chrono::duration_cast<std::chrono::seconds>(ago).count());
  }
  return object;
}

std::string interfaces_array(const net::Multicast* group) {
  std::string array = "[";
  if (group != nullptr)
    for (const net::MulticastInterface& each : group->report()) {
      JsonObject object;
      object.add("name", each.interface.name);
      object.add_raw("v4", way_object(each.ways[0]).str());
      object.add_raw("v6", way_object(each.ways[1]).str());
      if (array.size() > 1) array += ',';
      array += object.str();
    }
  return array + "]";
}

}  // namespace

std::string Service::show_status() const {
  const HallState state = porter_.hall().state();
  JsonObject peers;
  for (std::size_t i = 0; i < state.peers.size(); ++i)
    peers.add(to_text(static_cast<State>(i)), state.peers[i]);
  const auto seconds = [](Time time) { return std::chrono::duration<double>(time).count(); };
  std::string listening = "[";
  for (const std::string& each : settings_.listening) {
    if (listening.size() > 1) listening += ',';
    append_json_string(listening, each);
  }
  JsonObject object;
  object.add("event", "status").add("pid", getpid());
  object.add("uptime_s", seconds(std::chrono::steady_clock::now() - began_));
  object.add_raw("listening", listening + "]");
  object.add_raw("peers", peers.str());
  object.add("guests", state.guests).add("followers", state.followers);
  object.add("daemons", state.daemons).add("isolated", state.isolated);
  object.add("period_s", seconds(state.period));
  object.add("killed_seen_s", seconds(porter_.hall().broken_bound()));
  object.add("silent_seen_s", seconds(state.bound));
  object.add_raw("interfaces", interfaces_array(porter_.group()));
  object.add("datagrams", state.datagrams).add("dropped_form", state.dropped_form);
  object.add("dropped_rate", state.dropped_rate).add("dropped_old", state.dropped_old);
  object.add("dropped_signature", state.dropped_signature);
  return object.str();
}

}  // namespace netkit::presence
