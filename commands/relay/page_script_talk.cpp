// What a person does in the chat: coming in, typing, commands, moving between rooms.
#include "cli/packed_text.hpp"
#include "commands/relay/page_parts.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view text = R"js(
const help = `Enter sends, Shift+Enter begins a line, Alt+\u2191 and Alt+\u2193 change the room.
/nick NAME - be called otherwise
/join ROOM, /part - come into a room, leave this one
/msg NICK TEXT - to one person alone
/who, /rooms - who is here, what rooms there are
/history [N] - show N older messages; RELAY:FROM..TO - those that were skipped
/kick NICK [WHY], /mute NICK [5m], /ban NICK [1h], /unmute NICK, /unban NICK - for moderators
/quit - leave
//TEXT - a text that begins with /`;

function hint(words) { at('hint').textContent = words; }
function showMe() {
  at('me').textContent = me.nick;
  at('me').style.setProperty('--hue', hueOf(me.nick));
  at('me').className = 'who';
  showPeople();
}

function wish(nick) {
  me.wished = nick;
  remember('localStorage', 'netkit chat nick', nick);
}

function openGate(words, forToken) {
  const gate = at('gate');
  at('gate-title').textContent = link.here ? 'Change your nick' : 'Come in';
  at('gate-go').textContent = link.here ? 'Change' : 'Chat';
  at('token-part').hidden = !forToken || clearText;
  at('gate-said').textContent = words ?? '';
  if (forToken && clearText) {
    const secure = make('a', '', 'Come in by https');
    secure.href = location.href.replace(/^http/, 'https');
    at('gate-said').append(' A token is not sent where others could read it. ', secure);
  }
  at('nick').value = me.wished;
  at('token').value = tab.token;
  if (!gate.open) gate.showModal();
  (forToken && !clearText ? at('token') : at('nick')).select();
}
// Without a nick there is nobody to chat as; with a connection it is only a wish.
at('gate').oncancel = event => { if (!link.here) event.preventDefault(); };
at('enter').onsubmit = async event => {
  event.preventDefault();
  const nick = at('nick').value.trim();
  if (!nick) return;
  if (!at('token-part').hidden) tab.token = at('token').value.trim();
  save();
  if (link.here) {
    try { await rename(nick); }
    catch (failure) { at('gate-said').textContent = failure.message; return; }
  } else {
    wish(nick);
    link.wait = 500;
    connect();
  }
  at('gate').close();
  at('text').focus();
};
at('rename').onclick = () => openGate('');
async function rename(nick) {
  const answer = await ask('nick', {nick});
  wish(nick);
  me.nick = answer.nick ?? nick;
  showMe();
}

async function joinRoom(name) {
  const wanted = name.trim().replace(/^#/, '').toLowerCase();
  if (!wanted) return;
  if (rooms.has(wanted)) return show(rooms.get(wanted));
  const {place} = await ask('join', {room: wanted, history: 50});
  const room = openRoom(place.room);
  bounds(room, place, 50);
  show(room);
  askRooms();
}
async function leaveRoom(room) {
  if (room.direct) return dropRoom(room);
  if (joined().length === 1) return hint('This is your only room: join another one first.');
  try { await ask('part', {room: room.name}); } catch (failure) { return hint(failure.message); }
  dropRoom(room);
  tab.rooms = joined().map(each => each.name);
  save();
  askRooms();
}
at('join').onsubmit = event => {
  event.preventDefault();
  hint('');
  joinRoom(at('join-room').value).then(() => {
    at('join-room').value = '';
    at('text').focus();
  }, failure => { closeDrawers(); hint(failure.message); });
};

function secondsOf(words) {
  const [, number, unit] = /^(\d+)(s|m|h|d)?$/.exec(words) ?? [];
  return number && Number(number) * {s: 1, m: 60, h: 3600, d: 86400}[unit ?? 's'];
}
function moderate(word) {
  return async rest => {
    const [, nick, more] = /^(\S+)\s*([^]*)$/.exec(rest) ?? [];
    if (!nick) throw new Error(`/${word} needs a nick`);
    const [, first, why] = /^(\S*)\s*([^]*)$/.exec(more);
    const seconds = word === 'kick' ? undefined : secondsOf(first);
    await ask(word, {nick, why: (seconds ? why : more) || undefined, for: seconds});
  };
}
const commands = {
  help() { note(current, help, 'told'); },
  async nick(rest) { if (rest) await rename(rest); else openGate(''); },
  join: joinRoom,
  async part(rest) { await leaveRoom(rooms.get(rest) ?? current); },
  async msg(rest) {
    const [, nick, words] = /^(\S+)\s+([^]+)$/.exec(rest) ?? [];
    if (!nick) throw new Error('/msg NICK TEXT');
    const room = openRoom(nick, true);
    show(room);
    sendText(room, words);
  },
  async who() {
    await askPeople(current);
    const names = [...current.people.keys()].sort((a, b) => a.localeCompare(b));
    note(current, `${names.length} here: ${names.slice(0, namesMax).join(', ')}`, 'told');
  },
  async rooms() {
    const answer = await ask('rooms');
    note(current, answer.rooms.slice(0, namesMax)
      .map(each => `${each.room} (${each.people})`).join(', '), 'told');
  },
  async history(rest) {
    const [, relay, from, to] = /^(\S+):(\d+)\.\.(\d+)$/.exec(rest) ?? [];
    if (relay) await askRelay(relay, Number(from), Number(to));
    else await loadOlder(current, Math.min(Number(rest) || 100, 1000));
  },
  kick: moderate('kick'), mute: moderate('mute'), ban: moderate('ban'),
  unmute: moderate('unmute'), unban: moderate('unban'),
  quit() {
    hangUp();
    clearTimeout(link.timer);
    state('away', 'You left');
  },
};

async function submit() {
  const text = at('text').value.replace(/\s+$/, '');
  hint('');
  if (!text || !current) return;
  try {
    const [, word, rest] = /^\/([^/\s]\S*)\s*([^]*)$/.exec(text) ?? [];
    if (word && !Object.hasOwn(commands, word))
      throw new Error(`There is no command /${word}: /help lists them.`);
    const plain = text.startsWith('//') ? text.slice(1) : text;
    if (!word && sizeOf(plain) > me.textMax)
      throw new Error(`This text has ${sizeOf(plain)} bytes; the relay takes ${me.textMax}.`);
    const typed = at('text').value;
    if (word) await commands[word](rest); else sendText(current, plain);
    if (at('text').value === typed) at('text').value = '';
  } catch (failure) {
    hint(failure.message);
  }
  fit();
}
function fit() {
  const box = at('text');
  box.style.height = 'auto';
  box.style.height = box.scrollHeight + 2 + 'px';
}
at('text').oninput = fit;
at('text').onkeydown = event => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
};
at('say').onsubmit = event => { event.preventDefault(); submit(); at('text').focus(); };

function closeDrawers() {
  for (const [open, side] of [['show-rooms', 'rooms-side'], ['show-people', 'people-side']]) {
    at(side).classList.remove('open');
    at(open).setAttribute('aria-expanded', 'false');
  }
}
for (const [open, side] of [['show-rooms', 'rooms-side'], ['show-people', 'people-side']])
  at(open).onclick = () => {
    const was = at(side).classList.contains('open');
    closeDrawers();
    at(side).classList.toggle('open', !was);
    at(open).setAttribute('aria-expanded', String(!was));
  };
addEventListener('keydown', event => {
  if (at('gate').open) return;
  if (event.key === 'Escape') {
    closeDrawers();
    at('text').focus();
  }
  if (!event.altKey || !['ArrowUp', 'ArrowDown'].includes(event.key)) return;
  event.preventDefault();
  const all = [...joined(), ...[...rooms.values()].filter(room => room.direct)];
  const next = all.indexOf(current) + (event.key === 'ArrowDown' ? 1 : -1);
  show(all[(next + all.length) % all.length]);
  at('text').focus();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden || !current) return;
  countUnread(current, 0);
  if (stuck) toEnd();
});
addEventListener('hashchange', () => {
  const name = roomOfAddress();
  if (name) joinRoom(name).catch(failure => hint(failure.message));
});
function roomOfAddress() {
  try {
    const name = decodeURIComponent(location.hash.slice(1)).toLowerCase();
    return /^[\p{L}\p{M}\p{N}._-]{1,32}$/u.test(name) ? name : '';
  } catch { return ''; }
}

async function start() {
  await partFromTwins();
  const named = roomOfAddress();
  for (const name of new Set([...tab.rooms, named].filter(Boolean))) openRoom(name);
  if (!joined().length) openRoom('lobby');
  for (const each of tab.sent) showWaiting(each);
  show(rooms.get(named || tab.current) ?? joined()[0]);
  me.nick = me.wished;
  showMe();
  if (me.wished) { connect(); at('text').focus(); } else openGate('');
}
start();
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_talk() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::relay
