// The bytes between an agent and a shutdown-server, for agents.cpp only: WebSocket messages of one
// netkit frame each. Written by hand, for netkit's own encoder must not vouch for itself.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace netkit::bench {

inline constexpr std::uint16_t type_hello = 1, type_error = 2;
inline constexpr std::uint16_t type_receipt = 16, type_accepted = 17, type_going = 19,
                               type_order = 32;

inline void put(std::string& out, std::uint64_t value, int size) {
  while (size-- > 0)
    out.push_back(static_cast<char>(value >> 8 * size));
}

inline std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(at, size))
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

inline void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 2);
  out += text;
}

// One message of one frame, masked with zeros, which is a mask like any other.
inline std::string ws_message(unsigned opcode, std::string_view payload) {
  std::string out;
  put(out, 0x80 | opcode, 1);
  if (payload.size() < 126) {
    put(out, 0x80 | payload.size(), 1);
  } else {
    put(out, 0x80 | 126, 1);
    put(out, payload.size(), 2);
  }
  put(out, 0, 4);
  out += payload;
  return out;
}

inline std::string message(std::uint16_t type, std::string_view body) {
  std::string frame = "\xF7NK\x01";
  put(frame, type, 2);
  put(frame, 0, 2 + 4);
  put(frame, body.size(), 4);
  frame += body;
  return ws_message(2, frame);
}

inline std::string hello(std::size_t number) {
  std::string body(1, '\0');
  put(body, 0x6e65746b69740000, 8);
  put(body, number + 1, 8);
  put(body, 0x626f6f7400000000, 8);
  put(body, number + 1, 8);
  std::array<char, 16> name{};
  std::snprintf(name.data(), name.size(), "agent-%05zu", number);
  put_text(body, name.data());
  put_text(body, "0.1.0");
  put_text(body, "/bin/true");
  put(body, 0, 2);  // Neither hardware addresses nor ports.
  put_text(body, "");
  return message(type_hello, body);
}

}  // namespace netkit::bench
