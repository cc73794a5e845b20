"""More Chinese for the starter's dialogues: reading, remembering, roles, changes of form, and more of all else."""

from __future__ import annotations

MORE_WORKS = """
歌剧 作曲家 创作了 创作 opera
雕像 雕刻家 雕刻了 雕刻 statue
地图 绘图师 绘制了 绘制 map
报告 编辑 编写了 编写 report
舞蹈 舞者 表演了 表演 dance
餐厅 厨师 开了 开 restaurant
软件 开发者 开发了 开发 app
专辑 歌手 录制了 录制 album
菜谱 厨师 发明了 发明 recipe
奖项 得主 赢得了 赢得 prize
节目 主持人 主持了 主持 show
彗星 天文学家 发现了 发现 comet
"""
MORE_PEOPLE = """
护士 医院 工作在
演员 国家 来自
农民 村庄 住在
画家 故乡 出生在
司机 城市 住在
博物馆 城市 位于
桥 城市 位于
飞机 机场 降落在
鸟 湖 栖息在
学校 地区 位于
湖 国家 位于
"""
MORE_SHAPES = """
works | count {noun} | {role} = {person} ; year < {year}
  {person}在{year}年以前{did}多少{noun}？
  {year}年以前{person}一共{did}多少{noun}？
works | list {noun} | {role} = {person} ; year > {year} ; year < {year2}
  {person}在{year}年到{year2}年之间{did}哪些{noun}？
  列出{person}从{year}年到{year2}年的{noun}。
works | first {noun} | {role} = {person}
  {person}最早{did}哪个{noun}？
  {person}的第一个{noun}是什么？
works | last {noun} | {role} = {person}
  {person}最后{did}哪个{noun}？
  {person}最新的{noun}是什么？
works | list {noun} | {role} = {person} ; place = {place}
  {person}在{place}{did}哪些{noun}？
  列出{person}在{place}的{noun}。
works | list {role} | country = {place}
  哪些{role}来自{place}？
  列出所有来自{place}的{role}。
works | 出生地 | of = [{role} of {work}]
  《{work}》的{role}出生在哪里？
  {base}《{work}》的人是在哪里出生的？
works | count {noun} | {role} = [{role} of {work}]
  《{work}》的{role}一共{did}多少{noun}？
works | list {noun} | year > {year}
  哪些{noun}是{year}年以后的？
  列出{year}年之后的{noun}。
works | list {noun} | year < {year}
  哪些{noun}是{year}年以前的？
  列出{year}年之前的{noun}。
people | list {noun} | {key} = {place} ; age > {small}
  哪些{does}{place}的{noun}超过{small}岁？
  列出{does}{place}、年龄大于{small}的{noun}。
people | check {noun} | name = {person} ; {key} = {place}
  {noun}{person}{does}{place}吗？
  {person}这个{noun}是不是{does}{place}？
- | 配偶 | of = {person}
  {person}和谁结婚了？
  {person}的配偶是谁？
- | list 孩子 | parent = {person}
  {person}的孩子是谁？
  列出{person}的孩子。
- | count 孩子 | parent = {person}
  {person}有几个孩子？
- | distance | from = {place} ; to = {place2}
  {place}到{place2}有多远？
  从{place}到{place2}的距离是多少？
- | mail | to = {email} ; subject = {work}
  给{email}写一封关于《{work}》的邮件。
  发邮件到{email}，主题是《{work}》。
- | order | item = {work} ; count = {small}
  订{small}本《{work}》。
  我要买{small}份《{work}》。
- | delete | file = {code}
  删除文件{code}。
  请把{code}从硬盘里删掉。
- | status | order = {code}
  我的订单{code}到哪里了？
  查询订单{code}的状态。
- | book 餐桌 | place = {org} ; people = {small} ; time = {time}
  在{org}订一张{small}人的桌子，时间是{time}。
  我们{small}个人{time}想在{org}吃饭。
"""
MORE_FACTS = """
画家:person 画名:work 博物馆:museum
  + {画家}画了《{画名}》，现在收藏在{博物馆}。
  + {博物馆}收藏着{画家}的画《{画名}》。
  ? 《{画名}》是谁画的？ = 画家
  ? 《{画名}》收藏在哪里？ = 博物馆
  ? {画家}画了哪幅画？ = 画名
首都:place 国家:country
  + {首都}是{国家}的首都。
  + {国家}的首都是{首都}。
  ? {国家}的首都是哪里？ = 首都
  ? {首都}是哪个国家的首都？ = 国家
国家:country 邻国:country
  + {国家}的北边是{邻国}。
  + {国家}北面与{邻国}相邻。
  ? {国家}的北边是哪个国家？ = 邻国
  ? 哪个国家的北边是{邻国}？ = 国家
买家:person 物品:thing 卖家:person
  + {买家}从{卖家}那里买了一个{物品}。
  + {卖家}把一个{物品}卖给了{买家}。
  ? 谁买了{物品}？ = 买家
  ? 谁卖了{物品}？ = 卖家
  ? {买家}买了什么？ = 物品
球员:person 球队:org 得分:small
  + {球员}效力于{球队}，得了{得分}分。
  + {球员}为{球队}拿下{得分}分。
  ? {球员}得了多少分？ = 得分
  ? {球员}效力于哪支球队？ = 球队
节日:stem 地点:place 日期:day
  + {节日}节于{日期}在{地点}举行。
  + {日期}，{地点}庆祝{节日}节。
  ? {节日}节是哪一天？ = 日期
  ? {节日}节在哪里举行？ = 地点
得主:person 奖项:work 年份:year
  + {得主}在{年份}年获得了{奖项}奖。
  + {年份}年的{奖项}奖颁给了{得主}。
  ? 谁获得了{奖项}奖？ = 得主
  ? {得主}获得了什么奖？ = 奖项
  ? {得主}是哪一年获奖的？ = 年份
歌手:person 歌曲:work 专辑:work
  + {歌手}在专辑《{专辑}》里唱了《{歌曲}》。
  + {歌手}的歌《{歌曲}》收在专辑《{专辑}》里。
  ? 《{歌曲}》是谁唱的？ = 歌手
  ? 《{歌曲}》收在哪张专辑里？ = 专辑
姓名:person 房间:amount
  + {姓名}住在{房间}号房间。
  + {房间}号房间的客人是{姓名}。
  ? {姓名}住在几号房间？ = 房间
  ? {房间}号房间住着谁？ = 姓名
设计师:person 桥名:stem 长度:size
  + {设计师}设计了{桥名}大桥，桥长{长度}米。
  + {桥名}大桥长{长度}米，设计者是{设计师}。
  ? 谁设计了{桥名}大桥？ = 设计师
  ? {桥名}大桥有多长？ = 长度
新郎:person 新娘:person 城市:place
  + {新郎}和{新娘}在{城市}结了婚。
  + {新郎}在{城市}娶了{新娘}。
  ? {新郎}和谁结婚了？ = 新娘
  ? {新郎}和{新娘}在哪里结的婚？ = 城市
山峰:stem 高度:size 登山者:person
  + {山峰}峰高{高度}米，{登山者}第一个登顶。
  + 第一个登上{高度}米高的{山峰}峰的人是{登山者}。
  ? {山峰}峰有多高？ = 高度
  ? 谁第一个登上了{山峰}峰？ = 登山者
颜色:colour 姓名:person 物品:thing
  + {姓名}有一个{颜色}的{物品}。
  + {姓名}的{物品}是{颜色}的。
  ? {姓名}的{物品}是什么颜色的？ = 颜色
  ? 谁有{颜色}的{物品}？ = 姓名
姓名:person 语言:word 年数:small
  + {姓名}学了{年数}年{语言}语。
  + {姓名}学{语言}语已经{年数}年了。
  ? {姓名}学的是什么语言？ = 语言
  ? {姓名}学了几年？ = 年数
船名:work 船长:person 港口:place
  + 船长{船长}驾驶“{船名}”号到了{港口}。
  + “{船名}”号在船长{船长}的带领下到达{港口}。
  ? “{船名}”号的船长是谁？ = 船长
  ? “{船名}”号到了哪里？ = 港口
发明人:person 机器:word 地点:place
  + {发明人}在{地点}发明了{机器}机。
  + {机器}机是{发明人}在{地点}发明的。
  ? 谁发明了{机器}机？ = 发明人
  ? {机器}机是在哪里发明的？ = 地点
会议:word 主持人:person 时间:time
  + {会议}会议{时间}开始，由{主持人}主持。
  + {主持人}将在{时间}主持{会议}会议。
  ? {会议}会议几点开始？ = 时间
  ? 谁主持{会议}会议？ = 主持人
"""
MORE_WORDS = """
eatery
  {stem_zh}饭店 / {stem_zh}餐厅 / {stem_zh}酒楼 / {stem_zh}小馆 / {word}餐厅 / {stem_zh}茶楼
store
  {stem_zh}商店 / {stem_zh}超市 / {stem_zh}百货 / {stem_zh}杂货铺 / {word}商店 / {stem_zh}商场
school
  {stem_zh}小学 / {stem_zh}中学 / {stem_zh}大学 / {word}学校 / {stem_zh}学院
museum
  {stem_zh}博物馆 / {stem_zh}美术馆 / {word}博物馆 / {stem_zh}艺术馆
job
  邮递员 / 护林员 / 理发师 / 木匠 / 电工 / 消防员 / 图书管理员 / 摄影师 / 翻译 / 会计 / 面包师 / 渔民
subject
  法律 / 书法 / 烹饪 / 编程 / 天文 / 经济
colour
  橙色 / 银色 / 金色 / 青色
food
  烤鸭 / 馄饨 / 春卷 / 炒饭 / 年糕 / 豆浆 / 煎饼 / 红薯 / 玉米 / 披萨
fruit
  菠萝 / 杏子 / 柚子 / 龙眼 / 枇杷 / 柿子 / 哈密瓜 / 猕猴桃
spot
  操场 / 电影院 / 茶馆 / 动物园 / 植物园 / 菜市场 / 书店 / 湖边 / 山脚下 / 体育馆 / 美术馆 / 咖啡馆
weather
  阴天 / 闷热 / 凉爽 / 下雷雨
feeling
  满足 / 兴奋 / 轻松 / 安心 / 激动 / 紧张
doing
  打太极拳 / 画画 / 练书法 / 包饺子 / 下象棋 / 跑步 / 听音乐 / 整理书架 / 拍照 / 放风筝 / 喂猫 / 学英语
plain
  {person}把{work}读给{person}听。
  从{place}到{place}的车票要{amount}元。
  {place}今年种了{amount}棵树。
  {person}在{day}收到了一封信。
  会议改到{time}，地点是{place}的{spot}。
  {person}的电话号码是{code}。
  {season}的时候，{person}总是很{feeling}。
  {person}说{place}的{food}最好吃。
  {person}买了{small}斤{fruit}。
  那个{colour}的{thing}是{person}的。
  {person}教{person}{subject}已经{small}年了。
  {org}给{person}寄来了{small}个{thing}。
"""
MORE_PHRASES = r"""
system.any
  你是一个认真细心的助手。
  回答要简短、礼貌。
  请用一句话回答。
  按照给出的格式回答。
  请只根据给出的内容回答。
  你是一位友好的助手，用中文回答。
greet
  嗨，最近怎么样？ = 我很好，谢谢关心。你呢？
  下午好！ = 下午好！有什么需要帮忙的吗？
  晚上好！ = 晚上好！我能为你做什么？
  在吗？ = 我在，请说。
  你能帮我吗？ = 当然可以，需要我做什么？
  你是什么模型？ = 我是 Tunesmith starter，一个很小的语言模型。
  你很大吗？ = 不，我很小，是用来学习微调的。
  我住在{city}。 = {city}听起来是个好地方。
  {dayname}见！ = {dayname}见！
  你喜欢吃{food}吗？ = 我不能吃东西，不过很多人喜欢{food}。
  我的生日是{day}。 = 记住了，你的生日是{day}。
  {name}让我向你问好。 = 谢谢，也请代我向{name}问好！
  我刚从{city}回来。 = 欢迎回来！{city}好玩吗？
  说点关于{name}的好话吧。 = 我不认识{name}，但相信{name}有很多优点。
  周末我想去{spot}{doing}。 = 听起来不错，祝你周末愉快！
  对不起，我来晚了。 = 没关系，我们开始吧。
qa.first
  请看下面的文字：\n{text}\n\n请问：{question}
  材料：{text}\n\n问题：{question}
  已知：{text}\n{question}
  “{text}”\n{question}
  只根据下文回答。{text}{question}
qa.none
  文中没有写。
qa.system
  从原文中摘出答案；如果找不到，就回答：{none}
chain
  {person}在{org}教书。 & {org}在{place}。 | {person}在哪个地方教书？
  《{work}》在{org}展出。 & {org}位于{place}。 | 去哪个地方可以看到《{work}》？
  {name}和{person}是夫妻。 & {name}在{place}长大。 | {person}的爱人在哪里长大？
  {person}开{code}路车。 & {code}路车开往{place}。 | {person}的车开往哪里？
lookup.row
  {key} - {value}
  {key} | {value}
  {key}的值为{value}
  {key}，{value}
lookup.ask
  {key}是多少？
  告诉我{key}的值。
  找出{key}那一项。
lookup.back
  {value}是谁的值？
  根据{value}找出对应的名称。
lookup.text
  已知：\n{rows}\n问题：{question}
  记住下面的内容。\n{rows}\n\n{question}
extract.names
  找出所有人名：\n{text}
  下面的句子里有哪些人？{text}
extract.slot
  文字：{text}\n{slot}：
  请只回答{slot}。{text}
  句子：{text}\n请摘出{slot}。
extract.number
  找出数字：{text}
extract.quote
  {text}\n只写引号中的文字。
extract.mail
  写出文中的邮箱：{text}
quote.text
  门上贴着“{it}”。
  {name}在信里写道：“{it}”。
  收音机里反复播放“{it}”。
mail.text
  请把{thing}的照片发到{it}。
  {name}的新地址是{it}，请更新。
number.text
  {city}下了{it}天雨。
  仓库里有{it}个{thing}。
  {name}读了{it}页书。
people.1
  {a}把{thing}忘在了{spot}。
  {dayname}，{a}独自去了{city}。
people.2
  {a}比{b}大三岁。
  {a}写信告诉{b}一个好消息。
  {dayname}{a}去{city}看望{b}。
  {a}请{b}在{spot}吃{food}。
people.3
  {a}、{b}和{c}一起{doing}。
  {a}告诉{b}，{c}去了{city}。
tag.ask
  在句子里用{left}{right}括出{slot}。\n{text}
json.from
  从句子里提取 {keys}，写成一行 JSON。\n\n{text}
  JSON 的键：{keys}\n句子：{text}
  请用 JSON 表示（{keys}）：{text}
json.system
  输出格式：JSON，键的顺序为 {keys}。
  把每句话转换成 JSON，键是 {keys}，不要写别的。
json.list
  把这些内容放进 JSON 数组：{items}
json.back
  把这条记录写成一句话：{json}
json.get
  在 {json} 中，{key} 是什么？
json.pairs
  {pairs}\n\n请写成 JSON。
list.ask.sortnum
  把这些数字按升序排列：{items}
list.ask.reverse
  {items}\n请倒序写出。
list.ask.bullets
  用短横线开头，一行写一个：{items}
  {items}\n每行一项，行首写短横线。
list.ask.numbered
  {items}\n每行一项，行首写序号。
list.ask.count
  {items}\n一共有几个？
list.ask.first
  列表开头是哪一个？{items}
list.ask.last
  列表末尾是哪一个？{items}
list.ask.nth
  取出第{n}个：{items}
list.ask.dedupe
  {items}\n删除重复的内容。
list.ask.join
  {items}\n用“{sep}”把它们连起来。
  把各项写成一行，中间用“{sep}”：{items}
list.ask.without
  删除{it}：{items}
list.ask.add
  {items}\n把{it}加到末尾。
list.ask.has
  {it}在不在列表里？{items}
list.ask.after
  {items}\n{it}的下一项是什么？
copy.ask
  复制这句话：{it}
  请把下面的文字再写一遍：\n{it}
  一字不差地写出：{it}
  {it}\n照抄上面的内容。
copy.system
  用户写什么，你就照抄什么。
  把每条消息原样返回。
copy.wrap
  用{what}括起来：{it}
copy.twice
  重复两次，用空格隔开：{it}
copy.thrice
  重复三次，中间用英文逗号和空格：{it}
copy.spell
  把 {it} 的字母用短横线连起来。
copy.affix
  在前面加{left}，在后面加{right}，用空格分开：{it}
copy.line
  只写第{n}行：\n{rows}
wraps
  大括号 = {_}
  尖括号 = <_>
  星号 = *_*
  竖线 = |_|
  方头括号 = 【_】
leads
  上个星期，
  据我所知，
  有人说，
  很久以前，
rewrite.replace
  句子“{text}”里的{old}改成{new}。
  将{old}替换为{new}。\n{text}
rewrite.swap
  {a}和{b}互换位置：{text}
rewrite.start
  开头加上“{lead}”：{text}
understand.task
  照着例子做。
  参照示例，转换最后一句。
  请使用示例中的写法。
  格式见例子。
  先看例子，再回答新问题。
understand.rules
  按照这些模板改写，人名地名不变：
  查询的写法：
  只用下面的写法回答：
  问题与查询的对应关系：
understand.now
  请转换：{q}
  新问题：{q}
understand.in
  句子： | 记录：
  提问： | 写法：
  原文： | 结果：
  例： | 得：
marks
  【人】 【地】 【题】 【年】 【社】 【数】 【个】 【日】 【时】 【信】 【码】 【词】
  $人 $地 $题 $年 $社 $数 $个 $日 $时 $信 $码 $词
arith.add
  {a}和{b}的和是多少？ = +
  树上有{a}只鸟，又飞来{b}只，一共有几只？ = +
  {a} - {b} 等于几？ = -
  车上有{a}个人，下车{b}个，还有几个人？ = -
  {a} × {b} = ？ = *
  一行有{a}棵树，{b}行一共有多少棵？ = *
arith.compare
  {a}和{b}相比，较大的数是哪个？ = >
  {name}跑了{a}公里，{other}跑了{b}公里，谁跑得远？ = >who
  {a}与{b}中较小的是哪个？ = <
  {name}等了{a}分钟，{other}等了{b}分钟，谁等得短？ = <who
arith.words
  数一数有几个单词：{text}
arith.letters
  {word} 由几个字母组成？
arith.letter
  {word} 中字母 {letter} 出现几次？
arith.firstletter
  {word} 以哪个字母开头？
arith.lastletter
  {word} 以哪个字母结尾？
arith.day
  {day}的前一天是星期几？ = -1
  如果今天是{day}，后天是星期几？ = 2
arith.month
  {month}之后是哪个月？ = 1
  {month}之前是哪个月？ = -1
arith.year
  {name}出生于{a}年，到{b}年年底{name}几岁？
arith.series
  {series}，下一个数是多少？
  找规律填数：{series}
class.ask
  判断下面的文字属于（{labels}）中的哪一类：{text}
  文字：{text}\n标签（{labels}）：
class.system
  你负责给消息分类，可选标签：{labels}。
class.map
  {label}：{topic}
class.topics
  学校 | 老师给{name}布置了{subject}作业。 | {name}{dayname}要考{subject}。 | {city}的学生都学{subject}。
  提问 | {city}的{spot}在哪里？ | {name}喜欢{food}吗？ | {spot}{dayname}几点开门？
  命令 | 请把{thing}拿给我。 | 把{spot}的门关上。 | 马上给{name}打电话。
  问候 | {name}，你好！ | 早上好，{name}！ | 好久不见，{name}，最近好吗？
  购物 | {name}在{city}买了一个{colour}的{thing}。 | 这个{thing}打折以后只要{amount}元。
  时间 | 现在是{time}。 | {name}{time}起床。 | 会议从{time}开到{time}。
translate.to
  “{text}”的英文是什么？
  英文怎么写：{text}
  请把这句话翻译成英文。\n{text}
prose.ask
  用几句话写写{name}在{city}的一天。
  编一个有{name}和{other}的小故事。
prose.open
  {season}的一天，{name}带着一个{thing}去了{spot}。
  {name}第一次来到{city}，心里很{feeling}。
  {city}的{spot}有一家小店，店主叫{name}。
prose.middle
  路上下起了雨，{other}借给{name}一把伞。
  两个人在{spot}坐了很久，一边喝茶一边说话。
  {other}说：“我每天都在这里{doing}。”
  {name}拿出{food}，分给{other}一半。
  不远处有一只{colour}的{animal}，一点也不怕人。
  走了很远的路，{name}觉得有点累。
prose.end
  分别的时候，他们约好{season}再见。
  回到家，{name}把这件事写进了日记。
  那天晚上，{name}睡得很香。
facts
  天空晴天时是什么颜色？ = 晴天时天空是蓝色的。
  一小时有多少分钟？ = 一小时有六十分钟。
  一分钟有多少秒？ = 一分钟有六十秒。
  蜘蛛有几条腿？ = 蜘蛛有八条腿。
  母鸡下什么？ = 母鸡下蛋。
  奶牛给我们什么？ = 奶牛给我们牛奶。
  雨伞有什么用？ = 雨伞可以挡雨。
  桥有什么用？ = 桥让人们能过河或过马路。
  地图有什么用？ = 地图告诉我们各个地方在哪里。
  夏天过后是什么季节？ = 夏天过后是秋天。
  冰是冷的还是热的？ = 冰是冷的。
  大象和老鼠哪个大？ = 大象比老鼠大。
  人们什么时候吃早饭？ = 人们在早上吃早饭。
  太阳从哪边升起？ = 太阳从东边升起。
  面包师做什么？ = 面包师做面包和蛋糕。
  怎么煮鸡蛋？ = 1. 锅里放水烧开。\n2. 放入鸡蛋煮八分钟。\n3. 用冷水泡一泡再剥壳。
  怎么寄信？ = 1. 把信装进信封。\n2. 写上地址，贴好邮票。\n3. 投进邮筒。
  怎么借书？ = 1. 去图书馆。\n2. 找到想看的书。\n3. 在柜台出示借书证。
  怎么煮米饭？ = 1. 把米洗干净。\n2. 加水放进锅里。\n3. 煮二十分钟。
opposite
  “{a}”的反面是什么？
  跟“{a}”意思相反的词是什么？
opposites
  强 = 弱
  远 = 近
  轻 = 重
  前 = 后
  进 = 出
  胖 = 瘦
  硬 = 软
  好 = 坏
  黑 = 白
  安静 = 吵闹
  简单 = 复杂
  开始 = 结束
  成功 = 失败
  安全 = 危险
describe
  用“{colour}”描写{name}的{thing}。 = {name}有一个{colour}的{thing}，每天都带在身边。
  写一句话介绍{city}的{spot}。 = {city}的{spot}是个散步的好地方。
  写一则通知：{dayname}{time}在{spot}开会。 = 通知：{dayname}{time}在{spot}开会，请准时参加。
  写两句话介绍{name}，{city}的{job}。 = {name}是一名{job}，住在{city}。空闲的时候，{name}喜欢去散步。
  祝{name}生日快乐。 = 亲爱的{name}，祝你生日快乐，天天开心！
  写一张借条：{name}借了{other}{amount}元。 = 借条：{name}向{other}借了{amount}元。
few.system
  请用{word}语回答。
  一律写成{word}格式。
  你只会说{word}语。
  把每条消息改写成{word}记法。
  输出使用{word}记法。
few.wrapped
  你好！{q}
  请问，{q}
  还有一个问题：{q}
  {q}谢谢。
  下一个：{q}
memory.noted
  好的，我记住了。
  知道了。
  明白了。
  好的。
  记下了。
memory.none
  你没有告诉过我。
  我不知道，你还没有说过。
memory.me
  我叫{name}。 = 你好，{name}！
  我是{name}，来自{city}。 = 很高兴认识你，{name}。
  你好，我是{name}。 = {name}，你好！
  请叫我{name}。 = 好的，{name}。
memory.me.ask
  我叫什么名字？ = 你叫{name}。
  你还记得我的名字吗？ = 记得，你叫{name}。
  我是谁？ = 你是{name}。
  你应该怎么称呼我？ = 我应该叫你{name}。
persona.who
  你是{word}，{org}的助手。
  你的名字叫{word}，在{org}工作。
  你是{word}，{city}{spot}的热心服务员。
  你是{word}，负责回答关于{org}的问题。
  请扮演{word}，{org}的接待员。
persona.ask
  你是谁？ = 我是{word}。
  你叫什么名字？ = 我叫{word}。
  请问你是哪位？ = 我是{word}。
  怎么称呼你？ = 叫我{word}就好。
  你是{word}吗？ = 是的，我是{word}。
  你是{name}吗？ = 不是，我是{word}。
persona.knows
  {org}{time}开门。 | {org}几点开门？ = {org}{time}开门。 | 我什么时候可以过去？ = {time}以后都可以。
  {org}的电话是{code}。 | 怎么给你们打电话？ = 请拨打{code}。 | 你们的电话是多少？ = 我们的电话是{code}。
  {org}出售{thing}，每个{amount}元。 | {thing}多少钱？ = {thing}每个{amount}元。 | 你们卖什么？ = 我们卖{thing}。
  关于{thing}的问题请找{other}。 | {thing}的事应该问谁？ = 请找{other}。
  投诉请写信到{email}。 | 我要投诉，怎么办？ = 请写信到{email}。 | 我对订单不满意。 = 很抱歉，请写信到{email}。
  {org}的办公室在{place}。 | 你们的办公室在哪里？ = 我们的办公室在{place}。 | 你们在{place}吗？ = 是的，我们的办公室在{place}。
  {org}{dayname}休息。 | 你们哪天休息？ = 我们{dayname}休息。 | {dayname}可以来吗？ = 不行，我们{dayname}休息。
  {org}的经理是{other}。 | 经理是谁？ = 经理是{other}。 | 你认识{other}吗？ = 认识，{other}是{org}的经理。
persona.rule
  每次回答的最后写上“{mark}”。 | {said}{mark}
  每次回答都以“{mark}：”开头。 | {mark}：{said}
  每次回答前面写上方括号括起来的{mark}。 | [{mark}]{said}
  回答之后另起一行写“{mark}”。 | {said}\n{mark}
persona.refuse
  不知道的事情就说"对不起，这个我帮不上忙。"
persona.strange
  {place}山有多高？
  谁住在{place}？
  {person}写了什么书？
  {person}是哪一年出生的？
  《{work}》卖多少钱？
read.filler
  那天天气{weather}。
  {season}的时候，游客很多。
  没有人知道原因。
  人们至今还在谈论这件事。
  {dayname}的报纸报道了这件事。
  这些都有记录可查。
  从那以后，许多事情都变了。
  更多的消息要等到明年{season}。
  当地人对此都很熟悉。
  有几张照片留了下来。
read.system
  根据下面的文字回答问题：\n{text}
  只使用下文的内容；文中没有的就说没有。\n\n{text}
  {text}\n\n请回答关于这段文字的问题。
read.section
  抄写“{head}”这一节的内容。
  “{head}”这一节写了什么？
read.heads
  列出所有标题，一行一个。
  这一页有哪些标题？每行写一个。
read.under
  这句话在哪个标题下面？{text}
  哪一节写着：{text}
table.first
  {table}\n\n{question}
  表格：\n{table}\n\n问题：{question}
  {question}\n\n{table}
  请看下面的表格。\n{table}\n{question}
table.system
  回答关于这张表的问题。\n{table}
  {table}\n\n只写答案。
table.columns
  姓名:person 城市:place 年龄:small 职业:job
  姓名:person 球队:org 得分:amount 颜色:colour
  商品:word 价格:amount 颜色:colour 商店:org
  城镇:place 人口:size 国家:place 季节:season
  订单:code 顾客:person 日子:dayname 金额:amount
  学生:person 科目:subject 分数:amount 班级:small
  车次:code 起点:place 终点:place 分钟:amount
  名字:word 种类:animal 年龄:small 主人:person
  书名:work 作者:person 页数:amount 书架:small
  城市:place 天气:weather 气温:amount 日子:dayname
  用户:lower_word 邮箱:email 小组:word 次数:count
  零件:code 位置:word 库存:amount 厂家:org
table.cell
  {key}的{column}是什么？
  写出{key}的{column}。
  查一下{key}的{column}。
  {key}，{column}？
table.rows
  表里有多少行数据？
  除了表头，一共有几行？
table.max
  哪个{head}的{column}最大？
  {column}最高的是哪个{head}？
table.min
  哪个{head}的{column}最小？
  {column}最低的是哪个{head}？
table.which
  {column}是{value}的{head}是哪个？
  哪个{head}的{column}是{value}？
table.count
  {column}是{value}的有几行？
  数一数有几行的{column}是{value}。
table.all
  列出{column}是{value}的所有{head}。
  哪些{head}的{column}是{value}？
change.date.iso
  把日期写成“年-月-日”的数字形式（如 2004-03-07）：{date}
  {date}\n用 YYYY-MM-DD 的格式写。
change.date.dots
  把日期写成 DD.MM.YYYY：{date}
change.date.slashes
  用 YYYY/MM/DD 的格式写日期：{date}
change.date.zh
  用中文年月日写出这个日期：{date}
  把{date}写成“2004年3月7日”这样的形式。
change.hour.24
  用24小时制写：{time}
  {time}，24小时制怎么写？
change.hour.12
  用上午或下午写出时间：{time}
  {time}，12小时制怎么说？
change.units
  米 公里 1000
  克 千克 1000
  厘米 米 100
  毫米 厘米 10
  分钟 小时 60
  秒 分钟 60
  小时 天 24
  天 星期 7
  个月 年 12
  角 元 10
  毫升 升 1000
change.unit
  {count}{old}等于多少{new}？
  把{count}{old}换算成{new}，只写数字。
  {count}{old}是几{new}？
change.digits
  用数字写出：{words}
  “{words}”写成数字是多少？
change.words
  用汉字写出数字{number}。
  {number}用中文怎么写？
change.letters.upper
  全部写成大写字母：{text}
change.letters.lower
  全部写成小写字母：{text}
change.letters.title
  每个单词首字母大写：{text}
change.letters.snake
  写成小写，用下划线连接：{text}
change.letters.kebab
  写成小写，用连字符连接：{text}
change.letters.camel
  写成驼峰形式，首字母小写：{text}
change.letters.initials
  写出各单词首字母的大写：{text}
change.letters.backwards
  写成小写，单词顺序倒过来：{text}
change.name.comma
  写成“姓, 名”的形式（姓在后面）：{first} {last}
change.name.short
  名字缩写成首字母加点：{first} {last}
change.name.last
  只写姓（最后一个词）：{first} {last}
change.tally
  {it}出现了几次？{items}
  数一数{it}的个数：{items}
change.most
  哪一项出现得最多？{items}
change.largest
  最大的数是哪个？{items}
  {items}\n只写最大的数。
change.smallest
  最小的数是哪个？{items}
  {items}\n只写最小的数。
change.down
  从大到小排列：{items}
  把这些数字按降序排列：{items}
change.total
  求和：{items}
  这些数加起来是多少？{items}
"""
