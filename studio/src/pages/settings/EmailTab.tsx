import { Alert, Code, Stack, Text } from "@mantine/core";
import { IconMail, IconMailOff } from "@tabler/icons-react";
import { Copyable } from "~/components/Copyable";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useWords } from "~/i18n/language";
import { useInstallation } from "~/pages/home/queries";
import { email } from "~/pages/settings/email-words";
import { Section } from "~/pages/settings/Section";
import { useSession } from "~/session";

/** Whether e-mail is sent, what is in it, and how to have it. */
export function EmailTab() {
  const say = useWords(email);
  const { data, error, refetch } = useInstallation();
  return (
    <Section title={say.title} text={say.text}>
      {data && (data.sends_email ? <On /> : <Off isOffline={data.is_offline} />)}
      {!data && (error ? <Failed error={error} retry={() => void refetch()} /> : <Loading />)}
    </Section>
  );
}

function On() {
  const say = useWords(email);
  const { me } = useSession();
  return (
    <Alert color="teal" icon={<IconMail size={18} aria-hidden />} title={say.on}>
      <span style={{ overflowWrap: "anywhere" }}>{me?.email ? say.onText(me.email) : say.onNoAddress}</span>
    </Alert>
  );
}

function Off({ isOffline }: { isOffline: boolean }) {
  const say = useWords(email);
  const example = [
    "TUNESMITH_SMTP_URL='smtp://user:password@mail.example.com:587'",
    "TUNESMITH_MAIL_FROM='tunesmith@example.com'",
    `TUNESMITH_PUBLIC_URL='${window.location.origin}'`,
  ].join("\n");
  return (
    <Stack>
      <Alert color="gray" icon={<IconMailOff size={18} aria-hidden />} title={say.off}>{isOffline ? say.offline : say.offText}</Alert>
      <Copyable text={example} label={say.code} />
      <dl className="facts">
        {Object.entries(say.variables).map(([name, meaning]) => (
          <Stack key={name} gap={2} style={{ gridColumn: "1 / -1" }}>
            <dt><Code>{name}</Code></dt>
            <dd><Text size="sm">{meaning}</Text></dd>
          </Stack>
        ))}
      </dl>
    </Stack>
  );
}
