import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** What may be bundled without a second thought: each asks for its notice, and for nothing else. */
const WELCOME = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"]);
/** Packages that forgot their licence's text → a package of the same author under the same terms that has it. */
const SPOKEN_FOR: Readonly<Record<string, string>> = { "react-remove-scroll-bar": "react-remove-scroll" };
const HEAD = `The Studio contains the packages below. Each is used under the terms that follow its name.
Written by studio/third-party.ts from what is really in the bundle.
`;

type Package = { name: string; version: string; license: string; notice: string };

/** Writes THIRD-PARTY.txt: whatever is bundled, with its licence. A package without a known one fails the build. */
export function thirdParty(): Plugin {
  return {
    name: "third-party",
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const part of Object.values(bundle)) {
        if (part.type !== "chunk") continue;
        for (const id of part.moduleIds) {
          const folder = packageFolder(id);
          if (folder !== null) folders.add(folder);
        }
      }
      const packages = [...folders].map((folder) => read(folder, (sentence) => this.error(sentence)));
      packages.sort((a, b) => (a.name < b.name ? -1 : 1));
      const parts = packages.map(({ name, version, license, notice }) => `${name} ${version} (${license})\n\n${notice}\n`);
      const line = `\n${"-".repeat(80)}\n\n`;
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY.txt", source: [HEAD, ...parts].join(line) });
    },
  };
}

/** `/x/node_modules/@a/b/c.js` → `/x/node_modules/@a/b`; null for our own files. */
function packageFolder(id: string): string | null {
  const path = id.replace(/^\0/, "").replaceAll("\\", "/");
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/?]+)/.exec(path);
  return found?.[1] ?? null;
}

function read(folder: string, refuse: (sentence: string) => never): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Partial<Package>;
  if (!name || !version || !license) return refuse(`${folder} does not say its name, version and licence`);
  if (!WELCOME.has(license)) refuse(`${name} is under ${license}, which studio/third-party.ts does not know`);
  const notice = licenceText(folder) ?? licenceText(join(folder, "..", SPOKEN_FOR[name] ?? "-"));
  if (notice === null) return refuse(`${name} carries no licence text; say in studio/third-party.ts where it stands`);
  return { name, version, license, notice };
}

function licenceText(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  return file ? readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim() : null;
}
