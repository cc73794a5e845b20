import { expect, test } from "vitest";
import { detailOf, memberOf } from "~/pages/settings/audit";
import { grouped, groupInWords, judged, offered, typeInWords } from "~/pages/settings/event-types";
import { PROJECT_NAME } from "~/pages/settings/organization";
import { tabAt, visibleTabs } from "~/pages/settings/tabs";
import { webhooks } from "~/pages/settings/webhooks-words";

test("tabs that a key may not see are left out", () => {
  const words = (allowed: string[]) => visibleTabs((action) => allowed.includes(action)).map(({ word }) => word);
  expect(words(["webhook.read"])).toEqual(["key", "roles", "webhooks", "email"]);
  expect(words(["webhook.read", "audit.read", "administer"])).toHaveLength(8);
});

test("an address names its tab", () => {
  expect(tabAt("/settings")?.word).toBe("key");
  expect(tabAt("/settings/members/")?.word).toBe("members");
  expect(tabAt("/settings/nothing")).toBeNull();
});

test("names of projects are those that the server takes", () => {
  for (const good of ["a", "team-a", "a".repeat(64)]) expect(PROJECT_NAME.test(good)).toBe(true);
  for (const bad of ["", "-a", "a-", "Team", "a b", "a".repeat(65), "ä"]) expect(PROJECT_NAME.test(bad)).toBe(false);
});

test("event types are grouped and said in words; what is not known stays as it is", () => {
  const types = ["fine_tuning.job.succeeded", "fine_tuning.job.failed", "moon.landing.done"];
  expect(grouped(types).map(({ group }) => group)).toEqual(["fine_tuning", "moon"]);
  expect(typeInWords("batch.expired", webhooks.en)).toBe("Batches: expired");
  expect(typeInWords("moon.landing.done", webhooks.en)).toBe("moon.landing.done");
  expect(groupInWords("fine_tuning", types.slice(0, 2), webhooks.zh)).toBe("微调任务：成功、失败");
});

test("only what is sent is offered, and what the endpoint has", () => {
  const types = ["fine_tuning.job.failed", "eval.run.failed", "batch.failed"];
  expect(offered(types, [])).toEqual(["fine_tuning.job.failed"]);
  expect(offered(types, ["batch.failed"])).toEqual(["fine_tuning.job.failed", "batch.failed"]);
});

test("a receiver takes a message with any 2xx, and wants no more with 410", () => {
  expect([200, 204, 301, 400, 410, 500].map(judged)).toEqual(["good", "good", "bad", "bad", "gone", "bad"]);
});

test("an entry without a key is the operator's own", () => {
  expect(memberOf({ actor: { type: "operator", api_key: null } })).toBeNull();
  expect(memberOf({ actor: { type: "api_key", api_key: { id: "key_1", user: { id: "user-1" } } } })).toBe("user-1");
  expect(detailOf({ detail: { role: "owner", is_admin: false } })).toEqual([["role", "owner"], ["is_admin", "false"]]);
});
