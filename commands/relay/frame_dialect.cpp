// Frames: chat, scripts that speak them, operators by the admin socket, and links, which go on
// elsewhere once their first frame has said so.
#include "cli/remote_error.hpp"
#include "commands/relay/client_protocol.hpp"
#include "commands/relay/converse.hpp"
#include "net/first_frame.hpp"
#include "net/worker.hpp"

namespace netkit::relay {
namespace {

using net::Flow;

/// What stands around a text in a frame.
constexpr std::size_t around_text_max = 1024;

std::string service_of(std::string_view hello) {
  const auto json = wire::Json::parse(hello, {.size_max = 16 * 1024, .depth_max = 4});
  return json ? std::string{json->string("service").value_or("")} : std::string{};
}

/// One client's frames.
class FrameTalk final : public net::Resident {
 public:
  FrameTalk(Hub& hub, net::Connection& connection, wire::FrameDecoder decoder,
            std::unique_ptr<access::Visit> visit)
      : connection_{connection},
        decoder_{decoder},
        visit_{std::move(visit)},
        session_{hub, connection, Lane::frame} {}

  Session& session() { return session_; }
  const std::unique_ptr<access::Visit>& visit() const { return visit_; }
  Result<Next> go_on(After after) override;
  asio::awaitable<void> rest() override {
    pausing_.stays = co_await relay::rest(connection_, session_);
  }
  void finish(const Status& ended) override;

 private:
  Result<Flow> hear(const wire::Frame& frame);
  Status ask(const wire::Frame& frame);
  Status say(const wire::Frame& frame);

  net::Connection& connection_;
  const wire::FrameDecoder decoder_;
  const std::unique_ptr<access::Visit> visit_;
  Session session_;
  Pausing pausing_;
};

Result<net::Resident::Next> FrameTalk::go_on(After after) {
  const auto hear_it = [this](const wire::Frame& frame, std::string&) { return hear(frame); };
  return converse(connection_, session_, decoder_, hear_it, after, pausing_);
}

void FrameTalk::finish(const Status& ended) {
  if (!ended || !connection_.draining()) return;
  std::string goodbye;
  wire::append_frame(goodbye, {wire::frame_type::goodbye, 0, 0, {}});
  session_.answer(goodbye);
}

Result<Flow> FrameTalk::hear(const wire::Frame& frame) {
  Status heard = ok;
  switch (frame.type) {
    case frame_type::say:
    case frame_type::direct: heard = say(frame); break;
    case frame_type::ask: heard = ask(frame); break;
    case wire::frame_type::ping: {
      std::string pong;
      wire::append_frame(pong, {wire::frame_type::pong, frame.flags, frame.stream, frame.body});
      session_.answer(pong);
      break;
    }
    case wire::frame_type::pong: break;
    case wire::frame_type::goodbye: return Flow::finish;
    default: heard = Error{Errc::unexpected, "take a frame of type " + std::to_string(frame.type)};
  }
  if (!heard) return heard.error();
  return session_.ended() ? Flow::finish : Flow::go_on;
}

Status FrameTalk::ask(const wire::Frame& frame) {
  const Result<wire::Json> json = wire::Json::parse(frame.body, {.depth_max = 8});
  if (!json) return json.error();
  const Result<Request> request = read_request(*json);
  const std::string answer = request ? session_.ask(*request, frame.stream)
                                     : cli::show_failure(frame.stream, request.error());
  if (answer.empty()) return ok;
  std::string bytes;
  tongue_of(Lane::frame).append_answer(bytes, frame.stream, answer);
  session_.answer(bytes);
  return ok;
}

Status FrameTalk::say(const wire::Frame& frame) {
  if (!session_.entered()) return Error{Errc::unexpected, "take a message before \"enter\""};
  const Result<Saying> saying = decode_saying(frame);
  if (!saying) return saying.error();
  const Status said = frame.type == frame_type::say
                          ? session_.say(saying->number, saying->room, saying->text)
                          : session_.direct(saying->number, saying->to, saying->text);
  if (said) return ok;
  std::string bytes;
  tongue_of(Lane::frame).append_answer(bytes, 0, show_unsaid(saying->number, said.error()));
  session_.answer(bytes);
  return ok;
}

}  // namespace

std::string show_unsaid(std::uint64_t number, const Error& why) {
  JsonObject json;
  json.add("id", 0).add("ok", false).add("number", number);
  cli::add_parts(json, why);
  return json.str();
}

asio::awaitable<Status> Service::begin_frames(net::Connection& connection) {
  const wire::FrameDecoder decoder{
      static_cast<std::uint32_t>(hub_.settings().text_size_max + around_text_max)};
  const Result<std::string> hello = co_await net::await_hello(connection, decoder);
  if (!hello) co_return hello.error();
  if (service_of(*hello) == "relay-link" && serve_link_) {
    connection.introduce("link");
    net::take_hello(connection, *hello);
    co_return co_await serve_link_(connection, *hello);
  }
  connection.introduce("frame");
  std::unique_ptr<access::Visit> visit;
  if (guard_ && !is_admin(connection)) {
    Result<std::unique_ptr<access::Visit>> let =
        co_await let_in(connection, access::Showing::frame, {});
    if (!let) co_return let.error();
    visit = std::move(*let);
  } else {
    net::take_hello(connection, *hello);
  }
  connection.touch();
  const std::string own =
      JsonObject{}.add("service", "relay").add("name", hub_.settings().name).str();
  std::string greeting;
  wire::append_frame(greeting, {wire::frame_type::hello, 0, 0, own});
  if (Status sent = co_await connection.send(greeting); !sent) co_return sent;
  if (is_admin(connection)) co_return co_await serve_operator(connection);
  auto talk = std::make_unique<FrameTalk>(hub_, connection, decoder, std::move(visit));
  sign_in(talk->session(), talk->visit());
  connection.leave_to(std::move(talk));
  co_return ok;
}

asio::awaitable<Status> Service::serve_operator(net::Connection& connection) {
  const wire::FrameDecoder decoder{64 * 1024};
  for (;;) {
    const auto decoded = decoder.next(connection.received().unread());
    if (!decoded) co_return decoded.error();
    if (!decoded->message) {
      connection.received().keep();
      const Result<bool> more = co_await connection.receive();
      if (!more) co_return more.error();
      if (!*more) co_return ok;
      continue;
    }
    const wire::Frame frame = *decoded->message;
    if (frame.type == wire::frame_type::goodbye) co_return ok;
    const std::uint32_t stream = frame.stream;
    Result<wire::Json> json = wire::Json::parse(frame.body, {.depth_max = 8});
    connection.received().consume(decoded->used);
    if (!json) co_return json.error();
    std::string answer;
    if (operate_)
      answer = co_await operate_(std::move(*json), stream);
    else
      answer = cli::show_failure(stream, {Errc::unexpected, "answer operators"});
    std::string bytes;
    tongue_of(Lane::frame).append_answer(bytes, stream, answer);
    if (Status sent = co_await connection.send(bytes); !sent) co_return sent;
  }
}

}  // namespace netkit::relay
