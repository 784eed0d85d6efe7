// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The platform's own JavaScript SDK against `loopback_cloud --dialect platform`, over TLS, by the names that it makes for
// itself: given the region domain `loopback.test:<port>` it logs in at `https://login.loopback.test:<port>` and asks
// `https://api.loopback.test:<port>`. Its HTTPS agent is one whose resolver knows this machine alone and which trusts a
// certificate made for those names; everything else is as the SDK has it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { agent, answer, call, loadSdk, scenario, user } from './sdk_scenario.mjs';
import { bin, check, cleanEnvironment, equal, finish, run, skip, startPlatform, startWatch, workFolder } from './support.mjs';

const folder = workFolder();
const certificate = join(folder, 'certificate.pem'), key = join(folder, 'key.pem');
const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=loopback.test',
  '-addext', 'subjectAltName=DNS:api.loopback.test,DNS:login.loopback.test,DNS:streaming.loopback.test,IP:127.0.0.1', '-keyout', key, '-out', certificate]);
if (made.status !== 0) skip('openssl is not there, or cannot make a certificate');
const ca = readFileSync(certificate);
const lookup = (name, options, done) => {
  if (!/^(api|login)\.loopback\.test$/.test(name)) return done(new Error(`a name that is not ours: ${name}`));
  return options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
};
const httpsAgent = new https.Agent({ ca, lookup, keepAlive: true });

const loaded = loadSdk(folder);
const { client, sdk } = loaded;
client.setProxyAgent(httpsAgent);

async function start(options = []) {
  const cloud = await startPlatform(['--tls-cert', certificate, '--tls-key', key, '--client-id', 'a client', ...options], { LOOPBACK_CLIENT_SECRET: 'a secret' }, httpsAgent);
  client.setEnvironment(`loopback.test:${new URL(cloud.url).port}`);
  return cloud;
}
const logIn = () => client.loginClientCredentialsGrant('a client', 'a secret');

// The whole way of both doors; changes are accepted at once and done a little later.
{
  const cloud = await start(['--effect-delay-ms', '50']);
  equal('the hosts that the SDK makes', [client.config.basePath, client.config.authUrl].map((each) => new URL(each).hostname), ['api.loopback.test', 'login.loopback.test']);
  const wrong = await client.loginClientCredentialsGrant('a client', 'another secret').then(() => undefined, (error) => error.response);
  equal('a wrong secret', [wrong?.status, wrong?.data.error, wrong?.data.description === wrong?.data.error_description], [401, 'invalid_client', true]);
  const without = await answer(new sdk.ConversationsApi().getConversation(call));
  equal('without a token', [without.status, without.body.code], [401, 'authentication.required']);
  const granted = await logIn();
  check('a token', granted.accessToken.length > 0);
  check('for a day', Math.abs(granted.tokenExpiryTime - Date.now() - 86400000) < 3600000);
  await scenario(loaded, cloud, { socketOptions: { ca } });
  equal('the end of the cloud', await cloud.stop(), 0);
}

// A client that stands for a user holds by the calls' own address, its own side alone.
{
  const cloud = await start(['--user', user]);
  await logIn();
  const conversations = new sdk.ConversationsApi();
  equal('a hold of a call', (await answer(conversations.patchConversationsCallParticipant(call, agent, { held: true }))).status, 202);
  const other = await answer(conversations.patchConversationsCallParticipant(call, 'b0000000-0000-4000-8000-000000000001', { held: true }));
  equal('a hold of another', [other.status, other.body.code], [400, 'conversation.error.user.not.party']);
  equal('the truth', (await cloud.conversation(call)).operations.map((each) => [each.kind, each.participant]), [['hold', agent]]);
  equal('the end of the cloud', await cloud.stop(), 0);
}

// patchbayctl beside the SDK: what either of them holds and releases, `watch` tells of and the other one sees.
{
  const cloud = await start(['--effect-delay-ms', '50']);
  await logIn();
  const environment = cleanEnvironment({ GENESYS_BASE_URL: cloud.url, GENESYS_CLIENT_ID: 'a client', GENESYS_CLIENT_SECRET: 'a secret', GENESYS_USER_ID: user, PATCHBAY_CA_FILE: certificate });
  const watch = await startWatch(environment);
  const conversations = new sdk.ConversationsApi();
  const held = (line) => line.conversationId === call && line.participantId === agent && line.held;
  const released = (line) => line.conversationId === call && line.participantId === agent && line.held === false;
  const sideInSdk = async () => (await answer(conversations.getConversation(call))).body.participants.find((each) => each.id === agent).calls[0];

  equal('a hold by the SDK', (await answer(conversations.patchConversationParticipant(call, agent, { held: true }))).status, 202);
  const told = await watch.line('the hold by the SDK', held);
  equal('as watch tells it', [told.purpose, told.userId, told.media, told.state, told.confined, told.ended], ['agent', user, 'call', 'connected', false, false]);
  equal('since when', told.holdStart, new Date((await sideInSdk()).startHoldTime).toISOString());
  equal('a release by the SDK', (await answer(conversations.patchConversationParticipant(call, agent, { held: false }))).status, 202);
  equal('no start any more', (await watch.line('the release by the SDK', released)).holdStart, null);

  const ctl = async (what, ...args) => {
    const { code, output } = await run(join(bin, 'patchbayctl'), [...args, '--dialect', 'platform', '--conversation', call, '--priority', '5'], { env: environment, limit: 60000 });
    equal(`${what}, with ${output}`, code, 0);
    check(`${what}: no secret`, !/a secret|simulated-token|\/channels\//.test(output));
  };
  await ctl('a hold by patchbayctl', 'hold', '--reason', 'consultation');
  await watch.line('the hold by patchbayctl', held);
  equal('as the SDK sees it', (await sideInSdk()).held, true);
  equal('a release of it by the SDK', (await answer(conversations.patchConversationParticipant(call, agent, { held: false }))).status, 202);
  await watch.line('the release of it', released);
  equal('a hold for patchbayctl', (await answer(conversations.patchConversationParticipant(call, agent, { confined: true }))).status, 202);
  equal('with music', (await watch.line('the hold with music', held)).confined, true);
  await ctl('a release by patchbayctl', 'unhold');
  await watch.line('the release by patchbayctl', released);
  equal('as the SDK sees that', (await sideInSdk()).held, false);

  equal('the truth', (await cloud.conversation(call)).operations.map((each) => [each.kind, each.changed]),
    [['hold', true], ['unhold', true], ['hold', true], ['unhold', true], ['hold', true], ['unhold', true]]);
  equal('the end of watch', await watch.stop(), 0);
  check('it says no secret', !/a secret|simulated-token|\/channels\/|streaming-|wss:/.test(watch.said()));
  equal('the end of the cloud', await cloud.stop(), 0);
}

// The pace of a token.
{
  const cloud = await start(['--rate-limit', '2']);
  await logIn();
  const conversations = new sdk.ConversationsApi();
  const statuses = [];
  let got;
  for (let i = 0; i < 3; ++i) { got = await answer(conversations.getConversation(call)); statuses.push(got.status); }
  equal('two and no more', statuses, [200, 200, 429]);
  equal('which is said', [got.body.code, Number(got.headers['retry-after']) > 0 && Number(got.headers['retry-after']) <= 60], ['too.many.requests', true]);
  equal('the end of the cloud', await cloud.stop(), 0);
}
finish();
