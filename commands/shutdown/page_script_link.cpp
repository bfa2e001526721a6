// Second part of the page's script: signing in and the one WebSocket. It gets lost, comes back with
// a growing pause and asks for everything again; an order is never sent a second time by itself.
#include "cli/packed_text.hpp"
#include "commands/shutdown/page_parts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view text = R"js(
const pause_ms = { first: 500, longest: 10000 };
const silence_ms = { ask: 20000, lost: 10000, connect: 10000 };
const link = { socket: null, token: '', ready: false, pause: pause_ms.first, next: 0, timer: 0,
               heard: 0, last: null, asked: new Map(), id: 0, may_order: false };

function is_private() {
  return location.protocol === 'https:' ||
         /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);
}

function connect() {
  clearTimeout(link.timer);
  link.next = 0;
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/operator',
                               'netkit-operator.1');
  link.socket = socket;
  link.heard = Date.now();
  const mine = handle => event => { if (socket === link.socket) handle(event); };
  socket.onopen = mine(() => socket.send(JSON.stringify({ token: link.token })));
  socket.onmessage = mine(event => {
    link.heard = Date.now();
    let message;
    try { message = JSON.parse(event.data); } catch { return; }
    if (message && typeof message === 'object') heard(message);
  });
  socket.onclose = mine(lost);
  draw_status();
}

function heard(message) {
  if (message.event === 'welcome') welcome(message);
  else if (message.event === 'error') turned_away(message);
  else if (message.event === 'host') { put_host(message.host, true); refresh(); }
  else if (message.event === 'order') { put_order(message.order); refresh(); }
  else if (message.event === 'plan') { put_plan(message.plan); refresh(); }
  else if (link.asked.has(message.id)) {
    const { resolve, reject } = link.asked.get(message.id);
    link.asked.delete(message.id);
    if (message.ok) resolve(message);
    else reject(Object.assign(new Error(message.error ?? 'the server gave no reason'),
                              { exit: message.exit, matches: message.matches }));
  }
}

function ask(request) {
  if (link.socket?.readyState !== WebSocket.OPEN)
    return Promise.reject(new Error('There is no connection now. Try again once it is back.'));
  const id = ++link.id;
  link.socket.send(JSON.stringify({ id, ...request }));
  return new Promise((resolve, reject) => link.asked.set(id, { resolve, reject }));
}

async function welcome(message) {
  const again = link.last !== null;
  link.may_order = message.right === 'order';
  document.body.classList.toggle('looking', !link.may_order);
  remembered(link.token);
  at('server').textContent = one_line(message.server);
  at('user').textContent = one_line(message.user) + (link.may_order ? '' : ' (may only look)');
  document.title = one_line(message.server) + ' \u2013 netkit shutdown';
  try {
    const all = await ask({ do: 'watch' });
    Object.assign(link, { ready: true, pause: pause_ms.first, last: new Date() });
    replace_hosts(all.hosts ?? []);
    for (const order of all.orders ?? []) put_order(order);
    put_plan(all.plan);
    show_app(true);
    announce(again ? 'Connected again' : 'Signed in');
  } catch (error) {
    if (!link.ready && link.socket) { notice(advice(error), true); drop(); }
  }
}

// An error outside of a reply: the server turns this connection away. Exit code 4: the token.
function turned_away(message) {
  const said = shown(message.error ?? 'the server gave no reason');
  if (message.exit === 4) sign_out(said + '\nCheck the token, or get a new one as said below.');
  else notice(said, true);
}

function drop() {
  const socket = link.socket;
  if (!socket) return;
  socket.onclose = null;
  socket.close();
  lost();
}

function lost() {
  const was_ready = link.ready;
  link.socket = null;
  link.ready = false;
  for (const { reject } of link.asked.values())
    reject(new Error('The connection was lost before the server answered. ' +
                     'Once it is back, look at the state before you try again.'));
  link.asked.clear();
  if (!link.token) return;
  const pause = link.pause * (0.75 + Math.random() / 2);
  link.pause = Math.min(link.pause * 2, pause_ms.longest);
  link.next = Date.now() + pause;
  link.timer = setTimeout(connect, pause);
  if (was_ready) announce('Connection lost. What is shown is no longer live.');
  refresh();
}

// A connection that died without a word is noticed: after silence the server is asked something.
setInterval(() => {
  const silent = link.socket ? Date.now() - link.heard : 0;
  if (!link.ready) {
    if (silent > silence_ms.connect) drop();
  } else if (silent > silence_ms.ask + silence_ms.lost) {
    drop();
  } else if (silent > silence_ms.ask && !link.asked.size) {
    ask({ do: 'history', limit: 1 }).catch(() => {});
  }
  draw_status();
}, 1000);
addEventListener('online', () => { if (link.next) connect(); });
addEventListener('offline', drop);
at('try-now').onclick = () => { if (link.next) connect(); at('status').focus(); };

function draw_status() {
  const seconds = Math.max(1, Math.ceil((link.next - Date.now()) / 1000));
  const trying = link.next ? 'Next try in ' + seconds + ' s.' : 'Trying now\u2026';
  document.body.classList.toggle('stale', !link.ready);
  at('status').classList.toggle('lost', !link.ready && (link.last !== null || link.next > 0));
  at('try-now').hidden = !link.next;
  at('status-text').textContent =
    link.ready ? 'Live. Changes appear as they happen.' :
    link.last ? 'Connection lost. State as of ' + clock(link.last) + '. ' + trying :
    (link.next ? 'No answer from ' + location.host + '. ' + trying : 'Connecting\u2026');
  if (link.ready) link.last = new Date(link.heard);
  const unanswered = 'No answer from ' + location.host + '. It is tried again. Does the server ' +
    'run, and does it know this name? (netkit shutdown-server --page-host NAME)';
  if (at('app').hidden && link.next && at('sign-in-said').textContent !== unanswered)
    at('sign-in-said').textContent = unanswered;
}

function show_app(signed_in) {
  if (at('app').hidden !== signed_in) return;
  at('app').hidden = !signed_in;
  at('sign-in').hidden = signed_in;
  if (signed_in) { at('token').value = ''; show_view(); at('filter').focus(); }
  else at('token').focus();
}

function leave() {
  clearTimeout(link.timer);
  const socket = link.socket;
  Object.assign(link, { token: '', last: null, next: 0, pause: pause_ms.first });
  link.socket = null;
  socket?.close();
  lost();
}

function sign_out(said) {
  leave();
  remembered(null);
  forget_all();
  document.title = 'netkit shutdown';
  show_app(false);
  at('sign-in-said').textContent = said;
}
at('sign-out').onclick = () => sign_out('Signed out.');

at('sign-in-form').onsubmit = event => {
  event.preventDefault();
  const token = at('token').value.trim();
  if (!is_private()) return;
  leave();
  if (!/^(nk_[\w-]{43}|nkt_[\w-]{100,2044})$/.test(token)) {
    at('sign-in-said').textContent =
      'That is not a token: one is 46 characters long and begins with nk_ (a ticket: nkt_). ' +
      'Nothing was sent.';
    return at('token').select();
  }
  at('sign-in-said').textContent = '';
  link.token = token;
  connect();
};

function show_view() {
  const wanted = location.hash.slice(1);
  const view = ['hosts', 'plan', 'history'].includes(wanted) ? wanted : 'hosts';
  for (const each of document.querySelectorAll('nav a')) {
    const here = each.hash === '#' + view;
    at('at-' + each.hash.slice(1)).hidden = !here;
    if (here) each.setAttribute('aria-current', 'page');
    else each.removeAttribute('aria-current');
  }
  refresh();
}
addEventListener('hashchange', show_view);

function begin() {
  at('sign-in-host').textContent = location.host;
  show_view();
  link.token = is_private() ? remembered() : '';
  at('sign-in').hidden = link.token !== '';
  at('app').hidden = link.token === '';
  if (link.token) return connect();
  if (is_private()) return at('token').focus();
  for (const each of at('sign-in-form').elements) each.disabled = true;
  const safe = 'https://' + location.host + '/';
  at('sign-in-said').append('This connection is not encrypted: others could read a token that is ' +
    'sent over it, so none is sent. Use ', make('a', { href: safe }, safe), ' instead.');
}
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_link() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::shutdown
