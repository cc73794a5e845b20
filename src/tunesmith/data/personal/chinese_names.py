"""Names of people in Chinese characters: a family name and one or two characters, where the words around say so.

Without such words only three characters that stand alone, the last two common in given names, are taken for a name:
in running text nearly every family name is a word as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.personal.name_lists import CHINESE_DOUBLE_FAMILY, CHINESE_FAMILY, CHINESE_GIVEN
from tunesmith.data.personal.spans import Span

_BEFORE: Final = re.compile(
    r"我叫|名叫|叫做|我是|姓名|联系人|紧急联系人|收件人|寄件人|收货人|收款人|付款人|开户名|户名|持卡人|客户|用户|患者|病人|申请人|委托人|负责人|经办人|法定代表人|法人|代表|"
    r"经理|老师|同事|同学|朋友|医生|律师|会计|请帮|帮忙|帮|请找|找|转告|通知|抄送|此致|尊敬的|亲爱的|署名|签名|作者|编辑|记者|主任|女儿|儿子|妻子|丈夫|父亲|母亲|哥哥|姐姐|弟弟|妹妹"
)
_BETWEEN: Final = re.compile(r"[：:是为 　]{0,3}")
_CJK: Final = re.compile(r"[\u4e00-\u9fff]")
TITLE_BEHIND: Final = r"(?:先生|女士|小姐|太太|同学|老师|教授|医生|大夫|律师|经理|主任|总监|局长|处长|校长|院长|会计|师傅|阿姨|叔叔|您好|你好|同志)"
_AFTER: Final = re.compile(TITLE_BEHIND)
_NO_GIVEN: Final = frozenset(
    "的了是在有不我你他她它们这那个和与及或就也都还把被给对向从到要会能可以请办说问答来去做为因所而但则吗呢吧啊呀哦"
)
_WORDS: Final = frozenset(
    "高中 高级 高兴 高度 高考 高校 高手 高速 高层 王国 王子 王者 马上 马克 马路 马来 马车 马戏 金融 金额 金属 金钱 安全 安排 安装 安慰 安静 方法 方面 方案 方向 方便 方式 时间 时候 时代 时尚 程序 程度 黄金 黄色 白色 白天 江苏 江西 "
    "江湖 江河 云南 田野 石头 石油 项目 计算 计划 计时 严重 严格 温度 温柔 温暖 钱包 毛病 花园 万一 万能 于是 于此 向上 何时 何事 何况 何必 成功 成为 成人 成员 成本 成绩 成长 成都 常见 常用 常常 单位 单独 单词 林业 张开 张贴 周末 周年 周围 周期 周日 "
    "胡说 胡子 包括 包裹 包含 易于 文件 文章 文化 文学 文本 文字 文明 关于 关系 关键 关注 关心 祝福 祝你 祝您 管理 管道 任何 任务 强烈 强大 强调 解决 解释 连接 连续 柴油 施工 曾经 童年 童话 阳光 阳台 雷达 段落 房子 房间 房屋 房产 车辆 车子 车站 "
    "边缘 路上 路线 路由 游戏 游客 曲线 席位 查询 查看 查找 司机 柏林 华为 华语 尤其 牛奶 牛肉 熊猫 章节 辛苦 辛勤 庄园 左右 谷歌 盛大 甘肃 景色 景点 韩国 韩语 韩剧 苏州 沈阳 洪水 康复 殷勤 莫名 莫非 冷静 余额 费用 纪念 欧洲 欧美 项链 顾客 孔子 孟子 "
    "老师 经理 公司 季节 季度 齐全 党员 叶子 杜绝 明天 明白 元旦 元素 英语 英国 全部 全国 平台 平时 伍百 宁可 宁愿 汪洋 陶瓷 顺便 简单 简介 支持 古代 仇恨 党派 商品 商家 商务 应用 应该 部分 能力 能源 通知 通过 习惯 习题 信息 信用 水平 水果 冬天 山东 "
    "山西 海南 海外 光明 东方 东西 南方 南京 北京 北方 西安 西方 新闻 新年 新手 学生 学习 学校 大家 大学 女士 先生 国家 国际".split()
)
"""Words that begin with what is a family name as well."""
_ALONE: Final = re.compile(r"(?:^|(?<=[\s，。、：:；;（(\"“]))[\u4e00-\u9fff]{3}(?=$|[\s，。、；;）)\"”<])")


def chinese_names(text: str) -> Iterator[Span]:
    if text.isascii() or not _CJK.search(text):
        return
    for word in _BEFORE.finditer(text):
        start = _BETWEEN.match(text, word.end()).end()  # type: ignore[union-attr]
        if span := _name_at(text, start, 0.85):
            yield span
    for word in _AFTER.finditer(text):
        if span := _name_before(text, word.start()):
            yield span
    for found in _ALONE.finditer(text):
        if family_length(text, found.start()) == 1 and all(
            sign in CHINESE_GIVEN and sign not in _NO_GIVEN for sign in found[0][1:]
        ):
            yield Span("name", found.start(), found.end(), "characters", 0.55)


def family_length(text: str, start: int) -> int:
    if text[start : start + 2] in CHINESE_DOUBLE_FAMILY:
        return 2
    is_one = text[start : start + 1] in CHINESE_FAMILY and text[start : start + 2] not in _WORDS
    return 1 if is_one else 0


def _name_at(text: str, start: int, confidence: float) -> Span | None:
    """The second character of the given name only belongs to it if it is common there or the text ends with it."""
    family = family_length(text, start)
    given = text[start + family : start + family + 3] if family else ""
    if _AFTER.match(given):
        return Span("name", start, start + family, "words around", confidence)
    if not given or not _CJK.match(given) or given[0] in _NO_GIVEN or _AFTER.match(text, start + family):
        return None
    if not (given[0] in CHINESE_GIVEN or not _CJK.match(given[1:]) or given[1:2] in CHINESE_GIVEN):
        return None
    length = 1
    if _CJK.match(given[1:]) and given[1] not in _NO_GIVEN and not _AFTER.match(text, start + family + 1):
        is_last = not _CJK.match(given[2:]) if len(given) > 2 else True
        length += given[1] in CHINESE_GIVEN or (is_last and given[0] in CHINESE_GIVEN)
    return Span("name", start, start + family + length, "words around", confidence)


def _name_before(text: str, end: int) -> Span | None:
    """尊敬的王先生, 王小明先生: the longest that begins with a family name."""
    for length in (4, 3, 2, 1):
        start = end - length
        if start < 0:
            continue
        family, given = family_length(text, start), text[start:end]
        if (
            family
            and family <= length <= family + 2
            and all(sign in CHINESE_GIVEN and sign not in _NO_GIVEN for sign in given[family:])
        ):
            is_alone = (
                length > family
                or start == 0
                or text[start - 1] in '，。！？、：:；; \n\t“"的和与（(请给向叫找'
                or not _CJK.match(text[start - 1])
            )
            if is_alone:
                return Span("name", start, end, "words around", 0.8)
    return None
