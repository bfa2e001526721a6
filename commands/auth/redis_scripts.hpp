// The steps of the vault as Lua, each atomic in Redis. They decide what must be decided together
// with a change, and publish it in the same step; all else is the vault's and the office's.
#pragma once

#include <string_view>

namespace netkit::auth::redis_scripts {

// Keys, all behind "{netkit}:auth:", which makes a cluster keep them on one server. No key has a
// time to live: the time is an argument everywhere, and a Redis that is short of memory may drop
// such keys early, spent tickets among them.
//   format                     "1"
//   version                    counts up; each change of an account takes the next
//   account:USERKEY            hash: user password scopes created password_changed version
//   accounts                   zset of user keys, all with score 0: their order
//   administrators             set of user keys
//   devices:USERKEY            zset of hashes by last use
//   session:ID                 hash: token_hash public_key user_key user device address
//                              last_address created last_used expires
//   token:HASH                 the session's id
//   sessions:of:USERKEY, sessions:used, sessions:expires      zsets of ids
//   invitations                zset of code hashes by end; invitations:issuers: hash of who gave
//                              them; invitations:of:USERKEY: set
//   known:ADDRESS              hash: name first_seen last_seen; known: zset by last_seen
//   throttles                  hash: "FAILURES LAST_FAILURE"; throttles:used: zset by last_failure
//   spent                      zset of nonces by end; spent:uses: hash of their counts;
//                              spent:sessions: hash of whose they are; spent:of:ID: set of nonces
// On the channel "changes": origin 16 | 'a' user key, or 's' session 16 (began, changed or ended),
// or 'u' and for each session that was used: session 16, seconds since 1970 in digits, ';'.
//
// KEYS[1] is the prefix, ARGV[1] the origin; the other arguments are named at each script. Numbers
// come and go as decimal text. Nothing is written before all is checked: Redis rolls nothing back.

extern const std::string_view add_account;
extern const std::string_view change_password;
extern const std::string_view rehash;
extern const std::string_view change_scopes;
extern const std::string_view remove_account;
extern const std::string_view accounts;
extern const std::string_view add_invitation;

extern const std::string_view add_session;
extern const std::string_view renew_session;
extern const std::string_view end_sessions;
extern const std::string_view find_session;
extern const std::string_view sessions_of;
extern const std::string_view each_session;
extern const std::string_view use_sessions;

extern const std::string_view add_device;
extern const std::string_view keep_known;
extern const std::string_view keep_throttles;
extern const std::string_view spend;
extern const std::string_view clean_up;

}  // namespace netkit::auth::redis_scripts
