// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the cloud did, held against what the results and the journal say.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The JSON objects of a file; a line that is none was being written when its program was killed. */
function read(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}

export function audit({ folder, input, truth, webhooks, journaled, swallowed = 0 }) {
  const problems = [];
  const wrong = (text) => { problems.push(text); };

  // The cloud's own log: how often each operation was done, and that no version was skipped or written twice.
  const applied = new Map();
  for (const each of truth.interactions) {
    let version = 0;
    for (const done of each.operations) {
      const known = applied.get(done.id) ?? { kind: done.kind, times: 0, changed: 0 };
      ++known.times;
      if (done.changed) ++known.changed;
      applied.set(done.id, known);
      if (version !== 0 && done.version !== version + (done.changed ? 1 : 0)) wrong(`${each.id}: version ${done.version} follows ${version} in the cloud`);
      version = done.version;
    }
    if (each.held) wrong(`${each.id} is left on hold`);
  }
  for (const [id, each] of applied)
    if (each.changed > 1 || (each.kind === 'transition' && each.times > 1)) wrong(`${each.kind} ${id} was applied ${each.times} times`);

  // What was said of each line, by whichever process: true then, and true still.
  const results = read(join(folder, 'results.jsonl'));
  const last = new Map(), heard = new Set();
  const outcomes = { applied: 0, not_applied: 0, unknown: 0 };
  for (const each of results) {
    const operation = each.transitionId ?? each.correlationId;
    const times = applied.get(operation)?.times ?? 0;
    if (each.outcome === 'applied' && each.action === 'transition' && times !== 1) wrong(`line ${each.line}: said to be applied, and the cloud has it ${times} times: ${operation}`);
    if (each.outcome === 'applied' && each.action !== 'transition' && each.resolvedBy === 'answer' && !each.alreadyHeld && times === 0) wrong(`line ${each.line}: said to be applied, and the cloud has it not: ${operation}`);
    if (each.outcome === 'not_applied' && times !== 0) wrong(`line ${each.line}: said not to be applied (${each.error?.code}), and the cloud has it: ${operation}`);
    last.set(String(each.id), each);
    if (!each.resumed) heard.add(String(each.id));
  }
  let silent = 0;
  for (const line of input) {
    const result = last.get(line.id);
    if (!result) wrong(`line ${line.id} has no result`);
    else ++outcomes[result.outcome];
    // Of a line that sent nothing the process that ended it has said so, but for the last words that a kill swallows.
    if (result?.resumed && !result.transitionId && !result.correlationId && !heard.has(line.id)) ++silent;
  }
  if (silent > swallowed) wrong(`${silent} lines are said to have ended in an earlier process, which said nothing of them`);
  let more = '';
  if (journaled) more = auditJournal({ folder, truth, applied, wrong, webhooks, outcomes });
  let summary = `${input.length} lines: ${outcomes.applied} applied, ${outcomes.not_applied} not applied, ${outcomes.unknown} unknown`;
  const why = new Map();
  for (const each of last.values()) if (each.error) why.set(each.error.code, (why.get(each.error.code) ?? 0) + 1);
  if (why.size > 0) summary += ` (${[...why].map(([code, times]) => `${code} ${times}`).join(', ')})`;
  return { problems, summary: summary + more };
}

/** Every intent of the journal against the cloud: applied exactly once, or not at all, and settled in any case. */
function auditJournal({ folder, truth, applied, wrong, webhooks, outcomes }) {
  const intents = new Map(), byOperation = new Map(), lines = new Map();
  let position = 0, recoveries = 0, lost = 0;
  for (const record of read(join(folder, 'journal.jsonl'))) {
    if (record.kind === 'damaged') wrong(`the journal is damaged: ${JSON.stringify(record)}`);
    if (position !== 0 && record.position !== position + 1) wrong(`record ${record.position} follows ${position} in the journal`);
    position = record.position;
    if (record.kind === 'intent') {
      const intent = { ...record, terminals: 0, recoveries: 0, outcome: 'open' };
      if (byOperation.has(record.operation)) wrong(`two intents of one operation: ${record.operation}`);
      intents.set(record.position, intent);
      byOperation.set(record.operation, intent);
    } else if (record.kind === 'terminal' || record.kind === 'recovery') {
      const intent = intents.get(record.intent);
      if (!intent) wrong(`record ${record.position} ends an intent that is not there`);
      else if (++intent[record.kind === 'terminal' ? 'terminals' : 'recoveries'] > 1) wrong(`two ${record.kind} records for intent ${record.intent}`);
      else {
        if (intent.outcome === 'applied' || intent.outcome === 'not_applied') wrong(`intent ${record.intent} was settled before`);
        intent.outcome = record.outcome;
        intent.resolvedBy = record.resolvedBy;
        recoveries += record.kind === 'recovery' ? 1 : 0;
      }
    }
  }
  for (const intent of intents.values()) {
    const { action, operation, outcome } = intent;
    const times = applied.get(operation)?.times ?? 0;
    // Behind a hold that was released before anybody looked nobody can tell any more; a move leaves its mark.
    if (outcome === 'unknown' && action === 'hold' && intent.resolvedBy === 'nobody') ++lost;
    else if (outcome === 'open' || outcome === 'unknown') wrong(`${action} ${operation} is ${outcome} in the journal (${intent.resolvedBy})`);
    if (outcome === 'not_applied' && times !== 0) wrong(`${action} ${operation} is not applied by the journal (${intent.resolvedBy}), and the cloud has it`);
    if (outcome === 'applied' && action === 'transition' && times !== 1) wrong(`transition ${operation} is applied by the journal (${intent.resolvedBy}), and the cloud has it ${times} times`);
    if (outcome === 'applied' && action !== 'transition' && intent.resolvedBy === 'answer' && times === 0) wrong(`${action} ${operation} was acknowledged, and the cloud has it not`);
    const line = /^run \d+ (\d+) /.exec(intent.detail ?? '')?.[1];
    if (line && outcome === 'applied') lines.set(line, (lines.get(line) ?? 0) + 1);
  }
  for (const [id, each] of applied) if (!byOperation.has(id)) wrong(`${each.kind} ${id} was done by the cloud, and the journal has no intent of it`);
  for (const [line, times] of lines) if (times > 1) wrong(`line ${line} was done ${times} times`);
  if (outcomes.unknown > lost) wrong(`${outcomes.unknown} lines are unknown to the end, and ${lost} holds`);

  // Webhooks: each success at least once, nothing else, and the first time each in the order of the moves.
  const told = new Map();
  for (const each of webhooks) {
    const body = told.get(each.eventId);
    if (body === undefined) told.set(each.eventId, JSON.stringify(each));
    else if (body !== JSON.stringify(each)) wrong(`webhook ${each.eventId} has two bodies`);
  }
  const order = new Map([...told.keys()].map((id, i) => [id, i]));
  for (const each of truth.interactions) {
    let last = -1;
    for (const { id, kind } of each.operations) {
      if (kind !== 'transition') continue;
      if (!order.has(id)) wrong(`transition ${id} was applied, and its webhook never came`);
      else if (order.get(id) < last) wrong(`the webhook of ${id} came before that of an earlier move`);
      else last = order.get(id);
    }
  }
  for (const id of told.keys()) if ((applied.get(id)?.times ?? 0) === 0) wrong(`a webhook told of ${id}, which was not applied`);
  return `; journal: ${intents.size} intents, ${recoveries} settled by recovery, ${lost} holds released before anybody could tell; ${webhooks.length} webhooks for ${told.size} moves`;
}
