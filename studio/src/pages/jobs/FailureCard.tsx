import { Blockquote, Button, Group, List, Paper, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { May } from "~/session";
import { elsewhere, ElsewhereButton } from "./Elsewhere";
import { failureCode, failureWords, HELP, type Help } from "./failures";
import type { Job } from "./queries";

/** What happened in plain words, what to do about it, and what the server said itself. */
export function FailureCard({ job, openEvents }: { job: Job; openEvents: () => void }) {
  const say = useWords(failureWords);
  const said = useSaid();
  const code = failureCode(job.error?.code);
  const { title, happened, fix } = say.codes[code];
  return (
    <Paper withBorder p="md" component="section" aria-label={title} className="jobs-failure">
      <Stack gap="sm">
        <Group gap="xs" wrap="nowrap">
          <IconAlertTriangle aria-hidden color="var(--mantine-color-red-filled)" style={{ flexShrink: 0 }} />
          <Title order={2} size="h4">{title}</Title>
        </Group>
        <Text size="sm">{happened}</Text>
        <div>
          <Text size="sm" fw={600}>{say.whatToDo}</Text>
          <List size="sm" type="ordered" spacing={2}>{fix.map((each) => <List.Item key={each}>{each}</List.Item>)}</List>
        </div>
        {job.error && (
          <div>
            <Text size="sm" fw={600}>{say.said}</Text>
            <Blockquote p="xs" mt={4} color="red" fz="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {said(job.error.message)}
              <Text span size="xs" c="dimmed"> ({job.error.code}{job.error.param ? `, ${job.error.param}` : ""})</Text>
            </Blockquote>
          </div>
        )}
        <Group gap="xs" className="no-print">{HELP[code].map((help) => <Helping key={help} help={help} job={job} openEvents={openEvents} />)}</Group>
      </Stack>
    </Paper>
  );
}

function Helping({ help, job, openEvents }: { help: Help; job: Job; openEvents: () => void }) {
  const say = useWords(failureWords).help;
  if (help === "events") return <Button size="compact-sm" variant="default" onClick={openEvents}>{say.events}</Button>;
  if (help === "clone") {
    return (
      <May action="job.create"><ElsewhereButton size="compact-sm" where={elsewhere.clone(job.id)}>{say.clone}</ElsewhereButton></May>
    );
  }
  const file = job.error?.param === "validation_file" && job.validation_file ? job.validation_file : job.training_file;
  return <ElsewhereButton size="compact-sm" where={elsewhere.file(file)}>{say.file}</ElsewhereButton>;
}
