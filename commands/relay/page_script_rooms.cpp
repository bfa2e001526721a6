// The chat's rooms: a list of messages each, who is there, what is unread.
#include "cli/packed_text.hpp"
#include "commands/relay/page_parts.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view text = R"js(
const rooms = new Map();
let current = null, stuck = true, scrolling = false;
const directKey = nick => '@' + nick;

function openRoom(name, direct) {
  const key = direct ? directKey(name) : name;
  let room = rooms.get(key);
  if (room) return room;
  room = {key, name, direct, unread: 0, shown: new Set(), people: new Map(), oldest: 0, first: 0,
          list: make('ol'), waiting: make('ol'), view: make('div'), top: null};
  room.list.setAttribute('role', 'log');
  room.list.ariaLabel = direct ? `Messages with ${name}` : `Messages in ${name}`;
  room.view.append(room.list, room.waiting);
  room.view.hidden = true;
  room.badge = make('span', 'badge');
  room.button = button('', '', () => { show(room); at('text').focus(); });
  room.button.append(make('bdi', '', name), room.badge);
  const leave = button('leave', '\u00d7', () => leaveRoom(room));
  leave.ariaLabel = direct ? `Close the messages with ${name}` : `Leave ${name}`;
  room.row = make('li', '', '', room.button, leave);
  rooms.set(key, room);
  at('lists').append(room.view);
  at(direct ? 'directs' : 'rooms').append(room.row);
  at('directs-title').hidden = !at('directs').childElementCount;
  countUnread(room, 0);
  return room;
}
function dropRoom(room) {
  rooms.delete(room.key);
  room.view.remove();
  room.row.remove();
  at('directs-title').hidden = !at('directs').childElementCount;
  if (room === current) show([...rooms.values()][0] ?? null);
  countUnread(room, 0);
}
// A conversation goes on with whom it was, whatever they are called now.
function renameDirect(from, to) {
  const room = rooms.get(directKey(from));
  if (!room || rooms.has(directKey(to))) return;
  rooms.delete(room.key);
  Object.assign(room, {name: to, key: directKey(to)});
  rooms.set(room.key, room);
  room.button.firstChild.textContent = to;
  if (room === current) show(room);
}
const joined = () => [...rooms.values()].filter(room => !room.direct);

function show(room) {
  if (current) {
    current.view.hidden = true;
    current.top = stuck ? null : at('scroller').scrollTop;
    current.button.removeAttribute('aria-current');
  }
  current = room;
  closeDrawers();
  if (!room) { at('title').textContent = ''; return; }
  room.view.hidden = false;
  room.button.setAttribute('aria-current', 'true');
  at('title').textContent = room.direct ? `with ${room.name}` : room.name;
  at('text').placeholder = `Message to ${room.name}` + (room.direct ? ' alone' : '');
  tab.current = room.key;
  tab.rooms = joined().map(each => each.name);
  save();
  if (!room.direct) history.replaceState(null, '', '#' + encodeURIComponent(room.name));
  stuck = room.top === null;
  if (stuck) toEnd(); else at('scroller').scrollTop = room.top;
  at('newer').hidden = true;
  countUnread(room, 0);
  showOlder();
  showPeople();
  if (!room.direct) askPeople(room);
}

function countUnread(room, count) {
  room.unread = count;
  room.badge.textContent = count > 99 ? '99+' : count;
  room.badge.hidden = !count;
  room.badge.ariaLabel = `${count} unread`;
  room.button.classList.toggle('unread', count > 0);
  const all = [...rooms.values()].reduce((sum, each) => sum + each.unread, 0);
  at('unread-all').textContent = all > 99 ? '99+' : all;
  at('unread-all').hidden = !all;
  document.title = (all ? `(${all}) ` : '') + (current ? current.name + ' \u2013 ' : '') +
    (me.relay || 'netkit chat');
}

// Once a frame, however many messages came.
function toEnd() {
  if (scrolling) return;
  scrolling = true;
  requestAnimationFrame(() => {
    scrolling = false;
    if (stuck) at('scroller').scrollTop = at('scroller').scrollHeight;
  });
}
at('scroller').onscroll = () => {
  const from = at('scroller');
  stuck = from.scrollHeight - from.scrollTop - from.clientHeight < 60;
  if (stuck) at('newer').hidden = true;
};
at('newer').onclick = () => { stuck = true; at('newer').hidden = true; toEnd(); };
new ResizeObserver(() => { if (stuck) toEnd(); }).observe(at('scroller'));

function messageElement(said, fate) {
  const time = new Date(said.time), own = said.sender === me.sender;
  const when = make('time', '', hourFormat.format(time));
  when.dateTime = said.time;
  const element = make('li', 'message', '',
    make('div', 'head', '', nickElement(said.nick), when),
    make('div', 'text', '', ...linked(said.text)));
  element.classList.toggle('own', own);
  element.classList.toggle('mention', !own && !!me.nick &&
    said.text.toLowerCase().includes(me.nick.toLowerCase()));
  element.said = {time, nick: said.nick, key: `${said.sender}/${said.number}`};
  if (fate) element.append(make('div', 'fate', fate));
  return element;
}
// Day lines, and no name above a message that goes on where its sender's last one ended.
function place(element, before) {
  const last = before?.said, now = element.said;
  if (!last || last.time.toDateString() !== now.time.toDateString())
    element.before(make('li', 'day', dayFormat.format(now.time)));
  else if (before.nextElementSibling === element)
    element.classList.toggle('more', last.nick === now.nick && now.time - last.time < 300000);
}
function trim(room) {
  while (room.list.childElementCount > shownMax) {
    room.shown.delete(room.list.firstChild.said?.key);
    room.list.firstChild.remove();
    room.oldest = 0;
  }
}
function grew(room) {
  trim(room);
  if (room !== current) return;
  if (stuck) toEnd(); else at('newer').hidden = false;
}

// False for a repeat.
function addMessage(room, said, old) {
  const key = `${said.sender}/${said.number}`;
  if (room.shown.has(key)) return false;
  room.shown.add(key);
  const element = messageElement(said);
  room.list.append(element);
  place(element, room.lastMessage);
  room.lastMessage = element;
  if (said.sender !== me.sender && !old && (room !== current || document.hidden))
    countUnread(room, room.unread + 1);
  grew(room);
  return true;
}
// Messages from before, each at its time. How many of them were new.
function addOlder(room, messages) {
  const fresh = messages.filter(said => !room.shown.has(`${said.sender}/${said.number}`));
  const from = at('scroller'), below = from.scrollHeight - from.scrollTop;
  const there = [...room.list.querySelectorAll('.message')];
  for (const said of fresh) {
    const element = messageElement(said);
    room.shown.add(element.said.key);
    const next = there.find(each => each.said.time >= element.said.time);
    room.list.insertBefore(element, next ?? null);
  }
  for (const day of room.list.querySelectorAll('.day')) day.remove();
  room.lastMessage = null;
  for (const element of room.list.querySelectorAll('.message')) {
    element.classList.remove('more');
    place(element, room.lastMessage);
    room.lastMessage = element;
  }
  if (room === current) from.scrollTop = from.scrollHeight - below;
  return fresh.length;
}
function note(room, words, kind) {
  const last = room.list.lastElementChild;
  if (kind === 'presence' && last?.classList.contains('presence') && last.textContent.length < 240)
    last.textContent += ' \u00b7 ' + words;
  else
    room.list.append(make('li', 'note ' + (kind ?? ''), words));
  grew(room);
}
const noteAll = (words, kind) => rooms.forEach(room => note(room, words, kind));

function showPeople() {
  const names = current?.direct ? [] : [...current?.people ?? []];
  names.sort(([a], [b]) => a.localeCompare(b));
  at('people-count').textContent = names.length || '';
  at('show-people').textContent = names.length ? `People ${names.length}` : 'People';
  at('people').replaceChildren(...names.slice(0, namesMax).map(([nick, person]) => {
    const one = button(person.away ? 'away' : '', '', () => {
      show(openRoom(nick, true));
      at('text').focus();
    });
    one.append(nickElement(nick));
    if (person.away) one.append(make('span', 'soft', 'away'));
    if (nick === me.nick) one.append(make('span', 'soft', 'you'));
    one.title = person.relay ? `at ${person.relay}` : '';
    one.disabled = nick === me.nick;
    return make('li', '', '', one);
  }));
  if (names.length > namesMax)
    at('people').append(make('li', 'note', `and ${names.length - namesMax} more`));
}
let peopleDue = 0;
function peopleChanged(room) {
  if (room !== current || peopleDue) return;
  peopleDue = setTimeout(() => { peopleDue = 0; showPeople(); }, 200);
}
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_rooms() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::relay
