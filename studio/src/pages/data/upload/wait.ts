const sleepers = new Set<() => void>();

/** Waits, but no longer than until someone calls `wake`, or the browser says that it is online again. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      sleepers.delete(end);
      window.removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(new DOMException("stopped", "AbortError"));
      else resolve();
    };
    const timer = setTimeout(end, milliseconds);
    sleepers.add(end);
    window.addEventListener("online", end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

export function wake(): void {
  for (const end of [...sleepers]) end();
}
