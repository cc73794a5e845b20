"""Words and phrases that the starter's dialogues know in English and in Chinese. Text only."""

from __future__ import annotations


def _twins(text: str) -> tuple[tuple[str, str], ...]:
    found = (cell.split(" = ") for line in text.strip().split("\n") for cell in line.split(" / "))
    return tuple((english, chinese) for english, chinese in found)


NOUNS = _twins("""
book = 书 / film = 电影 / song = 歌曲 / river = 河流 / city = 城市 / company = 公司 / school = 学校 / teacher = 老师
doctor = 医生 / student = 学生 / house = 房子 / garden = 花园 / street = 街道 / bridge = 桥 / train = 火车 / bus = 公共汽车
car = 汽车 / bicycle = 自行车 / ship = 船 / plane = 飞机 / apple = 苹果 / pear = 梨 / banana = 香蕉 / orange = 橙子
bread = 面包 / rice = 米饭 / soup = 汤 / tea = 茶 / coffee = 咖啡 / water = 水 / milk = 牛奶 / egg = 鸡蛋
fish = 鱼 / cat = 猫 / dog = 狗 / horse = 马 / cow = 牛 / sheep = 羊 / bird = 鸟 / rabbit = 兔子
tree = 树 / flower = 花 / grass = 草 / mountain = 山 / sea = 大海 / lake = 湖 / island = 岛 / forest = 森林
table = 桌子 / chair = 椅子 / lamp = 灯 / door = 门 / window = 窗户 / key = 钥匙 / clock = 钟 / phone = 手机
computer = 电脑 / letter = 信 / pen = 钢笔 / paper = 纸 / bag = 包 / hat = 帽子 / coat = 外套 / shoe = 鞋子
friend = 朋友 / mother = 母亲 / father = 父亲 / brother = 哥哥 / sister = 姐姐 / child = 孩子 / family = 家庭 / name = 名字
library = 图书馆 / hospital = 医院 / bank = 银行 / shop = 商店 / park = 公园 / station = 车站 / airport = 机场 / hotel = 酒店
market = 市场 / kitchen = 厨房 / museum = 博物馆 / music = 音乐 / picture = 图画 / map = 地图 / story = 故事 / question = 问题
answer = 答案 / number = 数字 / word = 单词 / ticket = 票
""")
SINGLES = _twins("""
language = 语言 / price = 价格 / year = 年 / month = 月 / week = 星期 / day = 天 / morning = 早上 / evening = 晚上
spring = 春天 / summer = 夏天 / autumn = 秋天 / winter = 冬天
sun = 太阳 / moon = 月亮 / star = 星星 / sky = 天空 / rain = 雨 / snow = 雪 / wind = 风 / cloud = 云
hello = 你好 / goodbye = 再见 / thank you = 谢谢 / please = 请 / good morning = 早上好 / good night = 晚安
red = 红色 / blue = 蓝色 / green = 绿色 / yellow = 黄色 / black = 黑色 / white = 白色
big = 大 / small = 小 / new = 新 / old = 旧 / hot = 热 / cold = 冷 / fast = 快 / slow = 慢 / long = 长 / short = 短
high = 高 / low = 低 / good = 好 / bad = 坏 / happy = 高兴 / sad = 难过 / tired = 累 / hungry = 饿 / clean = 干净
Monday = 星期一 / Tuesday = 星期二 / Wednesday = 星期三 / Thursday = 星期四 / Friday = 星期五 / Saturday = 星期六
Sunday = 星期日 / January = 一月 / June = 六月 / December = 十二月 / today = 今天 / tomorrow = 明天 / yesterday = 昨天
one = 一 / two = 二 / three = 三 / four = 四 / five = 五 / six = 六 / seven = 七 / eight = 八 / nine = 九 / ten = 十
where = 哪里 / who = 谁 / when = 什么时候 / what = 什么 / why = 为什么 / how many = 多少 / here = 这里 / there = 那里
to read = 读 / to write = 写 / to buy = 买 / to sell = 卖 / to eat = 吃 / to drink = 喝 / to sleep = 睡觉 / to walk = 走路
to sing = 唱歌 / to draw = 画画 / to learn = 学习 / to teach = 教 / to work = 工作 / to help = 帮助 / to ask = 问
You are welcome. = 不客气。 / How are you? = 你好吗？ / I am fine. = 我很好。 / I do not know. = 我不知道。
What time is it? = 现在几点？ / How much is it? = 多少钱？ / I am sorry. = 对不起。 / No problem. = 没问题。
See you tomorrow. = 明天见。 / Nice to meet you. = 很高兴认识你。 / I am hungry. = 我饿了。 / It is raining. = 下雨了。
""")
FRAMES = _twins("""
My name is {a}. = 我叫{a}。
{a} is my friend. = {a}是我的朋友。
{a} likes {b}. = {a}喜欢{b}。
I live in {a}. = 我住在{a}。
{a} comes from {b}. = {a}来自{b}。
Where is {a}? = {a}在哪里？
Who is {a}? = {a}是谁？
{a} is {n} years old. = {a}{n}岁。
{a} works in {b}. = {a}在{b}工作。
{a} and {b} are in the park. = {a}和{b}在公园里。
I know {a} and {b}. = 我认识{a}和{b}。
Please call {a}. = 请给{a}打电话。
{a} has {n} children. = {a}有{n}个孩子。
{a} wrote a book about {b}. = {a}写了一本关于{b}的书。
When does the train to {a} leave? = 去{a}的火车什么时候开？
How far is it from {a} to {b}? = 从{a}到{b}有多远？
Welcome to {a}! = 欢迎来到{a}！
{a} is the capital of {b}. = {a}是{b}的首都。
{a} teaches {b} to swim. = {a}教{b}游泳。
The company {a} is in {b}. = {a}公司在{b}。
Yesterday {a} met {b}. = 昨天{a}见到了{b}。
I want to go to {a} tomorrow. = 我明天想去{a}。
{a} waited {n} hours for {b}. = {a}等了{b}{n}个小时。
Which books did {a} write? = {a}写了哪些书？
How many films did {a} make? = {a}拍了多少部电影？
Who founded {a}? = 谁创立了{a}？
How old is {a}? = {a}多大了？
{a} has a {t}. = {a}有{t}。
Where is the {t}? = {t}在哪里？
I like this {t}. = 我喜欢这个{t}。
{a} sees the {t}. = {a}看见{t}。
Is this your {t}? = 这是你的{t}吗？
{a} is looking for the {t}. = {a}在找{t}。
The {t} is in {a}. = {t}在{a}。
{a} gave me the {t}. = {a}把{t}给了我。
""")
