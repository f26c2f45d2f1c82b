// What has reached a threshold, over the board.

import { alive, expect, faults, fits, openAlive, openWith, test } from './tagtide';

const long = `#${'w'.repeat(60)}`;
test.use({ options: ['--alert-tag', 'rust=3', '--alert-tag', 'wasm=2/24h', '--alert-tag', `${long}=1/all`] });

test('an alert comes by itself, leads to its tag, and goes when it is dismissed', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#other']);
  const alerts = page.getByRole('complementary', { name: 'Alerts' });
  await expect(alerts).toBeHidden();
  await tagtide.post('#Rust');
  await expect(alerts.getByRole('listitem')).toHaveText([/^#rust has 3 mentions in the last five minutes, /i]);
  await tagtide.post('#wasm', '#wasm');
  await expect(alerts.getByRole('listitem')).toHaveText([/^#wasm has 2 .* 24 hours/, /^#rust/i]);
  const href = await alerts.getByRole('link', { name: '#wasm' }).getAttribute('href');
  expect(href).toMatch(/^\/tag\/wasm\?window=24h/);
  await alerts.getByRole('button', { name: 'Dismiss' }).click();
  await expect(alerts).toBeHidden();
  // It is not told again, and others still are.
  await tagtide.post('#rust', long);
  await expect(alerts.getByRole('listitem')).toHaveText([new RegExp(`^${long}`)]);
  await page.getByRole('button', { name: `Mute ${long}` }).click();
  await expect(alerts).toBeHidden();
});

for (const theme of ['light', 'dark']) {
  test(`alerts fit and can be read: ${theme}`, async ({ page, tagtide }) => {
    await tagtide.post('#rust #wasm', '#rust #wasm', '#rust', long);
    await openWith(page, `${tagtide.url}/?theme=${theme}`, [['#rust', '3'], ['#wasm', '2'], [long, '1']]);
    await alive(page);
    await expect(page.getByRole('complementary', { name: 'Alerts' }).getByRole('listitem')).toHaveCount(3);
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await fits(page);
      expect(await faults(page)).toEqual([]);
    }
  });
}

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });
  test('alerts are in the page', async ({ page, tagtide }) => {
    await tagtide.post('#rust', '#rust', '#rust');
    await openWith(page, tagtide.url, [['#rust', '3']]);
    await expect(page.getByRole('complementary', { name: 'Alerts' }).getByRole('link')).toHaveText('#rust');
    await expect(page.getByRole('button', { name: 'Dismiss' })).toBeHidden();
  });
});
