import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Page } from "~/components/Page";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { CodePane } from "~/pages/fine-tune/CodePane";
import { type Step, STEPS } from "~/pages/fine-tune/draft";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { Notices } from "~/pages/fine-tune/Notices";
import { ofStep } from "~/pages/fine-tune/problems";
import { ProblemSummary } from "~/pages/fine-tune/ProblemSummary";
import { sayings } from "~/pages/fine-tune/say";
import { Setups } from "~/pages/fine-tune/Setups";
import { StepNav } from "~/pages/fine-tune/StepNav";
import { DataStep } from "~/pages/fine-tune/steps/DataStep";
import { MethodStep } from "~/pages/fine-tune/steps/MethodStep";
import { ModelStep } from "~/pages/fine-tune/steps/ModelStep";
import { ReviewStep } from "~/pages/fine-tune/steps/ReviewStep";
import { SettingsStep } from "~/pages/fine-tune/steps/SettingsStep";
import { ValidationStep } from "~/pages/fine-tune/steps/ValidationStep";
import { useArrival } from "~/pages/fine-tune/useArrival";
import { SetupProvider, useSetup } from "~/pages/fine-tune/useSetup";
import { useSession } from "~/session";

const route = getRouteApi("/fine-tune");
const FORMS: Record<Step, () => React.ReactNode> = {
  model: ModelStep, method: MethodStep, data: DataStep, validation: ValidationStep, settings: SettingsStep, review: ReviewStep,
};

export function FineTunePage() {
  const { me } = useSession();
  const projectId = me?.project_id ?? "";
  return <SetupProvider key={projectId} projectId={projectId}><Wizard /></SetupProvider>;
}

function Wizard() {
  const all = useWords(frame);
  const say = useWords(sayings);
  const session = useSession();
  const { step = "model" } = route.useSearch();
  useArrival();
  return (
    <Page title={all.fineTune} actions={<Setups />}>
      <Text c="dimmed" mt="-sm">{say.lead}</Text>
      {session.me && !session.may("job.create") && (
        <Alert color="blue" icon={<IconEye size={18} aria-hidden />} title={say.viewer}>{say.viewerText(session.me.role)}</Alert>
      )}
      <Notices />
      <StepNav current={step} />
      <div className={classes.layout}>
        <CurrentStep step={step} />
        <aside className={classes.side} aria-label={say.code}><CodePane /></aside>
      </div>
    </Page>
  );
}

/** One step's form. Going on asks for what this step needs; the list of steps leads anywhere. */
function CurrentStep({ step }: { step: Step }) {
  const say = useWords(sayings);
  const navigate = route.useNavigate();
  const { problems, leave } = useSetup();
  const [insists, setInsists] = useState(false);
  const summary = useRef<HTMLDivElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const shown = useRef(step);
  const index = STEPS.indexOf(step);
  const mine = ofStep(problems, step).filter((problem) => insists || problem.rule !== "missing");
  const Form = FORMS[step];

  useEffect(() => {
    if (shown.current === step) return;
    leave(shown.current);
    shown.current = step;
    setInsists(false);
    form.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }, [step, leave]);

  const go = (to: Step | undefined) => to && void navigate({ search: (before) => ({ ...before, step: to }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (step === "review") return;
    if (ofStep(problems, step).some((problem) => !problem.isWarning)) {
      setInsists(true);
      requestAnimationFrame(() => summary.current?.focus());
    } else go(STEPS[index + 1]);
  };
  return (
    <form ref={form} className={classes.form} onSubmit={submit} tabIndex={-1} noValidate aria-label={say.stepOf(index + 1, STEPS.length)}>
      <Stack gap="lg">
        {step !== "review" && <ProblemSummary ref={summary} problems={mine} />}
        <Form />
        {step !== "review" && (
          <Group justify="space-between">
            <Button variant="default" disabled={index === 0} onClick={() => go(STEPS[index - 1])}>{say.back}</Button>
            <Button type="submit">{say.next}</Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
