// The server dies and comes back: the page says so, keeps its picture, and heals by itself.

import { alive, expect, openWith, ranks, test } from './tagtide';

test('a killed server is told of, and its return too, with the counts kept', async ({ page, tagtide, watch }) => {
  await tagtide.post('#rust', '#rust', '#wasm');
  const counts = [['#rust', '2'], ['#wasm', '1']];
  await openWith(page, `${tagtide.url}/?window=all`, counts);
  await alive(page);
  const banner = page.getByText('No connection to tagtide.');
  await expect(banner).toBeHidden();

  watch.serverMayBeDown = true;
  await tagtide.kill();
  await expect(banner).toBeVisible();
  await expect(page.locator('.state')).toContainText('Offline');
  await expect(page.locator('.banner')).toContainText(/You see the counts of \d\d:\d\d:\d\d/);
  expect(await ranks(page)).toEqual(counts);

  await tagtide.startAgain();
  await alive(page);
  await expect(banner).toBeHidden();
  watch.serverMayBeDown = false;
  expect(await ranks(page)).toEqual(counts);

  await tagtide.post('#rust');
  await expect.poll(() => ranks(page), { timeout: 4_000 }).toEqual([['#rust', '3'], ['#wasm', '1']]);
});
