import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor, redactError } from "../../src/model/redact";
import { formsOf, isPlainValue, isSecretName } from "../../src/model/secretForms";
import { holds } from "../support/holds";

const key = 'sk-ant-"api03"/Ünï+code&<x>=';
const redactor = createRedactor([{ name: "ANTHROPIC_API_KEY", value: key }]);

/** Few letters, so that secrets begin alike, overlap and hold each other. */
const secret = fc.string({ unit: fc.constantFrom("a", "b", "-", "1"), minLength: 6, maxLength: 9 });
const secrets = fc.array(secret, { minLength: 1, maxLength: 5 });
const piece = fc.oneof(fc.string({ unit: fc.constantFrom("a", "b", "-", "1"), maxLength: 8 }), secret);

describe("a redactor", () => {
  it.each([
    ["as it is", key],
    ["in JSON", JSON.stringify({ key })],
    ["in JSON inside JSON", JSON.stringify({ stdout: JSON.stringify({ key }) })],
    ["in JSON of ASCII alone", '"sk-ant-\\"api03\\"/\\u00dcn\\u00ef+code&<x>="'],
    ["in JSON that is safe in HTML", '"sk-ant-\\"api03\\"/Ünï+code\\u0026\\u003cx\\u003e="'],
    ["in a query string", new URLSearchParams({ key }).toString()],
    ["in a part of a URL", `https://example.com/?key=${encodeURIComponent(key)}&more=1`],
    ["in a part of a URL in lower case", encodeURIComponent(key).toLowerCase()],
    ["in HTML", "<p>sk-ant-&quot;api03&quot;/Ünï+code&amp;&lt;x&gt;=</p>"],
    ["in hex", Buffer.from(key).toString("hex")],
    ["in base64", Buffer.from(key).toString("base64")],
    ["in base64 behind one byte", Buffer.from(`:${key}`).toString("base64")],
    ["in base64 behind a user’s name", Buffer.from(`me:${key}`).toString("base64")],
    ["in base64 for URLs", Buffer.from(`user:${key} and more`).toString("base64url")],
  ])("finds its secret %s and says whose value stood there", (_where, text) => {
    const clean = redactor.text(`before ${text} after`);
    expect(clean).toContain("[redacted ANTHROPIC_API_KEY]");
    expect(clean).toMatch(/^before .* after$/u);
    for (const form of formsOf(key)) expect(clean).not.toContain(form);
  });

  it("finds each line of a private key, with real line ends or written ones", () => {
    const lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"];
    const pem = ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----"];
    for (const value of [pem.join("\n"), pem.join("\\n")]) {
      const { text } = createRedactor([value]);
      expect(text(`x ${value} y`)).toBe("x [redacted] y");
      expect(text(`  1  ${lines[0]}\n  2  ${lines[1]}`)).toBe("  1  [redacted]\n  2  [redacted]");
      expect(text(pem.join("\r\n"))).not.toMatch(/MIIE|BKcw/u);
    }
  });

  it("takes the longest of several secrets that begin at one place, whatever their order", () => {
    const short = { name: "SHORT", value: "token-1234" };
    const long = { name: "LONG", value: "token-1234-5678" };
    for (const both of [
      [short, long],
      [long, short],
    ]) {
      const { text } = createRedactor(both);
      expect(text("token-1234-5678 token-1234 token-12")).toBe("[redacted LONG] [redacted SHORT] token-12");
    }
  });

  it("names a value that two variables hold after the first of them", () => {
    const value = "token-1234";
    const { text } = createRedactor([
      { name: "FIRST", value },
      { name: "SECOND", value },
    ]);
    expect(text(value)).toBe("[redacted FIRST]");
  });

  it("never shows a value in the name of another", () => {
    const { text } = createRedactor([
      { name: "ABC_TOKEN_1", value: "value-of-abc" },
      { name: "X", value: "TOKEN_1" },
    ]);
    expect(text("value-of-abc")).toBe("[redacted]");
  });

  it.each([
    { value: "12345", because: "it is short" },
    { value: "20260203", because: "it is a number" },
    { value: "production", because: "it is a word" },
    { value: "/usr/local/bin", because: "it is a path" },
    { value: "C:\\Users\\me", because: "it is a path" },
    { value: "~/.ssh/id_ed25519", because: "it is a path" },
    { value: "https://api.example.com:8080/", because: "it is a server's address" },
    { value: "  true  ", because: "it is a word" },
    { value: "", because: "it is nothing" },
  ])("leaves “$value” alone, because $because", ({ value }) => {
    const { text } = createRedactor([{ name: "MY_TOKEN", value }]);
    expect(text(`a ${value} b`)).toBe(`a ${value} b`);
  });

  it.each([
    "hunter2",
    "/K7MDENGbPxRfiCYEXAMPLEKEY",
    "https://hooks.example.com/services/T000/B000/x",
    "postgres://me:pw@host",
  ])("hides “%s”", (value) => {
    expect(isPlainValue({ name: "X", value })).toBe(false);
    expect(createRedactor([value]).text(`(${value})`)).toBe("([redacted])");
  });

  it("leaves a placeholder that says only its own name", () => {
    expect(createRedactor([{ name: "MY_TOKEN", value: "my_token" }]).text("my_token")).toBe("my_token");
  });

  it("gives text back as it is where nothing is known", () => {
    const nothing = createRedactor([]);
    const stream = nothing.stream();
    expect([nothing.text("a"), nothing.value("b"), stream.push("c"), stream.end()]).toEqual(["a", "b", "c", ""]);
  });

  it("leaves no secret in any text", () => {
    holds(
      fc.property(secrets, fc.array(piece), (values, pieces) => {
        const known = values.filter((value) => !isPlainValue({ value }));
        const clean = createRedactor(values).text(pieces.join(""));
        for (const value of known) expect(clean).not.toContain(value);
      }),
    );
  });

  it("changes nothing in what it has redacted", () => {
    holds(
      fc.property(secrets, fc.array(piece), (values, pieces) => {
        const { text } = createRedactor(values.map((value, index) => ({ name: `NAME_${index}`, value })));
        const once = text(pieces.join(""));
        expect(text(once)).toBe(once);
      }),
    );
  });
});

describe("a redacted stream", () => {
  it("says in pieces what the whole would say, however it is cut", () => {
    holds(
      fc.property(secrets, fc.array(piece), fc.array(fc.nat(12)), (values, pieces, sizes) => {
        const { text, stream } = createRedactor(values);
        const whole = pieces.join("");
        const { push, end } = stream();
        let told = "";
        let at = 0;
        for (const size of sizes) {
          told += push(whole.slice(at, at + size));
          at += size;
        }
        told += push(whole.slice(at)) + end();
        expect(told).toBe(text(whole));
      }),
    );
  });

  it("holds back no more than the beginning of a secret", () => {
    const { push, end } = createRedactor(["token-1234"]).stream();
    expect(push("say tok")).toBe("say ");
    expect(push("ens are to")).toBe("tokens are ");
    expect(push("ken-12")).toBe("");
    expect(push("34!")).toBe("[redacted]!");
    expect(push("to")).toBe("");
    expect([end(), end()]).toEqual(["to", ""]);
  });

  it("waits with a short secret while a longer one may still come", () => {
    const { push, end } = createRedactor(["token-1234", "token-1234-5678"]).stream();
    expect(push("token-1234")).toBe("");
    expect(push("-56 x")).toBe("[redacted]-56 x");
    expect(push("token-1234-5678")).toBe("[redacted]");
    expect(push("token-1234")).toBe("");
    expect(end()).toBe("[redacted]");
  });
});

describe("a redacted value", () => {
  const { value: redact } = createRedactor([{ name: "T", value: "token-1234" }]);

  it("is redacted in every string and key, whatever their depth", () => {
    const given = { a: ["x", { b: "my token-1234" }], "token-1234": 1, __proto__: null, n: null, u: undefined, d: 1.5 };
    expect(redact(given)).toEqual({ a: ["x", { b: "my [redacted T]" }], "[redacted T]": 1, n: null, d: 1.5 });
  });

  it("is the same object where nothing was found, and shares what stayed as it was", () => {
    const clean = { a: [1, "x"], b: { c: "d" } };
    expect(redact(clean)).toBe(clean);
    const given = { clean, found: "token-1234" };
    expect(redact(given).clean).toBe(clean);
    expect(given.found).toBe("token-1234");
  });

  it("keeps the base64 of files and images, but not what only calls itself one", () => {
    const encodedData = Buffer.from(`${"x".repeat(900)}token-1234`).toString("base64");
    const image = { type: "imageInlinePart", mimeType: "image/png", encodedData };
    expect(redact(image)).toBe(image);
    expect(redact({ ...image, encodedData: "token-1234" }).encodedData).toBe("[redacted T]");
    expect(redact({ ...image, type: "note" }).encodedData).not.toBe(encodedData);
  });

  it("equals the text of its JSON, redacted", () => {
    const plain = fc.jsonValue({ maxDepth: 3 });
    holds(
      fc.property(plain, piece, (value, key) => {
        const { value: redactValue, text } = createRedactor(["aaa-111", "a1b-1a"]);
        const given = { value, list: [key], [key]: "aaa-111" };
        expect(JSON.stringify(redactValue(given))).toBe(text(JSON.stringify(given)));
      }),
    );
  });
});

describe("a redacted error", () => {
  it("has no secret in its message, stack and causes, and keeps its name", () => {
    const cause = new TypeError("refused token-1234");
    const error = new RangeError("no token-1234", { cause });
    const clean = redactError(error, createRedactor(["token-1234"]));
    expect(clean).toMatchObject({
      name: "RangeError",
      message: "no [redacted]",
      cause: { message: "refused [redacted]" },
    });
    expect((clean as Error).stack).toContain("RangeError: no [redacted]\n    at ");
    expect((clean as Error).stack).not.toContain("token-1234");
  });

  it("is the error itself where nothing was found", () => {
    const error = new Error("no", { cause: "nothing" });
    expect(redactError(error, redactor)).toBe(error);
    expect(redactError("said token", redactor)).toBe("said token");
  });
});

describe("a name", () => {
  it.each([
    "API_KEY",
    "GITHUB_TOKEN",
    "dbPassword",
    "X-Auth",
    "apiKey",
    "Authorization",
    "AWS_SECRET_ACCESS_KEY_2",
    "NPM_AUTH",
  ])("such as %s speaks of a secret", (name) => expect(isSecretName(name)).toBe(true));
  it.each(["GIT_AUTHOR_NAME", "KEYBOARD", "MONKEY", "PATH", "Content-Type", "tokenizer", "COMPASS"])(
    "such as %s does not",
    (name) => expect(isSecretName(name)).toBe(false),
  );
});
