/** What the API answered instead of what was asked, or that it did not answer. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string | null = null,
    /** The field that it is about, as the request calls it. */
    readonly param: string | null = null,
    readonly requestId: string | null = null,
    /** After how long asking again may help, where the server says so. */
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "Failure";
  }

  /** No answer at all, or one that says that the server will be back. A 503 with a code is about one thing, such as a model. */
  get isAway(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504 || (this.status === 503 && this.code === null);
  }

  /** The key is no longer good. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }
}

export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure(0, error instanceof Error ? error.message : String(error));
}

/** Of an answer that is no success: OpenAI's envelope, or whatever stands in its place. */
export async function failureOf(response: Response): Promise<Failure> {
  const requestId = response.headers.get("x-request-id");
  const wait = retryAfter(response.headers);
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string | null; param?: string | null } };
    return new Failure(response.status, error.message, error.code ?? null, error.param ?? null, requestId, wait);
  } catch {
    return new Failure(response.status, text.slice(0, 500) || response.statusText || `HTTP ${response.status}`, null, null, requestId, wait);
  }
}

function retryAfter(headers: Headers): number | null {
  if (headers.get("x-should-retry") === "false") return null;
  const milliseconds = Number(headers.get("retry-after-ms") ?? NaN);
  const seconds = Number.isFinite(milliseconds) ? milliseconds / 1000 : Number(headers.get("retry-after") ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
