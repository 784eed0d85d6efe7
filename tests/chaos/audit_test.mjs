// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The audit of the kill test finds what it is there to find: a history without fault passes, and each of these does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { audit } from './audit.mjs';

/** Two moves, of which the second was settled by recovery, and a hold with its release. */
function history() {
  const interaction = 'i1';
  const intent = (position, action, operation, line) => ({ position, kind: 'intent', action, operation, interaction, detail: `run 1 ${line} 00000000 job` });
  const end = (position, kind, about, outcome, resolvedBy) => ({ position, kind, intent: about, outcome, resolvedBy });
  return {
    input: [{ id: '1' }, { id: '2' }, { id: '3' }, { id: '4' }],
    truth: {
      interactions: [{ id: interaction, held: false, operations: [
        { kind: 'transition', id: 't1', version: 2, changed: true }, { kind: 'hold', id: 'h1', version: 3, changed: true },
        { kind: 'unhold', id: 'u1', version: 4, changed: true }, { kind: 'transition', id: 't2', version: 5, changed: true },
      ] }],
    },
    webhooks: [{ eventId: 't1' }, { eventId: 't2' }, { eventId: 't2' }],
    results: [
      { id: 1, line: 1, action: 'transition', outcome: 'applied', transitionId: 't1' },
      { id: 2, line: 2, action: 'hold', outcome: 'applied', resolvedBy: 'answer', correlationId: 'h1' },
      { id: 3, line: 3, action: 'unhold', outcome: 'applied', resolvedBy: 'answer', correlationId: 'u1' },
      { id: 4, line: 4, action: 'transition', outcome: 'unknown', transitionId: 't2' },
      { id: 4, line: 4, action: 'transition', outcome: 'applied', transitionId: 't2', resumed: true },
    ],
    journal: [
      intent(1, 'transition', 't1', 1), end(2, 'terminal', 1, 'applied', 'answer'), intent(3, 'hold', 'h1', 2), end(4, 'terminal', 3, 'applied', 'answer'),
      intent(5, 'unhold', 'u1', 3), end(6, 'terminal', 5, 'applied', 'answer'), intent(7, 'transition', 't2', 4), end(8, 'terminal', 7, 'unknown'),
      end(9, 'recovery', 7, 'applied', 'state'),
    ],
  };
}

const operations = (of) => of.truth.interactions[0].operations;
const faults = {
  'an operation was applied twice': (of) => { operations(of).push({ kind: 'transition', id: 't1', version: 6, changed: true }); },
  'a version was written twice': (of) => { operations(of)[2].version = 3; },
  'somebody is left on hold': (of) => { of.truth.interactions[0].held = true; },
  'a success was none': (of) => { operations(of).splice(0, 1); },
  'a hold that was acknowledged never was': (of) => { operations(of).splice(1, 1); },
  'a failure was a success': (of) => { of.results[0].outcome = 'not_applied'; of.results[0].error = { code: 'network' }; },
  'a line is lost': (of) => { of.results.splice(2, 1); },
  'a line is unknown to the end': (of) => { of.results.pop(); },
  'a line is said to have ended in silence': (of) => { of.input.push({ id: '5' }); of.results.push({ id: 5, line: 5, action: 'hold', outcome: 'not_applied', resumed: true }); },
  'the journal has a gap': (of) => { of.journal.splice(3, 1); },
  'the journal is damaged': (of) => { of.journal.push({ kind: 'damaged', position: 10 }); },
  'an intent has two ends': (of) => { of.journal.push({ ...of.journal[1], position: 10 }); },
  'an intent stays open': (of) => { of.journal.pop(); of.journal.pop(); },
  'an intent stays unknown': (of) => { of.journal.pop(); },
  'an intent was settled the wrong way': (of) => { of.journal[8].outcome = 'not_applied'; },
  'an intent was settled though nothing was done': (of) => { operations(of).pop(); of.webhooks.length = 1; of.results.length = 4; },
  'something was done without an intent': (of) => { operations(of).push({ kind: 'unhold', id: 'u9', version: 5, changed: false }); },
  'one operation has two intents': (of) => { of.journal.push({ ...of.journal[0], position: 10 }); },
  'a line was done twice': (of) => { of.journal[6].detail = of.journal[0].detail; },
  'a webhook never came': (of) => { of.webhooks.length = 1; },
  'webhooks came in the wrong order': (of) => { of.webhooks.reverse(); },
  'a webhook has two bodies': (of) => { of.webhooks[2].more = 1; },
  'a webhook told of what was not done': (of) => { of.webhooks.push({ eventId: 't3' }); },
};

function problems(of) {
  const folder = mkdtempSync(join(tmpdir(), 'patchbay-audit-'));
  try {
    for (const name of ['results', 'journal']) writeFileSync(join(folder, `${name}.jsonl`), of[name].map((each) => JSON.stringify(each) + '\n').join(''));
    return audit({ folder, input: of.input, truth: of.truth, webhooks: of.webhooks, journaled: true }).problems;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let failures = 0;
const clean = problems(history());
if (clean.length > 0) ++failures, console.log(`FAILED: a history without fault: ${clean.join('; ')}`);
for (const [name, spoil] of Object.entries(faults)) {
  const spoiled = history();
  spoil(spoiled);
  if (problems(spoiled).length === 0) ++failures, console.log(`FAILED: not found: ${name}`);
}
console.log(`${Object.keys(faults).length} faults, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);
