// The page when it has come alive.

import type { Page } from '@playwright/test';
import { alive, expect, fits, openWith, ranks, test } from './tagtide';

const picture = (page: Page) =>
  page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());

/** Device pixels of the picture that are not empty. */
const painted = (page: Page) =>
  page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
    const pixels = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
  });

test('new posts change the picture and the table', async ({ page, tagtide }) => {
  await tagtide.post('#rust', '#rust', '#wasm');
  await openWith(page, tagtide.url, [['#rust', '2'], ['#wasm', '1']]);
  await alive(page);
  await expect.poll(() => painted(page)).toBeGreaterThan(1000);
  const before = await picture(page);

  await tagtide.post('#tide', '#tide', '#tide');
  await expect.poll(() => ranks(page), { timeout: 4_000, intervals: [100] })
    .toEqual([['#tide', '3'], ['#rust', '2'], ['#wasm', '1']]);
  await expect.poll(() => picture(page), { timeout: 1_000, intervals: [50] }).not.toEqual(before);
});

test('the first post fills an empty board by itself', async ({ page, tagtide }) => {
  await page.goto(tagtide.url);
  await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeVisible();
  await tagtide.post('hello #world');
  await expect.poll(() => ranks(page)).toEqual([['#world', '1']]);
  await expect.poll(() => painted(page)).toBeGreaterThan(1000);
});

test('the ways to other windows keep the page alive, back and forward too', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await alive(page);
  // Gone as soon as the document is loaded anew.
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  const heading = page.getByRole('heading', { level: 1 });
  const current = page.locator('.masthead nav [aria-current]');
  const showsAll = async () => {
    await expect(current).toHaveText('All time');
    await expect(heading).toHaveText('Most mentioned since the count began');
  };
  const showsNow = async () => {
    await expect(current).toHaveText('5 min');
    await expect(heading).toHaveText('Most mentioned in the last five minutes');
  };

  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page).toHaveURL(/\?window=all$/);
  await showsAll();
  await tagtide.post('#rust');
  await expect.poll(() => ranks(page), { timeout: 4_000 }).toEqual([['#rust', '2']]);
  await page.goBack();
  await showsNow();
  await page.goForward();
  await showsAll();
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
});

test('a hidden page asks nothing and catches up when it is seen', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await alive(page);
  const hide = (hidden: boolean) => page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);
  await hide(true);
  await tagtide.post('#rust');
  const asked = page.waitForRequest('**/api/fn/board*', { timeout: 2_500 });
  await expect(asked).rejects.toThrow();
  expect(await ranks(page)).toEqual([['#rust', '1']]);
  await hide(false);
  await expect.poll(() => ranks(page), { timeout: 1_000, intervals: [50] }).toEqual([['#rust', '2']]);
});

test('a server that hangs counts as away', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await alive(page);
  await page.route('**/api/fn/board*', () => { /* never answered */ });
  await expect(page.getByText('No connection to tagtide.')).toBeVisible({ timeout: 20_000 });
  await expect(page.locator('.state')).toContainText('Offline');
  expect(await ranks(page)).toEqual([['#rust', '1']]);
  await page.unroute('**/api/fn/board*');
  await page.getByRole('button', { name: 'Try now' }).click();
  await alive(page);
  await expect(page.getByText('No connection to tagtide.')).toBeHidden();
});

test('tags in any script, however long, stay within the page', async ({ page, tagtide }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await tagtide.post(
    `#${'Donaudampfschifffahrt'.repeat(4)}`, '#שלום_עולם', '#日本語のとても長いハッシュタグの例', '#a',
  );
  await page.goto(tagtide.url);
  await expect.poll(async () => (await ranks(page)).length).toBe(4);
  await alive(page);
  for (const width of [320, 768, 1280, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page);
  }
  const long = page.locator('tbody bdi', { hasText: 'Donau' });
  await expect(long).toHaveAttribute('title', /(Donaudampfschifffahrt){4}/);
});

test('rankings and filters are in the address, and go by themselves', async ({ page, tagtide }) => {
  const post = (text: string, lang: string, author: string) =>
    JSON.stringify({ text, lang, author });
  await tagtide.post(
    post('#loud', 'en', 'a'), post('#loud', 'en', 'a'), post('#loud', 'en', 'a'),
    post('#many', 'de', 'b'), post('#many', 'en', 'c'),
  );
  await openWith(page, tagtide.url, [['#loud', '3'], ['#many', '2']]);
  await alive(page);
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  await page.getByRole('link', { name: 'By people' }).click();
  await expect(page).toHaveURL(/\?by=people$/);
  await expect.poll(() => ranks(page)).toEqual([['#many', '2'], ['#loud', '3']]);
  await expect(page.locator('tbody tr').first().locator('td.people')).toHaveText('2');

  await page.getByRole('rowheader').getByRole('link', { name: '#many' }).click();
  await expect(page).toHaveURL(/\/tag\/many$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#many');
  await expect(page).toHaveTitle('#many · tagtide');
  await alive(page);
  await page.getByRole('link', { name: 'German' }).click();
  await expect(page).toHaveURL(/\?lang=de$/);
  await expect.poll(() => ranks(page)).toEqual([['#many', '1']]);
  await page.mouse.move(0, 0);
  await page.getByRole('combobox', { name: 'Language' }).selectOption('All languages');
  await expect.poll(() => ranks(page)).toEqual([['#loud', '3'], ['#many', '2']]);
  expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
});

test('the page of a tag follows its posts, and its neighbours are one step away', async ({ page, tagtide }) => {
  await tagtide.post('#rust #wasm', '#rust');
  await openWith(page, tagtide.url, [['#rust', '2'], ['#wasm', '1']]);
  await page.goto(`${tagtide.url}/tag/rust`);
  await alive(page);
  const mentions = page.locator('.totals dd').first();
  await expect(mentions).toHaveText('2');
  await tagtide.post('#RUST');
  await expect(mentions).toHaveText('3', { timeout: 4_000 });
  await page.getByRole('link', { name: '#wasm' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#wasm');
  await expect(mentions).toHaveText('1');
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page).toHaveURL(/\/tag\/wasm\?window=all$/);
  await expect(mentions).toHaveText('1');
});

test('an address that shows nothing leads back to the board', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 404/];
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await page.goto(`${tagtide.url}/no/such/page`);
  await page.getByRole('link', { name: 'See what is trending' }).click();
  await expect.poll(() => ranks(page)).toEqual([['#rust', '1']]);
  await alive(page);
});

test('a page that cannot come alive is the table, with no hole beside it', async ({ page, tagtide, watch }) => {
  watch.expected = [/this page stays as it was sent/, /net::ERR_FAILED/];
  await tagtide.post('#rust');
  await page.route('**/*.wasm', (route) => route.abort());
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await expect(page.locator('.picture')).toBeHidden();
  await expect(page.getByText('reload it for newer counts')).toBeVisible();
});

test('a board that another program posts is one step away', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await alive(page);
  const way = page.getByRole('link', { name: 'External' });
  await expect(way).toBeHidden();
  const posted = await page.request.post(`${tagtide.url}/updateData`, {
    form: { label: "['#spark', '#python']", data: '[7, 5]' },
  });
  expect(posted.status()).toBe(201);
  await way.click();
  await expect(page).toHaveURL(/source=external/);
  await expect.poll(() => ranks(page)).toEqual([['#spark', '7'], ['#python', '5']]);
  await page.reload();
  await alive(page);
  expect(await ranks(page)).toEqual([['#spark', '7'], ['#python', '5']]);
});

for (const deviceScaleFactor of [1, 2]) {
  test.describe(`on a screen of ${deviceScaleFactor} pixels a pixel`, () => {
    test.use({ deviceScaleFactor });

    test('the picture is as sharp as the screen, at any size', async ({ page, tagtide }) => {
      await tagtide.post('#rust');
      await openWith(page, tagtide.url, [['#rust', '1']]);
      await alive(page);
      const off = () => page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
        const place = canvas.getBoundingClientRect();
        const pixels = (from: number, to: number) =>
          Math.round(to * devicePixelRatio) - Math.round(from * devicePixelRatio);
        return [
          canvas.width - pixels(place.left, place.right),
          canvas.height - pixels(place.top, place.bottom),
        ];
      });
      await expect.poll(off).toEqual([0, 0]);
      await page.setViewportSize({ width: 500, height: 900 });
      await expect.poll(off).toEqual([0, 0]);
      await expect.poll(() => painted(page)).toBeGreaterThan(1000);
    });
  });
}

test('the picture follows the theme', async ({ page, tagtide }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await alive(page);
  await expect.poll(() => painted(page)).toBeGreaterThan(1000);
  const light = await picture(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(() => picture(page)).not.toEqual(light);
});
