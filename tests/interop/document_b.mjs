// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The hold document's own program, run against loopback_cloud. It is cut from the document at run time and put together in
// one file, so that its `require` of its own two modules falls away. Changed are: host and credentials; https and wss, made
// plain; and one wait for `open`, without which its first command always fails (hazard B15). It never ends by itself
// (hazard B35): it is complete when its metrics are printed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, cleanEnvironment, cut, document, equal, finish, replace, run, sleep, startCloud, workFolder } from './support.mjs';

const text = document('004');
const pieces = [
  cut(text, "const axios = require('axios');", 'Implementation'),
  cut(text, "const WebSocket = require('ws');", 'Step 2:'),
  cut(text, "const { z } = require('zod');", 'Step 3:'),
  cut(text, 'async function verifyInteractionEligibility', 'Step 4:'),
  cut(text, "const fs = require('fs');", 'Step 5:'),
  cut(text, 'class InteractionHoldController {', 'Complete Working Example'),
  cut(text, 'async function runControlWorkflow() {', 'Common Errors'),
];
function assemble(host) {
  let program = pieces.join('\n');
  program = replace(program, 'YOUR_ORG.mygen.com', host);
  program = replace(program, 'YOUR_CLIENT_ID', 'interop');
  program = replace(program, 'YOUR_CLIENT_SECRET', 'interop-secret');
  program = replace(program, 'https://${', 'http://${', 2);
  program = replace(program, 'wss://${', 'ws://${');
  return replace(program, 'await this.ws.connect();',
    "await this.ws.connect();\nawait new Promise((resolve, reject) => { this.ws.ws.once('open', resolve); this.ws.ws.once('error', reject); });");
}
const id = '550e8400-e29b-41d4-a716-446655440000';
const complete = (output) => /Controller Metrics: \{[^}]*\}/.test(output);

async function runProgram(cloud) {
  const folder = workFolder();
  const program = join(folder, 'document_b.cjs');
  writeFileSync(program, assemble(cloud.host));
  const { code, output } = await run(process.execPath, [program], { cwd: folder, env: cleanEnvironment(), complete });
  let audit = '';
  try {
    audit = readFileSync(join(folder, 'interaction_control_audit.log'), 'utf8');
  } catch {
    // it has audited nothing
  }
  return { code, output, audit: audit.split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
}

{
  const cloud = await startCloud(['--ack-delay-ms', '20']);
  const { code, output, audit } = await runProgram(cloud);
  check(`the program completes:\n${output}`, code === 0 && complete(output));
  check('it opens its channel', output.includes('WebSocket connection established'));
  const ids = [...output.matchAll(/correlationId: '([0-9a-f-]{36})'/g)].map((match) => match[1]);
  equal('results', [...output.matchAll(/(Hold|Unhold) result: \{\s*status: '(\w+)'/g)].map((match) => match.slice(1)), [['Hold', 'success'], ['Unhold', 'success']]);
  equal('monitor events', [...output.matchAll(/\[QUALITY MONITOR\] (\w+) event/g)].map((match) => match[1]), ['hold', 'unhold']);
  check('metrics show two commands, both prompt', /totalAttempts: 2/.test(output) && /stateConsistencyRate: '100.00%'/.test(output));
  equal('audit', audit.map(({ action, status, interactionId, consistencyRate }) => ({ action, status, interactionId, consistencyRate })), [
    { action: 'hold', status: 'success', interactionId: id, consistencyRate: '100.00%' },
    { action: 'unhold', status: 'success', interactionId: id, consistencyRate: '100.00%' },
  ]);
  const interaction = await cloud.interaction(id);
  equal('held at the end', interaction.held, false);
  equal('operations', interaction.operations.map(({ kind, changed }) => ({ kind, changed })), [{ kind: 'hold', changed: true }, { kind: 'unhold', changed: true }]);
  equal('their ids are the correlation ids', interaction.operations.map((each) => each.id), ids);
  for (let i = 0; i < 40 && (await cloud.state()).channels !== 0; ++i) await sleep(50);
  equal('channels once the program is gone', (await cloud.state()).channels, 0);
  equal('end of the cloud', await cloud.stop(), 0);
}

// What the document describes beside the good path: rate limits on both calls, and a refused command.
{
  const cloud = await startCloud();
  await cloud.fault({ match: { method: 'POST', targetPrefix: '/oauth' }, kind: 'answer', status: 429, headers: { 'Retry-After': '1' } });
  await cloud.fault({ match: { method: 'GET', targetPrefix: '/api/v2/interactions/' }, kind: 'answer', status: 429, headers: { 'Retry-After': '1' } });
  await cloud.fault({ on: 'command', match: { verb: 'unhold' }, kind: 'refuse', text: 'the agent has left' });
  const { code, output } = await runProgram(cloud);
  check(`the program completes after rate limits:\n${output}`, code === 0 && complete(output));
  check('it retried its token', output.includes('Rate limited (429). Retrying in 1 seconds. Attempt 1/3'));
  equal('results', [...output.matchAll(/(Hold|Unhold) result: \{\s*status: '(\w+)'/g)].map((match) => match.slice(1)), [['Hold', 'success'], ['Unhold', 'failed']]);
  equal('the refused release did not happen', (await cloud.interaction(id)).held, true);
  equal('end of the second cloud', await cloud.stop(), 0);
}
finish();
