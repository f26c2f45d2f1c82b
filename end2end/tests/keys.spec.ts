// Single keys: what they do, where they must not, and how they are switched off.

import type { Page } from '@playwright/test';
import { alive, expect, mark, openAlive, test } from './tagtide';

const filter = (page: Page) => page.getByRole('searchbox');
const help = (page: Page) => page.getByRole('dialog', { name: 'Keys' });
const current = (page: Page) => page.getByRole('navigation', { name: 'Time' }).locator('[aria-current]');

test('1 to 6 are the windows', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  const same = await mark(page);
  for (const [key, name, query] of [
    ['1', '1 min', '1m'], ['3', '15 min', '15m'], ['4', '1 hour', '1h'], ['5', '24 hours', '24h'],
    ['6', 'All time', 'all'], ['2', '5 min', null],
  ] as const) {
    await page.keyboard.press(key);
    await expect(current(page)).toHaveText(name);
    expect(new URL(page.url()).searchParams.get('window')).toBe(query);
  }
  expect(await same()).toBe(true);
});

test('Space pauses and resumes', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.keyboard.press('Space');
  await expect(page.locator('.state')).toContainText('Paused');
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await page.keyboard.press('Space');
  await alive(page);
  await expect(page).not.toHaveURL(/paused/);
});

test('Space on a button is that button', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.getByRole('button', { name: 'Keys' }).focus();
  await page.keyboard.press('Space');
  await expect(help(page)).toBeVisible();
  await expect(page.locator('.state')).not.toContainText('Paused');
});

test('f goes to full screen and back', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.keyboard.press('f');
  await expect(page).toHaveURL(/kiosk=1/);
  await page.keyboard.press('f');
  await expect(page).not.toHaveURL(/kiosk/);
});

test('/ is the way to the filter, and there keys are letters', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.keyboard.press('/');
  await expect(filter(page)).toBeFocused();
  await expect(filter(page)).toHaveValue('');
  await page.keyboard.type('1f ?/6');
  await expect(filter(page)).toHaveValue('1f ?/6');
  await expect(help(page)).toBeHidden();
  await expect(page.locator('.state')).not.toContainText('Paused');
  expect(new URL(page.url()).search).not.toMatch(/window|kiosk|paused/);
});

test('nor do they act in a list of choices', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.getByRole('combobox', { name: 'Rows' }).focus();
  await page.keyboard.press('6');
  await page.keyboard.press('f');
  await expect(current(page)).toHaveText('5 min');
  await expect(page).not.toHaveURL(/kiosk|window/);
});

test('? tells them, Escape closes and the focus comes back', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  const button = page.getByRole('button', { name: 'Keys' });
  await button.focus();
  await page.keyboard.press('?');
  await expect(help(page)).toBeVisible();
  for (const key of ['1', '6', 'Space', 'f', '/', '?']) {
    await expect(help(page).locator('kbd', { hasText: key }).first()).toBeVisible();
  }
  expect(await help(page).evaluate((dialog) => dialog.contains(document.activeElement))).toBe(true);
  await page.keyboard.press('6');
  await expect(current(page)).toHaveText('5 min');
  await page.keyboard.press('Escape');
  await expect(help(page)).toBeHidden();
  await expect(button).toBeFocused();
});

test('with Ctrl, Alt or Meta a key is not ours', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  const before = page.url();
  for (const modifier of ['Control', 'Alt', 'Meta']) {
    for (const [key, code] of [['6', 'Digit6'], ['f', 'KeyF'], ['/', 'Slash'], [' ', 'Space'], ['?', 'Slash']]) {
      // Sent to the page alone: the browser itself has uses for some of these.
      const taken = await page.evaluate(([modifier, key, code]) => {
        const held = { [`${modifier === 'Control' ? 'ctrl' : modifier.toLowerCase()}Key`]: true };
        const press = new KeyboardEvent('keydown', { key, code, ...held, bubbles: true, cancelable: true });
        return !document.body.dispatchEvent(press);
      }, [modifier, key, code]);
      expect(taken, `${modifier}+${key}`).toBe(false);
    }
  }
  await expect(help(page)).toBeHidden();
  await expect(filter(page)).not.toBeFocused();
  expect(page.url()).toBe(before);
});

test('they are switched off in the help, for good, and on again', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  const button = page.getByRole('button', { name: 'Keys' });
  const choice = page.getByRole('checkbox', { name: 'Single keys do something' });
  const deaf = async () => {
    const before = page.url();
    for (const key of ['6', 'f', 'Space', '/', '?']) await page.keyboard.press(key);
    await expect(help(page)).toBeHidden();
    await expect(filter(page)).not.toBeFocused();
    expect(page.url()).toBe(before);
    await expect(current(page)).toHaveText('5 min');
  };
  const leave = () => page.evaluate(() => (document.activeElement as HTMLElement).blur());

  await button.click();
  await expect(choice).toBeChecked();
  await choice.uncheck();
  await help(page).getByRole('button', { name: 'Close' }).click();
  await leave();
  await deaf();
  await page.reload();
  await alive(page);
  await deaf();
  await button.click();
  await expect(choice).not.toBeChecked();
  await choice.check();
  await page.keyboard.press('Escape');
  await leave();
  await page.keyboard.press('6');
  await expect(current(page)).toHaveText('All time');
});

test('1 to 6 work on a tag\'s page, where they are told', async ({ page, tagtide }) => {
  await openAlive(page, tagtide, '/', ['#rust']);
  await page.getByRole('rowheader').getByRole('link', { name: '#rust' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('#rust');
  if (await page.locator('[aria-keyshortcuts="6"]').count() === 0) return;
  await page.keyboard.press('6');
  await expect(current(page)).toHaveText('All time');
});
