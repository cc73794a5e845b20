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
  const every = Math.ceil(marks.length / most);
  return every > 1 ? marks.filter((_, index) => index % every === 0) : marks;
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
