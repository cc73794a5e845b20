import { useComputedColorScheme } from "@mantine/core";
import { shortNumber } from "~/chart/axis";
import { lineColour } from "~/chart/palette";
import type { Points } from "~/chart/points";
import { chartWords } from "~/chart/words";
import { useWords } from "~/i18n/language";

/** A curve as small as a word, without axes. */
export function Sparkline({ points, width = 120, height = 32 }: { points: Points; width?: number; height?: number }) {
  const say = useWords(chartWords);
  const scheme = useComputedColorScheme("light");
  const { x, mean } = points;
  if (x.length < 2) return null;
  return (
    <svg width={width} height={height} role="img" aria-label={say.sparkline(shortNumber(mean[0]!), shortNumber(mean.at(-1)!))}>
      <polyline points={sparkPath(points, width, height)} fill="none" stroke={lineColour(scheme, 0)} strokeWidth="1.6" strokeLinejoin="round" />
    </svg>
  );
}

export function sparkPath({ x, mean }: Points, width: number, height: number): string {
  const [low, high] = [Math.min(...mean), Math.max(...mean)];
  const [first, length] = [x[0]!, x.at(-1)! - x[0]! || 1];
  return x
    .map((step, index) => {
      const left = 1 + ((step - first) / length) * (width - 2);
      const top = 2 + (high > low ? (high - mean[index]!) / (high - low) : 0.5) * (height - 4);
      return `${left.toFixed(1)},${top.toFixed(1)}`;
    })
    .join(" ");
}
