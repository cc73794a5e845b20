import { Code, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { LOCAL_ONLY } from "~/api/localOnly";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { jobWords } from "./jobWords";
import type { Job } from "./queries";
import { reasonOf } from "./reasons";
import type { JobSearch } from "./search";
import { settingWords, valueText } from "./settingWords";

/** Every setting that training uses, and why it has its value. */
export function Settings({ job, find, change }: { job: Job; find: string; change: (next: Partial<JobSearch>) => void }) {
  const say = useWords(jobWords);
  return (
    <Stack gap="md">
      <TextInput
        label={say.findSetting} maw={320} leftSection={<IconSearch size={16} aria-hidden />} value={find}
        onChange={(event) => change({ find: event.currentTarget.value || undefined })}
      />
      <SettingTable job={job} find={find} />
      <Metadata job={job} />
    </Stack>
  );
}

export function SettingTable({ job, find = "" }: { job: Job; find?: string }) {
  const say = useWords(jobWords);
  const plain = useWords(settingWords);
  const said = useSaid();
  const wanted = find.trim().toLowerCase();
  const rows = Object.entries(job.resolved).map(([name, { value }]) => ({ name, value, reason: reasonOf(job, name) })).filter(({ name, value, reason }) =>
    !LOCAL_ONLY.includes(name) && `${name} ${plain[name] ?? ""} ${valueText(value)} ${reason} ${said(reason)}`.toLowerCase().includes(wanted),
  );
  if (rows.length === 0) return <Text c="dimmed" size="sm">{say.noSetting}</Text>;
  return (
    <div role="region" aria-label={say.tabs.settings}>
      <Table verticalSpacing={6} className="jobs-stacked">
        <Table.Thead>
          <Table.Tr><Table.Th scope="col" w="36%">{say.setting}</Table.Th><Table.Th scope="col" w="24%">{say.value}</Table.Th><Table.Th scope="col">{say.reason}</Table.Th></Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ name, value, reason }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={400}>
                <Text size="sm" ff="monospace">{name}</Text>
                {plain[name] && <Text size="xs" c="dimmed">{plain[name]}</Text>}
              </Table.Th>
              <Table.Td data-label={say.value} style={{ overflowWrap: "anywhere" }} fw={600}>{valueText(value)}</Table.Td>
              <Table.Td c="dimmed" data-label={say.reason}><Text size="sm" c="dimmed">{said(reason)}</Text></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Metadata({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const pairs = Object.entries(job.metadata ?? {});
  if (pairs.length === 0) return null;
  return (
    <div>
      <Title order={2} size="h5" mb="xs">{say.metadata}</Title>
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {pairs.map(([key, value]) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" fw={400} w="36%" style={{ overflowWrap: "anywhere" }}><Code><bdi>{key}</bdi></Code></Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}><bdi>{value}</bdi></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
