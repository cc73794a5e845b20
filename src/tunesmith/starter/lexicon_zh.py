"""Chinese for the starter's dialogues: words, sentence frames, facts, question shapes. Text only."""

from __future__ import annotations

from tunesmith.starter.lexicon_more_zh import (
    MORE_FACTS,
    MORE_PEOPLE,
    MORE_PHRASES,
    MORE_SHAPES,
    MORE_WORDS,
    MORE_WORKS,
)
from tunesmith.starter.tongue import Tongue

WORKS = """
noun role did base key
书 作者 写了 写 book
小说 作者 写了 写 novel
电影 导演 拍了 拍 film
歌曲 歌手 唱了 唱 song
画 画家 画了 画 painting
公司 创始人 创立了 创立 company
桥 建造者 建了 建 bridge
游戏 设计师 设计了 设计 game
机器 发明人 发明了 发明 machine
诗 诗人 写了 写 poem
商店 老板 开了 开 shop
学校 校长 创办了 创办 school
花园 园丁 种了 种 garden
照片 摄影师 拍了 拍 photo
文章 记者 发表了 发表 article
房子 建筑师 设计了 设计 house
课程 老师 教了 教 course
岛屿 探险家 发现了 发现 island
"""
PEOPLE = """
noun key does
老师 城市 住在
医生 城市 住在
学生 城市 来自
作家 出生地 出生在
工程师 城市 工作在
城市 国家 位于
河流 地区 流经
公司 总部 总部设在
山 地区 位于
火车 车站 经过
酒店 地区 位于
"""
SHAPES = """
works | list {noun} | {role} = {person}
  {person}{did}哪些{noun}？
  列出{person}的所有{noun}。
  哪些{noun}的{role}是{person}？
  请找出{person}{base}的{noun}。
  有哪些{noun}是{person}{base}的？
  我想看{person}的{noun}。
works | count {noun} | {role} = {person}
  {person}一共{did}多少{noun}？
  有多少{noun}的{role}是{person}？
  数一数{person}的{noun}有多少。
  {person}的{noun}数量是多少？
works | list {noun} | {role} = {person} ; year > {year}
  {person}在{year}年以后{did}哪些{noun}？
  列出{person}{year}年之后的{noun}。
  {year}年以后，{person}{did}哪些{noun}？
works | list {noun} | {role} = {person} ; year < {year}
  {person}在{year}年以前{did}哪些{noun}？
  列出{person}{year}年之前的{noun}。
  {year}年以前，{person}{did}哪些{noun}？
works | count {noun} | {role} = {person} ; year > {year}
  {person}在{year}年以后{did}多少{noun}？
works | list {noun} | {role} = {person} ; year = {year}
  {person}在{year}年{did}哪些{noun}？
  {year}年{person}{did}哪些{noun}？
works | {role} | {noun} = {work}
  《{work}》的{role}是谁？
  谁{did}《{work}》？
  请问{noun}《{work}》的{role}叫什么？
works | year | {noun} = {work}
  {noun}《{work}》是哪一年的？
  《{work}》这个{noun}是什么时候出现的？
works | check {noun} | name = {work} ; {role} = {person}
  《{work}》是{person}{base}的吗？
  {person}是《{work}》的{role}吗？
works | 城市 | of = [{role} of {work}]
  《{work}》的{role}住在哪个城市？
  {base}《{work}》的人住在哪座城市？
works | list {noun} | {role} = [{role} of {work}]
  《{work}》的{role}还{did}哪些{noun}？
  列出《{work}》的{role}的其他{noun}。
people | list {noun} | {key} = {place}
  哪些{noun}{does}{place}？
  列出所有{does}{place}的{noun}。
  {does}{place}的{noun}有哪些？
people | count {noun} | {key} = {place}
  有多少{noun}{does}{place}？
  {does}{place}的{noun}有多少？
- | 住址 | of = {person}
  {person}住在哪里？
  {person}的家在哪儿？
- | 生日 | of = {person}
  {person}是什么时候出生的？
  {person}的生日是哪一天？
- | 邮编 | of = {place}
  {place}的邮编是多少？
  请告诉我{place}的邮编。
- | 人口 | of = {place}
  {place}有多少人？
  {place}的人口是多少？
- | call | who = {person} ; time = {time}
  {time}给{person}打电话。
  请提醒我{time}打电话给{person}。
- | pay | to = {person} ; amount = {amount}
  给{person}转{amount}元。
  请付给{person}{amount}元。
- | ticket | from = {place} ; to = {place2}
  我要一张从{place}到{place2}的票。
  从{place}去{place2}怎么走？
- | weather | place = {place} ; date = {day}
  {day}{place}的天气怎么样？
  {place}{day}会下雨吗？
- | play 歌曲 | title = {work} ; artist = {person}
  播放{person}的《{work}》。
  我想听{person}唱的《{work}》。
- | meet | who = {person} ; place = {place} ; date = {day}
  {day}我在{place}和{person}见面。
  安排{day}在{place}与{person}开会。
"""
FACTS = """
作者:person 书名:work 年份:year
  + {作者}在{年份}年写了《{书名}》。
  + 《{书名}》是{作者}写的，{年份}年出版。
  ? 谁写了《{书名}》？ = 作者
  ? {作者}写了哪本书？ = 书名
  ? 《{书名}》是哪一年写的？ = 年份
导演:person 电影:work 城市:place
  + {导演}在{城市}拍了电影《{电影}》。
  + 电影《{电影}》由{导演}导演，在{城市}拍摄。
  ? 《{电影}》的导演是谁？ = 导演
  ? 《{电影}》是在哪里拍的？ = 城市
姓名:person 城市:place
  + {姓名}住在{城市}。
  + {姓名}的家在{城市}。
  ? {姓名}住在哪里？ = 城市
  ? 谁住在{城市}？ = 姓名
姓名:person 职业:job 公司:org
  + {姓名}是{公司}的{职业}。
  + {姓名}在{公司}工作，是一名{职业}。
  ? {姓名}的职业是什么？ = 职业
  ? {姓名}在哪里工作？ = 公司
  ? 谁在{公司}工作？ = 姓名
创始人:person 公司:org 年份:year
  + {创始人}在{年份}年创立了{公司}。
  + {公司}是{创始人}于{年份}年创办的。
  ? 谁创立了{公司}？ = 创始人
  ? {公司}是哪一年创立的？ = 年份
姓名:person 出生地:place 日期:day
  + {姓名}于{日期}出生在{出生地}。
  + {姓名}出生在{出生地}，生日是{日期}。
  ? {姓名}出生在哪里？ = 出生地
  ? {姓名}的生日是哪一天？ = 日期
老师:person 科目:subject 学校:school
  + {老师}在{学校}教{科目}。
  + {学校}的{科目}老师是{老师}。
  ? {老师}教什么？ = 科目
  ? {老师}在哪里教书？ = 学校
河流:stem 国家:country 长度:size
  + {河流}河流经{国家}，全长{长度}公里。
  + {国家}境内的{河流}河长{长度}公里。
  ? {河流}河有多长？ = 长度
  ? {河流}河流经哪里？ = 国家
商店:store 商品:thing 价格:amount
  + {商店}卖{商品}，每个{价格}元。
  + 在{商店}，一个{商品}要{价格}元。
  ? {商店}的{商品}多少钱？ = 价格
  ? {商店}卖什么？ = 商品
起点:place 终点:place 时间:time
  + 从{起点}到{终点}的火车{时间}出发。
  + 开往{终点}的火车{时间}离开{起点}。
  ? 从{起点}出发的火车几点开？ = 时间
  ? 从{起点}出发的火车去哪里？ = 终点
姓名:person 动物:animal 名字:word
  + {姓名}养了一只{动物}，名叫{名字}。
  + {姓名}的{动物}叫{名字}。
  ? {姓名}的{动物}叫什么名字？ = 名字
  ? {姓名}养了什么动物？ = 动物
姓名:person 邮箱:email
  + {姓名}的邮箱是{邮箱}。
  + 联系{姓名}请写信到{邮箱}。
  ? {姓名}的邮箱是什么？ = 邮箱
  ? {邮箱}是谁的邮箱？ = 姓名
订单:code 姓名:person 日期:day
  + {姓名}的订单{订单}已于{日期}发出。
  + 订单{订单}的收件人是{姓名}，{日期}发货。
  ? {姓名}的订单号是多少？ = 订单
  ? 订单{订单}是哪天发出的？ = 日期
城市:place 人口:size 河流:stem
  + {城市}有{人口}人，位于{河流}河边。
  + {河流}河边的{城市}住着{人口}人。
  ? {城市}有多少人？ = 人口
  ? {城市}在哪条河边？ = 河流
"""
WORDS = """
job
  老师 / 医生 / 护士 / 厨师 / 司机 / 农民 / 飞行员 / 律师 / 画家 / 作家 / 园丁 / 裁缝 / 记者 / 经理 / 导游 / 工程师
subject
  数学 / 历史 / 音乐 / 生物 / 化学 / 物理 / 地理 / 美术 / 体育 / 英语 / 法语 / 语文
thing
  书包 / 杯子 / 篮子 / 水壶 / 闹钟 / 玩具 / 花瓶 / 盘子 / 箱子 / 指南针 / 气球 / 口哨 / 手电筒 / 收音机 / 相框 / 背包 / 罐子
  盒子 / 枕头 / 足球 / 本子 / 书架 / 存钱罐 / 望远镜 / 计算器 / 保温杯 / 风铃 / 灯笼 / 笔筒 / 音箱
animal
  猫 / 狗 / 兔子 / 鹦鹉 / 山羊 / 乌龟 / 仓鼠 / 鸭子 / 绵羊 / 鸽子 / 松鼠 / 小鸡 / 青蛙 / 燕子 / 刺猬 / 孔雀 / 白鹅 / 喜鹊
colour
  红色 / 蓝色 / 绿色 / 黄色 / 黑色 / 白色 / 棕色 / 灰色 / 紫色 / 粉色
food
  面包 / 汤 / 米饭 / 面条 / 饺子 / 蛋糕 / 沙拉 / 土豆 / 豆腐 / 蜂蜜 / 西红柿 / 鸡蛋 / 包子 / 粥
fruit
  苹果 / 梨 / 李子 / 香蕉 / 樱桃 / 桃子 / 柠檬 / 西瓜 / 葡萄 / 芒果 / 橙子 / 草莓 / 石榴 / 荔枝
spot
  市场 / 公园 / 图书馆 / 车站 / 海边 / 森林 / 花园 / 学校 / 港口 / 博物馆 / 面包店 / 老桥 / 广场 / 河边
weather
  晴朗 / 下雨 / 刮风 / 有雾 / 下雪 / 暖和 / 寒冷 / 多云
season
  春天 / 夏天 / 秋天 / 冬天
dayname
  星期一 / 星期二 / 星期三 / 星期四 / 星期五 / 星期六 / 星期日
month
  一月 / 二月 / 三月 / 四月 / 五月 / 六月 / 七月 / 八月 / 九月 / 十月 / 十一月 / 十二月
feeling
  高兴 / 疲惫 / 自豪 / 惊讶 / 平静 / 好奇 / 感激
doing
  看书 / 做饭 / 喂鸟 / 弹吉他 / 浇花 / 修自行车 / 写信 / 烤面包 / 散步 / 学新词 / 数星星 / 唱歌 / 擦窗户 / 种树
plain
  {person}每天{doing}。
  {person}在{place}的{spot}遇见了{person}。
  {person}在{place}丢了一个{thing}。
  {dayname}{place}的天气是{weather}。
  我的朋友{person}喜欢吃{food}。
  我们从{place}走到{place}用了{small}个小时。
  {person}看了两遍《{work}》。
  {place}的{spot}{time}开门。
  {person}给{person}寄了{amount}封信。
  请在{time}以前把{thing}带给{person}。
  {person}和{person}在{year}年搬到了{place}。
  {place}图书馆有{amount}本书。
  {org}要在{place}开一家新店。
  门的密码是{code}。
"""
PHRASES = r"""
system.any
  你是一个乐于助人的助手。
  请用中文简短回答。
  你是 Tunesmith starter。
  只回答答案，不要解释。
  请准确地照抄名字和数字。
  请按照用户的要求回答。
greet
  你好！ = 你好！有什么可以帮你？
  早上好！ = 早上好！今天想做什么？
  你好吗？ = 我很好，谢谢。你呢？
  你是谁？ = 我是 Tunesmith starter，一个小小的语言模型。
  你叫什么名字？ = 我叫 Tunesmith starter。
  你会做什么？ = 我会回答简短的问题、照抄名字、整理列表，也会按格式回答。
  你是人吗？ = 不是，我是一个很小的语言模型。
  我叫{name}。 = 你好，{name}，很高兴认识你！
  我是{name}，来自{city}。 = 你好，来自{city}的{name}！
  谢谢你！ = 不客气！
  谢谢你帮我找到{thing}。 = 不客气，找到{thing}真好！
  再见！ = 再见，祝你愉快！
  晚安。 = 晚安，好梦！
  今天{city}{weather}。 = 希望你在{city}过得愉快。
  我今天很{feeling}。 = 谢谢你告诉我你很{feeling}。发生了什么？
  我要去{spot}。 = 祝你在{spot}玩得开心！
  我的{animal}叫{name}。 = {name}这个名字很适合{animal}。
  请叫我{name}。 = 好的，{name}。
  我叫{name}，我叫什么？ = 你叫{name}。
qa.first
  {text}\n\n{question}
  {text}\n问题：{question}
  阅读短文，回答问题。\n{text}\n{question}
  根据下文回答：{text}{question}
  短文：{text}\n问：{question}\n答：
  {question}\n\n{text}
qa.answer
  {answer}
  {answer}
  {answer}
  {answer}。
  答案是{answer}。
  是{answer}。
qa.none
  文中没有说。
  文中没有提到。
qa.system
  用原文中的词语回答。如果没有答案，就说：{none}
  根据短文回答问题；短文里没有的，回答“{none}”
chain
  {person}写了《{work}》。 & {person}住在{place}。 | 《{work}》的作者住在哪里？
  {person}导演了电影《{work}》。 & {person}出生在{place}。 | 《{work}》的导演出生在哪里？
  {person}创立了{org}。 & {person}来自{place}。 | {org}的创始人来自哪里？
  {person}在{org}工作。 & {org}位于{place}。 | {person}在哪个地方工作？
  {name}是{person}的哥哥。 & {name}搬到了{place}。 | {person}的哥哥搬到了哪里？
lookup.row
  {key}：{value}
  {key} = {value}
  {key}的编号是{value}。
  {key}对应{value}。
  {key} -> {value}
lookup.ask
  {key}对应什么？
  {key}的值是什么？
  查一下{key}。
  {key}后面写的是什么？
lookup.back
  {value}对应哪一个？
  哪一项的值是{value}？
lookup.text
  {rows}\n\n{question}
  请看下表：\n{rows}\n{question}
  {question}\n{rows}
extract.names
  列出句子里的人名：{text}
  这句话提到了谁？{text}
  {text}\n只写出人名。
extract.slot
  写出句子里的{slot}：{text}
  {text}\n{slot}是什么？
  提取{slot}。\n{text}
  {slot}？{text}
  从下面的句子里找出{slot}。\n{text}
extract.number
  这句话里的数字是多少？{text}
  {text}\n只写出数字。
extract.quote
  引号里写的是什么？{text}
  照抄引号里的内容：{text}
extract.mail
  找出邮箱地址：{text}
  {text}\n邮箱地址是什么？
quote.text
  {name}说“{it}”，然后走了。
  {city}的牌子上写着“{it}”。
  昨天{name}又读了“{it}”。
mail.text
  如果需要帮助，请写信到{it}。
  {name}从{year}年开始使用{it}。
  联系人：{name}，{city}，{it}。
number.text
  {name}有{it}只{animal}。
  {spot}有{it}个人。
  {name}的{thing}卖{it}元。
  {name}在{city}跑了{it}公里。
people.1
  {a}在{spot}{doing}。
  今天{weather}，{a}没有出门。
people.2
  {a}给{b}买了一个{thing}。
  {a}在{city}遇见了{b}。
  {a}和{b}一起去{spot}。
  {a}教{b}{subject}。
people.3
  {a}和{b}在{spot}等{c}。
  {a}把{b}介绍给了{c}。
  {a}、{b}和{c}住在{city}。
comma
  、
  ，
tag.ask
  用{left}和{right}标出{slot}：{text}
  在{slot}前面加{left}，后面加{right}。\n{text}
json.from
  写成 JSON，键为 {keys}：{text}
  把句子变成 JSON（键：{keys}）。\n{text}
  {text}\n用 JSON 写出 {keys}。
json.system
  只用一行 JSON 回答，键为 {keys}。
  你把句子变成 JSON，键依次为 {keys}。
json.list
  写成 JSON 列表：{items}
  {items}\n请写成 JSON 数组。
json.back
  用一句话说出来：{json}
  {json}\n仿照“{pattern}”写一句话。
json.get
  {json}\n“{key}”的值是什么？
  从 {json} 里读出“{key}”。
json.pairs
  写成 JSON：{pairs}
  把下面的内容变成 JSON 对象。\n{pairs}
list.ask.sortnum
  从小到大排列：{items}
  {items}\n请按从小到大的顺序排列。
list.ask.reverse
  把列表倒过来：{items}
  反过来写：{items}
list.ask.bullets
  每项写一行，前面加短横线：{items}
list.ask.numbered
  写成带编号的列表：{items}
  给下面的内容编号：{items}
list.ask.count
  这个列表有几项？{items}
  数一数有多少项：{items}
list.ask.first
  第一项是什么？{items}
  {items}\n只写第一个。
list.ask.last
  最后一项是什么？{items}
  {items}\n只写最后一个。
list.ask.nth
  第{n}项是什么？{items}
  {items}\n写出第{n}个。
list.ask.dedupe
  去掉重复的：{items}
  每项只写一次：{items}
list.ask.join
  用“{sep}”连接：{items}
list.ask.without
  从列表中去掉{it}：{items}
  {items}\n不要{it}。
list.ask.add
  在最后加上{it}：{items}
list.ask.has
  列表里有{it}吗？{items}
  {items}\n其中有没有{it}？
list.ask.after
  {it}后面的一项是什么？{items}
yes
  有
no
  没有
copy.ask
  照样重复：{it}
  再说一遍：{it}
  抄写下面的内容。\n{it}
  {it}\n\n请重复上面这一行。
  原样写出：{it}
  请跟我读：{it}
copy.system
  原样重复用户的话。
  你是回声：用户说什么，你就说什么。
copy.wrap
  把下面的内容放进{what}：{it}
  给它加上{what}：{it}
copy.twice
  写两遍，中间空一格：{it}
copy.thrice
  写三遍，用英文逗号加空格隔开：{it}
copy.spell
  用短横线拼写 {it}。
copy.affix
  前面写{left}，后面写{right}，都用空格隔开，中间是：{it}
copy.line
  抄写第{n}行。\n{rows}
  {rows}\n\n只重复第{n}行。
wraps
  引号 = “_”
  方括号 = [_]
  圆括号 = （_）
  书名号 = 《_》
leads
  昨天，
  听说，
  大家都知道，
  从前，
  报纸上说，
rewrite.replace
  把{old}换成{new}：{text}
  {text}\n用{new}代替{old}。
rewrite.swap
  交换{a}和{b}：{text}
  {text}\n把{a}和{b}对调。
rewrite.start
  用“{lead}”开头：{text}
  {text}\n在句子前面加上“{lead}”
understand.task
  按照例子的格式回答。
  把问题写成例子中的形式。
  仿照例子写出最后一个问题。
  用同样的格式写。
understand.rules
  请按下面的格式改写问题，名字照抄：
  格式如下：
  用这些格式回答：
understand.now
  问题：{q}
  现在：{q}
  {q}
understand.in
  问： | 答：
  问题： | 查询：
  输入： | 输出：
  Q: | A:
marks
  人名 地名 作品 年份 机构 数字 数 日期 时间 邮箱 编号 词
  <人> <地> <题> <年> <社> <数> <个> <日> <时> <信> <码> <词>
  P L T Y O A N D H M K W
arith.add
  {a}加{b}等于多少？ = +
  {a} + {b} = ? = +
  {name}有{a}个苹果，又得到{b}个，现在有几个？ = +
  {a}减{b}等于多少？ = -
  {name}有{a}元，花了{b}元，还剩多少元？ = -
  {a}乘{b}等于多少？ = *
  {name}买了{a}盒鸡蛋，每盒{b}个，一共多少个？ = *
arith.compare
  {a}和{b}哪个大？ = >
  {name}有{a}元，{other}有{b}元，谁的钱多？ = >who
  {name}{a}岁，{other}{b}岁，谁更大？ = >who
  {a}和{b}哪个小？ = <
  {name}花了{a}元，{other}花了{b}元，谁花得少？ = <who
arith.words
  这里有几个词？{text}
arith.letters
  单词 {word} 有几个字母？
arith.letter
  单词 {word} 里有几个字母 {letter}？
arith.firstletter
  单词 {word} 的第一个字母是什么？
arith.lastletter
  单词 {word} 的最后一个字母是什么？
arith.day
  {day}的后一天是星期几？ = 1
  今天是{day}，明天是星期几？ = 1
  今天是{day}，昨天是星期几？ = -1
  今天是{day}，三天后是星期几？ = 3
arith.month
  {month}的下一个月是几月？ = 1
  {month}的前一个月是几月？ = -1
arith.year
  从{a}年到{b}年有多少年？
arith.series
  接着写下一个数：{series}
class.ask
  从（{labels}）中选一个标签：{text}
  {text}\n属于哪一类：{labels}？
  分类（{labels}）：{text}
class.system
  给每条消息选一个标签：{labels}。只写标签。
class.map
  如果内容是{topic}，就写{label}
  {topic}：回答{label}
class.topics
  天气 | {city}今天{weather}。 | {dayname}{city}会{weather}，记得带外套。
  美食 | {name}用{food}做了一道菜。 | 我们在{city}吃了{food}。
  体育 | {name}在{city}赢了比赛。 | {city}队进了{small}个球。
  旅行 | 去{city}的火车{time}出发。 | {name}订了去{city}的机票。
  音乐 | {name}在{city}的合唱团唱歌。 | {name}每天练习钢琴。
  金钱 | {name}在银行取了{amount}元。 | {city}的物价涨了。
  健康 | {name}感冒了，去看医生。 | {name}从{dayname}开始头疼。
  动物 | {name}的{animal}在沙发上睡觉。 | 一只{colour}的{animal}跑过{city}。
  好评 | 这个{thing}太好用了，我很喜欢！ | {city}的{food}真好吃！
  差评 | 这个{thing}用了{small}天就坏了。 | {city}的{food}又冷又难吃。
translate.to
  翻译成英文：{text}
  “{text}”用英文怎么说？
  {text}\n请译成英文。
prose.ask
  讲一个关于{name}的小故事。
  写一个{name}在{city}的短故事。
  请讲一个{name}和{other}的故事。
prose.open
  一个{weather}的早晨，{name}来到{city}的{spot}。
  {name}住在{city}的{spot}附近，常常感到{feeling}。
  {dayname}，{name}在{spot}捡到了一个{colour}的{thing}。
  每年{season}，{name}都去{city}看望{other}。
prose.middle
  在那里，{name}遇见了{other}，{other}正在找一个旧{thing}。
  一只{colour}的{animal}坐在旁边，看着{name}。
  {name}请{other}帮忙，他们一起干了起来。
  他们分着吃了一些{food}，聊起了{season}。
  {other}给{name}讲了那个{thing}的故事。
  {other}送给{name}一个{colour}的{thing}。
prose.end
  晚上，{name}{feeling}地回家了。
  从那天起，{name}和{other}成了好朋友。
  以后每个{dayname}，{name}都会再来。
  {name}一直记得在{city}的这一天。
facts
  草是什么颜色？ = 草是绿色的。
  雪是什么颜色？ = 雪是白色的。
  一个星期有几天？ = 一个星期有七天。
  一年有几个月？ = 一年有十二个月。
  一天有多少小时？ = 一天有二十四小时。
  狗有几条腿？ = 狗有四条腿。
  蜜蜂酿什么？ = 蜜蜂酿蜂蜜。
  鱼生活在哪里？ = 鱼生活在水里。
  图书馆是什么地方？ = 图书馆是看书和借书的地方。
  冬天过后是什么季节？ = 冬天过后是春天。
  植物需要什么？ = 植物需要阳光、水和空气。
  怎么泡茶？ = 1. 烧水。\n2. 把水倒在茶叶上。\n3. 等三分钟就可以喝了。
  怎么种树？ = 1. 挖一个坑。\n2. 放进小树，填上土。\n3. 浇足水。
  怎么洗手？ = 1. 把手打湿。\n2. 用肥皂搓一搓。\n3. 冲干净，擦干。
opposite
  “{a}”的反义词是什么？
  写出“{a}”的反义词。
opposites
  大 = 小
  高 = 低
  长 = 短
  快 = 慢
  冷 = 热
  新 = 旧
  多 = 少
  早 = 晚
  左 = 右
  上 = 下
  里 = 外
  开 = 关
  买 = 卖
  干净 = 肮脏
  高兴 = 难过
describe
  介绍{name}：{job}，{city}，喜欢{food}。 = 这是{name}，一名来自{city}的{job}，喜欢吃{food}。
  写一张便条给{name}：{time}在{spot}见面。 = {name}：我们{time}在{spot}见面，不见不散！
  邀请{name}{dayname}来{city}。 = 亲爱的{name}，{dayname}来{city}玩好吗？很期待见到你。
  给{thing}写一则广告：{colour}，{amount}元，联系{name}。 = 出售一个{colour}的{thing}，价格{amount}元，请联系{name}。
  感谢{name}送的{thing}。 = 亲爱的{name}，非常感谢你送的{thing}！
"""

ZH = Tongue(
    "zh",
    PHRASES + MORE_PHRASES,
    WORDS + MORE_WORDS,
    FACTS + MORE_FACTS,
    SHAPES + MORE_SHAPES,
    {"works": WORKS + MORE_WORKS.lstrip(), "people": PEOPLE + MORE_PEOPLE.lstrip()},
)
