// What a browser loads before it shows the board, beside what the tutorial's page has it load.
//
// Bytes as they are sent to a browser that takes Brotli: `node weight.mjs`, with the release built. The
// tutorial's server compresses nothing; what its files would be with Brotli stands beside that.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';

const repository = fileURLToPath(new URL('..', import.meta.url));
const binary = resolve(repository, process.env.TAGTIDE_BIN ?? 'target/release/tagtide');

function sent(url) {
  return new Promise((done, fail) => {
    get(url, { headers: { 'accept-encoding': 'br' } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const body = Buffer.concat(parts);
        const compressed = answer.headers['content-encoding'] === 'br';
        done({ bytes: body.length, body: compressed ? brotliDecompressSync(body) : body });
      });
    }).on('error', fail);
  });
}

async function ours() {
  const data = mkdtempSync(join(tmpdir(), 'tagtide-weight-'));
  const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--batch', '200ms'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const url = await new Promise((found, fail) => {
      server.on('error', fail);
      server.on('exit', () => fail(new Error(`${binary} has ended`)));
      createInterface({ input: server.stderr }).on('line', (line) => {
        const url = line.match(/tagtide is at \S*?(http:\/\/[0-9.:]+)/)?.[1];
        if (url) found(url);
      });
    });
    // With ten rows in it.
    let page;
    do page = await sent(url); while ((page.body.toString().match(/<tr>/g) ?? []).length < 11);
    const html = page.body.toString();
    const links = [...html.matchAll(/<link [^>]*href="(\/[^"]+)"/g)].map(([, link]) => link);
    const parts = [['page', page.bytes, page.body.length]];
    for (const link of new Set(links)) {
      const { bytes, body } = await sent(url + link);
      parts.push([link.replace(/^.*\.(\w+)$/, '$1'), bytes, body.length]);
    }
    return parts;
  } finally {
    server.removeAllListeners('exit');
    server.kill();
    rmSync(data, { recursive: true, force: true });
  }
}

// Chart.js 2.3.0 and jQuery 1.9.1; its page itself, of 3 kB, is left out.
function theirs() {
  const require = createRequire(import.meta.url);
  const folder = (name) => join(require.resolve.paths(name)[0], name);
  return [['Chart.js', 'chart.js/dist/Chart.js'], ['jQuery', 'jquery/jquery.min.js']].map(([name, file]) => {
    const body = readFileSync(folder(file));
    return [name, body.length, brotliCompressSync(body).length];
  });
}

const row = (...cells) => console.log(cells.map((cell, at) =>
  at === 0 ? String(cell).padEnd(28) : String(cell).padStart(12)).join(''));
const sum = (parts, at) => parts.reduce((sum, part) => sum + part[at], 0);

const [us, them] = [await ours(), theirs()];
row('first view, bytes', 'as sent', 'unpacked');
for (const part of us) row(`  tagtide: ${part[0]}`, part[1], part[2]);
row('  tagtide', sum(us, 1), sum(us, 2));
row('', 'as sent', 'with Brotli');
for (const part of them) row(`  tutorial: ${part[0]}`, part[1], part[2]);
row('  tutorial', sum(them, 1), sum(them, 2));
