// First part of the page's script: elements made without HTML text, hostile names made visible,
// times, icons of states, messages to the eye and to a screen reader.
#include "cli/packed_text.hpp"
#include "commands/shutdown/page_parts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view text = R"js(
const at = id => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

// What is invisible, or turns the direction of a text, is shown by its number: a name must not look
// like another one. People type the name as it is shown.
const shown = text => String(text ?? '').replace(
  /(?!\n)[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|(?! )\p{Zs}/gu,
  sign => '\\u{' + sign.codePointAt(0).toString(16) + '}');
const one_line = text => shown(text).replace(/\n/g, '\\u{a}');
const isolated = text => make('bdi', { title: one_line(text) }, one_line(text));
const words = text => make('span', { class: 'words' }, shown(text));
const count_of = (count, thing) => count + ' ' + thing + (count === 1 ? '' : 's');

function ago(iso, lasting = false) {
  const after = lasting ? '' : ' ago';
  const s = Math.floor((Date.now() - Date.parse(iso)) / 1000);
  if (Number.isNaN(s)) return '\u2013';
  if (s < 5) return lasting ? 'a moment' : 'just now';
  if (s < 60) return s - s % 5 + ' s' + after;
  if (s < 3600) return Math.floor(s / 60) + ' min' + after;
  return (s < 172800 ? Math.floor(s / 3600) + ' h' : Math.floor(s / 86400) + ' days') + after;
}
const clock = date => date.toLocaleTimeString(undefined, { hour12: false });
function time(iso, lasting = false) {
  const date = new Date(iso ?? NaN);
  if (Number.isNaN(date.getTime())) return '\u2013';
  const exact = date.toLocaleDateString(undefined, { dateStyle: 'medium' }) + ' ' + clock(date);
  return make('time', { datetime: iso, 'data-lasting': lasting,
                        title: exact + ' (' + one_line(iso) + ')' }, ago(iso, lasting));
}
setInterval(() => {
  for (const each of document.querySelectorAll('time')) {
    const now = ago(each.dateTime, 'lasting' in each.dataset);
    if (each.textContent !== now) each.textContent = now;
  }
}, 5000);

const host_states = ['timeout', 'going', 'accepted', 'delivered', 'ordered', 'offline', 'online',
                     'down'];
const ring = 'M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0Z';
const square = 'M3 3h10v10H3Z';
const shapes = {
  online: ring, offline: ring, ordered: ring + 'M8 4.7V8l2.3 1.6',
  delivered: ring + 'M8 4.8v6M5.6 8.6 8 11l2.4-2.4', accepted: ring + 'M5.3 8.3l2 2 3.5-4.2',
  going: 'M8 1.8v6M4.7 4.2a5.6 5.6 0 1 0 6.6 0', down: square,
  timeout: 'M8 2l6.5 11.5h-13ZM8 6.6v3M8 11.6v.1', refused: ring + 'M5.8 5.8l4.4 4.4m0-4.4-4.4 4.4',
  failed: ring + 'M8 4.6v4.2M8 11.1v.1', cancelled: ring + 'M3.8 12.2l8.4-8.4',
  expired: ring + 'M5 8h6',
  waiting: 'M3.5 8v.01M8 8v.01M12.5 8v.01', running: 'M4 3l9 5-9 5Z',
  done: 'M2.5 8.5l3.7 3.7 7.3-8.4',
};
const full = new Set(['online', 'down']);
const plainly = { timeout: 'not confirmed' };

function state_mark(state) {
  const known = Object.hasOwn(shapes, state);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  if (full.has(state)) svg.setAttribute('class', 'full');
  path.setAttribute('d', known ? shapes[state] : square);
  svg.append(path);
  return make('span', { class: 'state' + (known ? ' s-' + state : ''), title: plainly[state] },
              svg, one_line(state));
}

// A screen reader hears changes in one sentence a second; many at once are counted.
const changes = new Map();
let announcing = 0;
function announce_state(name, state) {
  changes.set(name, state);
  announcing ||= setTimeout(() => {
    announcing = 0;
    if (changes.size <= 4) {
      announce([...changes].map(([who, what]) => who + ' is ' + what).join(', '));
    } else {
      const counts = {};
      for (const what of changes.values()) counts[what] = (counts[what] ?? 0) + 1;
      announce(changes.size + ' hosts changed: ' +
               Object.entries(counts).map(([what, many]) => many + ' ' + what).join(', '));
    }
    changes.clear();
  }, 1000);
}
function announce(text) { at('announce').textContent = text; }

// notice(TEXT): goes by itself. notice(TEXT, true): a failure, stays until it is dismissed.
function notice(text, bad = false) {
  const close = make('button', { 'aria-label': 'Dismiss', onclick: () => box.remove() }, '\u2715');
  const box = make('div', { class: bad ? 'notice bad' : 'notice', role: bad ? 'alert' : 'status' },
                   make('p', {}, shown(text)), close);
  for (const other of [...at('notices').children])
    if (other.textContent === box.textContent) other.remove();
  at('notices').append(box);
  while (at('notices').children.length > 4) at('notices').firstChild.remove();
  if (!bad) setTimeout(() => box.remove(), 8000);
}

// The server's sentence as it is, then what to do next.
function advice(error) {
  const next = { 1: 'The server\'s log may tell more. Try again once it is put right.',
                 2: 'Correct it and try again.',
                 4: 'Look at the state of the host before you try again.',
                 5: 'Look at the hosts as they are now, then try again.' }[error.exit];
  return error.message + (next ? '\n' + next : '');
}

function remembered(token) {
  try {
    if (token === null) sessionStorage.removeItem('netkit-token');
    else if (token) sessionStorage.setItem('netkit-token', token);
    return sessionStorage.getItem('netkit-token') ?? '';
  } catch {
    return '';  // Storage is forbidden here: a reload asks for the token again.
  }
}
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_base() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::shutdown
