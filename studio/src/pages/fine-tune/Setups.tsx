import { Alert, Button, Divider, Group, Modal, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDeviceFloppy, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { Confirm } from "~/components/Confirm";
import { frame } from "~/components/words";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { asJson } from "~/pages/fine-tune/code";
import { useYaml } from "~/pages/fine-tune/CodePane";
import { download } from "~/pages/fine-tune/download";
import { EMPTY } from "~/pages/fine-tune/draft";
import { forgetDraft, type NamedDraft, saveDraft, savedDrafts } from "~/pages/fine-tune/kept";
import { filesQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { asSavedDraft, fromText } from "~/pages/fine-tune/taken";
import { useSetup } from "~/pages/fine-tune/useSetup";

/** Saves the setup under a name or as a file, and loads one. */
export function Setups() {
  const say = useWords(sayings);
  const all = useWords(frame);
  const [isOpen, { open, close }] = useDisclosure(false);
  const { replace } = useSetup();
  return (
    <>
      <Button variant="default" leftSection={<IconDeviceFloppy size={16} aria-hidden />} onClick={open}>{say.setups}</Button>
      <Button variant="subtle" onClick={() => replace(EMPTY, { kind: "cleared", name: "", leftOut: [] })}>{say.anew}</Button>
      <Modal opened={isOpen} onClose={close} title={say.setupsTitle} size="lg" closeButtonProps={{ "aria-label": all.close }}>
        <Stack gap="lg">
          <SaveAs />
          <Divider />
          <TakeAlong />
          <Divider />
          <Load done={close} />
        </Stack>
      </Modal>
    </>
  );
}

function SaveAs() {
  const say = useWords(sayings);
  const format = useFormat();
  const { projectId, draft, replace } = useSetup();
  const [name, setName] = useState(draft.suffix);
  const [saved, setSaved] = useState<NamedDraft[]>(() => savedDrafts(projectId));
  const [done, setDone] = useState<string | null>(null);
  const [leaving, leave] = useState<NamedDraft | null>(null);
  const isTaken = saved.some((each) => each.name === name.trim());
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim()) return;
    saveDraft(projectId, name.trim(), draft, Date.now() / 1000);
    setSaved(savedDrafts(projectId));
    setDone(name.trim());
  };
  return (
    <Stack gap="sm">
      <form onSubmit={save}>
        <Group align="flex-end" gap="xs">
          <TextInput
            flex={1} miw={180} label={say.saveAs} value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} data-autofocus
            description={isTaken ? say.exists : undefined} inputWrapperOrder={["label", "input", "description", "error"]}
          />
          <Button type="submit" disabled={!name.trim()}>{say.save}</Button>
        </Group>
      </form>
      {done && <Text size="sm" role="status">{say.saved(done)}</Text>}
      <Title order={3} size="h6">{say.savedSetups}</Title>
      {saved.length === 0 && <Text size="sm" c="dimmed">{say.noneSaved}</Text>}
      {saved.map((each) => (
        <Group key={each.name} justify="space-between" wrap="nowrap" gap="xs">
          <Stack gap={0} miw={0}>
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>{each.name}</Text>
            <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>{[each.draft.model, format.instant(each.savedAt)].filter(Boolean).join(" · ")}</Text>
          </Stack>
          <Group gap={4} wrap="nowrap">
            <Button size="compact-sm" variant="light" onClick={() => replace(each.draft, { kind: "loaded", name: each.name, leftOut: [] })}>{say.load}</Button>
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => leave(each)}>{say.remove}</Button>
          </Group>
        </Group>
      ))}
      <Confirm
        isOpen={leaving !== null} close={() => leave(null)} title={say.removeTitle(leaving?.name ?? "")} consequences={[say.removeText]} action={say.remove}
        run={async () => leaving && forgetDraft(projectId, leaving.name)} done={() => setSaved(savedDrafts(projectId))}
      />
    </Stack>
  );
}

function TakeAlong() {
  const say = useWords(sayings);
  const { draft, body } = useSetup();
  const yaml = useYaml();
  const name = draft.suffix || "job";
  const button = (label: string, file: string, text: string, type: string) => (
    <Button size="compact-sm" variant="default" leftSection={<IconDownload size={14} aria-hidden />} onClick={() => download(file, text, type)}>{label}</Button>
  );
  return (
    <Stack gap="xs">
      <Title order={3} size="h6">{say.downloadTitle}</Title>
      <Group gap="xs">
        {button(say.asYaml, `${name}.yaml`, yaml, "application/yaml")}
        {button(say.asJson, `${name}.json`, `${asJson(body)}\n`, "application/json")}
        {button(say.asSetup, `${name}.setup.json`, asSavedDraft(name, draft), "application/json")}
      </Group>
    </Stack>
  );
}

function Load({ done }: { done: () => void }) {
  const say = useWords(sayings);
  const files = useQuery(filesQuery);
  const { replace } = useSetup();
  const [text, setText] = useState("");
  const [isUnreadable, setUnreadable] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const load = (given: string, name: string) => {
    try {
      const { draft, leftOut } = fromText(given, (file) => files.data?.data.find((each) => each.filename === file)?.id ?? null);
      replace(draft, { kind: "loaded", name, leftOut });
      done();
    } catch {
      setUnreadable(true);
    }
  };
  return (
    <Stack gap="xs">
      <Title order={3} size="h6">{say.loadTitle}</Title>
      <Text size="sm" c="dimmed">{say.loadText}</Text>
      <Textarea
        aria-label={say.paste} placeholder={say.paste} autosize minRows={3} maxRows={10} value={text} styles={{ input: { fontFamily: "monospace" } }} spellCheck={false}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setUnreadable(false);
        }}
      />
      {isUnreadable && <Alert color="red" role="alert">{say.unreadable}</Alert>}
      <Group gap="xs">
        <Button disabled={!text.trim()} onClick={() => load(text, say.untitled)}>{say.load}</Button>
        <Button variant="default" onClick={() => input.current?.click()}>{say.openFile}</Button>
        <input
          ref={input} type="file" hidden accept=".json,.yaml,.yml" aria-label={say.openFile}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file) void file.text().then((given) => load(given, file.name));
          }}
        />
      </Group>
    </Stack>
  );
}
