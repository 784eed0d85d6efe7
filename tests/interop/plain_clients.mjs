// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// loopback_cloud as clients see it that know nothing of patchbay: Node's fetch and sockets, the ws package, curl.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { check, cleanEnvironment, equal, finish, requireModule, sleep, startCloud, within, workFolder } from './support.mjs';

const { WebSocket } = requireModule('ws');
const folder = workFolder();
const id = '550e8400-e29b-41d4-a716-446655440000';
const path = `/api/v2/interactions/${id}`;

// A WebSocket whose messages can be awaited in order.
function connect(cloud, token, options = {}) {
  const socket = new WebSocket(`${cloud.url.replace(/^http/, 'ws')}/api/v2/interactions${options.query ? `?access_token=${token}` : ''}`,
    { headers: token && !options.query ? { Authorization: `Bearer ${token}` } : {}, ...options });
  const messages = [];
  const waiting = [];
  socket.on('message', (data) => { const message = JSON.parse(data); waiting.length ? waiting.shift()(message) : messages.push(message); });
  socket.next = () => messages.length ? Promise.resolve(messages.shift()) : within(5000, new Promise((done) => waiting.push(done)), 'a message');
  socket.closed = new Promise((done) => socket.once('close', (code, reason) => done({ code, reason: reason.toString() })));
  socket.opened = within(5000, new Promise((done, reject) => {
    socket.once('open', () => done(101));
    socket.once('unexpected-response', (_, response) => { done(response.statusCode); response.destroy(); });
    socket.once('error', reject);
  }), 'the upgrade');
  socket.on('error', () => {});
  return socket;
}
const command = (verb, correlationId, more = {}) =>
  JSON.stringify({ command: 'send', correlationId, body: { type: verb, interactionId: id, holdReason: 'consultation', priority: 5, ...more } });
const patch = (cloud, token, etag, body, more = {}) => fetch(cloud.url + path, {
  method: 'PATCH', body, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...(etag ? { 'If-Match': etag } : {}), ...more },
});
const curl = (...args) => spawnSync('curl', ['-s', '--max-time', '10', ...args], { encoding: 'utf8', env: cleanEnvironment() });
// What comes back for bytes that no HTTP library would send.
const raw = (cloud, bytes) => within(5000, new Promise((done) => {
  let text = '';
  const socket = net.connect(Number(new URL(cloud.url).port), '127.0.0.1', () => socket.write(bytes));
  socket.on('data', (data) => { text += data; });
  socket.on('error', () => done(text));
  socket.on('close', () => done(text));
}), 'an answer');

const cloud = await startCloud();
const token = await cloud.token();
const authorization = { Authorization: `Bearer ${token}` };

// Locking, as a plain client sees it.
{
  const read = await fetch(cloud.url + path, { headers: authorization });
  equal('ETag', read.headers.get('etag'), '"1"');
  check('a correlation id is on the answer', /^[0-9a-f-]{36}$/.test(read.headers.get('inin-correlation-id')));
  const body = JSON.stringify({ customAttributes: { flow_node: 'BillingInquiry', transition_id: 't-1', note: 'Grüße \u{1F600}' } });
  equal('write', (await patch(cloud, token, '"1"', body)).status, 200);
  equal('the same write again', (await patch(cloud, token, '"1"', body)).status, 412);
  equal('a weak tag', (await patch(cloud, token, 'W/"2"', body)).status, 412);
  equal('a list of tags', (await patch(cloud, token, '"9", "2"', body)).headers.get('etag'), '"3"');
  equal('without a precondition', (await patch(cloud, token, '', body)).status, 428);
  equal('half a body', (await patch(cloud, token, '"3"', body.slice(0, -2))).status, 422);
  equal('another type', (await patch(cloud, token, '"3"', body, { 'Content-Type': 'text/plain' })).status, 415);
  equal('with a token that nobody issued', (await patch(cloud, 'other', '"3"', body)).status, 401);
  equal('text came through', (await cloud.interaction(id)).customAttributes.note, 'Grüße \u{1F600}');
  equal('writes applied', (await cloud.interaction(id)).operations.length, 2);
  equal('an interaction that is not there', (await fetch(`${cloud.url}/api/v2/interactions/x`, { headers: authorization })).status, 404);
  equal('an address that is not there', (await fetch(`${cloud.url}/nowhere`)).status, 404);
  const wrong = await fetch(cloud.url + path, { method: 'DELETE', headers: authorization });
  equal('a method that is not there', [wrong.status, wrong.headers.get('allow')], [405, 'GET, PATCH']);
  equal('the channel without an upgrade', (await fetch(`${cloud.url}/api/v2/interactions`, { headers: authorization })).status, 426);
}

// Broken HTTP and oversized messages end one connection and nothing else.
{
  check('no HTTP', /^HTTP\/1\.1 400 /.test(await raw(cloud, 'hello\r\n\r\n')));
  check('a bad length', /^HTTP\/1\.1 400 /.test(await raw(cloud, 'POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: minus\r\n\r\n')));
  check('a long header', /^HTTP\/1\.1 431 /.test(await raw(cloud, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70000)}\r\n\r\n`)));
  check('a long body', /^HTTP\/1\.1 413 /.test(await raw(cloud, 'POST /webhook HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n')));
  const two = await raw(cloud, 'GET /webhook HTTP/1.1\r\nHost: a\r\n\r\nGET /webhook HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  equal('two requests in one piece', two.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
  check('a chunked body', (await raw(cloud, 'POST /webhook HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n7\r\n{"a":1}\r\n0\r\n\r\n')).includes('"received":true'));
  const large = await fetch(`${cloud.url}/webhook`, { method: 'POST', body: 'x'.repeat(2 << 20) }).then((r) => r.status, (error) => error.message);
  check(`a long body is refused: ${large}`, large === 413 || /fetch failed/.test(large));
  equal('the cloud is still there', (await cloud.state()).webhooks, 1);
}

// The channel.
{
  equal('without a token', await connect(cloud, '').opened, 401);
  equal('with a wrong token', await connect(cloud, 'wrong').opened, 401);
  const one = connect(cloud, token);
  const two = connect(cloud, token, { query: true });
  equal('with the token in the header', await one.opened, 101);
  equal('with the token in the query', await two.opened, 101);
  one.ping('are you there');
  equal('pong', (await within(5000, new Promise((done) => one.once('pong', done)), 'a pong')).toString(), 'are you there');

  one.send(command('hold', 'c-1'));
  equal('acknowledgement', await one.next(), { correlationId: 'c-1', body: { type: 'hold', interactionId: id } });
  const update = await two.next();
  equal('update to the other channel', [update.body.type, update.body.held, update.correlationId], ['state', true, undefined]);
  equal('update to its own', (await one.next()).body.held, true);
  one.send(command('hold', 'c-2'));
  equal('what is held already is acknowledged', (await one.next()).body.type, 'hold');
  for (const junk of ['not JSON', '[]', '{}', '"x"', '{"command":"send","correlationId":"c-3","body":{"type":"dance"}}', command('hold', 'c-4', { priority: 10 }),
    command('hold', 'c-5', { holdReason: 'lunch' }), command('hold', 'c-6', { interactionId: '../x' })]) {
    one.send(junk);
    equal(`refusal of ${junk}`, (await one.next()).body.type, 'error');
  }
  one.send(command('unhold', 'c-7'));
  equal('release', (await one.next()).body.type, 'unhold');
  const operations = (await cloud.interaction(id)).operations.filter((each) => each.kind !== 'transition');
  equal('operations', operations.map((each) => [each.kind, each.id, each.changed]), [['hold', 'c-1', true], ['hold', 'c-2', false], ['unhold', 'c-7', true]]);

  two.send(Buffer.from('binary'), { binary: true });
  equal('a binary message', (await two.closed).code, 1003);
  const three = connect(cloud, token);
  await three.opened;
  three.send('x'.repeat(100000));
  equal('a long message', (await three.closed).code, 1009);
  const four = connect(cloud, token);
  await four.opened;
  four.send(Buffer.from([0xff, 0xfe]), { binary: false });
  equal('text that is not UTF-8', (await four.closed).code, 1007);
  one.close(1000, 'bye');
  equal('an orderly close', (await one.closed).code, 1000);
}

// Many at once.
{
  const sockets = Array.from({ length: 300 }, () => connect(cloud, token));
  equal('300 channels', new Set(await Promise.all(sockets.map((each) => each.opened))), new Set([101]));
  equal('channels', (await cloud.state()).channels, 300);
  sockets[0].send(command('hold', 'many'));
  const heard = await Promise.all(sockets.map((each) => each.next()));
  equal('all of them hear', heard.filter((each) => each.correlationId === 'many' || each.body.held === true).length, 300);
  const answers = await Promise.all(Array.from({ length: 300 }, () => fetch(cloud.url + path, { headers: authorization }).then((r) => r.status)));
  equal('300 requests', new Set(answers), new Set([200]));
  sockets.forEach((each) => each.terminate());
  for (let i = 0; i < 100 && (await cloud.state()).channels > 0; ++i) await sleep(20);
  equal('channels afterwards', (await cloud.state()).channels, 0);
}

// Faults over real sockets.
{
  const get = () => fetch(cloud.url + path, { headers: authorization });
  const on = { method: 'GET', targetPrefix: path };
  await cloud.fault({ match: on, kind: 'answer', status: 429, headers: { 'Retry-After': '7' }, times: 2 });
  equal('429', [(await get()).headers.get('retry-after'), (await get()).status, (await get()).status], ['7', 429, 200]);
  await cloud.fault({ match: on, kind: 'reset' });
  check('reset', await get().then(() => false, () => true));
  await cloud.fault({ match: on, kind: 'garbage' });
  check('a page', (await (await get()).text()).startsWith('<!DOCTYPE html>'));
  await cloud.fault({ match: on, kind: 'garbage', bodyBase64: '//79' });
  equal('bytes that are no text', [...new Uint8Array(await (await get()).arrayBuffer())], [0xff, 0xfe, 0xfd]);
  await cloud.fault({ match: on, kind: 'truncate' });
  check('half an answer', await get().then((r) => r.text()).then(() => false, () => true));
  await cloud.fault({ match: on, kind: 'too_large', size: 5000000 });
  check('a long answer', (await (await get()).text()).length > 5000000);
  await cloud.fault({ match: on, kind: 'timeout' });
  const begun = Date.now();
  check('no answer', await fetch(cloud.url + path, { headers: authorization, signal: AbortSignal.timeout(300) }).then(() => false, () => true));
  check('and that took its time', Date.now() - begun >= 290);
  await cloud.fault({ match: on, kind: 'delay', delayMs: 200 });
  const late = Date.now();
  equal('a late answer', (await get()).status, 200);
  check('is late', Date.now() - late >= 195);

  const version = (await cloud.interaction(id)).version;
  const body = '{"customAttributes":{"transition_id":"lost"}}';
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'reset', applied: true });
  check('a write whose answer is lost', await patch(cloud, token, `"${version}"`, body).then(() => false, () => true));
  equal('was applied', (await cloud.interaction(id)).customAttributes.transition_id, 'lost');
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'delay', delayMs: 300 });
  const late_body = '{"customAttributes":{"transition_id":"late"}}';
  check('a write that its client gives up', await fetch(cloud.url + path, {
    method: 'PATCH', body: late_body, signal: AbortSignal.timeout(100),
    headers: { ...authorization, 'Content-Type': 'application/json', 'If-Match': `"${version + 1}"` },
  }).then(() => false, () => true));
  equal('is not applied yet', (await cloud.interaction(id)).customAttributes.transition_id, 'lost');
  await sleep(400);
  equal('but later', (await cloud.interaction(id)).customAttributes.transition_id, 'late');

  await cloud.fault({ on: 'open', kind: 'refuse', status: 503, headers: { 'Retry-After': '1' } });
  equal('a refused opening', await connect(cloud, token).opened, 503);
  await cloud.fault({ on: 'open', kind: 'reset' });
  check('a reset opening', await connect(cloud, token).opened.then(() => false, () => true));
  await cloud.fault({ on: 'open', kind: 'close', code: 1012, delayMs: 50 });
  equal('a channel that is closed', (await connect(cloud, token).closed).code, 1012);
  await cloud.fault({ on: 'open', kind: 'silence' });
  const silent = connect(cloud, token);
  await silent.opened;
  let pongs = 0;
  silent.on('pong', () => ++pongs);
  silent.ping();
  silent.send(command('hold', 'unheard'));
  await sleep(200);
  equal('pongs of a silent channel', pongs, 0);
  silent.terminate();

  await cloud.fault({ on: 'command', match: { verb: 'hold' }, kind: 'duplicate' });
  await cloud.fault({ on: 'command', match: { verb: 'hold' }, kind: 'wrong_correlation' });
  await cloud.fault({ on: 'command', match: { verb: 'hold' }, kind: 'close', code: 1011 });
  await cloud.fault({ on: 'command', kind: 'cut' });
  const socket = connect(cloud, token);
  await socket.opened;
  socket.send(command('hold', 'd-1'));
  equal('a double acknowledgement', [(await socket.next()).correlationId, (await socket.next()).correlationId], ['d-1', 'd-1']);
  socket.send(command('hold', 'd-2'));
  check('an acknowledgement of something else', (await socket.next()).correlationId !== 'd-2');
  socket.send(command('hold', 'd-3'));
  equal('a close in its place', (await socket.closed).code, 1011);
  const last = connect(cloud, token);
  await last.opened;
  last.send(command('unhold', 'd-4'));
  equal('a cut in its place', (await last.closed).code, 1006);
  equal('faults left', (await (await fetch(`${cloud.url}/_faults`)).json()).pending, 0);
  for (const bad of ['', '[]', '{}', '{"kind":"dance"}', '{"kind":"reset","times":-1}', '{"kind":"reset","surprise":1}', '{"kind":"answer","headers":{"X":"a\\r\\nY: b"}}'])
    equal(`the fault ${bad}`, (await fetch(`${cloud.url}/_faults`, { method: 'POST', body: bad })).status, 400);
}

// Other writers.
{
  const change = (body) => fetch(`${cloud.url}/_change`, { method: 'POST', body: JSON.stringify(body) }).then((r) => r.status);
  const { version } = await cloud.interaction(id);
  equal('a change', await change({ interaction: id, node: 'SurveyOffer', held: false, state: 'closed' }), 200);
  const after = await cloud.interaction(id);
  equal('has happened', [after.node, after.held, after.state, after.version], ['SurveyOffer', false, 'closed', version + 3]);
  equal('a closed interaction is not written', (await patch(cloud, token, after.etag, '{"customAttributes":{}}')).status, 409);
  equal('a change to nothing', await change({ interaction: 'x', node: 'y' }), 400);
  equal('revocation', await change({ revokeTokens: true }), 200);
  equal('a revoked token', (await fetch(cloud.url + path, { headers: authorization })).status, 401);
}

// The end.
{
  const socket = connect(cloud, await cloud.token());
  await socket.opened;
  const exit = cloud.stop();
  equal('farewell', (await socket.closed).code, 1001);
  equal('exit status', await exit, 0);
}

// curl, credentials that are checked, and the options.
if (curl('--version').status === 0) {
  const strict = await startCloud(['--client-id', 'an id', '--token-ttl', '1', '--etag', 'body', '--write-answer', 'none'], { LOOPBACK_CLIENT_SECRET: 'a:secret' });
  const form = ['-d', 'grant_type=client_credentials'];
  const basic = curl('-u', 'an+id:a%3Asecret', ...form, `${strict.url}/oauth/token`);
  const granted = JSON.parse(basic.stdout || '{}');
  equal('a token by Basic', [granted.expires_in, granted.token_type], [1, 'bearer']);
  const body = curl('--data-urlencode', 'client_id=an id', '--data-urlencode', 'client_secret=a:secret', '-d', 'scope=flow:read', ...form, `${strict.url}/oauth/token`);
  equal('a token by the body', JSON.parse(body.stdout || '{}').scope, 'flow:read');
  equal('a wrong secret', JSON.parse(curl('-u', 'an+id:wrong', ...form, `${strict.url}/oauth/token`).stdout || '{}').error, 'invalid_client');
  const bearer = ['-H', `Authorization: Bearer ${granted.access_token}`];
  equal('the ETag in the body', JSON.parse(curl(...bearer, strict.url + path).stdout || '{}').etag, '"1"');
  const written = curl('-w', '%{http_code}', '-X', 'PATCH', '-H', 'If-Match: "1"', '-H', 'Content-Type: application/json', '-d', '{"customAttributes":{"a":1}}', ...bearer, strict.url + path);
  equal('a write without an answer', written.stdout, '204');
  const file = join(folder, 'large');
  writeFileSync(file, Buffer.alloc(3 << 20, 0x20));
  equal('a long body, asked for first', curl('-w', '%{http_code}', '-o', '/dev/null', '--data-binary', `@${file}`, `${strict.url}/webhook`).stdout, '413');
  await sleep(1100);
  equal('an expired token', curl('-w', '%{http_code}', '-o', '/dev/null', ...bearer, strict.url + path).stdout, '401');
  equal('end', await strict.stop(), 0);
} else {
  console.log('curl is not there; its checks are left out');
}

// TLS.
const certificate = join(folder, 'certificate.pem');
const key = join(folder, 'key.pem');
const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
  '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate]);
if (made.status === 0) {
  const secure = await startCloud(['--tls-cert', certificate, '--tls-key', key]);
  const ca = readFileSync(certificate);
  check('the address is https', secure.url.startsWith('https://'));
  const request = (target, options = {}, body = undefined) => within(5000, new Promise((done, reject) => {
    const sent = https.request(secure.url + target, { ca, ...options }, (response) => {
      let text = '';
      response.on('data', (data) => { text += data; });
      response.on('end', () => done({ status: response.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  }), target);
  const answer = await request('/oauth/token', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }, 'grant_type=client_credentials&client_id=a&client_secret=b');
  const secureToken = JSON.parse(answer.text).access_token;
  const socket = connect(secure, secureToken, { ca });
  equal('a channel over TLS', await socket.opened, 101);
  socket.send(command('hold', 'tls'));
  equal('acknowledgement over TLS', (await socket.next()).correlationId, 'tls');
  check('without the authority nobody trusts it', await request('/webhook', { ca: undefined, agent: false }).then(() => false, (error) => /self.signed/.test(error.message)));
  equal('a plain request to it fails', await raw(secure, 'GET / HTTP/1.1\r\n\r\n'), '');
  equal('end of TLS', await secure.stop(), 0);
} else {
  console.log('openssl is not there; the checks of TLS are left out');
}
finish();
