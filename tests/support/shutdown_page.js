// Drives the operator's page of the shutdown server in Chromium, by playwright-core, against
// tests/support/shutdown_operator.py. Used by tests/interop/shutdown_page.bats; asks nothing of
// anybody but loopback.
//
//   node shutdown_page.js CASE URL FOLDER    0: the case holds; FOLDER gets pictures of `looks`;
//                                            TOKEN in the environment is for `meets_the_server`
'use strict';
const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');

const [, , case_name, base, folder] = process.argv;
const limit_ms = 15000;
const order_token = 'nk_' + 'o'.repeat(43), read_token = 'nk_' + 'r'.repeat(43);
const hostile = '<img src=x onerror=window.pwned=1>', turned = 'web\\u{202e}1\\u{2066}gpj';
const machine = number => number.toString(16).padStart(32, '0');

const control = async wish => {
  const url = base + 'control?' + encodeURIComponent(JSON.stringify(wish));
  return (await fetch(url)).json();
};
const asked = async word => (await control({ seen: true })).filter(each => each.do === word);

// until(CLAIM): waits until it is true; shows what it waited for if it never is.
const until = (page, claim, argument) => page.waitForFunction(claim, argument, { polling: 20 });
const says = (page, id, text) => until(page, ([id, text]) =>
  document.getElementById(id).textContent.includes(text), [id, text]);
const focused = page => page.evaluate(() =>
  document.activeElement.getAttribute('aria-label') ?? document.activeElement.id);
const disabled = (page, selector) => page.locator(selector).isDisabled();
const row_of = (page, name) => page.locator('#rows tr', { hasText: name });

async function sign_in(page, token = order_token, hash = '') {
  await page.goto(base + hash);
  await page.fill('#token', token);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#app:not([hidden])');
  await until(page, () => !document.body.classList.contains('stale'));
}

// tab_to(NAME): the keyboard alone; fails if Tab never gets there.
async function tab_to(page, name, key = 'Tab') {
  for (let step = 0; step < 120; ++step) {
    if (await focused(page) === name) return;
    await page.keyboard.press(key);
  }
  assert.fail(key + ' does not reach ' + name);
}

async function no_sideways(page, where) {
  const [wide, inner] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= inner, `${where}: ${wide} px wide in a window of ${inner}`);
}

// What moves from now on without being asked to, in window.shifts.
const note_shifts = page => page.evaluate(() => {
  window.shifts = [];
  new PerformanceObserver(list => window.shifts.push(...list.getEntries().map(each =>
    [each.value, ...each.sources.map(source => source.node?.parentNode?.outerHTML ?? '')])))
    .observe({ type: 'layout-shift' });
});

const cases = {
  async signs_in_and_out(page, seen) {
    await page.goto(base);
    assert.equal(await focused(page), 'token');
    await page.fill('#token', 'my password');
    await page.keyboard.press('Enter');
    await says(page, 'sign-in-said', 'That is not a token');
    assert.equal(seen.sockets.length, 0);
    await page.fill('#token', 'nk_' + 'x'.repeat(43));
    await page.keyboard.press('Enter');
    await says(page, 'sign-in-said', 'cannot let you in: this token is not known');
    await page.fill('#token', order_token);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#rows tr');
    assert.equal(await page.title(), 'rack-7 – netkit shutdown');
    await page.reload();
    await page.waitForSelector('#rows tr');
    assert.deepEqual(await page.evaluate(() => Object.values(sessionStorage)), [order_token]);
    assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
    await page.click('#sign-out');
    await says(page, 'sign-in-said', 'Signed out.');
    assert.equal(await focused(page), 'token');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.equal(await page.locator('#rows tr').count(), 0);
    for (const socket of seen.sockets)
      assert.equal(socket, base.replace('http', 'ws') + 'operator');
  },

  async keeps_the_token_from_clear_text(page, seen) {
    const name = base.replace('127.0.0.1', 'plain.test');
    await page.goto(name);
    await says(page, 'sign-in-said', 'not encrypted');
    assert.equal(await page.getAttribute('#sign-in-said a', 'href'), name.replace('http', 'https'));
    assert.ok(await disabled(page, '#token'));
    // Not even one that is there already.
    await page.evaluate(token => sessionStorage.setItem('netkit-token', token), order_token);
    await page.reload();
    await says(page, 'sign-in-said', 'not encrypted');
    assert.equal(seen.sockets.length, 0);
  },

  async orders_after_the_name_was_typed(page) {
    await sign_in(page);
    await tab_to(page, 'Turn off web1');
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'reason');
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), 'Turn off web1');
    await page.keyboard.press('Enter');
    await page.keyboard.type('UPS on battery');
    await tab_to(page, 'delay');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('2');
    await tab_to(page, 'Unit of the delay');
    await page.keyboard.type('min');
    await tab_to(page, 'force');
    await page.keyboard.press('Space');
    await tab_to(page, 'typed');
    for (const wrong of ['web', 'web10', 'WEB1', 'web2']) {
      await page.fill('#typed', wrong);
      assert.ok(await disabled(page, '#confirm-go'), wrong);
      await page.keyboard.press('Enter');
    }
    assert.deepEqual(await asked('order'), []);
    await page.fill('#typed', 'web1');
    await until(page, () => !document.getElementById('confirm-go').disabled);
    await tab_to(page, 'confirm-go');
    await page.keyboard.press('Enter');
    await until(page, () => !document.getElementById('confirm').open);
    const [{ id, ...order }] = await asked('order');
    assert.deepEqual(order, { do: 'order', hosts: [machine(1)], all: false, all_matching: false,
                              delay: 120, expire: 3600, reason: 'UPS on battery', force: true });
    await row_of(page, 'web1').locator('.s-ordered').first().waitFor();
    await until(page, () => document.activeElement.ariaLabel === 'Cancel the order for web1');
    await page.keyboard.press('Enter');
    await row_of(page, 'web1').locator('.s-cancelled').waitFor();
    assert.deepEqual((await asked('cancel')).map(each => each.hosts), [[machine(1)]]);
    await until(page, () => document.activeElement.ariaLabel === 'Turn off web1');
  },

  async shows_a_refusal_as_it_is(page) {
    await sign_in(page);
    await page.click('[aria-label="Turn off web2"]');
    await page.fill('#reason', 'refuse me');
    await page.fill('#typed', 'web2');
    await page.keyboard.press('Enter');
    await says(page, 'confirm-said', 'cannot order web2: an order is under way ' +
      '(netkit shutdown-server cancel)\nThe server\'s log may tell more.');
    assert.ok(await page.locator('#confirm').evaluate(each => each.open));
    await page.fill('#reason', 'again');
    await page.click('#confirm-go');
    await until(page, () => !document.getElementById('confirm').open);
  },

  async orders_many_after_the_number_was_typed(page) {
    await sign_in(page);
    assert.ok(await disabled(page, '#order-selected'));
    await page.check('[aria-label="Select web1"]');
    await page.check('[aria-label="Select web2"]');
    await page.fill('#filter', 'db');
    await says(page, 'order-selected', '(2)');
    await page.click('#order-selected');
    assert.match(await page.textContent('#confirm-facts'), /web1.*web2|web2.*web1/);
    await page.fill('#typed', '1');
    assert.ok(await disabled(page, '#confirm-go'));
    await page.fill('#typed', '2');
    await page.click('#confirm-go');
    await says(page, 'notices', '2 orders given.');
    await until(page, () => document.activeElement.id === 'filter');
    await page.click('#order-all');
    await page.fill('#typed', '11');
    // A host more: the number that was typed is not the number that would be turned off.
    await control({ host: { name: 'web4' } });
    await says(page, 'order-all', '(12)');
    await page.click('#confirm-go');
    await says(page, 'confirm-said', 'Now there are 12 hosts.');
    await page.keyboard.press('Escape');
    await page.click('#order-all');
    await page.fill('#typed', '12');
    await page.click('#confirm-go');
    await says(page, 'notices', '12 orders given.');
    const [some, all] = await asked('order');
    assert.deepEqual([some.hosts.sort(), some.all], [[machine(1), machine(2)], false]);
    assert.deepEqual([all.hosts, all.all], [[], true]);
  },

  async lets_a_reader_only_look(page) {
    await sign_in(page, read_token);
    await page.waitForSelector('#rows tr');
    assert.equal(await page.locator('#rows button:enabled, #rows input:enabled').count(), 0);
    assert.ok(await disabled(page, '#order-all'));
    await page.click('nav a[href="#plan"]');
    await page.locator('#at-plan').waitFor();
    assert.ok(!await page.isVisible('#plan-text'), 'a plan cannot even be written');
  },

  async follows_changes(page) {
    await sign_in(page);
    const row = await row_of(page, 'web1').elementHandle();
    await note_shifts(page);
    await control({ host: { name: 'web1', state: 'delivered' } });
    await row_of(page, 'web1').locator('.s-delivered').waitFor();
    await until(page, () => document.querySelector('[data-state=delivered] b').textContent === '1');
    await says(page, 'announce', 'web1 is delivered');
    assert.ok(await row.evaluate(each => each.isConnected), 'the row was made anew');
    assert.deepEqual(await page.evaluate(() => window.shifts), []);
    // The focus stays where it is while rows move.
    await page.selectOption('#sort', 'state');
    await page.focus('[aria-label="Turn off web2"]');
    await control({ host: { name: 'web2', state: 'timeout' } });
    await until(page, () => document.querySelector('#rows tr:nth-child(2)').textContent
      .includes('web2'));
    assert.equal(await focused(page), 'Turn off web2');
    await page.click('[data-state=timeout]');
    await until(page, () => document.getElementById('rows').children.length === 2);
    assert.equal(await page.getAttribute('[data-state=timeout]', 'aria-pressed'), 'true');
    await page.click('[data-state=timeout]');
    await page.fill('#filter', '192.0.2.7');
    await until(page, () => document.getElementById('rows').children.length === 1);
    await page.fill('#filter', '');
    await page.click('[aria-label="Wake nas1"]');
    await says(page, 'notices', '2 magic packets sent to wake nas1.');
    assert.deepEqual((await asked('wake')).map(each => each.hosts), [[machine(6)]]);
    assert.ok(await disabled(page, '[aria-label="Wake backup"]'), 'it has no hardware address');
    assert.ok(await disabled(page, '[aria-label="Cancel the order for web3"]'), 'it is going');
  },

  async shows_hostile_names_as_text(page) {
    await sign_in(page);
    await control({ host: { name: '</td><script>window.pwned=2</script>' + 'z'.repeat(2000) } });
    await control({ plan: false });
    for (const view of ['hosts', 'history', 'plan']) {
      await page.click(`nav a[href="#${view}"]`);
      await page.locator('#at-' + view).getByText(hostile).first().waitFor();
      await page.locator('#at-' + view).getByText(turned).first().waitFor();
      await no_sideways(page, view);
    }
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.locator('script').count(), 1);
    assert.ok(!/[\u202e\u2066]/.test(await page.textContent('body')), 'a name turns the text');
    await page.click('nav a[href="#hosts"]');
    await page.getByLabel('Turn off ' + turned, { exact: true }).click();
    await page.fill('#typed', turned);
    await page.click('#confirm-go');
    await until(page, () => !document.getElementById('confirm').open);
    assert.deepEqual((await asked('order')).map(each => each.hosts), [[machine(10)]]);
  },

  async comes_back_after_a_loss(page, seen) {
    seen.may_fail = true;
    await sign_in(page);
    await page.click('[aria-label="Turn off web1"]');
    await page.fill('#typed', 'web1');
    await note_shifts(page);
    await control({ deaf: true, cut: true });
    await says(page, 'status-text', 'Connection lost. State as of');
    assert.ok(await page.evaluate(() => document.body.classList.contains('stale')));
    assert.ok(await disabled(page, '#confirm-go'));
    await page.keyboard.press('Escape');
    assert.deepEqual(await page.evaluate(() => window.shifts), []);
    await until(page, () => !document.querySelector('#rows button:enabled'));
    assert.ok(await row_of(page, 'web1').isVisible(), 'what was known is gone');
    await says(page, 'announce', 'Connection lost');
    // While nobody answers there is a pause to be cut short, again and again.
    const tried = seen.sockets.length;
    await page.click('#try-now');
    await control({ host: { name: 'web1', state: 'down' }, deaf: false });
    await says(page, 'status-text', 'Live');
    assert.ok(seen.sockets.length > tried);
    await row_of(page, 'web1').locator('.s-down').waitFor();
    assert.deepEqual(await asked('order'), []);
    // And by itself, with a pause that grows.
    await control({ cut: true });
    await until(page, () => document.body.classList.contains('stale'));
    await says(page, 'status-text', 'Live');
    assert.equal((await asked('watch')).length, 3);
  },

  async starts_a_plan_after_a_dry_run(page) {
    await sign_in(page, order_token, '#plan');
    await page.fill('#plan-text', 'stage clients\n web1 web9');
    assert.ok(await disabled(page, '#plan-start'));
    await page.click('#plan-check');
    await says(page, 'plan-said', 'cannot read the plan: line 2: no host web9');
    await page.fill('#plan-text', 'stage clients\n web1 web2\nstage storage\n nas1');
    await page.click('#plan-check');
    await page.waitForSelector('#plan-steps table');
    assert.equal(await page.locator('#plan-steps tbody tr').count(), 3);
    assert.equal(await page.textContent('#plan-said'), '');
    await page.locator('#plan-text').press('End');
    await page.keyboard.type(' ');
    assert.ok(await disabled(page, '#plan-start'), 'the text is another one now');
    await page.click('#plan-check');
    await page.locator('#plan-start:enabled').click();
    await page.fill('#typed', '3');
    assert.ok((await asked('plan')).every(each => each.dry_run));
    await page.click('#confirm-go');
    await page.waitForSelector('.stages li.running');
    assert.equal((await asked('plan')).filter(each => !each.dry_run).length, 1);
    assert.deepEqual(await page.locator('.stages progress').evaluateAll(all =>
      all.map(each => [each.value, each.max])), [[3, 3], [1, 3], [0, 1]]);
  },

  // Against the shutdown server itself, whose one host is an agent that runs dry.
  async meets_the_server(page) {
    await sign_in(page, process.env.TOKEN);
    const name = await page.textContent('#rows .name');
    await page.click('#rows .danger');
    await page.fill('#reason', 'rehearsal');
    await page.fill('#typed', name);
    await page.click('#confirm-go');
    await page.locator('#rows .s-refused').waitFor();
    await page.locator('#rows').getByText('dry run: would run true · rehearsal').waitFor();
    await page.click('nav a[href="#plan"]');
    await page.fill('#plan-text', 'stage all\n ' + name);
    await page.click('#plan-check');
    await page.waitForSelector('#plan-steps table');
    await page.click('nav a[href="#history"]');
    await page.locator('#orders .s-refused').waitFor();
  },

  async looks(page, seen) {
    seen.may_fail = true;
    const { width } = page.viewportSize(), narrow = width < 500;
    for (const scheme of ['light', 'dark']) {
      const picture = async (name, fullPage = false) => {
        await no_sideways(page, name);
        await page.screenshot({ path: `${folder}/shutdown-${name}-${width}-${scheme}.png`, fullPage });
      };
      await control({ deaf: false });
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(base);
      await picture('sign-in');
      await sign_in(page);
      await picture('hosts', true);
      await page.click('[aria-label="Turn off web1"]');
      await page.fill('#typed', 'web1');
      await picture('order');
      await page.keyboard.press('Escape');
      for (const view of ['history', 'plan']) {
        if (view === 'plan') await control({ plan: false });
        await page.click(`nav a[href="#${view}"]`);
        await picture(view, true);
      }
      await page.click('nav a[href="#hosts"]');
      await control({ deaf: true, cut: true });
      await says(page, 'status-text', 'Connection lost');
      await picture('lost');
      const heads = await page.locator('thead').first().isVisible();
      assert.equal(heads, !narrow, 'a table where it is wide, cards where it is narrow');
      await page.evaluate(() => sessionStorage.clear());
    }
  },
};
cases.looks_narrow = cases.looks;

async function run(browser) {
  const narrow = case_name === 'looks_narrow';
  const context = await browser.newContext({
    viewport: narrow ? { width: 360, height: 740 } : { width: 1280, height: 860 },
    reducedMotion: 'reduce' });
  context.setDefaultTimeout(limit_ms);
  const seen = { sockets: [], requests: [], wrong: [], may_fail: false };
  const page = await context.newPage();
  page.on('websocket', socket => seen.sockets.push(socket.url()));
  page.on('request', request => seen.requests.push(request.url()));
  page.on('pageerror', error => seen.wrong.push(String(error)));
  page.on('console', message => {
    const of_loss = seen.may_fail && message.text().startsWith('WebSocket connection to');
    if (['error', 'warning'].includes(message.type()) && !of_loss) seen.wrong.push(message.text());
  });
  await cases[case_name](page, seen);
  assert.deepEqual(seen.wrong, []);
  const own = [base, base.replace('127.0.0.1', 'plain.test')];
  assert.deepEqual(seen.requests.filter(url => !own.includes(url.replace(/#.*/, '')) &&
                                               url !== 'data:,'), []);
}

async function main() {
  if (!cases[case_name] || !base) throw new Error('cases: ' + Object.keys(cases).join(' '));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [
    '--no-sandbox', '--disable-gpu', '--no-proxy-server',
    '--host-resolver-rules=MAP plain.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
