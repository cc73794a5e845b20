import { Paper, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useWords } from "~/i18n/language";
import { type Step, isShown } from "~/pages/fine-tune/draft";
import { filesQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { SETTINGS } from "~/pages/fine-tune/settings";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { settingWords, stepWords } from "~/pages/fine-tune/words";

/** The choices of each step, with the way back to it. */
export function Choices() {
  const say = useWords(sayings);
  const steps = useWords(stepWords);
  const settings = useWords(settingWords);
  const { draft } = useSetup();
  const files = useQuery(filesQuery);
  const fileName = (id: string) => files.data?.data.find((file) => file.id === id)?.filename ?? id;
  const given = SETTINGS.filter(({ name }) => draft.settings[name] !== undefined && isShown(draft, name));
  const validation = {
    unset: say.noValidation, none: say.noValidation, split: `${say.split}: ${draft.validationSplit}`, file: draft.validationFile ? fileName(draft.validationFile) : say.notChosen,
  }[draft.validation];
  const rows: [Step, ReactNode][] = [
    ["model", draft.model || say.notChosen],
    ["method", `${say.supervised} · ${draft.adapter === "lora" ? say.lora : say.full}`],
    ["data", draft.trainingFile ? fileName(draft.trainingFile) : say.notChosen],
    ["validation", validation],
    ["settings", given.length === 0 ? say.nothingChanged : given.map(({ name }) => <div key={name}>{settings[name].label}: {draft.settings[name]}</div>)],
  ];
  return (
    <Paper withBorder p="md" component="section" aria-label={say.choices}>
      <Stack gap="xs">
        <Title order={3} size="h5">{say.choices}</Title>
        <Table layout="fixed" verticalSpacing={6} horizontalSpacing={0}>
          <Table.Tbody>
            {rows.map(([step, what]) => (
              <Table.Tr key={step}>
                <Table.Th scope="row" w="30%" fw={400} style={{ verticalAlign: "top" }}>
                  <Link to="/fine-tune" search={{ step }} style={{ color: "var(--mantine-color-anchor)" }}><Text span size="sm">{steps[step]}</Text></Link>
                </Table.Th>
                <Table.Td style={{ overflowWrap: "anywhere" }}>{what}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Paper>
  );
}
