/** What the API answered instead of what was asked, or that it did not answer. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string | null = null,
    /** The field that it is about, as the request calls it. */
    readonly param: string | null = null,
    readonly requestId: string | null = null,
  ) {
    super(message);
    this.name = "Failure";
  }

  /** No answer at all, or one that says that the server will be back. */
  get isAway(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
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
  const text = await response.text().catch(() => "");
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code?: string | null; param?: string | null } };
    return new Failure(response.status, error.message, error.code ?? null, error.param ?? null, requestId);
  } catch {
    return new Failure(response.status, text.slice(0, 500) || response.statusText || `HTTP ${response.status}`, null, null, requestId);
  }
}
