// The odd states: nothing yet, not ready yet, not shown, not here, not ours.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alive, expect, fits, mark, openAlive, openWith, order, ranks, test } from './tagtide';

const BOARD = '**/api/fn/board*';
const blocked = join(mkdtempSync(join(tmpdir(), 'tagtide-e2e-')), 'blocked');
writeFileSync(blocked, '#Spam\n');

test('an empty board tells the line that fills it, and the line does', async ({ page, tagtide }) => {
  await page.goto(tagtide.url);
  await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeVisible();
  const told = await page.getByText(/echo .*#world.* \| nc /).textContent();
  const [, text, host, port] = told!.match(/echo '([^']*)' \| nc (?:-\S+ )*(\S+) (\d+)/)!;
  expect(host).toBe('127.0.0.1');
  const { createConnection } = await import('node:net');
  createConnection(Number(port), host).end(`${text}\n`);
  await expect.poll(() => ranks(page)).toEqual([['#world', '1']]);
  await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeHidden();
});

test('a window with nothing in it leads on', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  const same = await mark(page);
  await page.getByRole('link', { name: 'Rising' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeVisible();
  await page.getByRole('link', { name: 'Show all that is mentioned' }).click();
  await expect.poll(() => ranks(page)).toEqual([['#rust', '1']]);
  expect(await same()).toBe(true);
});

test('a server that is starting is told of, and the board comes by itself', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.getByRole('rowheader').getByRole('link', { name: '#rust' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#rust');
  // As the server answers before its first board is complete; this window the page has not got.
  await page.route(BOARD, (route) => route.fulfill({ json: 'Starting' }));
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page).toHaveURL(/window=all/);
  await page.getByRole('link', { name: 'All hashtags' }).click();
  await expect(page.getByRole('heading', { name: 'Starting up' })).toBeVisible();
  await fits(page);
  await page.unroute(BOARD);
  await expect.poll(() => ranks(page)).toEqual([['#rust', '1']]);
  await expect(page.getByRole('heading', { name: 'Starting up' })).toBeHidden();
});

test('an answer that is not ready leaves the board that is there', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.route(BOARD, (route) => route.fulfill({ json: 'Starting' }));
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page.locator('.state')).toContainText('Delayed', { timeout: 20_000 });
  expect(await ranks(page)).toEqual([['#rust', '1']]);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Most mentioned in the last five minutes');
  await page.unroute(BOARD);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Most mentioned since the count began');
  await alive(page);
});

test('an address that shows nothing says so, with its status', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 404/];
  for (const path of ['/no/such/page', '/tag', '/tag/', '/tag/a/b', '/index.php']) {
    const response = await page.goto(tagtide.url + path);
    expect(response?.status(), path).toBe(404);
    await expect(page.getByRole('link', { name: 'See what is trending' })).toBeVisible();
  }
});

test('a way to nothing within the page, and back', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 404/];
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.goto(`${tagtide.url}/tag/never`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#never');
  await expect(page.getByText('No post that was counted bears this hashtag.')).toBeVisible();
  await page.getByRole('link', { name: 'See what is trending' }).click();
  await expect.poll(() => order(page)).toEqual(['#rust']);
  await alive(page);
});

test('a tag that comes to be while its page is open appears', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 404/];
  await page.goto(`${tagtide.url}/tag/later`);
  await expect(page.getByText('No post that was counted bears this hashtag.')).toBeVisible();
  await tagtide.post('#later');
  await expect(page.locator('.totals dd').first()).toHaveText('1', { timeout: 15_000 });
});

test('another program\'s board says that it is', async ({ page, tagtide }) => {
  await page.goto(`${tagtide.url}/?source=external`);
  await expect(page.getByRole('heading', { name: 'No such board yet' })).toBeVisible();
  const post = (label: string, data: string) =>
    page.request.post(`${tagtide.url}/updateData`, { form: { label, data } });
  await post("['#spark', '#python', 'no hash']", '[7, 5, 3]');
  await expect.poll(() => ranks(page)).toEqual([['#spark', '7'], ['#python', '5'], ['no hash', '3']]);
  await expect(page.getByRole('link', { name: 'External' })).toHaveAttribute('aria-current', 'page');
  await post("['#other']", '[1]');
  await expect.poll(() => ranks(page)).toEqual([['#other', '1']]);
  await post('[]', '[]');
  await expect(page.getByRole('heading', { name: 'Nothing to show in this board' })).toBeVisible();
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeVisible();
});

test('a tag of any length has its page', async ({ page, tagtide }) => {
  const tag = `#${'a'.repeat(100)}`;
  await openAlive(page, tagtide, '/', [tag, '#short']);
  await page.getByRole('rowheader').getByRole('link', { name: tag }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(tag);
  await expect(page.locator('.totals dd').first()).toHaveText('2');
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page);
  }
  await page.goBack();
  await expect.poll(() => order(page)).toEqual([tag, '#short']);
});

test.describe('with blocked tags', () => {
  test.use({ options: ['--block', blocked] });

  test('they are nowhere, and their page says why', async ({ page, tagtide, watch }) => {
    watch.expected = [/status of 404/];
    await tagtide.post('#spam #rust', '#SPAM', '#spam');
    await openWith(page, tagtide.url, [['#rust', '1']]);
    await alive(page);
    await page.getByRole('rowheader').getByRole('link', { name: '#rust' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('#rust');
    await expect(page.locator('main')).not.toContainText(/spam/i);
    const response = await page.goto(`${tagtide.url}/tag/spam`);
    expect(response?.status()).toBe(404);
    await expect(page.getByText('This hashtag is not shown here')).toBeVisible();
    await page.getByRole('link', { name: 'See what is trending' }).click();
    await expect.poll(() => order(page)).toEqual(['#rust']);
  });
});
