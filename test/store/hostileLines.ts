/** Lines for property tests of the index, without their LF: ours, ours in another writing, and such as are none. */
import fc from "fast-check";
import { anyEvent, nastyText } from "../model/arbitraryEvents";

const count = fc.oneof(fc.nat({ max: 2000 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 50));
const hostileNames = [
  "solo",
  "job",
  "@a/b",
  'a","seq":7,"x":"',
  "back\\slash",
  '"',
  "a\tb",
  "日本語",
  '{"isError":true}',
];
const name = fc.oneof(fc.constantFrom(...hostileNames), nastyText);

type Keys = Record<string, unknown>;

/** Keys in the order in which the runtime writes them; of the names most are as in the line before. */
const ourEvent: fc.Arbitrary<Keys> = fc
  .record({
    event: anyEvent,
    id: fc.oneof({ weight: 3, arbitrary: fc.uuid() }, { weight: 1, arbitrary: name }),
    jobId: fc.oneof({ weight: 5, arbitrary: fc.constant("job") }, { weight: 1, arbitrary: name }),
    expertKey: fc.oneof({ weight: 5, arbitrary: fc.constant("solo") }, { weight: 1, arbitrary: name }),
    seq: count,
    step: count,
  })
  .map(({ event, id, jobId, expertKey, seq, step }) => {
    const { id: _, timestamp, jobId: __, runId, seq: ___, expertKey: ____, step: _____, type, ...payload } = event;
    return { id, timestamp, jobId, runId, seq, expertKey, step, type, ...payload };
  });

const ourLine = ourEvent.map((event) => JSON.stringify(event));

const oddNumbers = [
  "1e3",
  "-0",
  "1.5",
  "01",
  "00",
  "1E2",
  "-5",
  "0x1",
  "1_0",
  "",
  "null",
  '"3"',
  "1e400",
  "12 ",
  " 12",
];
const hugeNumbers = ["9007199254740991", "9007199254740993", "123456789012345", "1234567890123456", "4294967295"];
const numberKeys = ["seq", "step", "timestamp"] as const;

const otherNumber = fc
  .record({
    line: ourLine,
    key: fc.constantFrom(...numberKeys),
    number: fc.constantFrom(...oddNumbers, ...hugeNumbers),
  })
  .map(({ line, key, number }) => line.replace(new RegExp(`"${key}":[\\d.e+-]+`), `"${key}":${number}`));

const otherOrder = ourEvent.chain((event) =>
  fc
    .shuffledSubarray(Object.keys(event), { minLength: Object.keys(event).length })
    .map((keys) => JSON.stringify(Object.fromEntries(keys.map((key) => [key, event[key]])))),
);

const otherType = fc
  .record({
    line: ourLine,
    type: fc.constantFrom("fromTheFuture", "", "toString", "start\\u0052un", "startRu", '{"a":1}'),
  })
  .map(({ line, type }) => line.replace(/"type":"\w+"/, `"type":"${type}"`));

const missingKey = fc
  .record({ event: ourEvent, key: fc.constantFrom("id", "jobId", "seq", "expertKey", "step", "type", "timestamp") })
  .map(({ event, key }) => JSON.stringify({ ...event, [key]: undefined }));

const otherWriting = fc.oneof(
  ourEvent.map((event) => JSON.stringify(event, undefined, 1).replaceAll("\n", " ")),
  ourLine.map((line) => `${line}\r`),
  ourLine.map((line) => ` ${line} `),
  ourLine.map((line) => line.replace('"seq":', '"s\\u0065q":')),
  ourLine.map((line) => line.replace('{"id":', '{"id": ')),
);

const nothing = fc.oneof(
  fc.constantFrom("", "\r", "{}", "[]", "null", '""', "{", "}", '{"id":"', "\ufeff{}", "\0\0\0"),
  nastyText.map((text) => text.replaceAll("\n", " ")),
);

/** Each an event or none, and each key in it stands once. */
export const soundLine: fc.Arbitrary<Buffer> = fc
  .oneof(
    { weight: 8, arbitrary: ourLine },
    { weight: 2, arbitrary: otherNumber },
    { weight: 1, arbitrary: otherOrder },
    { weight: 1, arbitrary: otherType },
    { weight: 1, arbitrary: missingKey },
    { weight: 1, arbitrary: otherWriting },
    { weight: 1, arbitrary: nothing },
  )
  .map((line) => Buffer.from(line));

/** Lines of ours that something happened to: what they say may be broken, or said twice. */
export const damagedLine: fc.Arbitrary<Buffer> = fc.oneof(
  fc.record({ line: ourLine, at: fc.nat(), byte: fc.integer({ min: 11, max: 255 }) }).map(({ line, at, byte }) => {
    const bytes = Buffer.from(line);
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc.record({ line: ourLine, at: fc.nat() }).map(({ line, at }) => Buffer.from(line).subarray(0, at % line.length)),
  fc
    .record({ line: ourLine, key: fc.constantFrom('"seq":7', '"step":7', '"type":"startRun"', '"timestamp":-1') })
    .map(({ line, key }) => Buffer.from(`${line.slice(0, -1)},${key}}`)),
  fc.tuple(ourLine, ourLine).map(([line, other]) => Buffer.from(line + other)),
);
