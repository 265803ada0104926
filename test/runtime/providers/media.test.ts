/** Pictures and PDFs in the results of tools: seen where the provider can, said to be unreadable where it cannot. */
import { describe, expect, it } from "vitest";
import type { WireProvider } from "../../support/modelServer";
import { instruction, user, wireCases } from "./openModel";
import { calling, caseOf, fileResult, pdf, picture, sent } from "./sentRequest";

const all = wireCases.map(({ wire }) => wire);

const files = [
  ["image/png", picture],
  ["application/pdf", pdf],
] as const;

async function bodyWith(wire: WireProvider, mimeType: string, model = caseOf(wire).model) {
  const messages = [instruction, user("Hi"), calling({ id: "c1" }), fileResult("c1", mimeType)];
  return (await sent(caseOf(wire, { model }), { messages })).body;
}

it.each(all)("%s: a picture reaches the model as one", async (wire) => {
  const text = JSON.stringify(await bodyWith(wire, "image/png"));
  expect(text).toContain(picture);
  expect(text).toContain("Here it is.");
  // Never as JSON inside a text, which costs tokens and shows nothing.
  expect(text).not.toMatch(/\\"[a-zA-Z]+\\":\\"[^"]*iVBORw0KGgo=/);
});

it.each(["ollama", "deepseek"] as const)("%s: a PDF becomes a note", async (wire) => {
  const text = JSON.stringify(await bodyWith(wire, "application/pdf"));
  expect(text).toContain("[application/pdf: this model cannot read it]");
  expect(text).not.toContain(pdf);
});

// One of them would have the whole request refused.
it.each(all)("%s: a kind that it does not know becomes a note", async (wire) => {
  for (const mimeType of ["image/svg+xml", "application/zip"]) {
    const text = JSON.stringify(await bodyWith(wire, mimeType));
    expect(text).toContain(`[${mimeType}: this model cannot read it]`);
    expect(text).not.toContain(picture);
  }
});

describe("inside the result", () => {
  it("anthropic: as blocks", async () => {
    const source = { type: "base64", data: picture };
    const block = async (mimeType: string) =>
      ((await bodyWith("anthropic", mimeType)).messages as { content: { content: unknown[] }[] }[])[2]?.content[0];
    expect(await block("image/png")).toMatchObject({
      type: "tool_result",
      tool_use_id: "c1",
      content: [
        { type: "text", text: "Here it is." },
        { type: "image", source: { ...source, media_type: "image/png" } },
      ],
    });
    expect(await block("application/pdf")).toMatchObject({
      content: [{}, { type: "document", source: { ...source, media_type: "application/pdf", data: pdf } }],
    });
  });

  it.each(["openai", "azure-openai"] as const)("%s: as parts of the output", async (wire) => {
    const output = async (mimeType: string) =>
      ((await bodyWith(wire, mimeType)).input as { output?: unknown }[]).at(-1)?.output;
    const text = { type: "input_text", text: "Here it is." };
    expect(await output("image/png")).toMatchObject([
      text,
      { type: "input_image", image_url: `data:image/png;base64,${picture}` },
    ]);
    expect(await output("application/pdf")).toMatchObject([
      text,
      { type: "input_file", file_data: `data:application/pdf;base64,${pdf}` },
    ]);
  });

  it("amazon-bedrock: as blocks", async () => {
    const content = async (mimeType: string) =>
      ((await bodyWith("amazon-bedrock", mimeType)).messages as { content: unknown[] }[])[2]?.content[0];
    expect(await content("image/png")).toMatchObject({
      toolResult: {
        toolUseId: "c1",
        content: [{ text: "Here it is." }, { image: { format: "png", source: { bytes: picture } } }],
      },
    });
    expect(await content("application/pdf")).toMatchObject({
      toolResult: { content: [{}, { document: { format: "pdf", source: { bytes: pdf } } }] },
    });
  });

  it.each(["google", "google-vertex"] as const)("%s: from Gemini 3 on", async (wire) => {
    for (const [mimeType, data] of files) {
      const { contents } = await bodyWith(wire, mimeType, "gemini-3-pro-preview");
      expect((contents as unknown[])[2]).toMatchObject({
        parts: [{ functionResponse: { name: "readTextFile", parts: [{ inlineData: { mimeType, data } }] } }],
      });
    }
  });

  it("deepseek: as parts of the tool's message", async () => {
    const { messages } = await bodyWith("deepseek", "image/png");
    expect((messages as unknown[]).at(-1)).toMatchObject({
      role: "tool",
      content: [{ type: "text" }, { type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } }],
    });
  });
});

describe("behind the result, in a message of the user", () => {
  it.each(["google", "google-vertex"] as const)(
    "%s: before Gemini 3, so that the call has its result",
    async (wire) => {
      for (const [mimeType, data] of files) {
        const { contents } = await bodyWith(wire, mimeType, "gemini-2.5-pro");
        const said = `Here it is.\n[${mimeType}, in the next message]`;
        expect((contents as unknown[]).slice(2)).toMatchObject([
          { role: "user", parts: [{ functionResponse: { name: "readTextFile", response: { content: said } } }] },
          { role: "user", parts: [{ text: "From readTextFile:" }, { inlineData: { mimeType, data } }] },
        ]);
      }
    },
  );

  it("openai with Chat Completions", async () => {
    const last = async (mimeType: string) =>
      ((await bodyWith("openai-chat", mimeType)).messages as unknown[]).slice(-2) as unknown[];
    expect(await last("image/png")).toMatchObject([
      { role: "tool", content: "Here it is.\n[image/png, in the next message]" },
      { role: "user", content: [{}, { type: "image_url" }] },
    ]);
    expect(await last("application/pdf")).toMatchObject([{ role: "tool" }, { content: [{}, { type: "file" }] }]);
  });

  it("ollama", async () => {
    const { messages } = await bodyWith("ollama", "image/png");
    expect((messages as unknown[]).slice(-2)).toMatchObject([
      { role: "tool", content: "Here it is.\n[image/png, in the next message]" },
      { role: "user", content: "From readTextFile:", images: [picture] },
    ]);
  });
});
