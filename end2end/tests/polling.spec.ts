// What the page asks and when: never twice at a time, little when nothing is new, never unseen.

import type { Page, Route } from '@playwright/test';
import { alive, expect, mark, openAlive, ranks, test } from './tagtide';

const BOARD = '**/api/fn/board*';
const state = (page: Page) => page.locator('.state');
const banner = (page: Page) => page.getByText('No connection to tagtide.');

test('questions never overlap, however slow the answers', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  let open = 0;
  let most = 0;
  let answered = 0;
  await page.route(BOARD, async (route) => {
    open += 1;
    most = Math.max(most, open);
    await new Promise((done) => setTimeout(done, 1_300));
    await route.continue().catch(() => {});
    open -= 1;
    answered += 1;
  });
  await expect.poll(() => answered, { timeout: 15_000 }).toBeGreaterThan(3);
  expect(most).toBe(1);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('nothing new costs a few bytes and draws nothing', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.evaluate(() => {
    const draws = CanvasRenderingContext2D.prototype;
    const count = () => { (window as any).draws = ((window as any).draws ?? 0) + 1; };
    for (const name of ['clearRect', 'fillRect', 'fillText', 'stroke', 'fill'] as const) {
      const plain = draws[name] as (...all: unknown[]) => unknown;
      (draws as any)[name] = function (...all: unknown[]) { count(); return plain.apply(this, all); };
    }
  });
  const draws = () => page.evaluate(() => (window as any).draws ?? 0);
  let sizes: number[] = [];
  page.on('response', async (response) => {
    if (response.url().includes('/api/fn/board')) {
      sizes.push((await response.body().catch(() => Buffer.alloc(0))).length);
    }
  });
  // The epoch goes on without posts, as long as its counts say the same.
  await expect(async () => {
    sizes = [];
    const before = await draws();
    await expect.poll(() => sizes.length, { timeout: 8_000 }).toBeGreaterThanOrEqual(3);
    expect(await draws()).toBe(before);
  }).toPass({ timeout: 30_000 });
  expect(Math.max(...sizes)).toBeLessThan(1_500);
});

test('an epoch that the page has is answered in a few bytes', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  const question = await page.waitForRequest(BOARD);
  const asked = new URL(question.url());
  expect([...asked.searchParams.keys()]).toContain('after');
  await expect(async () => {
    const { Board } = await (await page.request.get(`${tagtide.url}/api/fn/board`)).json();
    asked.searchParams.set('after', `${Board.top.epoch}`);
    const body = await (await page.request.get(asked.href)).body();
    // Unless another epoch has ended meanwhile.
    expect(JSON.parse(body.toString())).not.toHaveProperty('Board');
    expect(body.length).toBeLessThan(500);
  }).toPass();
});

test('one failure is no news, two are, with the time of the next try', async ({ page, tagtide, watch }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  watch.expected = [/net::ERR_/];
  let failures = 0;
  let told = false;
  await page.route(BOARD, async (route) => {
    if (failures === 1) told = await banner(page).isVisible();
    failures += 1;
    await route.abort();
  });
  await expect(banner(page)).toBeVisible();
  expect(failures).toBeGreaterThanOrEqual(2);
  expect(told).toBe(false);
  await expect(state(page)).toContainText('Offline');
  const aside = page.getByRole('complementary', { name: 'Connection' });
  await expect(aside).toContainText(/You see the counts of \d\d:\d\d:\d\d/);
  await expect(aside.locator('.next')).toContainText(/Next try at \d\d:\d\d:\d\d|now/);
  expect(await ranks(page)).toEqual([['#rust', '2'], ['#wasm', '1']]);
  await page.unroute(BOARD);
  await expect(banner(page)).toBeHidden({ timeout: 30_000 });
  await alive(page);
});

test('a single failure passes without a word', async ({ page, tagtide, watch }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  watch.expected = [/net::ERR_/];
  await page.evaluate(() => {
    (window as any).shown = false;
    const aside = document.querySelector('aside')!;
    new MutationObserver(() => { (window as any).shown ||= !aside.hidden; })
      .observe(aside, { attributes: true });
  });
  const routes: Route[] = [];
  await page.route(BOARD, async (route) => {
    routes.push(route);
    if (routes.length === 1) await route.abort();
    else await route.continue();
  });
  await expect.poll(() => routes.length).toBeGreaterThanOrEqual(3);
  expect(await page.evaluate(() => (window as any).shown)).toBe(false);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('an answer of the server that is an error is a failure too', async ({ page, tagtide, watch }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  watch.expected = [/status of 50\d/];
  const same = await mark(page);
  const bad = (route: Route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' });
  await page.route(BOARD, bad);
  await expect(banner(page)).toBeVisible();
  await page.unroute(BOARD);
  await alive(page);
  await expect(banner(page)).toBeHidden();
  watch.faults.splice(0, watch.faults.length, ...watch.faults.filter((each) => !each.startsWith('502 for')));
  expect(await same()).toBe(true);
});

test('counts that are old are told as delayed', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.route(BOARD, async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    const part = answer.Board ?? answer.Unchanged;
    if (part) part.behind = true;
    await route.fulfill({ response, json: answer });
  });
  await tagtide.post('#rust');
  await expect(state(page)).toContainText('Delayed');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await tagtide.post('#rust');
  await alive(page);
});

test('what is announced does not chatter', async ({ page, tagtide }) => {
  await page.clock.install();
  await tagtide.post('#tag0', '#tag0');
  await page.goto(tagtide.url);
  const go = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      const answered = page.waitForResponse(BOARD, { timeout: 3_000 }).catch(() => null);
      await page.clock.runFor(1_000);
      await answered;
    }
  };
  await go(3);
  await expect(state(page)).toContainText('Live');
  await page.evaluate(() => {
    (window as any).told = [];
    for (const region of document.querySelectorAll('[aria-live="polite"], [role="status"], [role="alert"]')) {
      let last = region.textContent;
      new MutationObserver(() => {
        const text = region.textContent;
        if (text !== last && text?.trim()) (window as any).told.push({ at: Date.now(), text });
        last = text;
      }).observe(region, { childList: true, characterData: true, subtree: true });
    }
  });
  // The leader changes all the time.
  for (let turn = 1; turn <= 30; turn += 1) {
    await tagtide.post(...Array<string>(turn + 2).fill(`#tag${turn}`));
    await go(3);
  }
  const told: { at: number; text: string }[] = await page.evaluate(() => (window as any).told);
  expect(told.length).toBeGreaterThan(0);
  for (let at = 1; at < told.length; at += 1) {
    expect(told[at].at - told[at - 1].at, told[at].text).toBeGreaterThanOrEqual(29_000);
  }
});
