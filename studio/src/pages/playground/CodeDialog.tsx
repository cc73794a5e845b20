import { Modal, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Copyable } from "~/components/Copyable";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { codeFor, type Dialect } from "~/pages/playground/code";
import { messagesFor } from "~/pages/playground/conversation";
import type { Kept } from "~/pages/playground/kept";
import { NUM_ALTERNATIVES, withUsual } from "~/pages/playground/parameters";
import { playgroundWords } from "~/pages/playground/words";

const DIALECTS: { value: Dialect; label: string }[] = [
  { value: "python", label: "Python" },
  { value: "node", label: "Node.js" },
  { value: "curl", label: "curl" },
];

/** A column's next question as a program. */
export function CodeDialog({ column, kept, close }: { column: { model: string; key: string } | null; kept: Kept; close: () => void }) {
  const say = useWords(playgroundWords);
  const common = useWords(frame);
  const [dialect, setDialect] = useState<Dialect>("python");
  return (
    <Modal opened={column !== null} onClose={close} title={column && say.viewCodeOf(column.model)} size="xl" closeButtonProps={{ "aria-label": common.close }}>
      {column && (
        <Stack gap="sm">
          <Text size="sm" c="dimmed">{say.codeHint}</Text>
          {!isAsking(kept) && <Text size="sm">{say.codeNoPrompt}</Text>}
          <SegmentedControl
            data={DIALECTS} value={dialect} onChange={(value) => setDialect(value as Dialect)} aria-label={say.codeLanguage} style={{ alignSelf: "start" }}
          />
          <Copyable label={say.code} text={programText(dialect, column, kept, say.codePlaceholder)} />
        </Stack>
      )}
    </Modal>
  );
}

/** Asks the draft after the conversation so far; without a draft, the last turn again. */
function programText(dialect: Dialect, column: { model: string; key: string }, kept: Kept, placeholder: string): string {
  const draft = kept.draft.trim() === "" ? null : kept.draft;
  const isNew = draft !== null || kept.turns.length === 0;
  const turns = isNew ? [...kept.turns, { id: "draft", text: draft ?? placeholder, answers: {} }] : kept.turns;
  return codeFor(dialect, {
    baseUrl: `${window.location.origin}/v1`,
    model: column.model,
    messages: messagesFor(turns, turns.length - 1, column.key, kept.system),
    parameters: withUsual(kept.parameters, kept.models),
    logprobs: kept.view === "probabilities" ? NUM_ALTERNATIVES : null,
  });
}

function isAsking(kept: Kept): boolean {
  return kept.draft.trim() !== "" || kept.turns.length > 0;
}
