// Every control is in the address: the server renders it, and a choice, back and forward keep to it.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { alive, expect, mark, openAlive, openWith, order, ranks, test, type Tagtide } from './tagtide';

const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const current = (page: Page, group: string) =>
  page.getByRole('navigation', { name: group }).locator('[aria-current]');
const pick = (page: Page, name: string) => page.getByRole('combobox', { name, exact: true });
const background = (page: Page) =>
  page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const bright = async (page: Page) =>
  Math.max(...(await background(page)).match(/\d+/g)!.slice(0, 3).map(Number)) > 127;

const line = (text: string, lang: string, author: string) => JSON.stringify({ text, lang, author });
async function fill(tagtide: Tagtide): Promise<void> {
  await tagtide.post(
    line('#loud', 'en', 'a'), line('#loud', 'en', 'a'), line('#loud', 'en', 'a'),
    line('#many', 'de', 'b'), line('#many', 'en', 'c'),
  );
}
const all = [['#loud', '3'], ['#many', '2']];

/** What a user sees of each control, with scripts or without. */
const views: [string, string, (page: Page) => Promise<void>][] = [
  ['window', '?window=1h', async (page) => {
    await expect(current(page, 'Time')).toHaveText('1 hour');
    await expect(heading(page)).toHaveText('Most mentioned in the last hour');
  }],
  ['ranking', '?by=people', async (page) => {
    await expect(current(page, 'Ranking')).toHaveText('By people');
    expect(await order(page)).toEqual(['#many', '#loud']);
  }],
  ['language', '?lang=de', async (page) => {
    await expect(pick(page, 'Language')).toHaveValue('de');
    expect(await ranks(page)).toEqual([['#many', '1']]);
  }],
  ['source', '?source=listen', async (page) => {
    await expect(pick(page, 'Source')).toHaveValue('listen');
    expect(await ranks(page)).toEqual(all);
  }],
  ...[10, 25, 50, 100].map((rows): [string, string, (page: Page) => Promise<void>] =>
    [`${rows} rows`, `?k=${rows}`, async (page) => {
      await expect(pick(page, 'Rows')).toHaveValue(`${rows}`);
      await expect(page.locator('tbody tr')).toHaveCount(Math.min(rows, 30));
    }]),
  ['dark theme', '?theme=dark', async (page) => {
    await expect(pick(page, 'Theme')).toHaveValue('dark');
    expect(await bright(page)).toBe(false);
  }],
  ['light theme', '?theme=light', async (page) => {
    await expect(pick(page, 'Theme')).toHaveValue('light');
    expect(await bright(page)).toBe(true);
  }],
  ['full screen', '?kiosk=1', async (page) => {
    await expect(page.getByRole('link', { name: 'Leave full screen' })).toHaveCount(1);
  }],
  ['frame', '?embed=1', async (page) => {
    for (const gone of ['combobox', 'searchbox', 'button', 'navigation'] as const) {
      await expect(page.getByRole(gone)).toHaveCount(0);
    }
    await expect(page.locator('summary', { hasText: 'Share' })).toBeHidden();
    const tag = page.getByRole('rowheader').getByRole('link').first();
    await expect(tag).toHaveAttribute('target', '_blank');
    expect(await ranks(page)).toEqual(all);
  }],
];

for (const javaScriptEnabled of [false, true]) {
  test.describe(javaScriptEnabled ? 'with scripts' : 'as the server sends it', () => {
    test.use({ javaScriptEnabled });
    for (const [name, query, shows] of views) {
      test(`the address says: ${name}`, async ({ page, tagtide }) => {
        // The system wants the opposite of what the address says.
        await page.emulateMedia({ colorScheme: query.includes('dark') ? 'light' : 'dark' });
        if (name.endsWith('rows')) {
          await tagtide.post(...Array.from({ length: 30 }, (_, at) => `#tag${at + 10}`));
          await tagtide.counted(30);
        } else {
          await fill(tagtide);
          await tagtide.counted(5);
        }
        await page.goto(`${tagtide.url}/${query}`);
        await shows(page);
        if (!javaScriptEnabled) return;
        await alive(page);
        await shows(page);
      });
    }
  });
}

test('the theme is in the page as sent, before any script', async ({ page, tagtide }) => {
  for (const [query, theme] of [
    ['?theme=dark', 'dark'], ['?theme=light', 'light'], ['', null], ['?theme=system', null],
    ['?theme=%22%3E', null],
  ] as const) {
    for (const path of ['/', '/tag/never']) {
      const html = await (await page.request.get(tagtide.url + path + query)).text();
      const root = html.match(/<html[^>]*>/)![0];
      expect(root.match(/data-theme="([^"]*)"/)?.[1] ?? null).toBe(theme);
      const sheet = html.indexOf('rel="stylesheet"');
      expect(sheet).toBeGreaterThan(0);
      expect(sheet).toBeLessThan(html.indexOf('<script'));
    }
  }
});

test('a choice changes the address and no more than that, and back takes it back', async ({ page, tagtide }) => {
  await fill(tagtide);
  await openWith(page, tagtide.url, all);
  await alive(page);
  const same = await mark(page);

  const steps: [() => Promise<unknown>, string, () => Promise<void>][] = [
    [async () => {}, '/', async () => {
      await expect(current(page, 'Time')).toHaveText('5 min');
      await expect(page.getByRole('link', { name: 'Pause' })).toBeVisible();
    }],
    [() => page.getByRole('link', { name: 'All time' }).click(), '/?window=all', async () => {
      await expect(current(page, 'Time')).toHaveText('All time');
      await expect(heading(page)).toHaveText('Most mentioned since the count began');
    }],
    [() => page.getByRole('link', { name: 'By people' }).click(), '/?window=all&by=people', async () => {
      await expect(current(page, 'Ranking')).toHaveText('By people');
      await expect.poll(() => order(page)).toEqual(['#many', '#loud']);
    }],
    [() => pick(page, 'Language').selectOption('English'), '/?window=all&by=people&lang=en', async () => {
      await expect(pick(page, 'Language')).toHaveValue('en');
      await expect.poll(() => ranks(page)).toEqual([['#loud', '3'], ['#many', '1']]);
    }],
    [() => pick(page, 'Source').selectOption('listen'), '/?window=all&by=people&lang=en&source=listen', async () => {
      await expect(pick(page, 'Source')).toHaveValue('listen');
    }],
    [() => pick(page, 'Rows').selectOption('Top 25'), '/?window=all&by=people&lang=en&source=listen&k=25', async () => {
      await expect(pick(page, 'Rows')).toHaveValue('25');
    }],
    [() => pick(page, 'Theme').selectOption('Dark'), '/?window=all&by=people&lang=en&source=listen&k=25&theme=dark', async () => {
      await expect(pick(page, 'Theme')).toHaveValue('dark');
      await expect.poll(() => bright(page)).toBe(false);
    }],
    [() => page.getByRole('link', { name: 'Pause' }).click(), '/?window=all&by=people&lang=en&source=listen&k=25&theme=dark&paused=1', async () => {
      await expect(page.locator('.state')).toContainText('Paused');
      await expect(page.getByRole('link', { name: 'Resume' })).toBeVisible();
    }],
  ];
  /** In which order the parts of an address come is nobody's business. */
  const at = (path: string) => expect.poll(() => {
    const url = new URL(page.url());
    return [url.pathname, [...url.searchParams].sort()];
  }).toEqual(['/', [...new URL(path, tagtide.url).searchParams].sort()]);

  for (const [go, path, shown] of steps) {
    await go();
    await at(path);
    await shown();
  }
  for (const [, path, shown] of steps.slice(0, -1).reverse()) {
    await page.goBack();
    await at(path);
    await shown();
  }
  for (const [, path, shown] of steps.slice(1)) {
    await page.goForward();
    await at(path);
    await shown();
  }
  expect(await same()).toBe(true);

  // And the other way round: the address alone brings all of it.
  await page.reload();
  for (const [, , shown] of steps.slice(4)) await shown();
  await expect(pick(page, 'Language')).toHaveValue('en');
  await expect(current(page, 'Ranking')).toHaveText('By people');
  await expect(current(page, 'Time')).toHaveText('All time');
});

test('a theme goes with its reader, to a tag and back', async ({ page, tagtide }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await openAlive(page, tagtide, '/', ['#rust']);
  await pick(page, 'Theme').selectOption('Dark');
  await expect.poll(() => bright(page)).toBe(false);
  await page.getByRole('rowheader').getByRole('link', { name: '#rust' }).click();
  await expect(heading(page)).toHaveText('#rust');
  expect(await bright(page)).toBe(false);
  await page.reload();
  expect(await bright(page)).toBe(false);
  await page.getByRole('link', { name: 'All hashtags' }).click();
  await expect(pick(page, 'Theme')).toHaveValue('dark');
  await pick(page, 'Theme').selectOption('System colours');
  await expect.poll(() => bright(page)).toBe(true);
});

test('full screen is a link in and a link out', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/?k=25', ['#rust']);
  const same = await mark(page);
  await page.getByRole('link', { name: 'Full screen' }).click();
  await expect(page).toHaveURL(/kiosk=1/);
  await page.mouse.move(5, 5);
  await page.getByRole('link', { name: 'Leave full screen' }).click();
  await expect(page).toHaveURL(/\?k=25$/);
  expect(await same()).toBe(true);
});

test('a board on the wall hides its controls, without a hand, and shows them to one', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/?kiosk=1', ['#rust']);
  const seen = () => page.locator('.controls').evaluate((controls) =>
    controls.checkVisibility({ opacityProperty: true }));
  await expect.poll(seen, { timeout: 8_000 }).toBe(false);
  await page.mouse.move(300, 300);
  await page.mouse.move(310, 310);
  await expect.poll(seen).toBe(true);
  await expect.poll(seen, { timeout: 8_000 }).toBe(false);
  // The keyboard finds them as well.
  await page.getByRole('combobox', { name: 'Rows' }).focus();
  await expect.poll(seen).toBe(true);
});

test('only what asks for a frame may be framed, and lives in it', async ({ page, browser, tagtide, watch }) => {
  watch.expected = [/./];
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  const policy = async (query: string) =>
    (await page.request.get(`${tagtide.url}/${query}`)).headers()['content-security-policy'];
  expect(await policy('?embed=1')).toMatch(/frame-ancestors \*/);
  for (const query of ['', '?embed=0', '?embed', '?kiosk=1', '?k=5&theme=dark']) {
    expect(await policy(query)).toMatch(/frame-ancestors '(self|none)'/);
  }

  const context = await browser.newContext();
  const blog = await context.newPage();
  const host = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html');
    answer.end(`<iframe id="yes" src="${tagtide.url}/?embed=1" width="640" height="720"></iframe>
      <iframe id="no" src="${tagtide.url}/" width="640" height="720"></iframe>`);
  }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  await blog.goto(`http://127.0.0.1:${(host.address() as AddressInfo).port}/`);
  const frame = blog.frameLocator('#yes');
  await expect(frame.locator('.state')).toContainText('Live');
  await expect(frame.locator('canvas')).toBeVisible();
  await expect(blog.frameLocator('#no').getByRole('table')).toHaveCount(0);
  const opened = context.waitForEvent('page');
  await frame.getByRole('rowheader').getByRole('link', { name: '#rust' }).click();
  const tag = await opened;
  await expect(tag).toHaveURL(`${tagtide.url}/tag/rust`);
  expect(await tag.evaluate(() => window.opener)).toBeNull();
  await expect(frame.getByRole('table')).toBeVisible();
  await context.close();
  host.close();
});
