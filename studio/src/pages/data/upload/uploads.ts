import { queries } from "~/api/queries";
import { asFailure, type Failure } from "~/api/failure";
import type { Schemas } from "~/api/client";
import { drive, type Told } from "~/pages/data/upload/drive";
import { addSample, forget, recall, type Sample, speedOf } from "~/pages/data/upload/plan";
import { send } from "~/pages/data/upload/send";
import { wait, wake } from "~/pages/data/upload/wait";

export type UploadState = "queued" | "checking" | "sending" | "waiting" | "finishing" | "paused" | "failed" | "done";

/** One upload as the page shows it; a new value for each change. */
export type Upload = {
  id: number;
  file: File;
  purpose: string;
  state: UploadState;
  /** Bytes that have left, and those that the API has confirmed. */
  bytes: number;
  arrived: number;
  speed: number | null;
  failure: Failure | null;
  /** When the next try is made, in milliseconds since 1970. */
  until: number | null;
  result: Schemas["FileObject"] | null;
};

export type Owner = { key: string | null; projectId: string; partBytes: number };

const ACTIVE: readonly UploadState[] = ["checking", "sending", "waiting", "finishing"];

/**
 * The uploads of this window, one after another. They live outside of the pages, so that one may look at a job
 * meanwhile; only closing the window stops them, and then what arrived is remembered.
 */
class Uploads {
  private list: readonly Upload[] = [];
  private readonly hearers = new Set<() => void>();
  private readonly stops = new Map<number, AbortController>();
  private samples: Sample[] = [];
  private nextId = 1;
  private owner: Owner = { key: null, projectId: "", partBytes: 0 };

  readonly subscribe = (hear: () => void) => {
    this.hearers.add(hear);
    return () => void this.hearers.delete(hear);
  };
  readonly snapshot = () => this.list;

  /** Whose key is used from now on; uploads under way go on with it. */
  own(owner: Owner): void {
    this.owner = owner;
  }

  add(files: readonly File[], purpose: string): void {
    const next = files.map((file): Upload => ({
      id: this.nextId++, file, purpose, state: "queued", bytes: 0, arrived: 0, speed: null, failure: null, until: null, result: null,
    }));
    this.list = [...this.list, ...next];
    this.changed();
    this.startNext();
  }

  pause(id: number): void {
    this.set(id, { state: "paused", speed: null, until: null });
    this.stops.get(id)?.abort();
  }

  resume(id: number): void {
    this.set(id, { state: "queued", failure: null });
    this.startNext();
  }

  /** The parts that arrived are given up, here and on the server. */
  async cancel(id: number): Promise<void> {
    const upload = this.list.find((each) => each.id === id);
    this.remove(id);
    if (upload && upload.state !== "done") await giveUp(this.owner, upload.file);
  }

  remove(id: number): void {
    this.list = this.list.filter((each) => each.id !== id);
    this.stops.get(id)?.abort();
    this.changed();
  }

  tryNow(): void {
    wake();
  }

  private startNext(): void {
    if (this.list.some((each) => ACTIVE.includes(each.state))) return;
    const next = this.list.find((each) => each.state === "queued");
    if (next) void this.run(next);
  }

  private async run({ id, file, purpose }: Upload): Promise<void> {
    const stop = new AbortController();
    this.stops.set(id, stop);
    this.samples = [];
    this.set(id, { state: "sending" });
    try {
      const { projectId, partBytes } = this.owner;
      const journey = { file, purpose, projectId, partBytes, key: () => this.owner.key, send, signal: stop.signal, wait };
      const result = await drive({ ...journey, tell: (told) => !stop.signal.aborted && this.hear(id, told) });
      this.set(id, { state: "done", bytes: file.size, arrived: file.size, speed: null, result, failure: null });
      void queries.invalidateQueries({ queryKey: ["files"] });
    } catch (error) {
      if (!stop.signal.aborted) this.refused(id, asFailure(error));
    } finally {
      if (this.stops.get(id) === stop) this.stops.delete(id);
      this.startNext();
    }
  }

  private refused(id: number, failure: Failure): void {
    this.set(id, { state: "failed", failure, speed: null });
    if (failure.isSignedOut) void queries.invalidateQueries({ queryKey: ["me"] });
  }

  private hear(id: number, told: Told): void {
    if (told.kind === "sending") {
      this.samples = addSample(this.samples, { at: Date.now(), bytes: told.bytes });
      this.set(id, { state: "sending", bytes: told.bytes, arrived: told.arrived, speed: speedOf(this.samples), failure: null, until: null });
    } else if (told.kind === "waiting") {
      this.samples = [];
      this.set(id, { state: "waiting", failure: told.failure, until: told.until, speed: null });
    } else {
      this.set(id, { state: told.kind, failure: null, until: null });
    }
  }

  private set(id: number, change: Partial<Upload>): void {
    this.list = this.list.map((each) => (each.id === id ? { ...each, ...change } : each));
    this.changed();
  }

  private changed(): void {
    window.onbeforeunload = this.list.some((each) => ACTIVE.includes(each.state)) ? (event) => event.preventDefault() : null;
    for (const hear of this.hearers) hear();
  }
}

export const uploads = new Uploads();

/** Forgets an upload that was begun, and has the server forget its parts. */
export async function giveUp(owner: Owner, file: { name: string; size: number; lastModified: number }): Promise<void> {
  const plan = recall(owner.projectId, file);
  forget(owner.projectId, file);
  if (!plan?.uploadId) return;
  const signal = new AbortController().signal;
  // An upload that has ended, or a server that is away, needs no telling: uploads expire after an hour.
  await send(`/v1/uploads/${plan.uploadId}/cancel`, {}, { key: owner.key, signal }).catch(() => undefined);
}
