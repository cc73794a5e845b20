import { Failure } from "~/api/failure";

export type Sending = {
  key: string | null;
  signal: AbortSignal;
  idempotencyKey?: string;
  /** Bytes of the body that have left so far. */
  onProgress?: (bytes: number) => void;
};

/** How bodies reach the API: a form or JSON; the answer's JSON comes back, or a `Failure` is raised. */
export type Send = (path: string, body: FormData | object, sending: Sending) => Promise<unknown>;

/** By XMLHttpRequest, since `fetch` does not tell how much of a body has left. A slice of a file is read as it goes. */
export const send: Send = (path, body, { key, signal, idempotencyKey, onProgress }) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    if (key) request.setRequestHeader("authorization", `Bearer ${key}`);
    if (idempotencyKey) request.setRequestHeader("idempotency-key", idempotencyKey);
    request.upload.onprogress = (event) => onProgress?.(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(parsed(request.responseText));
      else reject(failureOf(request));
    };
    request.onerror = () => reject(new Failure(0, "The connection broke off."));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    if (signal.aborted) return request.onabort(new ProgressEvent("abort"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (body instanceof FormData) return request.send(body);
    request.setRequestHeader("content-type", "application/json");
    request.send(JSON.stringify(body));
  });

function failureOf(request: XMLHttpRequest): Failure {
  const { error } = (parsed(request.responseText) ?? {}) as { error?: { message: string; code?: string | null; param?: string | null } };
  const message = error?.message ?? (request.responseText.slice(0, 500) || `HTTP ${request.status}`);
  return new Failure(request.status, message, error?.code ?? null, error?.param ?? null, request.getResponseHeader("x-request-id"));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
