// What can be taken away of a view: as a file, as a picture, as an address, as a frame.

import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, openAlive, openWith, alive, test } from './tagtide';

const share = (page: Page) => page.locator('summary', { hasText: 'Share' });
const rows = [['#rust', '2'], ['#wasm', '1']];

async function open(page: Page, tagtide: Parameters<typeof openAlive>[1], view: string): Promise<void> {
  await openAlive(page, tagtide, view, ['#rust', '#wasm']);
  await share(page).click();
}

test('each link gives what it says', async ({ page, tagtide }) => {
  await open(page, tagtide, '/?window=all&k=25');
  const get = async (name: string) => {
    const href = await page.getByRole('link', { name, exact: true }).getAttribute('href');
    const query = new URL(href!, tagtide.url).searchParams;
    expect(query.get('window')).toBe('all');
    expect(query.get('k')).toBe('25');
    return page.request.get(new URL(href!, tagtide.url).href);
  };
  const csv = await get('CSV');
  expect(csv.headers()['content-type']).toContain('text/csv');
  expect(await csv.text()).toMatch(/#rust/);
  const json = await (await get('JSON')).json();
  expect(json.window).toBe('all');
  expect(json.rows.map((row: { tag: string }) => row.tag)).toEqual(['#rust', '#wasm']);
  const svg = await get('SVG');
  expect(svg.headers()['content-type']).toContain('image/svg+xml');
  expect(await svg.text()).toContain('#rust');
  const png = await (await get('PNG')).body();
  expect(png.subarray(1, 4).toString()).toBe('PNG');
});

test('the files follow the choices', async ({ page, tagtide }) => {
  await open(page, tagtide, '/');
  await page.getByRole('link', { name: '1 hour' }).click();
  await page.getByRole('link', { name: 'By people' }).click();
  await page.getByRole('combobox', { name: 'Source' }).selectOption('listen');
  await expect(page).toHaveURL(/source=listen/);
  if (!await page.getByRole('link', { name: 'CSV' }).isVisible()) await share(page).click();
  for (const name of ['CSV', 'JSON', 'SVG', 'PNG']) {
    const href = await page.getByRole('link', { name, exact: true }).getAttribute('href');
    const query = new URL(href!, tagtide.url).searchParams;
    expect([query.get('window'), query.get('by'), query.get('source')]).toEqual(['1h', 'people', 'listen']);
  }
});

test('CSV and the picture are saved', async ({ page, tagtide }) => {
  await open(page, tagtide, '/');
  for (const [name, ending] of [['CSV', /\.csv$/], ['PNG', /\.png$/]] as const) {
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name, exact: true }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toMatch(ending);
    const bytes = await readFile(await download.path());
    if (name === 'CSV') expect(bytes.toString()).toContain('#rust');
    else {
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      // More than an empty picture.
      expect(bytes.length).toBeGreaterThan(2_000);
    }
  }
});

test('the address and the frame are ready to be copied', async ({ page, context, tagtide }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, tagtide, '/?window=all&k=25&theme=dark');
  const link = page.getByRole('textbox', { name: 'Link', exact: true });
  const frame = page.getByRole('textbox', { name: 'Frame', exact: true });
  const said = async (url: string) => [...new URL(url).searchParams].sort();
  expect(await said(await link.inputValue())).toEqual([['k', '25'], ['theme', 'dark'], ['window', 'all']]);

  const snippet = await frame.inputValue();
  const parsed = await page.evaluate((snippet) => {
    const parsed = new DOMParser().parseFromString(snippet, 'text/html');
    const frame = parsed.querySelector('iframe')!;
    return { elements: parsed.body.children.length, src: frame.src, title: frame.title };
  }, snippet);
  expect(parsed.elements).toBe(1);
  expect(parsed.title).not.toBe('');
  expect(parsed.src.startsWith(tagtide.url)).toBe(true);
  expect(await said(parsed.src)).toEqual([['embed', '1'], ['k', '25'], ['theme', 'dark'], ['window', 'all']]);

  for (const [name, value] of [['Copy Link', await link.inputValue()], ['Copy Frame', snippet]]) {
    await page.getByRole('button', { name }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(value);
  }
  // What was copied is that view.
  await openWith(page, await link.inputValue(), rows);
  await alive(page);
});

test('the fields follow the choices', async ({ page, tagtide }) => {
  await open(page, tagtide, '/');
  await page.getByRole('link', { name: 'All time' }).click();
  if (!await page.getByRole('link', { name: 'CSV' }).isVisible()) await share(page).click();
  await expect(page.getByRole('textbox', { name: 'Link', exact: true })).toHaveValue(/window=all/);
  await expect(page.getByRole('textbox', { name: 'Frame', exact: true })).toHaveValue(/window=all/);
});

test('pausing is nobody else\'s', async ({ page, tagtide }) => {
  await open(page, tagtide, '/');
  await page.getByRole('link', { name: 'Pause' }).click();
  await expect(page.locator('.state')).toContainText('Paused');
  if (!await page.getByRole('link', { name: 'CSV' }).isVisible()) await share(page).click();
  await expect(page.getByRole('textbox', { name: 'Frame', exact: true })).not.toHaveValue(/paused/);
});
