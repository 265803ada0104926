/** What a provider is told of the parts that stay the same, so that a long run reads them again cheaply. */
import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/model/message";
import { instruction, user, wireCases } from "./openModel";
import { calling, caseOf, results, sent } from "./sentRequest";

/** Three steps, each with more calls than a provider looks back. */
const longRun: Message[] = [
  instruction,
  user("Hi"),
  ...[1, 2, 3].flatMap((step) => {
    const ids = Array.from({ length: 25 }, (_, index) => `c${step}-${index}`);
    return [calling(...ids.map((id) => ({ id }))), results(...ids.map((id): [string, string] => [id, "x"]))];
  }),
];

describe("anthropic", () => {
  const mark = { cache_control: { type: "ephemeral" } };

  it("marks the instruction and the end of the first request", async () => {
    const { body } = await sent(caseOf("anthropic"));
    expect(body.system).toEqual([{ type: "text", text: "You are terse.", ...mark }]);
    expect(body.messages).toMatchObject([{ role: "user", content: [{ type: "text", text: "Hi", ...mark }] }]);
  });

  it("marks the end of this request and of the one before, four times at the most", async () => {
    const { body } = await sent(caseOf("anthropic"), { messages: longRun });
    expect(JSON.stringify(body).split('"cache_control"')).toHaveLength(4);
    const messages = body.messages as { content: Record<string, unknown>[] }[];
    const marked = messages.map(({ content }) => content.findIndex((block) => block.cache_control !== undefined));
    expect(marked).toEqual([-1, -1, -1, -1, 24, -1, 24]);
    expect(body.cache_control).toBeUndefined();
  });

  it("keeps it as long as the definition says", async () => {
    const cacheControl = { type: "ephemeral", ttl: "1h" };
    const { body } = await sent(caseOf("anthropic", { setting: { providerOptions: { cacheControl } } }));
    expect(body.system).toMatchObject([{ cache_control: cacheControl }]);
    expect(body.messages).toMatchObject([{ content: [{ cache_control: cacheControl }] }]);
    expect(body.cache_control).toBeUndefined();
  });
});

describe("amazon-bedrock", () => {
  const point = { cachePoint: { type: "default" } };

  it("puts a cache point behind the instruction and at the ends of the last two requests", async () => {
    const { body } = await sent(caseOf("amazon-bedrock"), { messages: longRun });
    expect(body.system).toEqual([{ text: "You are terse." }, point]);
    const messages = body.messages as { content: unknown[] }[];
    const ends = messages.map(({ content }) => JSON.stringify(content.at(-1)) === JSON.stringify(point));
    expect(ends).toEqual([false, false, false, false, true, false, true]);
  });

  it.each(["anthropic.claude-3-haiku-20240307-v1:0", "meta.llama3-3-70b-instruct-v1:0", "openai.gpt-oss-120b-1:0"])(
    "does not for %s, which would refuse it",
    async (model) => {
      const { body } = await sent(caseOf("amazon-bedrock", { model }), { messages: longRun });
      expect(JSON.stringify(body)).not.toContain("cachePoint");
    },
  );
});

describe("a key for requests that begin alike", () => {
  it.each(["openai", "azure-openai"] as const)("is told to %s", async (wire) => {
    expect((await sent(caseOf(wire), { cacheKey: "job-1" })).body.prompt_cache_key).toBe("job-1");
    expect((await sent(caseOf(wire))).body.prompt_cache_key).toBeUndefined();
    const long = "j".repeat(200);
    expect((await sent(caseOf(wire), { cacheKey: long })).body.prompt_cache_key).toBe("j".repeat(64));
  });

  it("is the definition's own where it names one", async () => {
    const wireCase = caseOf("openai", { setting: { providerOptions: { promptCacheKey: "ours" } } });
    expect((await sent(wireCase, { cacheKey: "job-1" })).body.prompt_cache_key).toBe("ours");
  });

  it.each(wireCases.map(({ wire }) => wire).filter((wire) => wire !== "openai" && wire !== "azure-openai"))(
    "is not told to %s, which caches by itself or by marks",
    async (wire) => {
      const { body, headers } = await sent(caseOf(wire), { cacheKey: "job-1" });
      expect(JSON.stringify([body, headers])).not.toContain("job-1");
    },
  );
});
