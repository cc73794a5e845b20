import { Stack } from "@mantine/core";
import { Certificates } from "./Certificates";
import { JobCurves } from "./JobCurves";
import { Lineage } from "./Lineage";
import type { Job } from "./queries";
import type { JobSearch } from "./search";
import { ValidationNote } from "./ValidationNote";

export function Overview({ job, search, change }: { job: Job; search: JobSearch; change: (next: Partial<JobSearch>) => void }) {
  return (
    <Stack gap="xl">
      <ValidationNote job={job} />
      <JobCurves job={job} search={search} change={change} />
      <Certificates jobId={job.id} />
      <Lineage job={job} />
    </Stack>
  );
}
