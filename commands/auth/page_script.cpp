// What the page of the auth service does: one WebSocket, one request at a time for each button. The
// token is kept in this tab alone (sessionStorage), until the tab is closed or signs out.
#include <string>

#include "cli/packed_text.hpp"
#include "commands/auth/page_parts.hpp"

namespace netkit::auth {
namespace {

constexpr std::string_view text = R"js('use strict';
const at = id => document.getElementById(id);
const waiting = new Map();
let socket, lastId = 0, wait = 500, me = null;

function make(tag, words, ...inside) {
  const element = document.createElement(tag);
  if (words) element.textContent = words;
  element.append(...inside);
  return element;
}
function ask(word, members) {
  return new Promise((done, failed) => {
    if (!socket || socket.readyState !== 1) return failed(new Error('not connected; trying again'));
    const id = ++lastId;
    waiting.set(id, {done, failed});
    socket.send(JSON.stringify({id, do: word, ...members}));
  });
}
const time = text => new Date(text).toLocaleString([], {dateStyle: 'medium', timeStyle: 'short'});
function say(element, words, good) {
  element.textContent = words;
  element.classList.toggle('good', !!good);
}
async function busy(button, said, work) {
  say(said, '');
  button.disabled = true;
  try { await work(); } catch (failure) { say(said, failure.message); }
  button.disabled = false;
}
function onForm(form, work) {
  at(form).onsubmit = event => {
    event.preventDefault();
    busy(at(form).querySelector('button'), at(form).querySelector('.said'), work);
  };
}

function connect() {
  socket = new WebSocket(location.href.replace(/^http/, 'ws').replace(/#.*/, ''));
  socket.onopen = async () => {
    wait = 500;
    at('status').textContent = '';
    const token = sessionStorage.getItem('token');
    if (!token) return show(null);
    try { show(await ask('sign_in', {token})); }
    catch { sessionStorage.removeItem('token'); show(null); }
  };
  socket.onmessage = event => {
    const answer = JSON.parse(event.data), asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (!asked) return;
    if (answer.ok) asked.done(answer); else asked.failed(new Error(answer.error));
  };
  socket.onclose = () => {
    for (const asked of waiting.values()) asked.failed(new Error('the connection was lost'));
    waiting.clear();
    at('status').textContent = 'Not connected; trying again\u2026';
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 10000);
  };
}

function show(who) {
  const before = me;
  me = who;
  at('outside').hidden = !!who;
  at('inside').hidden = !who;
  if (!who) {
    at('password').value = '';
    return at('user').focus();
  }
  at('who').textContent = who.user;
  at('passwd-user').value = who.user;
  at('scopes').textContent = who.scopes.length ? who.scopes.join(', ') : 'no scopes';
  at('users-card').hidden = !who.scopes.includes('admin');
  if (!before) at('sessions-title').focus();
  const quiet = said => failure => say(at(said), failure.message);
  listSessions().catch(quiet('sessions-said'));
  if (!at('users-card').hidden) listUsers('').catch(quiet('users-said'));
}

async function listSessions() {
  const {sessions} = await ask('sessions');
  at('end-others').disabled = sessions.length < 2;
  at('sessions').replaceChildren(...sessions.map(each => {
    const what = make('div', '', make('bdi', each.device || 'unnamed device'),
      make('div', `${each.last_address}, last used ${time(each.last_used)}` +
        (each.current ? ': this one' : '')));
    what.lastChild.className = 'soft';
    const row = make('li', '', what);
    if (each.current) return row;
    const end = make('button', 'End');
    end.className = 'danger';
    end.ariaLabel = `End the session of ${each.device || each.last_address}`;
    end.onclick = () => busy(end, at('sessions-said'), async () => {
      await ask('revoke', {what: each.session});
      await listSessions();
      at('sessions-title').focus();
    });
    row.append(end);
    return row;
  }));
}

async function listUsers(after) {
  const {users, more} = await ask('users', {after});
  const rows = users.map(each => {
    const what = make('div', '', make('bdi', each.user),
      make('div', `${each.scopes.join(', ') || 'no scopes'}; sessions: ${each.sessions}` +
        (each.last_used ? `, last used ${time(each.last_used)}` : '')));
    what.lastChild.className = 'soft';
    const row = make('li', '', what);
    if (each.sessions === 0 || each.user === me.user) return row;
    const end = make('button', 'End sessions');
    end.ariaLabel = `End all sessions of ${each.user}`;
    end.onclick = () => busy(end, at('users-said'), async () => {
      await ask('revoke', {what: each.user});
      await listUsers('');
    });
    row.append(end);
    return row;
  });
  if (after) at('users').append(...rows); else at('users').replaceChildren(...rows);
  at('more-users').hidden = !more;
  at('more-users').onclick = () =>
    busy(at('more-users'), at('users-said'), () => listUsers(users.at(-1).user));
}

async function signIn(user, password) {
  const key = 'device ' + user;
  const members = {user, password, device: 'browser'};
  const known = localStorage.getItem(key);
  if (known) members.device_key = known;
  const got = await ask('login', members);
  sessionStorage.setItem('token', got.token);
  if (got.device_key) localStorage.setItem(key, got.device_key);
  show(await ask('whoami'));
}

onForm('sign-in', () => signIn(at('user').value, at('password').value));
onForm('register', async () => {
  if (at('new-password').value !== at('new-again').value)
    throw new Error('The two passwords are not the same.');
  const members = {user: at('new-user').value, password: at('new-password').value};
  if (at('code').value) members.code = at('code').value;
  await ask('register', members);
  await signIn(members.user, members.password);
  at('register').reset();
});
onForm('passwd', async () => {
  if (at('fresh').value !== at('fresh-again').value)
    throw new Error('The two passwords are not the same.');
  const {ended} = await ask('passwd', {password: at('old').value, new_password: at('fresh').value});
  at('passwd').reset();
  at('passwd-user').value = me.user;
  say(at('passwd').querySelector('.said'), `Changed. Other sessions ended: ${ended}.`, true);
  await listSessions();
});
at('end-others').onclick = () => busy(at('end-others'), at('sessions-said'), async () => {
  await ask('revoke', {others: true});
  await listSessions();
});
at('invite').onclick = () => busy(at('invite'), at('users-said'), async () => {
  const {code} = await ask('invite');
  say(at('users-said'), `Code for one account, good for a day: ${code}`, true);
});
at('sign-out').onclick = async () => {
  try { await ask('logout'); } catch { /* It is over either way. */ }
  sessionStorage.removeItem('token');
  show(null);
};
connect();
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string_view page_script() {
  static const std::string whole = cli::unpacked(cli::view_of(bytes));
  return whole;
}

}  // namespace netkit::auth
