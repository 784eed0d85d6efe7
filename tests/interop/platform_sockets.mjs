// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// `loopback_cloud --dialect platform` as clients see it that know nothing of patchbay: Node's fetch and the ws package.
import { check, equal, finish, requireModule, sleep, startPlatform, within } from './support.mjs';

const { WebSocket } = requireModule('ws');
const call = 'c0000000-0000-4000-8000-000000000001', agent = 'b0000000-0000-4000-8000-000000000004', user = 'a0000000-0000-4000-8000-000000000001';
const side = (conversation) => `/api/v2/conversations/${conversation}/participants/${agent}`;

const cloud = await startPlatform(['--heartbeat-seconds', '1', '--effect-delay-ms', '200', '--interactions', '20', '--rate-limit', '0']);
const authorization = { Authorization: `Bearer ${await cloud.token()}`, 'Content-Type': 'application/json' };
const ask = (path, method = 'GET', body = undefined, more = {}) =>
  fetch(cloud.url + path, { method, headers: authorization, body: body === undefined ? undefined : JSON.stringify(body), ...more });
const hold = (conversation, held = true) => ask(side(conversation), 'PATCH', { held });
function connect(uri) {
  const socket = new WebSocket(uri);
  const messages = [];
  let look = () => {};
  socket.on('message', (data) => { messages.push(JSON.parse(data)); look(); });
  socket.on('error', () => {});
  socket.opened = within(5000, new Promise((done) => {
    socket.once('open', () => done(101));
    socket.once('unexpected-response', (_, response) => { done(response.statusCode); response.destroy(); });
    socket.once('close', () => done('closed'));
  }), 'the upgrade');
  socket.closed = new Promise((done) => socket.once('close', done));
  socket.find = (what, wanted) => within(5000, new Promise((done) => {
    look = () => {
      const at = messages.findIndex(wanted);
      if (at < 0) return;
      look = () => {};  // the next message is somebody else's
      done(messages.splice(0, at + 1).at(-1));
    };
    look();
  }), what);
  return socket;
}
const tells = (conversation, held) => (each) => each.eventBody.id === conversation && each.eventBody.participants.find((one) => one.id === agent).held === held;

// Nothing without a token, and the shape of a refusal.
{
  const refused = await fetch(`${cloud.url}/api/v2/conversations/${call}`);
  const body = await refused.json();
  equal('without a token', [refused.status, body.code, body.contextId], [401, 'authentication.required', refused.headers.get('inin-correlation-id')]);
  equal('the documents\' addresses', (await ask('/api/v2/interactions/550e8400-e29b-41d4-a716-446655440000')).status, 404);
  equal('a channel that nobody made', await connect(`${cloud.url.replace('http', 'ws')}/channels/streaming-0-none`).opened, 401);
  equal('a socket elsewhere', await connect(`${cloud.url.replace('http', 'ws')}/api/v2/interactions`).opened, 404);
}

// A channel: heartbeats, effects that come later, and one socket at a time.
const made = await (await ask('/api/v2/notifications/channels', 'POST')).json();
equal('subscribed', (await ask(`/api/v2/notifications/channels/${made.id}/subscriptions`, 'PUT', [{ id: `v2.users.${user}.conversations.calls` }])).status, 200);
const first = connect(made.connectUri);
{
  equal('its address', await first.opened, 101);
  const beat = (each) => each.topicName === 'channel.metadata' && each.eventBody.message === 'WebSocket Heartbeat';
  await first.find('a heartbeat', beat);
  await first.find('another', beat);
  first.send('no JSON');
  first.send('{"message":"ping"}');
  await first.find('a pong', (each) => each.eventBody.message === 'pong');

  const begun = Date.now();
  equal('a hold is accepted', (await hold(call)).status, 202);
  await first.find('the event', tells(call, true));
  check('a little later', Date.now() - begun >= 195);
  const second = connect(made.connectUri);
  equal('another connection', await second.opened, 101);
  equal('takes the channel', await within(5000, first.closed, 'the close'), 1001);

  // Twenty at once, each of which is told.
  const id = (number) => `10000000-0000-4000-8000-0000000000${number.toString(16).padStart(2, '0')}`;
  const all = Array.from({ length: 20 }, (_, i) => id(i + 1));
  equal('twenty holds', new Set((await Promise.all(all.map((each) => hold(each)))).map((each) => each.status)), new Set([202]));
  const told = new Set();
  while (told.size < 20) told.add((await second.find('twenty events', (each) => each.topicName !== 'channel.metadata')).eventBody.id);
  equal('all of them', all.filter((each) => !told.has(each)), []);

  // A hold whose answer is lost happens all the same; one that is lost on its way does not.
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'reset', applied: true });
  check('an answer that is lost', await hold(call, false).then(() => false, () => true));
  await second.find('the release', tells(call, false));
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'reset' });
  check('a request that is lost', await hold(call, true).then(() => false, () => true));
  await sleep(300);
  equal('the truth', (await cloud.conversation(call)).operations.map((each) => each.kind), ['hold', 'unhold']);
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'answer', status: 429, headers: { 'Retry-After': '7200' } });
  equal('two hours', (await hold(call)).headers.get('retry-after'), '7200');
  await cloud.fault({ on: 'open', kind: 'refuse', status: 503 });
  equal('an opening that a fault refuses', await connect(made.connectUri).opened, 503);
  second.terminate();
  for (let i = 0; i < 100 && (await cloud.state()).sockets > 0; ++i) await sleep(20);
  equal('nobody listens', (await cloud.state()).sockets, 0);
}

// What others do, and what is no change.
{
  for (const body of [{}, { conversation: 'none', held: true }, { conversation: call, held: true }, { conversation: call, participant: 'none', held: true }, { dance: true }])
    equal(`the change ${JSON.stringify(body)}`, await cloud.change(body), 400);
  equal('a conversation ends', await cloud.change({ conversation: call, end: true }), 200);
  equal('once', await cloud.change({ conversation: call, end: true }), 400);
  const refused = await hold(call);
  equal('and is not held any more', [refused.status, (await refused.json()).code], [400, 'conversation.error.participant.no.active.conversations']);
  equal('a body that is no JSON', (await ask(side(call), 'PATCH', undefined, { body: '{"held":' })).status, 400);
  equal('channels end', await cloud.change({ endChannels: true }), 200);
  equal('and with them their addresses', await connect(made.connectUri).opened, 401);
}
equal('the end', await cloud.stop(), 0);
finish();
