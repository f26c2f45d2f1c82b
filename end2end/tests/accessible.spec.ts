// For everybody: the rules of WCAG 2.2 AA, what is read aloud, and the keyboard alone.

import type { Page } from '@playwright/test';
import { alive, expect, faults, openAlive, openWith, test } from './tagtide';

const tags = ['#rust', '#wasm', '#שלום', '#日本語'];

for (const theme of ['light', 'dark']) {
  test.describe(theme, () => {
    test(`the board, its share box and its help: ${theme}`, async ({ page, tagtide }) => {
      await openAlive(page, tagtide, `/?theme=${theme}`, tags);
      expect(await faults(page)).toEqual([]);
      await page.locator('summary', { hasText: 'Share' }).click();
      expect(await faults(page)).toEqual([]);
      await page.locator('summary', { hasText: 'Share' }).click();
      await page.getByRole('button', { name: 'Keys' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await faults(page)).toEqual([]);
    });

    test(`on a phone: ${theme}`, async ({ page, tagtide }) => {
      await page.setViewportSize({ width: 320, height: 640 });
      await openAlive(page, tagtide, `/?theme=${theme}`, tags);
      expect(await faults(page)).toEqual([]);
    });

    test(`a row under the pointer, muted and filtered rows, a pause: ${theme}`, async ({ page, tagtide }) => {
      await openAlive(page, tagtide, `/?theme=${theme}`, tags);
      await page.locator('tbody tr').nth(1).hover();
      expect(await faults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Mute #wasm' }).click();
      await expect(page.getByText('1 muted hashtag')).toBeVisible();
      await page.getByRole('searchbox').fill('nothing of this');
      expect(await faults(page)).toEqual([]);
      await page.getByRole('link', { name: 'Pause' }).click();
      await expect(page.locator('.state')).toContainText('Paused');
      expect(await faults(page)).toEqual([]);
    });

    test(`one tag: ${theme}`, async ({ page, tagtide }) => {
      await openAlive(page, tagtide, `/?theme=${theme}`, ['#rust', '#wasm']);
      await tagtide.post('{"text":"#rust #wasm","lang":"de","author":"a"}');
      await page.getByRole('rowheader').getByRole('link', { name: '#rust' }).click();
      await expect(page.getByRole('link', { name: 'German' })).toBeVisible();
      await page.getByText('As a table').click();
      expect(await faults(page)).toEqual([]);
    });

    test(`nothing yet, not found, in a frame, full screen: ${theme}`, async ({ page, tagtide, watch }) => {
      watch.expected = [/status of 404/];
      await page.goto(`${tagtide.url}/?theme=${theme}`);
      await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeVisible();
      await alive(page);
      expect(await faults(page)).toEqual([]);
      await page.goto(`${tagtide.url}/no/such/page?theme=${theme}`);
      await expect(page.getByRole('heading', { name: 'Nothing here' })).toBeVisible();
      expect(await faults(page)).toEqual([]);
      await page.goto(`${tagtide.url}/tag/never?theme=${theme}`);
      await expect(page.getByRole('heading', { name: '#never' })).toBeVisible();
      expect(await faults(page)).toEqual([]);
      await openAlive(page, tagtide, `/?embed=1&theme=${theme}`, tags);
      expect(await faults(page)).toEqual([]);
      await page.goto(`${tagtide.url}/?kiosk=1&theme=${theme}`);
      await alive(page);
      expect(await faults(page)).toEqual([]);
    });

    test(`another program's board: ${theme}`, async ({ page, tagtide }) => {
      const posted = await page.request.post(`${tagtide.url}/updateData`, {
        form: { label: "['#spark', '#python']", data: '[7, 5]' },
      });
      expect(posted.status()).toBe(201);
      await openWith(page, `${tagtide.url}/?source=external&theme=${theme}`, [['#spark', '7'], ['#python', '5']]);
      await alive(page);
      expect(await faults(page)).toEqual([]);
    });

    test(`no connection: ${theme}`, async ({ page, tagtide, watch }) => {
      await openAlive(page, tagtide, `/?theme=${theme}`, tags);
      watch.expected = [/net::ERR_/];
      await page.route('**/api/fn/board*', (route) => route.abort());
      await expect(page.getByText('No connection to tagtide.')).toBeVisible();
      expect(await faults(page)).toEqual([]);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    });
  });
}

test('what is read aloud of the board', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  await expect(page.locator('body')).toMatchAriaSnapshot(`
    - banner:
      - link "tagtide"
      - navigation "Time":
        - link "1 min"
        - link "5 min"
        - link "15 min"
        - link "1 hour"
        - link "24 hours"
        - link "All time"
      - paragraph:
        - text: Live
        - time: /\\d+:\\d+:\\d+/
    - main:
      - navigation "Ranking":
        - link "Most mentioned"
        - link "By people"
        - link "Rising"
      - combobox "Language"
      - combobox "Source"
      - combobox "Rows"
      - combobox "Theme"
      - searchbox "Only hashtags with these letters"
      - link "Pause"
      - link "Full screen"
      - group: Share
      - button "Keys"
      - heading "Most mentioned in the last five minutes" [level=1]
      - paragraph:
        - link "#rust"
        - text: 2 mentions, 66.7% of all
      - 'table "Hashtags: Most mentioned in the last five minutes"':
        - caption
        - rowgroup:
          - row:
            - columnheader "Rank"
            - columnheader "Tag"
            - columnheader "Mentions"
        - rowgroup:
          - 'row /1 #rust 2 .*/':
            - cell "1"
            - 'rowheader "#rust"':
              - link "#rust"
            - cell "2"
          - 'row /2 #wasm 1 .*/'
      - heading "Sources" [level=2]
      - list:
        - listitem: /listen/
  `);
});

test('what is read aloud of a tag', async ({ page, tagtide }) => {
  await tagtide.post('{"text":"#rust #wasm","lang":"de","author":"a"}', '#rust', '#rust');
  await openWith(page, tagtide.url, [['#rust', '3'], ['#wasm', '1']]);
  await page.goto(`${tagtide.url}/tag/rust`);
  await alive(page);
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - paragraph:
      - link "All hashtags"
    - 'heading "#rust" [level=1]'
    - paragraph: What was said of it in the last five minutes.
    - term: Mentions
    - definition: "3"
    - heading "Over time" [level=2]
    - application "Mentions over time"
    - status
    - heading "Together with" [level=2]
    - list:
      - listitem:
        - link "#wasm"
    - heading "Languages" [level=2]
    - list:
      - listitem:
        - link "German"
    - heading "Sources" [level=2]
    - list:
      - listitem:
        - link "listen"
    - heading "Spellings" [level=2]
  `);
});

/** What has the focus, by what a reader knows it by. */
const focused = (page: Page) => page.evaluate(() => {
  const element = document.activeElement as HTMLElement;
  const label = element.getAttribute('aria-label') ?? element.textContent?.trim();
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return { name: element === document.body ? '' : label ?? '', outlined: outlined || style.boxShadow !== 'none',
    width: box.width, height: box.height };
});

test('Tab reaches all of it, in order, and the focus is seen', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  const names: string[] = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    if (at.name === '' || names.length > 0 && at.name === names[0]) break;
    names.push(at.name);
    expect(at.outlined, `${at.name} shows its focus`).toBe(true);
    expect(Math.min(at.width, at.height), `${at.name} has a size`).toBeGreaterThan(5);
  }
  expect(names).toEqual([
    'tagtide', '1 min', '5 min', '15 min', '1 hour', '24 hours', 'All time',
    'Most mentioned', 'By people', 'Rising', 'Language', 'Source', 'Rows', 'Theme',
    'Only hashtags with these letters', 'Pause', 'Full screen', 'Share', 'Keys',
    '#rust', '#rust', 'Mute #rust', '#wasm', 'Mute #wasm',
  ]);
});

test('Enter opens a tag, and the focus goes to its page', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust', '#wasm']);
  const inMain = () => page.evaluate(() =>
    document.querySelector('main')!.contains(document.activeElement));
  await page.getByRole('rowheader').getByRole('link', { name: '#wasm' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#wasm');
  await expect.poll(inMain).toBe(true);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'All hashtags' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('table')).toBeVisible();
  await expect.poll(inMain).toBe(true);
});

test('a choice keeps the focus where it is', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  for (const name of ['All time', 'Rising']) {
    const link = page.getByRole('link', { name });
    await link.focus();
    await page.keyboard.press('Enter');
    await expect(link).toHaveAttribute('aria-current', 'page');
    await expect(link).toBeFocused();
  }
});

test.describe('in forced colours', () => {
  test.use({ forcedColors: 'active' } as object);

  test('the state of the board is still told', async ({ page, tagtide }) => {
    await page.emulateMedia({ forcedColors: 'active' });
    await openAlive(page, tagtide, '/', ['#rust']);
    await expect(page.locator('.state')).toContainText('Live');
    await expect(page.locator('.masthead nav [aria-current]')).toHaveText('5 min');
  });
});
