import { Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { LinkAnchor } from "~/components/RouteLink";
import { useWords } from "~/i18n/language";
import { CERTIFICATES } from "~/pages/fine-tune/certificates";
import { installationQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { certificateWords } from "~/pages/fine-tune/words";
import { useSession } from "~/session";

/** The certificates that the job will have to earn. */
export function Promises() {
  const say = useWords(sayings);
  const names = useWords(certificateWords);
  const { draft } = useSetup();
  const mine = CERTIFICATES.filter((name) => name !== "adapter_applied" || draft.adapter === "lora");
  return (
    <Paper withBorder p="md" component="section" aria-label={say.certificates}>
      <Stack gap="sm">
        <Stack gap={2}>
          <Title order={3} size="h5">{say.certificates}</Title>
          <Text size="sm" c="dimmed">{say.certificatesText}</Text>
        </Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" verticalSpacing="xs">
          {mine.map((name) => (
            <div key={name}>
              <Text size="sm" fw={600}>{names[name].title}</Text>
              <Text size="sm" c="dimmed">{names[name].text}</Text>
            </div>
          ))}
        </SimpleGrid>
      </Stack>
    </Paper>
  );
}

/** Who hears of the job's end. */
export function WhenDone() {
  const say = useWords(sayings);
  const { me } = useSession();
  const installation = useQuery(installationQuery);
  const mail = installation.data && (installation.data.sends_email && me?.email ? say.mailTo(me.email) : say.noMail);
  return (
    <Text size="sm" c="dimmed">
      <b>{say.whenDone}.</b> {mail} {say.webhooks}{" "}
      <LinkAnchor to="/settings" size="sm" td="underline">{say.openSettings}</LinkAnchor>
    </Text>
  );
}
