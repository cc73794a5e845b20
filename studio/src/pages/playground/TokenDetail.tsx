import { Box, Group, Paper, Stack, Text } from "@mantine/core";
import { useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import styles from "~/pages/playground/playground.module.css";
import { type Alternative, probabilityOf, type Span, type Token, visible } from "~/pages/playground/tokens";
import { playgroundWords } from "~/pages/playground/words";

const GAP = 6;

/** What was likely where a token stands; beside the token, inside the window. */
export function TokenDetail({ span, anchor }: { span: Span; anchor: () => Element | null }) {
  const say = useWords(playgroundWords);
  const format = useFormat();
  const card = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);

  useLayoutEffect(() => {
    const at = anchor()?.getClientRects()[0];
    const size = card.current?.getBoundingClientRect();
    if (!at || !size) return setPlace(null);
    const below = at.bottom + GAP;
    const top = below + size.height <= window.innerHeight ? below : Math.max(GAP, at.top - GAP - size.height);
    setPlace({ left: Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8)), top });
  }, [span, anchor]);

  return createPortal(
    <Paper
      ref={card} withBorder shadow="md" p="xs" className={styles.detail} role="status"
      style={place ? { left: place.left, top: place.top } : { left: 0, top: 0, visibility: "hidden" }}
    >
      <Stack gap={8}>
        {span.tokens.length > 1 && <Text size="xs">{say.tokensTogether(format.count(span.tokens.length))}: “{span.text}”</Text>}
        {span.tokens.map((token, index) => <Choices key={index} token={token} />)}
      </Stack>
    </Paper>,
    document.body,
  );
}

function Choices({ token }: { token: Token }) {
  const say = useWords(playgroundWords);
  const isAmong = token.top_logprobs.some((each) => each.token === token.token && each.logprob === token.logprob);
  const all: Alternative[] = isAmong ? token.top_logprobs : [...token.top_logprobs, token];
  return (
    <Stack gap={4}>
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed">{say.alternatives}</Text>
        <Text size="xs" c="dimmed">{say.logprob}</Text>
      </Group>
      {all.map((each, index) => <Choice key={index} choice={each} isChosen={each.token === token.token && each.logprob === token.logprob} />)}
      {token.bytes === null && <Text size="xs" c="dimmed">{say.controlToken}</Text>}
    </Stack>
  );
}

function Choice({ choice, isChosen }: { choice: Alternative; isChosen: boolean }) {
  const say = useWords(playgroundWords);
  const format = useFormat();
  const share = probabilityOf(choice.logprob);
  return (
    <Box>
      <Group gap={6} wrap="nowrap" justify="space-between">
        <Text size="xs" fw={isChosen ? 700 : 400} className={styles.sign} component="bdi">{visible(choice)}</Text>
        <Text size="xs" c={isChosen ? undefined : "dimmed"} fw={isChosen ? 700 : 400} style={{ whiteSpace: "nowrap" }}>
          {isChosen && `${say.chosen} · `}{format.percent(share, share < 0.01 ? 3 : 1)} · {choice.logprob.toFixed(2)}
        </Text>
      </Group>
      <Box className={styles.bar} style={{ width: `${Math.max(0.5, share * 100)}%`, opacity: isChosen ? 1 : 0.45 }} />
    </Box>
  );
}
