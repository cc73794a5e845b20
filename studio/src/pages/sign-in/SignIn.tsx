import { Alert, Button, Center, Code, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Mark } from "~/components/Mark";
import { ColourSwitch, LanguageSwitch } from "~/components/Shell";
import { frame } from "~/components/words";
import { useWords, words } from "~/i18n/language";
import { useSession } from "~/session";

const text = words({
  en: {
    title: "Sign in",
    why: "The Studio talks to your own server only, with your key. The key stays in this browser.",
    key: "API key",
    where: "An administrator's key was printed when the server first started. Make another one there with:",
    go: "Sign in",
  },
  zh: {
    title: "登录",
    why: "Studio 只与你自己的服务器通信，使用你的密钥；密钥只保存在这个浏览器里。",
    key: "API 密钥",
    where: "管理员密钥在服务器首次启动时显示。也可以在服务器上新建一个：",
    go: "登录",
  },
});

/** Asks for a key; says so where the one that was there is no longer good. */
export function SignIn() {
  const say = useWords(text);
  const all = useWords(frame);
  const session = useSession();
  const [key, setKey] = useState("");
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (key.trim()) session.signIn(key.trim());
  };
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder p="xl" w="100%" maw={440}>
        <form onSubmit={submit}>
          <Stack>
            <Group justify="space-between"><Mark /><Group gap={4}><LanguageSwitch /><ColourSwitch /></Group></Group>
            <Title order={1} size="h3">{say.title}</Title>
            <Text c="dimmed" size="sm">{say.why}</Text>
            {session.failure?.isSignedOut && <Alert color="red" role="alert">{all.keyRefused}</Alert>}
            <PasswordInput
              label={say.key} value={key} onChange={(event) => setKey(event.currentTarget.value)} autoComplete="current-password" required
              data-autofocus
            />
            <Button type="submit">{say.go}</Button>
            <Text size="sm" c="dimmed" component="div">{say.where} <Code block mt={6}>tunesmith keys create --name studio</Code></Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
