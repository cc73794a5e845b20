import { Button, Group, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { EmptyFiles } from "~/pages/data/files/EmptyFiles";
import { FilesTable } from "~/pages/data/files/FilesTable";
import { ROWS_PER_PAGE } from "~/pages/data/files/list";
import { useFiles } from "~/pages/data/files/useFiles";
import { clean, type ListSearch } from "~/pages/data/search";
import { asLines, byPurpose } from "~/pages/data/upload/convert";
import { DropZone } from "~/pages/data/upload/DropZone";
import { Unfinished } from "~/pages/data/upload/Unfinished";
import { Remarks, UploadList } from "~/pages/data/upload/UploadList";
import { uploads } from "~/pages/data/upload/uploads";
import { useOwner, useUploads } from "~/pages/data/upload/useUploads";
import { pageWords, uploadWords } from "~/pages/data/words";
import { May } from "~/session";

const PURPOSES = ["fine-tune", "assistants", "batch", "vision", "user_data", "evals"];

/** All files of the project: found, opened, deleted; and new ones uploaded. */
export function DataPage() {
  const say = useWords(pageWords);
  const search = useSearch({ from: "/data" });
  const navigate = useNavigate({ from: "/data" });
  const files = useFiles(search);
  const change = (next: ListSearch) => void navigate({ search: clean({ ...search, page: undefined, ...next }), replace: true });
  const isFiltered = search.q !== undefined || search.purpose !== undefined || search.results === true;
  const isEmpty = !files.isLoading && files.isWhole && files.numSeen === 0 && !isFiltered;

  return (
    <Page title={say.title} text={say.text}>
      <May action="file.write"><Uploading isLarge={isEmpty} /></May>
      {files.error && <Failed error={files.error} retry={files.retry} />}
      {files.isLoading ? <Loading /> : isEmpty ? <EmptyFiles /> : !files.error && (
        <Stack gap="sm">
          <Filters search={search} change={change} />
          {files.files.length > 0 ? (
            <FilesTable
              files={files.files} search={search}
              sortBy={(sort, up) => change({ sort: sort === "created" ? undefined : sort, up: up || undefined })}
            />
          ) : !files.isSearching && (
            <Empty icon={IconSearch} title={say.nothingFound} text={say.nothingFoundHint}>
              <Button variant="light" onClick={() => change({ q: undefined, purpose: undefined, results: true })}>{say.clear}</Button>
            </Empty>
          )}
          <Pages files={files} page={search.page ?? 1} open={(page) => change({ page: page > 1 ? page : undefined })} />
        </Stack>
      )}
    </Page>
  );
}

function Uploading({ isLarge }: { isLarge: boolean }) {
  const say = useWords(uploadWords);
  const owner = useOwner();
  const list = useUploads();
  const [remarks, setRemarks] = useState<string[]>([]);
  const choose = async (files: File[]) => {
    const sent = await Promise.all(files.map(asLines));
    setRemarks(files.filter((file, index) => sent[index] !== file).map((file) => say.converted(file.name)));
    const [training, others] = byPurpose(sent);
    if (training.length > 0) uploads.add(training, "fine-tune");
    if (others.length > 0) uploads.add(others, "user_data");
  };
  return (
    <Stack gap="sm">
      <DropZone choose={(files) => void choose(files)} isLarge={isLarge} />
      <Remarks remarks={remarks} close={() => setRemarks([])} />
      <Unfinished owner={owner} list={list} choose={(files) => void choose(files)} />
      <UploadList list={list} />
    </Stack>
  );
}

function Filters({ search, change }: { search: ListSearch; change: (next: ListSearch) => void }) {
  const say = useWords(pageWords);
  const [text, setText] = useState(search.q ?? "");
  const look = useDebouncedCallback((q: string) => change({ q: q.trim() || undefined }), 250);
  return (
    <Group gap="sm">
      <TextInput
        flex={1} miw={200} maw={420} type="search" value={text} placeholder={say.search} aria-label={say.search} leftSection={<IconSearch size={16} aria-hidden />}
        onChange={(event) => {
          setText(event.currentTarget.value);
          look(event.currentTarget.value);
        }}
      />
      <Select
        w={170} aria-label={say.purpose} placeholder={say.allPurposes} clearable data={PURPOSES} value={search.purpose ?? null}
        onChange={(purpose) => change({ purpose: purpose ?? undefined })}
      />
      <Switch
        label={say.results} checked={search.results === true} disabled={search.purpose !== undefined}
        onChange={(event) => change({ results: event.currentTarget.checked || undefined })}
      />
    </Group>
  );
}

function Pages({ files, page, open }: { files: ReturnType<typeof useFiles>; page: number; open: (page: number) => void }) {
  const say = useWords(pageWords);
  const format = useFormat();
  const first = (page - 1) * ROWS_PER_PAGE + 1;
  const last = first + files.files.length - 1;
  const hasNext = files.numFound > page * ROWS_PER_PAGE;
  if (page === 1 && !hasNext && !files.isSearching) return null;
  const range = files.isWhole
    ? say.range(format.count(first), format.count(last), format.count(files.numFound))
    : say.rangeOpen(format.count(first), format.count(last));
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed" role="status">{files.isSearching ? say.searching(format.count(files.numSeen)) : last >= first ? range : ""}</Text>
      <Group gap={6}>
        <Button variant="default" size="compact-md" aria-label={say.previous} disabled={page === 1} onClick={() => open(page - 1)}>
          <IconChevronLeft size={16} />
        </Button>
        <Button variant="default" size="compact-md" aria-label={say.next} disabled={!hasNext} onClick={() => open(page + 1)}>
          <IconChevronRight size={16} />
        </Button>
      </Group>
    </Group>
  );
}
