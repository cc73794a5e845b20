import { readParameters } from "~/pages/playground/kept";
import type { Parameters } from "~/pages/playground/parameters";

/** What a link carries besides the models, behind its `#`: it is never sent to the server. */
export type SetUp = { system: string; draft: string; parameters: Parameters };

const SIGN = "set-up=";

export function hashOf(setUp: SetUp): string {
  const bytes = new TextEncoder().encode(JSON.stringify(setUp));
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return SIGN + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** null for an address that carries none, or a damaged one. */
export function setUpOf(hash: string): SetUp | null {
  const text = hash.replace(/^#/, "");
  if (!text.startsWith(SIGN)) return null;
  try {
    const binary = atob(text.slice(SIGN.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
    const found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Record<string, unknown>;
    return { system: textIn(found.system), draft: textIn(found.draft), parameters: readParameters(found.parameters) };
  } catch {
    return null;
  }
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}
