import { Button, Group, Text, Textarea } from "@mantine/core";
import { IconPlayerStopFilled, IconSend } from "@tabler/icons-react";
import type { KeyboardEvent } from "react";
import { useWords } from "~/i18n/language";
import { playgroundWords } from "~/pages/playground/words";

type Props = { draft: string; change: (draft: string) => void; isUnderWay: boolean; canSend: boolean; send: () => void; stop: () => void };

/** The prompt that goes to every column. Enter sends it, except while an input method is still composing. */
export function Composer({ draft, change, isUnderWay, canSend, send, stop }: Props) {
  const say = useWords(playgroundWords);
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    if (canSend && !isUnderWay) send();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (canSend && !isUnderWay) send();
      }}
    >
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <Textarea
          flex={1} aria-label={say.prompt} placeholder={say.promptPlaceholder} autosize minRows={1} maxRows={8} dir="auto"
          value={draft} onChange={(event) => change(event.currentTarget.value)} onKeyDown={press}
        />
        {isUnderWay ? (
          <Button variant="default" leftSection={<IconPlayerStopFilled size={16} />} onClick={stop}>{say.stopAll}</Button>
        ) : (
          <Button type="submit" disabled={!canSend} leftSection={<IconSend size={16} />}>{say.send}</Button>
        )}
      </Group>
      <Text size="xs" c="dimmed" mt={4} visibleFrom="sm">{say.promptKeys}</Text>
    </form>
  );
}
