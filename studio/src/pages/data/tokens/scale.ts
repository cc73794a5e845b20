/** Where a length stands among bars of equal width whose borders may grow, from 0 to 1. */
export function placeOf(length: number, edges: readonly number[]): number {
  const num = edges.length - 1;
  if (num < 1) return 0;
  for (let index = 0; index < num; index++) {
    const [from, to] = [edges[index] ?? 0, edges[index + 1] ?? 0];
    if (length < to) return Math.max(0, (index + (length - from) / Math.max(1, to - from)) / num);
  }
  return 1;
}

/** At most six borders to write numbers at. */
export function ticks(edges: readonly number[], most = 6): number[] {
  const step = Math.max(1, Math.ceil((edges.length - 1) / (most - 1)));
  return edges.filter((_, index) => index % step === 0);
}
