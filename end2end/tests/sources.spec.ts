// Where the posts come from: the lines below the board, and what scripts are told of the same.

import type { Page } from '@playwright/test';
import { alive, expect, fits, openWith, test } from './tagtide';

/** At this port of its own machine nobody listens. */
const NOBODY = 'tcp:127.0.0.1:1';
/** A path of 200 characters, to a file with nothing in it. */
const LONG = `file:${'/.'.repeat(93)}/dev/null`;

test.use({ sources: [NOBODY, LONG] });

const line = (page: Page, name: string) => page.locator('.source', { hasText: name });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with scripts' : 'without scripts', () => {
    test.use({ javaScriptEnabled });

    test('each source says its state, its rate and what is wrong', async ({ page, tagtide }) => {
      await tagtide.post('#rust', '#rust', '#wasm');
      await openWith(page, tagtide.url, [['#rust', '2'], ['#wasm', '1']]);
      if (javaScriptEnabled) await alive(page);

      const door = line(page, 'listen:127.0.0.1:');
      await expect(door.locator('.how')).toHaveText('live');
      await expect(door).toContainText(/\d posts\/s/);
      await expect(door).toContainText('3 posts');

      // Between the moment that it was to be tried at and the next wait, there is none to tell.
      await expect(line(page, NOBODY).locator('.how')).toHaveText(/^waiting(, next try at \d\d:\d\d:\d\d( UTC)?)?$/);
      await expect(line(page, NOBODY)).toContainText('connection refused by 127.0.0.1:1');
      await expect(line(page, NOBODY)).not.toContainText('posts/s');
      await expect(line(page, LONG).locator('.how')).toHaveText('ended');
    });

    test('a name of any length stays within the page', async ({ page, tagtide }) => {
      await tagtide.post('#rust');
      await openWith(page, tagtide.url, [['#rust', '1']]);
      for (const width of [320, 768, 1920]) {
        await page.setViewportSize({ width, height: 800 });
        await expect(line(page, LONG).locator('bdi')).toHaveText(LONG);
        await fits(page);
      }
    });
  });
}

test('a rate goes to nothing when nobody posts', async ({ page, tagtide }) => {
  await tagtide.post('#wasm');
  await openWith(page, tagtide.url, [['#wasm', '1']]);
  await alive(page);
  const door = line(page, 'listen:127.0.0.1:');
  await expect(async () => {
    await tagtide.post('#rust', '#rust', '#rust');
    await expect(door).toContainText(/\d\.\d posts\/s/, { timeout: 2_000 });
  }).toPass();
  await expect(door).toContainText(/(^|[^\d.])0 posts\/s/, { timeout: 20_000 });
});

test('a wait, programs and money are told in words', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await alive(page);
  // Of a kind that would need the world outside.
  const name = `nostr:wss://${'relay.'.repeat(30)}example.org/path`;
  const at = new Date(Date.now() + 5_000);
  at.setMilliseconds(0);
  await page.route('**/api/fn/board*', async (route) => {
    const answer = await (await route.fetch()).json();
    if (answer.Unchanged) answer.Unchanged.sources = null;
    answer.Board?.sources.push({
      name, state: 'waiting', detail: 'the relay asks for patience',
      next_try: at.toISOString().replace('.000Z', 'Z'), posts: 1000, rate: 0, bots: 125,
      spend: { spent: 1_250_000, budget: 5_000_000 },
    });
    await route.fulfill({ json: answer });
  });
  await tagtide.post('#rust');
  const told = line(page, name);
  const time = at.toTimeString().slice(0, 8);
  // As the reader's clock shows it; a day that is about to end is named.
  await expect(told.locator('.how')).toHaveText(
    at.getUTCDate() === new Date(at.getTime() - 10_000).getUTCDate()
      ? `waiting, next try at ${time}` : /^waiting, next try at .*\d\d:\d\d:\d\d/);
  for (const words of ['1,000 posts', '12.5% by bots', '$1.25 of $5.00 spent', 'the relay asks for patience']) {
    await expect(told).toContainText(words);
  }
  for (const width of [320, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page);
  }
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('scripts are told the same', async ({ page, tagtide }) => {
  await tagtide.post('#rust', '#wasm');
  await openWith(page, tagtide.url, [['#rust', '1'], ['#wasm', '1']]);
  const answer = await page.request.get(`${tagtide.url}/api/v1/status`);
  expect(answer.headers()['cache-control']).toBe('no-store');
  const status = await answer.json();
  expect(status.uptime_seconds).toBeGreaterThan(0);
  expect(status.epoch).toBeLessThanOrEqual(status.sealed_epoch);
  expect(status.stores.log_bytes).toBeGreaterThan(0);
  expect(status.stores.state_bytes).toBeGreaterThan(0);
  const [door, nobody] = status.sources;
  expect(door).toMatchObject({ kind: 'listen', state: 'live', posts: 2, last_error: null });
  expect(nobody).toMatchObject({ name: NOBODY, kind: 'tcp', state: 'waiting', posts: 0 });
  expect(nobody.last_error).toContain('connection refused');
  expect(Date.parse(nobody.last_error_at)).toBeLessThanOrEqual(Date.now());

  const metrics = await (await page.request.get(`${tagtide.url}/metrics`)).text();
  expect(metrics).toContain(`tagtide_source_state{kind="tcp",source="${NOBODY}",state="waiting"} 1`);
});
