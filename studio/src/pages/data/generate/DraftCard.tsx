import { Badge, Button, Group, Paper, Stack, Text, Textarea } from "@mantine/core";
import { IconCheck, IconPencil, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { canApprove, type Decided, type Draft, textsOf } from "~/pages/data/generate/drafts";
import { generateWords } from "~/pages/data/generate/words";

type Props = {
  draft: Draft;
  decision: Decided | undefined;
  decide: (state: "approved" | "rejected" | null) => void;
  rewrite: (question: string, answer: string) => void;
};

const COLOURS = { approved: "green", rewritten: "blue", rejected: "gray" } as const;

/** One draft: read, then approved, written anew, or rejected. */
export function DraftCard({ draft, decision, decide, rewrite }: Props) {
  const say = useWords(generateWords);
  const format = useFormat();
  const [isWriting, setWriting] = useState(false);
  const isRejected = decision?.state === "rejected";
  const { question, answer } = textsOf(draft, decision);
  return (
    <Paper withBorder p="sm" role="listitem" opacity={isRejected ? 0.6 : 1}>
      <Group justify="space-between" mb={6}>
        <Group gap={6}>
          {decision && <Badge variant="light" tt="none" color={COLOURS[decision.state]}>{say[decision.state]}</Badge>}
          <Text size="xs" c="dimmed">{say.similarity(format.percent(draft.similarity, 0))}</Text>
          {draft.support !== null && <Text size="xs" c="dimmed">{say.support(format.percent(draft.support, 0))}</Text>}
          {draft.seeds.length > 0 && <Text size="xs" c="dimmed">{say.seeds(draft.seeds.map((seed) => format.count(seed.line)).join(", "))}</Text>}
        </Group>
        {!isWriting && (
          <Group gap={6}>
            {decision ? (
              <Button size="compact-sm" variant="default" onClick={() => decide(null)}>{say.undo}</Button>
            ) : (
              <>
                <Button size="compact-sm" variant="light" color="green" leftSection={<IconCheck size={14} aria-hidden />} disabled={!canApprove(draft)} onClick={() => decide("approved")}>{say.approve}</Button>
                <Button size="compact-sm" variant="default" leftSection={<IconX size={14} aria-hidden />} onClick={() => decide("rejected")}>{say.reject}</Button>
              </>
            )}
            <Button size="compact-sm" variant="default" leftSection={<IconPencil size={14} aria-hidden />} onClick={() => setWriting(true)}>{canApprove(draft) ? say.rewrite : say.answerIt}</Button>
          </Group>
        )}
      </Group>
      {isWriting ? (
        <Writing
          question={question} answer={answer} close={() => setWriting(false)}
          save={(asked, said) => { rewrite(asked, said); setWriting(false); }}
        />
      ) : (
        <Stack gap={4}>
          <Said name={say.question} text={question} />
          <Said name={say.answer} text={answer} otherwise={say.noAnswer} />
          {draft.passage !== null && <Passage text={draft.passage} />}
        </Stack>
      )}
    </Paper>
  );
}

/** What a person needs to judge the answer by. */
function Passage({ text }: { text: string }) {
  const say = useWords(generateWords);
  const [isOpen, setOpen] = useState(false);
  return (
    <Stack gap={4} align="flex-start">
      <Button size="compact-xs" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? say.hidePassage : say.showPassage}</Button>
      {isOpen && <Text size="sm" c="dimmed" dir="auto" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{text}</Text>}
    </Stack>
  );
}

function Said({ name, text, otherwise }: { name: string; text: string; otherwise?: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">{name}</Text>
      {text ? <Text size="sm" dir="auto" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{text}</Text> : <Text size="sm" c="dimmed">{otherwise}</Text>}
    </div>
  );
}

function Writing({ question, answer, save, close }: { question: string; answer: string; save: (question: string, answer: string) => void; close: () => void }) {
  const say = useWords(generateWords);
  const [asked, setAsked] = useState(question);
  const [said, setSaid] = useState(answer);
  return (
    <Stack gap="xs">
      <Textarea label={say.question} autosize minRows={1} maxRows={12} value={asked} onChange={(event) => setAsked(event.currentTarget.value)} dir="auto" data-autofocus autoFocus />
      <Textarea label={say.answer} autosize minRows={2} maxRows={20} value={said} onChange={(event) => setSaid(event.currentTarget.value)} dir="auto" />
      <Group gap={6}>
        <Button size="compact-md" disabled={asked.trim() === "" || said.trim() === ""} onClick={() => save(asked, said)}>{say.save}</Button>
        <Button size="compact-md" variant="default" onClick={close}>{say.cancel}</Button>
      </Group>
    </Stack>
  );
}
