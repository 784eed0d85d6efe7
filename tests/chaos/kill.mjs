// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Operations on real sockets through a proxy that spoils what it carries, while the cloud, and the program that drives
// it, are killed again and again. At the end everything is healed, and what the cloud did is held against what was said.
//
//   node tests/chaos/kill.mjs --rounds 20 --operations 10000 --seed 1
//
//   --transport beast|curl|both   both: they take turns by rounds (both)
//   --kills N                     of each side in a round (4)
//   --in-flight N                 (64)
//   --mix TEXT                    the proxy's; see chaos_proxy --help
//   --tls yes|no|both             over TLS bytes are corrupted too (both: by rounds)
//   --without-journal             the driving program is never killed, since nothing would remember what it did
//   --patience SECONDS            after which a program that has not ended is called hung (1200)
//   --log LEVEL                   of the driving program, in the round's folder (off)
//   --keep                        leaves the round's folder
//
// The last line is the verdict; exit status 0 when nothing was wrong.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { audit } from './audit.mjs';
import { Child, Cloud, Dice, Proxy, sleep } from './support.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' }, operations: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' },
    transport: { type: 'string', default: 'both' }, kills: { type: 'string', default: '4' }, 'in-flight': { type: 'string', default: '64' },
    mix: { type: 'string' }, tls: { type: 'string', default: 'both' }, 'without-journal': { type: 'boolean', default: false },
    patience: { type: 'string', default: '1200' }, log: { type: 'string' }, keep: { type: 'boolean', default: false },
  },
});
const count = (name) => {
  const number = Number(options[name]);
  if (Number.isInteger(number) && number >= 0) return number;
  console.log(`--${name}: expected a number`);
  process.exit(2);
};
const rounds = count('rounds'), operations = count('operations'), seed = count('seed'), kills = count('kills'), patience = count('patience') * 1000;

const flow = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const interaction = (number) => `10000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

/** Lines for `run`: each interaction goes to and fro, and is held and released between. */
function lines(dice, interactions) {
  const places = ['MainMenu', 'BillingInquiry'];
  const state = Array.from({ length: interactions }, () => ({ at: 0, held: false }));
  return Array.from({ length: operations }, (_, i) => {
    const number = dice.between(1, interactions), it = state[number - 1], id = `${i + 1}`, target = interaction(number);
    // What is on hold is soon released; a quarter of all lines are about holds.
    if (it.held ? dice.unit() < 0.5 : dice.unit() < 0.17) {
      it.held = !it.held;
      return it.held ? { id, action: 'hold', interaction: target, reason: 'queueing', priority: 3 } : { id, action: 'unhold', interaction: target, priority: 3 };
    }
    const from = places[it.at];
    it.at = 1 - it.at;
    return { id, action: 'transition', interaction: target, flow, from, to: places[it.at], vars: { call_duration_seconds: i } };
  });
}

/** A certificate for 127.0.0.1; nothing where there is no openssl. */
function certificate(folder) {
  const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', files.key, '-out', files.certificate], { stdio: 'ignore' });
    return files;
  } catch {
    return undefined;
  }
}

class Round {
  constructor(number) {
    this.seed = seed + number;
    this.dice = new Dice(this.seed);
    this.transport = options.transport === 'both' ? (number % 2 === 0 ? 'beast' : 'curl') : options.transport;
    this.journaled = !options['without-journal'];
    this.folder = mkdtempSync(join(tmpdir(), 'patchbay-chaos-'));
    const wantsTls = options.tls === 'both' ? number % 4 >= 2 : options.tls === 'yes';
    this.tls = wantsTls ? certificate(this.folder) : undefined;
    this.cloudKills = 0;
    this.toolKills = 0;
    this.runs = 0;
    this.problems = [];
    this.over = false;
  }
  path(name) { return join(this.folder, name); }

  tool(args, out) {
    const scheme = this.tls ? 'https' : 'http';
    const environment = {
      GENESYS_BASE_URL: `${scheme}://127.0.0.1:${this.proxy.port}`, GENESYS_CLIENT_ID: 'client', GENESYS_CLIENT_SECRET: 'secret',
      PATCHBAY_AUDIT_FILE: this.path('audit.jsonl'),
      ...(this.tls ? { PATCHBAY_CA_FILE: this.tls.certificate } : {}),
      ...(this.journaled ? { PATCHBAY_JOURNAL_DIR: this.path('journal'), CRM_WEBHOOK_URL: `${scheme}://127.0.0.1:${this.proxy.port}/webhook` } : {}),
    };
    if (args[0] === 'journal') return new Child('patchbayctl', args, { environment, out });
    const fence = ['--fence-after', '6'];  // beyond what the proxy holds back at most
    const log = options.log ? ['--log', 'text', '--log-level', options.log] : ['--log', 'off'];
    return new Child('patchbayctl', [...args, ...fence, ...log], { environment, out, err: options.log && args[0] === 'run' ? this.path('log.txt') : undefined });
  }

  /** How a program ended; one that does not is killed, and told of. */
  async end_of(child) {
    const ended = await Promise.race([child.ended, new Promise((done) => { const timer = setTimeout(done, patience); child.ended.then(() => clearTimeout(timer)); })]);
    if (ended) return ended;
    this.problems.push(`${child.process.spawnargs.slice(0, 2).join(' ')} has not ended after ${patience / 1000} s`);
    return child.kill();
  }

  async start() {
    this.interactions = Math.max(8, Math.ceil(operations / 25));
    this.input = lines(this.dice, this.interactions);
    writeFileSync(this.path('input.jsonl'), this.input.map((each) => JSON.stringify(each) + '\n').join(''));
    this.cloud = new Cloud(['--interactions', String(this.interactions), '--state', this.path('cloud.jsonl'),
      ...(this.tls ? ['--tls-cert', this.tls.certificate, '--tls-key', this.tls.key] : [])]);
    await this.cloud.start();
    const mix = options.mix ?? `refuse=5,mute=2,delay=40,dribble=10,stall=3,reset=20,half_close=4,truncate=6,corrupt=${this.tls ? 6 : 0}`;
    this.proxy = new Proxy(['--to', String(this.cloud.port), '--seed', String(this.seed), '--mix', mix]);
    await this.proxy.start();
  }

  /** Kills the cloud now and then, for as long as the round lasts. */
  async haunt() {
    for (let i = 0; i < kills && !this.over; ++i) {
      await this.pause(this.dice.between(50, Math.max(500, operations / 3)));
      if (this.over) return;
      await this.cloud.child.kill();
      ++this.cloudKills;
      await sleep(this.dice.between(0, 400));
      await this.cloud.start();
    }
  }
  async pause(ms) { for (const until = Date.now() + ms; Date.now() < until && !this.over;) await sleep(20); }

  /** Runs the input to its end, over the deaths of the program that does. */
  async drive() {
    const results = this.path('results.jsonl');
    const args = ['run', this.path('input.jsonl'), '--in-flight', options['in-flight'], '--transport', this.transport, '--deadline', '20'];
    for (let left = this.journaled ? kills : 0; ; --left) {
      const child = this.tool(this.runs++ === 0 || !this.journaled ? args : [...args, '--resume'], results);
      if (left > 0) {
        await Promise.race([child.ended, this.pause(this.dice.between(150, Math.max(600, operations / 3)))]);
        if (!child.end) {
          await child.kill();
          ++this.toolKills;
          // A line that was being written is no line.
          if (existsSync(results) && !readFileSync(results, 'utf8').endsWith('\n')) appendFileSync(results, '\n');
          continue;
        }
      }
      this.end = await this.end_of(child);
      this.errors = child.errors;
      return;
    }
  }

  async play() {
    const begun = Date.now();
    await this.start();
    const haunted = this.haunt();
    await this.drive();
    this.over = true;
    await haunted;
    const driven = Date.now();
    await this.proxy.order('heal');
    if (this.journaled) {
      for (const args of [['recover'], ['run', this.path('input.jsonl'), '--in-flight', options['in-flight'], '--transport', this.transport, '--resume'], ['recover'], ['release-all']]) {
        const child = this.tool(args, args[0] === 'run' ? this.path('results.jsonl') : this.path(`${args[0]}.jsonl`));
        const end = await this.end_of(child);
        // 5: of some hold nobody can tell any more; the audit decides whether that is so.
        const fine = end.status === 0 || (args[0] === 'recover' && end.status === 5);
        if (args[0] !== 'run' && !fine) this.problems.push(`patchbayctl ${args[0]} ended with ${JSON.stringify(end)}: ${child.errors}`);
        if (args[0] === 'run') this.end = end;
      }
      const shown = this.tool(['journal', 'show', this.path('journal')], this.path('journal.jsonl'));
      if ((await this.end_of(shown)).status !== 0) this.problems.push(`the journal cannot be shown: ${shown.errors}`);
    } else {
      await this.release();
    }
    if (this.end.signal || ![0, 1, 3, 4, 5].includes(this.end.status)) this.problems.push(`patchbayctl run ended with ${JSON.stringify(this.end)}: ${this.errors}`);
    const truth = await this.cloud.ask('/_state');
    const webhooks = await this.cloud.ask('/webhook');
    const counts = await this.proxy.order('count');
    this.proxy.child.say('quit');
    await this.proxy.child.ended;
    await this.cloud.child.kill('SIGTERM');
    const report = audit({ folder: this.folder, input: this.input, truth, webhooks, journaled: this.journaled, swallowed: this.toolKills * Number(options['in-flight']) });
    this.problems.push(...report.problems);
    const struck = Object.entries(counts).filter(([name, value]) => value > 0 && !/^(connections|bytes|unreachable)/.test(name)).map(([name, value]) => `${name} ${value}`).join(', ');
    console.log(`seed ${this.seed}, ${this.transport}${this.tls ? ' over TLS' : ''}: ${report.summary}; killed: cloud ${this.cloudKills}, patchbayctl ${this.toolKills}; ` +
      `${counts.connections} connections (${counts.unreachable} to nobody), ${((counts.bytesUp + counts.bytesDown) / 1048576).toFixed(1)} MiB, ${struck}; ${((driven - begun) / 1000).toFixed(1)} s and ${((Date.now() - driven) / 1000).toFixed(1)} s to heal`);
    for (const each of this.problems.slice(0, 20)) console.log(`WRONG: ${each}`);
    if (this.problems.length > 20) console.log(`WRONG: and ${this.problems.length - 20} more`);
    if (options.keep || this.problems.length > 0) console.log(`  its files are in ${this.folder}`);
    else rmSync(this.folder, { recursive: true });
    return this.problems.length;
  }

  /** Without a journal: releases what the cloud says is on hold. */
  async release() {
    const truth = await this.cloud.ask('/_state');
    const held = truth.interactions.filter((each) => each.held).map((each, i) => JSON.stringify({ id: `release-${i}`, action: 'unhold', interaction: each.id, priority: 1 }));
    writeFileSync(this.path('release.jsonl'), held.join('\n') + '\n');
    const end = await this.end_of(this.tool(['run', this.path('release.jsonl'), '--in-flight', '16'], this.path('released.jsonl')));
    if (end.status !== 0) this.problems.push(`the releases ended with ${JSON.stringify(end)}`);
  }
}

let wrong = 0;
for (let i = 0; i < rounds; ++i) {
  wrong += await new Round(i).play();
}
console.log(`${rounds} rounds of ${operations} operations, ${wrong === 0 ? 'nothing wrong' : `${wrong} things wrong`}`);
process.exit(wrong === 0 && rounds > 0 ? 0 : 1);
