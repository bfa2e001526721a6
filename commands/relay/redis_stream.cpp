// The script that adds, the codec of entries, and the row of ids.
#include "commands/relay/redis_stream.hpp"

#include <algorithm>
#include <charconv>

#include "base/bytes.hpp"
#include "wire/fields.hpp"

namespace netkit::relay {
namespace {

Error malformed() {
  return Error{Errc::malformed, "read what another relay wrote into Redis"};
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size();
}

Result<StreamEntry> read_entry(std::string_view bytes) {
  if (bytes.size() < 2) return malformed();
  const std::size_t facts_size = load_be<std::uint16_t>(bytes.data());
  bytes.remove_prefix(2);
  if (facts_size > bytes.size()) return malformed();
  Result<RelayFacts> facts = decode_facts(bytes.substr(0, facts_size));
  if (!facts) return facts.error();
  Result<Bundle> bundle = parse_bundle(std::string{bytes.substr(facts_size)});
  if (!bundle) return bundle.error();
  if (bundle->log != facts->log) return malformed();
  return StreamEntry{*std::move(facts), *std::move(bundle)};
}

}  // namespace

// All that another relay wrote is trimmed here too, so that the bounds hold whoever writes. An
// entry costs one XRANGE when it goes, which its size needs.
const std::string_view redis_add_script = R"lua(
local function key(name) return KEYS[1] .. name end
local stream, have_key = key('stream'), key('have:' .. ARGV[1])
local have = tonumber(redis.call('GET', have_key) or '0')
local before = redis.call('GET', key('tail')) or '0-0'
local id, said, records, bytes = before, {}, 0, 0
for i = 5, #ARGV, 3 do
  local first, last = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  if last > have then
    if first > have + 1 and not (i == 5 and ARGV[4] == '1') then break end
    id = redis.call('XADD', stream, '*', 'n', last - first + 1, 'e', ARGV[i + 2])
    said[#said + 1] = ARGV[i + 2]
    records = records + last - first + 1
    bytes = bytes + #ARGV[i + 2]
    have = last
  end
end
if #said == 0 then return have end
redis.call('SET', key('tail'), id)
redis.call('SET', have_key, string.format('%.0f', have), 'EX', 604800)
records = redis.call('INCRBY', key('records'), records)
bytes = redis.call('INCRBY', key('bytes'), bytes)
while records > tonumber(ARGV[2]) or bytes > tonumber(ARGV[3]) do
  local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if not oldest or oldest[1] == id then break end
  redis.call('XDEL', stream, oldest[1])
  records = redis.call('DECRBY', key('records'), oldest[2][2])
  bytes = redis.call('DECRBY', key('bytes'), #oldest[2][4])
end
redis.call('PUBLISH', key('said'), 'b' .. before .. ' ' .. id .. '\n' .. table.concat(said))
return have
)lua";

std::optional<StreamId> StreamId::parse(std::string_view text) {
  const std::size_t dash = text.find('-');
  StreamId id;
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), id.ms) ||
      !read_number(text.substr(dash + 1), id.number))
    return std::nullopt;
  return id;
}

std::string StreamId::text() const {
  return std::to_string(ms) + "-" + std::to_string(number);
}

std::string stream_entry(std::string_view facts, const Bundle& bundle) {
  std::string entry;
  entry.reserve(6 + facts.size() + bundle.bytes->size());
  append_be(entry, static_cast<std::uint32_t>(2 + facts.size() + bundle.bytes->size()));
  append_be(entry, static_cast<std::uint16_t>(facts.size()));
  entry += facts;
  entry += *bundle.bytes;
  return entry;
}

Result<std::vector<StreamEntry>> read_stream_entries(std::string_view bytes) {
  std::vector<StreamEntry> entries;
  while (!bytes.empty()) {
    if (bytes.size() < 4) return malformed();
    const std::size_t size = load_be<std::uint32_t>(bytes.data());
    bytes.remove_prefix(4);
    if (size > bytes.size()) return malformed();
    Result<StreamEntry> entry = read_entry(bytes.substr(0, size));
    if (!entry) return entry.error();
    entries.push_back(*std::move(entry));
    bytes.remove_prefix(size);
  }
  return entries;
}

void StreamReader::hear(std::string_view message) {
  const std::size_t space = message.find(' ');
  const std::size_t end = message.find('\n');
  if (space == std::string_view::npos || end == std::string_view::npos || end < space) return;
  const auto before = StreamId::parse(message.substr(0, space));
  const auto id = StreamId::parse(message.substr(space + 1, end - space - 1));
  if (!before || !id) return;
  waiting_size_ += message.size();
  waiting_.push_back({*before, *id, std::string{message.substr(end + 1)}});
  if (waiting_size_ > waiting_max) miss();
}

std::optional<std::string> StreamReader::next() {
  while (!waiting_.empty()) {
    Message& first = waiting_.front();
    const bool is_seen = first.id <= last_;
    if (!is_seen && first.before != last_) {
      behind_ = true;
      return std::nullopt;
    }
    waiting_size_ -= std::min(waiting_size_, first.entries.size());
    std::string entries = std::move(first.entries);
    last_ = std::max(last_, first.id);
    waiting_.pop_front();
    if (waiting_.empty()) waiting_size_ = 0;
    if (!is_seen) return entries;
  }
  return std::nullopt;
}

void StreamReader::caught_up() {
  behind_ = false;
  if (waiting_.empty()) return;
  Message& first = waiting_.front();
  if (first.id == stuck_) first.before = last_;
  stuck_ = first.id;
}

void StreamReader::miss() {
  waiting_.clear();
  waiting_size_ = 0;
  behind_ = true;
}

void StreamReader::check_tail(StreamId tail) {
  if (tail < last_) last_ = {};
  behind_ = true;
}

}  // namespace netkit::relay
