export type Scheme = "light" | "dark";

/** Lines' colours, told apart by lightness and dashes too. Contrast to the page is at least 4.5 : 1 in both schemes. */
const LINES: Record<Scheme, readonly string[]> = {
  light: ["#0b7285", "#b8450b", "#5f3dc4", "#a61e4d", "#2b7a33", "#495057"],
  dark: ["#3bc9db", "#ffa94d", "#b197fc", "#faa2c1", "#8ce99a", "#ced4da"],
};
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2]];
const INK: Record<Scheme, { text: string; grid: string; page: string }> = {
  light: { text: "#5c636a", grid: "rgba(0, 0, 0, 0.08)", page: "#ffffff" },
  dark: { text: "#a6adb5", grid: "rgba(255, 255, 255, 0.10)", page: "#242424" },
};

export function lineColour(scheme: Scheme, style: number): string {
  const colours = LINES[scheme];
  return colours[style % colours.length]!;
}

export function lineDash(style: number): number[] {
  return [...DASHES[style % DASHES.length]!];
}

export function ink(scheme: Scheme) {
  return INK[scheme];
}

/** The same colour, let through: for bands and for what is behind a smoothed line. `alpha` is two hex digits. */
export function faint(colour: string, alpha: string): string {
  return `${colour}${alpha}`;
}
