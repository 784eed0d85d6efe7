// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The IVR document's own program, run against loopback_cloud. It is cut from the document at run time, put together in one
// file as the document says, its types stripped, and changed in one place: the `etag` that it assigns twice is no constant.
// Host, credentials and webhook come from the environment, as in the document.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, cleanEnvironment, cut, document, equal, finish, replace, requireModule, run, startCloud, workFolder } from './support.mjs';

const text = document('000');
const typescript = requireModule('typescript');
const typed = [
  cut(text, "import dotenv from 'dotenv';", 'Implementation'),
  cut(text, 'interface FlowNode {', 'Step 2:'),
  cut(text, 'interface VariableSchema {', 'Step 3:'),
  cut(text, 'interface InteractionStateUpdate {', 'Step 4:'),
  cut(text, "import axios from 'axios';", 'Complete Working Example'),
  cut(text, 'async function run() {', 'Common Errors'),
];
// Between the code of a step and the next heading there may be prose, which is no TypeScript; the parser tells.
const { outputText, diagnostics } = typescript.transpileModule(replace(typed.join('\n'), 'const etag = ', 'let etag = '), {
  reportDiagnostics: true,
  compilerOptions: { target: typescript.ScriptTarget.ES2022, module: typescript.ModuleKind.ESNext },
});
equal('what the parser has to say', diagnostics.map((each) => each.messageText), []);
const folder = workFolder();
const program = join(folder, 'document_a.mjs');
writeFileSync(program, outputText);

const id = '550e8400-e29b-41d4-a716-446655440000';
const runProgram = (cloud) => run(process.execPath, [program], {
  cwd: folder,
  env: cleanEnvironment({
    GENESYS_BASE_URL: cloud.url, GENESYS_CLIENT_ID: 'interop', GENESYS_CLIENT_SECRET: 'interop-secret', CRM_WEBHOOK_URL: `${cloud.url}/webhook`,
  }),
});
const resultOf = (output) => JSON.parse(/Transition result: (\{[\s\S]*?\n\})/.exec(output)?.[1] ?? '{}');

{
  const cloud = await startCloud();
  const { code, output } = await runProgram(cloud);
  equal('exit status', code, 0);
  check(`the program says that it begins:\n${output}`, output.includes('Initiating state transition...'));
  const result = resultOf(output);
  equal('result', { success: result.success, statusCode: result.statusCode, etagUsed: result.etagUsed, interactionId: result.interactionId },
    { success: true, statusCode: 200, etagUsed: '"1"', interactionId: id });
  check('metrics show one success', /successfulUpdates: 1/.test(output) && /totalRequests: 1/.test(output));

  const interaction = await cloud.interaction(id);
  equal('node', interaction.node, 'BillingInquiry');
  equal('version', interaction.version, 2);
  equal('operations', interaction.operations.map(({ kind, node, version, changed }) => ({ kind, node, version, changed })),
    [{ kind: 'transition', node: 'BillingInquiry', version: 2, changed: true }]);
  const { last_updated: updated, ...attributes } = interaction.customAttributes;
  check('last_updated is a time', !Number.isNaN(Date.parse(updated)));
  equal('attributes', attributes, {
    ivr_state: 'BillingInquiry', flow_node: 'BillingInquiry', customer_tier: 'enterprise', call_duration_seconds: 145,
    requires_supervisor: false, routing_metadata: { queue: 'billing_team', priority: 'high' },
  });
  const webhooks = await cloud.webhooks();
  equal('webhooks', webhooks.map(({ timestamp, ...rest }) => rest), [{
    interactionId: id, previousState: 'MainMenu', newState: 'BillingInquiry',
    variables: { customer_tier: 'enterprise', call_duration_seconds: '145', requires_supervisor: 'false', routing_metadata: '{"queue":"billing_team","priority":"high"}' },
  }]);
  equal('end of the cloud', await cloud.stop(), 0);
}

// The paths that the document describes beside the good one: a conflict, told by 409 as it expects, and a rate limit.
{
  const cloud = await startCloud(['--stale-status', '409']);
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'foreign_write', node: 'MainMenu' });
  await cloud.fault({ match: { method: 'PATCH' }, kind: 'answer', status: 429, headers: { 'Retry-After': '1' } });
  const { code, output } = await runProgram(cloud);
  equal('exit status after a conflict and a rate limit', code, 0);
  equal('result after them', { success: resultOf(output).success, etagUsed: resultOf(output).etagUsed }, { success: true, etagUsed: '"2"' });
  check(`metrics show both:\n${output}`, /conflicts: 1/.test(output) && /rateLimits: 1/.test(output) && /totalRequests: 3/.test(output));
  equal('writers', (await cloud.interaction(id)).operations.map((each) => each.kind), ['foreign', 'transition']);
  equal('end of the second cloud', await cloud.stop(), 0);
}

// What the cloud refuses, the program reports.
{
  const cloud = await startCloud(['--client-id', 'another'], { LOOPBACK_CLIENT_SECRET: 'another' });
  const { code, output } = await runProgram(cloud);
  equal('exit status with a client that is unknown', code, 1);
  check(`it tells why:\n${output}`, output.includes('OAuth token acquisition failed (401)') && output.includes('invalid_client'));
  equal('the interaction is where it was', (await cloud.interaction(id)).version, 1);
  equal('end of the third cloud', await cloud.stop(), 0);
}
finish();
