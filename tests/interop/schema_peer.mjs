// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds our validator and the JSON Schema documents that it is described by together: ajv, in strict mode, judges by the
// documents what ours judges by the types, on every field with every sample and on generated objects.
//
//   node schema_peer.mjs DRIVER [COUNT] [SEED]
//
// DRIVER is the program schema_driver. What the documents cannot say is listed in `beyond` and what coercion takes
// beyond them in `loose`: each by its reason, which must be there. Every other case must agree. Exits with 77, which is a
// skipped test, when ajv is not installed.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const [driver, count = '8000', seed = '1'] = process.argv.slice(2);
const modules = path.join(process.env.PATCHBAY_SOURCE ?? path.join(import.meta.dirname, '../..'), 'build/interop/package.json');
let Ajv;
try {
  Ajv = createRequire(modules)('ajv/dist/2020').default;
} catch {
  console.log('skipped: ajv is not installed (npm install --prefix build/interop)');
  process.exit(77);
}

const run = (...args) => {
  const input = typeof args.at(-1) === 'object' ? args.pop().input : '';
  const ran = spawnSync(driver, args, { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(`${driver} ${args.join(' ')} ended with ${ran.status ?? ran.signal}: ${ran.stderr}`);
  return ran.stdout.split('\n').slice(0, -1);
};

// A text with its numbers as they are spelled and with its repeated names: what JSON.parse forgets.
function spelled(text) {
  let at = 0;
  const space = () => { while (' \t\r\n'.includes(text[at] ?? 'x')) ++at; };
  const string = () => {
    const begin = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    return JSON.parse(text.slice(begin, ++at));
  };
  const value = () => {
    space();
    let out;
    if (text[at] === '"') out = { string: string() };
    else if (text[at] === '{' || text[at] === '[') {
      const isObject = text[at++] === '{';
      out = { entries: [], isObject };
      for (space(); text[at] !== '}' && text[at] !== ']'; space()) {
        if (text[at] === ',') ++at, space();
        const name = isObject ? string() : undefined;
        if (isObject) space(), ++at;
        out.entries.push([name, value()]);
      }
      ++at;
    } else {
      const begin = at;
      while (at < text.length && !' \t\r\n,]}'.includes(text[at])) ++at;
      const token = text.slice(begin, at);
      out = /^[tfn]/.test(token) ? { literal: token } : { number: token };
    }
    return out;
  };
  return value();
}

const some = (value, test) => test(value) || (value.entries ?? []).some(([name, each]) => test({ string: name ?? '' }) || some(each, test));
const depth = (value) => value.entries ? 1 + Math.max(0, ...value.entries.map(([, each]) => depth(each))) : 0;

// Calls visit(value, schema) for each value that the document speaks of; branches of `anyOf` alike.
function walk(document, schema, value, visit) {
  if (schema.$ref) return walk(document, document.$defs[schema.$ref.slice('#/$defs/'.length)], value, visit);
  visit(value, schema);
  for (const branch of [...schema.anyOf ?? [], ...schema.allOf ?? []]) walk(document, branch, value, visit);
  for (const [name, each] of value.entries ?? []) {
    const next = value.isObject ? schema.properties?.[name] ?? schema.additionalProperties : schema.items;
    if (typeof next === 'object') walk(document, next, each, visit);
  }
}
const anywhere = (document, value, test) => {
  let found = false;
  walk(document, document, value, (each, schema) => { found ||= test(each, schema); });
  return found;
};
const isWhole = (number) => /^-?\d+$/.test(number);
const repeats = (value) => value.isObject && new Set(value.entries.map(([name]) => name)).size !== value.entries.length;

// What ours may refuse although a document lets it pass.
const beyond = {
  'an integer spelled otherwise': (value, document) => anywhere(document, value, (each, schema) => schema.type === 'integer'
    && each.number !== undefined && !isWhole(each.number) && Number.isInteger(Number(each.number))),
  'an integer that a type does not hold exactly': (value, document) => anywhere(document, value, (each, schema) => /^(integer|number)$/.test(schema.type)
    && each.number !== undefined && isWhole(each.number) && BigInt(each.number) !== BigInt(Math.fround(Number(each.number)))),
  'an integer beside the bounds, as a double': (value, document) => anywhere(document, value, (each, schema) => schema.type === 'integer'
    && each.number !== undefined && isWhole(each.number) && !Number.isSafeInteger(Number(each.number))),
  'bytes that are no characters': (value, document) => anywhere(document, value, (each, schema) => each.string !== undefined
    && (schema.maxLength !== undefined || schema.minLength > 1) && Buffer.byteLength(each.string) !== [...each.string].length),
  'fewer bytes than characters could have': (value, document) => anywhere(document, value, (each, schema) => each.string !== undefined
    && schema.minLength > 1 && schema.$comment !== undefined && Buffer.byteLength(each.string) < 4 * schema.minLength),
  'a name of more bytes than 128': (value) => some(value, (each) => Buffer.byteLength(each.string ?? '') > 128),
  'a float between its greatest and infinity': (value, document) => anywhere(document, value, (each, schema) => each.number !== undefined
    && schema.maximum > 3.4e38 && Math.abs(Number(each.number)) === schema.maximum),
  'a time that its type cannot hold': (value, document) => anywhere(document, value, (each, schema) => each.string !== undefined
    && /that the field can hold$/.test(schema.$comment ?? '') && (/\d{12}/.test(each.string) || /^(0000|9999)-/.test(each.string))),
  'a number that is not finite': (value) => some(value, (each) => each.number !== undefined && !Number.isFinite(Number(each.number))),
  'a name that comes twice': (value, document) => anywhere(document, value, repeats),
  'half a surrogate pair': (value) => some(value, (each) => each.string !== undefined && !each.string.isWellFormed()),
  'nesting beyond 64': (value) => depth(value) > 64,
};
// What ours may take although a document does not.
const loose = {
  'a text for another type': (value, document) => anywhere(document, value, (each, schema) => each.string !== undefined
    && /^(integer|number|boolean|object|array)$/.test(schema.type)),
  'a number for a boolean': (value, document) => anywhere(document, value, (each, schema) => schema.type === 'boolean' && /^[01]$/.test(each.number ?? '')),
};

const byHand = ['{"text":"\\ud800"}', '{"text":"a","text":"b"}', '{"inner":{"name":"a","name":"b"}}', `{"obj":{"a":${'['.repeat(63)}${']'.repeat(63)}}}`,
  `{"obj":{"a":${'['.repeat(70)}${']'.repeat(70)}}}`, '{"rates":{"":1,"a":1,"a":2}}', '{"rates":{"":1}}', '{"text":"a","txt":"b"}', '{"five":1,"5":1}',
  '{"inner":{"called":"a"}}', '{"inner":{"called":"a","name":"b"}}', '{"inner":{}}', '{}', '{"toString":1}', '{"ivr_state":"x"}', '{"":1}', '{"a\\u0000b":1}',
  `{"${'x'.repeat(128)}":1}`, `{"${'x'.repeat(129)}":1}`, `{"${'ä'.repeat(100)}":1}`, '{"x\\u0085y":1}', '{"extra":{"a":[1,2,{"b":null}]}}', '{"even \\"one\\"":4}',
  '{"even \\"one\\"":5}', '{"five":null}', '{"holes":[null,true,null]}', '{"ints":[null]}', '{"f32":3.4028235e38}', '{"f32":3.4028236e38}', '{"f32":3.4028235677973366e+38}',
  '{"most":2.5000000001}', '{"most":-3.4028235e38}', '{"share":1.0000000000000001}', '{"share":1.0000000000000002}', '{"share":-0}', '{"share":-1e-400}', '{"i8":-0}',
  '{"names":[]}', '{"groups":{"a":[{"name":"x"},{"called":"y","level":256}]}}', '{"tree":{"leaf":true,"kids":[{"leaf":1,"kids":[]}]}}', '{"pair":{"much":1}}',
  '{"pairs":[{"much":1,"why":"queueing"},{"much":2,"why":"gold"}]}', '{"code":"AB-1234\\n"}', '{"code":"éé"}', '{"media":"a.wav\\n"}', '{"id":"12345678-1234-1234-1234-123456789abc\\n"}'];
const lines = [...byHand, ...run('generate', count, seed)];

let failed = false;
for (const { options, input: document, output } of run('documents').map((line) => JSON.parse(line))) {
  const ajv = new Ajv({ strict: true, allErrors: false });
  const takes = ajv.compile(document);
  const isWritten = ajv.compile(output);
  const answers = run('judge', options, { input: lines.map((line) => line + '\n').join('') }).map((line) => JSON.parse(line));
  if (answers.length !== lines.length) throw new Error(`${lines.length} lines in, ${answers.length} answers`);
  const tally = { 'both take': 0, 'both refuse': 0 };
  const wrong = [];
  lines.forEach((line, i) => {
    const { taken, decoded, made, why } = answers[i];
    const theirs = takes(JSON.parse(line));
    const problem = (what) => wrong.push([what, line, why ?? JSON.stringify(takes.errors?.[0] ?? made)]);
    // Decoding knows no reserved names: these are the transition's.
    const reserved = spelled(line).entries.some(([name]) => name === 'ivr_state' || name === 'toString');
    if (decoded !== taken && !reserved) problem('decoding differs from coercion');
    if (taken && !isWritten(made)) problem(`what was made is not of the document: ${JSON.stringify(isWritten.errors[0])}`);
    if (taken === theirs) return void tally[taken ? 'both take' : 'both refuse']++;
    const value = spelled(line);
    const reason = Object.entries(taken ? loose : beyond).find(([, holds]) => holds(value, document));
    if (reason) tally[reason[0]] = (tally[reason[0]] ?? 0) + 1;
    else problem(taken ? 'the document alone refuses' : 'ours alone refuses');
  });
  console.log(`${options}: ${lines.length} objects, seed ${seed}:`, tally);
  for (const [what, line, why] of wrong.slice(0, 20)) console.log(`DISAGREE (${what}) on ${line}\n  ${why}`);
  // A run in which little was compared proves little.
  if (wrong.length !== 0 || tally['both take'] < lines.length / 5 || tally['both refuse'] < lines.length / 5) failed = true;
}
process.exit(failed ? 1 : 0);
