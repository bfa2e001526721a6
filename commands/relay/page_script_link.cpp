// The chat's connection: entering, resuming after a loss with nothing lost and nothing twice, and
// what the relay tells.
#include "cli/packed_text.hpp"
#include "commands/relay/page_parts.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view text = R"js(
const link = {socket: null, lastId: 0, waiting: new Map(), here: false, wait: 500, timer: 0,
              heard: 0, since: 0, entered: false};
const answerLimit = 15000;
const clearText = location.protocol === 'http:' &&
  !/^(localhost|127\.[0-9.]+|\[::1\])$/.test(location.hostname);

function state(is, words) {
  at('state').dataset.is = is;
  at('state-text').textContent = words;
  at('retry').hidden = is === 'here' || !!link.socket;
}

function connect() {
  clearTimeout(link.timer);
  if (link.socket) return;
  const socket = new WebSocket(location.href.replace(/^http/, 'ws').replace(/#.*/, ''),
                               'netkit.chat');
  link.socket = socket;
  link.heard = Date.now();
  state('away', link.entered ? 'Connecting again\u2026' : 'Connecting\u2026');
  socket.onopen = () => enter(socket);
  socket.onmessage = ({data}) => { if (socket === link.socket) hear(data); };
  socket.onclose = ({code}) => { if (socket === link.socket) lost(code); };
}
function lost(code) {
  if (link.here) link.since = Date.now();
  link.socket = null;
  link.here = false;
  for (const asked of link.waiting.values()) asked.failed(new Error('the connection was lost'));
  link.waiting.clear();
  if (at('gate').open) return state('away', 'Not connected');
  if (code === 1008) return state('away', 'The relay ended this conversation');
  const wait = link.wait * (.75 + Math.random() / 2);
  link.wait = Math.min(link.wait * 2, 15000);
  state('away', `Not connected; trying again ${wait < 1500 ? 'at once' :
    `in ${Math.round(wait / 1000)} s`}. What you write is kept.`);
  link.timer = setTimeout(connect, wait);
}
function hangUp() {
  const socket = link.socket;
  if (!socket) return;
  socket.onclose = null;
  socket.close();
  lost(0);
}
at('retry').onclick = () => { link.wait = 500; connect(); };
addEventListener('online', () => { if (!at('gate').open) connect(); });

function ask(word, members) {
  return new Promise((done, failed) => {
    if (!link.socket || link.socket.readyState !== 1) return failed(new Error('not connected'));
    const id = ++link.lastId;
    link.waiting.set(id, {done, failed});
    link.socket.send(JSON.stringify({id, do: word, ...members}));
  });
}
// A dead connection looks like a quiet one until something is asked.
setInterval(() => {
  if (!link.here) return;
  if (Date.now() - link.heard > 2 * answerLimit) hangUp();
  else if (Date.now() - link.heard > answerLimit) ask('ping').catch(() => {});
}, 5000);

async function enter(socket) {
  const fresh = !link.entered;
  if (tab.token && !clearText) socket.send(JSON.stringify({token: tab.token}));
  const names = joined().map(room => room.name);
  const wish = {nick: me.wished, secret: tab.secret, events: true,
                rooms: names.map(room => ({room, history: 50}))};
  const resumes = !fresh || Object.keys(tab.seen).length > 0;
  if (resumes) wish.seen = tab.seen;
  try {
    welcome(await ask('enter', wish), fresh, resumes);
  } catch (failure) {
    if (socket !== link.socket) return;
    if ([2, 4].includes(failure.exit)) return refuse(failure.message, failure.exit === 4);
    hint(failure.message);
    hangUp();
  }
}
function welcome(answer, fresh, resumes) {
  const elsewhere = me.relay && me.relay !== answer.relay;
  Object.assign(me, {nick: answer.nick, sender: answer.sender, relay: answer.relay,
                     textMax: answer.text_max ?? me.textMax});
  Object.assign(link, {here: true, entered: true, wait: 500});
  tab.number = Math.max(tab.number, answer.known ?? 0);
  // What is behind that is news; what is before it is history.
  link.before = resumes ? {...tab.seen} : answer.have ?? {};
  if (!resumes) tab.seen = {...(seenNow = {...answer.have})};
  save();
  showMe();
  // Who resumes is told what is behind what it saw; a page that was loaded again shows more.
  const history = fresh && !resumes ? 50 : 0;
  for (const each of answer.rooms ?? []) bounds(openRoom(each.room), each, history);
  // Some may be closed to us now, or be written otherwise.
  for (const room of joined())
    if (answer.rooms && !answer.rooms.some(each => each.room === room.name)) dropRoom(room);
  if (!fresh)
    noteAll(elsewhere ? `Connected again, to ${me.relay}` : 'Connected again', 'presence');
  told.ack({number: answer.acked ?? answer.known ?? 0});
  for (const each of tab.sent) if (each.number > (answer.known ?? 0)) transmit(each);
  state('here', `Connected to ${me.relay}`);
  countUnread(current ?? openRoom('lobby'), 0);
  showOlder();
  if (current) askPeople(current);
  askRooms();
  if (fresh && resumes) for (const room of joined()) loadOlder(room, 50).catch(() => {});
}
// A token that may not travel here is not even asked for.
function refuse(words, forToken) {
  const socket = link.socket;
  link.socket = null;
  if (socket) { socket.onclose = null; socket.close(); }
  link.waiting.clear();
  link.here = false;
  state('away', 'Not let in');
  openGate(words, forToken);
}

function bounds(room, answer, history) {
  room.first = answer.first ?? 0;
  // By the relay's own numbers, which say nothing at another one.
  room.oldest = Math.max(room.first, (answer.last ?? 0) + 1 - history);
}
function showOlder() {
  at('older').hidden = !link.here || !current || current.direct ||
    !(current.oldest > current.first) || current.list.childElementCount >= shownMax;
}
async function loadOlder(room, count) {
  for (let tries = 0; tries < 20 && room.oldest > room.first; ++tries) {
    const to = room.oldest - 1, from = Math.max(room.first, room.oldest - count);
    const {messages, missing} = await ask('history', {room: room.name, from, to});
    // Long messages do not fit into one answer, and what was there may have gone.
    if (missing && count > 1) { count = Math.ceil(count / 4); continue; }
    room.oldest = missing ? room.first : from;
    for (const said of messages) noteSeen(said.id);
    if (addOlder(room, messages)) break;
  }
  showOlder();
}
at('older').onclick = () => {
  at('older').disabled = true;
  loadOlder(current, 100).catch(failure => hint(failure.message))
    .finally(() => { at('older').disabled = false; });
};

// What no relay in reach had when it was to come, another one may have.
async function askRelay(relay, from, to) {
  const {messages, missing, rest} = await ask('history', {relay, from, to});
  const directOf = said => openRoom(said.sender === me.sender ? said.to : said.nick, true);
  const byRoom = new Map();
  for (const said of messages) {
    const room = said.room ? openRoom(said.room) : directOf(said);
    byRoom.set(room, [...byRoom.get(room) ?? [], said]);
  }
  for (const [room, each] of byRoom) addOlder(room, each);
  const words = [`shown at their times: ${messages.length}`];
  if (missing) words.push(`kept nowhere in reach: ${missing}`);
  if (rest) words.push(`for more: /history ${rest}`);
  note(current, words.join('; '), 'told');
}

async function askPeople(room) {
  if (!link.here || room.direct) return;
  const {people} = await ask('who', {room: room.name}).catch(() => ({}));
  if (!people) return;
  room.people = new Map(people.map(each => [each.nick, {relay: each.relay, away: each.away}]));
  peopleChanged(room);
}
async function askRooms() {
  if (!link.here || document.hidden) return;
  const {rooms: all} = await ask('rooms').catch(() => ({}));
  const others = (all ?? []).filter(each => !rooms.has(each.room)).slice(0, namesMax);
  at('others-title').hidden = !others.length;
  at('others').replaceChildren(...others.map(each => {
    const one = button('', '', () => joinRoom(each.room));
    one.append(make('bdi', '', each.room), make('span', 'soft', each.people));
    one.ariaLabel = `Join ${each.room}, people: ${each.people}`;
    return make('li', '', '', one);
  }));
}
setInterval(() => { askRooms(); if (current && !document.hidden) askPeople(current); }, 60000);

function transmit(each) {
  if (!link.here) return;
  const {number, room, to, text} = each;
  link.socket.send(JSON.stringify(room ? {do: 'say', number, room, text}
                                       : {do: 'direct', number, to, text}));
}
function sendText(room, text) {
  if (tab.sent.filter(each => each.number > tab.acked).length >= waitingMax)
    throw new Error(`no relay has taken the last ${waitingMax} messages yet`);
  const each = {number: ++tab.number, [room.direct ? 'to' : 'room']: room.name, text};
  tab.sent.push(each);
  let size = tab.sent.reduce((sum, one) => sum + one.text.length, 0);
  while (tab.sent.length > sentMax || (size > sentSizeMax && tab.sent[0].number <= tab.acked))
    size -= tab.sent.shift().text.length;
  save();
  showWaiting(each);
  transmit(each);
}
function showWaiting(each) {
  const room = openRoom(each.room ?? each.to, !each.room);
  const element = messageElement({time: new Date().toISOString(), nick: me.nick, text: each.text,
    sender: me.sender, number: each.number}, 'sending\u2026');
  element.classList.add('waits', 'own');
  element.number = each.number;
  room.waiting.append(element);
  if (room === current) { stuck = true; toEnd(); }
}
function settle(room, number) {
  for (const element of [...room.waiting.children])
    if (element.number === number) element.remove();
}
function rejected(number, words) {
  tab.sent = tab.sent.filter(each => each.number !== number);
  save();
  for (const element of document.querySelectorAll('.waits')) {
    if (element.number !== number) continue;
    element.classList.add('failed');
    element.lastChild.textContent = `not sent: ${words}`;
  }
}

const told = {
  message(said) { heardMessage(openRoom(said.room), said); },
  direct(said) {
    const other = said.sender === me.sender ? said.to : said.nick;
    const strangers = [...rooms.values()].filter(room => room.direct).length;
    if (!rooms.has(directKey(other)) && strangers >= directsMax)
      return noteSeen(said.id), note(current, `${said.nick} wrote to you alone: ${said.text}`);
    heardMessage(openRoom(other, true), said);
  },
  ack({number}) {
    tab.acked = Math.max(tab.acked, number);
    save();
    for (const element of document.querySelectorAll('.waits:not(.failed)'))
      if (element.number <= number) element.lastChild.textContent = 'sent';
  },
  join(event) { presence(event, people => people.set(event.nick, {relay: event.relay})); },
  leave(event) { presence(event, people => people.delete(event.nick)); },
  nick(event) {
    if (event.nick === me.nick) { me.nick = event.other; showMe(); }
    renameDirect(event.nick, event.other);
    presence(event, people => {
      const person = people.get(event.nick);
      if (people.delete(event.nick)) people.set(event.other, person);
      return !!person;
    });
  },
  gap(event) {
    if (event.room) note(openRoom(event.room), event.text, 'lost');
    else noteAll(event.text, 'lost');
    if (event.relay && current) current.list.lastElementChild.append(' ', button('', 'Ask for them',
      () => askRelay(event.relay, event.from, event.to).catch(failure => hint(failure.message))));
  },
  'relay-away'(event) { noteAll(event.text, 'lost'); changedSoon(); },
  'relay-back'(event) { noteAll(event.text, 'presence'); changedSoon(); },
  notice(event) { if (current) note(current, event.text, 'told'); },
  moderated(event) {
    const room = event.room && rooms.get(event.room);
    if (room) note(room, event.text, 'told'); else if (current) note(current, event.text, 'told');
  },
  error(event) { refuse(event.error, true); },
};
function heardMessage(room, said) {
  const end = said.id.lastIndexOf('-');
  const old = Number(said.id.slice(end + 1)) <= link.before?.[said.id.slice(0, end)];
  noteSeen(said.id);
  if (said.sender === me.sender) settle(room, said.number);
  addMessage(room, said, old);
}
// Who comes and goes in a full room is no news.
function presence(event, change) {
  for (const room of event.room ? [openRoom(event.room)] : joined()) {
    const concerned = change(room.people) !== false;
    if (concerned && room.people.size <= 100 && event.text) note(room, event.text, 'presence');
    if (concerned) peopleChanged(room);
  }
}
// Not all at the same time.
function changedSoon() {
  setTimeout(() => { if (current) askPeople(current); }, 500 + Math.random() * 2500);
}
function hear(text) {
  link.heard = Date.now();
  let said;
  try { said = JSON.parse(text); } catch { return; }
  if (said.event) return Object.hasOwn(told, said.event) ? told[said.event](said) : undefined;
  if (said.number && !said.ok) return rejected(said.number, said.error);
  const asked = link.waiting.get(said.id);
  link.waiting.delete(said.id);
  if (said.ok) asked?.done(said);
  else asked?.failed(Object.assign(new Error(said.error), {exit: said.exit}));
}
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_link() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::relay
