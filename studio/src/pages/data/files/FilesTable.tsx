import { ActionIcon, Group, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { FileObject } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { DeleteFile } from "~/pages/data/files/DeleteFile";
import { FileContent } from "~/pages/data/files/FileContent";
import { shownName } from "~/pages/data/save";
import type { ListSearch } from "~/pages/data/search";
import { pageWords } from "~/pages/data/words";
import { May } from "~/session";

type Sort = ListSearch["sort"] | "created";
type Props = { files: readonly FileObject[]; search: ListSearch; sortBy: (sort: Sort, up: boolean) => void };

export function FilesTable({ files, search, sortBy }: Props) {
  const say = useWords(pageWords);
  const format = useFormat();
  const [deleting, setDeleting] = useState<FileObject | null>(null);
  const head = (sort: Sort, label: string) => <SortedHead sort={sort} label={label} search={search} sortBy={sortBy} />;
  return (
    <Table.ScrollContainer minWidth={680} type="native">
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {head("name", say.name)}
            <Table.Th>{say.content}</Table.Th>
            {head("size", say.size)}
            {head("created", say.created)}
            <May action="file.delete"><Table.Th w={48} aria-label={say.actions} /></May>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {files.map((file) => (
            <Table.Tr key={file.id}>
              <Table.Td maw={340}>
                <Stack gap={0}>
                  <Text fw={500} truncate dir="auto">
                    <Link to="/data/$fileId" params={{ fileId: file.id }} className={classes.link}>{shownName(file.filename)}</Link>
                  </Text>
                  <Text size="xs" c="dimmed" truncate>{file.purpose === "fine-tune" ? file.id : `${file.id} · ${file.purpose}`}</Text>
                </Stack>
              </Table.Td>
              <Table.Td><FileContent file={file} /></Table.Td>
              <Nowrap>{format.bytes(file.bytes)}</Nowrap>
              <Nowrap>{format.instant(file.created_at)}</Nowrap>
              <May action="file.delete">
                <Table.Td>
                  <ActionIcon variant="subtle" color="gray" aria-label={say.deleteOf(shownName(file.filename))} onClick={() => setDeleting(file)}>
                    <IconTrash size={18} />
                  </ActionIcon>
                </Table.Td>
              </May>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <DeleteFile file={deleting} close={() => setDeleting(null)} />
    </Table.ScrollContainer>
  );
}

function Nowrap({ children }: { children: ReactNode }) {
  return <Table.Td style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>{children}</Table.Td>;
}

function SortedHead({ sort, label, search, sortBy }: { sort: Sort; label: string; search: ListSearch; sortBy: Props["sortBy"] }) {
  const say = useWords(pageWords);
  const isSorted = (search.sort ?? "created") === sort;
  const isUp = search.up === true;
  const Arrow = isUp ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th aria-sort={isSorted ? (isUp ? "ascending" : "descending") : "none"}>
      <UnstyledButton onClick={() => sortBy(sort, isSorted ? !isUp : sort === "name")} title={say.sortBy(label)} fz="sm" fw={700}>
        <Group gap={4} wrap="nowrap">{label}{isSorted && <Arrow size={14} aria-hidden />}</Group>
      </UnstyledButton>
    </Table.Th>
  );
}
