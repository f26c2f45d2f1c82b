// What must hold where no script runs: the server's HTML is the page.

import { expect, openWith, test } from './tagtide';

test.use({ javaScriptEnabled: false });

test('the ranks are a table with a caption and headings', async ({ page, tagtide }) => {
  await tagtide.post('#rust is #fun', '#rust again', 'and #Rust');
  await openWith(page, `${tagtide.url}/?window=all`, [['#rust', '3'], ['#fun', '1']]);
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - heading "Most mentioned of all time" [level=1]
    - table "The ten most mentioned hashtags since the count began":
      - rowgroup:
        - row "Rank Tag Mentions Share"
      - rowgroup:
        - 'row "1 #rust 3 75.0%"':
          - cell "1"
          - 'rowheader "#rust"'
          - cell "3"
          - cell "75.0%"
        - 'row "2 #fun 1 25.0%"'
  `);
  await expect(page.locator('tbody th').first()).toHaveAttribute('scope', 'row');
});

test('no place is kept for a picture that cannot come', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await expect(page.locator('canvas')).toHaveCount(0);
  await expect(page.locator('.picture')).toBeHidden();
  await expect(page.getByText('reload it for newer counts')).toBeVisible();
});

test('windows are links, and the current one is marked', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  const current = page.locator('nav [aria-current]');
  await expect(current).toHaveText('5 minutes');
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page).toHaveURL(`${tagtide.url}/?window=all`);
  await expect(current).toHaveText('All time');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Most mentioned of all time');
});

test('a slip in the address still shows a board', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, `${tagtide.url}/?window=6m&by=luck&source=moon`, [['#rust', '1']]);
  await expect(page.locator('nav [aria-current]')).toHaveText('5 minutes');
});

test('an empty board says what to do', async ({ page, tagtide }) => {
  await expect(async () => {
    await page.goto(tagtide.url);
    await expect(page.getByRole('heading', { name: 'Nothing to rank yet' }))
      .toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(page.getByText("echo 'hello #world' | nc 127.0.0.1")).toBeVisible();
});

test('a tag is text, whatever it is made of', async ({ page, tagtide }) => {
  await tagtide.post('#שלום', '#日本語', '#é', '{"text":"x","tags":["<b>bold</b>"]}');
  await expect(async () => {
    await page.goto(`${tagtide.url}/?window=all`);
    await expect(page.locator('tbody tr').nth(2)).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(page.locator('tbody b')).toHaveCount(0);
  await expect(page.locator('tbody bdi', { hasText: '#שלום' })).toHaveCount(1);
});

test('an address that shows nothing is not found', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 404/];
  const response = await page.goto(`${tagtide.url}/no/such/page`);
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'Nothing here' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'See what is trending' })).toBeVisible();
});

test('the page is sent with a policy that lets nothing else run', async ({ page, tagtide }) => {
  const policies = [];
  for (let load = 0; load < 2; load += 1) {
    const response = await page.goto(tagtide.url);
    policies.push(response?.headers()['content-security-policy'] ?? '');
  }
  for (const policy of policies) {
    expect(policy).toContain("'strict-dynamic'");
    expect(policy).toContain("'wasm-unsafe-eval'");
    expect(policy).not.toContain('unsafe-inline');
  }
  expect(policies[0]).not.toEqual(policies[1]);
  expect(await page.content()).not.toContain(' style=');
});

test('the question of the page is answered in JSON', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, `${tagtide.url}/?window=all`, [['#rust', '1']]);
  const ask = (query: string) => page.request.get(`${tagtide.url}/api/fn/board?${query}`);
  const answer = await (await ask('window=all')).json();
  expect(answer.Board.top.rows[0]).toMatchObject({ rank: 1, tag: '#rust', count: 1, share: 1 });

  for (const [query, code] of [
    ['window=6m', 'bad_window'], ['source=moon', 'bad_source'], ['after=soon', 'bad_after'],
  ]) {
    const refused = await ask(query);
    expect(refused.status()).toBe(400);
    expect((await refused.json()).error.code).toBe(code);
  }
});
