import { ScrollArea, Table, Text } from "@mantine/core";
import type { Line } from "~/chart/plot";
import { nearest, reduced } from "~/chart/points";
import { chartWords } from "~/chart/words";
import { useWords } from "~/i18n/language";

const MOST_ROWS = 50;

type Props = { title: string; lines: readonly Line[]; formatX: (x: number) => string; formatY: (y: number) => string };

/** A chart's figures for those who do not see it: about fifty points, with the lowest and highest that each stands for. */
export function PointsTable({ title, lines, formatX, formatY }: Props) {
  const say = useWords(chartWords);
  const few = lines.map((line) => ({ ...line, points: reduced(line.points, MOST_ROWS) }));
  const longest = few.reduce((found, { points }) => (points.x.length > found.length ? points.x : found), [] as readonly number[]);
  if (longest.length === 0) return <Text c="dimmed" size="sm">{say.noValues}</Text>;
  return (
    <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": say.tableOf(title, longest.length) }}>
      <Table stickyHeader fz="xs" captionSide="top" style={{ fontVariantNumeric: "tabular-nums" }}>
        <Table.Caption>{say.tableOf(title, longest.length)}</Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{say.position}</Table.Th>
            {few.map(({ key, label }) => <Table.Th scope="col" key={key}><bdi>{label}</bdi></Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {longest.map((x) => (
            <Table.Tr key={x}>
              <Table.Th scope="row" fw={400}>{formatX(x)}</Table.Th>
              {few.map(({ key, points }) => {
                const at = nearest(points.x, x);
                const isNear = at >= 0 && Math.abs(points.x[at]! - x) <= ((longest.at(-1)! - longest[0]!) / MOST_ROWS || 0);
                if (!isNear) return <Table.Td key={key}>–</Table.Td>;
                const [low, high] = [points.min[at]!, points.max[at]!];
                return (
                  <Table.Td key={key}>
                    {formatY(points.mean[at]!)}
                    {high > low && <Text span size="xs" c="dimmed"> ({formatY(low)} – {formatY(high)})</Text>}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
