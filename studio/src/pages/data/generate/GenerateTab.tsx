import { Box, Button, Group, NumberInput, Radio, Select, Stack, Text, Textarea } from "@mantine/core";
import { IconEye, IconSparkles } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useLanguage, useWords } from "~/i18n/language";
import { useBaseModels, useInstallation } from "~/pages/data/api";
import { Drafts } from "~/pages/data/generate/Drafts";
import { settingsOf, type Wish } from "~/pages/data/generate/drafts";
import { Preview, type Previewed } from "~/pages/data/generate/Preview";
import { useEarlier } from "~/pages/data/operations/useEarlier";
import { generateWords } from "~/pages/data/generate/words";
import { useOperation } from "~/pages/data/operations/api";
import { OperationState } from "~/pages/data/operations/OperationState";
import { useModels } from "~/pages/models/queries";

const KIND = "generate_examples";
const WHAT = ["synthetic", "proposals", "questions"] as const;
const LANGUAGES = ["en", "zh"] as const;
const MOST = 5_000;
/** In the list of models; no model is called so. */
const ENDPOINT = "";

type Props = {
  fileId: string;
  /** It is a text to be asked about, and holds no rows of its own. */
  isDocument?: boolean;
};

/** Examples by a model: what is asked is seen first, what comes is decided about, and a new file written. */
export function GenerateTab({ fileId, isDocument = false }: Props) {
  const say = useWords(generateWords);
  const looking = useOperation("preview_generation", [fileId]);
  const writing = useOperation(KIND, [fileId]);
  const isKnown = useEarlier(KIND, fileId, writing.follow);
  const done = writing.operation?.status === "succeeded" ? writing.operation : null;
  if (!isKnown) return <Loading />;
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">{isDocument ? say.documentText : say.text}</Text>
      {done ? (
        <>
          <Group><Button variant="default" onClick={writing.forget}>{say.again}</Button></Group>
          <Drafts key={done.id} operation={done} fileId={fileId} isDocument={isDocument} />
        </>
      ) : (
        <>
          <Box hidden={writing.isUnderWay}><Wishes looking={looking} begin={writing.begin} isDocument={isDocument} /></Box>
          <OperationState of={writing} />
        </>
      )}
    </Stack>
  );
}

type Operating = ReturnType<typeof useOperation>;

function Wishes({ looking, begin, isDocument }: { looking: Operating; begin: Operating["begin"]; isDocument: boolean }) {
  const say = useWords(generateWords);
  const format = useFormat();
  const { language } = useLanguage();
  const [wish, setWish] = useState<Omit<Wish, "model">>({ what: isDocument ? "documents" : "synthetic", count: 20, language, about: "", prompt: null });
  const [chosen, setChosen] = useState<string | null>(null);
  const [seen, setSeen] = useState<{ asked: string; found: Previewed } | null>(null);
  const models = useChoices();
  const model = chosen ?? models.first;
  const settings = settingsOf({ ...wish, model: model === ENDPOINT ? null : (model ?? null) });
  const asked = JSON.stringify(settings);
  const change = (part: Partial<Wish>) => setWish({ ...wish, ...part });
  const previewed = looking.operation?.status === "succeeded" ? looking.operation : null;
  const [sent, setSent] = useState("");
  useEffect(() => {
    if (previewed) setSeen({ asked: sent, found: previewed.result as unknown as Previewed });
  }, [previewed, sent]);
  const isFresh = seen?.asked === asked;
  const look = () => {
    looking.forget();
    setSent(asked);
    looking.begin(settings);
  };
  return (
    <Stack gap="md">
      {!isDocument && (
        <Radio.Group label={say.mode} value={wish.what} onChange={(what) => change({ what: what as Wish["what"], prompt: null })}>
          <Group mt={6}>{WHAT.map((each) => <Radio key={each} value={each} label={say.modes[each]} />)}</Group>
        </Radio.Group>
      )}
      <Group align="flex-end">
        <NumberInput w={120} label={say.count} min={1} max={MOST} allowDecimal={false} clampBehavior="strict" value={wish.count} onChange={(count) => typeof count === "number" && count >= 1 && change({ count })} />
        <Select
          w={340} maw="100%" label={say.model} searchable allowDeselect={false} value={model ?? null} onChange={(next) => next !== null && setChosen(next)}
          data={models.names.map((name) => ({ value: name, label: name === ENDPOINT ? say.endpoint(models.endpoint ?? "") : name }))}
        />
        <Select
          w={220} label={say.language} allowDeselect={false} value={wish.language} onChange={(next) => next && change({ language: next as Wish["language"], prompt: null })}
          data={LANGUAGES.map((value) => ({ value, label: say.languages[value] }))}
        />
      </Group>
      <Text size="xs" c="dimmed">{model === ENDPOINT ? say.leaves : `${say.stays} ${say.smallModel}`}</Text>
      <Textarea label={say.about} description={isDocument ? say.aboutDocumentHint : say.aboutHint} autosize minRows={1} maxRows={6} maxLength={2_000} dir="auto" value={wish.about} onChange={(event) => change({ about: event.currentTarget.value })} />
      <Group>
        <Button variant={isFresh ? "default" : "filled"} leftSection={<IconEye size={16} aria-hidden />} disabled={model === undefined} loading={looking.isUnderWay} onClick={look}>
          {seen ? say.previewAgain : say.preview}
        </Button>
        <Button variant={isFresh ? "filled" : "default"} leftSection={<IconSparkles size={16} aria-hidden />} disabled={!isFresh} onClick={() => begin(settings)}>{say.write(format.count(wish.count))}</Button>
        {seen && !isFresh && !looking.isUnderWay && <Text size="sm" c="dimmed" role="status">{say.changed}</Text>}
      </Group>
      {!looking.isUnderWay && <OperationState of={looking} />}
      {seen && <Preview found={seen.found} prompt={wish.prompt} isDocument={isDocument} change={(prompt) => change({ prompt })} />}
    </Stack>
  );
}

/** Who may write: the endpoint first, if there is one, then the default base model, the others, and the tuned ones. */
function useChoices(): { names: string[]; first: string | undefined; endpoint: string | null } {
  const installation = useInstallation();
  const base = useBaseModels().data?.data.filter((each) => each.is_available && each.kind === "instruct");
  const tuned = useModels().data?.filter((each) => each.base_model).map((each) => each.id) ?? [];
  const endpoint = installation.data?.synthesis_model ?? null;
  const names = [...(endpoint === null ? [] : [ENDPOINT]), ...(base?.map((each) => each.id) ?? []), ...tuned];
  const usual = (base?.find((each) => each.is_default) ?? base?.[0])?.id;
  return { names, first: installation.isPending ? undefined : endpoint === null ? usual : ENDPOINT, endpoint };
}
