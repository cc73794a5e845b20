/**
 * What a page takes from its address, and nothing else of it: the router would hand on whatever `read` leaves out, so that
 * a mistyped value reached the page after all.
 */
export function only<T extends object>(read: (raw: Record<string, unknown>) => T): (raw: Record<string, unknown>) => T {
  return (raw) => ({ ...Object.fromEntries(Object.keys(raw).map((name) => [name, undefined])), ...read(raw) });
}
