import { Group, Paper, SimpleGrid, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCheck, IconClock, IconMinus, IconX, type TablerIcon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { shortNumber } from "~/chart/axis";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { certificateWords } from "./certificateWords";
import { type Certificate, certificatesQuery } from "./queries";

const LIGHTS: Record<Certificate["state"], { colour: string; icon: TablerIcon }> = {
  passed: { colour: "green", icon: IconCheck },
  failed: { colour: "red", icon: IconX },
  pending: { colour: "gray", icon: IconClock },
  not_applicable: { colour: "gray", icon: IconMinus },
};

/** The promises as lights, each with the figures that were measured. */
export function Certificates({ jobId }: { jobId: string }) {
  const say = useWords(certificateWords);
  const certificates = useQuery(certificatesQuery(jobId));
  if (certificates.error && !certificates.data) return <Failed error={certificates.error} retry={() => void certificates.refetch()} />;
  if (!certificates.data) return <Loading />;
  const applying = certificates.data.data.filter(({ state }) => state !== "not_applicable");
  const others = certificates.data.data.filter(({ state }) => state === "not_applicable");
  return (
    <Stack gap="sm" component="section" aria-label={say.title}>
      <div>
        <Title order={2} size="h4">{say.title}</Title>
        <Text size="sm" c="dimmed">{say.text}</Text>
      </div>
      {applying.length > 0 && (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          {applying.map((each) => <One key={each.name} certificate={each} />)}
        </SimpleGrid>
      )}
      {others.length > 0 && <Text size="sm" c="dimmed">{say.others(others.map(({ name }) => say.names[name]?.title ?? name))}</Text>}
    </Stack>
  );
}

function One({ certificate }: { certificate: Certificate }) {
  const say = useWords(certificateWords);
  const said = useSaid();
  const { colour, icon: Icon } = LIGHTS[certificate.state];
  const { title, means } = say.names[certificate.name] ?? { title: certificate.name, means: "" };
  return (
    <Paper withBorder p="sm">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <ThemeIcon color={colour} radius="xl" size={28} variant={certificate.state === "passed" || certificate.state === "failed" ? "filled" : "light"}>
          <Icon size={16} aria-hidden />
        </ThemeIcon>
        <Stack gap={4} miw={0} flex={1}>
          <Text fw={600} size="sm">{title}</Text>
          <Text size="xs" c={certificate.state === "failed" ? "red" : "dimmed"} fw={600}>{say.states[certificate.state]}</Text>
          <Text size="xs" c="dimmed">{means}</Text>
          {certificate.sentence && <Text size="xs" style={{ overflowWrap: "anywhere" }}>{said(certificate.sentence)}</Text>}
          {certificate.figures.map(({ name, value, most }) => (
            <Group key={name} gap={6} justify="space-between" wrap="nowrap">
              <Text size="xs" c="dimmed" truncate title={name}>{say.figures[name] ?? name}</Text>
              <Text size="xs" className="jobs-figure" style={{ whiteSpace: "nowrap" }}>
                <b>{shortNumber(value)}</b>{most === null ? "" : ` · ${say.most(shortNumber(most))}`}
              </Text>
            </Group>
          ))}
        </Stack>
      </Group>
    </Paper>
  );
}
