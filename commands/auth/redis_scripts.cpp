// The Lua text. A script is the shared beginning and its own part; the header has keys and channel.
#include "commands/auth/redis_scripts.hpp"

#include <algorithm>
#include <array>

namespace netkit::auth::redis_scripts {
namespace {

constexpr std::string_view shared = R"lua(
local p, origin, call = KEYS[1], ARGV[1], redis.call
local session_fields = {'token_hash', 'public_key', 'user_key', 'user', 'device', 'address',
  'last_address', 'created', 'last_used', 'expires'}
local function tell(what) call('PUBLISH', p .. 'changes', origin .. what) end
-- A session as a list: its fields, then its id; false if there is none.
local function load_session(id)
  local found = call('HMGET', p .. 'session:' .. id, unpack(session_fields))
  if not found[1] then return false end
  found[#session_fields + 1] = id
  return found
end
local function keep_session(id, values)
  local words = {}
  for i, field in ipairs(session_fields) do
    words[2 * i - 1], words[2 * i] = field, values[i]
  end
  call('HSET', p .. 'session:' .. id, unpack(words))
  call('SET', p .. 'token:' .. values[1], id)
  call('ZADD', p .. 'sessions:of:' .. values[3], values[9], id)
  call('ZADD', p .. 'sessions:used', values[9], id)
  call('ZADD', p .. 'sessions:expires', values[10], id)
  tell('s' .. id)
end
local function drop_spent(nonce)
  local id = call('HGET', p .. 'spent:sessions', nonce)
  call('ZREM', p .. 'spent', nonce)
  call('HDEL', p .. 'spent:uses', nonce)
  call('HDEL', p .. 'spent:sessions', nonce)
  if id then call('SREM', p .. 'spent:of:' .. id, nonce) end
end
local function drop_session(id)
  for _, nonce in ipairs(call('SMEMBERS', p .. 'spent:of:' .. id)) do drop_spent(nonce) end
  local found = call('HMGET', p .. 'session:' .. id, 'token_hash', 'user_key')
  call('ZREM', p .. 'sessions:used', id)
  call('ZREM', p .. 'sessions:expires', id)
  if found[1] then
    call('DEL', p .. 'session:' .. id, p .. 'token:' .. found[1])
    call('ZREM', p .. 'sessions:of:' .. found[2], id)
  end
  tell('s' .. id)
end
local function drop_sessions_of(user_key, but)
  local ended = {}
  for _, id in ipairs(call('ZRANGE', p .. 'sessions:of:' .. user_key, 0, -1)) do
    if id ~= but then
      drop_session(id)
      ended[#ended + 1] = id
    end
  end
  return ended
end
local function drop_invitation(code)
  local issuer = call('HGET', p .. 'invitations:issuers', code)
  call('ZREM', p .. 'invitations', code)
  call('HDEL', p .. 'invitations:issuers', code)
  if issuer then call('SREM', p .. 'invitations:of:' .. issuer, code) end
end
)lua";

// user_key user password created password_changed now | scopes | scopes of a first administrator,
// "" where none is made | code hash or nothing. Answers 0 added, 1 name taken, 2 bad invitation, 3
// added with other scopes than the first.
constexpr std::string_view own_add_account = R"lua(
local key, code, scopes, first = ARGV[2], ARGV[10], ARGV[8], ARGV[9]
if code then
  local ends = call('ZSCORE', p .. 'invitations', code)
  if not ends or tonumber(ends) <= tonumber(ARGV[7]) then return 2 end
end
if call('EXISTS', p .. 'account:' .. key) == 1 then return 1 end
local outcome = 0
if first ~= '' and call('SCARD', p .. 'administrators') == 0 then scopes, outcome = first, 3 end
if code then drop_invitation(code) end
call('HSET', p .. 'account:' .. key, 'user', ARGV[3], 'password', ARGV[4], 'scopes', scopes,
  'created', ARGV[5], 'password_changed', ARGV[6], 'version', call('INCR', p .. 'version'))
call('ZADD', p .. 'accounts', 0, key)
if (' ' .. scopes .. ' '):find(' admin ', 1, true) then call('SADD', p .. 'administrators', key) end
tell('a' .. key)
return outcome
)lua";

// user_key version password but now. Answers the ids that ended; nothing if the version is another.
constexpr std::string_view own_change_password = R"lua(
local account = p .. 'account:' .. ARGV[2]
if call('HGET', account, 'version') ~= ARGV[3] then return false end
call('HSET', account, 'password', ARGV[4], 'password_changed', ARGV[6],
  'version', call('INCR', p .. 'version'))
call('DEL', p .. 'devices:' .. ARGV[2])
tell('a' .. ARGV[2])
return drop_sessions_of(ARGV[2], ARGV[5])
)lua";

// user_key before after. Answers 1 if done.
constexpr std::string_view own_rehash = R"lua(
local account = p .. 'account:' .. ARGV[2]
if call('HGET', account, 'password') ~= ARGV[3] then return 0 end
call('HSET', account, 'password', ARGV[4])
return 1
)lua";

// user_key scopes_max count of given | given… taken…. Answers 0 done, 1 no account, 2 the last
// administrator, 3 too many.
constexpr std::string_view own_change_scopes = R"lua(
local key = ARGV[2]
local before = call('HGET', p .. 'account:' .. key, 'scopes')
if not before then return 1 end
local held, changed = {}, false
for scope in before:gmatch('[^ ]+') do held[scope] = true end
local administrated = held['admin']
for i = 5, #ARGV do
  local value = i < 5 + tonumber(ARGV[4]) or nil
  if held[ARGV[i]] ~= value then held[ARGV[i]], changed = value, true end
end
local scopes = {}
for scope in pairs(held) do scopes[#scopes + 1] = scope end
if #scopes > tonumber(ARGV[3]) then return 3 end
if administrated and not held['admin'] then
  if call('SCARD', p .. 'administrators') < 2 then return 2 end
  call('SREM', p .. 'administrators', key)
elseif held['admin'] then
  call('SADD', p .. 'administrators', key)
end
if not changed then return 0 end
call('HSET', p .. 'account:' .. key, 'scopes', table.concat(scopes, ' '),
  'version', call('INCR', p .. 'version'))
tell('a' .. key)
return 0
)lua";

// user_key. Answers 0 done, 1 no account, 2 the last administrator.
constexpr std::string_view own_remove_account = R"lua(
local key = ARGV[2]
if call('EXISTS', p .. 'account:' .. key) == 0 then return 1 end
if call('SISMEMBER', p .. 'administrators', key) == 1
  and call('SCARD', p .. 'administrators') < 2 then return 2 end
drop_sessions_of(key, '')
for _, code in ipairs(call('SMEMBERS', p .. 'invitations:of:' .. key)) do drop_invitation(code) end
call('DEL', p .. 'account:' .. key, p .. 'devices:' .. key)
call('ZREM', p .. 'accounts', key)
call('SREM', p .. 'administrators', key)
tell('a' .. key)
return 0
)lua";

// after count. Answers lists of an account's fields.
constexpr std::string_view own_accounts = R"lua(
local found = {}
for _, key in ipairs(call('ZRANGEBYLEX', p .. 'accounts', '(' .. ARGV[2], '+', 'LIMIT', 0,
  ARGV[3])) do
  found[#found + 1] = call('HMGET', p .. 'account:' .. key, 'user', 'password', 'scopes',
    'created', 'password_changed', 'version')
end
return found
)lua";

// code_hash issuer expires invitations_max. Answers 1 done, 0 no room, 2 if it is there already.
constexpr std::string_view own_add_invitation = R"lua(
if call('ZCARD', p .. 'invitations') >= tonumber(ARGV[5]) then return 0 end
if call('ZSCORE', p .. 'invitations', ARGV[2]) then return 2 end
call('ZADD', p .. 'invitations', ARGV[4], ARGV[2])
call('HSET', p .. 'invitations:issuers', ARGV[2], ARGV[3])
call('SADD', p .. 'invitations:of:' .. ARGV[3], ARGV[2])
return 1
)lua";

// version sessions_max | id and the fields of a session. Answers the ids that had to go; nothing
// if the account has another version; 1 if there is one of this id or token.
constexpr std::string_view own_add_session = R"lua(
local id, values = ARGV[4], {unpack(ARGV, 5)}
local account = call('HMGET', p .. 'account:' .. values[3], 'version', 'user')
if account[1] ~= ARGV[2] then return false end
if call('EXISTS', p .. 'session:' .. id, p .. 'token:' .. values[1]) > 0 then return 1 end
values[4] = account[2]
local of, ended = p .. 'sessions:of:' .. values[3], {}
local over = call('ZCARD', of) - tonumber(ARGV[3])
if over >= 0 then
  for _, old in ipairs(call('ZRANGE', of, 0, over)) do
    drop_session(old)
    ended[#ended + 1] = old
  end
end
keep_session(id, values)
return ended
)lua";

// old id | id and the fields of a session. Answers 1 done, 0 if the old one has ended, 2 if there
// is another of this id or token.
constexpr std::string_view own_renew_session = R"lua(
local old, id, values = ARGV[2], ARGV[3], {unpack(ARGV, 4)}
local before = load_session(old)
if not before then return 0 end
if id ~= old and call('EXISTS', p .. 'session:' .. id) == 1 then return 2 end
local holder = call('GET', p .. 'token:' .. values[1])
if holder and holder ~= old then return 2 end
values[3], values[4] = before[3], before[4]
drop_session(old)
keep_session(id, values)
return 1
)lua";

// user_key id but; the first or the second may be "". Answers the ids that ended.
constexpr std::string_view own_end_sessions = R"lua(
local user_key, id, but = ARGV[2], ARGV[3], ARGV[4]
if id == '' then return drop_sessions_of(user_key, but) end
local found = load_session(id)
if not found or id == but or (user_key ~= '' and user_key ~= found[3]) then return {} end
drop_session(id)
return {id}
)lua";

// token_hash. Answers the session or nothing.
constexpr std::string_view own_find_session = R"lua(
local id = call('GET', p .. 'token:' .. ARGV[2])
return id and load_session(id)
)lua";

// user_key. Answers its sessions, the last used first.
constexpr std::string_view own_sessions_of = R"lua(
local found = {}
for _, id in ipairs(call('ZREVRANGE', p .. 'sessions:of:' .. ARGV[2], 0, -1)) do
  found[#found + 1] = load_session(id) or nil
end
return found
)lua";

// cursor count. Answers the next cursor, "0" at the end, and about so many sessions, some maybe
// for a second time.
constexpr std::string_view own_each_session = R"lua(
local page, found = call('ZSCAN', p .. 'sessions:used', ARGV[2], 'COUNT', ARGV[3]), {}
for i = 1, #page[2], 2 do found[#found + 1] = load_session(page[2][i]) or nil end
return {page[1], found}
)lua";

// id address at, id address at, …. One that is told late does not make a session older.
constexpr std::string_view own_use_sessions = R"lua(
local told = {}
for i = 2, #ARGV, 3 do
  local id, at = ARGV[i], ARGV[i + 2]
  local found = call('HMGET', p .. 'session:' .. id, 'last_used', 'user_key')
  if found[1] and tonumber(found[1]) <= tonumber(at) then
    call('HSET', p .. 'session:' .. id, 'last_used', at)
    if ARGV[i + 1] ~= '' then call('HSET', p .. 'session:' .. id, 'last_address', ARGV[i + 1]) end
    call('ZADD', p .. 'sessions:of:' .. found[2], at, id)
    call('ZADD', p .. 'sessions:used', at, id)
    told[#told + 1] = id .. at .. ';'
  end
end
if #told > 0 then tell('u' .. table.concat(told)) end
return 1
)lua";

// user_key hash now devices_max. Answers 1, 0 if the account is gone.
constexpr std::string_view own_add_device = R"lua(
if call('EXISTS', p .. 'account:' .. ARGV[2]) == 0 then return 0 end
local devices = p .. 'devices:' .. ARGV[2]
call('ZREM', devices, ARGV[3])
local over = call('ZCARD', devices) - tonumber(ARGV[5])
if over >= 0 then call('ZREMRANGEBYRANK', devices, 0, over) end
call('ZADD', devices, ARGV[4], ARGV[3])
return 1
)lua";

// address name first_seen last_seen known_max
constexpr std::string_view own_keep_known = R"lua(
local address = ARGV[2]
call('ZREM', p .. 'known', address)
local over = call('ZCARD', p .. 'known') - tonumber(ARGV[6])
if over >= 0 then
  for _, old in ipairs(call('ZRANGE', p .. 'known', 0, math.min(over, 999))) do
    call('ZREM', p .. 'known', old)
    call('DEL', p .. 'known:' .. old)
  end
end
call('HSET', p .. 'known:' .. address, 'name', ARGV[3], 'first_seen', ARGV[4], 'last_seen', ARGV[5])
call('ZADD', p .. 'known', ARGV[5], address)
return 1
)lua";

// throttles_max | key failures last_failure, key failures last_failure, …
constexpr std::string_view own_keep_throttles = R"lua(
for i = 3, #ARGV, 3 do
  local key, failures = ARGV[i], ARGV[i + 1]
  if failures == '0' then
    call('HDEL', p .. 'throttles', key)
    call('ZREM', p .. 'throttles:used', key)
  else
    call('HSET', p .. 'throttles', key, failures .. ' ' .. ARGV[i + 2])
    call('ZADD', p .. 'throttles:used', ARGV[i + 2], key)
  end
end
local over = call('ZCARD', p .. 'throttles:used') - tonumber(ARGV[2])
if over > 0 then
  for _, old in ipairs(call('ZRANGE', p .. 'throttles:used', 0, over - 1)) do
    call('HDEL', p .. 'throttles', old)
    call('ZREM', p .. 'throttles:used', old)
  end
end
return 1
)lua";

// nonce uses_max expires spent_max session of_session_max. Answers 1 counted, 0 used up, 2 too many
// tickets, 3 no such session, 4 too many tickets of that session.
constexpr std::string_view own_spend = R"lua(
local nonce, id = ARGV[2], ARGV[6]
if call('EXISTS', p .. 'session:' .. id) == 0 then return 3 end
local used = tonumber(call('HGET', p .. 'spent:uses', nonce) or 0)
if used >= tonumber(ARGV[3]) then return 0 end
if used == 0 then
  if call('SCARD', p .. 'spent:of:' .. id) >= tonumber(ARGV[7]) then return 4 end
  if call('ZCARD', p .. 'spent') >= tonumber(ARGV[5]) then return 2 end
  call('HSET', p .. 'spent:sessions', nonce, id)
  call('SADD', p .. 'spent:of:' .. id, nonce)
end
call('HINCRBY', p .. 'spent:uses', nonce, 1)
local ends = call('ZSCORE', p .. 'spent', nonce)
if not ends or tonumber(ends) < tonumber(ARGV[4]) then
  call('ZADD', p .. 'spent', ARGV[4], nonce)
end
return 1
)lua";

// now idle_before tickets_before count. Answers the ids of the sessions that ended.
constexpr std::string_view own_clean_up = R"lua(
local ended, count = {}, tonumber(ARGV[5])
local function over(set, limit, room)
  return ipairs(call('ZRANGEBYSCORE', p .. set, '-inf', limit, 'LIMIT', 0, room))
end
for _, id in over('sessions:expires', ARGV[2], count) do
  drop_session(id)
  ended[#ended + 1] = id
end
for _, id in over('sessions:used', '(' .. ARGV[3], count - #ended) do
  drop_session(id)
  ended[#ended + 1] = id
end
for _, code in over('invitations', ARGV[2], count) do drop_invitation(code) end
for _, nonce in over('spent', ARGV[4], count) do drop_spent(nonce) end
return ended
)lua";

template <const std::string_view& Own>
constexpr auto joined = [] {
  std::array<char, shared.size() + Own.size()> text{};
  std::copy(Own.begin(), Own.end(), std::copy(shared.begin(), shared.end(), text.begin()));
  return text;
}();
template <const std::string_view& Own>
constexpr std::string_view whole{joined<Own>.data(), joined<Own>.size()};

}  // namespace

constexpr std::string_view add_account = whole<own_add_account>;
constexpr std::string_view change_password = whole<own_change_password>;
constexpr std::string_view rehash = whole<own_rehash>;
constexpr std::string_view change_scopes = whole<own_change_scopes>;
constexpr std::string_view remove_account = whole<own_remove_account>;
constexpr std::string_view accounts = whole<own_accounts>;
constexpr std::string_view add_invitation = whole<own_add_invitation>;
constexpr std::string_view add_session = whole<own_add_session>;
constexpr std::string_view renew_session = whole<own_renew_session>;
constexpr std::string_view end_sessions = whole<own_end_sessions>;
constexpr std::string_view find_session = whole<own_find_session>;
constexpr std::string_view sessions_of = whole<own_sessions_of>;
constexpr std::string_view each_session = whole<own_each_session>;
constexpr std::string_view use_sessions = whole<own_use_sessions>;
constexpr std::string_view add_device = whole<own_add_device>;
constexpr std::string_view keep_known = whole<own_keep_known>;
constexpr std::string_view keep_throttles = whole<own_keep_throttles>;
constexpr std::string_view spend = whole<own_spend>;
constexpr std::string_view clean_up = whole<own_clean_up>;

}  // namespace netkit::auth::redis_scripts
