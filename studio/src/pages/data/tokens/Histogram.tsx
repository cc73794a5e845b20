import { Table, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { Schemas } from "~/api/client";
import classes from "~/pages/data/data.module.css";
import { placeOf, ticks } from "~/pages/data/tokens/scale";
import { tokenWords } from "~/pages/data/tokens/words";

const HEIGHT = 180;
const BELOW = 22;
const ABOVE = 18;

/** Lengths of rows in tokens, with the limit as a line. The same figures stand below as a table. */
export function Histogram({ tokens, numRows }: { tokens: Schemas["TokenFiguresWire"]; numRows: number }) {
  const say = useWords(tokenWords);
  const format = useFormat();
  const { bucket_edges: edges, bucket_counts: counts, max_seq_len: limit } = tokens;
  const { ref, width: full } = useElementSize();
  const most = Math.max(1, ...counts);
  const width = full / Math.max(1, counts.length);
  const told = (index: number) => {
    const [from, to, rows] = [format.count(edges[index] ?? 0), format.count((edges[index + 1] ?? 1) - 1), counts[index] ?? 0];
    return rows === 1 ? say.bucketOne(from, to) : say.bucket(from, to, format.count(rows));
  };
  const limitAt = placeOf(limit, edges) * full;
  const showsLimit = limit <= (edges.at(-1) ?? 0);
  return (
    <figure style={{ margin: 0 }} ref={ref}>
      <svg width={full} height={HEIGHT + BELOW + ABOVE} style={{ display: "block" }} role="img" aria-label={say.histogramOf(format.count(numRows), format.count(limit))}>
        {counts.map((count, index) => {
          const height = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT);
          const isOver = (edges[index] ?? 0) >= limit;
          return (
            <g key={index}>
              <rect x={index * width} y={ABOVE} width={width} height={HEIGHT} fill="transparent"><title>{told(index)}</title></rect>
              <rect
                className={classes.bar} x={index * width + 1} y={ABOVE + HEIGHT - height} width={Math.max(1, width - 2)} height={height} rx={2} pointerEvents="none"
                fill={isOver ? "var(--mantine-color-orange-6)" : "var(--mantine-primary-color-filled)"}
              />
            </g>
          );
        })}
        <line x1={0} x2={full} y1={ABOVE + HEIGHT} y2={ABOVE + HEIGHT} stroke="var(--mantine-color-default-border)" />
        {ticks(edges, full < 420 ? 4 : 6).map((edge) => {
          const at = placeOf(edge, edges);
          return (
            <text key={edge} x={at * full} y={HEIGHT + ABOVE + 15} fontSize={12} fill="var(--mantine-color-dimmed)" textAnchor={at === 0 ? "start" : at > 0.97 ? "end" : "middle"}>
              {format.count(edge)}
            </text>
          );
        })}
        {showsLimit && (
          <>
            <line x1={limitAt} x2={limitAt} y1={4} y2={ABOVE + HEIGHT} stroke="var(--mantine-color-red-6)" strokeDasharray="4 3" strokeWidth={1.5} />
            <text x={limitAt + (limitAt > full / 2 ? -6 : 6)} y={13} fontSize={12} fill="var(--mantine-color-text)" textAnchor={limitAt > full / 2 ? "end" : "start"}>
              {say.limit(format.count(limit))}
            </text>
          </>
        )}
      </svg>
      <details>
        <Text component="summary" size="sm" c="dimmed" style={{ cursor: "pointer" }}>{say.asTable}</Text>
        <Table mt="xs" w="auto" aria-label={say.histogram}>
          <Table.Thead><Table.Tr><Table.Th>{say.tokens}</Table.Th><Table.Th ta="right">{say.rows}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {counts.map((count, index) => (
              <Table.Tr key={index}>
                <Table.Td>{format.count(edges[index] ?? 0)}–{format.count((edges[index + 1] ?? 1) - 1)}</Table.Td>
                <Table.Td ta="right">{format.count(count)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </figure>
  );
}
