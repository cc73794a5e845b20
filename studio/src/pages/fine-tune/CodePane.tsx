import { Box, Stack, Tabs, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Copyable } from "~/components/Copyable";
import { useWords } from "~/i18n/language";
import { asCli, asCurl, asPythonSdk, asYaml } from "~/pages/fine-tune/code";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { filesQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

const TAB_KEPT_AS = "tunesmith.fine-tune.code";
const TABS = ["yaml", "cli", "curl", "python"] as const;

/** The job as it stands, in the notation that one needs. */
export function CodePane() {
  const say = useWords(sayings);
  const { body, draft } = useSetup();
  const yaml = useYaml();
  const isWide = useMediaQuery("(min-width: 75em)") ?? true;
  const [isOpen, setOpen] = useState(isWide);
  useEffect(() => setOpen(isWide), [isWide]);
  const [tab, setTab] = useState(() => localStorage.getItem(TAB_KEPT_AS) ?? "yaml");
  const choose = (next: string | null) => {
    setTab(next ?? "yaml");
    localStorage.setItem(TAB_KEPT_AS, next ?? "yaml");
  };
  const { origin } = window.location;
  const cli = asCli(body, origin);
  return (
    <details className={classes.pane} open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{say.code}</summary>
      <Stack gap="xs" px={14} pb={14}>
        <Text size="sm" c="dimmed">{draft.model && draft.trainingFile ? say.codeText : say.codeOpen}</Text>
        <Tabs value={tab} onChange={choose} keepMounted={false}>
          <Tabs.List mb="xs">{TABS.map((each) => <Tabs.Tab key={each} value={each} px="xs">{say[each]}</Tabs.Tab>)}</Tabs.List>
          <Tabs.Panel value="yaml"><Notation text={yaml} label={say.yaml} note={say.yamlNote} /></Tabs.Panel>
          <Tabs.Panel value="cli">
            <Stack gap="xs">
              <Text size="sm">{say.cliLocal}</Text>
              <Copyable text={cli.local} label={say.cliLocal} />
              <Text size="sm">{say.cliRemote}</Text>
              <Notation text={cli.remote} label={say.cliRemote} note={say.keyNote} />
            </Stack>
          </Tabs.Panel>
          <Tabs.Panel value="curl"><Notation text={asCurl(body, origin)} label={say.curl} note={say.keyNote} /></Tabs.Panel>
          <Tabs.Panel value="python"><Notation text={asPythonSdk(body, origin)} label={say.python} note={say.keyNote} /></Tabs.Panel>
        </Tabs>
      </Stack>
    </details>
  );
}

function Notation({ text, label, note }: { text: string; label: string; note: string }) {
  return (
    <Box>
      <Copyable text={text} label={label} />
      <Text size="xs" c="dimmed" mt={6}>{note}</Text>
    </Box>
  );
}

/** The server's own YAML where it has answered for this very setup; until then what this page writes. */
export function useYaml(): string {
  const { body, problems, preview, isAsking } = useSetup();
  const files = useQuery(filesQuery);
  if (preview?.yaml && !isAsking && problems.every((problem) => problem.isWarning)) return preview.yaml;
  return asYaml(body, (id) => files.data?.data.find((file) => file.id === id)?.filename ?? id);
}
