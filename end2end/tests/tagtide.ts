// The real program for a test, and a page that is watched: what every spec starts from.
//
// Each test has its own server with its own data. A page that writes a warning or an error to the
// console, throws, or asks any other host for anything fails its test, whatever the test is about.

import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const binary = resolve(repository, process.env.TAGTIDE_BIN ?? 'target/release/tagtide');

export class Tagtide {
  /** Of the page, such as `http://127.0.0.1:40123`; the same for the whole test. */
  url = '';
  private door = 0;
  private child?: ChildProcess;
  private said: string[] = [];

  private constructor(
    private readonly data: string, private readonly sources: string[],
    private readonly options: string[], private readonly environment: Record<string, string>,
  ) {}

  static async start(
    sources: string[], options: string[], environment: Record<string, string>,
  ): Promise<Tagtide> {
    const data = await mkdtemp(join(tmpdir(), 'tagtide-e2e-'));
    const tagtide = new Tagtide(data, sources, options, environment);
    await tagtide.start('127.0.0.1:0');
    return tagtide;
  }

  /** Without warning, as when the power fails. */
  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** At the same address, on the same data. */
  async startAgain(): Promise<void> {
    await this.start(new URL(this.url).host);
  }

  async end(): Promise<void> {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }

  /** Sends each post as a line of text. */
  async post(...lines: string[]): Promise<void> {
    const socket = createConnection(this.door, '127.0.0.1');
    await once(socket, 'connect');
    socket.end(lines.map((line) => `${line}\n`).join(''));
    await once(socket, 'close');
  }

  /** Waits until so many posts are counted, and shown to whoever asks. */
  async counted(posts: number): Promise<void> {
    await expect.poll(async () => {
      const top = await fetch(`${this.url}/api/v1/top?window=all`);
      return top.ok ? (await top.json()).posts : 0;
    }, { intervals: [100] }).toBe(posts);
  }

  private async start(listen: string): Promise<void> {
    const child = spawn(binary, [
      'serve', '--listen', listen, '--data', this.data, '--batch', '200ms', ...this.options,
      ...['listen:127.0.0.1:0', ...this.sources].flatMap((each) => ['--source', each]),
    ], {
      cwd: this.data, stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...this.environment },
    });
    this.child = child;
    this.url = '';
    this.door = 0;
    await new Promise<void>((ready, fail) => {
      const failed = (why: string) => fail(new Error(`${why}\n${this.said.join('\n')}`));
      const limit = setTimeout(() => failed('tagtide has not said where it is'), 20_000);
      child.on('error', (why) => failed(`${binary}: ${why.message}`));
      child.on('exit', (status, signal) => failed(`tagtide ended with ${status ?? signal}`));
      createInterface({ input: child.stderr! }).on('line', (coloured) => {
        const line = coloured.replace(/\u001b\[[0-9;]*m/g, '');
        this.said.push(line);
        this.url ||= line.match(/tagtide is at (http:\/\/[0-9.:]+)/)?.[1] ?? '';
        this.door ||= Number(line.match(/takes lines at 127\.0\.0\.1:(\d+)/)?.[1] ?? 0);
        if (this.url && this.door) {
          clearTimeout(limit);
          ready();
        }
      });
    });
  }
}

/** What a page may not do, collected while it lives. */
export class Watch {
  readonly faults: string[] = [];
  /** What the browser says of a trouble that the test makes on purpose. */
  expected: RegExp[] = [];

  constructor(private readonly scripts: boolean) {}

  on(page: Page, home: () => string): void {
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      // Without scripts nothing takes it.
      if (/preloaded using link preload but not used/.test(message.text()) && !this.scripts) return;
      if (this.expected.some((each) => each.test(message.text()))) return;
      this.faults.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`thrown: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (/^https?:$/.test(url.protocol) && url.origin !== home()) {
        this.faults.push(`a request to another host: ${request.url()}`);
      }
    });
    page.on('response', (response) => {
      if (response.status() >= 500) {
        this.faults.push(`${response.status()} for ${response.url()}`);
      }
    });
  }
}

type Given = {
  sources: string[]; options: string[]; environment: Record<string, string>;
  tagtide: Tagtide; watch: Watch;
};
export const test = base.extend<Given>({
  /** What it reads beside the door that `post` uses. */
  sources: [[], { option: true }],
  /** Further options of `serve`. */
  options: [[], { option: true }],
  /** What is added to its environment. */
  environment: [{}, { option: true }],
  tagtide: async ({ sources, options, environment }, use) => {
    const tagtide = await Tagtide.start(sources, options, environment);
    await use(tagtide);
    await tagtide.end();
  },
  watch: [async ({ page, tagtide, javaScriptEnabled }, use) => {
    const watch = new Watch(javaScriptEnabled ?? true);
    const home = tagtide.url;
    watch.on(page, () => home);
    await use(watch);
    expect(watch.faults).toEqual([]);
  }, { auto: true }],
});

export { expect };

/** The rows of the table as text: `['#rust', '3']`, … */
export async function ranks(page: Page): Promise<string[][]> {
  const rows = page.getByRole('table').locator('tbody tr');
  return rows.evaluateAll((rows) => rows.map((row) => {
    const text = (part: string) => row.querySelector(part)?.textContent?.trim() ?? '';
    return [text('.tag'), text('td.mentions')];
  }));
}

/** Opens the page and waits until it shows exactly these ranks, without relying on scripts. */
export async function openWith(page: Page, url: string, expected: string[][]): Promise<void> {
  await expect(async () => {
    await page.goto(url);
    expect(await ranks(page)).toEqual(expected);
  }).toPass({ timeout: 15_000 });
}

/** Opens a view of the board with these tags, the most mentioned first, and waits for its life. */
export async function openAlive(
  page: Page, tagtide: Tagtide, view: string, tags: string[],
): Promise<void> {
  await tagtide.post(...ranking(...tags));
  await openWith(page, tagtide.url + view, tags.map((tag, at) => [tag, `${tags.length - at}`]));
  await alive(page);
}

/** Posts that put these tags in this order. */
export function ranking(...tags: string[]): string[] {
  return tags.flatMap((tag, at) => Array<string>(tags.length - at).fill(tag));
}

/** Names of the tags, from the first rank down. */
export async function order(page: Page): Promise<string[]> {
  return (await ranks(page)).map(([tag]) => tag);
}

/** Marks the document: gone as soon as another is loaded. */
export async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(window, { sameDocument: true }));
  return () => page.evaluate(() => 'sameDocument' in window);
}

/** The page is no wider than its window. */
export async function fits(page: Page): Promise<void> {
  const overflow = () => page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect.poll(overflow).toBeLessThanOrEqual(0);
}

/** The page is alive: hydrated, and the server has answered it. */
export async function alive(page: Page): Promise<void> {
  await expect(page.locator('.state')).toContainText('Live');
}

/** Faults by axe-core, against WCAG 2.2 AA: each as its rule and where it is. */
export async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
}
