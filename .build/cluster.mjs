// Three processes of one cluster on this machine, each with a stream of made-up posts of its own: for a
// look at it, for trying out what happens when one is killed. `node .build/cluster.mjs PROGRAM [OPTION…]`.
//
// Their data is in tagtide-data/cluster, so the next time goes on with it. All end together, by Ctrl-C or
// when one of them cannot start; one that is killed may be started again by the line that is shown for it.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const [program, ...options] = process.argv.slice(2);
if (program === undefined) {
  console.error('usage: node .build/cluster.mjs PROGRAM [OPTION…]');
  process.exit(2);
}
const folder = path.join('tagtide-data', 'cluster');
// Nobody else of this machine may know it.
const secret = path.join(folder, 'secret');
fs.mkdirSync(folder, { recursive: true });
if (!fs.existsSync(secret)) fs.writeFileSync(secret, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });

const indices = [0, 1, 2];
const hosts = indices.map((index) => `127.0.0.1:${2101 + index}`).join(',');
const running = new Map();
let ending = false;

function end() {
  ending = true;
  for (const child of running.values()) child.kill('SIGTERM');
}

for (const index of indices) {
  const args = [
    'serve', '--cluster', hosts, '--index', `${index}`, '--secret-file', secret,
    '--listen', `127.0.0.1:${3000 + index}`, '--data', path.join(folder, `${index}`),
    '--source', `demo:seed=${index + 1}`, ...options,
  ];
  console.error(`${index} | ${program} ${args.join(' ')}`);
  // In a group of its own: Ctrl-C reaches it once, from here.
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'pipe'] });
  running.set(index, child);
  readline.createInterface({ input: child.stderr }).on('line', (line) => console.error(`${index} | ${line}`));
  child.on('error', (error) => {
    console.error(`${index} | ${error.message}`);
    process.exitCode = 1;
    running.delete(index);
    end();
  });
  child.on('exit', (status, signal) => {
    running.delete(index);
    if (ending) return;
    if (signal !== null) {
      // The others wait for it, which is what it was killed for.
      console.error(`${index} | killed by ${signal}: started again by the line above, or end all with Ctrl-C`);
      return;
    }
    process.exitCode = status;
    end();
  });
}
process.on('SIGINT', end);
process.on('SIGTERM', end);
