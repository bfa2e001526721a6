// netkit-wire(7): the frame, the dialects and the messages of every service, for those who write
// clients of their own. The codecs' field tables say the same.
#include "cli/packed_text.hpp"
#include "commands/manual/manual.hpp"

namespace netkit::manual {
namespace {

constexpr std::string_view text = R"(
# DESCRIPTION

netkit programs send each other frames, by tcp, tls, unix or SCTP; where it is said, each as one
binary WebSocket message. Most services also speak lines, len64 and WebSocket at the same port.

In the tables u8 to u64 and i64 are numbers in network byte order; str8 and str16 are UTF-8 behind
its size in bytes (u8, u16); text, path and JSON are all that is left of the body, in UTF-8; `n x`
is repeated n times; other sizes are in bytes. What ends with `?` may be missing from JSON. HEX16
is 16 hexadecimal digits. Nothing may follow the last field, and what does not fit ends the
connection.

# FRAME

 0  magic    F7 4E 4B, "NK" behind a byte that is in no UTF-8
 3  version  u8: 1
 4  type     u16
 6  flags    u16: 0 where the type defines none
 8  stream   u32: which request or file; 0: the connection itself
 12 length   u32: bytes of the body, which follows

Types below 16 mean the same everywhere, and the rest belongs to the service:

 0 data   1 hello (each side's first)   2 error (why the sender gives up)
 3 goodbye (its last)   4 ping   5 pong (answers with the ping's body)

The client speaks first, and passes over text that stands before the server's first frame: that
was for people. A length beyond the service's limit ends the connection before the body is read.

# DIALECTS

The first bytes decide, however late they come. relay and auth speak to who is silent for 300 ms
as to `line` meanwhile; from another machine, where TLS may still begin, for 3 s. Behind that it is
too late for TLS.

 tls    16 03; what is within is told again
 frame  F7 4E 4B
 len64  1 to 64 digits, then spaces up to 64 bytes; a body of that length
        follows. Answers are bare bytes.
 http   METHOD TARGET HTTP/1.x CR LF; WebSocket (RFC 6455) or a page
 line   all else: UTF-8 up to LF or CR LF. A known command word that is
        followed by 200 ms of silence needs none.

relay, filesrv and auth speak all; presenced frame, line and http; shutdown-server http alone;
echo none: it returns bytes as they are, and frames as they are under `--framing frame`.

# TOKENS

A server with `--require-auth` wants a token or a ticket first, and takes it over TLS, on loopback
or a unix socket only:

 frame      a member "token" of the hello's JSON
 http       Authorization: Bearer TOKEN
 WebSocket  that, or a first message {"token":TOKEN}
 line, len64, bare bytes   a first line or body /token TOKEN

A token is `nk_` and 43 characters of base64url. A ticket is `nkt_` and base64url of

 u8 1 | session 16 | nonce 16 | n x (u8 type | u16 size | value) |
 Ed25519 signature 64 over "netkit ticket 1\n" and all before

with fields of ascending type: 1 service, 2 scopes, 3 path, 4 verbs, 5 network, 6 not before (u64
s), 7 expires (u64 s), 8 uses (u32), 9 audience. `netkit auth ticket` makes one.

# REQUESTS IN JSON

 asked     {"id":N,"do":WORD,...}
 answered  {"id":N,"ok":true,...}
 failed    {"id":N,"ok":false,"error":SENTENCE,"exit":CODE,"attempt":T,
            "hint":T,"category":"netkit"|"system","value":N}

Value is an errno of the system's, or netkit's own number. Times are RFC 3339, durations seconds.

# AUTH

Port 9091. hello(1), both ways: str16, a name. Messages to it have at most 64 KiB
(`--max-message`).

 16 request       JSON      17 answer   JSON, on the request's stream
 to auth, on a stream that the asker chooses:
 32 check         SHA-256 of the token 32
 33 check_ticket  the ticket's text
 34 spend         the same; counts one use
 35 used          u16 n, n x (session 16 | str16 address); no answer
 39 check_again   a ticket of somebody who was let in already
 from auth:
 36 grant         session 16 | public key 32 | i64 expires (s since 1970)
                  | i64 idle limit (s) | str16 user | u8 n,
                  n x str16 scope
 37 denied        u8 (1 unknown or ended, 2 used up, 3 not now) | str16
 38 changed       session 16, stream 0: ask anew

Words of requests, also as WebSocket text messages, their members and what answers them:

 hello name -> known, name, first_seen, last_seen, grants
 register user, password, code? -> user, administrator
 login user, password, device?, device_key?
   -> token, session, expires, user, scopes, device_key
 sign_in token; whoami -> user, session, scopes, expires
 logout everywhere?; revoke what, others? -> ended
 passwd password, new_password; user, new_password -> ended
 renew -> token, session, expires    sessions user?, all? -> sessions
 users after?, limit? -> users, more   remove user -> ended
 grant user, give?, take? -> scopes    bans clear? -> bans or cleared
 invite expire? -> code, expires_in    import lines -> added, skipped
 export after? -> lines, more          backup path

# RELAY

Port 2000. hello(1): {"service":"relay","token":T?}, answered {"service":"relay","name":N}; then a
request `enter`, before all else. Numbers count a client's own messages from 1.

 16 ask     JSON; its stream comes back    17 answer  JSON
 18 say     u64 number | str8 room | text
 19 direct  u64 number | str8 to (a nick as shown) | text
 20 ack     u64 number: all of one's own up to it are safe
 21 said    u64 log | u64 seq | u64 time (ms) | u64 sender | u64 number
            | str8 room | str8 nick | text
 22 told    the same with str8 to in the place of room
 23 event   JSON: {"event":"join"|"leave"|"nick"|"gap"|"relay-away"|
            "relay-back"|"notice"|"moderated","time":T,"text":T,...}

 enter nick?, secret HEX64?, rooms [{room, history?}], seen {HEX16:SEQ}?,
   events? -> relay, nick, sender, known, acked, text_max, ack, user?,
   rooms [{room, first, last}], have {HEX16:SEQ}
 join room, history? -> place        part room       nick nick -> nick
 who room? -> people                 rooms -> rooms
 history room, from, to -> messages, missing
 history relay, from, to -> relay, messages, missing, rest?
 kick, mute, ban, unmute, unban nick, why?, for? (s)

With the same secret a client is the same sender again: what it repeats is told by its number;
`seen` is where it goes on (the last seq of each log), `known` the highest number that the relay
has of it. A nick may be changed by the relay; the answer tells it.

Over WebSocket the subprotocol netkit.chat has the same requests, and besides

 say     {"do":"say"|"direct","number":N,"room"|"to":T,"text":T}
 said    {"event":"message","id":"LOG-SEQ","room":R,"nick":N,"text":T,
          "time":T,"sender":HEX16,"number":N}; "direct" has "to"
 ack     {"event":"ack","number":N}

Without it each message is a line said in the lobby, or a command with a slash.

# RELAY LINKS

At the relay's port, or by WebSocket as netkit.link. C connects, A accepts:

 C hello(1)   {"service":"relay-link","version":1,"name":N,"log":HEX16,
              "key":HEX64,"nonce":HEX64}
 A hello(1)   the same, with "proof":HEX128
 C proof(48)  {"proof":HEX128,"token":T?}

A proof is an Ed25519 signature by the link key over "netkit relay link 1", NUL, "connecting" or
"accepting", NUL, both nonces, keys and logs (C's first), and the SHA-256 fingerprint of A's
certificate in 64 hex digits, or nothing without TLS.

 49 relay         u64 log | u32 beat | u8 hops | u64 started (ms) | key 32
                  | u64 roster | str8 name | signature 64?
 50 have          n x (u64 log | u64 floor | u64 last)
 51 bundle        u64 log | u64 first | u16 count | count records
                  | signature 64
 52 gap           u64 log | u64 from | u64 to: not to be had here
 53 want          u64 log | u64 after
 54 roster        u64 log | u64 as of
                  | n x (u64 sender | u64 since | str8 nick
                  | u16 m, m x str8 room)
 55 want_roster   u64 log
 56 fetch         u32 request | u64 log | u64 from | u64 to
 57 fetched       u32 request | bundle, or nothing at the end
 58 probe         u64 id | u8 n, n x (str8 name | u32 us); 59: its answer

Flag 1 is "more follows" in 50 and 54, "away" in 49. A log's number is the first 8 bytes of
SHA-256 of "netkit relay log 1" and its public key (Ed25519), which signs: of a bundle, "netkit
relay bundle 1", NUL, SHA-256 of all before; of 49, "netkit relay beat 1", NUL, SHA-256 of all
before with hops 0. A record:

 u32 size of what follows | u8 kind | u64 time (ms) | u64 sender
 | u64 number | by kind:
 1 say str8 room | str8 nick | text      3 enter str8 nick | str8
 2 direct u64 to | str8 nick | str8 to_nick | text
 4 leave str8 why     5 join, 6 part str8 room     7 nick str8    9 skip
 8 moderate u8 measure | u64 to | u64 until | str8 nick | str8 to_nick
   | str8 why; 1 kick, 2 mute, 3 unmute, 4 ban, 5 unban

# FILES

filesrv, port 9092. hello(1): {"service":"filesrv","token":T?}, answered {"service":"filesrv"}.
Each request has a stream of its own. Paths are components between slashes, without "." and "..".

 16 list     u8 flags (1 recursive) | path or pattern
 17 get      u8 flags (1 checked, 2 recursive, 4 follow) | u64 from
             | u64 count (0: all) | u64 version (0: any) | path or pattern
 18 hashes   u64 version | path
 19 put      u8 flags (1 replace, 2 resume, 4 folder) | u32 mode
             | i64 mtime (ns) | u64 size | path
 20 ask      u8: 1 time, 2 info
 21 data     u64 offset | bytes, within one chunk of 1 MiB
 22 chunk    u64 index | SHA-256 32
 23 end      u64 size (2^64-1: given up) | root 32
 48 entry    u8 kind (0 file, 1 folder, 2 link, 3 other) | u32 mode
             | i64 mtime | u64 size | u64 version | u16 base | path
 49 have     u64 first | u8 last | n x SHA-256 32 (1,024 at most)
 50 stored   u64 version
 51 failed   u16 size | path | JSON failure; others follow
 52 done     u64 things | u64 failed: ends a request
 53 text     text
 2  error    JSON failure of the whole request

A file is its entry, data, behind each chunk's bytes its hash, and an end with the root: SHA-256
of "netkit tree 2\n", the size (u64) and the chunks' hashes. A chunk's hash is SHA-256 of the
SHA-256 of each of its blocks of 8 KiB, of which the last may be shorter. A file of at most 128 KiB
goes without 22; what is not checked or not whole has a root of zeros. `list` and `get` end with
52; `hashes` is answered by an entry, 22, 23 and 52, a `put` that resumes by 49, each file that is
put by 50, `ask` by 53. A checked `get` begins and ends with whole chunks. The first `base` bytes
of a path are the folder that the pattern or tree is in.

# SHUTDOWN

shutdown-server, port 8765, frames in WebSocket messages of at most 32 KiB under netkit-agent.1.
id is 16 bytes; an order is never 0.

 to the server
 1  hello      u8 flags (1 dry run, 2 once) | id machine | id boot
               | str16 host | str16 version | str16 exec | u8 n, n x 6
               hardware address | u8 n, n x u16 tcp port | str16 code
 3  goodbye    u64 order or 0 | str16 why
 16 receipt, 17 accepted, 19 going, 20 cancelled   u64 order
 18 refused    u64 order | str16 why
 to the agent
 1  hello      str16 server | u32 heartbeat (ms) | str16 token
 2  error      str16 why
 32 order      u64 order | id boot | u64 valid for (ms, 0: for ever)
               | u8 flags (1 force) | str16 issuer | str16 reason
 33 cancel     u64 order

An agent that has a token shows it as Bearer. netkit-operator.1 takes requests in JSON: list,
order, cancel, plan, history, wake, enrol, watch; after watch come {"event":"host"|"order"|"plan",
...}. Clients without a subprotocol are those of the original.

# PRESENCE

Datagrams of at most 1,200 bytes, to the groups 239.255.42.99 and ff15::4e4b, port 2003, and
alone:

 0   "\xF7NKP" | u8 version 1 | u8 kind | u8 away | u8 flags 0
 8   key 32 (Ed25519) | u64 instance | u64 sequence | u64 nonce
 64  about 32 (key of who is meant, or zeros)
 96  u16 tcp port | u16 udp port | u32 period (ms)
 104 SHA-256 of the certificate at that tcp port 32, or zeros
 136 str8 name | u8 n, n x str8 tag | zeros, of an ask | signature 64

The kinds are 1 announce, 2 daemon, 3 ask (at least 320 bytes), 4 answer (with the ask's nonce), 5
leave; the signature is over "netkit presence 1", NUL and all before. Conversations with
presenced, tcp port 2002, have messages of at most 4 KiB, and SCTP (UDP port 2004) carries 1, 4,
5, 18 and 19:

 1  hello       {"service":"presence","version":1,"role":"peer"|"watch"|
                "daemon","token":T?}; back: {...,"name":N,"key":HEX64,
                "nonce":HEX16,"period_ms":N,"instance":N?}
 16 enter       announcement with the server's nonce
 17 welcome     u32 period (ms) | u16 sctp port | cookie 16
 18 bind        cookie 16: first of an association    19 beat  nothing
 20 update      announcement or leave
 21 subscribe   u64 after (0: all)
 22 entry       u64 version | u8 state | u8 path | u16 number
                | u64 since (ms) | u64 heard (ms) | u64 first instance
                | u8 n, n x address | announcement
 23 forgotten   u64 version | key 32
 24 roster_end  u64 version | u8 flags (1: the daemon is cut off)
 25 ask_for     u32 request | u16 port | u8 n, n x address | ask
 26 asked       u32 request | answer, or nothing
 27 pace        u32 period (ms)       28 why   name; back: text
 address        u8 4 | 4, or u8 6 | 16 | u32 scope

States are 0 online, 1 away, 2 suspect, 3 offline, 4 left, and paths 0 none, 1 sctp, 2 tcp, 3
multicast, 4 asked, 5 told by another daemon. Lines are list, watch, quit; WebSocket messages
{"type":"list"|"watch"}, answered by an object a peer, then {"event":"end"}.

# PEERS

O opens a TLS connection to the tcp port that A announced:

 both  1  hello  {"service":"peer","version":1,"nonce":HEX16,"key":HEX64}
 both  32 prove  announcement (an answer with the other's nonce and key)
                 | proof 64; A first
 both  33 say    u64 id | u64 time (ms) | text, 1 to 65,536 bytes
 both  34 ack    u64 id
 both  2  error  a sentence

A proof signs "netkit peer talk 1", NUL, "opener" or "answerer", NUL, the nonces (u64) and keys of
O and A, and the SHA-256 of A's certificate. O may also put files as to filesrv: 19, 21, 22, 23,
answered by 49, 50 or 2 on that stream.

# SEE ALSO

`netkit`(1), `netkit.toml`(5)
)";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

const std::string_view wire_page = cli::view_of(bytes);

}  // namespace netkit::manual
