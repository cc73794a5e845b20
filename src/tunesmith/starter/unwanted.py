"""Words that have no place in what the starter reads: a paragraph of the corpus that holds one is left out.

Old books are full of insults, of violence and of desire told at length. The lists are broad on purpose: a
paragraph lost costs nothing, there are more of them than are read.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Stems; each matches at a word's beginning, and to its end where a "$" stands behind it.
_ENGLISH = """
nigg negro darky$ darkie darkies coon$ coons savage gyps gips jew jews$ jewe jewi hebrew heathen infidel pagan mulatto
quadroon octoroon squaw injun redskin chinam chink$ chinks$ coolie japs$ jap$ hottentot cannibal barbarian mohammed
mahomet papist popish half-caste halfcaste half-breed blackamoor pickaninn kaffir mongrel creole lascar dago ku$ klux
turk$ turks$ moslem musulman mussulman hindoo zulu eskimo lapland aborigin tribe race$ races$ racial caste christian
whor harlot prostitut courtesan strumpet wench slut bastard bitch damn$ damned bloody rape$ raped ravish seduc naked
nude$ nudity lust lustful lechero lewd obscen incest adulter fornicat brothel concubin harem erotic sensual sexual
voluptu bosom breasts$ womb petticoat castrat virgin chastity illegitimate debauch
kill murder slay slain slaughter massacre assassin butcher stab$ stabb strangl throttl behead corpse carcass blood gore$
gory mangl mutilat dismember torture tortur wound lynch gallows gibbet hang$ hanged noose suicid poison scaffold
execut whip$ whipp flog$ flogg thrash cudgel slave slavery enslave opium morphine cocaine drunk idiot imbecil lunatic
moron crippl hunchback dwarf$ madhouse leper gun$ guns$ pistol revolver rifle bullet sword dagger knife$ knives bayonet
shoot$ shot$ skull devil hell$ hellish satan cursed witch sodom torment cruel cruelt violen vermin hag$ hags$ beat$
terrorist attack weapon death$ dead$ die$ died$ dying$ grave$ coffin funeral burial buried
"""

_CHINESE = """
淫 奸 姦 嫖 娼 妓 婊 窑子 乳 裸 云雨 雲雨 交欢 交歡 强暴 龙阳 娈 阳物 屄 屌 肏 屁 尿 粪 屎 春宫 偷情 私通 同房 行房 苟合 媾 粉头
骚 行院 青楼 狎 亵 猥 贱人 贱婢 贱妇 蹄子 奴才 畜生 杂种 王八 忘八 泼妇 蛮 夷 番邦 鞑 虏 虜 倭 胡人 胡儿 胡兒 戎 狄 相公子 相姑 小老婆
杀 殺 斩 斬 砍 首级 首級 血 尸 屍 自尽 自缢 自刎 上吊 剖 剐 凌迟 拷 打死 刺死 毒药 砒 绞 勒死 溺死 戮 诛 誅 枭 刑 鞭 贼 賊 屠 刎
死 丧 喪 葬 坟 墳 棺 灵柩 奴 婢 阉 太监 鸦片 大烟 疯 癫 瘸 洞房 鸳鸯 鴛鴦 亲嘴 调戏 美人 搂
"""


_WHOLE = frozenset(stem[:-1] for stem in _ENGLISH.split() if stem.endswith("$"))
_STEMS = tuple(stem for stem in _ENGLISH.split() if not stem.endswith("$"))
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_UNWANTED_ZH = re.compile("|".join(sorted(_CHINESE.split(), key=len, reverse=True)))


def unwanted_in(text: str) -> str | None:
    """The first unwanted word of an English text."""
    return next((word for word in _WORD.findall(text.lower()) if _is_unwanted(word)), None)


def unwanted_in_chinese(text: str) -> str | None:
    """The first unwanted word of a Chinese text."""
    found = _UNWANTED_ZH.search(text)
    return found.group() if found else None


@lru_cache(maxsize=1 << 17)
def _is_unwanted(word: str) -> bool:
    return any(part in _WHOLE or part.startswith(_STEMS) for part in (word, *word.split("-")))
