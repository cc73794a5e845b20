import { SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconCubeOff } from "@tabler/icons-react";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { BaseModelCard } from "~/pages/models/BaseModelCard";
import { useBaseModels } from "~/pages/models/queries";
import { TunedModels } from "~/pages/models/TunedModels";
import { modelWords } from "~/pages/models/words";

export function ModelsPage() {
  const say = useWords(modelWords);
  const common = useWords(frame);
  return (
    <Page title={common.models} text={say.intro}>
      <Stack gap={40}>
        <BaseModels />
        <TunedModels />
      </Stack>
    </Page>
  );
}

function BaseModels() {
  const say = useWords(modelWords);
  const base = useBaseModels();
  return (
    <Stack component="section" gap="sm" aria-labelledby="base-models">
      <div>
        <Title order={2} size="h3" id="base-models">{say.baseModels}</Title>
        <Text c="dimmed" size="sm">{say.baseModelsText}</Text>
      </div>
      {base.isPending && <Loading />}
      {base.error && <Failed error={base.error} retry={() => void base.refetch()} />}
      {base.data?.length === 0 && <Empty icon={IconCubeOff} title={say.noBaseTitle} text={say.noBaseText} />}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>{base.data?.map((model) => <BaseModelCard key={model.id} model={model} />)}</SimpleGrid>
    </Stack>
  );
}
