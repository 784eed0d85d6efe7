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

export function audit({ folder, input, truth, journaled }) {
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
  const last = new Map();
  const outcomes = { applied: 0, not_applied: 0, unknown: 0 };
  for (const each of results) {
    const operation = each.transitionId ?? each.correlationId;
    const times = applied.get(operation)?.times ?? 0;
    if (each.outcome === 'applied' && each.action === 'transition' && times !== 1) wrong(`line ${each.line}: said to be applied, and the cloud has it ${times} times: ${operation}`);
    if (each.outcome === 'applied' && each.action !== 'transition' && each.resolvedBy === 'answer' && !each.alreadyHeld && times === 0) wrong(`line ${each.line}: said to be applied, and the cloud has it not: ${operation}`);
    if (each.outcome === 'not_applied' && times !== 0) wrong(`line ${each.line}: said not to be applied (${each.error?.code}), and the cloud has it: ${operation}`);
    last.set(String(each.id), each);
  }
  for (const line of input) {
    const result = last.get(line.id);
    if (!result) wrong(`line ${line.id} has no result`);
    else ++outcomes[result.outcome];
  }
  let summary = `${input.length} lines: ${outcomes.applied} applied, ${outcomes.not_applied} not applied, ${outcomes.unknown} unknown`;
  const why = new Map();
  for (const each of last.values()) if (each.error) why.set(each.error.code, (why.get(each.error.code) ?? 0) + 1);
  if (why.size > 0) summary += ` (${[...why].map(([code, times]) => `${code} ${times}`).join(', ')})`;
  return { problems, summary };
}
