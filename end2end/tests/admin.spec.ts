// The page for operators: what they block and merge, and what they approve while they review hashtags.

import { type Page } from '@playwright/test';
import { expect, faults, fits, openWith, test, type Tagtide } from './tagtide';

const token = 's3cret';
const long = `#${'w'.repeat(60)}`;
test.use({ environment: { TAGTIDE_ADMIN_TOKEN: token } });

async function signIn(page: Page, tagtide: Tagtide): Promise<void> {
  await page.goto(`${tagtide.url}/admin`);
  await page.getByLabel('Token of this server').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
}

async function press(page: Page, button: string, told: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click();
  await expect(page.getByRole('status')).toHaveText(told);
}

/** Asks for a hashtag to be shown as another one, and waits for what is told. */
async function merge(page: Page, tag: string, target: string, told: string): Promise<void> {
  await page.getByLabel('Show this hashtag').fill(tag);
  await page.getByLabel('as this one, spelled so').fill(target);
  await press(page, 'Merge', told);
}

/** Loads the page until these hashtags, and no others, wait to be approved. */
async function openWaiting(page: Page, tagtide: Tagtide, tags: string[]): Promise<void> {
  await expect(async () => {
    await page.goto(`${tagtide.url}/admin`);
    const waiting = page.getByRole('table', { name: 'Hashtags to be approved' }).getByRole('rowheader');
    await expect(waiting).toHaveText(tags, { timeout: 500 });
  }).toPass({ timeout: 15_000 });
}

test('what is blocked is gone from the board until it is unblocked', async ({ page, tagtide }) => {
  await tagtide.post('#rust #wasm', '#rust');
  const board = `${tagtide.url}/?window=all`;
  await openWith(page, board, [['#rust', '2'], ['#wasm', '1']]);
  await signIn(page, tagtide);
  await page.getByLabel('A hashtag, in any spelling').fill('Rust');
  await press(page, 'Block', 'The hashtag is blocked.');
  await openWith(page, board, [['#wasm', '1']]);

  await page.goto(`${tagtide.url}/admin`);
  await press(page, 'Unblock #Rust', 'The hashtag is no longer blocked here.');
  await openWith(page, board, [['#rust', '2'], ['#wasm', '1']]);

  await page.goto(`${tagtide.url}/admin`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByLabel('Token of this server')).toBeVisible();
});

test('what is merged is listed, the newest first, until that is undone', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 409/];
  await signIn(page, tagtide);
  await merge(page, 'worldcup26', 'WorldCup2026', 'The hashtags are shown as one.');
  await merge(page, 'worldcup2026', '#WM', 'The hashtags are shown as one.');
  await merge(page, 'WM', 'worldcup26', 'It would lead back to itself: undo first what #worldcup26 is shown as.');
  const rows = page.getByRole('table', { name: 'Merged hashtags' }).getByRole('row');
  await expect(rows).toHaveText([
    'HashtagShown asSinceUndo',
    /^#worldcup2026#WM\d.* UTCUndo$/,
    /^#worldcup26#WorldCup2026, which is shown as #WM\d.* UTCUndo$/,
  ]);

  await press(page, 'Undo #worldcup2026 as #WM', 'The hashtag is shown as itself again.');
  await expect(rows).toHaveText(['HashtagShown asSinceUndo', /^#worldcup26#WorldCup2026\d.* UTCUndo$/]);
  await press(page, 'Undo #worldcup26 as #WorldCup2026', 'The hashtag is shown as itself again.');
  await expect(rows).toHaveCount(0);
  await expect(page.getByRole('table', { name: 'Last actions' }).getByRole('row')).toHaveText([
    'WhenWhatHashtag',
    /separated#worldcup26$/,
    /separated#worldcup2026$/,
    /merged#worldcup2026 as #WM$/,
    /merged#worldcup26 as #WorldCup2026$/,
  ]);
});

test('while hashtags are reviewed a new one is shown once it is approved', async ({ page, tagtide }) => {
  await tagtide.post('#rust', '#rust', '#rust');
  const board = `${tagtide.url}/?window=all`;
  await openWith(page, board, [['#rust', '3']]);
  await signIn(page, tagtide);
  await press(page, 'Begin the review', 'From now on a hashtag is shown only once it is approved.');
  await tagtide.post('#new', '#new', '#spam');
  await tagtide.counted(6);
  await openWaiting(page, tagtide, ['#new', '#spam']);
  await openWith(page, board, [['#rust', '3']]);

  await page.goto(`${tagtide.url}/admin`);
  await press(page, 'Approve #new', 'The hashtag is approved.');
  await press(page, 'Decline #spam', 'The hashtag is blocked.');
  await expect(page.getByText('None of the last five minutes.')).toBeVisible();
  await openWith(page, board, [['#rust', '3'], ['#new', '2']]);

  await page.goto(`${tagtide.url}/admin`);
  await press(page, 'Show all again', 'Hashtags are shown again without being approved.');
  await tagtide.post('#other');
  await openWith(page, board, [['#rust', '3'], ['#new', '2'], ['#other', '1']]);
});

for (const theme of ['light', 'dark']) {
  test(`it fits and can be read: ${theme}`, async ({ page, tagtide }) => {
    await tagtide.post('#rust');
    await openWith(page, `${tagtide.url}/?window=all`, [['#rust', '1']]);
    const reads = async () => {
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        await fits(page);
        expect(await faults(page)).toEqual([]);
      }
    };
    await page.emulateMedia({ colorScheme: theme as 'light' | 'dark' });
    await page.goto(`${tagtide.url}/admin`);
    await reads();
    await signIn(page, tagtide);
    await reads();
    await page.getByLabel('A hashtag, in any spelling').fill('rust');
    await press(page, 'Block', 'The hashtag is blocked.');
    await press(page, 'Begin the review', 'From now on a hashtag is shown only once it is approved.');
    await tagtide.post(long, long, '#new');
    await openWaiting(page, tagtide, [long, '#new']);
    await merge(page, 'm'.repeat(60), 'M'.repeat(50), 'The hashtags are shown as one.');
    await reads();
  });
}
