// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the kill test is made of: programs as children, a seeded choice of everything, the cloud and the proxy before it.
import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = process.env.PATCHBAY_SOURCE ? resolve(process.env.PATCHBAY_SOURCE) : resolve(here, '../..');
export const bin = process.env.PATCHBAY_BIN ? resolve(process.env.PATCHBAY_BIN) : join(source, 'build/release/bin');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Numbers that a seed decides (Mulberry32). */
export class Dice {
  constructor(seed) { this.state = seed >>> 0; }
  unit() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  between(least, most) { return least + Math.floor(this.unit() * (most - least + 1)); }
  pick(list) { return list[this.between(0, list.length - 1)]; }
}

/** The environment without what steers the tools. */
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(GENESYS_|CRM_|PATCHBAY_(?!BIN|SOURCE))/.test(name)));
}

/** A program under way. What it says is kept by lines, or goes to a file. */
export class Child {
  static all = new Set();
  constructor(program, args, { environment = {}, out, err } = {}) {
    const file = out ? openSync(out, 'a') : 'pipe';
    const said = err ? openSync(err, 'a') : 'pipe';
    this.process = spawn(join(bin, program), args, { env: { ...cleanEnvironment(), ...environment }, stdio: ['pipe', file, said] });
    if (out) closeSync(file);
    if (err) closeSync(said);
    this.lines = [];
    this.errors = '';
    this.waiting = [];
    this.process.stdin.on('error', () => {});
    let rest = '';
    this.process.stdout?.on('data', (bytes) => {
      const parts = (rest + bytes).split('\n');
      rest = parts.pop();
      for (const line of parts) (this.waiting.shift() ?? ((each) => this.lines.push(each)))(line);
    });
    this.process.stderr?.on('data', (bytes) => { this.errors = (this.errors + bytes).slice(-65536); });
    Child.all.add(this);
    this.ended = new Promise((done) => {
      this.process.on('error', (error) => done({ status: -1, signal: null, error: String(error) }));
      this.process.on('close', (status, signal) => done({ status, signal }));
    }).then((end) => {
      Child.all.delete(this);
      this.end = end;
      for (const each of this.waiting.splice(0)) each(undefined);
      return end;
    });
  }
  /** The next line on stdout; undefined when it ends first. */
  line() {
    if (this.lines.length > 0 || this.end) return Promise.resolve(this.lines.shift());
    return new Promise((done) => this.waiting.push(done));
  }
  say(text) { this.process.stdin.write(text + '\n'); }
  kill(signal = 'SIGKILL') { if (!this.end) this.process.kill(signal); return this.ended; }
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
process.on('exit', () => { for (const each of Child.all) each.process.kill('SIGKILL'); });

/** loopback_cloud with a state that outlives it. */
export class Cloud {
  constructor(args) { this.args = args; this.port = 0; this.starts = 0; }
  async start() {
    this.child = new Child('loopback_cloud', ['--port', String(this.port), ...this.args]);
    const said = await this.child.line();
    const found = /:(\d+)$/.exec(said ?? '');
    if (!found) throw new Error(`loopback_cloud does not start: ${this.child.errors}`);
    this.port = Number(found[1]);
    ++this.starts;
  }
  async ask(path) {
    const scheme = this.args.includes('--tls-cert') ? 'https' : 'http';
    const { request } = await import(`node:${scheme}`);
    return new Promise((done, failed) => {
      const asked = request(`${scheme}://127.0.0.1:${this.port}${path}`, { agent: false, rejectUnauthorized: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (more) => { text += more; }).on('end', () => done(JSON.parse(text))).on('error', failed);
      });
      asked.on('error', failed).end();
    });
  }
}

/** chaos_proxy. */
export class Proxy {
  constructor(args) { this.child = new Child('chaos_proxy', args); }
  async start() {
    const found = /:(\d+)$/.exec((await this.child.line()) ?? '');
    if (!found) throw new Error(`chaos_proxy does not start: ${this.child.errors}`);
    this.port = Number(found[1]);
  }
  async order(line) { this.child.say(line); return JSON.parse(await this.child.line()); }
}
