import { Alert, Button, Center, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { asFailure, Failure, failureOf } from "~/api/failure";
import { Copyable } from "~/components/Copyable";
import { Mark } from "~/components/Mark";
import { ColourSwitch, LanguageSwitch } from "~/components/Shell";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { text } from "~/pages/sign-in/words";
import { useSession } from "~/session";

/** Asks for a key, and tries it before it is taken; says so where the one that was there is no longer good. */
export function SignIn() {
  const say = useWords(text);
  const all = useWords(frame);
  const session = useSession();
  const [key, setKey] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const trying = useMutation({
    mutationFn: tryKey,
    onSuccess: (_, tried) => session.signIn(tried),
    onError: () => field.current?.focus(),
  });
  useEffect(() => {
    document.title = `${say.title} · Tunesmith`;
  }, [say]);
  useEffect(() => {
    field.current?.focus();
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim()) trying.mutate(key.trim());
  };
  const said = useSaid();
  const failure = trying.error && asFailure(trying.error);
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder p={{ base: "md", sm: "xl" }} w="100%" maw={460}>
        <form onSubmit={submit}>
          <Stack>
            <Group justify="space-between"><Mark /><Group gap={4}><LanguageSwitch /><ColourSwitch /></Group></Group>
            <Title order={1} size="h3">{say.title}</Title>
            <Text c="dimmed" size="sm">{say.why}</Text>
            {session.failure?.isSignedOut && !failure && <Alert color="red" role="alert">{all.keyRefused}</Alert>}
            <PasswordInput
              ref={field} label={say.key} value={key} onChange={(event) => setKey(event.currentTarget.value)} autoComplete="current-password"
              required error={failure && said(sentence(failure, say))} spellCheck={false} placeholder="sk-…"
            />
            <Button type="submit" loading={trying.isPending}>{say.go}</Button>
            <Stack gap={6}>
              <Text size="sm" fw={600}>{say.noKey}</Text>
              <Text size="sm" c="dimmed">{say.ask}</Text>
              <Text size="sm" c="dimmed">{say.operator}</Text>
              <Copyable text="tunesmith keys create --admin --name studio" label={say.command} />
            </Stack>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}

function sentence(failure: Failure, say: (typeof text)["en"]): string {
  if (failure.isSignedOut) return say.unknown;
  return failure.isAway ? say.away : failure.message;
}

/** Raises Failure where the key opens nothing. Not by `call`, which sends the key of the session. */
async function tryKey(key: string): Promise<void> {
  // No key holds a space or a letter beyond ASCII, and a header cannot.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Failure(401, "");
  let response: Response;
  try {
    response = await fetch("/v1/me", { headers: { authorization: `Bearer ${key}` } });
  } catch (error) {
    throw asFailure(error);
  }
  if (!response.ok) throw await failureOf(response);
}
