import { Grid, Stack } from "@mantine/core";
import { Failed } from "~/components/Failed";
import { Page } from "~/components/Page";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { EndpointCard } from "~/pages/home/EndpointCard";
import { JobsCard } from "~/pages/home/JobsCard";
import { MachineCard } from "~/pages/home/MachineCard";
import { tunedModels } from "~/pages/home/models";
import { nextStep } from "~/pages/home/next-step";
import { NextStepCard } from "~/pages/home/NextStepCard";
import { useHasFiles, useJobs, useModels } from "~/pages/home/queries";
import { useSession } from "~/session";

export function HomePage() {
  const say = useWords(frame);
  const { me, may } = useSession();
  const { jobs, error, live } = useJobs();
  const models = useModels();
  const files = useHasFiles();
  const isKnown = jobs !== undefined && models.data !== undefined && files.data !== undefined;
  const step = isKnown
    ? nextStep({ hasFiles: files.data, jobs, tunedModels: tunedModels(models.data), may })
    : null;
  const failure = error ?? models.error ?? files.error;
  return (
    <Page title={say.home} text={me && <bdi>{say.project(me.project_name)}</bdi>}>
      <Stack gap="md">
        {failure && !isKnown ? <Failed error={failure} /> : <NextStepCard step={step} />}
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 7 }}><JobsCard jobs={jobs} live={live} /></Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}><MachineCard /></Grid.Col>
        </Grid>
        <EndpointCard models={models.data} />
      </Stack>
    </Page>
  );
}
