// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds `Coercion::lenient` against the document's own `coerceVariables`, on generated variables.
//
//   node lenient_peer.mjs DRIVER DOCUMENT [COUNT] [SEED]
//
// DRIVER is the program lenient_driver; DOCUMENT is the text that defines the function, from which it is cut at run time.
// Exits with 77, which is a skipped test, when there is no such text. What ours refuses beyond the document is listed in
// `beyond` below; each such case must be refused, and every other one must agree.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const [driver, document, count = '6000', seed = '1'] = process.argv.slice(2);
if (!document || !existsSync(document)) {
  console.log(`skipped: the document is not there (${document})`);
  process.exit(77);
}

const text = readFileSync(document, 'utf8');
const cut = (begin) => {
  const at = text.indexOf(begin);
  if (at < 0) throw new Error(`the document does not define ${begin}`);
  return text.slice(at, text.indexOf('\n}', at) + 2);
};
const untyped = (cut('const DEFAULT_SCHEMA') + ';\n' + cut('function coerceVariables'))
  .replace(/: Record<string, unknown>/g, '').replace(/: VariableSchema/g, '').replace(/: unknown/g, '');
const { coerce, schema } = new Function(`${untyped}\nreturn { coerce: coerceVariables, schema: DEFAULT_SCHEMA };`)();

// A small generator with a seed, so that a failure can be run again.
let state = Number(seed) >>> 0;
const random = (n) => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
};
const pick = (list) => list[random(list.length)];
const some = (make, most) => Array.from({ length: random(most + 1) }, make);

const spaces = ['', '', '', ' ', '\t', '\n', '\u00a0', '\ufeff', '\u2003', '\u3000', '\u2028', '\u0085', '\u200b', '\u180e', '\v\f'];
const digits = () => some(() => pick([...'0123456789']), pick([1, 3, 8, 17, 25])).join('');
const numeral = () => pick(['', '', '-', '+']) + digits() + pick(['', '', '.', '.' + digits(), '.' + digits()])
  + pick(['', '', '', 'e', 'E+', 'e-', 'e' + random(30), 'E-' + random(340), 'e+' + random(330)]);
const words = ['', 'true', 'false', '1', '0', 'TRUE', 'yes', 'null', 'NaN', 'Infinity', '-Infinity', '+Infinity', 'Infinityx', '12abc', '1e3abc',
  '0x1F', '0b101', '0o17', '0X1g', '-0x10', '0x', '0x1fffffffffffff', '0x20000000000001', '0x3fffffffffffff', '0xfffffffffffffbff',
  '0xfffffffffffffc00', '0x200000000000010000000001', '0x200000000000010000000000', '-0', '.5', '5.', '.', '+.5e1', '-.e1', '1_000', '1,5', '٣', '1e400', '1e-400', '-1e-400', '5e-324', '1e21', '1e-7',
  '123456789012345680000', '{}', '[]', '{"a":1}', ' {"a": [1, {"b": null}]} ', '"text"', 'null', '[1,2', '{bad', '{"a":1e400}',
  '{"toString":1}', '{"__proto__":{"x":1}}', '{"10":1,"9":2,"a":3}', '{"a":1,"a":2}', '"\\ud800"', '"\\ud83d\\ude00"', '\ud83d\ude00', 'é', '\u0000'];
const string = () => pick([() => pick(words), () => pick(spaces) + numeral() + pick(['', '', 'abc', ' ', '.', 'e', '%']) + pick(spaces),
  () => pick(spaces) + pick(words) + pick(spaces), () => raw(2)])();
const scalar = () => pick([() => 'null', () => 'true', () => 'false', () => JSON.stringify(string()), () => JSON.stringify(string()), () => number(),
  () => number(), () => pick(['"\\u0041\\/"', '"\\ud83d\\udcde"', '"\\b\\f\\n\\r\\t\\\\\\""'])])();
const number = () => pick([() => String(random(1000)), () => '-' + random(100), () => JSON.stringify((random(2 ** 31) - 2 ** 30) / pick([1, 3, 7, 1024, 1e9])),
  () => `${1 + random(9)}${digits()}${pick(['', '.' + random(1000)])}${pick(['', 'e' + random(25), 'E-' + random(25), 'e+' + random(310), 'e-' + random(330)])}`,
  () => pick(['-0', '0', '1.0', '0.0', '1e400', '9007199254740993', '1e21', '1e20', '123e-8', '0.000001', '0.0000001', '5e-324', '1.7976931348623157e308',
    '2.2250738585072014e-308', '100000000000000000000', '1000000000000000000000', '4.35', '0.1', '1e23', '-1e-7'])])();
const gap = () => pick(['', '', '', ' ', '\t', '  ']);
const key = () => JSON.stringify(pick(['a', 'b', 'toString', 'valueOf', '__proto__', 'constructor', '1', '07', 'é', '', 'x"y', 'length', 'join']));
function raw(depth) {
  const kind = depth === 0 ? 0 : random(4);
  if (kind === 1) return '[' + gap() + some(() => raw(depth - 1), 3).join(gap() + ',' + gap()) + gap() + ']';
  if (kind === 2) return '{' + gap() + some(() => key() + gap() + ':' + gap() + raw(depth - 1), 3).join(gap() + ',') + gap() + '}';
  return scalar();
}
const names = [...Object.keys(schema), ...Object.keys(schema), ...Object.keys(schema), ...Object.keys(schema), 'extra', 'constructor', 'toString', '42', 'é', '__proto__', 'ivr_state', 'flow_node', '', 'a\nb'];
const line = () => {
  let all = some(() => pick(names), 4);
  if (random(20) !== 0) all = [...new Set(all)];
  return '{' + all.map((name) => JSON.stringify(name) + gap() + ':' + gap() + raw(random(3))).join(',') + '}';
};

const deep = (n) => `{"routing_metadata":${'['.repeat(n)}${']'.repeat(n)}}`;
// Every word and number as each of the four types, before chance has its turn.
const lines = [deep(60), deep(70)];
for (const name of [...Object.keys(schema), 'extra']) {
  for (const word of words) {
    for (const space of ['', ' ', '\u00a0']) lines.push(JSON.stringify({ [name]: space + word + space }), JSON.stringify({ [name]: [space + word + space] }));
  }
  for (const token of ['null', 'true', 'false', '0', '1', '-0', '1.0', '1e21', '1e-7', '123456789012345678901', '0.1', '[]', '[[]]', '[null]', '[1,2]', '[5]', '["0x10"]',
    '[true]', '[{}]', '[[1,[2,null]],"x"]', '{}', '{"a":1}', '{"toString":1}', '[{"toString":1}]', '{"valueOf":1}']) lines.push(`{"${name}":${token}}`);
}
while (lines.length < Number(count)) lines.push(line());

const walk = (value, test) => test(value) || (value !== null && typeof value === 'object'
  && Object.entries(value).some(([k, v]) => test(k) || walk(v, test)));
const depth = (value) => value !== null && typeof value === 'object' ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
// Of the text: a member that a later one of the same name hides is checked all the same.
const overflows = (json) => (json.replace(/"(\\.|[^"\\])*"/g, '""').match(/-?\d[\d.eE+-]*/g) ?? []).some((n) => !Number.isFinite(Number(n)));
const reserved = ['ivr_state', 'flow_node', 'last_updated', 'transition_id'];
const beyond = {
  'a reserved name': (input) => reserved.some((name) => Object.hasOwn(input, name)),
  'a name that is empty, too long or holds control characters': (input) => Object.keys(input).some((k) => k === '' || k.length > 128 || /[\u0000-\u001f]/.test(k)),
  'a number that is not finite': (input, made, source) => overflows(source) || walk(made, (v) => typeof v === 'number' && !Number.isFinite(v))
    || (made !== undefined && typeof input.routing_metadata === 'string' && overflows(input.routing_metadata)),
  'half a surrogate pair': (input, made) => walk([input, made], (v) => typeof v === 'string' && !v.isWellFormed()),
  'nesting beyond 64': (input, made) => depth(input) > 65 || depth(made) > 65,
};
const namesOf = (source) => {  // names at the top as they are spelled, repeats included
  const found = [];
  let level = 0, expectName = false;
  for (let i = 0; i < source.length; ++i) {
    const c = source[i];
    if (c === '"') {
      const begin = i;
      for (++i; source[i] !== '"'; ++i) if (source[i] === '\\') ++i;
      if (level === 1 && expectName) found.push(JSON.parse(source.slice(begin, i + 1)));
      expectName = false;
    } else if (c === '{' || c === '[') {
      ++level, expectName = c === '{' && level === 1;
    } else if (c === '}' || c === ']') --level;
    else if (c === ',' && level === 1) expectName = true;
  }
  return found;
};

const ran = spawnSync(driver, { input: lines.map((l) => l + '\n').join(''), encoding: 'utf8', maxBuffer: 1 << 28 });
if (ran.status !== 0) throw new Error(`${driver} ended with ${ran.status ?? ran.signal}: ${ran.stderr}`);
const answers = ran.stdout.split('\n').slice(0, -1);
if (answers.length !== lines.length) throw new Error(`${lines.length} lines in, ${answers.length} answers`);

const tally = { agree: 0, 'both refuse': 0 };
const wrong = [];
lines.forEach((source, i) => {
  if (answers[i].startsWith('?')) return void wrong.push([source, 'variables and text are to become the same', answers[i]]);
  const input = JSON.parse(source);
  let made, refused = false;
  try { made = coerce(input, schema); } catch { refused = true; }
  const ours = answers[i].startsWith('!') ? undefined : JSON.parse(answers[i]);
  const all = namesOf(source);
  const reason = new Set(all).size !== all.length ? 'a name that comes twice' : Object.keys(beyond).find((why) => beyond[why](input, made, source));
  if (reason !== undefined) {
    tally[reason] = (tally[reason] ?? 0) + 1;
    if (ours !== undefined) wrong.push([source, reason + ' is to be refused', answers[i]]);
    return;
  }
  if (refused || ours === undefined) {
    if (refused && ours === undefined) tally['both refuse']++;
    else wrong.push([source, refused ? 'the document refuses' : JSON.stringify(made), answers[i]]);
    return;
  }
  if (Object.hasOwn(input, '__proto__')) {
    // The document loses this name (hazard A20); ours keeps it as a string, and the rest must agree.
    if (ours.__proto__ !== String(input['__proto__'])) return void wrong.push([source, '__proto__ kept as a string', answers[i]]);
    tally['__proto__ kept'] = (tally['__proto__ kept'] ?? 0) + 1;
    delete ours['__proto__'];
    delete input['__proto__'];
    made = coerce(input, schema);
  }
  if (JSON.stringify(ours) === JSON.stringify(made)) tally.agree++;
  else wrong.push([source, JSON.stringify(made), answers[i]]);
});

console.log(`${lines.length} inputs, seed ${seed}:`, tally);
for (const [source, theirs, ours] of wrong.slice(0, 20)) console.log(`DISAGREE on ${source}\n  document: ${theirs}\n  ours:     ${ours}`);
// A run in which nothing was compared proves nothing.
if (wrong.length !== 0 || tally.agree < lines.length / 4 || tally['both refuse'] === 0) process.exit(1);
