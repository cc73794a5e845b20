/** Marks at 1, 2 and 5 of every power of ten in the range, as many as fit; more where the range is narrow. */
export function logMarks(low: number, high: number, most = 8): number[] {
  const powers = Math.log10(high / low);
  const digits = powers > most / 2 ? [1] : powers > 1.2 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const digit of digits) {
      const mark = digit * 10 ** power;
      if (mark >= low * 0.999 && mark <= high * 1.001) marks.push(Number(mark.toPrecision(3)));
    }
  }
  if (marks.length < 3) return evenMarks(low, high);
  const every = Math.ceil(marks.length / most);
  return every > 1 ? marks.filter((_, index) => index % every === 0) : marks;
}

/** Round values at equal distances, for a range that holds hardly a power of ten. */
function evenMarks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  // Read, not computed: in older browsers 10 ** -5 is a hair below 1e-5, and the lowest mark would be lost.
  const size = Number(`1e${Math.floor(Math.log10(rough))}`);
  const step = ([1, 2, 5, 10].find((factor) => factor * size >= rough) ?? 10) * size;
  const marks: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) marks.push(Number((at * step).toPrecision(6)));
  return marks;
}

/** Values of an axis or a readout, short: 0.0002 is 2e-4. */
export function shortNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(digits)).toString();
}
