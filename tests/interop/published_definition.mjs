// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The platform's published definition as judge between the platform's own SDK and `loopback_cloud --dialect platform`.
// Prism stands between them as a proxy that answers 422 to a request which the definition does not allow, and 500 to an
// answer which it does not allow; so the SDK's whole way of official_sdk.mjs passes only if both sides keep to it. The
// definition is not ours to ship: the test is skipped where it is not.
//
// What Prism does not look at is looked at here: members that the definition does not know, and the bodies of events,
// which are those of the views that the definition has.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { agent, answer, call, loadSdk, scenario } from './sdk_scenario.mjs';
import { check, equal, finish, modules, requireModule, skip, sleep, source, startPlatform, startProgram, within, workFolder } from './support.mjs';

const file = process.env.PATCHBAY_OPENAPI || join(source, '../shared/genesys/openapi-subset.json');
if (!existsSync(file)) skip(`the platform's published definition is not at ${file}; PATCHBAY_OPENAPI says where it is`);
// "Any value" is spelt `{"type":"object"}` there, after the type of that name in the language that it is generated from:
// attributes of a conversation are texts and numbers by their schemas, and a JSON Schema's own properties are of that kind
// too. Read to the letter, neither could have a single one.
const definition = JSON.parse(readFileSync(file, 'utf8'), (name, value) =>
  name === 'additionalProperties' && value?.type === 'object' && Object.keys(value).length === 1 ? {} : value);
const { definitions } = definition;
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
const validator = (name) => {
  if (!validators.has(name)) validators.set(name, ajv.compile({ $ref: `platform#/definitions/${name}` }));
  return validators.get(name);
};
/** The members of `value` that its schema does not name, as paths. */
function strangers(schema, value, path = '') {
  if (schema?.$ref) return strangers(definitions[schema.$ref.slice('#/definitions/'.length)], value, path);
  if (Array.isArray(value)) return value.flatMap((each) => strangers(schema?.items, each, `${path}[]`));
  if (value === null || typeof value !== 'object' || !schema?.properties) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name in schema.properties ? strangers(schema.properties[name], member, `${path}.${name}`) : [`${path}.${name}`]);
}
const judged = new Map();
function note(name, value) {
  judged.set(name, (judged.get(name) ?? 0) + 1);
  const validate = validator(name);
  check(`${name}: ${JSON.stringify(validate(value) ? '' : validate.errors.slice(0, 3))} in ${JSON.stringify(value)?.slice(0, 300)}`, validate(value));
  equal(`members of ${name} that the definition does not know`, strangers(definitions[name], value), []);
}

// The judges judge.
{
  const bad = { id: call, participants: [{ calls: [{ held: 'yes', startHoldTime: 'now' }] }], startTime: '2026-01-01T00:00:00Z' };
  check('a wrong body is found', !validator('Conversation')(bad) && validator('Conversation').errors.length === 2);
  equal('a strange member is found', strangers(definitions.Conversation, { participants: [{ calls: [{ holdReason: 'x' }] }] }), ['.participants[].calls[].holdReason']);
}

const folder = workFolder();
const read = join(folder, 'definition.json');
writeFileSync(read, JSON.stringify(definition));
const cloud = await startPlatform(['--effect-delay-ms', '50']);
const port = await new Promise((done) => { const free = net.createServer().listen(0, '127.0.0.1', () => { const taken = free.address().port; free.close(() => done(taken)); }); });
const proxy = startProgram(process.execPath, [prism, 'proxy', read, cloud.url, '--errors', '--port', String(port), '--host', '127.0.0.1', '--verboseLevel', 'warn']);
for (let ready = false; !ready;) {
  if (proxy.ended()) throw new Error(`Prism ended: ${proxy.output()}`);
  ready = await new Promise((done) => net.connect(port, '127.0.0.1').once('connect', function () { this.destroy(); done(true); }).once('error', () => done(false)));
  if (!ready) await sleep(50);
}

const loaded = loadSdk(folder);
const { client, sdk } = loaded;
const token = await cloud.token();
client.setAccessToken(token);
// A gateway is what the SDK calls a host that stands between it and the platform.
client.setGateway({ host: '127.0.0.1', protocol: 'http', port });

// Prism judges too: a request, and an answer that a fault makes wrong.
{
  const conversations = new sdk.ConversationsApi();
  const request = await answer(conversations.patchConversationParticipant(call, agent, { held: 'yes' }));
  equal('a request that is wrong', [request.status, /UNPROCESSABLE_ENTITY/.test(request.body.type)], [422, true]);
  await cloud.fault({ match: { method: 'GET' }, kind: 'answer', status: 200, body: '{"id":7}' });
  const response = await answer(conversations.getConversation(call));
  equal('an answer that is wrong', [response.status, /VIOLATIONS/.test(response.body.type)], [500, true]);
  await cloud.fault({ match: { method: 'GET' }, kind: 'answer', status: 206, body: '{}' });
  equal('a status that is not in the definition', (await answer(conversations.getConversation(call))).status, 500);
  equal('nothing was done', (await cloud.conversation(call)).operations, []);
}
// Prism wants JSON behind every answer that names it, which no answer to HEAD has.
await scenario(loaded, cloud, { note, refusedHead: false });
check(`kinds of bodies judged: ${[...judged].map(([name, times]) => `${name} ${times}`).join(', ')}`, judged.size >= 12);
proxy.end();
await within(10000, proxy.exit, 'the end of Prism');
equal('the end of the cloud', await cloud.stop(), 0);
finish();
