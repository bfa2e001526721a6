// Last part of the page's script: the dialog that has names or numbers typed before anything is
// turned off, cancelling and waking, plans and the history; then it begins.
#include "cli/packed_text.hpp"
#include "commands/shutdown/page_parts.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::string_view text = R"js(
const orders = new Map();    // id -> order
const orders_kept = 2000;
let orders_max = 100, orders_changed = false, plan = null;
let asking = null, opener = null, left = false;  // The dialog's wish, and where it came from.
let checked = null;          // The plan's text that a dry run was made of, and its number of hosts.

// What the dialog asks: { title, go, expected, facts, options, send(), done(reply) }.
function open_dialog(wish) {
  asking = { ...wish, busy: false };
  opener = document.activeElement;
  at('confirm-title').replaceChildren(...wish.title);
  at('confirm-facts').replaceChildren(...wish.facts);
  at('confirm-options').hidden = !wish.options;
  at('confirm-options').disabled = !wish.options;
  at('confirm-go').textContent = wish.go;
  at('confirm-said').textContent = '';
  at('typed-label').replaceChildren(...wish.label);
  for (const each of ['typed', 'reason']) at(each).value = '';
  Object.assign(at('delay'), { value: '0' });
  at('delay-unit').value = '1';
  at('expire').value = '3600';
  at('force').checked = false;
  update_go();
  at('confirm').showModal();
  at(wish.options ? 'reason' : 'typed').focus();
}

function update_go() {
  if (!asking) return;
  at('confirm-go').disabled =
    !link.ready || asking.busy || at('typed').value.trim() !== asking.expected;
}
at('typed').oninput = update_go;
at('confirm-leave').onclick = () => at('confirm').close();
at('confirm').onclose = () => {
  if (at('confirm').open) return;  // It was opened again before this was told.
  asking = null;
  left = true;
  refresh();
};

// The button that opened the dialog may be gone: what stands in its place gets the focus.
function settle_focus() {
  if (!left) return;
  left = false;
  if (opener.isConnected && !opener.hidden && !opener.disabled) return opener.focus();
  const beside = opener.closest('tr')?.querySelector('.do button:not([hidden]):enabled');
  (beside ?? at(location.hash === '#plan' ? 'plan-text' : 'filter')).focus();
}

at('confirm-form').onsubmit = async event => {
  event.preventDefault();
  update_go();
  if (!asking || at('confirm-go').disabled) return;
  const mine = asking;
  mine.busy = true;
  at('confirm-said').textContent = '';
  update_go();
  try {
    const reply = await mine.send();
    if (asking === mine) at('confirm').close();
    mine.done(reply);
  } catch (error) {
    mine.busy = false;
    if (asking !== mine) return notice(advice(error), true);
    at('confirm-said').textContent = shown(advice(error));
    update_go();
  }
};

const line = (...parts) => make('p', {}, ...parts);
function facts_of(host) {
  const facts = [line(isolated(host.address), ', ', state_mark(host.state))];
  if (host.exec) facts.push(line('It will run ', make('code', {}, one_line(host.exec))));
  if (host.dry_run)
    facts.push(line('Its agent runs dry: it will refuse and say what it would run.'));
  if (host.kind === 'plain')
    facts.push(line('It has no agent: it is told once, and cannot be held back after that.'));
  if (['offline', 'down', 'timeout'].includes(host.state))
    facts.push(line('It may be off: the order waits for it as long as it is valid.'));
  return facts;
}

function send_order(list, all) {
  return ask({ do: 'order', hosts: all ? [] : list.map(target_of), all, all_matching: false,
               delay: Number(at('delay').value) * Number(at('delay-unit').value),
               expire: Number(at('expire').value), reason: at('reason').value.trim(),
               force: at('force').checked });
}

function ordered(reply) {
  for (const order of reply.orders ?? []) put_order(order);
  picked.clear();
  notice(count_of(reply.orders?.length ?? 0, 'order') + ' given.');
  refresh();
}

function confirm_hosts(list, all = false) {
  const one = list.length === 1 && !all, name = name_of(list[0]);
  const names = make('div', { class: 'facts' }, ...list.slice(0, 50).map(host =>
    make('bdi', {}, name_of(host))), list.length > 50 ? 'and ' + (list.length - 50) + ' more' : '');
  const expected = one ? name : String(list.length);
  open_dialog({
    title: one ? ['Turn off ', make('bdi', {}, name), '?'] :
      ['Turn off ' + (all ? 'all ' : '') + count_of(list.length, 'host') + '?'],
    go: one ? 'Turn it off' : 'Turn off ' + count_of(list.length, 'host'),
    label: ['Type ' + (one ? 'the name of the host' : 'the number of hosts') + ' to confirm: ',
            make('bdi', {}, expected)],
    facts: one ? facts_of(list[0]) : [names], options: true, expected,
    send: () => {
      const now = everyone().length;
      if (all && list.length !== now)
        throw new Error('Now there are ' + now + ' hosts. Leave this and begin again.');
      return send_order(list, all);
    },
    done: ordered,
  });
}
at('order-selected').onclick = () =>
  confirm_hosts([...picked].map(key => hosts.get(key).host));
at('order-all').onclick = () => confirm_hosts(everyone(), true);

async function cancel_order({ host }) {
  try {
    await ask({ do: 'cancel', hosts: [target_of(host)], all_matching: false });
    notice('Asked ' + name_of(host) + ' to drop its order.');
  } catch (error) {
    notice(advice(error), true);
  }
}

async function wake({ host }) {
  try {
    const reply = await ask({ do: 'wake', hosts: [target_of(host)], all_matching: false });
    const sent = (reply.hosts ?? []).reduce((sum, each) => sum + each.sent, 0);
    notice(count_of(sent, 'magic packet') + ' sent to wake ' + name_of(host) + '.');
  } catch (error) {
    notice(advice(error), true);
  }
}

// Plans.
const is_final = state =>
  ['refused', 'down', 'timeout', 'cancelled', 'expired', 'failed'].includes(state);

function put_plan(now) {
  if (now && plan?.plan === now.plan && plan.state !== now.state)
    announce('The plan is ' + one_line(now.state));
  plan = now ?? null;
}

function stage_item(stage) {
  const final = stage.hosts.filter(each => is_final(each.state)).length, all = stage.hosts.length;
  const label = final + ' of ' + all + ' over';
  const since = stage.since ? make('span', { class: 'sub' }, 'began ', time(stage.since), ', ' +
    Math.round(stage.limit) + ' s at most') : make('span', { class: 'sub' },
    Math.round(stage.limit) + ' s at most');
  return make('li', { class: one_line(stage.state) },
    make('div', { class: 'line' }, make('h4', {}, isolated(stage.name)), state_mark(stage.state),
         make('span', { class: 'sub' }, label), since),
    make('progress', { max: all || 1, value: final,
                       'aria-label': one_line(stage.name) + ': ' + label }),
    make('div', { class: 'members' }, ...stage.hosts.map(each =>
      make('span', {}, isolated(each.host), state_mark(each.state)))));
}

function draw_plan() {
  at('plan-now').replaceChildren();
  if (!plan) return;
  at('plan-now').append(make('div', { class: 'card' },
    make('div', { class: 'line' }, make('h3', {}, 'Plan ' + one_line(plan.plan)),
         state_mark(plan.state), make('span', { class: 'words' }, shown(plan.reason || ''))),
    make('ol', { class: 'stages' }, ...(plan.stages ?? []).map(stage_item))));
}

const plan_wish = () => ({
  do: 'plan', plan: at('plan-text').value, reason: at('plan-reason').value.trim(),
  force: at('plan-force').checked });

function draw_plan_form() {
  at('plan-mark').classList.toggle('on', plan?.state === 'running');
  at('plan-mark').setAttribute('aria-hidden', plan?.state !== 'running');
  const same = checked !== null && checked.text === at('plan-text').value;
  at('plan-start').disabled = !link.ready || !link.may_order || !same;
  at('plan-check').disabled = !link.ready || !link.may_order || !at('plan-text').value.trim();
  at('plan-steps').classList.toggle('old', !same);
}
at('plan-text').oninput = () => {
  if (checked && checked.text !== at('plan-text').value) {
    checked = null;
    at('plan-steps').replaceChildren();
  }
  draw_plan_form();
};

at('plan-form').onsubmit = async event => {
  event.preventDefault();
  const wish = plan_wish();
  at('plan-said').textContent = '';
  try {
    const { steps } = await ask({ ...wish, dry_run: true });
    if (wish.plan !== at('plan-text').value) return;
    checked = { text: wish.plan, hosts: steps.length };
    draw_steps(steps);
    announce('Dry run: ' + count_of(steps.length, 'step') + '. Nothing was ordered.');
  } catch (error) {
    checked = null;
    at('plan-steps').replaceChildren();
    at('plan-said').textContent = shown(advice(error));
  }
  draw_plan_form();
};

function cell(label, ...content) {
  return make('td', { role: 'cell', 'data-label': label }, make('div', {}, ...content));
}
function after({ after: names = [], after_count: count = 0 }) {
  const more = count > names.length ? ' and ' + (count - names.length) + ' more' : '';
  return names.map(one_line).join(', ') + more || '\u2013';
}
function draw_steps(steps) {
  const heads = ['Host', 'Stage', 'When', 'After'].map(text =>
    make('th', { role: 'columnheader' }, text));
  const rows = steps.map(step => make('tr', { role: 'row' },
    make('th', { role: 'rowheader', scope: 'row' }, isolated(step.host)),
    cell('Stage', isolated(step.stage)), cell('When', words(step.when)),
    cell('After', after(step))));
  at('plan-steps').replaceChildren(
    make('h3', {}, 'Dry run: what the plan would do. Nothing was ordered.'),
    make('table', { role: 'table', 'aria-label': 'Steps of the plan' },
         make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...heads)),
         make('tbody', { role: 'rowgroup' }, ...rows)));
}

at('plan-start').onclick = () => {
  const { hosts: count } = checked, wish = plan_wish();
  open_dialog({
    title: ['Start the plan?'], go: 'Start the plan', options: false, expected: String(count),
    facts: [line('It turns off ' + count_of(count, 'host') + ' in the steps of the dry run.')],
    label: ['Type the number of hosts to confirm: ', make('bdi', {}, String(count))],
    send: () => ask({ ...wish, dry_run: false }),
    done: reply => {
      put_plan(reply.plan);
      Object.assign(at('plan-text'), { value: '' });
      checked = null;
      at('plan-steps').replaceChildren();
      notice('The plan is running.');
      refresh();
    },
  });
};

// History. An order within a host may be older than the event about it that came before.
function put_order(order, from_host = false) {
  const known = order && orders.get(order.order);
  if (!order || (from_host && known && known.changed >= order.changed)) return;
  orders.set(order.order, order);
  orders_changed = true;
  if (orders.size > orders_kept + 500) {
    for (const { order: id } of newest_first().slice(orders_kept)) orders.delete(id);
  }
}
const newest_first = () => [...orders.values()].sort((one, two) =>
  Date.parse(two.ordered) - Date.parse(one.ordered) || (one.order < two.order ? 1 : -1));

function draw_history() {
  if (!orders_changed) return;
  orders_changed = false;
  const list = newest_first();
  at('orders').replaceChildren(...list.slice(0, orders_max).map(order => make('tr', { role: 'row' },
    cell('State', state_mark(order.state),
         make('div', { class: 'sub', hidden: !order.force }, 'forced')),
    make('th', { role: 'rowheader', scope: 'row' },
      make('bdi', { class: 'name', title: one_line(order.host) },
           one_line(order.host || order.address))),
    cell('Why', words(order.why || '\u2013'),
         make('div', { class: 'sub words' }, shown(order.reason || 'no reason given'))),
    cell('By', isolated(order.issuer)), cell('Ordered', time(order.ordered)),
    cell('Changed', time(order.changed)))));
  at('no-orders').textContent = list.length ? '' : 'No orders so far.';
  at('more-orders').hidden = list.length < orders_max || orders_max >= orders_kept;
}
at('more-orders').onclick = async () => {
  try {
    const reply = await ask({ do: 'history', limit: orders_max + 200 });
    orders_max += 200;
    for (const order of reply.orders ?? []) put_order(order);
    orders_changed = true;
    refresh();
  } catch (error) {
    notice(advice(error), true);
  }
};

function forget_all() {
  if (at('confirm').open) at('confirm').close();
  hosts.clear();
  picked.clear();
  orders.clear();
  orders_changed = true;
  plan = checked = null;
  for (const each of ['rows', 'orders', 'plan-now', 'plan-steps', 'notices', 'server', 'user'])
    at(each).replaceChildren();
  at('plan-text').value = at('plan-reason').value = at('filter').value = only_state = '';
  refresh();
}

begin();
)js";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

std::string page_script_orders() {
  return cli::unpacked(cli::view_of(bytes));
}

}  // namespace netkit::shutdown
