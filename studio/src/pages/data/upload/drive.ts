import { asFailure, type Failure } from "~/api/failure";
import type { Schemas } from "~/api/client";
import { arrivedBytes, bounds, firstToSend, forget, pause, PLAIN_BYTES, recall, type Remembered, remember } from "~/pages/data/upload/plan";
import type { Send } from "~/pages/data/upload/send";

type FileObject = Schemas["FileObject"];
type UploadObject = Schemas["UploadObject"];

/** What an upload tells of itself on its way. */
export type Told =
  | { kind: "checking" }
  | { kind: "sending"; bytes: number; arrived: number }
  | { kind: "waiting"; failure: Failure; until: number }
  | { kind: "finishing" };

export type Journey = {
  file: File;
  purpose: string;
  projectId: string;
  partBytes: number;
  key: () => string | null;
  send: Send;
  signal: AbortSignal;
  tell: (told: Told) => void;
  /** Ends early when the connection is said to be back. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

/** Sends the file, whole or in parts, as often as the way breaks. Raises `Failure` where the API says no. */
export async function drive(journey: Journey): Promise<FileObject> {
  return journey.file.size <= PLAIN_BYTES ? sendWhole(journey) : sendInParts(journey);
}

async function sendWhole(journey: Journey): Promise<FileObject> {
  const { file, purpose, tell } = journey;
  const idempotencyKey = newKey();
  return persist(journey, async () => {
    const form = new FormData();
    form.set("purpose", purpose);
    form.set("file", file, file.name);
    tell({ kind: "sending", bytes: 0, arrived: 0 });
    const onProgress = (bytes: number) => tell({ kind: "sending", bytes: Math.min(bytes, file.size), arrived: 0 });
    return (await journey.send("/v1/files", form, { ...options(journey), idempotencyKey, onProgress })) as FileObject;
  });
}

async function sendInParts(journey: Journey): Promise<FileObject> {
  const { file, projectId, tell } = journey;
  let plan = recall(projectId, file) ?? fresh(journey);
  let isSecondTry = false;
  for (;;) {
    const upload = await begin(journey, plan);
    if (upload.status === "completed" && upload.file) return done(journey, upload.file);
    if (upload.status !== "pending") {
      plan = fresh(journey);
      continue;
    }
    if (upload.id !== plan.uploadId) plan = { ...plan, uploadId: upload.id, parts: [] };
    plan = await stillRight(journey, plan);
    remember(projectId, plan);
    try {
      plan = await sendParts(journey, plan);
      tell({ kind: "finishing" });
      const whole = await persist(journey, () => post<UploadObject>(journey, `/v1/uploads/${upload.id}/complete`, {
        part_ids: plan.parts.map((part) => part.id),
      }));
      if (whole.file) return done(journey, whole.file);
    } catch (error) {
      // Ended meanwhile: it expired, or it was completed and the answer was lost. Asking again tells which; once.
      if (isSecondTry || !isEnded(asFailure(error))) throw error;
      isSecondTry = true;
    }
  }
}

function begin(journey: Journey, plan: Remembered): Promise<UploadObject> {
  const body = { filename: plan.name, purpose: plan.purpose, bytes: plan.size, mime_type: "application/jsonl" };
  return persist(journey, () => post<UploadObject>(journey, "/v1/uploads", body, plan.idempotencyKey));
}

async function sendParts(journey: Journey, plan: Remembered): Promise<Remembered> {
  const { file, projectId, tell } = journey;
  const num = Math.ceil(file.size / plan.partBytes);
  for (let index = plan.parts.length; index < num; index++) {
    const [start, end] = bounds(index, plan.partBytes, file.size);
    const slice = file.slice(start, end);
    const sha256 = await hashOf(slice);
    const part = await persist(journey, async () => {
      const form = new FormData();
      form.set("data", slice, "part");
      tell({ kind: "sending", bytes: start, arrived: start });
      const onProgress = (bytes: number) => tell({ kind: "sending", bytes: Math.min(start + bytes, end), arrived: start });
      return (await journey.send(`/v1/uploads/${plan.uploadId}/parts`, form, { ...options(journey), onProgress })) as Schemas["PartObject"];
    });
    plan = { ...plan, parts: [...plan.parts, { id: part.id, sha256 }] };
    remember(projectId, plan);
    tell({ kind: "sending", bytes: end, arrived: end });
  }
  return plan;
}

/** Parts whose bytes changed since they were sent are sent again, with all behind them. */
async function stillRight(journey: Journey, plan: Remembered): Promise<Remembered> {
  if (plan.parts.length === 0) return plan;
  journey.tell({ kind: "checking" });
  const hashes: (string | null)[] = [];
  for (const index of plan.parts.keys()) {
    journey.signal.throwIfAborted();
    hashes.push(await hashOf(journey.file.slice(...bounds(index, plan.partBytes, plan.size))));
  }
  const kept = { ...plan, parts: plan.parts.slice(0, firstToSend(plan.parts, hashes)) };
  journey.tell({ kind: "sending", bytes: arrivedBytes(kept), arrived: arrivedBytes(kept) });
  return kept;
}

/** Tries until there is an answer; one that says no is raised. */
async function persist<T>(journey: Journey, step: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await step();
    } catch (error) {
      const failure = error instanceof DOMException && error.name === "AbortError" ? null : asFailure(error);
      if (!failure || !mayPass(failure)) throw error;
      const milliseconds = pause(tries);
      journey.tell({ kind: "waiting", failure, until: Date.now() + milliseconds });
      await journey.wait(milliseconds, journey.signal);
    }
  }
}

function mayPass(failure: Failure): boolean {
  return failure.isAway || failure.status === 408 || failure.status === 429;
}

function isEnded(failure: Failure): boolean {
  return failure.status === 404 || (failure.status === 400 && failure.param === "upload_id");
}

function post<T>(journey: Journey, path: string, body: object, idempotencyKey?: string): Promise<T> {
  return journey.send(path, body, { ...options(journey), idempotencyKey }) as Promise<T>;
}

function options(journey: Journey) {
  return { key: journey.key(), signal: journey.signal };
}

function done(journey: Journey, file: FileObject): FileObject {
  forget(journey.projectId, journey.file);
  return file;
}

function fresh({ file, purpose, partBytes }: Journey): Remembered {
  return {
    name: file.name, size: file.size, lastModified: file.lastModified, purpose, partBytes, idempotencyKey: newKey(), uploadId: null, parts: [],
  };
}

/** `crypto.randomUUID` exists on safe pages only; these bytes do everywhere. */
function newKey(): string {
  return `studio-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

async function hashOf(slice: Blob): Promise<string | null> {
  if (!globalThis.crypto.subtle) return null;
  const digest = await crypto.subtle.digest("SHA-256", await slice.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
