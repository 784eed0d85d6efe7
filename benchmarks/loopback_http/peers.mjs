// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The IVR document's program, written afresh in its spirit: its steps, its coercion and its audit, on Node.js, with the
// built-in fetch that it uses or with undici, the quicker way that Node.js has.
//
//   node peers.mjs undici|fetch MODULES PORT CONNECTIONS REQUESTS WARM-MS MEASURED-MS OPERATIONS
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [kind, modules, ...numbers] = process.argv.slice(2);
const [port, connections, requests, warmMs, measuredMs, operations] = numbers.map(Number);
const origin = `http://127.0.0.1:${port}`;

// Exchanges: status, the ETag, and a way to the body.
let exchange;
if (kind === 'undici') {
  const { Pool } = createRequire(join(modules, 'package.json'))('undici');
  const pool = new Pool(origin, { connections, pipelining: 1 });
  exchange = async (method, path, headers, body) => {
    const answer = await pool.request({ method, path, headers, body });
    return { status: answer.statusCode, etag: answer.headers.etag, json: () => answer.body.json() };
  };
} else {
  exchange = async (method, path, headers, body) => {
    const answer = await fetch(origin + path, { method, headers, body });
    return { status: answer.status, etag: answer.headers.get('etag'), json: () => answer.json() };
  };
}

let cachedToken = null;
let tokenExpiry = 0;
async function accessToken() {
  if (cachedToken && Date.now() < tokenExpiry - 60000) return cachedToken;
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'id', client_secret: 'secret', scope: 'interaction:update interaction:read flow:read' });
  const answer = await exchange('POST', '/oauth/token', { 'Content-Type': 'application/x-www-form-urlencoded' }, form.toString());
  if (answer.status !== 200) throw new Error(`token: ${answer.status}`);
  const data = await answer.json();
  cachedToken = data.access_token;
  tokenExpiry = Date.now() + data.expires_in * 1000;
  return cachedToken;
}

async function flowDefinition(id, token) {
  const answer = await exchange('GET', `/api/v2/flows/${id}`, { Authorization: `Bearer ${token}`, Accept: 'application/json' });
  if (answer.status !== 200) throw new Error(`flow: ${answer.status}`);
  return answer.json();
}

function reachable(flow, from, to) {
  const nodes = new Map(flow.nodes.map((node) => [node.id, node]));
  if (!nodes.has(from) || !nodes.has(to)) return false;
  const visited = new Set();
  const queue = [from];
  while (queue.length > 0) {
    const current = queue.shift();
    if (current === to) return true;
    if (visited.has(current)) continue;
    visited.add(current);
    for (const { targetId } of nodes.get(current)?.transitions ?? []) if (nodes.has(targetId) && !visited.has(targetId)) queue.push(targetId);
  }
  return false;
}

const schema = { customer_tier: 'string', call_duration_seconds: 'number', requires_supervisor: 'boolean', routing_metadata: 'object' };
function coerce(variables) {
  const out = {};
  for (const [key, value] of Object.entries(variables)) {
    switch (schema[key] ?? 'string') {
      case 'number':
        out[key] = typeof value === 'string' ? parseFloat(value) : Number(value);
        if (Number.isNaN(out[key])) throw new Error(`${key} is no number`);
        break;
      case 'boolean':
        out[key] = value === true || value === 'true' || value === '1';
        break;
      case 'object':
        out[key] = typeof value === 'string' ? JSON.parse(value) : value;
        break;
      default:
        out[key] = String(value);
    }
  }
  return out;
}

const audit = [];
const metrics = { totalRequests: 0, successfulUpdates: 0, averageLatencyMs: 0 };
let cachedFlow = null;

async function transition(update) {
  const begun = Date.now();
  const token = await accessToken();
  const flow = (requests < 3 && cachedFlow) || (cachedFlow = await flowDefinition(update.flowId, token));
  if (!reachable(flow, update.from, update.to)) throw new Error('not reachable');
  const attributes = { ivr_state: update.to, flow_node: update.to, last_updated: new Date().toISOString(), ...coerce(update.variables) };
  const path = `/api/v2/interactions/${update.interactionId}`;
  const read = await exchange('GET', path, { Authorization: `Bearer ${token}`, Accept: 'application/json' });
  if (read.status !== 200) throw new Error(`interaction: ${read.status}`);
  const interaction = await read.json();
  const etag = read.etag ?? interaction.etag;
  const answer = await exchange('PATCH', path, { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'If-Match': etag }, JSON.stringify({ customAttributes: attributes }));
  if (answer.status < 200 || answer.status > 299) throw new Error(`write: ${answer.status}`);
  await answer.json();
  const latencyMs = Date.now() - begun;
  metrics.totalRequests++;
  metrics.successfulUpdates++;
  metrics.averageLatencyMs += (latencyMs - metrics.averageLatencyMs) / metrics.totalRequests;
  audit.push({ timestamp: new Date().toISOString(), interactionId: update.interactionId, action: 'state_transition', statusCode: answer.status, latencyMs, success: true, etagUsed: etag });
}

// The same measuring as every side's: warm up, then count for a time; or exactly so many operations.
const now = () => process.hrtime.bigint();
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
let begun = 0, done = 0, failed = 0, measuring = operations > 0, over = false;
const born = now();
let started = born, cpuAtStart = cpu(), result = null;
const latencies = [];
async function worker(number) {
  // The flow has a name for each, where it is read each time, so that all sides ask for the same.
  const flowId = `a1b2c3d4-e5f6-7890-abcd-${requests < 3 ? 'ef1234567890' : String(number).padStart(12, '0')}`;
  const interactionId = `550e8400-e29b-41d4-a716-${String(number).padStart(12, '0')}`;
  while (!over && (operations === 0 || begun < operations)) {
    ++begun;
    const from = now();
    try {
      await transition({
        interactionId, flowId, from: 'MainMenu', to: 'BillingInquiry',
        variables: { customer_tier: 'enterprise', call_duration_seconds: '145', requires_supervisor: 'false', routing_metadata: '{"queue":"billing_team","priority":"high"}' },
      });
    } catch (error) {
      console.error(error);
      ++failed;
      over = true;
      return;
    }
    ++done;
    const end = now();
    if (over) return;
    if (!measuring) {
      if (end - born >= BigInt(warmMs) * 1000000n) { measuring = true; started = end; cpuAtStart = cpu(); }
      continue;
    }
    latencies.push(Number(end - from) / 1000);
    if (operations > 0 ? latencies.length === operations : end - started >= BigInt(measuredMs) * 1000000n) {
      over = true;
      result = { cpu: cpu() - cpuAtStart, wall: Number(end - started) / 1e9, operations: latencies.length };
    }
  }
}
await accessToken();
await Promise.all(Array.from({ length: connections }, (_, number) => worker(number)));
latencies.sort((a, b) => a - b);
const at = (part) => (latencies[Math.floor(part * (latencies.length - 1))] ?? 0).toFixed(1);
const { cpu: used, wall, operations: measured } = result ?? { cpu: 0, wall: 0, operations: 0 };
console.log(`operations=${measured} cpu=${used.toFixed(6)} wall=${wall.toFixed(6)} p50=${at(0.5)} p99=${at(0.99)} done=${done} failed=${failed}`);
process.exit(failed === 0 ? 0 : 1);
