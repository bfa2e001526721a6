// The field table of an SNTP packet, and arithmetic that the year 2036 does not disturb.
#include "commands/doctor/clock.hpp"

#include "base/bytes.hpp"
#include "wire/http_date.hpp"

namespace netkit::doctor {
namespace {

using std::chrono::seconds;

// packet: u8 leap 2 bits, version 3, mode 3 | u8 stratum | u8 poll | u8 precision | u32 delay |
//         u32 dispersion | u32 reference id | u64 reference | u64 originate | u64 receive |
//         u64 transmit (48 bytes; times in seconds since 1900, the point after 32 bits)
constexpr std::size_t packet_size = 48;
constexpr std::size_t originate_at = 24;
constexpr std::size_t receive_at = 32;
constexpr std::size_t transmit_at = 40;
constexpr unsigned char version_4_client = 0x23;
constexpr unsigned server_mode = 4;
constexpr unsigned leap_unknown = 3;
constexpr std::uint64_t seconds_1900_to_1970 = 2'208'988'800;

std::uint64_t time_at(std::string_view packet, std::size_t at) {
  return load_be<std::uint64_t>(packet.data() + at);
}

std::uint64_t ntp_time(std::chrono::system_clock::time_point instant) {
  const auto whole = std::chrono::floor<seconds>(instant);
  const auto part = std::chrono::duration_cast<std::chrono::nanoseconds>(instant - whole);
  const auto whole_s = static_cast<std::uint64_t>(whole.time_since_epoch().count());
  return (whole_s + seconds_1900_to_1970) << 32 |
         (static_cast<std::uint64_t>(part.count()) << 32) / 1'000'000'000;
}

/// later - earlier, right if they are less than 68 years apart.
Duration between(std::uint64_t earlier, std::uint64_t later) {
  const auto apart = static_cast<std::int64_t>(later - earlier);
  const std::int64_t part = apart & 0xffff'ffff;
  return seconds{apart >> 32} + std::chrono::nanoseconds{part * 1'000'000'000 >> 32};
}

Duration size_of(Duration duration) {
  return duration < Duration::zero() ? -duration : duration;
}

}  // namespace

std::string sntp_question(std::uint64_t cookie) {
  std::string packet(packet_size, '\0');
  packet[0] = static_cast<char>(version_4_client);
  store_be(packet.data() + transmit_at, cookie);
  return packet;
}

std::optional<ClockOffset> read_sntp(std::string_view question, std::string_view answer,
                                     const Exchange& exchange) {
  if (answer.size() < packet_size || question.size() != packet_size) return std::nullopt;
  const unsigned first = static_cast<unsigned char>(answer[0]);
  const unsigned stratum = static_cast<unsigned char>(answer[1]);
  if ((first & 7) != server_mode || first >> 6 == leap_unknown || stratum == 0 || stratum > 15 ||
      time_at(answer, originate_at) != time_at(question, transmit_at))
    return std::nullopt;
  const std::uint64_t received = time_at(answer, receive_at);
  const std::uint64_t sent = time_at(answer, transmit_at);
  const Duration there = between(ntp_time(exchange.asked), received);
  const Duration back = between(ntp_time(exchange.heard), sent);
  // The way there and the way back are what the two differ by.
  return ClockOffset{there / 2 + back / 2, size_of(there - back) / 2, "SNTP"};
}

std::optional<ClockOffset> read_date(std::string_view date, const Exchange& exchange) {
  const auto asked_s = std::chrono::floor<seconds>(exchange.asked).time_since_epoch().count();
  const auto theirs_s = wire::parse_http_date(date, asked_s);
  constexpr std::int64_t far_future_s = 9'000'000'000;  // In nanoseconds it still has room.
  if (!theirs_s || *theirs_s > far_future_s || *theirs_s < 0) return std::nullopt;
  constexpr std::chrono::milliseconds half{500};
  const Duration way = (exchange.heard - exchange.asked) / 2;
  const Duration ours = (exchange.asked + way).time_since_epoch();
  return ClockOffset{seconds{*theirs_s} + half - ours, half + size_of(way), "HTTP"};
}

}  // namespace netkit::doctor
