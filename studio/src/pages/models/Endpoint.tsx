import { SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Copyable } from "~/components/Copyable";
import { useWords } from "~/i18n/language";
import { modelWords } from "~/pages/models/words";
import { codeFor, type Dialect } from "~/pages/playground/code";
import { NO_PARAMETERS } from "~/pages/playground/parameters";

const DIALECTS: { value: Dialect; label: string }[] = [
  { value: "python", label: "Python" },
  { value: "node", label: "Node.js" },
  { value: "curl", label: "curl" },
];

/** The model as a program calls it. */
export function Endpoint({ name }: { name: string }) {
  const say = useWords(modelWords);
  const [dialect, setDialect] = useState<Dialect>("python");
  const text = codeFor(dialect, {
    baseUrl: `${window.location.origin}/v1`,
    model: name,
    messages: [{ role: "user", content: say.endpointPrompt }],
    parameters: { ...NO_PARAMETERS, maxTokens: null },
    logprobs: null,
  });
  return (
    <Stack component="section" gap="sm" aria-labelledby="endpoint">
      <div>
        <Title order={2} size="h3" id="endpoint">{say.endpoint}</Title>
        <Text c="dimmed" size="sm">{say.endpointText}</Text>
      </div>
      <SegmentedControl
        data={DIALECTS} value={dialect} onChange={(value) => setDialect(value as Dialect)} aria-label={say.endpointLanguage} style={{ alignSelf: "start" }}
      />
      <Copyable label={say.endpointCode} text={text} />
    </Stack>
  );
}
