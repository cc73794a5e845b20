import { Button, CopyButton, Group, Text } from "@mantine/core";
import { IconLink, IconLock, IconPlus, IconTrash } from "@tabler/icons-react";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { LinkButton } from "~/components/RouteLink";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { useModels } from "~/pages/models/queries";
import { MOST_COLUMNS } from "~/pages/playground/conversation";
import { Desk } from "~/pages/playground/Desk";
import { hashOf } from "~/pages/playground/link";
import { modelsSearch } from "~/pages/playground/search";
import { useColumns, usePlayground } from "~/pages/playground/state";
import { playgroundWords } from "~/pages/playground/words";
import { useSession } from "~/session";

export function PlaygroundPage() {
  const say = useWords(playgroundWords);
  const common = useWords(frame);
  const { may } = useSession();
  return may("chat") ? (
    <Asking />
  ) : (
    <Page title={common.playground} text={say.intro}>
      <Empty icon={IconLock} title={say.viewer} text={say.viewerText}>
        <LinkButton to="/models" variant="default">{say.toModels}</LinkButton>
      </Empty>
    </Page>
  );
}

/** The page of those who may chat. */
function Asking() {
  const say = useWords(playgroundWords);
  const common = useWords(frame);
  const { playground, kept } = usePlayground();
  const known = useModels();
  const { models, setModels } = useColumns(playground, kept, known.data);
  const link = () => {
    const { system, draft, parameters } = kept;
    const search = new URLSearchParams({ models: modelsSearch(models) });
    return `${window.location.origin}${window.location.pathname}?${search}#${hashOf({ system, draft, parameters })}`;
  };
  const actions = (
    <>
      <Button
        size="compact-sm" variant="default" leftSection={<IconPlus size={14} />} disabled={models.length >= MOST_COLUMNS}
        title={models.length >= MOST_COLUMNS ? say.mostColumns : undefined} onClick={() => setModels([...models, nextModel(models, known.data ?? [])])}
      >
        {say.addColumn}
      </Button>
      <CopyButton value={link()}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="default" leftSection={<IconLink size={14} />} onClick={copy} title={say.copyLinkHint}>
            {copied ? say.linkCopied : say.copyLink}
          </Button>
        )}
      </CopyButton>
      <Button
        size="compact-sm" variant="default" leftSection={<IconTrash size={14} />} disabled={kept.turns.length === 0} title={say.clearHint}
        onClick={() => playground.clear()}
      >
        {say.clear}
      </Button>
    </>
  );
  return (
    <Page title={common.playground} text={<Text c="dimmed" visibleFrom="sm">{say.intro}</Text>} actions={<Group gap={6}>{actions}</Group>}>
      {known.error && <Failed error={known.error} retry={() => void known.refetch()} />}
      {models.length === 0 && !known.error ? (
        <Loading />
      ) : (
        <Desk playground={playground} kept={kept} models={models} setModels={setModels} known={known.data ?? []} />
      )}
    </Page>
  );
}

/** What a new column begins with: the newest tuned model that stands in none yet, or another base model, or the same again. */
function nextModel(models: readonly string[], known: readonly { id: string; base_model?: string | null }[]): string {
  const free = known.filter((each) => !models.includes(each.id));
  const tuned = free.filter((each) => each.base_model).at(-1);
  return (tuned ?? free[0])?.id ?? models.at(-1) ?? "";
}
