// The dialects of the fan-out load. Each knows the one shape that its server uses for a message of
// this size, compares with it, and gives up on anything that it cannot explain.
#include "fan_dialect.hpp"

#include <random>

namespace netkit::bench {
namespace {

void append_number(std::string& out, std::uint64_t value, int bytes) {
  while (bytes-- > 0)
    out.push_back(static_cast<char>(value >> 8 * bytes));
}

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes)
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// RESP, in its third version, where a client that subscribed may publish as well.
class RedisDialect : public FanDialect {
 public:
  explicit RedisDialect(std::size_t text_size)
      : size_{text_size},
        publish_{"*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$" + std::to_string(text_size) + "\r\n"},
        message_{">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$" + std::to_string(text_size) + "\r\n"} {}

  OwnText own_text() const override { return OwnText::if_it_hears; }

  std::string opening(const Part& part) const override {
    return std::string{"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"} +
           (part.hears ? "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n" : "*1\r\n$4\r\nPING\r\n");
  }

  std::size_t take(std::string_view unread, Heard& heard) const override {
    std::size_t at = 0;
    for (;;) {
      const std::string_view rest = unread.substr(at);
      if (rest.starts_with(message_)) {
        const std::size_t whole = message_.size() + size_ + 2;
        if (rest.size() < whole) return at;
        heard.text(rest.substr(message_.size(), size_));
        at += whole;
        continue;
      }
      const std::size_t end = rest.find("\r\n");
      if (end == rest.npos || message_.starts_with(rest)) return at;
      const std::string_view line = rest.substr(0, end);
      // The last line of what answers SUBSCRIBE is :1, of a PING +PONG; PUBLISH is answered by a
      // number, too, which is told from it by its being sent later.
      if (line.starts_with('-')) give_up("redis refuses: " + std::string{line});
      if (line == "+PONG" || line == ":1") heard.let_in();
      at += end + 2;
    }
  }

  void append(std::string& out, std::uint64_t, std::string_view text) const override {
    out.append(publish_).append(text).append("\r\n");
  }

 private:
  std::size_t size_;
  std::string publish_;
  std::string message_;
};

class NatsDialect : public FanDialect {
 public:
  explicit NatsDialect(std::size_t text_size)
      : size_{text_size},
        publish_{"PUB c " + std::to_string(text_size) + "\r\n"},
        message_{"MSG c 1 " + std::to_string(text_size) + "\r\n"} {}

  OwnText own_text() const override { return OwnText::if_it_hears; }

  std::string opening(const Part& part) const override {
    return std::string{"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"} +
           (part.hears ? "SUB c 1\r\n" : "") + "PING\r\n";
  }

  std::size_t take(std::string_view unread, Heard& heard) const override {
    std::size_t at = 0;
    for (;;) {
      const std::string_view rest = unread.substr(at);
      if (rest.starts_with(message_)) {
        const std::size_t whole = message_.size() + size_ + 2;
        if (rest.size() < whole) return at;
        heard.text(rest.substr(message_.size(), size_));
        at += whole;
        continue;
      }
      const std::size_t end = rest.find("\r\n");
      if (end == rest.npos || message_.starts_with(rest)) return at;
      const std::string_view line = rest.substr(0, end);
      if (line == "PONG") heard.let_in();
      if (line == "PING") heard.answer("PONG\r\n");
      if (line.starts_with("-ERR")) give_up("nats-server refuses: " + std::string{line});
      at += end + 2;
    }
  }

  void append(std::string& out, std::uint64_t, std::string_view text) const override {
    out.append(publish_).append(text).append("\r\n");
  }

 private:
  std::size_t size_;
  std::string publish_;
  std::string message_;
};

// MQTT 3.1.1 at QoS 0, which is all that the others promise.
class MqttDialect : public FanDialect {
 public:
  explicit MqttDialect(std::size_t text_size)
      : size_{text_size}, message_{head(0x30, 3 + text_size)} {
    message_ += std::string{"\0\1c", 3};
  }

  OwnText own_text() const override { return OwnText::if_it_hears; }

  std::string opening(const Part& part) const override {
    const std::string name = "n" + std::to_string(part.index);
    std::string out = head(0x10, 12 + name.size());
    out += std::string{"\0\4MQTT\4\2\0\0", 10};  // A clean session, no keep-alive.
    append_number(out, name.size(), 2);
    out += name;
    if (part.hears) return out + std::string{"\x82\6\0\1\0\1c\0", 8};
    return out + std::string{"\xC0\0", 2};
  }

  std::size_t take(std::string_view unread, Heard& heard) const override {
    std::size_t at = 0;
    for (;;) {
      const std::string_view rest = unread.substr(at);
      if (rest.starts_with(message_)) {
        if (rest.size() < message_.size() + size_) return at;
        heard.text(rest.substr(message_.size(), size_));
        at += message_.size() + size_;
        continue;
      }
      // The others have two to five bytes, and a length of one.
      if (message_.starts_with(rest) || rest.size() < 2) return at;
      const std::size_t whole = 2u + static_cast<unsigned char>(rest[1]);
      if (whole > 5) give_up("mosquitto sends something else than messages");
      if (rest.size() < whole) return at;
      if (rest[0] == '\x90' || rest[0] == '\xD0') heard.let_in();
      if (rest[0] == '\x20' && rest[3] != 0) give_up("mosquitto refuses the connection");
      at += whole;
    }
  }

  void append(std::string& out, std::uint64_t, std::string_view text) const override {
    out.append(message_).append(text);
  }

 private:
  static std::string head(int first, std::size_t length) {
    std::string out{static_cast<char>(first)};
    for (; length >= 128; length /= 128)
      out.push_back(static_cast<char>(length % 128 | 128));
    out.push_back(static_cast<char>(length));
    return out;
  }

  std::size_t size_;
  std::string message_;
};

// Lines that end with the text: the bare text of the limit, or what the others put before it.
class LineDialect : public FanDialect {
 public:
  LineDialect(std::size_t text_size, OwnText own) : size_{text_size}, own_{own} {}

  OwnText own_text() const override { return own_; }
  std::string opening(const Part&) const override { return {}; }
  bool tells_when_in() const override { return false; }

  std::size_t take(std::string_view unread, Heard& heard) const override {
    std::size_t at = 0;
    for (std::size_t end; (end = unread.find('\n', at)) != unread.npos; at = end + 1) {
      std::string_view line = unread.substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.size() >= size_ && line[line.size() - size_] == '@')
        heard.text(line.substr(line.size() - size_));
      else
        other(line, heard);
    }
    return at;
  }

  void append(std::string& out, std::uint64_t, std::string_view text) const override {
    out.append(text).append("\n");
  }

 protected:
  virtual void other(std::string_view, Heard&) const {}

 private:
  std::size_t size_;
  OwnText own_;
};

// `<user5> TEXT`, and `<announce> …` to everybody when somebody comes.
class NcatDialect : public LineDialect {
 public:
  explicit NcatDialect(std::size_t text_size) : LineDialect{text_size, OwnText::never} {}
  bool tells_when_in() const override { return true; }

 protected:
  void other(std::string_view, Heard& heard) const override { heard.let_in(); }
};

class IrcDialect : public LineDialect {
 public:
  explicit IrcDialect(std::size_t text_size) : LineDialect{text_size, OwnText::never} {}
  bool tells_when_in() const override { return true; }

  std::string opening(const Part& part) const override {
    const std::string name = "n" + std::to_string(part.index);
    return "NICK " + name + "\r\nUSER " + name + " 0 * :" + name + "\r\n";
  }

  void append(std::string& out, std::uint64_t, std::string_view text) const override {
    out.append("PRIVMSG #c :").append(text).append("\r\n");
  }

 protected:
  void other(std::string_view line, Heard& heard) const override {
    // 376, 422: the end of the greeting, 366: of the list of who is in the channel.
    if (line.find(" 376 ") != line.npos || line.find(" 422 ") != line.npos)
      heard.answer("JOIN #c\r\n");
    if (line.find(" 366 ") != line.npos) heard.let_in();
    if (line.starts_with("PING ")) heard.answer("PONG " + std::string{line.substr(5)} + "\r\n");
    if (line.starts_with("ERROR")) give_up("ngircd refuses: " + std::string{line});
  }
};

// The frames of chat and a relay (commands/relay/client_protocol.hpp has the tables).
class FrameDialect : public FanDialect {
 public:
  explicit FrameDialect(std::size_t text_size) : size_{text_size}, run_{std::random_device{}()} {}

  OwnText own_text() const override { return OwnText::always; }

  std::string opening(const Part& part) const override {
    std::string index = std::to_string(part.index);
    std::string secret = std::to_string(run_) + index;
    secret.insert(0, 64 - secret.size(), '0');
    return frame(hello, R"({"service":"relay"})") +
           frame(ask, R"({"do":"enter","nick":"n)" + index + R"(","secret":")" + secret +
                          R"(","rooms":[{"room":"c"}]})");
  }

  std::size_t take(std::string_view unread, Heard& heard) const override {
    std::size_t at = 0;
    while (unread.size() - at >= header_size) {
      const std::string_view head = unread.substr(at, header_size);
      if (!head.starts_with("\xF7NK\1")) give_up("the relay sends no frame");
      const std::size_t length = read_number(head.substr(12, 4));
      if (unread.size() - at < header_size + length) return at;
      hear(read_number(head.substr(4, 2)), unread.substr(at + header_size, length), heard);
      at += header_size + length;
    }
    return at;
  }

  void append(std::string& out, std::uint64_t number, std::string_view text) const override {
    append_head(out, say, 8 + 2 + text.size());
    append_number(out, number, 8);
    out.append("\1c").append(text);
  }

 private:
  static constexpr std::size_t header_size = 16;
  static constexpr unsigned hello = 1, error = 2, goodbye = 3, ping = 4, pong = 5, ask = 16,
                            answer = 17, say = 18, said = 21;

  static void append_head(std::string& out, unsigned type, std::size_t length) {
    out.append("\xF7NK\1");
    append_number(out, type, 2);
    append_number(out, 0, 2);
    append_number(out, type == ask ? 1 : 0, 4);
    append_number(out, length, 4);
  }

  static std::string frame(unsigned type, std::string_view body) {
    std::string out;
    append_head(out, type, body.size());
    return out.append(body);
  }

  void hear(std::uint64_t type, std::string_view body, Heard& heard) const {
    if (type == said && body.size() >= size_ && body[body.size() - size_] == '@') {
      heard.text(body.substr(body.size() - size_));
    } else if (type == answer) {
      if (body.find("\"ok\":true") == body.npos) give_up("the relay refuses: " + std::string{body});
      heard.let_in();
    } else if (type == ping) {
      heard.answer(frame(pong, body));
    } else if (type == error || type == goodbye) {
      give_up("the relay gives up: " + std::string{body});
    }
  }

  std::size_t size_;
  unsigned run_;  // A sender that the relay knew from another run would be repeating itself.
};

}  // namespace

std::unique_ptr<FanDialect> make_dialect(std::string_view name, std::size_t text_size) {
  if (name == "redis") return std::make_unique<RedisDialect>(text_size);
  if (name == "nats") return std::make_unique<NatsDialect>(text_size);
  if (name == "mqtt") return std::make_unique<MqttDialect>(text_size);
  if (name == "irc") return std::make_unique<IrcDialect>(text_size);
  if (name == "lines") return std::make_unique<NcatDialect>(text_size);
  if (name == "stream") return std::make_unique<LineDialect>(text_size, OwnText::always);
  if (name == "frames") return std::make_unique<FrameDialect>(text_size);
  return nullptr;
}

}  // namespace netkit::bench
