// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the interoperation tests share: a loopback_cloud of their own, the peers' modules, checks that name themselves.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, inspect } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
export const source = process.env.PATCHBAY_SOURCE ? resolve(process.env.PATCHBAY_SOURCE) : resolve(here, '../..');
export const bin = process.env.PATCHBAY_BIN ? resolve(process.env.PATCHBAY_BIN) : join(source, 'build/release/bin');

/** Ends the test as skipped. */
export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}

/** Where `npm install` put the modules of package.json: a folder of the build, or this one. */
export function modules() {
  for (const folder of [process.env.PATCHBAY_INTEROP, join(source, 'build/interop'), here])
    if (folder && existsSync(join(folder, 'node_modules/ws/package.json'))) return resolve(folder);
  return skip('the Node.js modules are not there; tests/run installs them (npm install in build/interop)');
}
export const requireModule = (name) => createRequire(join(modules(), 'package.json'))(name);

/** The text of the document whose file's name begins with `prefix`. */
export function document(prefix) {
  const folder = resolve(source, '../shared/seeds');
  const name = existsSync(folder) ? readdirSync(folder).find((each) => each.startsWith(prefix)) : undefined;
  return name ? readFileSync(join(folder, name), 'utf8') : skip(`the document ${prefix} is not in ${folder}`);
}

/** A new folder, from which the modules can be found; removed when the test ends. */
export function workFolder() {
  const folder = mkdtempSync(join(modules(), 'run-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let failures = 0;
let checks = 0;
export function check(what, truth) {
  ++checks;
  if (truth) return;
  ++failures;
  console.log(`FAILED: ${what}`);
}
export function equal(what, got, wanted) {
  check(`${what}: got ${inspect(got, { depth: 6 })}, wanted ${inspect(wanted, { depth: 6 })}`, isDeepStrictEqual(got, wanted));
}
/** The verdict; to be called last, so that a test that ends early is no success. */
export function finish() {
  console.log(`${checks} checks, ${failures} failed`);
  process.exit(failures === 0 && checks > 0 ? 0 : 1);
}

/** Environment for a program under test: nothing of ours but the path. */
export const cleanEnvironment = (more = {}) => ({ PATH: process.env.PATH, HOME: process.env.HOME ?? '/', ...more });

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** The promise's value, or an error after `ms`. */
export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
process.on('unhandledRejection', (error) => {
  // What the SDK rejects with is a plain object.
  console.log(`FAILED: ${error?.stack ?? JSON.stringify(error)?.slice(0, 2000)}`);
  process.exit(1);
});

/** Starts a loopback_cloud of its own on a free port. */
export async function startCloud(options = [], environment = {}) {
  const program = join(bin, 'loopback_cloud');
  if (!existsSync(program)) throw new Error(`${program} is not built`);
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'pipe'], env: cleanEnvironment(environment) });
  running.add(child);
  const exit = new Promise((done) => child.once('exit', (code, signal) => { running.delete(child); done(signal ?? code); }));
  let errors = '';
  child.stderr.on('data', (data) => { errors += data; });
  const line = await within(10000, new Promise((done, reject) => {
    let text = '';
    child.stdout.on('data', (data) => { text += data; if (text.includes('\n')) done(text.slice(0, text.indexOf('\n'))); });
    child.once('exit', () => reject(new Error(`loopback_cloud ended: ${errors}`)));
  }), 'the first line of loopback_cloud');
  const url = /^listening on (https?:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
  if (!url) throw new Error(`the first line is ${JSON.stringify(line)}`);
  const json = async (path, init) => (await fetch(url + path, init)).json();
  return {
    url, child, exit,
    host: url.slice(url.indexOf('//') + 2),
    state: () => json('/_state'),
    interaction: async (id) => (await json('/_state')).interactions.find((each) => each.id === id),
    webhooks: () => json('/webhook'),
    fault: async (fault) => {
      const answer = await fetch(url + '/_faults', { method: 'POST', body: JSON.stringify(fault) });
      if (answer.status !== 200) throw new Error(`the fault was not taken: ${await answer.text()}`);
    },
    token: async () => (await json('/oauth/token', {
      method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'id', client_secret: 'secret' }),
    })).access_token,
    stop: async () => { child.kill('SIGTERM'); return within(5000, exit, 'the end of loopback_cloud'); },
  };
}

/** Starts a loopback_cloud that speaks the platform's dialect; `agent` is for one that serves TLS. */
export async function startPlatform(options = [], environment = {}, agent = undefined) {
  const cloud = await startCloud(['--dialect', 'platform', ...options], environment);
  const ask = (path, method = 'GET', body = '') => within(5000, new Promise((done, reject) => {
    const sent = (cloud.url.startsWith('https') ? https : http).request(cloud.url + path, { method, agent }, (response) => {
      let text = '';
      response.on('data', (data) => { text += data; });
      response.on('end', () => done({ status: response.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  }), path);
  return {
    ...cloud,
    state: async () => JSON.parse((await ask('/_state')).text),
    conversation: async (id) => JSON.parse((await ask(`/_state?interaction=${id}`)).text),
    change: async (body) => (await ask('/_change', 'POST', JSON.stringify(body))).status,
    fault: async (fault) => {
      const answer = await ask('/_faults', 'POST', JSON.stringify(fault));
      if (answer.status !== 200) throw new Error(`the fault was not taken: ${answer.text}`);
    },
  };
}

/** Starts a program that runs until `end` is called; its output is for the message of a failure. */
export function startProgram(command, args, { cwd, env = cleanEnvironment() } = {}) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let over = false;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output = (output + data).slice(-20000); });
  const exit = new Promise((done) => child.once('exit', (code, signal) => { over = true; running.delete(child); done(signal ?? code); }));
  return { exit, ended: () => over, output: () => output, end: () => child.kill('SIGTERM') };
}

/** Starts `patchbayctl watch`, which listens then. Its lines can be awaited by what they say; each of them but once, in order. */
export async function startWatch(environment, args = []) {
  const child = spawn(join(bin, 'patchbayctl'), ['watch', ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const exit = new Promise((done) => child.once('close', (code, signal) => { running.delete(child); done(signal ?? code); }));
  let said = '', errors = '', taken = 0, look = () => {};
  child.stdout.on('data', (data) => { said += data; look(); });
  child.stderr.on('data', (data) => { errors += data; look(); });
  const until = (what, found) => within(20000, new Promise((done) => {
    look = () => { const it = found(); if (it) { look = () => {}; done(it); } };
    look();
  }), what).catch((error) => { console.log(said, errors); throw error; });
  await until('the start of watch', () => errors.includes('watching'));
  return {
    line: (what, wanted) => until(what, () => {
      for (let end; (end = said.indexOf('\n', taken)) >= 0;) {
        const line = JSON.parse(said.slice(taken, end));
        taken = end + 1;
        if (wanted(line)) return line;
      }
      return undefined;
    }),
    said: () => said + errors,
    stop: () => { child.kill('SIGINT'); return within(10000, exit, 'the end of watch'); },
  };
}

/** Runs a program to its end, or until its output satisfies `complete`; then it is ended. */
export async function run(command, args, { cwd, env, complete, limit = 30000 }) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let ended = false;
  const code = await within(limit, new Promise((done) => {
    const more = (data) => {
      output += data;
      if (complete?.(output) && !ended) { ended = true; child.kill('SIGKILL'); }
    };
    child.stdout.on('data', more);
    child.stderr.on('data', more);
    child.once('close', (status) => { running.delete(child); done(ended ? 0 : status); });
  }), command).catch((error) => { console.log(output); throw error; });
  return { code, output };
}

/** The lines of a document from the one that begins with `first` up to the one that begins with `end`. */
export function cut(text, first, end, from = 0) {
  const lines = text.split('\n');
  const start = lines.findIndex((line, i) => i >= from && line.startsWith(first));
  if (start < 0) throw new Error(`the document has no line that begins with ${first}`);
  const stop = lines.findIndex((line, i) => i > start && line.startsWith(end));
  if (stop < 0) throw new Error(`the document has no line that begins with ${end} behind ${first}`);
  return lines.slice(start, stop).join('\n');
}
/** Replaces what must occur exactly `times` times. */
export function replace(text, what, by, times = 1) {
  const parts = text.split(what);
  if (parts.length - 1 !== times) throw new Error(`${what} occurs ${parts.length - 1} times, not ${times}`);
  return parts.join(by);
}
