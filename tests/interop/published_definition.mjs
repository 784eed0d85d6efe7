// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The platform's published definition as judge between the platform's own SDK and `loopback_cloud --dialect platform`.
// Prism stands between them as a proxy that answers 422 to a request which the definition does not allow, and 500 to an
// answer which it does not allow; so the SDK's whole way of official_sdk.mjs passes only if both sides keep to it. The
// definition is not ours to ship: the test is skipped where it is not.
//
// What Prism does not look at is looked at here: members that the definition does not know, and the bodies of events,
// which are those of the views that the definition has.
import { judged, note, startPrism } from './definition.mjs';
import { agent, answer, call, loadSdk, scenario } from './sdk_scenario.mjs';
import { check, equal, finish, startPlatform, within, workFolder } from './support.mjs';

const folder = workFolder();
const cloud = await startPlatform(['--effect-delay-ms', '50']);
const proxy = await startPrism(folder, cloud.url);

const loaded = loadSdk(folder);
const { client, sdk } = loaded;
const token = await cloud.token();
client.setAccessToken(token);
// A gateway is what the SDK calls a host that stands between it and the platform.
client.setGateway({ host: '127.0.0.1', protocol: 'http', port: proxy.port });

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
