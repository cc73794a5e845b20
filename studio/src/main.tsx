import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "~/theme.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "~/api/queries";
import { provideClipboard } from "~/clipboard";
import { LanguageProvider } from "~/i18n/language";
import { router } from "~/router";
import { SessionProvider } from "~/session";
import { styleNonce, theme } from "~/theme";

const root = document.getElementById("root");
if (!root) throw new Error("there is no place for the Studio in this page");

provideClipboard();
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => styleNonce}>
      <LanguageProvider>
        <QueryClientProvider client={queries}>
          <SessionProvider>
            <Notifications position="bottom-right" />
            <RouterProvider router={router} />
          </SessionProvider>
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  </StrictMode>,
);
