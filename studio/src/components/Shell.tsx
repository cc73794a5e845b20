import { ActionIcon, Anchor, AppShell, Burger, Button, Group, Text, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import { Outlet, useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, type MouseEvent, useEffect, useRef } from "react";
import { Connection } from "~/components/Connection";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Mark } from "~/components/Mark";
import { Navigation } from "~/components/Navigation";
import { frame } from "~/components/words";
import { useLanguage, useWords } from "~/i18n/language";
import { SignIn } from "~/pages/sign-in/SignIn";
import { useSession } from "~/session";

/** Navigation, language, colours, and what must be said on every page: the server is away, the key is no longer good. */
export function Shell() {
  const say = useWords(frame);
  const session = useSession();
  const [isOpen, menu] = useDisclosure(false);
  const burger = useRef<HTMLButtonElement>(null);
  // Below the theme's breakpoint `sm` the list of pages covers the page, and is out of reach where it is closed.
  const isNarrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });
  const isHidden = isNarrow && !isOpen;
  useFocusOnNewPage();

  if (session.key === null || session.failure?.isSignedOut) return <SignIn />;
  const closeByKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !isOpen) return;
    menu.close();
    burger.current?.focus();
  };
  const project = session.me && say.project(session.me.project_name);
  return (
    <AppShell
      header={{ height: 56 }} navbar={{ width: 216, breakpoint: "sm", collapsed: { mobile: !isOpen } }} padding={{ base: "sm", sm: "md" }}
      onKeyDown={closeByKey}
    >
      <Anchor href="#page" className="skip" onClick={skipToPage}>{say.skip}</Anchor>
      <AppShell.Header>
        <Group h="100%" px={{ base: "sm", sm: "md" }} justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger
              ref={burger} opened={isOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={isOpen ? say.closePages : say.openPages}
              aria-expanded={isOpen} aria-controls="pages"
            />
            <Mark />
            {project && <Text size="sm" c="dimmed" visibleFrom="sm" truncate maw={320} title={project}><bdi>{project}</bdi></Text>}
          </Group>
          <Group gap={4} wrap="nowrap">
            <LanguageSwitch />
            <ColourSwitch />
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={say.signOut} title={say.signOut} onClick={session.signOut}>
              <IconLogout size={18} />
            </ActionIcon>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar id="pages" p="xs" aria-label={say.pages} inert={isHidden} style={{ visibility: isHidden ? "hidden" : undefined }}>
        <Navigation leave={menu.close} />
        {project && <Text size="sm" c="dimmed" p="sm" mt="auto" truncate hiddenFrom="sm"><bdi>{project}</bdi></Text>}
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1} inert={isNarrow && isOpen}>
        <Content />
      </AppShell.Main>
      <Connection />
    </AppShell>
  );
}

/** The page, as soon as it is known who looks at it; until then why it is not. */
function Content() {
  const { me, failure, signOut } = useSession();
  const say = useWords(frame);
  if (me) return <Outlet />;
  if (!failure || failure.isAway) return <Loading />;
  return (
    <>
      <Failed error={failure} />
      <Button mt="md" variant="default" onClick={signOut}>{say.otherKey}</Button>
    </>
  );
}

/** A link of the navigation, or one that is gone with its page, would leave the keyboard outside the new page. */
function useFocusOnNewPage() {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onRendered", ({ pathChanged, fromLocation }) => {
        const at = document.activeElement;
        const isOutside = at === null || at === document.body || at.closest("#pages") !== null;
        if (pathChanged && fromLocation && isOutside) document.getElementById("page")?.focus({ preventScroll: true });
      }),
    [router],
  );
}

function skipToPage(event: MouseEvent) {
  event.preventDefault();
  document.getElementById("page")?.focus();
}

export function LanguageSwitch() {
  const say = useWords(frame);
  const { language, choose } = useLanguage();
  return (
    <Button
      variant="subtle" color="gray" size="compact-md" fz="sm" lang={language === "en" ? "zh-CN" : "en"} title={say.switchLanguage}
      onClick={() => choose(language === "en" ? "zh" : "en")}
    >
      {say.language}
    </Button>
  );
}

export function ColourSwitch() {
  const say = useWords(frame);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const label = scheme === "dark" ? say.toLight : say.toDark;
  return (
    <ActionIcon
      variant="subtle" color="gray" size="lg" aria-label={label} title={label}
      onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
    >
      {scheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}
