// One tag: when, where, in which language, with whom, how it is written, and where to read on.

import type { Page } from '@playwright/test';
import { alive, expect, mark, test, type Tagtide } from './tagtide';

const post = (text: string, more: object = {}) => JSON.stringify({ text, ...more });
const section = (page: Page, name: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { level: 2, name }) });

async function open(page: Page, tagtide: Tagtide): Promise<void> {
  await tagtide.post(
    post('#Rust #wasm', { lang: 'de', author: 'a', url: 'https://example.org/1' }),
    post('#rust', { lang: 'en', author: 'b', url: 'https://example.org/2' }),
    post('#rust', { lang: 'en', author: 'b', url: 'javascript:alert(1)' }),
  );
  await tagtide.counted(3);
  await page.goto(`${tagtide.url}/tag/rust`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#rust');
  await alive(page);
}

test('what is told of it', async ({ page, tagtide }) => {
  await open(page, tagtide);
  await expect(page.locator('.totals')).toContainText(/Mentions\s*3/);
  await expect(page.locator('.totals')).toContainText(/People\s*2/);
  const lines = (name: string) => section(page, name).getByRole('listitem').allTextContents();
  expect(await lines('Languages')).toEqual(['English2', 'German1']);
  expect(await lines('Sources')).toEqual(['listen3']);
  expect(await lines('Spellings')).toEqual(['#rust2', '#Rust1']);
  expect(await lines('Together with')).toEqual(['#wasm1']);
});

test('its posts are one step away, and learn nothing of it', async ({ page, tagtide }) => {
  await open(page, tagtide);
  const links = page.locator('main a[href^="http"]:not([href^="http://127"])');
  await expect(links).toHaveCount(2);
  const posts = await links.evaluateAll((links) => (links as HTMLAnchorElement[]).map((link) =>
    ({ href: link.href, target: link.target, rel: link.relList.value.split(' ') })));
  expect(posts.map(({ href }) => href).sort()).toEqual(['https://example.org/1', 'https://example.org/2']);
  for (const { rel } of posts) {
    expect(rel).toContain('noopener');
    expect(rel).toContain('nofollow');
  }
  await expect(page.locator('a[href^="javascript:"]')).toHaveCount(0);
});

test('languages, sources and neighbours lead on, in the same document', async ({ page, tagtide }) => {
  await open(page, tagtide);
  const same = await mark(page);
  await page.getByRole('link', { name: 'German' }).click();
  await expect(page.getByRole('combobox', { name: 'Language' })).toHaveValue('de');
  await page.goBack();
  await page.getByRole('link', { name: 'listen' }).click();
  await expect(page.getByRole('combobox', { name: 'Source' })).toHaveValue('listen');
  await page.goBack();
  await page.getByRole('link', { name: '#wasm' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#wasm');
  await expect(section(page, 'Together with').getByRole('listitem')).toHaveText([/#rust.*1/i]);
  expect(await same()).toBe(true);
});

test('the keys go along the chart, and what they reach is told', async ({ page, tagtide }) => {
  await open(page, tagtide);
  const chart = page.getByRole('application', { name: 'Mentions over time' });
  const told = page.locator('.times output');
  await chart.focus();
  await expect(told).toHaveText(/^From \d\d:\d\d:\d\d: \d+ mentions?$/);
  const seen = new Set<string>();
  for (const key of ['End', 'ArrowLeft', 'ArrowLeft', 'Home', 'ArrowRight']) {
    await page.keyboard.press(key);
    seen.add((await told.textContent())!);
  }
  // A board this young has few steps, but more than one after some seconds.
  await expect(async () => {
    await page.keyboard.press('End');
    const last = await told.textContent();
    await page.keyboard.press('ArrowLeft');
    expect(await told.textContent()).not.toBe(last);
  }).toPass({ timeout: 30_000 });
});

test('another spelling of the address is the same tag', async ({ page, tagtide }) => {
  await open(page, tagtide);
  for (const name of ['RUST', '%23rust', 'Ｒｕｓｔ']) {
    const response = await page.goto(`${tagtide.url}/tag/${name}`);
    expect(response?.status(), name).toBe(200);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('#rust');
  }
});
