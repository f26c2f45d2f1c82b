// What an open board takes of the browser's main thread: `node effort.mjs`, with the release built.
//
// Counted is processor time of the page's main thread, as Chromium counts it (`Performance.getMetrics`
// in thread ticks): all tasks, and of these scripts, styles and layout; the rest is paint, commit and
// what the browser does for itself. All of it in an epoch of two seconds, in which the page asks
// twice and is told news once, and for comparison where nothing is posted: only rates and the lines of
// the last minutes still change. Every count of the board is another with each epoch, and now and then two
// tags change places.
//
// `still` is for readers who want no motion. The tutorial's page does what it did: it asks each second, draws
// ten bars each time, whether there is news or not, and moves them there; it has no table. How much of the
// machine was idle stands beside it: what others do at the same time makes every task longer.

import { chromium } from '@playwright/test';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const binary = resolve(repository, process.env.TAGTIDE_BIN ?? 'target/release/tagtide');
const EPOCH = 2_000;
const EPOCHS = 5;
const ROUNDS = Number(process.env.ROUNDS ?? 3); // of which the medians are told

const data = mkdtempSync(join(tmpdir(), 'tagtide-effort-'));
const server = spawn(binary, [
  'serve', '--listen', '127.0.0.1:0', '--data', data, '--batch', `${EPOCH}ms`, '--source', 'listen:127.0.0.1:0',
], { cwd: data, stdio: ['ignore', 'ignore', 'pipe'] });
const { url, door } = await new Promise((found, fail) => {
  server.on('error', fail);
  server.on('exit', () => fail(new Error(`${binary} has ended`)));
  let [url, door] = ['', 0];
  createInterface({ input: server.stderr }).on('line', (coloured) => {
    const line = coloured.replace(/\u001b\[[0-9;]*m/g, '');
    url ||= line.match(/tagtide is at (http:\/\/[0-9.:]+)/)?.[1] ?? '';
    door ||= Number(line.match(/takes lines at 127\.0\.0\.1:(\d+)/)?.[1] ?? 0);
    if (url && door) found({ url, door });
  });
});

/** As many mentions as tags of a living board have: few of most, and never just as many as before. */
const tags = Array.from({ length: 110 }, (_, at) => `#${['tide', 'rust', 'wasm', 'boardgame', 'novemberrain'][at % 5]}${at}`);
let people = 0;
let seed = 7;
const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
function post() {
  const mentions = tags.map((_, at) => {
    const mean = 600 / (at + 5);
    return Math.max(1, Math.round(mean + (random() + random() + random() - 1.5) * 2 * Math.sqrt(mean)));
  });
  const lines = Array.from({ length: Math.max(...mentions) }, (_, round) => {
    const mentioned = tags.filter((_, at) => mentions[at] > round);
    const posts = Array.from({ length: Math.ceil(mentioned.length / 10) }, (_, at) => mentioned.slice(at * 10, at * 10 + 10));
    return posts.map((tags) => `${JSON.stringify({ text: '', tags, author: `p${people++}` })}\n`).join('');
  });
  return new Promise((done, fail) => {
    const socket = createConnection(door, '127.0.0.1', () => socket.end(lines.join('')));
    socket.on('error', fail).on('close', done);
  });
}

const processor = () => readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/).slice(1).map(Number);
const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const ours = (rows) => async (page) => {
  await page.goto(`${url}/?window=1h&k=${rows}`);
  await page.waitForFunction((rows) => document.querySelector('.state.live')
    && document.querySelectorAll('tbody tr').length === rows, rows);
};

/** With Chart.js 2.3.0 and jQuery 1.9.1. */
const theirs = async (page) => {
  const library = (path) => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));
  const at = `${url}/tutorial`;
  await page.route(at, (route) => route.fulfill({
    contentType: 'text/html', body: '<!doctype html><div style="width: 700px"><canvas id="chart"></canvas></div>',
  }));
  await page.goto(at);
  await page.addScriptTag({ path: library('chart.js/dist/Chart.js') });
  await page.addScriptTag({ path: library('jquery/jquery.min.js') });
  await page.evaluate(() => {
    const colours = ['255, 99, 132', '54, 162, 235', '255, 206, 86', '75, 192, 192', '153, 102, 255', '255, 159, 64'];
    const of = (opacity) => Array.from({ length: 11 }, (_, at) => `rgba(${colours[at % 6]}, ${opacity})`);
    const chart = new Chart(document.getElementById('chart'), {
      type: 'horizontalBar',
      data: {
        labels: [],
        datasets: [{ label: '# of Mentions', data: [], backgroundColor: of(0.2), borderColor: of(1), borderWidth: 1 }],
      },
      options: { scales: { yAxes: [{ ticks: { beginAtZero: true } }] } },
    });
    let told = { sLabel: [], sData: [] };
    setInterval(() => {
      $.getJSON('/refreshData', {}, (answer) => { told = answer; });
      chart.data.labels = told.sLabel;
      chart.data.datasets[0].data = told.sData;
      chart.update();
    }, 1000);
  });
};

/** Milliseconds an epoch. */
async function effort(browser, open, motion) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: motion });
  await open(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    const seconds = (name) => metrics.find((metric) => metric.name === name).value;
    const parts = ['TaskDuration', 'ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'].map(seconds);
    return [parts, processor()];
  };
  // What only happens once is over.
  await page.waitForTimeout(EPOCH);
  const [before, machine] = await read();
  await page.waitForTimeout(EPOCH * EPOCHS);
  const [after, later] = await read();
  await page.close();
  const ticks = later.map((ticks, at) => ticks - machine[at]);
  return [...after.map((seconds, at) => (seconds - before[at]) * 1000 / EPOCHS), ticks[3] / sum(ticks) * 100];
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync),
  args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-background-networking'],
});
const row = (...cells) => console.log(cells.map((cell, at) =>
  at === 0 ? String(cell).padEnd(28) : String(cell).padStart(10)).join(''));
try {
  // A window's worth, so that a second more changes as much as on a board that has hung for days.
  for (let epoch = 0; epoch < 60; epoch += 1) await post();
  row('main thread, ms an epoch', 'all', 'scripts', 'styles', 'layout', 'idle %');
  const told = async (name, open, motion) => {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await effort(browser, open, motion));
    row(`  ${name}`, ...rounds[0].map((_, at) => median(rounds.map((round) => round[at])).toFixed(1)));
  };
  const posting = setInterval(post, EPOCH);
  for (const rows of [10, 100]) await told(`${rows} rows`, ours(rows), 'no-preference');
  for (const rows of [10, 100]) await told(`${rows} rows, still`, ours(rows), 'reduce');
  await told('tutorial, 10 rows', theirs, 'no-preference');
  clearInterval(posting);
  // The last of it is counted.
  await new Promise((done) => setTimeout(done, 2 * EPOCH));
  for (const rows of [10, 100]) await told(`${rows} rows, no posts`, ours(rows), 'reduce');
  await told('tutorial, no posts', theirs, 'no-preference');
} finally {
  await browser.close();
  server.removeAllListeners('exit');
  server.kill();
  rmSync(data, { recursive: true, force: true });
}
