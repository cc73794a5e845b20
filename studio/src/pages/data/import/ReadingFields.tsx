import { Autocomplete, Paper, Select, SimpleGrid, Stack, Switch, Textarea, TextInput, Title } from "@mantine/core";
import { useWords } from "~/i18n/language";
import type { Choices, Group } from "~/pages/data/import/choices";
import type { Seen } from "~/pages/data/import/preview";
import { importWords } from "~/pages/data/import/words";

type Props = { seen: Seen; groups: ReadonlySet<Group>; choices: Choices; change: (choices: Choices) => void };

const ENCODINGS = ["utf-8", "gb18030", "big5", "utf-16", "windows-1252", "shift_jis", "euc-kr"];
/** As the API names them, and as a preview tells them. */
const DELIMITERS: Record<string, string> = { comma: ",", semicolon: ";", tab: "\t", bar: "|" };
const OUTPUTS = ["chat", "prompt_completion", "preference"] as const;

/** How the file is read, as far as there is something to choose for a file of this kind. */
export function ReadingFields({ seen, groups, choices, change }: Props) {
  const say = useWords(importWords);
  if (groups.size === 0) return null;
  const isTable = groups.has("delimited");
  /** Other columns may come of it: what was said of the old ones is over. */
  const reread = (part: Partial<Choices>) => change({ ...choices, ...part, mapping: null });
  const told = Object.entries(DELIMITERS).find(([, character]) => character === seen.delimiter)?.[0];
  return (
    <Paper withBorder p="sm">
      <Stack gap="sm">
        <Title order={3} size="h5">{say.reading}</Title>
        {groups.has("mail") && <MailFields choices={choices} change={change} />}
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          {isTable && (
            <Select
              label={say.delimiter} placeholder={told === undefined ? say.detected : `${say.delimiters[told]} (${say.asDetected})`} clearable
              clearButtonProps={{ "aria-label": say.detected }} data={Object.keys(DELIMITERS).map((value) => ({ value, label: say.delimiters[value] ?? value }))}
              value={choices.delimiter || null} onChange={(delimiter) => reread({ delimiter: delimiter ?? "" })}
            />
          )}
          {isTable && (
            <Select
              label={say.header} placeholder={`${seen.has_header ? say.headers.yes : say.headers.no} (${say.asDetected})`} clearable
              clearButtonProps={{ "aria-label": say.detected }} data={(["yes", "no"] as const).map((value) => ({ value, label: say.headers[value] }))}
              value={choices.header === null ? null : choices.header ? "yes" : "no"} onChange={(header) => reread({ header: header === null ? null : header === "yes" })}
            />
          )}
          {groups.has("text") && (
            <Autocomplete label={say.encoding} placeholder={say.detected} data={ENCODINGS} value={choices.encoding} onChange={(encoding) => reread({ encoding })} />
          )}
          {groups.has("workbook") && (
            <TextInput label={say.sheet} description={say.sheetHint} value={choices.sheet} onChange={(event) => reread({ sheet: event.currentTarget.value })} />
          )}
          {groups.has("continue") && (
            <Select
              label={say.continueOutput} allowDeselect={false} data={OUTPUTS.map((value) => ({ value, label: say.outputs[value] ?? value }))} value={choices.output ?? "chat"}
              onChange={(output) => change({ ...choices, output })}
            />
          )}
        </SimpleGrid>
        {groups.has("continue") && (
          <Switch label={say.refused} checked={choices.refused} onChange={(event) => change({ ...choices, refused: event.currentTarget.checked })} />
        )}
        {groups.has("labels") && (
          <Switch label={say.listLabels} checked={choices.listLabels} onChange={(event) => change({ ...choices, listLabels: event.currentTarget.checked })} />
        )}
      </Stack>
    </Paper>
  );
}

function MailFields({ choices, change }: { choices: Choices; change: (choices: Choices) => void }) {
  const say = useWords(importWords);
  return (
    <>
      <Textarea label={say.mail} description={say.mailHint} autosize minRows={2} value={choices.me} onChange={(event) => change({ ...choices, me: event.currentTarget.value })} />
      <TextInput type="date" maw={220} label={say.since} value={choices.since} onChange={(event) => change({ ...choices, since: event.currentTarget.value })} />
      <Switch label={say.wholeThreads} checked={choices.wholeThreads} onChange={(event) => change({ ...choices, wholeThreads: event.currentTarget.checked })} />
      <Switch label={say.keepLists} checked={choices.keepLists} onChange={(event) => change({ ...choices, keepLists: event.currentTarget.checked })} />
    </>
  );
}
