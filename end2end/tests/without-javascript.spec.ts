// What must hold where no script runs: the server's HTML is the page.

import { expect, openWith, ranks, test } from './tagtide';

test.use({ javaScriptEnabled: false });

test('the ranks are a table with a caption and headings', async ({ page, tagtide }) => {
  await tagtide.post('#rust is #fun', '#rust again', 'and #Rust');
  await openWith(page, `${tagtide.url}/?window=all`, [['#rust', '3'], ['#fun', '1']]);
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - navigation "Ranking":
      - link "Most mentioned"
      - link "By people"
      - link "Rising"
    - heading "Most mentioned since the count began" [level=1]
    - 'table "Hashtags: Most mentioned since the count began"':
      - rowgroup:
        - row "Rank Tag Mentions People Rise Share"
      - rowgroup:
        - 'row "1 #rust 3 – – 75.0%"':
          - cell "1"
          - 'rowheader "#rust"'
          - cell "3"
        - 'row "2 #fun 1 – – 25.0%"'
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
  const current = page.locator('.masthead nav [aria-current]');
  await expect(current).toHaveText('5 min');
  await page.getByRole('link', { name: 'All time' }).click();
  await expect(page).toHaveURL(`${tagtide.url}/?window=all`);
  await expect(current).toHaveText('All time');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Most mentioned since the count began');
});

test('a filter is said, and the form takes it away', async ({ page, tagtide }) => {
  await tagtide.post('{"text":"#hallo","lang":"de"}', '{"text":"#hello","lang":"en"}');
  await openWith(page, `${tagtide.url}/?window=all&lang=de&k=5`, [['#hallo', '1']]);
  await expect(page.getByText('Only posts in German are counted.')).toBeVisible();
  await page.getByRole('combobox', { name: 'Language' }).selectOption('All languages');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/window=all/);
  expect((await ranks(page)).length).toBe(2);
  await expect(page.getByRole('combobox', { name: 'Rows' })).toHaveValue('5');
  await page.getByRole('link', { name: 'Rising' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing to rank yet' })).toBeVisible();
  await page.getByRole('link', { name: 'Show all that is mentioned' }).click();
  await expect(page).toHaveURL(`${tagtide.url}/?window=all&k=5`);
});

test('every choice of the form is one of the address, and stays with the next', async ({ page, tagtide }) => {
  await tagtide.post(
    '{"text":"#hallo","lang":"de","author":"a"}', '{"text":"#hello","lang":"en","author":"a"}',
  );
  await openWith(page, `${tagtide.url}/?window=all&by=people`, [['#hallo', '1'], ['#hello', '1']]);
  const pick = (name: string) => page.getByRole('combobox', { name });
  await pick('Language').selectOption('German');
  await pick('Source').selectOption('listen');
  await pick('Rows').selectOption('Top 25');
  await pick('Theme').selectOption('Dark');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/lang=de/);
  const query = new URL(page.url()).searchParams;
  for (const [name, value] of [
    ['window', 'all'], ['by', 'people'], ['lang', 'de'], ['source', 'listen'], ['k', '25'], ['theme', 'dark'],
  ]) {
    expect(query.get(name), name).toBe(value);
  }
  expect(await ranks(page)).toEqual([['#hallo', '1']]);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('link', { name: '1 hour' }).click();
  await expect(page).toHaveURL(/window=1h/);
  for (const [name, value] of [['Language', 'de'], ['Source', 'listen'], ['Rows', '25'], ['Theme', 'dark']]) {
    await expect(pick(name)).toHaveValue(value);
  }
});

test('nothing is shown that only scripts can do', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await expect(page.getByRole('searchbox')).toBeHidden();
  await expect(page.getByRole('link', { name: 'Pause' })).toBeHidden();
  await expect(page.getByRole('button')).toHaveText(['Show']);
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByText('No connection to tagtide.')).toBeHidden();
  await page.locator('summary', { hasText: 'Share' }).click();
  await expect(page.getByRole('link', { name: 'CSV' })).toBeVisible();
  await expect(page.getByRole('textbox')).toHaveCount(0);
  await expect(page.getByRole('button')).toHaveText(['Show']);
});

test('mentions over time are a table, and nothing is said of keys', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, tagtide.url, [['#rust', '1']]);
  await page.goto(`${tagtide.url}/tag/rust`);
  await expect(page.locator('canvas')).toHaveCount(0);
  await expect(page.locator('.times table')).toBeVisible();
  await expect(page.getByText('The arrow keys')).toBeHidden();
});

test('a tag has a page of its own', async ({ page, tagtide, watch }) => {
  watch.expected = [/status of 404/];
  await tagtide.post('{"text":"#Rust #wasm","lang":"en","author":"a"}', '#rust', '#rust');
  await openWith(page, `${tagtide.url}/?window=all`, [['#rust', '3'], ['#wasm', '1']]);
  await page.getByRole('rowheader').getByRole('link').first().click();
  await expect(page).toHaveURL(`${tagtide.url}/tag/rust?window=all`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^#rust$/i);
  for (const name of ['Over time', 'Together with', 'Languages', 'Sources', 'Spellings']) {
    await expect(page.getByRole('heading', { level: 2, name })).toBeVisible();
  }
  await expect(page.getByRole('link', { name: 'English' })).toHaveAttribute('href', '/?window=all&lang=en');
  await expect(page.getByRole('link', { name: '#wasm' })).toHaveAttribute('href', '/tag/wasm?window=all');
  const response = await page.goto(`${tagtide.url}/tag/never`);
  expect(response?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#never');
});

test('a slip in the address still shows a board', async ({ page, tagtide }) => {
  await tagtide.post('#rust');
  await openWith(page, `${tagtide.url}/?window=6m&by=luck&source=moon`, [['#rust', '1']]);
  await expect(page.locator('.masthead nav [aria-current]')).toHaveText('5 min');
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
    ['window=6m', 'bad_window'], ['source=moon', 'bad_source'], ['lang=English', 'bad_lang'],
    ['k=0', 'bad_k'], ['after=soon', 'bad_after'],
  ]) {
    const refused = await ask(query);
    expect(refused.status()).toBe(400);
    expect((await refused.json()).error.code).toBe(code);
  }
});
