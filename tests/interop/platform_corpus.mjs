// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds our readers of the platform's bodies and the typings of the platform's own SDK together. Of every class that we
// read an object is made with every field that its typings have, down to some depth; then, field by field, with it absent,
// null, of tomorrow's value, of other types, and with members that nobody knows. What platform_driver finds must be what
// was put in.
//
//   node platform_corpus.mjs DRIVER
//
// Exits with 77, which is a skipped test, when the SDK is not installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import { check, finish, modules, skip } from './support.mjs';

const driver = process.argv[2];
const typings = join(modules(), 'node_modules/purecloud-platform-client-v2/index.d.ts');
if (!existsSync(typings)) skip('the platform\'s SDK is not installed (npm install in build/interop)');

// The classes: name, then field and type.
const classes = new Map();
for (const [, name, body] of readFileSync(typings, 'utf8').matchAll(/export interface (\w+) \{([^]*?)\n\t\}/g))
  classes.set(name, [...body.matchAll(/"(\w+)"\??: (.*);\s*$/gm)].map(([, field, type]) => [field, type]));

const instant = '2026-11-21T09:30:00.125Z';
const attributes = { flow_node: 'Billing', ivr_state: 'Billing (state)', transition_id: 'transition-1', another: 'x' };

// A value of a type of the typings.
function make(type, path, depth) {
  const field = path.at(-1);
  if (/^Array<.*>$/.test(type)) return [make(type.slice(6, -1), path, depth)];
  if (type.startsWith('Models.')) {
    const fields = classes.get(type.slice(7));
    if (!fields) throw new Error(`the typings have no ${type}`);
    if (depth === 0) return {};
    return Object.fromEntries(fields.map(([name, inner]) => [name, make(inner, [...path, name], depth - 1)]));
  }
  if (type.startsWith('{ [key: string]')) return /attributes$/i.test(field) ? { ...attributes } : { key: 'value' };
  if (type === 'string') {
    if (field === 'state' || field === 'initialState') return 'connected';
    if (/Time$|^date|^expires$|Date$/.test(field)) return instant;
    if (field === 'connectUri') return 'wss://streaming.example/channels/streaming-1';
    return `${path.join('.')}-1`;
  }
  if (type === 'number') return 7;
  if (type === 'boolean') return true;
  return {};  // object
}
const sample = (name) => make(`Models.${name}`, [name], 4);

// Every place of an object down to some depth, as the keys that lead there.
function places(value, depth, path = []) {
  if (value === null || typeof value !== 'object' || depth === 0) return [];
  return Object.keys(value).flatMap((key) => [[...path, key], ...places(value[key], depth - 1, [...path, key])]);
}
function changed(value, path, change) {
  const copy = structuredClone(value);
  const holder = path.slice(0, -1).reduce((at, key) => at[key], copy);
  change(holder, path.at(-1));
  return copy;
}
function strangers(value) {
  if (Array.isArray(value)) return value.map(strangers);
  if (value === null || typeof value !== 'object') return value;
  const inner = Object.entries(value).map(([key, each]) => [key, strangers(each)]);
  return { '': 1, tomorrow: { id: 'no', state: 'no', held: 'no', list: [[{}], null] }, ...Object.fromEntries(inner), zTomorrow: null };
}
function* variants(whole) {
  yield ['every field', whole];
  yield ['unknown members', strangers(whole)];
  for (const path of places(whole, 6)) {
    const name = path.join('.');
    const before = path.reduce((at, key) => at[key], whole);
    const isElement = /^\d+$/.test(path.at(-1));
    if (isElement) yield [`${name} left out`, changed(whole, path, (holder, key) => holder.splice(key, 1))];
    else yield [`${name} absent`, changed(whole, path, (holder, key) => { delete holder[key]; })];
    const set = (value) => changed(whole, path, (holder, key) => { holder[key] = value; });
    yield [`${name} null`, set(null)];
    if (typeof before === 'string') yield [`${name} of tomorrow`, set('tomorrow'), set('')];
    for (const odd of ['text', 7, 1.5, false, [], [7, 'x', [], null], {}, { a: 1 }])
      if (typeof odd !== typeof before || Array.isArray(odd) !== Array.isArray(before)) yield [`${name} ${inspect(odd)}`, set(odd)];
  }
}

// What is to be found, by rules of this script's own.
class Odd extends Error {}
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const text = (value, field) => {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw new Odd(`${field}: expected text`);
  return value;
};
const truth = (value, field) => {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'boolean') throw new Odd(`${field}: expected true or false`);
  return value;
};
const object = (value, field) => {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw new Odd(`${field}: expected an object`);
  return value;
};
const list = (value, field) => {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new Odd(`${field}: expected a list`);
  return value.filter((each) => each !== null);
};
const perhaps = (value) => (typeof value === 'string' ? value : '');
const reference = (value) => (isObject(value) ? perhaps(value.id) : '');
const time = (value) => (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) ? Date.parse(value) : null);

const media = { calls: 'call', callbacks: 'callback', chats: 'chat', emails: 'email', messages: 'message', socialExpressions: 'social_expression' };
const others = ['cobrowsesessions', 'internalMessages', 'screenMonitorings', 'screenshares', 'videos'];
const states = ['alerting', 'dialing', 'contacting', 'offering', 'connected', 'disconnected', 'terminated', 'converting', 'uploading',
  'transmitting', 'parked', 'scheduled', 'none'];
const over = (state) => state === 'disconnected' || state === 'terminated';
const rank = (state) => (state === 'connected' ? 4 : over(state) ? 1 : state === 'none' ? 0 : states.includes(state) ? 3 : 2);

const communication = (value, place, kind) => {
  const stateText = text(value.state, `${place}state`);
  return {
    media: kind, communication: '', state: stateText === '' ? 'absent' : states.includes(stateText) ? stateText : 'unknown', stateText,
    held: truth(value.held, `${place}held`), confined: truth(value.confined, `${place}confined`) ?? false, muted: value.muted === true,
    holdStarted: time(value.startHoldTime), disconnectType: perhaps(value.disconnectType),
  };
};
function conversation(value, wanted) {
  const has = [];
  const found = { id: text(value.id, 'id'), ended: false, participants: [] };
  const hasEnd = text(value.endTime, 'endTime') !== '';
  for (const each of list(value.participants, 'participants')) {
    if (!isObject(each)) throw new Odd('participants[]: expected an object');
    const at = 'participants[].';
    const routing = isObject(each.conversationRoutingData) ? each.conversationRoutingData : {};
    const left = text(each.endTime, `${at}endTime`) !== '';
    const party = {
      id: text(each.id, `${at}id`), purpose: text(each.purpose, `${at}purpose`),
      user: text(each.userId, `${at}userId`) || text(object(each.user, `${at}user`).id, `${at}user.id`),
      queue: perhaps(each.queueId) || reference(each.queue), routingQueue: reference(routing.queue),
      skills: (Array.isArray(routing.skills) ? routing.skills : []).map(reference).filter((id) => id !== ''), attributes: {},
    };
    const given = object(each.attributes, `${at}attributes`);
    for (const name of ['flow_node', 'ivr_state', 'transition_id'])
      if (given[name] !== undefined && given[name] !== null)
        party.attributes[name] = typeof given[name] === 'string' ? given[name] : JSON.stringify(given[name]);
    const flat = communication(each, at, wanted ?? '-');
    let best, mine, all;
    if (flat.stateText !== '' || flat.held !== null) {
      best = flat;
      mine = all = [flat];
    } else {
      mine = [];
      all = [];
      for (const [member, kind] of Object.entries(media))
        for (const one of Array.isArray(each[member]) ? each[member] : []) {
          if (!isObject(one) || Object.keys(one).length === 0) continue;
          if (wanted && kind !== wanted) { all.push({ stateText: perhaps(one.state) }); continue; }
          const read = { ...communication(one, `${at}${member}[].`, kind), communication: perhaps(one.id) };
          mine.push(read);
          all.push(read);
          if (!best || rank(read.stateText) > rank(best.stateText)) best = read;
        }
      for (const member of others)
        for (const one of Array.isArray(each[member]) ? each[member] : [])
          if (isObject(one) && Object.keys(one).length > 0) all.push({ stateText: perhaps(one.state) });
      best ??= { ...communication({}, at, '-') };
    }
    party.over = left || (mine.length > 0 && mine.every((one) => over(one.stateText)));
    has.push(left || (all.length > 0 && all.every((one) => over(one.stateText))));
    found.participants.push({ ...party, ...best });
  }
  found.ended = hasEnd || (has.length > 0 && has.every((each) => each));
  return found;
}
function records(value) {
  if (!('results' in value)) throw new Odd('results: expected a list');
  return list(value.results, 'results').map((each) => {
    if (!isObject(each)) throw new Odd('results[]: expected an object');
    const id = text(each.id, 'results[].id');
    const { version } = each;
    if (version !== null && version !== undefined && !(Number.isInteger(version) && version >= 0))
      throw new Odd('results[].version: expected a whole number from 0 to 2147483647');
    const given = object(each.customAttributes, 'results[].customAttributes');
    const any = (entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry));
    if (id === '') throw new Odd('results[].id: expected text');
    return {
      id, schema: reference(each.schema), version: version === null || version === undefined ? '' : String(version),
      flowNode: given.flow_node === undefined || given.flow_node === null ? null : any(given.flow_node),
      ivrState: any(given.ivr_state ?? ''), transition: any(given.transition_id ?? ''),
    };
  });
}
function channel(value) {
  const found = { id: text(value.id, 'id'), uri: text(value.connectUri, 'connectUri'), expires: time(value.expires) };
  for (const [name, field] of [['id', found.id], ['connectUri', found.uri]])
    if (field === '') throw new Odd(`${name}: expected text of printable characters`);
  return found;
}
function subscriptions(value) {
  return list(value.entities, 'entities').map((each) => {
    if (!isObject(each)) throw new Odd('entities[]: expected an object');
    const topic = text(each.id, 'entities[].id');
    const state = text(each.state, 'entities[].state');
    if (topic === '') throw new Odd('entities[].id: expected text');
    const missing = Array.isArray(each.missingPermissions) ? each.missingPermissions : [];
    return {
      topic, state, subscribed: state === '' || state === 'Permitted', reason: perhaps(each.rejectionReason),
      missing: missing.filter((one) => typeof one === 'string' && one !== ''),
    };
  });
}
function error(value) {
  return { code: perhaps(value.code), message: perhaps(value.message) || perhaps(value.messageWithParams), context: perhaps(value.contextId) };
}

// What goes to the driver, and what is to come back.
let asked = [];
let bodies = 0;
let refused = 0;
let shown = 0;
function ask(what, kind, medium, body, wanted) {
  let expected;
  try {
    expected = wanted();
  } catch (odd) {
    if (!(odd instanceof Odd)) throw odd;
    expected = odd;
  }
  asked.push({ what, line: `${kind}\t${medium ?? '-'}\t${JSON.stringify(body)}`, expected });
  if (asked.length === 2000) answer();
}
function answer() {
  const ran = spawnSync(driver, [], { input: asked.map((each) => `${each.line}\n`).join(''), encoding: 'utf8', maxBuffer: 1 << 28 });
  check(`${driver} ended with ${ran.status ?? ran.signal}: ${ran.stderr}`, ran.status === 0);
  const answers = (ran.stdout ?? '').split('\n').slice(0, -1);
  check(`${answers.length} of ${asked.length} answers`, answers.length === asked.length);
  asked.forEach(({ what, expected, line }, i) => {
    const got = answers[i] === undefined ? undefined : JSON.parse(answers[i]);
    const isOdd = expected instanceof Odd;
    refused += isOdd ? 1 : 0;
    const fine = isOdd ? got?.error?.endsWith(`: ${expected.message}`) === true : isDeepStrictEqual(got, expected);
    const more = () => `\n  got ${inspect(got, { depth: 6 })}\n  wanted ${isOdd ? expected.message : inspect(expected, { depth: 6 })}\n  of ${line.slice(0, 400)}`;
    check(fine || ++shown > 10 ? what : what + more(), fine);
  });
  bodies += asked.length;
  asked = [];
}
function corpus(name, kind, reckon, medium = undefined, prepare = (value) => value) {
  if (!classes.has(name)) return check(`the typings have ${name}`, false);
  const whole = prepare(sample(name));
  for (const [what, ...bodies] of variants(whole))
    for (const body of bodies)
      if (isObject(body)) ask(`${name}: ${what}`, kind, medium, body, () => reckon(body, medium));
  return whole;
}

// The fields that we use are those of the typings.
const has = (name, fields) => fields.forEach((field) =>
  check(`the typings of ${name} have ${field}`, (classes.get(name) ?? []).some(([each]) => each === field)));
has('Conversation', ['id', 'endTime', 'participants']);
has('Participant', ['id', 'purpose', 'userId', 'queueId', 'endTime', 'attributes', 'conversationRoutingData', ...Object.keys(media), ...others]);
has('ConversationRoutingData', ['queue', 'skills']);
for (const name of ['Call', 'Callback', 'ConversationChat', 'Email', 'Message', 'SocialExpression'])
  has(name, ['id', 'state', 'held', 'startHoldTime', 'disconnectType']);
has('Call', ['confined', 'muted']);
has('CallMediaParticipant', ['confined', 'muted']);
has('CustomAttributes', ['id', 'version', 'schema', 'customAttributes']);
has('CustomAttributesPatchRequest', ['id', 'version', 'customAttributes']);
has('CustomAttributesUpdateRequest', ['id', 'schemaId', 'customAttributes']);
has('ParticipantAttributes', ['attributes']);
has('MediaParticipantRequest', ['held', 'confined']);
has('Channel', ['id', 'connectUri', 'expires']);
has('ChannelTopic', ['id', 'state', 'rejectionReason', 'missingPermissions']);
has('ErrorBody', ['code', 'message', 'contextId', 'details', 'errors']);

corpus('Conversation', 'conversation', conversation);
corpus('Conversation', 'conversation', conversation, 'email');
corpus('ConversationEventTopicConversation', 'conversation', conversation);
const flat = { Call: 'call', Callback: 'callback', Chat: 'chat', Email: 'email', Message: 'message' };
for (const [name, medium] of Object.entries(flat)) {
  const fields = ['id', 'purpose', 'state', 'held', 'startHoldTime', 'user', 'queue', 'attributes', 'conversationRoutingData', 'disconnectType', 'endTime'];
  if (name !== 'Chat') has(`${name}MediaParticipant`, fields);  // their own view of chats was removed
  has(`Conversation${name}EventTopic${name}MediaParticipant`, fields);
  if (name !== 'Chat') corpus(`${name}Conversation`, 'conversation', conversation, medium);
  corpus(`Conversation${name}EventTopic${name}Conversation`, 'conversation', conversation, medium);
}
corpus('ConversationSocialExpressionEventTopicSocialConversation', 'conversation', conversation, 'social_expression');
corpus('CustomAttributesListing', 'records', records);
corpus('Channel', 'channel', channel);
corpus('ChannelTopicEntityListing', 'subscriptions', subscriptions);
corpus('ErrorBody', 'error', error);

// Frames about conversations and of the system, whole and with what nobody knows.
for (const [member, medium] of [...Object.entries(media), ['', undefined]]) {
  const topicName = `v2.users.user-1.conversations${member ? `.${member.toLowerCase()}` : ''}`;
  const body = sample(medium === 'call' ? 'ConversationCallEventTopicCallConversation' : 'ConversationEventTopicConversation');
  for (const frame of [{ topicName, version: '2', eventBody: body, metadata: { CorrelationId: 'correlation-1' } },
    { zTomorrow: [], metadata: strangers({ CorrelationId: 'correlation-1' }), eventBody: strangers(body), topicName }]) {
    ask(`a frame of ${topicName}`, 'frame', undefined, frame, () => ({ kind: 'conversation', topic: topicName, user: 'user-1', media: medium ?? '-',
      correlation: 'correlation-1', message: '', result: 0, status: '' }));
    ask(`the event of ${topicName}`, 'event', medium, frame, () => conversation(frame.eventBody, medium));
  }
}
for (const name of ['socket_closing', 'no_longer_subscribed', 'token_revoked', 'tomorrow']) {
  const body = sample('SystemMessageSystemMessage');
  const topicName = `v2.system.${name}.${body.channelId}`;
  const known = name !== 'tomorrow';
  for (const eventBody of [body, strangers(body)])
    ask(`a frame of ${name}`, 'frame', undefined, { topicName, eventBody }, () => ({ kind: known ? name : 'other', topic: `v2.system.${name}`,
      user: '', media: '-', correlation: '', message: known ? body.message : '', result: 0, status: '' }));
}

answer();
check('some bodies are refused, and most are not', refused > 100 && refused < bodies / 4);
console.log(`${classes.size} classes, ${bodies} bodies, ${refused} to be refused`);
finish();
