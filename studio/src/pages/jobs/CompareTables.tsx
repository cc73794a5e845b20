import { Badge, Group, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { shortNumber } from "~/chart/axis";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type FinalName, finalRows, settingRows } from "./compare";
import { compareWords } from "./compareWords";
import type { Curves } from "./curves";
import { namesOf } from "./filters";
import type { Job } from "./queries";
import type { CompareSearch } from "./search";
import { settingWords, valueText } from "./settingWords";
import { isSameValidation } from "./validation";

/** How the jobs ended, the best of each figure marked. */
export function FinalTable({ jobs, curves }: { jobs: readonly Job[]; curves: readonly (Curves | undefined)[] }) {
  const say = useWords(compareWords);
  const format = useFormat();
  const names = namesOf(jobs);
  const written = (name: FinalName, value: number | null) => {
    if (value === null) return "–";
    if (name === "accuracy" || name === "validAccuracy") return format.percent(value);
    if (name === "seconds") return format.duration(value);
    return name === "tokens" ? format.count(value) : shortNumber(value, 4);
  };
  return (
    <Stack gap="xs">
      <div>
        <Title order={2} size="h4">{say.finals}</Title>
        <Text size="sm" c="dimmed">{say.finalText}</Text>
        {!isSameValidation(jobs) && <Text size="sm">{say.otherValidation}</Text>}
      </div>
      <SideBySide jobs={jobs} label={say.finals} first={say.figure}>
        {finalRows(jobs, curves).map(({ name, values, best }) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" fw={400}>{say.final[name]}</Table.Th>
            {values.map((value, index) => (
              <Table.Td key={index} data-label={names[index]} fw={best.includes(index) ? 700 : undefined} className="jobs-figure">
                <Group gap={6} wrap="nowrap">
                  {written(name, value)}
                  {best.includes(index) && <Badge size="xs" color="green" variant="light" tt="none">{say.best}</Badge>}
                </Group>
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </SideBySide>
    </Stack>
  );
}

/** What the jobs were made with: only what differs, unless all is asked for. */
export function SettingDiff({ jobs, isAll, change }: { jobs: readonly Job[]; isAll: boolean; change: (next: Partial<CompareSearch>) => void }) {
  const say = useWords(compareWords);
  const plain = useWords(settingWords);
  const names = namesOf(jobs);
  const rows = settingRows(jobs).filter(({ differs }) => isAll || differs);
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">{say.settings}</Title>
        <Switch label={say.showAll} checked={isAll} onChange={(event) => change({ all: event.currentTarget.checked || undefined })} />
      </Group>
      {rows.length === 0 ? <Text c="dimmed" size="sm">{say.noDifference}</Text> : (
        <SideBySide jobs={jobs} label={say.settings} first={say.setting}>
          {rows.map(({ name, values, differs }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400}>
                <Text size="sm" ff="monospace">{name}</Text>
                {plain[name] && <Text size="xs" c="dimmed">{plain[name]}</Text>}
              </Table.Th>
              {values.map((value, index) => (
                <Table.Td key={index} data-label={names[index]} fw={differs ? 600 : undefined} style={{ overflowWrap: "anywhere" }}>{valueText(value)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </SideBySide>
      )}
    </Stack>
  );
}

function SideBySide({ jobs, label, first, children }: { jobs: readonly Job[]; label: string; first: string; children: React.ReactNode }) {
  return (
    <div role="region" tabIndex={0} aria-label={label} className="jobs-scroll">
      <Table verticalSpacing={6} layout="fixed" className="jobs-stacked" style={{ "--least": `${200 + 150 * jobs.length}px` } as React.CSSProperties}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col" w={200}>{first}</Table.Th>
            {namesOf(jobs).map((name) => <Table.Th scope="col" key={name} style={{ overflowWrap: "anywhere" }}><bdi>{name}</bdi></Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}
