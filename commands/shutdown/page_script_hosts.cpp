// Third part of the page's script: the hosts, their counts, the filter, the order of rows and what
// may be done with each. A row is made when it is first drawn, and filled again after changes.
#include "cli/packed_text.hpp"
#include "commands/shutdown/page_parts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view text = R"js(
const page_rows = 300;
const hosts = new Map();     // key -> { host, changed, row, pick, buttons }
const picked = new Set();    // keys
let only_state = '', rows_max = page_rows;

const key_of = host => host.machine || 'a:' + host.address + ' ' + host.name;
const name_of = host => one_line(host.name || host.address || host.machine);
// What names the host without doubt in a request: two may have the same name.
const target_of = host => host.machine || host.address || host.name;
const active = ['ordered', 'delivered', 'accepted', 'going'];
// Whom the server means by all: not what is merely listed and was never here.
const everyone = () => [...hosts.values()].map(entry => entry.host)
  .filter(host => host.machine || host.connected);
const is_active = host => active.includes(host.order?.state);

function put_host(host, live) {
  if (!host || typeof host !== 'object') return;
  const key = key_of(host);
  const entry = hosts.get(key) ?? {};
  const before = entry.host?.state;
  hosts.set(key, Object.assign(entry, { host, named: name_of(host), changed: true }));
  // An agent has come where the list had an address only.
  const listed = host.kind === 'listed' ? '' : 'a:' + host.address + ' ' + host.address;
  if (listed && listed !== key && hosts.get(listed)?.host.kind === 'listed') remove_host(listed);
  if (host.order) put_order(host.order, true);
  if (live && before !== host.state) announce_state(name_of(host), host.state);
}

function remove_host(key) {
  hosts.get(key).row?.remove();
  hosts.delete(key);
  picked.delete(key);
}

function replace_hosts(list) {
  const here = new Set(list.map(key_of));
  for (const key of [...hosts.keys()]) if (!here.has(key)) remove_host(key);
  for (const host of list) put_host(host, false);
  refresh();
}

function make_row(entry) {
  const key = key_of(entry.host);
  entry.pick = make('input', { type: 'checkbox', class: 'ordering', onchange: () => {
    if (entry.pick.checked) picked.add(key); else picked.delete(key);
    refresh();
  } });
  const button = (text, done, kind) => make('button', { class: kind, onclick: done }, text);
  entry.off = button('Turn off\u2026', () => confirm_hosts([entry.host]), 'danger ordering');
  entry.cancel = button('Cancel order', () => cancel_order(entry), 'ordering');
  entry.wake = button('Wake', () => wake(entry), 'ordering');
  const cell = (name, label) => entry[name] = make('td', { role: 'cell', 'data-label': label });
  entry.title = make('th', { role: 'rowheader', scope: 'row' });
  entry.row = make('tr', { role: 'row' },
    make('td', { role: 'cell', class: 'pick' }, entry.pick), entry.title, cell('state', 'State'),
    cell('seen', 'Last seen'), cell('order', 'Last order'),
    make('td', { role: 'cell', class: 'do' }, entry.off, entry.cancel, entry.wake));
}

function fill_row(entry) {
  const { host } = entry, name = name_of(host), order = host.order;
  entry.changed = false;
  const sub = (...parts) => make('div', { class: 'sub' }, ...parts);
  const mark = (text, title) => make('span', { class: 'mark', title }, text);
  const kind = sub(isolated(host.address), ' ' + one_line(host.kind));
  if (host.dry_run) kind.append(mark('dry run', 'Its agent refuses at the last step'));
  if (host.enrolled) kind.append(mark('enrolled', 'Its agent has a token of its own'));
  entry.title.replaceChildren(make('bdi', { class: 'name', title: name }, name), kind);
  entry.state.replaceChildren(make('div', {}, state_mark(host.state),
                                   sub('for ', time(host.since, true))));
  entry.seen.replaceChildren(make('div', {}, host.connected ? 'now' : time(host.last_seen)));
  entry.order.replaceChildren();
  if (order) {
    const why = [order.why, order.reason].filter(Boolean).join(' \u00b7 ');
    entry.order.append(make('div', {}, state_mark(order.state),
      make('span', { class: 'sub', hidden: !order.cancelling }, ' being cancelled'),
      make('div', { class: 'sub clip words', title: shown(why) }, shown(why || 'no reason given')),
      sub('by ', isolated(order.issuer), ', ', time(order.ordered))));
  } else {
    entry.order.append(make('div', { class: 'soft' }, 'none'));
  }
  entry.pick.setAttribute('aria-label', 'Select ' + name);
  entry.off.setAttribute('aria-label', 'Turn off ' + name);
  entry.cancel.setAttribute('aria-label', 'Cancel the order for ' + name);
  entry.wake.setAttribute('aria-label', 'Wake ' + name);
  fill_buttons(entry);
}

function fill_buttons(entry) {
  const { host } = entry, focused = document.activeElement;
  const asleep = ['down', 'offline', 'timeout'].includes(host.state);
  entry.off.hidden = is_active(host) || host.state === 'down';
  entry.cancel.hidden = !is_active(host);
  entry.wake.hidden = is_active(host) || !asleep;
  const gone = host.order?.state === 'going' ||
               (host.kind === 'plain' && host.order?.state !== 'ordered');
  entry.cancel.dataset.never = host.order?.cancelling ? 'The host has been asked to drop it' :
    gone ? 'It is too late: the host is already turning itself off' : '';
  entry.wake.dataset.never = host.macs?.length ? '' : 'No hardware address is known of it';
  allow(entry.off, entry.cancel, entry.wake, entry.pick);
  if (focused?.hidden && entry.row.contains(focused))
    entry.row.querySelector('.do button:not([hidden]):enabled')?.focus();
}

// What gives orders works with a live connection and the right to order only.
function allow(...buttons) {
  for (const each of buttons) {
    const never = each.dataset.never || (link.may_order ? '' : 'This token may only look');
    each.disabled = !link.ready || never !== '';
    each.title = never;
  }
}

const rank = host => (host_states.indexOf(host.state) + 99) % 99;
const { compare } = new Intl.Collator('en', { numeric: true });
const by_name = (one, two) => compare(one.named, two.named);
function chosen_rows() {
  const filter = at('filter').value.trim().toLowerCase(), sort = at('sort').value;
  const fits = ({ host, named }) => (!only_state || host.state === only_state) &&
    [named, host.address, host.kind, host.state, host.machine].join(' ').toLowerCase()
      .includes(filter);
  const list = [...hosts.values()].filter(fits).sort((one, two) =>
    sort.endsWith('state') ? rank(one.host) - rank(two.host) || by_name(one, two)
                           : by_name(one, two));
  return sort.startsWith('-') ? list.reverse() : list;
}

function draw_hosts() {
  const list = chosen_rows(), body = at('rows'), focused = document.activeElement;
  const drawn = list.slice(0, rows_max);
  drawn.forEach((entry, index) => {
    if (!entry.row) make_row(entry);
    if (entry.changed) fill_row(entry);
    const { row } = entry;
    if (body.children[index] !== row) body.insertBefore(row, body.children[index] ?? null);
  });
  while (body.children.length > drawn.length) body.lastChild.remove();
  if (focused !== document.activeElement && focused.isConnected)
    focused.focus({ preventScroll: true });
  for (const { row, pick, host } of drawn) {
    pick.checked = picked.has(key_of(host));
    row.classList.toggle('picked', pick.checked);
  }
  at('pick-all').checked = drawn.length > 0 && drawn.every(({ pick }) => pick.checked);
  at('more-rows').hidden = list.length <= drawn.length;
  at('more-rows').textContent = 'Show more: ' + drawn.length + ' of ' + list.length + ' are here';
  at('no-rows').textContent = list.length ? '' : hosts.size ? 'No host matches.' :
    link.ready ? 'No hosts yet. One appears as soon as its netkit shutdown-agent connects.' : '';
  const [name, down] = [at('sort').value.replace('-', ''), at('sort').value.startsWith('-')];
  for (const each of ['name', 'state']) {
    if (each !== name) at('by-' + each).removeAttribute('aria-sort');
    else at('by-' + each).setAttribute('aria-sort', down ? 'descending' : 'ascending');
  }
}

function draw_counts() {
  const counts = Object.fromEntries(host_states.map(state => [state, 0]));
  for (const { host } of hosts.values()) counts[host.state] = (counts[host.state] ?? 0) + 1;
  for (const button of at('counts').children) {
    const state = button.dataset.state;
    button.firstChild.textContent = counts[state];
    button.classList.toggle('none', counts[state] === 0);
    button.setAttribute('aria-pressed', only_state === state);
  }
  at('order-selected').textContent = 'Turn off selected (' + picked.size + ')\u2026';
  at('order-all').textContent = 'Turn off all (' + everyone().length + ')\u2026';
  at('order-selected').dataset.never = picked.size ? '' : 'No host is selected';
  at('order-all').dataset.never = everyone().length ? '' : 'There is no host';
}

for (const state of host_states) {
  const toggle = () => {
    only_state = only_state === state ? '' : state;
    refresh();
  };
  at('counts').append(make('button', { 'data-state': state, onclick: toggle },
                           make('b', {}, '0'), state_mark(state)));
}
at('filter').oninput = at('sort').onchange = () => { rows_max = page_rows; refresh(); };
at('more-rows').onclick = () => { rows_max += page_rows; refresh(); };
for (const button of document.querySelectorAll('[data-sort]')) {
  button.onclick = () => {
    at('sort').value = (at('sort').value === button.dataset.sort ? '-' : '') + button.dataset.sort;
    refresh();
  };
}
at('pick-all').onchange = () => {
  for (const { host } of chosen_rows().slice(0, rows_max)) {
    if (at('pick-all').checked) picked.add(key_of(host)); else picked.delete(key_of(host));
  }
  refresh();
};

// Whatever came in since the last frame is drawn at once.
let drawing = 0;
function refresh() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    draw_status();
    draw_counts();
    if (!at('at-hosts').hidden) draw_hosts();
    if (!at('at-plan').hidden) draw_plan();
    if (!at('at-history').hidden) draw_history();
    allow(...[...document.querySelectorAll('button.ordering, input.ordering')]);
    draw_plan_form();
    update_go();
    settle_focus();
  });
}
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_hosts() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::shutdown
