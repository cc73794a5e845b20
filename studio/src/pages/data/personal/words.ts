import { words } from "~/i18n/language";

/** Kinds of personal data; keys as the API has them. One that is not here is shown as it is called there. */
export const kindWords = words<{ kinds: Record<string, string> }>({
  en: {
    kinds: {
      name: "Name", email: "E-mail", phone: "Phone", address: "Address", card: "Card", iban: "IBAN", us_ssn: "US social security", cn_id: "Chinese ID",
      national_id: "National ID", company_id: "Company ID", passport: "Passport", driver_licence: "Driver’s licence", plate: "Licence plate", birth_date: "Date of birth",
      ip: "IP address", mac: "Network card", secret: "Secret", crypto: "Crypto address", account: "User name", user_folder: "Home folder", coordinates: "Coordinates",
    },
  },
  zh: {
    kinds: {
      name: "姓名", email: "电子邮箱", phone: "电话", address: "地址", card: "银行卡", iban: "IBAN", us_ssn: "美国社会保障号", cn_id: "居民身份证", national_id: "其他国家证件号",
      company_id: "统一社会信用代码", passport: "护照", driver_licence: "驾驶证", plate: "车牌", birth_date: "出生日期", ip: "IP 地址", mac: "网卡地址", secret: "密钥",
      crypto: "加密货币地址", account: "用户名", user_folder: "用户目录", coordinates: "坐标",
    },
  },
});

export const personalWords = words({
  en: {
    text: "Names, numbers and keys that a model may learn by heart. Look for them, reject what is none, and write a cleaned copy; this file stays as it is.",
    look: "Look for personal data",
    nothing: "Nothing was found",
    found: (count: string, rows: string) => `${count} found in ${rows} ${rows === "1" ? "row" : "rows"}`,
    kind: "Kind",
    all: "All kinds",
    notCovered: "What this does not find",
    list: "What was found",
    row: (line: string) => `Row ${line}`,
    replace: "Replace",
    keep: "Keep",
    keepEverywhere: "Keep everywhere",
    noneListed: "None of this kind is listed.",
    nobodys: (count: string) => `${count} of them stay: tags, invented values, and those of ranges kept for examples, such as example.com. They are nobody’s.`,
    staysAsNobodys: "stays: nobody’s",
    notListed: (count: string) => `${count} more are too many to list; they are dealt with like the others.`,
    policy: "What becomes of it",
    policies: {
      redact: "A tag stands in its place, such as [EMAIL]",
      surrogate: "An invented one of the same kind takes its place, the same one each time",
      drop: "The whole row goes",
    } as Record<string, string>,
    clean: "Write a cleaned copy",
    cleaned: (rows: string) => `A cleaned copy of ${rows} rows is there`,
    again: "Look again",
  },
  zh: {
    text: "模型可能会背下来的姓名、号码和密钥。查找它们，排除误报，然后写出清理后的副本；本文件保持不变。",
    look: "查找个人信息",
    nothing: "没有找到",
    found: (count: string, rows: string) => `在 ${rows} 行中找到 ${count} 处`,
    kind: "类型",
    all: "所有类型",
    notCovered: "查找不到的内容",
    list: "找到的内容",
    row: (line: string) => `第 ${line} 行`,
    replace: "替换",
    keep: "保留",
    keepEverywhere: "各处都保留",
    noneListed: "列表中没有这一类。",
    nobodys: (count: string) => `其中 ${count} 处保持不变：标签、虚构内容，以及专供举例的内容（例如 example.com）。它们不属于任何人。`,
    staysAsNobodys: "保留：不属于任何人",
    notListed: (count: string) => `另有 ${count} 处因数量太多未列出，处理方式相同。`,
    policy: "如何处理",
    policies: {
      redact: "用标签代替，例如 [EMAIL]",
      surrogate: "用同类的虚构内容代替，每次都相同",
      drop: "删除整行",
    } as Record<string, string>,
    clean: "写出清理后的副本",
    cleaned: (rows: string) => `已写出 ${rows} 行的清理副本`,
    again: "重新查找",
  },
});
