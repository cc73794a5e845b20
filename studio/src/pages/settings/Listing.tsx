import { Button, Group, Stack, Table } from "@mantine/core";
import type { ReactNode } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import type { Paged } from "~/pages/settings/paged";

export type Column<T> = {
  title: string;
  cell: (row: T) => ReactNode;
  /** Of a wide table, as CSS says it; the columns without one share the rest. */
  width?: string;
  /** No heading is seen; the cell holds buttons. */
  isActions?: boolean;
};

type Props<T> = {
  /** What the table lists, for those who hear it. */
  label: string;
  paged: Paged<T>;
  columns: readonly Column<T>[];
  idOf: (row: T) => string;
  /** Stands where there is no row. */
  empty: ReactNode;
};

/** A list of the API as a table; in a narrow window each row is a block, with its headings beside the cells. */
export function Listing<T>({ label, paged, columns, idOf, empty }: Props<T>) {
  const say = useWords(frame);
  const { rows, error, hasMore, isAskingMore, askMore, again } = paged;
  if (rows === undefined) return error ? <Failed error={error} retry={again} /> : <Loading />;
  if (rows.length === 0) return empty;
  return (
    <Stack gap="sm">
      <Table className="listing" layout="fixed" verticalSpacing="sm" aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, width, isActions }) => (
              <Table.Th key={title} w={width}>{isActions ? <span className="unseen">{title}</span> : title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={idOf(row)}>
              {columns.map(({ title, cell, isActions }) => (
                <Table.Td key={title} data-label={isActions ? undefined : title} className={isActions ? "actions" : undefined}>
                  <div>{cell(row)}</div>
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {error && <Failed error={error} retry={again} />}
      {hasMore && <Group justify="center"><Button variant="default" loading={isAskingMore} onClick={askMore}>{say.more}</Button></Group>}
    </Stack>
  );
}
