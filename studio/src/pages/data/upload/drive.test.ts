import { afterEach, beforeEach, expect, test } from "vitest";
import { Failure } from "~/api/failure";
import { drive, type Journey, type Told } from "~/pages/data/upload/drive";
import { keptAs, recall, unfinished } from "~/pages/data/upload/plan";
import type { Send } from "~/pages/data/upload/send";

const MB = 1024 * 1024;
const PART = 8 * MB;

/** A server that keeps uploads and parts, and breaks where the test says so. */
class Server {
  readonly calls: string[] = [];
  readonly parts = new Map<string, Blob>();
  readonly byKey = new Map<string, { id: string; status: string; file: object | null }>();
  failures: (Failure | null)[] = [];
  losesAnswer = false;
  send: Send = async (path, body, { idempotencyKey, onProgress }) => {
    this.calls.push(path);
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (path === "/v1/uploads") {
      const before = this.byKey.get(idempotencyKey ?? "");
      if (before) return before;
      const upload = { id: `upload_${this.byKey.size + 1}`, status: "pending", file: null };
      this.byKey.set(idempotencyKey ?? "", upload);
      return upload;
    }
    if (path.endsWith("/parts")) {
      const part = (body as FormData).get("data") as Blob;
      const id = `part_${this.parts.size + 1}`;
      this.parts.set(id, part);
      onProgress?.(part.size);
      return { id };
    }
    const upload = [...this.byKey.values()].find((each) => path.includes(each.id));
    if (path.endsWith("/complete") && upload) {
      if (upload.status !== "pending") throw new Failure(400, `The upload is ${upload.status}`, null, "upload_id");
      Object.assign(upload, { status: "completed", file: { id: "file-1" } });
      if (this.losesAnswer) throw new Failure(0, "broken off");
      return upload;
    }
    return { id: "file-small" };
  };
}

let server: Server;
let told: Told[];
const file = (bytes: number, name = "train.jsonl") => new File([new Uint8Array(bytes)], name, { lastModified: 7 });

function journey(of: File, signal = new AbortController().signal): Journey {
  return {
    file: of, purpose: "fine-tune", projectId: "proj_1", partBytes: PART, key: () => "sk-1", send: server.send, signal,
    tell: (each) => void told.push(each), wait: async () => undefined,
  };
}

beforeEach(() => {
  localStorage.clear();
  server = new Server();
  told = [];
});
afterEach(() => localStorage.clear());

test("a small file is sent in one piece", async () => {
  await drive(journey(file(10)));
  expect(server.calls).toEqual(["/v1/files"]);
});

test("a large file is sent in parts and forgotten when it is whole", async () => {
  const made = await drive(journey(file(20 * MB)));
  expect(made.id).toBe("file-1");
  expect([...server.parts.values()].map((part) => part.size)).toEqual([PART, PART, 4 * MB]);
  expect(unfinished("proj_1")).toEqual([]);
});

test("what arrived before a stop is not sent again", async () => {
  const stop = new AbortController();
  const stopping = journey(file(20 * MB), stop.signal);
  const send: Send = async (path, body, sending) => {
    if (server.parts.size === 2) throw new DOMException("stopped", "AbortError");
    return server.send(path, body, sending);
  };
  await expect(drive({ ...stopping, send })).rejects.toThrow("stopped");
  expect(recall("proj_1", file(20 * MB))?.parts).toHaveLength(2);
  server.calls.length = 0;
  await drive(journey(file(20 * MB)));
  expect(server.calls).toEqual(["/v1/uploads", "/v1/uploads/upload_1/parts", "/v1/uploads/upload_1/complete"]);
});

test("a break is told and tried again", async () => {
  server.failures = [null, new Failure(0, "no route"), new Failure(503, "starting")];
  await drive(journey(file(20 * MB)));
  expect(told.filter((each) => each.kind === "waiting")).toHaveLength(2);
});

test("a no is not tried again", async () => {
  server.failures = [new Failure(400, "Must be .jsonl")];
  await expect(drive(journey(file(20 * MB, "a.csv")))).rejects.toThrow("Must be .jsonl");
  expect(server.calls).toHaveLength(1);
});

test("an upload whose last answer was lost is found completed", async () => {
  server.losesAnswer = true;
  const made = await drive(journey(file(17 * MB)));
  expect(made.id).toBe("file-1");
});

test("parts of a file that changed are sent again", async () => {
  await expect(drive({ ...journey(file(17 * MB)), send: async (path, body, sending) => {
    if (path.endsWith("/complete")) throw new Failure(400, "no", null, "part_ids");
    return server.send(path, body, sending);
  } })).rejects.toThrow("no");
  const kept = JSON.parse(localStorage.getItem(keptAs("proj_1", file(17 * MB))) ?? "null");
  kept.parts[1].sha256 = "0".repeat(64);
  localStorage.setItem(keptAs("proj_1", file(17 * MB)), JSON.stringify(kept));
  server.calls.length = 0;
  await drive(journey(file(17 * MB)));
  expect(server.calls.filter((path) => path.endsWith("/parts"))).toHaveLength(2);
});
