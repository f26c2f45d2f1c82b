// Everything stays within its page: any width, zoom, theme, script, length and number.

import type { Page } from '@playwright/test';
import { alive, expect, fits, openAlive, order, test, type Tagtide } from './tagtide';

const strange = [
  '#صباح_الخير', '#שלום_עולם', '#ลอยกระทงสุขสันต์', '#日本語のとても長いハッシュタグの例', '#🎉🎊🥳',
  '#مرحبا_hello_שלום_日本', `#${'Donaudampfschifffahrt'.repeat(5).slice(0, 100)}`, '#e\u0301te\u0301', '#a',
];
const line = (tag: string) => JSON.stringify({ text: tag, tags: [tag], author: 'a' });

/** Another program's board: any label and any number. */
async function external(page: Page, tagtide: Tagtide, rows: [string, number][]): Promise<void> {
  const posted = await page.request.post(`${tagtide.url}/updateData`, {
    form: {
      label: `[${rows.map(([tag]) => `'${tag}'`).join(', ')}]`,
      data: `[${rows.map(([, count]) => count).join(', ')}]`,
    },
  });
  expect(posted.status()).toBe(201);
}

/** No text is wider than the box it is in, where that box does not show it to have been cut. */
async function nothingSpills(page: Page): Promise<void> {
  const spilled = () => page.locator('tbody tr > *, .leader a, h1').evaluateAll((cells) => cells
    .filter((cell) => cell.scrollWidth > cell.clientWidth + 1 && getComputedStyle(cell).overflowX === 'visible'
      && getComputedStyle(cell).display !== 'inline')
    .map((cell) => `${cell.className}: ${cell.textContent} ${cell.scrollWidth} > ${cell.clientWidth}`));
  await expect.poll(spilled).toEqual([]);
  /** The numbers in the head, which are together in little room. */
  const overlapping = () => page.locator('.totals :is(dt, dd)').evaluateAll((parts) => {
    const places = parts.filter((part) => part.textContent?.trim()).map((part) => {
      const words = document.createRange();
      words.selectNodeContents(part);
      return { text: part.textContent, place: words.getBoundingClientRect() };
    }).filter(({ place }) => place.width > 0);
    return places.flatMap((one, at) => places.slice(at + 1)
      .filter(({ place }) => one.place.left < place.right && place.left < one.place.right
        // Glyphs need less than the height of their line.
        && one.place.top + 4 < place.bottom - 4 && place.top + 4 < one.place.bottom - 4)
      .map((other) => `${one.text} over ${other.text}`));
  });
  await expect.poll(overlapping).toEqual([]);
}

/** The picture's rows are where the table's are. */
async function inLine(page: Page, ranks: number[]): Promise<void> {
  const canvas = (await page.locator('canvas').boundingBox())!;
  const tip = page.getByRole('tooltip', { includeHidden: true });
  const tags = await order(page);
  for (const rank of ranks) {
    const row = page.locator('tbody tr').nth(rank - 1);
    await row.scrollIntoViewIfNeeded();
    const place = (await row.boundingBox())!;
    const left = (await page.locator('canvas').boundingBox())!.x;
    for (const part of [0.2, 0.5, 0.8]) {
      await page.mouse.move(2, place.y);
      await page.mouse.move(left + 40, place.y + place.height * part);
      await expect(tip).toContainText(tags[rank - 1]);
    }
  }
  expect(canvas.width).toBeGreaterThan(100);
}

test('a headline is whole, as long as hashtags are, and what is below it keeps its place', async ({ page, tagtide }) => {
  const headline = page.locator('.leader bdi');
  for (const width of [320, 768, 1280, 3840]) {
    await page.setViewportSize({ width, height: 800 });
    const heights = new Set<number>();
    for (const tag of ['#rust', '#Photography', '#MondayMotivation', '#WWWWWWWW']) {
      await external(page, tagtide, [[tag, 1]]);
      await page.goto(`${tagtide.url}/?source=external`);
      await expect(headline).toHaveText(tag);
      const [there, needed] = await headline.evaluate((line) => [line.clientWidth, line.scrollWidth]);
      expect(needed, `${tag} at ${width}`).toBeLessThanOrEqual(there);
      heights.add((await headline.boundingBox())!.height);
    }
    expect(heights.size, `heights at ${width}`).toBe(1);
  }
});

test('the name of a page is whole, however long it is', async ({ page, tagtide }) => {
  const tags = ['#rust', '#MondayMotivation', `#${'صباح_الخير_'.repeat(8)}`, `#${'W'.repeat(100)}`];
  await tagtide.post(...tags);
  await tagtide.counted(tags.length);
  for (const tag of tags) {
    await page.goto(`${tagtide.url}/tag/${encodeURIComponent(tag.slice(1))}`);
    const name = page.locator('h1 bdi');
    await expect(name).toHaveText(tag);
    for (const width of [320, 768, 1280, 3840]) {
      await page.setViewportSize({ width, height: 800 });
      const [there, needed] = await name.evaluate((line) => [line.clientWidth, line.scrollWidth]);
      expect(needed, `${tag} at ${width}`).toBeLessThanOrEqual(there);
      await fits(page);
    }
  }
});

for (const theme of ['light', 'dark']) {
  test(`tags in any script fit any screen: ${theme}`, async ({ page, tagtide }) => {
    await tagtide.post(...strange.flatMap((tag, at) => Array<string>(10 - at).fill(line(tag))));
    for (const view of ['', '&by=people', '&kiosk=1', '&embed=1']) {
      await page.goto(`${tagtide.url}/?theme=${theme}${view}`);
      await expect.poll(async () => (await order(page)).length).toBe(strange.length);
      await alive(page);
      for (const width of [320, 768, 1280, 3840]) {
        await page.setViewportSize({ width, height: 800 });
        await fits(page);
        await nothingSpills(page);
      }
    }
  });

  test.describe('at 200 %', () => {
    test.use({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });

    test(`they fit zoomed in: ${theme}`, async ({ page, tagtide }) => {
      await tagtide.post(...strange.map(line));
      await page.goto(`${tagtide.url}/?theme=${theme}`);
      await expect.poll(async () => (await order(page)).length).toBe(strange.length);
      await alive(page);
      await fits(page);
      await nothingSpills(page);
    });
  });
}

test('the page of a strange tag fits any screen', async ({ page, tagtide }) => {
  await tagtide.post(line(strange[6]), line(strange[5]));
  // Before that its page is a 404.
  await tagtide.counted(2);
  for (const tag of [strange[6], strange[5]]) {
    await page.goto(`${tagtide.url}/tag/${encodeURIComponent(tag.slice(1))}`);
    await expect(page.locator('.totals dd').first()).toHaveText('1');
    await alive(page);
    for (const width of [320, 768, 1280, 3840]) {
      await page.setViewportSize({ width, height: 800 });
      await fits(page);
      await nothingSpills(page);
    }
  }
});

test('counts in billions fit, and equal ones have equal bars', async ({ page, tagtide }) => {
  // Longer than any that is counted.
  const long = `#${'Donaudampfschifffahrt'.repeat(10).slice(0, 200)}`;
  await external(page, tagtide, [
    ['#billions', 9_876_543_210], ['#million', 1_234_567], ['#even', 1_234_567], [long, 12], ['#none', 0],
  ]);
  await page.goto(`${tagtide.url}/?source=external`);
  await expect.poll(() => order(page)).toEqual([
    '#billions', '#million', '#even', expect.stringMatching(/^#(Donaudampfschifffahrt){4}.*…$/), '#none',
  ]);
  await alive(page);
  await expect(page.locator('td.mentions').first()).toHaveText('9,876,543,210');
  for (const width of [320, 768, 1280, 3840]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page);
    await nothingSpills(page);
  }
});

test('one row is a board too', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#alone']);
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page);
    await expect(page.locator('canvas')).toBeVisible();
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await inLine(page, [1]);
});

test('ten rows of the picture are in line with those of the table', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', Array.from({ length: 10 }, (_, at) => `#tag${at}x`));
  for (const width of [1280, 1920]) {
    await page.setViewportSize({ width, height: 1000 });
    await inLine(page, [1, 2, 5, 9, 10]);
  }
});

test('a hundred rows too', async ({ page, tagtide }) => {
  const tags = Array.from({ length: 100 }, (_, at) => `#tag${at + 100}`);
  await tagtide.post(...tags);
  await page.goto(`${tagtide.url}/?k=100`);
  await expect.poll(async () => (await order(page)).length).toBe(100);
  await alive(page);
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await fits(page);
  }
  await inLine(page, [1, 26, 51, 100]);
});

test('fewer than asked for are in line as well', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/?k=25', ['#a1', '#b2', '#c3']);
  await inLine(page, [1, 2, 3]);
});
