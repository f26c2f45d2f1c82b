// What the crates may be: `node .build/licences.mjs` fails when one has a licence, or comes from a place, that
// deny.toml does not allow, and says which. It needs no network, as cargo-deny would.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

const settings = fs.readFileSync('deny.toml', 'utf8').replace(/^\s*#.*$/gm, '');
function list(section, key) {
  const [, within] = settings.split(`\n[${section}]\n`);
  const [, items] = within?.split(/\n\[/)[0].match(new RegExp(`^${key} = \\[([^\\]]*)\\]`, 'm')) ?? [];
  if (items === undefined) throw new Error(`deny.toml has no ${key} in [${section}]`);
  return items.match(/"[^"]*"/g).map((item) => item.slice(1, -1));
}
const allowed = new Set(list('licenses', 'allow'));
const registries = new Set(list('sources', 'allow-registry').map((url) => `registry+${url}`));

// An expression of SPDX; older crates write '/' for OR. AND binds closer than OR.
function isAllowed(expression) {
  const words = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g);
  let at = 0;
  const operand = () => {
    const word = words[at++];
    if (word !== '(') {
      if (words[at] !== 'WITH') return allowed.has(word);
      at += 2; // An exception allows more than the licence does.
      return allowed.has(word);
    }
    const inside = either();
    if (words[at++] !== ')') throw new Error(`not an expression: ${expression}`);
    return inside;
  };
  const both = () => {
    let all = operand();
    while (words[at] === 'AND') { at++; all = operand() && all; }
    return all;
  };
  const either = () => {
    let any = both();
    while (words[at] === 'OR') { at++; any = both() || any; }
    return any;
  };
  const result = either();
  if (at !== words.length) throw new Error(`not an expression: ${expression}`);
  return result;
}

const tries = {
  MIT: true, 'GPL-3.0': false, 'MIT/Apache-2.0': true, 'GPL-3.0 OR MIT': true, 'MIT AND GPL-3.0': false,
  '(MIT OR GPL-3.0) AND ISC': true, 'GPL-2.0 OR MIT AND GPL-3.0': false, 'Apache-2.0 WITH LLVM-exception': true,
};
for (const [expression, expected] of Object.entries(tries)) {
  if (isAllowed(expression) !== expected) throw new Error(`${expression} is read wrong`);
}

const asked = spawnSync('cargo', ['metadata', '--locked', '--format-version=1', '--all-features'], {
  encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'],
});
if (asked.status !== 0) process.exit(1); // cargo has said why
const { packages } = JSON.parse(asked.stdout);
const broken = [];
for (const { name, version, license, source } of packages) {
  if (!license || !isAllowed(license)) broken.push(`${name} ${version}: ${license ?? 'no licence that it names'}`);
  if (source !== null && !registries.has(source)) broken.push(`${name} ${version}: from ${source}`);
}
if (broken.length > 0) {
  console.error(`Not allowed by deny.toml:\n  ${broken.join('\n  ')}`);
  process.exit(1);
}
console.log(`licences: ${packages.length} packages, each by one that deny.toml allows`);
