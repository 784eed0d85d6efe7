// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the platform's own JavaScript SDK does against `loopback_cloud --dialect platform`, by whatever way it gets there:
// official_sdk.mjs goes straight, published_definition.mjs through a judge of requests and answers.
import { check, equal, requireModule, within } from './support.mjs';

const id = (kind, number) => `${kind}0000000-0000-4000-8000-00000000000${number}`;
export const call = id('c', 1), ringing = id('c', 2), inFlow = id('c', 3), ended = id('c', 4), email = id('c', 7), message = id('c', 8), callback = id('c', 5);
export const customer = id('b', 1), ivr = id('b', 2), agent = id('b', 4);
export const user = id('a', 1), queue = id('a', 2), record = id('a', 5), flow = id('f', 1);
const callsTopic = `v2.users.${user}.conversations.calls`, allTopic = `v2.users.${user}.conversations`;

/** The SDK, which reads a file of the home directory as soon as it is loaded, and which proxies of the shell do not concern. */
export function loadSdk(home) {
  process.env.HOME = home;
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy']) for (const each of [name, name.toUpperCase()]) delete process.env[each];
  const sdk = requireModule('purecloud-platform-client-v2');
  const client = sdk.ApiClient.instance;
  client.returnExtended = true;  // status and headers beside the body
  client.config.live_reload_config = false;
  client.timeout = 110000;  // a test does not depend on how fast the machine is
  client.config.logger.log_to_console = false;
  return { sdk, client };
}

/** What the SDK's promise came to, with the status for success and refusal alike. */
export async function answer(promise) {
  const got = await within(120000, promise.catch((refusal) => refusal), 'an answer to the SDK');
  if (got?.status === undefined) throw got;
  return got;
}

/** A notification socket whose events can be awaited by what they say. */
function listen(uri, options) {
  const { WebSocket } = requireModule('ws');
  const socket = new WebSocket(uri, options);
  const seen = [];
  let look = () => {};
  socket.on('message', (data) => { seen.push(JSON.parse(data)); look(); });
  socket.on('error', () => {});
  socket.opened = within(10000, new Promise((done, reject) => { socket.once('open', done); socket.once('error', reject); }), 'the socket');
  socket.closed = new Promise((done) => socket.once('close', (code) => done(code)));
  socket.event = (what, wanted) => within(10000, new Promise((done) => {
    look = () => {
      const at = seen.findIndex(wanted);
      if (at < 0) return;
      look = () => {};  // the next event is somebody else's
      done(seen.splice(0, at + 1).at(-1));
    };
    look();
  }), what);
  return socket;
}
const sideOf = (body, participant) => body.participants.find((each) => each.id === participant);

/**
 * Everything that a client of both doors does. `note(schema, value)` is told of each body and the definition's name of it;
 * `socketOptions` are for the WebSocket; `refusedHead` asks for a channel that is not there.
 */
export async function scenario({ sdk }, cloud, { note = () => {}, socketOptions = {}, refusedHead = true } = {}) {
  const conversations = new sdk.ConversationsApi(), architect = new sdk.ArchitectApi(), notifications = new sdk.NotificationsApi();
  const change = async (body) => equal('a change by others', (await cloud.change(body)), 200);

  // Reading, in both views.
  const nested = await answer(conversations.getConversation(call));
  equal('conversation', [nested.status, nested.body.id, nested.body.endTime], [200, call, undefined]);
  equal('the nested view', [sideOf(nested.body, agent).calls[0].state, sideOf(nested.body, agent).calls[0].held, sideOf(nested.body, agent).userId], ['connected', false, user]);
  check('a correlation id', /^[0-9a-f-]{36}$/.test(nested.headers['inin-correlation-id']));
  equal('the pace is shown', nested.headers['inin-ratelimit-allowed'], '300');
  note('Conversation', nested.body);
  const flat = await answer(conversations.getConversationsCall(call));
  equal('the flat view', [sideOf(flat.body, agent).state, sideOf(flat.body, agent).held, sideOf(flat.body, agent).user.id], ['connected', false, user]);
  note('CallConversation', flat.body);
  const missing = await answer(conversations.getConversation(id('c', 9)));
  equal('a conversation that is not there', [missing.status, missing.body.code, missing.body.contextId], [404, 'not.found', missing.headers['inin-correlation-id']]);
  note('ErrorBody', missing.body);

  // A channel, its topics and its socket.
  const made = await answer(notifications.postNotificationsChannels());
  equal('a channel', [made.status, made.body.connectUri.endsWith(`/channels/${made.body.id}`)], [200, true]);
  check('it lives for a day', Math.abs(new Date(made.body.expires) - Date.now() - 86400000) < 3600000);
  note('Channel', made.body);
  const channel = made.body.id;
  const put = await answer(notifications.putNotificationsChannelSubscriptions(channel, [{ id: callsTopic }, { id: allTopic }]));
  equal('subscriptions', put.body.entities.map((each) => [each.id, each.state]), [[callsTopic, 'Permitted'], [allTopic, 'Permitted']]);
  note('ChannelTopicEntityListing', put.body);
  const attributesTopic = `v2.detail.events.conversation.${call}.attributes`;
  const added = await answer(notifications.postNotificationsChannelSubscriptions(channel, [{ id: attributesTopic }, { id: 'v2.nonsense' }], { ignoreErrors: true }));
  equal('a topic that is none', added.body.entities.map((each) => each.state), ['Permitted', 'Rejected']);
  note('ChannelTopicEntityListing', added.body);
  const refused = await answer(notifications.postNotificationsChannelSubscriptions(channel, [{ id: 'v2.nonsense' }]));
  equal('is refused', [refused.status, refused.body.code], [400, 'notification.invalid.topic']);
  note('ErrorBody', refused.body);
  const topics = await answer(notifications.getNotificationsChannelSubscriptions(channel));
  equal('the topics there are', topics.body.entities.length, 3);
  note('ChannelTopicEntityListing', topics.body);
  const all = await answer(notifications.getNotificationsChannels());
  equal('the channels there are', all.body.entities.map((each) => each.id), [channel]);
  note('ChannelEntityListing', all.body);
  equal('a channel that is valid', (await answer(notifications.headNotificationsChannel(channel))).status, 200);
  if (refusedHead) equal('one that is not', (await answer(notifications.headNotificationsChannel('none'))).status, 404);
  let socket = listen(made.body.connectUri, socketOptions);
  await socket.opened;
  socket.send('{"message":"ping"}');
  equal('pong', (await socket.event('a pong', (each) => each.topicName === 'channel.metadata' && each.eventBody.message === 'pong')).eventBody.message, 'pong');

  // Hold and release: accepted first, confirmed by an event.
  const told = async (what, held) => {
    const event = await socket.event(what, (each) => each.topicName === callsTopic && each.eventBody.id === call && sideOf(each.eventBody, agent)?.held === held);
    note('CallConversation', event.eventBody);
    return sideOf(event.eventBody, agent);
  };
  const hold = await answer(conversations.patchConversationParticipant(call, agent, { held: true }));
  equal('hold is accepted, without a body', [hold.status, hold.body ?? ''], [202, '']);
  const heldSide = await told('the hold', true);
  check('since when is told', Math.abs(new Date(heldSide.startHoldTime) - Date.now()) < 3600000);
  const whileHeld = await answer(conversations.getConversation(call));
  equal('and read', [sideOf(whileHeld.body, agent).calls[0].held, sideOf(whileHeld.body, agent).calls[0].startHoldTime], [true, heldSide.startHoldTime]);
  note('Conversation', whileHeld.body);
  equal('release is accepted', (await answer(conversations.patchConversationParticipant(call, agent, { held: false }))).status, 202);
  equal('and told', (await told('the release', false)).startHoldTime, undefined);
  equal('with music', (await answer(conversations.patchConversationParticipant(call, agent, { confined: true }))).status, 202);
  equal('one who is confined is held', (await told('the music', true)).confined, true);
  await change({ conversation: call, participant: agent, held: false });
  await told('a release by somebody else', false);
  // Each is asked for when its turn comes: a refusal that nobody awaits yet would end the test.
  for (const [what, ask, status, code] of [
    ['what rings', () => conversations.patchConversationParticipant(ringing, agent, { held: true }), 400, 'conversation.error.hold.alerting'],
    ['what is over', () => conversations.patchConversationParticipant(ended, agent, { held: true }), 400, 'conversation.error.participant.no.active.conversations'],
    ['nobody', () => conversations.patchConversationParticipant(call, id('b', 9), { held: true }), 404, 'conversation.error.not.conversation.participant'],
    ['a call, by a client that is no user', () => conversations.patchConversationsCallParticipant(call, agent, { held: true }), 400, 'not.a.user'],
  ]) {
    const got = await answer(ask());
    equal(`a hold of ${what}`, [got.status, got.body.code], [status, code]);
    note('ErrorBody', got.body);
  }
  for (const [method, conversation] of [['patchConversationsEmailParticipant', email], ['patchConversationsMessageParticipant', message], ['patchConversationsCallbackParticipant', callback]]) {
    // The body of messages is optional, and the SDK takes it among its options.
    const body = conversation === message ? { body: { held: true } } : { held: true };
    equal(method, (await answer(conversations[method](conversation, agent, body))).status, 202);
    const event = await socket.event(`the event of ${method}`, (each) => each.topicName === allTopic && each.eventBody.id === conversation);
    note('Conversation', event.eventBody);
  }

  // Participant attributes: strings, and no version.
  equal('attributes', (await answer(conversations.patchConversationParticipantAttributes(call, customer, { attributes: { tier: 'gold' } }))).status, 202);
  const told_attributes = await socket.event('the attributes', (each) => each.topicName === attributesTopic);
  equal('are told', [told_attributes.eventBody.participantId, told_attributes.eventBody.attributes], [customer, { tier: 'gold' }]);
  const shown = await answer(conversations.patchConversationsCallParticipantAttributes(call, customer, { attributes: { lang: 'de' } }));
  equal('a call shows them', [shown.status, shown.body.attributes], [202, { tier: 'gold', lang: 'de' }]);
  note('ParticipantAttributes', shown.body);
  await socket.event('the attributes together', (each) => each.topicName === attributesTopic && each.eventBody.attributes.lang === 'de');

  // Custom attributes: a version in the body.
  const before = await answer(conversations.getConversationCustomattributes(inFlow));
  equal('a record', [before.body.results[0].id, before.body.results[0].customAttributes.flow_node], [record, 'Main menu']);
  note('CustomAttributesListing', before.body);
  const version = before.body.results[0].version;
  const write = (number, more) => answer(conversations.patchConversationCustomattributes(inFlow, { body: { id: record, version: number, customAttributes: more } }));
  equal('a write', (await write(version, { flow_node: 'Billing inquiry', transition_id: 't-1' })).status, 204);
  const stale = await write(version, { flow_node: 'Survey', transition_id: 't-2' });
  equal('with the version of before', [stale.status, stale.body.code], [409, 'conversation.custom.attributes.version.conflict']);
  note('ErrorBody', stale.body);
  await cloud.fault({ match: { method: 'PATCH', targetPrefix: `/api/v2/conversations/${inFlow}/customattributes` }, kind: 'answer', status: 409, body: '{"code":"request.conflict","status":409,"message":"another conflict"}' });
  equal('another conflict', (await write(version + 1, {})).body.code, 'request.conflict');
  await change({ conversation: inFlow, node: 'Elsewhere', transitionId: 'foreign' });
  equal('after another writer', (await write(version + 1, { flow_node: 'Survey' })).status, 409);
  const replaced = await answer(conversations.putConversationCustomattributes(inFlow, { body: { id: record, version: version + 2, customAttributes: { flow_node: 'Survey', transition_id: 't-3', attempts: 2, tags: ['a', { b: null }] } } }));
  equal('a replacement', [replaced.status, replaced.body.id], [200, record]);
  note('CustomAttributesIdResponse', replaced.body);
  const after = await answer(conversations.getConversationCustomattributes(inFlow));
  equal('the record afterwards', [after.body.results[0].version, after.body.results[0].customAttributes], [version + 3, { flow_node: 'Survey', transition_id: 't-3', attempts: 2, tags: ['a', { b: null }] }]);
  note('CustomAttributesListing', after.body);

  // The flow.
  const metadata = await answer(architect.getFlow(flow));
  equal('a flow', [metadata.body.type, metadata.body.publishedVersion.id], ['INBOUNDCALL', '7.0']);
  note('Flow', metadata.body);
  const latest = await answer(architect.getFlowLatestconfiguration(flow));
  equal('its items', latest.body.flowSequenceItemList.map((each) => each.__type), ['Menu', 'Menu', 'Task', 'Task', 'Task']);
  await change({ flow, configuration: { name: 'published anew', flowSequenceItemList: [] } });
  equal('the latest', (await answer(architect.getFlowLatestconfiguration(flow))).body.name, 'published anew');
  equal('one that is pinned', (await answer(architect.getFlowVersionConfiguration(flow, '7.0'))).body, latest.body);
  const versions = await answer(architect.getFlowVersions(flow));
  equal('versions', versions.body.entities.map((each) => each.id), ['7.0', '8.0']);
  note('FlowVersionEntityListing', versions.body);
  note('FlowVersion', (await answer(architect.getFlowVersion(flow, '8.0'))).body);

  // A close that is announced: the next socket is there before the last is gone.
  await change({ announceClosing: true });
  equal('the announcement', (await socket.event('the announcement', (each) => each.topicName === 'v2.system.socket_closing')).eventBody.channelId, channel);
  const next = listen(made.body.connectUri, socketOptions);
  await next.opened;
  equal('the first is not taken away', socket.readyState, 1);
  socket.close();
  await socket.closed;
  socket = next;

  // Somebody leaves, and all is over.
  await change({ conversation: call, participant: agent, held: true });
  await told('a hold by somebody else', true);
  equal('hanging up', (await answer(conversations.patchConversationParticipant(call, agent, { state: 'disconnected' }))).status, 202);
  const last = await socket.event('the end', (each) => each.topicName === callsTopic && sideOf(each.eventBody, agent).state === 'disconnected');
  equal('who is gone is not held', [sideOf(last.eventBody, agent).held, sideOf(last.eventBody, customer).state], [false, 'disconnected']);
  note('CallConversation', last.eventBody);
  const over = await answer(conversations.getConversation(call));
  check('the end is dated', !Number.isNaN(Date.parse(over.body.endTime)));
  note('Conversation', over.body);
  equal('no topics any more', (await answer(notifications.deleteNotificationsChannelSubscriptions(channel))).status, 200);

  // What the cloud says was done.
  const done = async (conversation) => (await cloud.conversation(conversation)).operations.map((each) => [each.kind, each.changed]);
  equal('the truth of the call', await done(call), [['hold', true], ['unhold', true], ['hold', true], ['foreign', true], ['attributes', true], ['attributes', true], ['foreign', true], ['disconnect', true]]);
  equal('the truth of the flow', (await cloud.conversation(inFlow)).operations.map((each) => [each.kind, each.id, each.version]),
    [['transition', 't-1', version + 1], ['foreign', 'foreign', version + 2], ['transition', 't-3', version + 3]]);

  // The end of the token.
  await change({ revokeTokens: true });
  await socket.event('the revocation', (each) => each.topicName === `v2.system.token_revoked.${channel}`);
  equal('its socket is closed', await within(10000, socket.closed, 'the close'), 1001);
  const dead = await answer(conversations.getConversation(call));
  equal('a revoked token', [dead.status, dead.body.code], [401, 'bad.credentials']);
  note('ErrorBody', dead.body);
}
