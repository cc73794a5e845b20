import { ActionIcon, Box, Group, Stack, Table, Text, UnstyledButton, VisuallyHidden } from "@mantine/core";
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
    <Box>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {head("name", say.name)}
            <Table.Th visibleFrom="sm">{say.content}</Table.Th>
            {head("size", say.size)}
            {head("created", say.created)}
            <May action="file.delete"><Table.Th w={48}><VisuallyHidden>{say.actions}</VisuallyHidden></Table.Th></May>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {files.map((file) => (
            <Table.Tr key={file.id}>
              <Table.Td w="100%" maw={0}>
                <Stack gap={0}>
                  <Text fw={500} truncate dir="auto">
                    <Link to="/data/$fileId" params={{ fileId: file.id }} className={classes.link}>{shownName(file.filename)}</Link>
                  </Text>
                  <Text size="xs" c="dimmed" truncate>{file.purpose === "fine-tune" ? file.id : `${file.id} · ${file.purpose}`}</Text>
                  <Box hiddenFrom="sm" mt={4}>
                    <FileContent file={file} />
                    <Text size="xs" c="dimmed" mt={2}>{format.bytes(file.bytes)} · {format.instant(file.created_at)}</Text>
                  </Box>
                </Stack>
              </Table.Td>
              <Table.Td visibleFrom="sm" miw={250}><FileContent file={file} /></Table.Td>
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
    </Box>
  );
}

function Nowrap({ children }: { children: ReactNode }) {
  return <Table.Td visibleFrom="sm" style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>{children}</Table.Td>;
}

function SortedHead({ sort, label, search, sortBy }: { sort: Sort; label: string; search: ListSearch; sortBy: Props["sortBy"] }) {
  const say = useWords(pageWords);
  const isSorted = (search.sort ?? "created") === sort;
  const isUp = search.up === true;
  const Arrow = isUp ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th visibleFrom={sort === "name" ? undefined : "sm"} aria-sort={isSorted ? (isUp ? "ascending" : "descending") : "none"}>
      <UnstyledButton onClick={() => sortBy(sort, isSorted ? !isUp : sort === "name")} title={say.sortBy(label)} fz="sm" fw={700}>
        <Group gap={4} wrap="nowrap">{label}{isSorted && <Arrow size={14} aria-hidden />}</Group>
      </UnstyledButton>
    </Table.Th>
  );
}
