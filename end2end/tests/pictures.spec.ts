// The pictures under the hand: what is told of a bar, what the keys do, and what moves when.

import type { Page } from '@playwright/test';
import { alive, expect, openWith, test, type Tagtide } from './tagtide';

const rust = ['#rust #wasm', '#rust', '#rust'];
const tip = (page: Page) => page.getByRole('tooltip', { includeHidden: true });

/** Where the bar of a rank is. */
async function bar(page: Page, rank: number): Promise<{ x: number; y: number }> {
  const box = (await page.locator('canvas').boundingBox())!;
  const above = box.width < 28 * 16;
  const band = box.height / (above ? 10 : 11);
  return { x: box.x + box.width * 0.4, y: box.y + band * (rank - (above ? 0.5 : -0.5)) };
}

/** Counts the pictures that are drawn from here on. */
async function countPictures(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const draws = CanvasRenderingContext2D.prototype;
    const clear = draws.clearRect;
    (window as any).pictures = 0;
    draws.clearRect = function (...place) {
      (window as any).pictures += 1;
      return clear.apply(this, place);
    };
  });
  return () => page.evaluate(() => (window as any).pictures);
}

async function open(page: Page, tagtide: Tagtide): Promise<void> {
  await tagtide.post(...rust);
  await openWith(page, tagtide.url, [['#rust', '3'], ['#wasm', '1']]);
  await alive(page);
}

test('a bar tells of itself, follows its tag and leads to its page', async ({ page, tagtide }) => {
  await open(page, tagtide);
  const second = await bar(page, 2);
  await page.mouse.move(second.x, second.y);
  await expect(tip(page)).toBeVisible();
  await expect(tip(page)).toContainText('#wasmMentions1');

  // It can be reached itself, along the row.
  const beside = (await tip(page).boundingBox())!;
  await page.mouse.move(beside.x + beside.width / 2, second.y, { steps: 20 });
  await expect(tip(page)).toContainText('#wasm');

  await tagtide.post('#wasm', '#wasm', '#wasm');
  await expect(tip(page)).toContainText('#wasmMentions4');
  await expect(tip(page)).toBeVisible();
  const first = await bar(page, 1);
  const told = (await tip(page).boundingBox())!;
  expect(told.y).toBeLessThan(first.y);

  await page.keyboard.press('Escape');
  await expect(tip(page)).toBeHidden();
  await page.mouse.move(0, 0);
  await page.mouse.click(first.x, first.y);
  await expect(page).toHaveURL(/\/tag\/wasm/);
});

test('what is told goes with its tag', async ({ page, tagtide }) => {
  await tagtide.post('#rust', '#rust', '#wasm');
  await openWith(page, `${tagtide.url}/?k=2`, [['#rust', '2'], ['#wasm', '1']]);
  await alive(page);
  const second = await bar(page, 2);
  await page.mouse.move(second.x, second.y);
  await expect(tip(page)).toBeVisible();
  await tagtide.post('#new', '#new', '#new');
  await expect(tip(page)).toBeHidden();
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 320, height: 480 }, hasTouch: true });

  test('what is told stays in the window, and a tap opens', async ({ page, tagtide }) => {
    await open(page, tagtide);
    await page.locator('canvas').scrollIntoViewIfNeeded();
    for (const rank of [1, 2]) {
      const at = await bar(page, rank);
      await page.mouse.move(at.x, at.y);
      await expect(tip(page)).toBeVisible();
      const told = (await tip(page).boundingBox())!;
      expect(told.x).toBeGreaterThanOrEqual(0);
      expect(told.x + told.width).toBeLessThanOrEqual(320);
      expect(told.y).toBeGreaterThanOrEqual(0);
      expect(told.y + told.height).toBeLessThanOrEqual(480);
    }
    const at = await bar(page, 1);
    await page.touchscreen.tap(at.x, at.y);
    await expect(page).toHaveURL(/\/tag\/rust/);
  });
});

test('what changes moves, and nothing moves when nothing changes', async ({ page, tagtide }) => {
  await open(page, tagtide);
  const pictures = await countPictures(page);
  await tagtide.post('#wasm', '#wasm', '#wasm');
  await expect.poll(pictures).toBeGreaterThan(3);
  await expect.poll(async () => {
    const before = await pictures();
    await page.evaluate(() => new Promise((done) => setTimeout(done, 1500)));
    return (await pictures()) - before;
  }).toBe(0);
});

test('nothing glides for those who ask for that', async ({ page, tagtide }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, tagtide);
  const pictures = await countPictures(page);
  await tagtide.post('#wasm', '#wasm', '#wasm');
  await expect(page.getByRole('table').locator('td.mentions').first()).toHaveText('4');
  await page.evaluate(() => new Promise((done) => setTimeout(done, 700)));
  expect(await pictures()).toBeLessThanOrEqual(2);
  expect(await pictures()).toBeGreaterThan(0);
});

test('mentions over time are read with the keys', async ({ page, tagtide }) => {
  await tagtide.post(...rust);
  await tagtide.counted(rust.length);
  await page.goto(`${tagtide.url}/tag/rust`);
  const chart = page.getByRole('application', { name: 'Mentions over time' });
  await chart.waitFor();
  await expect(page.locator('.times table')).toBeHidden();
  const told = page.locator('.times output');
  await expect(told).toHaveAttribute('aria-live', 'off');
  await chart.focus();
  await expect(told).toHaveAttribute('aria-live', 'polite');
  await expect(told).toHaveText(/^From \d\d:\d\d:\d\d: /);
  await page.keyboard.press('ArrowUp');
  await expect(told).toHaveText(/^From /);
  await page.keyboard.press('Home');
  await page.keyboard.press('Escape');
  await expect(told).toHaveText(/^From /);
  await page.getByText('As a table').click();
  await expect(page.locator('.times table')).toBeVisible();
});
