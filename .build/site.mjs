// Builds the release server and page: `node .build/site.mjs`, after `.build/setup node toolchain`.
//
// Does what `cargo leptos build --release --precompress` does, reads the same metadata and
// makes the same files, without the many minutes that cargo-leptos takes to compile. Then it puts
// the page behind the end of the program, which needs no other file from there on. A page that has
// changed does not make the program be linked again, and one that cargo alone has built, or
// cargo-leptos, has none in it: it serves the folder beside it.
// `--compare` makes the page a second time, beside what cargo-leptos has left, and says
// whether the two are alike.

import { spawn, spawnSync, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import zlib from 'node:zlib';

const metadata = JSON.parse(
  execFileSync('cargo', ['metadata', '--no-deps', '--format-version=1'], {
    encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'inherit'],
  }));
const leptos = metadata.metadata.leptos[0];
const target = path.relative('.', metadata.target_directory);
const name = leptos['output-name'];
const site = leptos['site-root'];
const packageDir = (wanted) => path.relative(metadata.workspace_root,
  path.dirname(metadata.packages.find((each) => each.name === wanted).manifest_path));

// Compile-time input of the leptos crates: with other values than cargo-leptos's, each
// would compile them anew after the other.
const environment = {
  LEPTOS_OUTPUT_NAME: name,
  LEPTOS_SITE_ROOT: site,
  LEPTOS_SITE_PKG_DIR: leptos['site-pkg-dir'],
  LEPTOS_SITE_ADDR: leptos['site-addr'],
  LEPTOS_RELOAD_PORT: String(leptos['reload-port']),
  LEPTOS_LIB_DIR: packageDir(leptos['lib-package']),
  LEPTOS_BIN_DIR: packageDir(leptos['bin-package']),
  LEPTOS_JS_MINIFY: 'true',
  LEPTOS_HASH_FILES: String(leptos['hash-files']),
  LEPTOS_HASH_FILE_NAME: leptos['hash-file-name'] ?? 'hash.txt',
};

// --- Compiling ---------------------------------------------------------------------------

// The cargo processes run side by side and share one pool of job slots, so that the long
// last crate of one overlaps with the rest of another and none floods the machine.
function jobPool() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tagtide-jobs-'));
  const fifo = path.join(folder, 'pool');
  if (spawnSync('mkfifo', [fifo]).status !== 0) return {};
  const slots = os.availableParallelism() - 1; // each cargo has one more of its own
  const pool = fs.openSync(fifo, 'r+'); // held open as long as this process lives
  fs.writeSync(pool, '+'.repeat(slots));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return { CARGO_MAKEFLAGS: `-j${slots + 1} --jobserver-auth=fifo:${fifo}` };
}

const running = new Set();
function stop(status) {
  for (const child of running) child.kill();
  process.exit(status);
}
process.on('SIGINT', () => stop(130));
process.on('SIGTERM', () => stop(143));

function run(label, command, args, extra = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...extra }, stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        // The two cargos wait for one another for moments, all the time.
        if (!line.includes('Blocking waiting for file lock')) console.error(`${label} ${line}`);
      });
    }
    child.on('error', reject);
    child.on('close', (status) => {
      running.delete(child);
      status === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}\nended with status ${status}`));
    });
  });
}

const profile = (wanted) => (wanted ? `--profile=${wanted}` : '--release');
const features = (wanted) => (wanted?.length ? [`--features=${wanted.join(',')}`] : []);

const cargoServer = (pool) => run('server', 'cargo', [
  'build', `--package=${leptos['bin-package']}`, `--bin=${leptos['bin-target']}`,
  '--no-default-features', ...features(leptos['bin-features']), profile(leptos['bin-profile-release']),
], { ...environment, ...pool });

const cargoPage = (pool) => run('page  ', 'cargo', [
  'build', `--package=${leptos['lib-package']}`, '--lib', `--target-dir=${path.resolve(target, 'front')}`,
  '--target=wasm32-unknown-unknown', '--no-default-features', ...features(leptos['lib-features']),
  profile(leptos['lib-profile-release']),
], { ...environment, ...pool });

const compiledPage = path.join(target, 'front/wasm32-unknown-unknown',
  leptos['lib-profile-release'] ?? 'release', `${leptos['lib-package'].replaceAll('-', '_')}.wasm`);

// --- The page's files --------------------------------------------------------------------

const digest = (bytes) => createHash('md5').update(bytes).digest('base64url');

function* filesIn(folder) {
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(file);
    else yield file;
  }
}

// From the folder where `.build/setup web-tools` has put it.
const webTool = (wanted) => createRequire(path.join(process.env.WEB_TOOLS_DIR, 'package.json'))(wanted);

// 'chrome 123, safari 17.5' as Lightning CSS wants it: three bytes of a version.
function browsers(query) {
  return Object.fromEntries(query.split(',').map((each) => {
    const [, browser, major, minor] = /^\s*(\w+) (\d+)(?:\.(\d+))?\s*$/.exec(each)
      ?? fail(`browserquery: '${each}' is not a name and a version, such as 'safari 17.5'`);
    return [browser, (Number(major) << 16) | (Number(minor ?? 0) << 8)];
  }));
}
function fail(message) { throw new Error(message); }

function style(file) {
  const { code, warnings } = webTool('lightningcss-wasm').transform({
    filename: leptos['style-file'], code: fs.readFileSync(leptos['style-file']),
    minify: true, targets: browsers(leptos.browserquery ?? fail('metadata.leptos has no browserquery')),
  });
  for (const { message } of warnings) console.error(`style  ${message}`);
  fs.writeFileSync(file, code);
}

function script(file) {
  const { code } = webTool('@swc/wasm').minifySync(fs.readFileSync(file, 'utf8'), { compress: true, mangle: true, module: true });
  fs.writeFileSync(file, code);
}

// Puts a digest of the content into the file names, so that a browser may keep them for
// ever, and the digests into the text that the server finds the names by.
function addDigests(pkg) {
  const renamed = new Map();
  for (const file of filesIn(pkg)) {
    if (file.includes('snippets')) continue; // the glue imports these by their plain names
    const { dir, name: stem, ext } = path.parse(file);
    const hash = digest(fs.readFileSync(file));
    renamed.set(path.relative(pkg, file), { hash, to: path.relative(pkg, path.join(dir, `${stem}.${hash}${ext}`)) });
  }
  for (const [from, { to }] of renamed) fs.renameSync(path.join(pkg, from), path.join(pkg, to));

  const glue = path.join(pkg, renamed.get(`${name}.js`).to);
  let text = fs.readFileSync(glue, 'utf8');
  for (const [from, { to }] of renamed) text = text.replaceAll(from, to);
  fs.writeFileSync(glue, text);

  return ['js', 'wasm', 'css'].map((kind) => `${kind}: ${renamed.get(`${name}.${kind}`).hash}\n`).join('');
}

function compress(folder) {
  for (const file of [...filesIn(folder)]) {
    const bytes = fs.readFileSync(file);
    fs.writeFileSync(`${file}.br`, zlib.brotliCompressSync(bytes, {
      params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }));
    fs.writeFileSync(`${file}.gz`, zlib.gzipSync(bytes, { level: 9 }));
  }
}

// Everything that is served, made in `folder`; gives back the text with the digests.
async function makeSite(folder) {
  const pkg = path.join(folder, leptos['site-pkg-dir']);
  const wasm = path.join(pkg, `${name}.wasm`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(pkg, { recursive: true });
  if (fs.existsSync(leptos['assets-dir'])) fs.cpSync(leptos['assets-dir'], folder, { recursive: true });
  style(path.join(pkg, `${name}.css`));
  await run('page  ', 'wasm-bindgen', ['--target=web', `--out-name=${name}`, `--out-dir=${pkg}`, compiledPage]);
  fs.renameSync(path.join(pkg, `${name}_bg.wasm`), wasm);
  await run('page  ', 'wasm-opt', [...leptos['wasm-opt-features'], wasm, '-o', wasm]);
  script(path.join(pkg, `${name}.js`));
  const digests = addDigests(pkg);
  compress(folder);
  return digests;
}

// --- The page in the program ---------------------------------------------------------------

// As server/src/web/packed.rs reads it: a tar archive, its length, the mark.
const mark = Buffer.from('tagtide: page 1\n');

// One member of a tar archive, in the old form that every tar knows.
function member(path, bytes, seconds) {
  const head = Buffer.alloc(512);
  if (Buffer.byteLength(path) > 99) fail(`the path is too long for the archive: ${path}`);
  head.write(path);
  const number = (value, at, digits) => head.write(value.toString(8).padStart(digits, '0'), at);
  number(0o644, 100, 7);
  number(0, 108, 7);
  number(0, 116, 7);
  number(bytes.length, 124, 11);
  number(seconds, 136, 11);
  head.write('0', 156);
  head.write('ustar\x0000', 257);
  head.fill(' ', 148, 156); // what the checksum counts in its own place
  number(head.reduce((sum, byte) => sum + byte, 0), 148, 6);
  head[154] = 0;
  return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function archive() {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const seconds = (file) => Number(epoch ?? Math.floor(fs.statSync(file).mtimeMs / 1000));
  const files = [...filesIn(site)].sort().map((file) => [`site/${path.relative(site, file)}`, file]);
  const members = [['hash.txt', hashFile], ...files].map(([name, file]) =>
    member(name, fs.readFileSync(file), seconds(file)));
  return Buffer.concat([...members, Buffer.alloc(1024)]);
}

// Beside the program and then renamed: one that runs is not disturbed, and what cargo keeps of it
// under another name of the same file stays as it was linked.
function putPageIntoProgram() {
  const program = path.join(path.dirname(hashFile), leptos['bin-exe-name']);
  let linked = fs.readFileSync(program);
  if (linked.subarray(-mark.length).equals(mark)) {
    const trailer = linked.length - mark.length - 8;
    linked = linked.subarray(0, trailer - Number(linked.readBigUInt64LE(trailer)));
  }
  const page = archive();
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(page.length));
  fs.writeFileSync(`${program}.new`, Buffer.concat([linked, page, length, mark]), { mode: 0o755 });
  fs.renameSync(`${program}.new`, program);
}

// --- What is asked for -------------------------------------------------------------------

const hashFile = path.join(target, leptos['bin-profile-release'] ?? 'release', environment.LEPTOS_HASH_FILE_NAME);
const inputsFile = path.join(target, 'site.inputs');

// One line a file, of all that the page is made from and of what came out: when nothing of it
// has changed, there is nothing to make, whoever has made it.
function inputs() {
  const read = [compiledPage, leptos['style-file'], 'Cargo.toml', '.build/site.mjs', '.build/package-lock.json',
    ...filesIn(leptos['assets-dir'])];
  const made = [...filesIn(site), hashFile];
  return [...read, ...made].sort().map((file) => {
    if (/\.(br|gz)$/.test(file)) return `${file}\n`;
    return `${file} ${fs.existsSync(file) ? digest(fs.readFileSync(file)) : 'missing'}\n`;
  }).join('');
}

async function build() {
  await compile();
  putPageIntoProgram();
}

async function compile() {
  const pool = jobPool();
  const setup = (part) => run('tools ', '.build/setup', [part], pool);
  await Promise.all([
    cargoServer(pool),
    setup('std').then(() => cargoPage(pool)),
    setup('wasm-bindgen'),
    setup('web-tools'),
  ]);
  if (fs.existsSync(inputsFile) && fs.readFileSync(inputsFile, 'utf8') === inputs()) return;

  console.error('page   wasm-bindgen, wasm-opt, compression (about 20 seconds)');
  // Aside and then renamed: a server that runs meanwhile never misses a file for long.
  fs.rmSync(inputsFile, { force: true });
  const digests = await makeSite(`${site}.new`);
  fs.rmSync(site, { recursive: true, force: true });
  fs.renameSync(`${site}.new`, site);
  fs.writeFileSync(hashFile, digests);
  fs.writeFileSync(inputsFile, inputs());
}

async function compare() {
  const ours = `${site}.compare`;
  const digests = await makeSite(ours);
  const different = new Set();
  const read = (root, file) => {
    const bytes = fs.readFileSync(path.join(root, file));
    // Two compressors need not agree on the bytes, only on what they stand for.
    if (file.endsWith('.br')) return zlib.brotliDecompressSync(bytes);
    if (file.endsWith('.gz')) return zlib.gunzipSync(bytes);
    return bytes;
  };
  const list = (root) => [...filesIn(root)].map((file) => path.relative(root, file));
  const [here, there] = [list(ours), list(site)];
  for (const file of here) if (!there.includes(file)) different.add(`only here: ${file}`);
  for (const file of there) if (!here.includes(file)) different.add(`only from cargo-leptos: ${file}`);
  for (const file of here) {
    if (there.includes(file) && !read(ours, file).equals(read(site, file))) different.add(`other content: ${file}`);
  }
  if (fs.readFileSync(hashFile, 'utf8') !== digests) different.add(`other content: ${hashFile}`);
  if (different.size > 0) fail(`not the page that cargo-leptos makes:\n  ${[...different].sort().join('\n  ')}`);
  fs.rmSync(ours, { recursive: true });
  console.log(`page: ${here.length} files, the same as cargo-leptos makes`);
}

try {
  await (process.argv[2] === '--compare' ? compare() : build());
} catch (error) {
  console.error(`site: ${error.message}`);
  stop(1);
}
