// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The platform's published definition as judge of what patchbay itself sends. Between patchbayctl and
// `loopback_cloud --dialect platform` stands Prism, which refuses a request that the definition does not allow, and before
// Prism a recorder, so that no refusal is lost in how patchbayctl takes it. Tokens do not pass it: logging in is not in the
// definition.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { definition, definitions, judged, note, startPrism } from './definition.mjs';
import { bin, check, cleanEnvironment, equal, finish, run, startPlatform, startWatch, within, workFolder } from './support.mjs';

const id = (kind, number) => `${kind}0000000-0000-4000-8000-00000000000${number}`;
const answered = id('c', 1), inFlow = id('c', 3), ended = id('c', 4), callback = id('c', 5), email = id('c', 7), message = id('c', 8), ivr = id('b', 2), agent = id('b', 4), user = id('a', 1), schema = id('a', 4), record = id('a', 5), flow = id('f', 1);

const folder = workFolder();
const cloud = await startPlatform(['--effect-delay-ms', '50', '--user', user]);
const judge = await startPrism(folder, cloud.url);

// Readings by media other than calls are in the platform's API, and not in the part of its definition that may be here: these
// go past Prism then, and it is said.
const past = new Set();
const isKnownElsewhere = (request) => request.method === 'GET' && /^\/api\/v2\/conversations\/(emails|messages|callbacks)\/[^/]+$/.test(request.path);

const seen = [];
const recorder = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    const body = Buffer.concat(parts);
    const { connection, ...headers } = request.headers;
    const asked = { method: request.method, path: request.url };
    const goesPast = operationOf(asked) === null && isKnownElsewhere(asked);
    if (goesPast) past.add(request.url.split('/')[4]);
    const next = goesPast ? new URL(cloud.url).port : judge.port;
    const sent = http.request({ host: '127.0.0.1', port: next, method: request.method, path: request.url, headers: { ...headers, host: `127.0.0.1:${next}` } }, (answer) => {
      const back = [];
      answer.on('data', (part) => back.push(part)).on('end', () => {
        const text = Buffer.concat(back);
        if (!goesPast) seen.push({ method: request.method, path: request.url, type: headers['content-type'], body: body.toString(), status: answer.statusCode, answer: text.toString() });
        const { 'transfer-encoding': chunked, connection: kept, ...rest } = answer.headers;
        response.writeHead(answer.statusCode, answer.statusCode === 204 ? rest : { ...rest, 'content-length': text.length }).end(text);
      });
    });
    sent.on('error', () => response.destroy());
    sent.end(body);
  });
});
const port = await new Promise((done) => recorder.listen(0, '127.0.0.1', () => done(recorder.address().port)));

/** The operation of the definition that a request is: its template and method; null when there is none. */
function operationOf({ method, path }) {
  const parts = path.split('?')[0].split('/');
  for (const [template, methods] of Object.entries(definition.paths)) {
    const wanted = template.split('/');
    if (wanted.length === parts.length && wanted.every((each, i) => each === parts[i] || /^\{.*\}$/.test(each)) && methods[method.toLowerCase()])
      return { name: `${method} ${template}`, ...methods[method.toLowerCase()] };
  }
  return null;
}
const done = new Map();
/** Judges what has been recorded since the last call; gives it back. */
function judgeAll(what) {
  const now = seen.splice(0);
  check(`${what}: something was sent`, now.length > 0);
  for (const each of now) {
    const shown = `${what}: ${each.method} ${each.path} ${each.body} was answered ${each.status} ${each.answer.slice(0, 400)}`;
    check(`${shown}: Prism refused it`, !/stoplight\.io\/prism/.test(each.answer));
    const operation = operationOf(each);
    check(`${shown}: no such operation`, operation !== null);
    if (operation === null) continue;
    done.set(operation.name, (done.get(operation.name) ?? 0) + 1);
    check(`${shown}: no such status`, String(each.status) in operation.responses);
    const parameter = operation.parameters.find((one) => one.in === 'body');
    check(`${shown}: a body where there is none, or none where there is one`, (parameter === undefined) === (each.body === ''));
    if (parameter === undefined || each.body === '') continue;
    equal(`${what}: the body's type`, each.type, 'application/json');
    const isList = parameter.schema.type === 'array';
    const name = (isList ? parameter.schema.items : parameter.schema).$ref?.slice('#/definitions/'.length);
    check(`${shown}: its body has a definition`, name in definitions);
    const sent = JSON.parse(each.body);
    check(`${shown}: a list where one is wanted`, Array.isArray(sent) === isList);
    for (const one of isList ? sent : [sent]) note(name, one);
  }
  return now;
}

const secret = 'a secret that nobody prints';
const environment = cleanEnvironment({
  GENESYS_BASE_URL: `http://127.0.0.1:${port}`, GENESYS_LOGIN_URL: cloud.url, GENESYS_CLIENT_ID: 'client', GENESYS_CLIENT_SECRET: secret,
});
/** patchbayctl with the platform's dialect; its results as JSON. */
async function ctl(what, wanted, args) {
  const { code, output } = await run(join(bin, 'patchbayctl'), [...args, '--dialect', 'platform'], { env: environment, limit: 60000 });
  equal(`${what}: exit status, with ${output}`, code, wanted);
  check(`${what}: no secret`, !output.includes(secret) && !output.includes('simulated-token'));
  return output.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}
const move = (conversation, from, to, ...more) => ['transition', '--conversation', conversation, '--flow', flow, '--from', from, '--to', to, '--var', 'campaign=7', '--var', 'requires_supervisor=true',
  '--var', 'call_duration_seconds=145', '--var', 'routing_metadata={"queue":"billing_team","priority":"high"}', ...more];

// What Prism makes of each operation's schemas it makes when it is first asked, and that may take longer than patchbayctl waits
// for an answer. So each is asked once before, by one who has time, and about nothing that is there where it changes something.
{
  const headers = { Authorization: `Bearer ${await cloud.token()}`, 'Content-Type': 'application/json' };
  const [nothing, conversations] = [id('d', 9), '/api/v2/conversations'];
  const holds = ['', 'calls/', 'emails/', 'messages/', 'callbacks/'].map((each) => ['PATCH', `${conversations}/${each}${nothing}/participants/${nothing}`, { held: true }]);
  const write = { id: record, version: 1, customAttributes: {} };
  for (const [method, path, body] of [...holds, ['GET', `${conversations}/${answered}`], ['GET', `${conversations}/calls/${answered}`], ['GET', `${conversations}/${inFlow}/customattributes`],
    ['PUT', `${conversations}/${nothing}/customattributes`, write], ['PATCH', `${conversations}/${nothing}/customattributes`, write],
    ['PATCH', `${conversations}/${nothing}/participants/${nothing}/attributes`, { attributes: {} }], ['GET', `/api/v2/flows/${flow}/latestconfiguration`], ['GET', `/api/v2/flows/${flow}/versions/7.0/configuration`],
    ['POST', '/api/v2/notifications/channels'], ['PUT', '/api/v2/notifications/channels/none/subscriptions', [{ id: `v2.users.${user}.conversations` }]]]) {
    const asked = await within(120000, fetch(`http://127.0.0.1:${judge.port}${path}`, { method, headers, body: body && JSON.stringify(body) }), `${method} ${path}`);
    check(`${method} ${path} was answered ${asked.status}`, asked.status < 500 && !/stoplight\.io\/prism/.test(await asked.text()));
  }
}

// Prism judges: what is wrong does not pass.
{
  const token = await cloud.token();
  const wrong = await fetch(`http://127.0.0.1:${port}/api/v2/conversations/${answered}/customattributes`, {
    method: 'PUT', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: '{"customAttributes":"none","version":"7"}' });
  equal('a request that is wrong', [wrong.status, /stoplight\.io\/prism/.test(await wrong.text())], [422, true]);
  equal('was recorded', seen.splice(0).length, 1);
}

// The first record of custom attributes, and the next by its version.
{
  const agent = ['--schema-id', schema, '--participant', 'purpose:agent'];
  const [first] = await ctl('a first record', 0, move(answered, 'Main menu', 'Billing inquiry', ...agent));
  equal('its version', first.etagUsed, `new@${answered}`);
  const put = judgeAll('a first record').find((each) => each.method === 'PUT');
  equal('the definition of a first record', [put.status, JSON.parse(put.body).schemaId, JSON.parse(put.body).version], [200, schema, 0]);
  const [second] = await ctl('by version', 0, move(answered, 'Billing inquiry', 'Survey', '--schema-id', schema, '--participant', `user:${user}`));
  equal('that version', second.etagUsed, `1@${answered}`);
  equal('a merge', judgeAll('by version').filter((each) => each.method === 'PATCH').map((each) => each.status), [204]);
}
// Another writer in between, and refusals.
{
  equal('at the menu', await cloud.change({ conversation: inFlow, node: 'Main menu', transitionId: 'another' }), 200);
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'foreign_write', node: 'Main menu' });
  const [moved] = await ctl('a conflict', 0, move(inFlow, 'Main menu', 'Billing inquiry'));
  equal('was decided anew', [moved.attempts, moved.etagUsed], [2, `3@${record}`]);
  equal('a conflict and a merge', judgeAll('a conflict').filter((each) => each.method === 'PATCH').map((each) => each.status), [409, 204]);
  await ctl('an ended conversation', 1, move(ended, 'Main menu', 'Billing inquiry'));
  judgeAll('an ended conversation');
  await ctl('no such conversation', 3, move(id('d', 9), 'Main menu', 'Billing inquiry'));
  equal('is not found', judgeAll('no such conversation').at(-1).status, 404);
}
// A participant's attributes.
{
  const stored = ['--store', 'participant-attributes'];
  const [moved] = await ctl('attributes of a participant', 0, move(inFlow, 'Main menu', 'Billing inquiry', ...stored));
  equal('are read until they show', moved.resolvedBy, 'state');
  const writes = judgeAll('attributes of a participant').filter((each) => each.method === 'PATCH');
  equal('accepted once', writes.map((each) => each.status), [202]);
  check('all of them texts', Object.values(JSON.parse(writes[0].body).attributes).every((value) => typeof value === 'string'));
  await ctl('by its id', 0, move(inFlow, 'Billing inquiry', 'Survey', ...stored, '--participant', ivr));
  judgeAll('by its id');
}
// By the event loop of each library that carries HTTP.
for (const [transport, from, to] of [['beast', 'Survey', 'Survey/Thank you'], ['curl', 'Survey/Thank you', 'Survey/Disconnect']]) {
  const jobs = join(folder, 'jobs.jsonl');
  writeFileSync(jobs, `${JSON.stringify({ id: transport, action: 'transition', conversation: answered, flow, from, to })}\n`);
  const args = ['run', jobs, '--transport', transport, '--schema-id', schema, '--participant', 'purpose:agent'];
  const without = transport === 'curl' && (await run(join(bin, 'patchbayctl'), ['run', '/dev/null', '--transport', transport], { env: environment })).code === 2;
  if (without) {
    console.log('patchbayctl was built without libcurl; its requests are left out');
    continue;
  }
  await ctl(transport, 0, args);
  equal(`${transport}: a merge`, judgeAll(transport).filter((each) => each.method === 'PATCH').map((each) => each.status), [204]);
}
// Flows: as saved last, and of one version.
{
  await ctl('a flow', 0, ['flow', '--flow', flow]);
  judgeAll('a flow');
  await ctl('a version of a flow', 0, ['flow', '--flow', flow, '--flow-version', '7.0']);
  judgeAll('a version of a flow');
  await ctl('no such flow', 3, ['flow', '--flow', id('f', 9)]);
  judgeAll('no such flow');
}

// The channel that `watch` has made, and that those who hold make besides.
const watch = await startWatch({ ...environment, GENESYS_USER_ID: user });
{
  const made = judgeAll('watch');
  equal('a channel and its topic', made.map((each) => [each.method, each.status]), [['POST', 200], ['PUT', 200]]);
  equal('of all conversations', JSON.parse(made[1].body), [{ id: `v2.users.${user}.conversations` }]);
}
// Holds and releases: of whatever there is, and by the addresses of each kind.
for (const [kind, conversation, path] of [['', answered, ''], ['call', answered, 'calls/'], ['email', email, 'emails/'], ['message', message, 'messages/'], ['callback', callback, 'callbacks/']]) {
  const what = `a hold ${kind ? `of a ${kind}` : 'by the general address'}`;
  const args = ['--conversation', conversation, '--user', user, '--priority', '5', ...kind ? ['--media', kind] : []];
  await ctl(what, 0, ['hold', '--reason', 'consultation', ...kind ? [] : ['--hold-music', '--hold-reason-attribute', 'why_held'], ...args]);
  await watch.line(what, (line) => line.conversationId === conversation && line.participantId === agent && line.held);
  await ctl(what, 0, ['unhold', ...args]);
  await watch.line(`${what}: its release`, (line) => line.conversationId === conversation && line.participantId === agent && line.held === false);
  const patches = judgeAll(what).filter((each) => each.method === 'PATCH').map((each) => [each.path, each.status, JSON.parse(each.body)]);
  const target = `/api/v2/conversations/${path}${conversation}/participants/${agent}`;
  equal(`${what}: what was sent`, patches, [[target, 202, kind ? { held: true } : { held: true, confined: true }],
    ...kind ? [] : [[`${target}/attributes`, 202, { attributes: { why_held: 'consultation' } }]], [target, 202, { held: false }]]);
}
// By the participant alone, without a channel; and on an event loop, with one.
{
  const args = ['--conversation', answered, '--participant', agent, '--priority', '5'];
  const [held] = await ctl('a hold without a channel', 0, ['hold', '--reason', 'consultation', ...args]);
  equal('is read until it shows', held.resolvedBy, 'state');
  await ctl('a release without a channel', 0, ['unhold', ...args]);
  equal('no channel', judgeAll('without a channel').filter((each) => each.method === 'POST' || each.method === 'PUT').length, 0);
  const jobs = join(folder, 'holds.jsonl');
  writeFileSync(jobs, [{ id: 1, action: 'hold', conversation: answered, reason: 'queueing', priority: 5 }, { id: 2, action: 'unhold', conversation: answered, priority: 5 }].map((each) => `${JSON.stringify(each)}\n`).join(''));
  await ctl('a run', 0, ['run', jobs, '--user', user]);
  equal('holds and releases', judgeAll('a run').filter((each) => each.method === 'PATCH').map((each) => [each.status, each.body]), [[202, '{"held":true}'], [202, '{"held":false}']]);
}
equal('the end of watch', await watch.stop(), 0);
if (past.size !== 0) console.log(`not in this part of the definition, and not judged: GET of ${[...past].sort().join(', ')}`);

const conversation = '/api/v2/conversations/{conversationId}';
const holds = ['', 'calls/', 'emails/', 'messages/', 'callbacks/'].map((each) => `PATCH /api/v2/conversations/${each}{conversationId}/participants/{participantId}`);
const judgedElsewhere = past.size === 0 ? ['emails', 'messages', 'callbacks'].map((each) => `GET /api/v2/conversations/${each}/{conversationId}`) : [];
equal('every operation that a move or a hold can need', [...done.keys()].sort(), [
  ...holds, ...judgedElsewhere, 'GET /api/v2/conversations/calls/{conversationId}', 'POST /api/v2/notifications/channels', 'PUT /api/v2/notifications/channels/{channelId}/subscriptions',
  `GET ${conversation}`, `GET ${conversation}/customattributes`, `PATCH ${conversation}/customattributes`, `PUT ${conversation}/customattributes`,
  `PATCH ${conversation}/participants/{participantId}/attributes`,
  'GET /api/v2/flows/{flowId}/latestconfiguration', 'GET /api/v2/flows/{flowId}/versions/{versionId}/configuration'].sort());
check(`kinds of bodies judged: ${[...judged].map(([name, times]) => `${name} ${times}`).join(', ')}`, judged.size === 5);
recorder.close();
recorder.closeAllConnections();
judge.end();
await within(10000, judge.exit, 'the end of Prism');
equal('the end of the cloud', await cloud.stop(), 0);
finish();
