// What the chat's scripts build on: elements, what a tab remembers over a reload, and the messages
// that it sent.
#include "cli/packed_text.hpp"
#include "commands/relay/page_parts.hpp"

namespace netkit::relay {
namespace {

constexpr std::string_view text = R"js('use strict';
const at = id => document.getElementById(id);
// Elements of a room's list, own messages kept for a relay that lost them, own messages that no
// relay has yet, names in a list, conversations with strangers.
const shownMax = 2000, sentMax = 1024, waitingMax = 256, namesMax = 500, directsMax = 200;
const sentSizeMax = 4 * 1024 * 1024;

function make(tag, name, words, ...inside) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (words) element.textContent = words;
  element.append(...inside);
  return element;
}
function button(name, words, act) {
  const element = make('button', name, words);
  element.type = 'button';
  element.onclick = act;
  return element;
}

function recall(store, key) {
  try { return JSON.parse(window[store].getItem(key)); } catch { return null; }
}
function remember(store, key, value) {
  try { window[store].setItem(key, JSON.stringify(value)); }
  catch { /* It is full or forbidden: a reload forgets, nothing else. */ }
}

// The nick is as the relay shows it; wished is what this person asked for.
const me = {nick: '', wished: recall('localStorage', 'netkit chat nick') ?? '', sender: '',
            relay: '', textMax: 65536};
// The secret is what makes this tab the same sender after a reconnect or a reload.
const tab = {secret: '', number: 0, acked: 0, sent: [], seen: null, rooms: [], current: '',
             token: '', ...recall('sessionStorage', 'netkit chat')};
function save() {
  remember('sessionStorage', 'netkit chat',
           {...tab, sent: tab.sent.filter(each => each.number > tab.acked)});
}
function renewSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  tab.secret = Array.from(bytes, each => each.toString(16).padStart(2, '0')).join('');
  Object.assign(tab, {number: 0, acked: 0, sent: []});
}
// A tab that was duplicated has its twin's secret, and two senders of one secret would swallow each
// other's messages.
async function partFromTwins() {
  if (!tab.secret) renewSecret();
  if (!window.BroadcastChannel) return;
  const channel = new BroadcastChannel('netkit chat');
  let asking = true;
  channel.onmessage = ({data}) => {
    if (data.asked === tab.secret) channel.postMessage({taken: tab.secret});
    else if (asking && data.taken === tab.secret) renewSecret();
  };
  channel.postMessage({asked: tab.secret});
  await new Promise(done => setTimeout(done, 150));
  asking = false;
}

// What was seen of each relay's log. Rooms come side by side, so that the newest message seen says
// nothing yet of other rooms: after a loss we ask for some seconds more, and drop the repeats.
let seenNow = {...tab.seen};
tab.seen = {...seenNow};
function noteSeen(id) {
  const end = id.lastIndexOf('-'), log = id.slice(0, end), seq = Number(id.slice(end + 1));
  if (!(seq <= seenNow[log])) seenNow[log] = seq;
}
setInterval(() => {
  tab.seen = {...seenNow};
  save();
}, 10000);
addEventListener('pagehide', save);

const dayFormat = new Intl.DateTimeFormat([], {weekday: 'long', day: 'numeric', month: 'long'});
const hourFormat = new Intl.DateTimeFormat([], {hour: '2-digit', minute: '2-digit'});
// The same name has the same colour everywhere, whatever a clash adds to it.
function hueOf(nick) {
  let hash = 2166136261;
  for (const letter of nick.split('@')[0].toLowerCase())
    hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ hash >>> 16, 2246822507);
  hash = Math.imul(hash ^ hash >>> 13, 3266489909);
  return ((hash ^ hash >>> 16) >>> 0) % 24 * 15;
}
function nickElement(nick) {
  const element = make('bdi', 'who', nick);
  element.style.setProperty('--hue', hueOf(nick));
  return element;
}
// Addresses in a text become links, by elements and text alone.
function linked(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/);
  return parts.map((part, index) => {
    if (index % 2 === 0) return part;
    const link = make('a', '', part);
    link.href = part;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
  });
}
const sizeOf = text => new TextEncoder().encode(text).length;
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_base() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::relay
