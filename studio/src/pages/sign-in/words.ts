import { words } from "~/i18n/language";

export const text = words({
  en: {
    title: "Sign in",
    why: "The Studio talks to this server alone. Your key stays in this browser.",
    key: "API key",
    go: "Sign in",
    unknown: "This server does not know that key. It may be mistyped, revoked, or of another server.",
    away: "The server does not answer. Try again in a moment.",
    noKey: "No key yet?",
    ask: "Ask whoever administers this server: in the Studio, under Settings → API keys, they make one for you.",
    operator: "If that is you: the first start of the server printed an administrator's key. On the server, this makes another:",
    command: "Command that makes an administrator's key",
  },
  zh: {
    title: "登录",
    why: "Studio 只与这台服务器通信，密钥只保存在这个浏览器里。",
    key: "API 密钥",
    go: "登录",
    unknown: "这台服务器不认识这个密钥：可能输错了、已被吊销，或属于另一台服务器。",
    away: "服务器没有响应，请稍后再试。",
    noKey: "还没有密钥？",
    ask: "请向这台服务器的管理员索取：管理员可以在 Studio 的“设置 → API 密钥”里为你创建。",
    operator: "如果你就是管理员：服务器首次启动时打印过一个管理员密钥。也可以在服务器上再创建一个：",
    command: "创建管理员密钥的命令",
  },
});
