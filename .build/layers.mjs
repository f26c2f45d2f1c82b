// Who may depend on whom, among the packages of this workspace and towards a few others:
// `node .build/layers.mjs` fails when one of these rules is broken, and says which.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const inside = {
  model: [],
  engine: ['model'],
  app: ['model'],
  server: ['app', 'engine', 'model'],
  frontend: ['app'],
};
// All that these may use; tests may use more.
const only = { model: ['serde'] };
// What they may use when a feature asks for it, as the browser's build never does.
const optional = { model: ['utoipa'] };
// The engine is a function of what it is given: nothing of the world outside gets in, not
// even by way of another crate.
const never = { engine: ['axum', 'leptos', 'mio', 'redb', 'reqwest', 'timely', 'tokio'], model: ['leptos', 'tokio'] };
// One folder each knows these crates' names, so that they can be exchanged there.
const named = { timely: 'server/src/flow', redb: 'server/src/store', plotters: 'app/src/chart' };

const asked = spawnSync('cargo', ['metadata', '--locked', '--format-version=1', '--all-features'], {
  encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'],
});
if (asked.status !== 0) process.exit(1); // cargo has said why
const metadata = JSON.parse(asked.stdout);
const members = metadata.packages.filter(({ id }) => metadata.workspace_members.includes(id));
const names = members.map(({ name }) => name);
const broken = [];

for (const { name, dependencies } of members) {
  const isAsked = (each) => each.optional && optional[name]?.includes(each.name);
  const used = dependencies.filter((each) => each.kind === null && !isAsked(each)).map((each) => each.name);
  if (!(name in inside)) broken.push(`${name}: a package that .build/layers.mjs does not know`);
  for (const each of dependencies) {
    if (names.includes(each.name) && !inside[name]?.includes(each.name)) broken.push(`${name} depends on ${each.name}`);
  }
  for (const each of used) {
    if (name in only && !only[name].includes(each)) broken.push(`${name} depends on ${each}`);
  }
}

const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
const nameOf = new Map(metadata.packages.map(({ id, name }) => [id, name]));
for (const [member, forbidden] of Object.entries(never)) {
  const seen = new Map([[members.find(({ name }) => name === member).id, member]]);
  for (const [id, way] of seen) { // grows while it is walked
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (seen.has(pkg) || !kinds.some(({ kind }) => kind === null)) continue;
      seen.set(pkg, `${way} → ${nameOf.get(pkg)}`);
      if (forbidden.includes(nameOf.get(pkg))) broken.push(`${seen.get(pkg)}`);
    }
  }
}

function* sources(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(file);
    else if (file.endsWith('.rs')) yield file;
  }
}
for (const { manifest_path: manifest } of members) {
  const root = path.relative('.', path.dirname(manifest)).split(path.sep).join('/');
  if (!fs.existsSync(`${root}/src`)) continue;
  for (const file of sources(`${root}/src`)) {
    const text = fs.readFileSync(file, 'utf8').replace(/\/\/.*$/gm, ''); // comments may tell
    for (const [crate, home] of Object.entries(named)) {
      const isHome = file === `${home}.rs` || file.startsWith(`${home}/`);
      if (!isHome && new RegExp(`\\b${crate}(_\\w+)?\\s*::|\\b(use|extern crate)\\s+${crate}\\b`).test(text)) {
        broken.push(`${file} names ${crate}, which is for ${home} alone`);
      }
    }
  }
}

if (broken.length > 0) {
  console.error(`The layers do not hold:\n  ${[...new Set(broken)].join('\n  ')}`);
  process.exit(1);
}
console.log(`layers: ${members.length} packages depend only on what they may`);
