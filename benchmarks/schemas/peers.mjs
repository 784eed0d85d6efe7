// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The same work on Node.js, with zod and with ajv's compiled validators; node.cpp runs it.
//
//   node peers.mjs FOLDER < work      FOLDER: where node_modules stands
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2] ?? '.');
for (const name of ['zod', 'ajv'])
  if (!existsSync(join(folder, 'node_modules', name, 'package.json'))) {
    console.log(`${name} is not in ${folder}; tests/run installs it`);
    process.exit(0);
  }
const require = createRequire(join(folder, 'package.json'));
const { z } = require('zod/v4');
const { Ajv } = require('ajv');

const work = JSON.parse(readFileSync(0, 'utf8'));
const blind = { duplicates: 1, depth: 2, lone_surrogates: 8 };

// The rules.
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const media = /^(?!\.)[A-Za-z0-9._-]{0,123}[A-Za-z0-9._-]*\.(wav|mp3|ogg|opus|flac|aac|m4a|wma|au|ulaw|alaw)$/i;
const number = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const integer = /^(-0|0|[1-9][0-9]{0,4})$/;
const reasons = ['queueing', 'consultation', 'system_issue', 'agent_break'];
const languages = ['en-US', 'de-DE', 'fr-FR'];
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const allFinite = (value) =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'object' || value === null || Object.values(value).every(allFinite);
const fitsNote = (text) => Buffer.byteLength(text) <= 120;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const parse = (bytes) => JSON.parse(utf8.decode(bytes));
const objectOf = (text) => {
  try {
    const value = JSON.parse(text);
    return isObject(value) && allFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

function withZod() {
  const mediaFile = z.string().min(4).max(128).regex(media);
  const hold = z.object({
    interactionId: z.string().regex(uuid),
    holdReason: z.enum(reasons),
    priority: z.number().int().min(0).max(9),
    holdMusic: mediaFile.optional(),
    holdPrompt: mediaFile.optional(),
  });
  const numeric = (pattern) => z.union([z.number(), z.string().regex(pattern).transform(Number)]);
  const truth = z.union([z.boolean(), z.literal([1, 0, '1', '0', 'true', 'false']).transform((value) => value === 1 || value === '1' || value === 'true')]);
  const variables = z
    .object({
      customer_tier: z.string(),
      call_duration_seconds: numeric(integer).pipe(z.number().int().min(0).max(86400)),
      requires_supervisor: truth,
      account_balance: numeric(number).pipe(z.number()),
      language: z.enum(languages),
      conversation_id: z.string().regex(uuid),
      note: z.string().refine(fitsNote).nullish().transform((value) => value ?? undefined),
      routing_metadata: z.union([z.string().transform(objectOf), z.unknown()]).refine((value) => isObject(value) && allFinite(value)),
    })
    .strict();
  const interaction = z.object({
    id: z.string(),
    state: z.string(),
    routingData: z.object({ skillGroup: z.object({ id: z.string(), name: z.string() }), orgId: z.string() }),
    customAttributes: z.object({
      ivr_state: z.string(),
      flow_node: z.string(),
      last_updated: z.string(),
      transition_id: z.string(),
      customer_tier: z.string(),
      call_duration_seconds: z.number().int(),
      requires_supervisor: z.boolean(),
    }),
    held: z.boolean().nullish().transform((value) => value ?? undefined),
  });
  return {
    name: 'zod (Node.js)',
    hold: (command) => {
      const read = hold.safeParse(command);
      return read.success ? JSON.stringify({ type: 'hold', ...read.data }) : '';
    },
    coerce: (bytes) => {
      const read = variables.safeParse(parse(bytes));
      return read.success ? JSON.stringify(read.data) : '';
    },
    decode: (bytes) => {
      const read = interaction.safeParse(parse(bytes));
      return read.success ? read.data : undefined;
    },
  };
}

function withAjv() {
  const ajv = new Ajv();
  ajv.addKeyword({ keyword: 'maxBytes', type: 'string', schemaType: 'number', validate: (limit, text) => Buffer.byteLength(text) <= limit, errors: false });
  const mediaFile = { type: 'string', minLength: 4, maxLength: 128, pattern: media.source.replace('(wav', '(?:[wW][aA][vV]|wav') };
  // ajv has no flag for case; what the patterns leave open is written out.
  const anyCase = (words) => words.map((word) => [...word].map((c) => (/[a-z]/.test(c) ? `[${c}${c.toUpperCase()}]` : c)).join('')).join('|');
  mediaFile.pattern = `^(?!\\.)[A-Za-z0-9._-]*\\.(?:${anyCase(['wav', 'mp3', 'ogg', 'opus', 'flac', 'aac', 'm4a', 'wma', 'au', 'ulaw', 'alaw'])})$`;
  const anyUuid = { type: 'string', pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$' };
  const text = { type: 'string' };
  const object = (properties, optional = [], additionalProperties = true) => ({
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties,
  });
  const hold = ajv.compile(
    object(
      {
        interactionId: anyUuid,
        holdReason: { type: 'string', enum: reasons },
        priority: { type: 'integer', minimum: 0, maximum: 9 },
        holdMusic: mediaFile,
        holdPrompt: mediaFile,
      },
      ['holdMusic', 'holdPrompt'],
      false,
    ),
  );
  const variables = ajv.compile(
    object(
      {
        customer_tier: text,
        call_duration_seconds: { anyOf: [{ type: 'integer', minimum: 0, maximum: 86400 }, { type: 'string', pattern: integer.source }] },
        requires_supervisor: { enum: [true, false, 1, 0, 'true', 'false', '1', '0'] },
        account_balance: { anyOf: [{ type: 'number' }, { type: 'string', pattern: number.source }] },
        language: { enum: languages },
        conversation_id: anyUuid,
        note: { anyOf: [{ type: 'null' }, { type: 'string', maxBytes: 120 }] },
        routing_metadata: { anyOf: [{ type: 'object' }, { type: 'string' }] },
      },
      ['note'],
      false,
    ),
  );
  const interaction = ajv.compile(
    object(
      {
        id: text,
        state: text,
        routingData: object({ skillGroup: object({ id: text, name: text }), orgId: text }),
        customAttributes: object({
          ivr_state: text,
          flow_node: text,
          last_updated: text,
          transition_id: text,
          customer_tier: text,
          call_duration_seconds: { type: 'integer' },
          requires_supervisor: { type: 'boolean' },
        }),
        held: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      },
      ['held'],
    ),
  );
  return {
    name: 'ajv (Node.js)',
    hold: (command) => (hold(command) ? JSON.stringify({ type: 'hold', ...command }) : ''),
    coerce: (bytes) => {
      const given = parse(bytes);
      if (!variables(given)) return '';
      // ajv's own coercion takes "0x91" and " 145 "; so the types are made here.
      given.call_duration_seconds = Number(given.call_duration_seconds);
      given.account_balance = Number(given.account_balance);
      const truth = given.requires_supervisor;
      given.requires_supervisor = truth === true || truth === 1 || truth === '1' || truth === 'true';
      if (given.note === null) delete given.note;
      if (typeof given.routing_metadata === 'string') given.routing_metadata = objectOf(given.routing_metadata);
      const fine =
        given.call_duration_seconds <= 86400 && Number.isFinite(given.account_balance) && given.routing_metadata !== undefined && allFinite(given.routing_metadata);
      return fine ? JSON.stringify(given) : '';
    },
    decode: (bytes) => {
      const given = parse(bytes);
      return interaction(given) ? given : undefined;
    },
  };
}

/** What was decoded, as the other sides tell it. */
function told({ id, state, routingData, customAttributes: all, held }) {
  return JSON.stringify({
    id,
    state,
    routingData: { skillGroup: { id: routingData.skillGroup.id, name: routingData.skillGroup.name }, orgId: routingData.orgId },
    customAttributes: {
      ivr_state: all.ivr_state,
      flow_node: all.flow_node,
      last_updated: all.last_updated,
      transition_id: all.transition_id,
      customer_tier: all.customer_tier,
      call_duration_seconds: all.call_duration_seconds,
      requires_supervisor: all.requires_supervisor,
    },
    held: held ?? undefined,
  });
}
const orNothing = (make) => (input) => {
  try {
    return make(input) ?? '';
  } catch {
    return '';
  }
};

const texts = { coerce: work.coerce.map((each) => Buffer.from(each, 'hex')), decode: work.decode.map((each) => Buffer.from(each, 'hex')) };
const sides = [withZod(), withAjv()];
const answers = sides.map((side) => ({
  name: side.name,
  blind: blind.duplicates | blind.depth | blind.lone_surrogates,
  hold: work.hold.map(orNothing(side.hold)),
  coerce: texts.coerce.map(orNothing(side.coerce)),
  decode: texts.decode.map(orNothing((bytes) => { const made = side.decode(bytes); return made && told(made); })),
}));

let consumed = 0;
function batch(run, input) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < work.calls; ++i) consumed += run(input) ? 1 : 0;
  return Number(process.hrtime.bigint() - start) / work.calls;
}
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
for (const [job, input, member] of [
  ['hold', work.hold[0], 'holdNanoseconds'],
  ['coerce', texts.coerce[0], 'coerceNanoseconds'],
  ['decode', texts.decode[0], 'decodeNanoseconds'],
]) {
  const times = sides.map(() => []);
  for (let i = 0; i < 5; ++i) sides.forEach((side) => batch(side[job], input)); // until it is compiled
  for (let i = 0; i < work.batches; ++i) sides.forEach((side, k) => times[k].push(batch(side[job], input)));
  sides.forEach((side, k) => { answers[k][member] = median(times[k]); });
}
console.log(JSON.stringify({ sides: answers, consumed }));
