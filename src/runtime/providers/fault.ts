/** What can be learned from a thrown thing without knowing its class: status, body, network code, what the provider said. */
import { parseJson } from "../../base/lines";

export interface Fault {
  name: string;
  /** Its message and those of its causes, outermost first. */
  messages: string[];
  statusCode?: number;
  /** The response's body, or the payload of an error event as JSON; "" where there is none. */
  body: string;
  /** The type or code that the provider gave the error. */
  type?: string;
  /** The provider's own words, from the body. */
  said?: string;
  networkCode?: string;
  host?: string;
  retryAfterMs?: number;
  /** Whether it came over the wire as data instead of being thrown. */
  isPayload: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the SDKs put around the error that counts. */
const wrappers: ReadonlySet<string> = new Set(["AI_RetryError"]);

export function faultOf(error: unknown): Fault {
  const chain = chainOf(error);
  const top = chain[0];
  const isPayload = !(error instanceof Error);
  const isStreamed = top?.name === "AI_StreamProviderError";
  const payload = isPayload ? error : isStreamed ? top.data : undefined;
  const body = first(chain, (fields) => textOf(fields.responseBody)) ?? (payload ? JSON.stringify(payload) : "");
  const parsed = asFields(parseJson(body)) ?? top;
  const detail = asFields(parsed?.error) ?? parsed;
  const name = textOf(top?.name) ?? "";
  const fault: Fault = {
    name,
    messages: messagesOf(chain),
    body,
    isPayload,
  };
  if (fault.messages.length === 0 && typeof error === "string") fault.messages.push(error);
  return Object.assign(
    fault,
    defined({
      statusCode: first(chain, (fields) => statusOf(fields.statusCode) ?? statusOf(fields.status)),
      type: isPayload || isStreamed ? (textOf(top?.type) ?? textOf(top?.code)) : undefined,
      said:
        textOf(detail?.message) ??
        textOf(parsed?.error) ??
        textOf(detail?.Message) ??
        textOf(error) ??
        (isStreamed ? textOf(top?.message) : undefined),
      networkCode: first(chain, ({ code }) => (isNetworkCode(code) ? code : undefined)),
      host: first(chain, ({ url }) => hostOf(url)),
      retryAfterMs: first(chain, (fields) => retryAfter(asFields(fields.responseHeaders))),
    }),
  );
}

/** Without those that an outer one already holds. */
function messagesOf(chain: readonly Fields[]): string[] {
  const messages: string[] = [];
  for (const { message } of chain) {
    const told = textOf(message);
    if (told !== undefined && !messages.some((outer) => outer.includes(told))) messages.push(told);
  }
  return messages;
}

function chainOf(error: unknown): Fields[] {
  const chain: Fields[] = [];
  let current = asFields(error);
  while (current && chain.length < 8 && !chain.includes(current)) {
    const inner = asFields(current.lastError) ?? asFields(current.cause);
    if (!wrappers.has(textOf(current.name) ?? "")) chain.push(current);
    current = inner;
  }
  return chain;
}

/** `retry-after` in seconds or as a date (against the server's own clock), `retry-after-ms` as OpenAI and Azure send it. */
function retryAfter(headers: Fields | undefined): number | undefined {
  const exact = Number.parseFloat(textOf(headers?.["retry-after-ms"]) ?? "");
  if (exact >= 0) return Math.round(exact);
  const value = textOf(headers?.["retry-after"])?.trim();
  if (value === undefined) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return Math.round(Number(value) * 1000);
  const wait = Date.parse(value) - Date.parse(textOf(headers?.date) ?? "");
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

function isNetworkCode(code: unknown): code is string {
  return (
    typeof code === "string" &&
    /^(?:E[A-Z_]*(?:CONN|TIMEDOUT|PIPE|NOTFOUND|AI_AGAIN|UNREACH)[A-Z]*|UND_ERR_(?!ABORTED|INVALID)\w+|ERR_TLS_\w+|ERR_SSL_\w+|\w*CERT\w*|UNABLE_TO_\w+)$/.test(
      code,
    )
  );
}

function hostOf(url: unknown): string | undefined {
  return typeof url === "string" && URL.canParse(url) ? new URL(url).host : undefined;
}

function statusOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 100 && value < 600 ? value : undefined;
}

function first<T>(chain: readonly Fields[], pick: (fields: Fields) => T | undefined): T | undefined {
  for (const fields of chain) {
    const found = pick(fields);
    if (found !== undefined) return found;
  }
  return undefined;
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
