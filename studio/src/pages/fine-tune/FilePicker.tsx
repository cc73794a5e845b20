import { Alert, Button, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { type FileObject, filesQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { UploadHere } from "~/pages/fine-tune/UploadHere";
import { May } from "~/session";

const FIRST = 50;

type Props = { name: string; id: string; chosen: string; choose: (fileId: string) => void };

/** The project's training files, newest first, to choose one of; a new one may be uploaded here and is chosen. */
export function FilePicker({ name, id, chosen, choose }: Props) {
  const say = useWords(sayings);
  const format = useFormat();
  const files = useQuery(filesQuery);
  const [sought, seek] = useState("");
  const [shown, show] = useState(FIRST);
  const all = files.data?.data ?? [];
  const found = all.filter((file) => `${file.filename} ${file.id}`.toLowerCase().includes(sought.trim().toLowerCase()));
  const at = found.findIndex((file) => file.id === chosen);
  const first = found.slice(0, Math.max(shown, 0));
  // What is chosen is always to be seen, also far down in the list.
  const listed = at >= first.length && found[at] ? [found[at], ...first] : first;
  return (
    <Stack gap="sm">
      <Group gap="sm" wrap="wrap">
        {all.length > 8 && (
          <TextInput
            type="search" aria-label={say.findFile} placeholder={say.findFile} leftSection={<IconSearch size={16} aria-hidden />} value={sought} flex={1} miw={180}
            onChange={(event) => seek(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
          />
        )}
        <May action="file.write"><UploadHere chosen={choose} /></May>
      </Group>
      {files.isPending && <Loading />}
      {files.error && <Failed error={files.error} retry={() => void files.refetch()} />}
      {files.data && all.length === 0 && (
        <Alert color="gray" title={say.noFiles}><Text size="sm" style={{ overflowWrap: "anywhere" }}>{say.noFilesText}</Text></Alert>
      )}
      {all.length > 0 && found.length === 0 && <Text size="sm" c="dimmed">{say.noneFound}</Text>}
      {files.data && chosen && !all.some((file) => file.id === chosen) && <Alert color="orange" role="status">{say.fileGone(chosen)}</Alert>}
      {listed.length > 0 && (
        <div className={classes.files}>
          {listed.map((file, index) => (
            <FileRow key={file.id} name={name} id={index === 0 ? id : undefined} file={file} isChosen={file.id === chosen} choose={choose} />
          ))}
        </div>
      )}
      {found.length > shown && (
        <Group><Button size="compact-sm" variant="default" onClick={() => show(shown + 10 * FIRST)}>{say.moreFiles(format.count(found.length - shown))}</Button></Group>
      )}
    </Stack>
  );
}

type RowProps = { name: string; id?: string; file: FileObject; isChosen: boolean; choose: (fileId: string) => void };

function FileRow({ name, id, file, isChosen, choose }: RowProps) {
  const format = useFormat();
  const own = useId();
  return (
    <label className={classes.file} data-chosen={isChosen || undefined}>
      <Radio
        name={name} id={id} value={file.id} checked={isChosen} onChange={() => choose(file.id)} size="sm" aria-labelledby={`${own}-name`}
        aria-describedby={`${own}-more`}
      />
      <Stack gap={0} miw={0} flex={1}>
        <Text size="sm" fw={500} id={`${own}-name`} style={{ overflowWrap: "anywhere" }}>{file.filename}</Text>
        <Text size="xs" c="dimmed" id={`${own}-more`}>{format.bytes(file.bytes)} · {format.instant(file.created_at)} · {file.id}</Text>
      </Stack>
    </label>
  );
}
