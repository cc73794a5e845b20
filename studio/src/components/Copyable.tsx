import { Box, Button, Code, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

/**
 * Text to take along, such as code or a key, with a button that copies it. `label` names it for those who hear it. Code
 * of several lines keeps them as they are, below the button; one line breaks where the room ends.
 */
export function Copyable({ text, label, shown }: { text: string; label: string; shown?: string }) {
  const isLong = (shown ?? text).trimEnd().includes("\n");
  return (
    <Box pos="relative">
      <Code block tabIndex={0} aria-label={label} className={isLong ? "code-lines" : "code-line"}>
        {shown ?? text}
      </Code>
      <Box pos="absolute" top={6} right={6}><CopyText text={text} /></Box>
    </Box>
  );
}

export function CopyText({ text }: { text: string }) {
  const say = useWords(frame);
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button
          size="compact-xs" variant="default" onClick={copy} leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
        >
          {copied ? say.copied : say.copy}
        </Button>
      )}
    </CopyButton>
  );
}
