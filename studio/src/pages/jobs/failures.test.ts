import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FAILURE_CODES, failureCode, failureWords, HELP } from "./failures";

const WORKER = join(process.cwd(), "../src/tunesmith/worker");

/** Operations on data fail with codes of their own, and are no jobs. */
const NO_JOBS = ["data_operation.py"];

/** The codes that the worker's sources name, but for those that it puts together. */
function codesOfWorker(): string[] {
  const sources = readdirSync(WORKER).filter((name) => name.endsWith(".py") && !NO_JOBS.includes(name)).map((name) => readFileSync(join(WORKER, name), "utf8"));
  const named = sources.flatMap((source) => [...source.matchAll(/code="(\w+)"|Refusal\.\w+: "(\w+)"/g)].map(([, one, other]) => one ?? other ?? ""));
  return [...new Set(named)];
}

it("every code of the worker has words of its own", () => {
  const codes = codesOfWorker();
  expect(codes).toContain("training_diverged");
  for (const code of codes) expect(FAILURE_CODES as readonly string[]).toContain(code);
});

it("every failure says what to do, in both languages, and offers a way on", () => {
  for (const { codes } of Object.values(failureWords)) {
    for (const code of [...FAILURE_CODES, "other" as const]) {
      expect(codes[code].fix.length).toBeGreaterThan(0);
      expect(HELP[code].length).toBeGreaterThan(0);
    }
  }
});

it("an unknown code is no dead end", () => {
  expect(failureCode("something_new")).toBe("other");
  expect(failureCode(null)).toBe("other");
});
