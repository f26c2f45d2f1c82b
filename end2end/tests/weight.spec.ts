// What a first view weighs on the wire, and what an open page weighs after hours.

import type { CDPSession, Page } from '@playwright/test';
import { alive, expect, test } from './tagtide';

test('a first view is at most 200 kB, all from here', async ({ page, tagtide }) => {
  await tagtide.post('#rust', '#wasm');
  await tagtide.counted(2);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const parts = new Map<string, { url: string; encoding: string; bytes: number }>();
  devtools.on('Network.responseReceived', ({ requestId, response }) => {
    const encoding = Object.entries(response.headers)
      .find(([name]) => name.toLowerCase() === 'content-encoding')?.[1] ?? '';
    parts.set(requestId, { url: response.url, encoding, bytes: 0 });
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const part = parts.get(requestId);
    if (part) part.bytes = encodedDataLength;
  });
  await page.goto(tagtide.url);
  await alive(page);
  const first = [...parts.values()].filter(({ url }) => !url.includes('/api/'));
  const told = first.map(({ url, encoding, bytes }) => `${bytes} ${encoding} ${url}`).join('\n');
  test.info().annotations.push({ type: 'weight', description: told });
  for (const kind of [/\/$/, /\.css$/, /\.js$/, /\.wasm$/]) {
    const part = first.find(({ url }) => kind.test(url));
    expect(part?.encoding, `${kind}\n${told}`).toBe('br');
    expect(part?.bytes).toBeGreaterThan(0);
  }
  const sum = first.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(sum, told).toBeLessThanOrEqual(200_000);
});

async function measure(page: Page, devtools: CDPSession): Promise<{ heap: number; nodes: number }> {
  await devtools.send('HeapProfiler.collectGarbage');
  const used = await devtools.send('Runtime.getHeapUsage');
  const { nodes } = await devtools.send('Memory.getDOMCounters');
  // The memory of WebAssembly is among what backs buffers.
  return { heap: used.usedSize + (used.backingStorageSize ?? 0), nodes };
}

test('hundreds of changes leave nothing behind', async ({ page, tagtide }) => {
  test.setTimeout(180_000);
  await page.clock.install();
  await tagtide.post('#rust', '#rust', '#wasm');
  await tagtide.counted(3);
  await page.goto(tagtide.url);
  const devtools = await page.context().newCDPSession(page);
  // The real answers, each with other counts and another order, as fast as the page asks.
  let answered = 0;
  const { Board } = await (await page.request.get(`${tagtide.url}/api/fn/board`)).json();
  await page.route('**/api/fn/board*', async (route) => {
    answered += 1;
    const rows = Array.from({ length: 10 }, (_, at) => ({
      ...Board.top.rows[0], rank: at + 1, tag: `#tag${(at * 7 + answered) % 40}`,
      count: 1_000 - at * 13 + answered, recent: Array.from({ length: 30 }, (_, of) => (of * answered) % 97),
    }));
    const at = new Date(Date.parse(Board.top.at) + answered * 1_000).toISOString();
    const top = { ...Board.top, epoch: Board.top.epoch + answered, at, rows };
    await route.fulfill({ json: { Board: { ...Board, top } } });
  });
  const polls = async (until: number) => {
    while (answered < until) {
      const before = answered;
      await page.clock.runFor(1_000);
      await expect.poll(() => answered, { intervals: [5], timeout: 200 }).toBeGreaterThan(before)
        .catch(() => {});
    }
  };
  await polls(100);
  const early = await measure(page, devtools);
  await polls(300);
  const late = await measure(page, devtools);
  test.info().annotations.push({ type: 'heap', description: JSON.stringify({ early, late }) });
  await expect(page.locator('tbody tr')).toHaveCount(10);
  expect(late.heap - early.heap).toBeLessThan(2_000_000);
  expect(late.nodes).toBeLessThanOrEqual(early.nodes * 1.1 + 50);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});
