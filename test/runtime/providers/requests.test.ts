/** What reaches the provider of keys and conversations. */
import { expect, it } from "vitest";
import { canary, instruction, user, wireCases } from "./openModel";
import { calling, caseOf, results, sent } from "./sentRequest";

it("anthropic: the key goes in a header only", async () => {
  const { body, headers, path } = await sent(caseOf("anthropic"));
  expect(path).toBe("/anthropic/v1/messages");
  expect(body.stream).toBe(true);
  expect(headers["x-api-key"]).toBe(canary);
  expect(JSON.stringify(body)).not.toContain(canary);
});

it.each(["openai", "azure-openai"] as const)("%s: nothing is stored there", async (wire) => {
  expect((await sent(caseOf(wire))).body.store).toBe(false);
});

it("azure-openai: the deployment is the model, and the key has a header of its own", async () => {
  const { body, headers, path } = await sent(caseOf("azure-openai"));
  expect(path).toBe("/azure/v1/responses");
  expect(body.model).toBe("my-deployment");
  expect(headers["api-key"]).toBe(canary);
});

it("amazon-bedrock: the model is in the address, the key in a header", async () => {
  const { body, headers, path } = await sent(caseOf("amazon-bedrock"));
  expect(path).toBe("/bedrock/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream");
  expect(headers.authorization).toBe(`Bearer ${canary}`);
  expect(body.system).toMatchObject([{ text: "You are terse." }, {}]);
});

it.each(wireCases.map(({ wire }) => wire))("%s: a failed call is told as one that failed", async (wire) => {
  const messages = [instruction, user("Hi"), calling({ id: "c1" }), results(["c1", "No such file.", true])];
  const text = JSON.stringify((await sent(caseOf(wire), { messages })).body);
  expect(text).toContain("No such file.");
  if (wire === "anthropic") expect(text).toContain('"is_error":true');
});

it.each(wireCases.map(({ wire }) => wire))("%s: arguments that were no JSON go back as an object", async (wire) => {
  const call = calling({ id: "c1", args: '{"pa' });
  const { body } = await sent(caseOf(wire), { messages: [instruction, user("Hi"), call, results(["c1", "no", true])] });
  expect(JSON.stringify(body)).not.toContain('{\\"pa');
});
