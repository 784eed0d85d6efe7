// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The platform's published definition, and judges by it. It is not ours to ship: whoever imports this is skipped where it
// is not. Prism judges what passes through it: it answers 422 to a request that the definition does not allow, and 500 to
// an answer that it does not allow. What Prism does not look at, Ajv and `strangers` do here.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { check, equal, modules, requireModule, skip, sleep, source, startProgram } from './support.mjs';

const file = process.env.PATCHBAY_OPENAPI || join(source, '../shared/genesys/openapi-subset.json');
if (!existsSync(file)) skip(`the platform's published definition is not at ${file}; PATCHBAY_OPENAPI says where it is`);
// "Any value" is spelt `{"type":"object"}` there, after the type of that name in the language that it is generated from:
// attributes of a conversation are texts and numbers by their schemas, and a JSON Schema's own properties are of that kind
// too. Read to the letter, neither could have a single one.
export const definition = JSON.parse(readFileSync(file, 'utf8'), (name, value) =>
  name === 'additionalProperties' && value?.type === 'object' && Object.keys(value).length === 1 ? {} : value);
export const { definitions } = definition;
const prism = join(modules(), 'node_modules/@stoplight/prism-cli/dist/index.js');
if (!existsSync(prism)) skip('Prism is not there; tests/run installs it');

// Swagger 2.0 schemas are JSON Schema but for the names of their formats.
const Ajv = requireModule('ajv').default ?? requireModule('ajv');
const ajv = new Ajv({ strict: false, allErrors: true });
for (const name of ['int32', 'int64']) ajv.addFormat(name, { type: 'number', validate: Number.isInteger });
for (const name of ['double', 'float']) ajv.addFormat(name, { type: 'number', validate: Number.isFinite });
ajv.addFormat('date-time', (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)));
ajv.addFormat('uri', (text) => URL.canParse(text));
for (const name of ['date', 'local-date-time', 'interval', 'byte', 'binary']) ajv.addFormat(name, true);
ajv.addSchema({ $id: 'platform', definitions });
const validators = new Map();
/** Whether a value is what the definition of that name says, as Ajv's function. */
export function validator(name) {
  if (!validators.has(name)) validators.set(name, ajv.compile({ $ref: `platform#/definitions/${name}` }));
  return validators.get(name);
}
/** The members of `value` that its schema does not name, as paths. */
export function strangers(schema, value, path = '') {
  if (schema?.$ref) return strangers(definitions[schema.$ref.slice('#/definitions/'.length)], value, path);
  if (Array.isArray(value)) return value.flatMap((each) => strangers(schema?.items, each, `${path}[]`));
  if (value === null || typeof value !== 'object' || !schema?.properties) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name in schema.properties ? strangers(schema.properties[name], member, `${path}.${name}`) : [`${path}.${name}`]);
}
/** How often bodies of each definition were judged. */
export const judged = new Map();
export function note(name, value) {
  judged.set(name, (judged.get(name) ?? 0) + 1);
  const validate = validator(name);
  check(`${name}: ${JSON.stringify(validate(value) ? '' : validate.errors.slice(0, 3))} in ${JSON.stringify(value)?.slice(0, 300)}`, validate(value));
  equal(`members of ${name} that the definition does not know`, strangers(definitions[name], value), []);
}

// The judges judge.
{
  const bad = { participants: [{ calls: [{ held: 'yes', startHoldTime: 'now' }] }], startTime: '2026-01-01T00:00:00Z' };
  check('a wrong body is found', !validator('Conversation')(bad) && validator('Conversation').errors.length === 2);
  equal('a strange member is found', strangers(definitions.Conversation, { participants: [{ calls: [{ holdReason: 'x' }] }] }), ['.participants[].calls[].holdReason']);
}

/** Prism in front of `url`, as `startProgram` gives it, and its `port`. */
export async function startPrism(folder, url) {
  const read = join(folder, 'definition.json');
  writeFileSync(read, JSON.stringify(definition));
  const port = await new Promise((done) => { const free = net.createServer().listen(0, '127.0.0.1', () => { const taken = free.address().port; free.close(() => done(taken)); }); });
  const proxy = startProgram(process.execPath, [prism, 'proxy', read, url, '--errors', '--port', String(port), '--host', '127.0.0.1', '--verboseLevel', 'warn']);
  for (let ready = false; !ready;) {
    if (proxy.ended()) throw new Error(`Prism ended: ${proxy.output()}`);
    ready = await new Promise((done) => net.connect(port, '127.0.0.1').once('connect', function () { this.destroy(); done(true); }).once('error', () => done(false)));
    if (!ready) await sleep(50);
  }
  return { ...proxy, port };
}
