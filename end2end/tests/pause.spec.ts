// A paused board stands still, says how far behind it is, and comes back at once.

import { expect, openAlive, openWith, ranking, ranks, test } from './tagtide';

const behind = /Paused at \d\d:\d\d:\d\d, (\d+) updates? behind/;

test('the rows stay, what is missed is counted, resume shows the newest', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  await page.getByRole('link', { name: 'Pause' }).click();
  const state = page.locator('.state');
  await expect(state).toContainText(/Paused at \d\d:\d\d:\d\d/);
  const told = await state.locator('time').textContent();
  const missed = async () => Number((await state.textContent())?.match(behind)?.[1] ?? 0);

  await tagtide.post('#wasm', '#wasm', '#wasm');
  await expect.poll(missed).toBeGreaterThan(0);
  const first = await missed();
  await tagtide.post('#new');
  await expect.poll(missed).toBeGreaterThan(first);
  expect(await ranks(page)).toEqual([['#rust', '2'], ['#wasm', '1']]);
  expect(await state.locator('time').textContent()).toBe(told);

  await page.getByRole('link', { name: 'Resume' }).click();
  await expect.poll(() => ranks(page), { timeout: 700, intervals: [50] })
    .toEqual([['#wasm', '4'], ['#rust', '2'], ['#new', '1']]);
  await expect(state).toContainText('Live');
});

test('another window is shown while it stays paused', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  await page.getByRole('link', { name: 'Pause' }).click();
  await expect(page.locator('.state')).toContainText('Paused');
  await tagtide.post('#wasm', '#wasm', '#wasm');
  await tagtide.counted(6);
  await expect(page.locator('.state')).toContainText(behind);
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Most mentioned since the count began');
  await expect.poll(() => ranks(page)).toEqual([['#wasm', '4'], ['#rust', '2']]);
  await expect(page.locator('.state')).toContainText('Paused');
  await tagtide.post(...ranking('#a', '#b'));
  await tagtide.counted(9);
  await expect(page.locator('.state')).toContainText(behind);
  expect(await ranks(page)).toEqual([['#wasm', '4'], ['#rust', '2']]);
});

test('a page that is opened paused shows what there is, and stays with it', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, `${tagtide.url}/?paused=1`, [['#rust', '1']]);
  await expect(page.locator('.state')).toContainText(/Paused at \d\d:\d\d:\d\d/);
  await tagtide.post('#rust');
  await expect(page.locator('.state')).toContainText(behind);
  expect(await ranks(page)).toEqual([['#rust', '1']]);
});
