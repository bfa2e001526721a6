// Drives a folder's page of the file server in Chromium, by playwright-core. Used by
// tests/interop/filesrv_page.bats; asks nothing of anybody but loopback.
//
//   node files_page.js CASE URL FOLDER    0: the case holds; FOLDER gets pictures of `looks`
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');

const [, , case_name, base, folder] = process.argv;
const limit_ms = 15000;

const names = page => page.locator('tbody tr:not(.up) bdi').allTextContents();
const until = (page, claim, argument) => page.waitForFunction(claim, argument, { polling: 20 });
const said = (page, text) => until(page, text =>
  document.getElementById('sending').textContent.includes(text), text);

async function no_sideways(page, where) {
  const [wide, inner] = await page.evaluate(() =>
    [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= inner, `${where}: ${wide} px wide in a window of ${inner}`);
}

// sorted_by(PAGE, HEADING): presses it; the names, and what the heading says of the order.
async function sorted_by(page, heading) {
  await page.click(`thead a:text-is("${heading}")`);
  const order = await page.locator('th', { hasText: heading }).getAttribute('aria-sort');
  return [order, (await names(page)).join(' ')];
}

const sorts = [
  ['Size', 'descending', 'docs/ large middle.txt small'],
  ['Size', 'ascending', 'docs/ small middle.txt large'],
  ['Changed', 'descending', 'docs/ small large middle.txt'],
  ['Name', 'ascending', 'docs/ large middle.txt small'],
  ['Name', 'descending', 'docs/ small middle.txt large'],
];

const cases = {
  async sorts_in_place(page, seen) {
    await page.goto(base);
    assert.equal((await names(page)).join(' '), 'docs/ large middle.txt small');
    for (const [heading, order, expected] of sorts)
      assert.deepEqual(await sorted_by(page, heading), [order, expected]);
    assert.equal(seen.requests.length, 1, 'nothing is asked for');
    assert.match(page.url(), /\?sort=name&order=desc$/);
    await page.reload();
    assert.equal((await names(page)).join(' '), 'docs/ small middle.txt large');
  },

  async sorts_without_script(page) {
    await page.goto(base);
    for (const [heading, order, expected] of sorts)
      assert.deepEqual(await sorted_by(page, heading), [order, expected]);
    await page.click('bdi:text-is("docs/")');
    assert.deepEqual(await names(page), ['page.html']);
    await page.click('a:text-is("..")');
    assert.equal(new URL(page.url()).pathname, '/');
    assert.match(await page.locator('noscript').innerText(), /curl -T FILE URL/);
    assert.ok(!await page.locator('#upload').isVisible());
  },

  async uploads_by_choosing(page) {
    await page.goto(base);
    const made = name => {
      const file = path.join(folder, name);
      fs.writeFileSync(file, 'of ' + name);
      return file;
    };
    const odd = 'ü # 100% <b>.txt';
    await page.setInputFiles('#files', [made('chosen'), made(odd)]);
    await until(page, () => document.querySelectorAll('#sending .done').length === 2);
    await until(page, () => document.querySelectorAll('tbody tr').length === 6);
    assert.ok((await names(page)).includes(odd));
    const answer = await page.request.get(base + encodeURIComponent(odd));
    assert.equal(await answer.text(), 'of ' + odd);
  },

  async replaces_only_when_told(page, seen) {
    seen.may_fail = true;
    await page.goto(base);
    fs.writeFileSync(path.join(folder, 'small'), 'replaced');
    await page.setInputFiles('#files', path.join(folder, 'small'));
    await said(page, 'is there already');
    assert.equal(await (await page.request.get(base + 'small')).text(), 's');
    await page.click('button:text-is("Replace")');
    await said(page, 'uploaded');
    assert.equal(await (await page.request.get(base + 'small')).text(), 'replaced');
  },

  async uploads_by_dropping(page) {
    await page.goto(base + 'docs/');
    const data = await page.evaluateHandle(() => {
      const made = new DataTransfer();
      made.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
      return made;
    });
    await page.dispatchEvent('#drop', 'dragover', { dataTransfer: data });
    assert.equal(await page.locator('#drop.over').count(), 1);
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: data });
    await until(page, () => document.querySelectorAll('tbody tr:not(.up)').length === 2);
    assert.deepEqual(await names(page), ['dropped.txt', 'page.html']);
  },

  // What others put here is not a page of ours: it neither runs nor reads what is beside it.
  async files_are_no_pages_of_ours(page, seen) {
    seen.may_fail = true;
    await page.goto(base + 'docs/page.html');
    assert.equal(await page.title(), 'quiet');
    assert.equal(await page.evaluate(() => self.origin), 'null');
  },

  async hostile_names_are_text(page) {
    await page.goto(base);
    const shown = await names(page);
    assert.ok(shown.includes('<img src=x onerror=window.pwned=1>'), shown.join('|'));
    assert.ok(shown.includes('javascript:window.pwned=1.txt'));
    assert.ok(shown.includes('line\\nfeed\\xff'));
    await page.click('bdi:text-is("javascript:window.pwned=1.txt")');
    assert.equal(await page.locator('body').innerText(), 'js');
    await page.goBack();
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    const href = await page.locator('a', { hasText: 'line' }).getAttribute('href');
    assert.equal(href, './line%0Afeed%FF');
  },

  async looks(page, seen) {
    seen.may_fail = true;
    for (const [width, height] of [[360, 740], [1280, 860]]) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.goto(base);
        await no_sideways(page, 'the list');
        const picture = path.join(folder, `files-${width}-${colorScheme}`);
        await page.screenshot({ path: picture + '.png' });
        fs.writeFileSync(path.join(folder, 'small'), 'x');
        await page.setInputFiles('#files', path.join(folder, 'small'));
        await said(page, 'is there already');
        await no_sideways(page, 'with an upload');
        await page.screenshot({ path: picture + '-upload.png' });
        await page.goto(base + 'docs/');
        await no_sideways(page, 'a folder in it');
        await page.screenshot({ path: picture + '-folder.png' });
      }
    }
  },
};

async function run(browser) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    javaScriptEnabled: case_name !== 'sorts_without_script' });
  context.setDefaultTimeout(limit_ms);
  const seen = { requests: [], wrong: [], may_fail: false };
  const page = await context.newPage();
  page.on('request', request => seen.requests.push(request.url()));
  page.on('pageerror', error => seen.wrong.push(String(error)));
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type()) && !seen.may_fail)
      seen.wrong.push(message.text());
  });
  await cases[case_name](page, seen);
  assert.deepEqual(seen.wrong, []);
  assert.deepEqual(seen.requests.filter(url => !url.startsWith(base) && url !== 'data:,'), []);
}

async function main() {
  if (!cases[case_name] || !base) throw new Error('cases: ' + Object.keys(cases).join(' '));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [
    '--no-sandbox', '--disable-gpu', '--no-proxy-server',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] });
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
