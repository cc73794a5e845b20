import createClient, { type Middleware } from "openapi-fetch";
import { asFailure, Failure, failureOf } from "~/api/failure";
import type { components, paths } from "~/api/schema";

/** The shapes of the API's answers, by their names in its OpenAPI document. */
export type Schemas = components["schemas"];

let key: string | null = null;
const listeners = new Set<(failure: Failure | null) => void>();

/** The key that every call carries from now on. */
export function useKeyForCalls(next: string | null): void {
  key = next;
}

/** Hears after every call whether the server could be reached and the key was good (null), or not. */
export function onAnswer(listener: (failure: Failure | null) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * `fetch` with the key. Raises `Failure` for whatever is no success; what comes back is to be read by the caller.
 */
export async function call(path: string | URL | Request, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(path instanceof Request ? path.headers : options.headers);
  if (key) headers.set("authorization", `Bearer ${key}`);
  let response: Response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    const failure = asFailure(error);
    tell(failure);
    throw failure;
  }
  if (!response.ok) {
    const failure = await failureOf(response);
    tell(failure);
    throw failure;
  }
  tell(null);
  return response;
}

function tell(failure: Failure | null): void {
  for (const listener of listeners) listener(failure);
}

const withKey: Middleware = {
  onRequest({ request }) {
    if (key) request.headers.set("authorization", `Bearer ${key}`);
    return request;
  },
};

/** Typed calls: `await api.GET("/v1/files/{file_id}", {params: {path: {file_id}}})` gives `{data}` or raises `Failure`. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: (request: Request) => call(request) });
api.use(withKey);

/** The body of a typed call's answer. */
export async function body<T>(answer: Promise<{ data?: T; response: Response }>): Promise<T> {
  const { data, response } = await answer;
  if (data === undefined) throw new Failure(response.status, "The server's answer was empty.");
  return data;
}
