// What a reader does with single rows: filter, mute, point at, hold the focus on.

import type { Page } from '@playwright/test';
import { alive, expect, openAlive, order, ranks, test } from './tagtide';

const filter = (page: Page) => page.getByRole('searchbox');
const column = (page: Page) => page.locator('tbody td.rank').allTextContents();
const rows = (page: Page) => page.locator('tbody tr');

test('the filter narrows the table and the picture, and says so when nothing is left', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm', '#rustacean']);
  const picture = () => page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  let whole = '';
  await expect.poll(async () => {
    const before = whole;
    whole = await picture();
    return whole === before;
  }).toBe(true);
  await filter(page).fill('RUST');
  await expect.poll(() => order(page)).toEqual(['#rust', '#rustacean']);
  await expect.poll(picture).not.toEqual(whole);
  expect((await column(page))).toEqual(['1', '3']);
  await filter(page).fill('#wasm');
  await expect.poll(() => order(page)).toEqual(['#wasm']);
  await filter(page).fill('nothing of this');
  await expect(rows(page)).toHaveCount(0);
  await expect(page.getByText(/No hashtag of this board has .*nothing of this.* in it/)).toBeVisible();
  // New counts do not bring it back.
  await tagtide.post('#wasm');
  await filter(page).fill('');
  await expect.poll(() => order(page)).toEqual(['#rust', '#wasm', '#rustacean']);
});

test('a muted hashtag is gone until it is brought back', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm', '#tide']);
  await rows(page).nth(1).hover();
  await page.getByRole('button', { name: 'Mute #wasm' }).click();
  await expect.poll(() => order(page)).toEqual(['#rust', '#tide']);
  await expect(page.getByText('1 muted hashtag', { exact: true })).toBeVisible();
  await page.reload();
  await alive(page);
  await expect.poll(() => order(page)).toEqual(['#rust', '#tide']);
  await tagtide.post('#wasm', '#wasm', '#wasm');
  await tagtide.post('#tide');
  await expect.poll(() => ranks(page)).toEqual([['#rust', '3'], ['#tide', '2']]);

  await page.mouse.move(0, 0);
  await page.getByText('1 muted hashtag', { exact: true }).click();
  const back = page.getByRole('button', { name: /#wasm/ });
  if (await back.isVisible()) await back.click();
  await expect.poll(() => order(page)).toEqual(['#wasm', '#rust', '#tide']);
  await expect(page.getByText('1 muted hashtag', { exact: true })).toBeHidden();
  await page.reload();
  await expect.poll(() => order(page)).toEqual(['#wasm', '#rust', '#tide']);
});

test('the muted one is not the headline either', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  await rows(page).first().hover();
  await page.getByRole('button', { name: 'Mute #rust' }).click();
  await expect(page.locator('.leader')).not.toContainText('#rust');
  await expect(page.locator('.leader')).toContainText('#wasm');
});

/** Ranks change; the order holds with new numbers in the columns until `leave`. */
async function hold(page: Page, change: () => Promise<void>, leave: () => Promise<void>): Promise<void> {
  await change();
  await expect.poll(() => ranks(page), { timeout: 5_000 })
    .toEqual([['#rust', '3'], ['#wasm', '2'], ['#tide', '6']]);
  await expect.poll(() => column(page)).toEqual(['2', '3', '1']);
  await leave();
  await expect.poll(() => ranks(page), { timeout: 3_000 })
    .toEqual([['#tide', '6'], ['#rust', '3'], ['#wasm', '2']]);
  expect(await column(page)).toEqual(['1', '2', '3']);
}

test('rows do not move under the pointer', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm', '#tide']);
  await rows(page).nth(1).hover();
  await hold(page, () => tagtide.post(...Array<string>(5).fill('#tide')), () => page.mouse.move(2, 2));
});

test('rows do not move under the focus', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm', '#tide']);
  const link = page.getByRole('rowheader').getByRole('link', { name: '#wasm' });
  await link.focus();
  await hold(page, () => tagtide.post(...Array<string>(5).fill('#tide')), async () => {
    await expect(link).toBeFocused();
    await link.blur();
  });
});

test('the focus stays on its tag when that moves', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm', '#tide']);
  const link = page.getByRole('rowheader').getByRole('link', { name: '#tide' });
  await link.focus();
  await tagtide.post(...Array<string>(5).fill('#tide'));
  await expect.poll(async () => (await ranks(page)).find(([tag]) => tag === '#tide')).toEqual(['#tide', '6']);
  await expect(link).toBeFocused();
});

test('what is told of a bar goes with its tag', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm', '#tide']);
  const canvas = (await page.locator('canvas').boundingBox())!;
  const second = (await rows(page).nth(1).boundingBox())!;
  await page.mouse.move(canvas.x + 40, second.y + second.height / 2);
  const tip = page.getByRole('tooltip', { includeHidden: true });
  await expect(tip).toContainText('#wasm');
  await tagtide.post(...Array<string>(10).fill('#tide'));
  await expect.poll(async () => (await ranks(page)).find(([tag]) => tag === '#tide')).toEqual(['#tide', '11']);
  await expect(tip).toContainText('#wasm');
});

test('a row out of sight is as new as those in sight', async ({ page, tagtide }) => {
  const tags = Array.from({ length: 100 }, (_, at) => `#tag${at + 100}`);
  await tagtide.post(...tags);
  await tagtide.counted(100);
  await page.goto(`${tagtide.url}/?k=100`);
  await alive(page);
  /** The count of the last row at the moment at which the first one has this. */
  const lastWhenFirst = async (count: string) => (await page.waitForFunction((count) => {
    const counts = [...document.querySelectorAll('tbody .mentions')].map((cell) => cell.textContent);
    return counts[0] === count && counts.at(-1);
  }, count)).jsonValue();
  for (const count of ['2', '3', '4']) {
    await tagtide.post(...tags);
    expect(await lastWhenFirst(count)).toBe(count);
  }
});

test('a picture is whole, also where it is out of sight', async ({ page, tagtide }) => {
  const tags = Array.from({ length: 100 }, (_, at) => `#tag${at + 100}`);
  await tagtide.post(...tags);
  await tagtide.counted(100);
  await page.setViewportSize({ width: 320, height: 700 });
  await page.goto(`${tagtide.url}/?k=100`);
  await alive(page);
  // In each twentieth of it there is something of a bar.
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.picture canvas');
    // A copy that may be read often.
    const copy = document.createElement('canvas');
    const context = copy.getContext('2d', { willReadFrequently: true });
    if (!canvas || !context || canvas.getBoundingClientRect().top < innerHeight) return false;
    [copy.width, copy.height] = [canvas.width, canvas.height];
    context.drawImage(canvas, 0, 0);
    const part = Math.floor(canvas.height / 20);
    return Array.from({ length: 20 }, (_, at) => context.getImageData(0, at * part, canvas.width, part))
      .every(({ data }) => data.some((value) => value !== 0));
  });
});

test('another view comes in its own order, wherever the pointer rests', async ({ page, tagtide }) => {
  await tagtide.post('{"text":"#viel","lang":"de"}', '#rust', '#rust', '#rust', '#viel');
  await tagtide.counted(5);
  await page.goto(`${tagtide.url}/?lang=de`);
  await alive(page);
  await expect.poll(() => ranks(page)).toEqual([['#viel', '1']]);
  await rows(page).first().hover();
  await page.getByRole('combobox', { name: 'Language' }).selectOption('All languages');
  await expect.poll(() => ranks(page)).toEqual([['#rust', '3'], ['#viel', '2']]);
});
