// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds on Node.js: `ws` alone, with acknowledgements found by their id and a limit on each; and the hold document's
// program, written afresh in its spirit, with its validation by zod, its eligibility check by axios before holds and
// releases, and its audit file.
//
//   node peers.mjs ws|document MODULES PORT IN-FLIGHT releases|holds WARM-MS MEASURED-MS OPERATIONS
import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [kind, modules, portText, inFlightText, commands, ...numbers] = process.argv.slice(2);
const [warmMs, measuredMs, operations] = numbers.map(Number);
const host = `127.0.0.1:${portText}`;
const require = createRequire(join(modules, 'package.json'));
const WebSocket = require('ws');

const socket = new WebSocket(`ws://${host}/api/v2/interactions`, { headers: { Authorization: 'Bearer t0ken' }, perMessageDeflate: false });
const pending = new Map();
socket.on('message', (data) => {
  const message = JSON.parse(data);
  const resolve = pending.get(message.correlationId);
  if (resolve) { pending.delete(message.correlationId); resolve(message); }
});
await new Promise((resolve, reject) => { socket.once('open', resolve); socket.once('error', reject); });

function acknowledged(payload) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { if (pending.delete(payload.correlationId)) reject(new Error('Acknowledgment timeout')); }, 5000);
    pending.set(payload.correlationId, (message) => { clearTimeout(timer); resolve(message); });
    socket.send(JSON.stringify(payload));
  });
}

let hold, unhold, end = () => {};
if (kind === 'ws') {
  const command = async (type, interactionId, more) => {
    const answer = await acknowledged({ command: 'send', correlationId: randomUUID(), body: { type, interactionId, ...more } });
    if (answer.body?.type !== type || answer.body.interactionId !== interactionId) throw new Error('refused');
  };
  hold = (id) => command('hold', id, { holdReason: 'consultation', priority: 5, holdMusic: 'hold_music_standard.wav', holdPrompt: 'please_remain_on_the_line.wav' });
  unhold = (id) => command('unhold', id, { priority: 5 });
} else {
  const axios = require('axios');
  const { z } = require('zod');
  const { v4 } = require('uuid');
  const folder = mkdtempSync(join(tmpdir(), 'patchbay-holds-'));
  end = () => rmSync(folder, { recursive: true, force: true });
  // The document's axios opens a connection for each request; kept connections flatter it.
  const client = axios.create({ httpAgent: new http.Agent({ keepAlive: true, maxSockets: 32 }), proxy: false });
  const holdSchema = z.object({
    command: z.literal('send'),
    body: z.object({
      type: z.literal('hold'), interactionId: z.string().uuid(), holdReason: z.enum(['queueing', 'consultation', 'system_issue', 'agent_break']),
      priority: z.number().min(0).max(9), holdMusic: z.string().optional(), holdPrompt: z.string().optional(),
    }),
  });
  const unholdSchema = z.object({
    command: z.literal('send'),
    body: z.object({ type: z.literal('unhold'), interactionId: z.string().uuid(), priority: z.number().min(0).max(9) }),
  });
  const metrics = { latencyLog: [], totalAttempts: 0, prompt: 0 };
  const startTimes = new Map();
  const eligible = async (interactionId) => {
    const { data } = await client.get(`http://${host}/api/v2/interactions/${interactionId}`, { headers: { Authorization: 'Bearer t0ken', Accept: 'application/json' } });
    if (data.state === 'closed' || data.state === 'abandoned') throw new Error('not active');
    if (!data.routingData?.skillGroup?.id) throw new Error('no skill group');
  };
  const command = async (type, schema, interactionId, more) => {
    const correlationId = v4();
    const sent = Date.now();
    await eligible(interactionId);
    const checked = schema.safeParse({ command: 'send', body: { type, interactionId, ...more } });
    if (!checked.success) throw checked.error;
    if (type === 'hold') {
      startTimes.set(interactionId, Date.now());
    } else if ((Date.now() - (startTimes.get(interactionId) ?? Date.now())) / 1000 > 900) {
      throw new Error('held for too long');
    } else {
      startTimes.delete(interactionId);
    }
    const answer = await acknowledged({ ...checked.data, correlationId });
    const latencyMs = Date.now() - sent;
    metrics.latencyLog.push(latencyMs);
    ++metrics.totalAttempts;
    if (latencyMs < 2000) ++metrics.prompt;
    const status = answer.body?.type === type ? 'success' : 'failed';
    const rate = `${((metrics.prompt / metrics.totalAttempts) * 100).toFixed(2)}%`;
    appendFileSync(join(folder, 'interaction_control_audit.log'),
      `${JSON.stringify({ timestamp: new Date().toISOString(), interactionId, action: type, status, metadata: { latencyMs, consistencyRate: rate }, consistencyRate: rate })}\n`);
    if (status !== 'success') throw new Error('refused');
  };
  hold = (id) => command('hold', holdSchema, id, { holdReason: 'consultation', priority: 5, holdMusic: 'hold_music_standard.wav', holdPrompt: 'please_remain_on_the_line.wav' });
  unhold = (id) => command('unhold', unholdSchema, id, { priority: 5 });
}

// The same measuring as every side's: warm up, then count for a time; or about so many operations.
const now = () => process.hrtime.bigint();
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
let begun = 0, done = 0, failed = 0, measuring = operations > 0, over = false;
const born = now();
let started = born, cpuAtStart = cpu(), result = null;
const latencies = [];
async function timed(action, id) {
  ++begun;
  const from = now();
  await action(id);
  ++done;
  const finished = now();
  if (over) return;
  if (!measuring) {
    if (finished - born >= BigInt(warmMs) * 1000000n) { measuring = true; started = finished; cpuAtStart = cpu(); }
    return;
  }
  latencies.push(Number(finished - from) / 1000);
  if (operations > 0 ? latencies.length === operations : finished - started >= BigInt(measuredMs) * 1000000n) {
    over = true;
    result = { cpu: cpu() - cpuAtStart, wall: Number(finished - started) / 1e9, operations: latencies.length };
  }
}
async function worker(number) {
  const id = `550e8400-e29b-41d4-a716-${String(number).padStart(12, '0')}`;
  try {
    while (!over && (operations === 0 || begun < operations)) {
      if (commands === 'holds') await timed(hold, id);
      await timed(unhold, id);
    }
  } catch (error) {
    console.error(error);
    ++failed;
    over = true;
  }
}
await Promise.all(Array.from({ length: Number(inFlightText) }, (_, number) => worker(number)));
end();
latencies.sort((a, b) => a - b);
const at = (part) => (latencies[Math.floor(part * (latencies.length - 1))] ?? 0).toFixed(1);
const { cpu: used, wall, operations: measured } = result ?? { cpu: 0, wall: 0, operations: 0 };
console.log(`operations=${measured} cpu=${used.toFixed(6)} wall=${wall.toFixed(6)} p50=${at(0.5)} p99=${at(0.99)} done=${done} failed=${failed}`);
process.exit(failed === 0 ? 0 : 1);
