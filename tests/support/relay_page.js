// Drives the chat's page in Chromium, by playwright-core. Used by tests/interop/relay_page.bats
// against tests/support/relay_page_peer.py, and by tests/interop/relay_web.bats against a relay;
// asks nothing of anybody but loopback.
//
//   node relay_page.js CASE URL FOLDER    0: the case holds; FOLDER gets pictures of `looks`
'use strict';
const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');
const { execFileSync } = require('node:child_process');

const [, , case_name, base, folder] = process.argv;
const limit_ms = 15000;
const hostile = '<img src=x onerror=window.pwned=1>', turned = 'web\u{202e}1\u{2066}gpj';

const control = async wish => {
  const url = base + 'control?' + encodeURIComponent(JSON.stringify(wish));
  return (await fetch(url)).json();
};
const asked = async word => (await control({ seen: true })).filter(each => each.do === word);

// until(CLAIM): waits until it is true; shows what it waited for if it never is.
const until = (page, claim, argument) => page.waitForFunction(claim, argument, { polling: 20 });
const texts = (page, select = '#lists > div:not([hidden]) .message .text') =>
  page.locator(select).allTextContents();
// Until just these stand in the room that is shown, none of them waiting.
async function reads(page, ...wanted) {
  await until(page, wanted => {
    const list = [...document.querySelectorAll('#lists > div:not([hidden]) .message')];
    return !list.some(each => each.matches('.waits')) &&
      JSON.stringify(list.map(each => each.querySelector('.text').textContent)) === wanted;
  }, JSON.stringify(wanted)).catch(async failure => {
    throw new Error(`wanted ${wanted}; it reads ${await texts(page)}`, { cause: failure });
  });
}
const here = page => until(page, () =>
  document.getElementById('state').dataset.is === 'here');
const away = page => until(page, () => document.getElementById('state').dataset.is === 'away');
const notes = page => page.locator('#lists > div:not([hidden]) .note').allTextContents();
const noted = (page, words) => until(page, words =>
  [...document.querySelectorAll('#lists > div:not([hidden]) .note')]
    .some(each => each.textContent.includes(words)), words);
const focused = page => page.evaluate(() => document.activeElement.id);

async function come_in(page, nick, hash = '') {
  await page.goto(base + hash);
  await page.waitForSelector('#gate[open]');
  await page.fill('#nick', nick);
  await page.keyboard.press('Enter');
  await here(page);
}
async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}
async function no_sideways(page, where) {
  const [wide, inner] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= inner, `${where}: ${wide} px wide in a window of ${inner}`);
  const out = await page.evaluate(() => [...document.querySelectorAll('body *')].filter(each =>
    !each.closest('.unseen, .message.more .head') && each.checkVisibility() &&
    each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 120)));
  assert.deepEqual(out, [], where);
}
// Somebody else: a context of their own, as another browser.
async function another(page, nick, hash = '') {
  const context = await page.context().browser().newContext();
  context.setDefaultTimeout(limit_ms);
  const other = await context.newPage();
  await come_in(other, nick, hash);
  return other;
}

const cases = {
  async talks(page) {
    await page.goto(base);
    await page.waitForSelector('#gate[open]');
    assert.equal(await focused(page), 'nick');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#gate[open]');
    await come_in(page, 'anna');
    assert.equal(await focused(page), 'text');
    const ben = await another(page, 'ben');
    await say(page, 'hello');
    await say(page, 'hello');
    await say(ben, 'two\nlines');
    for (const each of [page, ben]) await reads(each, 'hello', 'hello', 'two\nlines');
    assert.equal(await page.locator('.message.own').count(), 2);
    assert.equal(await ben.locator('.message.own').count(), 1);
    for (const each of [page, ben])
      await until(each, () => document.querySelectorAll('#people li').length === 2);
    const colour = (on, nick) => on.evaluate(nick => getComputedStyle(
      [...document.querySelectorAll('.head .who')].find(each => each.textContent === nick)).color,
    nick);
    assert.equal(await colour(page, 'ben'), await colour(ben, 'ben'));
    assert.notEqual(await colour(page, 'ben'), await colour(page, 'anna'));
    await say(ben, '/msg anna psst');
    await page.waitForSelector('#directs li');
    await say(ben, '/nick benno');
    await until(page, () => document.getElementById('people').textContent.includes('benno'));
    assert.equal(await page.textContent('#directs bdi'), 'benno');
    await ben.context().close();
  },

  async keeps_rooms_apart(page) {
    await come_in(page, 'anna');
    const ben = await another(page, 'ben', '#dev');
    await say(ben, 'in dev');
    await say(page, '/rooms');
    await noted(page, 'dev (1)');
    await page.fill('#join-room', 'Dev');
    await page.press('#join-room', 'Enter');
    await reads(page, 'in dev');
    assert.equal(new URL(page.url()).hash, '#dev');
    await page.keyboard.press('Alt+ArrowUp');
    assert.equal(await page.textContent('#title'), 'lobby');
    await say(ben, 'more');
    await until(page, () => document.title.startsWith('(1) lobby'));
    assert.equal(await page.textContent('[aria-current] bdi'), 'lobby');
    await page.keyboard.press('Alt+ArrowDown');
    await reads(page, 'in dev', 'more');
    await until(page, () => document.title.startsWith('dev'));
    await say(ben, '/msg anna between us');
    await until(page, () => document.querySelectorAll('#directs li').length === 1);
    await page.click('#directs button');
    await reads(page, 'between us');
    await say(page, 'yes');
    await reads(ben, 'between us', 'yes');
    await page.click('[aria-label="Leave dev"]', { force: true });
    await until(page, () => document.querySelectorAll('#rooms li').length === 1);
    await ben.context().close();
  },

  async is_used_by_keyboard(page) {
    await come_in(page, 'anna');
    await page.keyboard.type('a');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('b');
    await page.keyboard.press('Enter');
    await reads(page, 'a\nb');
    await page.keyboard.type('/nonsense');
    await page.keyboard.press('Enter');
    assert.match(await page.textContent('#hint'), /no command \/nonsense/);
    await page.fill('#text', '');
    await say(page, '//who is who');
    await reads(page, 'a\nb', '/who is who');
    await say(page, '/help');
    await noted(page, '/join ROOM');
    await say(page, '/kick ben rude');
    await until(page, () => document.getElementById('hint').textContent.includes('cannot kick'));
    await page.focus('#join-room');
    await page.keyboard.press('Escape');
    assert.equal(await focused(page), 'text');
    await page.fill('#text', 'x'.repeat(70000));
    await page.keyboard.press('Enter');
    assert.match(await page.textContent('#hint'), /70000 bytes; the relay takes 65536/);
    assert.equal((await page.inputValue('#text')).length, 70000);
  },

  // The connection breaks before the relay heard it, and after; somebody speaks meanwhile.
  async resumes_after_a_loss(page, seen) {
    await come_in(page, 'anna');
    await say(page, 'one');
    await reads(page, 'one');
    await control({ swallow: 2 });
    await say(page, 'two');
    await say(page, 'three');
    await page.waitForSelector('.waits >> nth=1');
    seen.may_fail = true;
    await control({ deaf: true, cut: true });
    await away(page);
    await control({ say: ['lobby', 'ben', 'while you were away'] });
    await say(page, 'four');
    assert.equal(await page.locator('.waits').count(), 3);
    await control({ deaf: false });
    await here(page);
    await reads(page, 'one', 'while you were away', 'two', 'three', 'four');
    await noted(page, 'Connected again');
    await control({ cut: true });
    await here(page);
    await say(page, 'five');
    await reads(page, 'one', 'while you were away', 'two', 'three', 'four', 'five');
    // What it was not told in time, the welcome of the next connection says.
    await control({ mum: true });
    await say(page, 'six');
    await reads(page, 'one', 'while you were away', 'two', 'three', 'four', 'five', 'six');
    assert.equal(await page.evaluate(() => tab.number - tab.acked), 1);
    await control({ cut: true });
    await until(page, () => tab.number === tab.acked);
    const wishes = await asked('enter');
    assert.equal(new Set(wishes.map(each => each.secret)).size, 1);
    assert.ok(wishes.every((each, index) => !each.seen === (index === 0)));
  },

  async sends_again_to_a_relay_that_lost_it(page, seen) {
    await come_in(page, 'anna');
    await say(page, 'one');
    await say(page, 'two');
    await reads(page, 'one', 'two');
    seen.may_fail = true;
    await control({ fresh: true, cut: true });
    await until(page, () => document.querySelector('#lists').textContent.includes('again'));
    await say(page, 'three');
    await reads(page, 'one', 'two', 'three');
    assert.deepEqual((await asked('say')).map(each => [each.number, each.text]),
      [[1, 'one'], [2, 'two'], [1, 'one'], [2, 'two'], [3, 'three']]);
  },

  async survives_a_reload(page, seen) {
    await come_in(page, 'anna');
    await say(page, 'one');
    await reads(page, 'one');
    seen.may_fail = true;
    await control({ deaf: true, cut: true });
    await away(page);
    await say(page, 'two');
    await page.reload();
    await page.waitForSelector('.waits');
    await control({ deaf: false });
    await page.click('#retry');
    await here(page);
    await reads(page, 'one', 'two');
    await say(page, 'three');
    await reads(page, 'one', 'two', 'three');
    assert.equal(new Set((await asked('enter')).map(each => each.secret)).size, 1);
    assert.equal(await page.locator('.message.own').count(), 3);
    // A duplicate of the tab begins with all that it remembers.
    const kept = await page.evaluate(() => ({ ...sessionStorage }));
    const twin = await page.context().newPage();
    await twin.addInitScript(kept => Object.assign(sessionStorage, kept), kept);
    await twin.goto(base);
    await here(twin);
    assert.equal(new Set((await asked('enter')).map(each => each.secret)).size, 2);
    await say(twin, 'from the twin');
    for (const each of [page, twin]) await reads(each, 'one', 'two', 'three', 'from the twin');
  },

  async tells_what_happens(page) {
    await come_in(page, 'anna');
    await control({ tell: { event: 'gap', room: 'lobby', from: 812, to: 848,
      text: '37 messages skipped (812..848)' } });
    await noted(page, '37 messages skipped (812..848)');
    const skipped = '3 messages of relay south skipped (846..848); /history south:846..848 asks';
    await control({ tell: { event: 'gap', relay: 'south', from: 846, to: 848, text: skipped } });
    await noted(page, skipped);
    await page.click('.note button');
    await reads(page, '847 after all', '848 after all');
    await noted(page, 'shown at their times: 2; kept nowhere in reach: 1; ' +
      'for more: /history south:849..900');
    await say(page, '/history south:846..849');
    await reads(page, '847 after all', '848 after all', '849 after all');
    await control({ tell: { event: 'relay-away', relay: 'south', text: 'south is away' } });
    await noted(page, 'south is away');
    await control({ tell: { event: 'notice', text: 'it rains' } });
    await noted(page, 'it rains');
    await control({ tell: { event: 'nonsense' } });
    await control({ tell: { event: 'toString' } });
    await say(page, 'refuse this');
    await page.waitForSelector('.failed');
    assert.match(await page.textContent('.failed .fate'), /not sent: you are mute/);
    const ben = await another(page, 'ben');
    await noted(page, 'ben came');
    await ben.context().close();
  },

  async shows_hostile_texts_as_text(page) {
    await come_in(page, 'anna');
    for (const nick of [hostile, turned, 'x'.repeat(32), '__proto__', 'constructor'])
      await control({ say: ['lobby', nick, hostile + ' ' + 'y'.repeat(3000)] });
    await control({ say: ['lobby', 'ben', 'see javascript:alert(1) http://a.example/<b>?x="y. ok'] });
    await control({ say: ['__proto__', 'ben', 'not joined'] });
    await control({ tell: { event: 'notice', text: hostile } });
    await control({ tell: { event: 'join', room: 'lobby', nick: '__proto__', text: hostile } });
    await until(page, () => document.querySelectorAll('.message').length === 6);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.locator('#lists img').count(), 0);
    const links = await page.locator('#lists a').evaluateAll(all => all.map(each => each.href));
    assert.deepEqual(links, ['http://a.example/']);
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 700 });
      await no_sideways(page, `${width} px`);
    }
  },

  async asks_for_a_token(page) {
    await control({ token: 'nk_right' });
    await page.goto(base);
    await page.fill('#nick', 'anna');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#token-part:not([hidden])');
    assert.equal(await focused(page), 'token');
    assert.match(await page.textContent('#gate-said'), /without a token/);
    await page.fill('#token', 'nk_right');
    await page.keyboard.press('Enter');
    await here(page);
    await page.reload();
    await here(page);
    await control({ token: 'nk_other', cut: true });
    await page.waitForSelector('#gate[open]');
    // Never over http to another machine, where others could read it.
    await page.goto(base.replace('127.0.0.1', 'plain.test'));
    await page.fill('#nick', 'anna');
    await page.keyboard.press('Enter');
    await until(page, () => document.getElementById('gate-said').textContent.includes('https'));
    assert.ok(await page.locator('#token-part').isHidden());
  },

  async keeps_a_bounded_past(page) {
    await control({ many: ['lobby', 'ben', 300] });
    await come_in(page, 'anna');
    await until(page, () => document.querySelectorAll('.message').length === 50);
    assert.equal(await page.title(), 'lobby – north');
    await page.click('#older');
    await until(page, () => document.querySelectorAll('.message').length === 150);
    await page.click('#older');
    await page.click('#older');
    await until(page, () => document.querySelectorAll('.message').length === 300);
    await page.waitForSelector('#older', { state: 'hidden' });
    const shown = await texts(page);
    assert.deepEqual(shown, shown.map((_, index) => `${index + 1} of many`));
    // Who reads what was is not taken away from it.
    await page.evaluate(() => { document.getElementById('scroller').scrollTop = 0; });
    await control({ many: ['lobby', 'cora', 3] });
    await page.waitForSelector('#newer:not([hidden])');
    assert.equal(await page.evaluate(() => document.getElementById('scroller').scrollTop), 0);
    await page.click('#newer');
    await until(page, () => stuck);
    await control({ many: ['lobby', 'dora', 1900] });
    page.setDefaultTimeout(60000);
    await until(page, () => document.querySelector('#lists ol').lastChild.textContent
      .includes('1900 of many'));
    assert.equal(await page.locator('#lists ol').first().evaluate(each => each.childElementCount),
      2000);
  },

  async looks(page, seen, narrow) {
    await control({ many: ['lobby', 'zoë', 1] });
    await come_in(page, 'anna');
    const people = [];
    for (const nick of ['ben', 'Cora', 'dieter-with-a-name-of-32-letters'])
      people.push(await another(page, nick));
    await say(people[0], 'Has anybody seen the *report*? https://intra.example/reports/2026/11?q=1');
    await say(page, 'Not yet. I asked anna-2 for it.');
    await say(people[0], 'ok');
    await say(people[0], 'ok');
    await say(people[1], 'It is here, anna:\n  line one\n  line two');
    await say(people[2], 'A very long word: ' + 'Donaudampfschifffahrtsgesellschaft'.repeat(4));
    await say(people[0], '/msg anna psst');
    await say(people[1], '/join dev');
    await until(page, () => document.querySelectorAll('#directs .badge:not([hidden])').length);
    await control({ tell: { event: 'gap', room: 'lobby', text: '37 messages skipped (812..848)' } });
    await say(page, '/join build');
    await page.keyboard.press('Alt+ArrowUp');
    const picture = async name => {
      await no_sideways(page, name);
      const width = narrow ? 360 : 1280;
      await page.screenshot({ path: `${folder}/relay-${name}-${width}.png` });
    };
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme });
      await picture(scheme);
      if (!narrow) continue;
      for (const side of ['rooms', 'people']) {
        await page.click(`#show-${side}`);
        await picture(`${side}-${scheme}`);
        await page.keyboard.press('Escape');
      }
    }
    await page.click(narrow ? '#show-rooms' : '#rename');
    if (narrow) await page.click('#rename');
    await picture('gate');
    await page.keyboard.press('Escape');
    seen.may_fail = true;
    await control({ deaf: true, cut: true });
    await away(page);
    await page.keyboard.press('Escape');
    await say(page, 'Are you still there?');
    await page.waitForTimeout(2500);
    await picture('lost');
  },

  // Against a relay that the test starts, kills and starts again.
  async meets_the_relay(page, seen) {
    const relay = word => execFileSync(process.env.RELAY, [word], { stdio: 'ignore' });
    await come_in(page, 'anna');
    const ben = await another(page, 'ben');
    await say(page, 'one');
    await say(ben, 'two');
    for (const each of [page, ben]) {
      await reads(each, 'one', 'two');
      await until(each, () => document.querySelectorAll('#people li').length === 2);
    }
    await say(page, '/who');
    await noted(page, '2 here: anna, ben');
    await say(page, '/rooms');
    await noted(page, 'lobby (2)');
    await say(ben, '/msg anna between us');
    await until(page, () => document.querySelectorAll('#directs li').length === 1);
    await ben.click('#rooms button');
    seen.may_fail = true;
    relay('kill');
    for (const each of [page, ben]) await away(each);
    await say(page, 'three');
    await say(ben, 'four');
    relay('start');
    for (const each of [page, ben]) {
      await each.click('#retry').catch(() => {});
      await here(each);
    }
    for (const each of [page, ben])
      await until(each, () => !document.querySelector('.waits') &&
        document.querySelectorAll('#lists > div:not([hidden]) .message').length === 4).catch(
        async failure => { throw new Error(`it reads ${await texts(each)}; ` +
          `${await each.textContent('#state')}; ${await notes(each)}`, { cause: failure }); });
    await say(page, 'five');
    for (const each of [page, ben]) {
      await until(each, () => [...document.querySelectorAll('.message .text')].at(-1) &&
        document.getElementById('lists').textContent.includes('five'));
      assert.deepEqual((await texts(each)).sort(), ['five', 'four', 'one', 'three', 'two']);
    }
    await page.reload();
    await here(page);
    await until(page, () => document.querySelectorAll(
      '#lists > div:not([hidden]) .message').length === 5);
    await ben.context().close();
  },
};
cases.looks_narrow = (page, seen) => cases.looks(page, seen, true);

async function run(browser) {
  const narrow = case_name === 'looks_narrow';
  const context = await browser.newContext({
    viewport: narrow ? { width: 360, height: 740 } : { width: 1280, height: 760 },
    reducedMotion: 'reduce' });
  context.setDefaultTimeout(limit_ms);
  const seen = { wrong: [], requests: [], may_fail: false };
  const page = await context.newPage();
  page.on('request', request => seen.requests.push(request.url()));
  page.on('pageerror', error => seen.wrong.push(String(error)));
  page.on('console', message => {
    const of_loss = seen.may_fail && message.text().startsWith('WebSocket connection to');
    if (['error', 'warning'].includes(message.type()) && !of_loss) seen.wrong.push(message.text());
  });
  await cases[case_name](page, seen);
  assert.deepEqual(seen.wrong, []);
  const own = [base, base.replace('127.0.0.1', 'plain.test'), 'data:,'];
  assert.deepEqual(seen.requests.filter(url => !own.includes(url.replace(/#.*/, ''))), []);
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
