// The four dialects' wording of messages, events, acknowledgements and answers.
#include "commands/relay/tongue.hpp"

#include <algorithm>

#include "base/code_point.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "commands/relay/client_protocol.hpp"
#include "wire/frame.hpp"
#include "wire/websocket.hpp"

namespace netkit::relay {
namespace {

/// Who speaks plain text is not told who comes and goes.
bool is_told_as_text(const Event& event) {
  switch (event.kind) {
    case Event::Kind::gap:
    case Event::Kind::relay_away:
    case Event::Kind::relay_back:
    case Event::Kind::notice:
    case Event::Kind::moderated: return true;
    case Event::Kind::joined:
    case Event::Kind::parted:
    case Event::Kind::renamed: return false;
  }
  return false;
}

class FrameTongue final : public Tongue {
 public:
  void append(std::string& out, const Said& said) const override { append_said(out, said); }
  void append(std::string& out, const Event& event) const override {
    const std::string json = json_of(event);
    wire::append_frame(out, {frame_type::event, 0, 0, json});
  }
  void append_ack(std::string& out, std::uint64_t number) const override {
    relay::append_ack(out, number);
  }
  void append_answer(std::string& out, std::uint32_t id, std::string_view json) const override {
    wire::append_frame(out, {frame_type::answer, 0, id, json});
  }
};

class LineTongue final : public Tongue {
 public:
  void append(std::string& out, const Said& said) const override {
    out += as_line(said.nick);
    if (said.room.empty()) out.append(" -> ").append(as_line(said.to));
    out.append(": ").append(as_line(said.text)) += '\n';
  }
  void append(std::string& out, const Event& event) const override {
    if (is_told_as_text(event)) out.append("* ").append(as_line(sentence_of(event))) += '\n';
  }
  void append_ack(std::string&, std::uint64_t) const override {}
  void append_answer(std::string& out, std::uint32_t, std::string_view json) const override {
    out += words_of_answer(json);
  }
};

class Len64Tongue final : public Tongue {
 public:
  void append(std::string& out, const Said& said) const override {
    if (said.room.empty()) out.append(said.nick).append(" -> ").append(said.to).append(": ");
    out += said.text;
  }
  void append(std::string& out, const Event& event) const override {
    if (is_told_as_text(event)) out.append("* ").append(as_line(sentence_of(event)));
  }
  void append_ack(std::string&, std::uint64_t) const override {}
  void append_answer(std::string& out, std::uint32_t, std::string_view json) const override {
    std::string words = words_of_answer(json);
    if (words.ends_with('\n')) words.pop_back();
    out += words;
  }
};

class WebTongue final : public Tongue {
 public:
  void append(std::string& out, const Said& said) const override { put(out, json_of(said)); }
  void append(std::string& out, const Event& event) const override { put(out, json_of(event)); }
  void append_ack(std::string& out, std::uint64_t number) const override {
    put(out, JsonObject{}.add("event", "ack").add("number", number).str());
  }
  void append_answer(std::string& out, std::uint32_t id, std::string_view json) const override {
    // The functions that make failures and successes of requests put the id in front themselves.
    if (json.starts_with(R"({"id":)")) return put(out, json);
    std::string numbered = JsonObject{}.add("id", id).str();
    if (json.size() > 2 && json.front() == '{') {
      numbered.back() = ',';
      numbered += json.substr(1);
    }
    put(out, numbered);
  }

 private:
  static void put(std::string& out, std::string_view json) {
    wire::append_websocket(out, wire::WebSocketOp::text, json);
  }
};

bool is_plain(char byte) {
  return byte >= 0x20 && byte < 0x7f;
}

}  // namespace

const Tongue& tongue_of(Lane lane) {
  static const FrameTongue frame;
  static const LineTongue line;
  static const Len64Tongue len64;
  static const WebTongue web;
  switch (lane) {
    case Lane::line: return line;
    case Lane::len64: return len64;
    case Lane::web: return web;
    case Lane::frame: break;
  }
  return frame;
}

std::string as_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::ranges::find_if_not(text, is_plain);
    const auto plain = static_cast<std::size_t>(end - text.begin());
    line += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t line_end = text.starts_with("\r\n") ? 2 : text.front() == '\n' ? 1 : 0;
    const CodePoint point = decode_code_point(text);
    const std::size_t taken = line_end > 0 ? line_end : std::max<std::size_t>(point.size, 1);
    if (line_end > 0)
      line += " / ";
    else if (point.size > 0 && is_safe_to_show(point.value))
      line += text.substr(0, taken);
    else
      line += escape_for_display(text.substr(0, taken));
    text.remove_prefix(taken);
  }
  return line;
}

}  // namespace netkit::relay
