import { Button, Group, Paper, Stack, Text, Textarea, Title } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { generateWords } from "~/pages/data/generate/words";

export type Previewed = {
  messages: { role: string; content: string }[];
  prompt: string;
  num_passages: number;
  num_requests: number;
  prompt_tokens: number;
  completion_tokens: number;
  most_requests: number;
};

type Props = { found: Previewed; prompt: string | null; isDocument: boolean; change: (prompt: string | null) => void };

/** What will be asked, to the letter, what it takes, and the prompt that it is made from. */
export function Preview({ found, prompt, isDocument, change }: Props) {
  const say = useWords(generateWords);
  const format = useFormat();
  const tokens = found.prompt_tokens + found.completion_tokens;
  return (
    <Stack gap="sm">
      <Title order={3} size="h5">{say.request}</Title>
      {isDocument && <Text size="sm">{say.passages(format.count(found.num_passages))}</Text>}
      <Text size="sm">{say.estimate(format.count(found.num_requests), format.count(tokens), format.count(found.most_requests))}</Text>
      {found.messages.map((message, index) => (
        <Paper key={index} withBorder p="sm">
          <Text size="xs" c="dimmed" mb={4}>{say.roles[message.role] ?? message.role}</Text>
          <Text size="sm" dir="auto" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{message.content}</Text>
        </Paper>
      ))}
      <Textarea
        label={say.prompt} description={isDocument ? say.promptDocumentHint : say.promptHint} autosize minRows={4} maxRows={24} dir="auto" value={prompt ?? found.prompt}
        onChange={(event) => change(event.currentTarget.value)} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
      />
      {prompt !== null && <Group><Button size="compact-sm" variant="default" onClick={() => change(null)}>{say.builtIn}</Button></Group>}
    </Stack>
  );
}
