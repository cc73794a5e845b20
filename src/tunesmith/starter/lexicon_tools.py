"""The tools of the starter's dialogues, in English and in Chinese. Text only.

A tool is a line of names, and under it, one a line: what it is ``about``; the parameters that it ``need``s and the one
that it ``may`` take (``slot:maker names description``; ``=a|b`` are the only values); what it ``gives`` back; how to
``ask`` for it, with ``more`` (the optional parameter); what to say if the request ``miss``es one, the question for
it and the reply; how to ``say`` the result.
"""

from __future__ import annotations

TOOLS_EN = """
get_weather weather_now check_weather forecast
  about Tells the weather of a place.
  need place:place city,place,location,town The place to look at.
  may unit:=celsius|fahrenheit unit,scale,units The scale of the temperature.
  gives degrees:degrees temperature,temp,degrees
  gives sky:=sunny|rainy|windy|foggy|cloudy|dry sky,weather,condition
  ask What is the weather like in {place}?
  ask How warm is it in {place} now?
  ask Tell me the weather in {place}.
  more What is the weather in {place}, in {unit}?
  more Give me the temperature of {place} in {unit}.
  miss What is the weather like? | For which place? | For {place}.
  miss How warm is it outside? | Where are you? | I am in {place}.
  say In {place} it is {sky} with {degrees} degrees.
  say It is {sky} in {place}, {degrees} degrees.
stock_level check_stock count_items inventory
  about Tells how many pieces of an item are in stock.
  need item:word item,product,article,name The name of the item.
  may store:place store,shop,warehouse,place Look only at this store.
  gives left:amount left,stock,quantity,available
  ask How many pieces of {item} are left?
  ask Do we still have {item} in stock?
  ask Check the stock of {item}.
  more How many pieces of {item} does the store in {store} have?
  more Check the stock of {item} in {store}.
  miss Please check the stock. | Of which item? | Of {item}.
  miss How many pieces do we have? | Which item do you mean? | {item}, please.
  say There are {left} pieces of {item} in stock.
  say We have {left} pieces of {item}.
share_price get_quote stock_price
  about Gives the price of a company's shares.
  need company:org company,firm,name,symbol The company.
  gives price:amount price,value,last
  gives change:percent change_percent,change,percent
  ask What is the share price of {company}?
  ask How much is a share of {company}?
  ask Look up the shares of {company}.
  miss What is the share price? | Of which company? | Of {company}.
  say A share of {company} costs {price} coins, a change of {change} percent.
  say {company} stands at {price} coins; the change is {change} percent.
add_event create_event calendar_add new_appointment
  about Puts an event into the calendar.
  need title:work title,event,name,subject The title of the event.
  need day:day date,day,when The day of the event.
  may time:time time,start,start_time When it begins.
  gives number:code event_id,id,number,reference
  ask Put "{title}" into my calendar on {day}.
  ask Add the event "{title}" for {day}.
  ask On {day} I have "{title}". Please add it to the calendar.
  more Add "{title}" to my calendar on {day} at {time}.
  more Put "{title}" on {day}, {time}, into the calendar.
  miss Put "{title}" into my calendar. | On which day? | On {day}.
  miss Add the event "{title}", please. | When is it? | {day}.
  say I have added "{title}" on {day}. Its number is {number}.
  say "{title}" is in your calendar on {day} ({number}).
set_light switch_light lights light_control
  about Switches the lights of a room.
  need room:spot room,area,place,zone The room.
  need state:=on|off state,power,mode,to Whether the light is to be on or off.
  may level:percent brightness,level,percent The brightness in percent.
  gives state2:=done|ok result,status,answer
  ask Turn the lights of the {room} {state}.
  ask Please switch {state} the light in the {room}.
  ask Lights {state} in the {room}, please.
  more Switch the light in the {room} {state}, with {level} percent brightness.
  miss Change the lights in the {room}. | Should they be on or off? | {state}, please.
  say The light in the {room} is {state} now.
  say Done: the lights of the {room} are {state}.
search_books find_book library_search lookup_title
  about Searches the library for books of an author.
  need author:person author,writer,by,name Who wrote the book.
  may year:year year,since,published The year of the book.
  gives title:work title,book,found,name
  gives shelf:code shelf,place,location
  ask Is there a book by {author} in the library?
  ask Find me a book that {author} wrote.
  ask Search for books by {author}.
  more Find a book by {author} from {year}.
  more Do you have something that {author} wrote in {year}?
  miss I am looking for a book. | By which author? | By {author}.
  say I found "{title}" by {author} on shelf {shelf}.
  say Yes: "{title}" by {author}. It is on shelf {shelf}.
order_status track_order where_is_order parcel_state
  about Tells where an order is.
  need order:code order,order_id,number,code The number of the order.
  gives state:=packed|sent|delivered|delayed state,status,stage
  gives place:place place,location,last_seen,at
  ask Where is my order {order}?
  ask What is the state of order {order}?
  ask Track {order} for me.
  miss Where is my order? | What is the number of your order? | It is {order}.
  miss Has my parcel been sent? | Please tell me the order number. | {order}
  say Order {order} is {state}; its last place was {place}.
  say Your order {order} is {state}. It was last seen in {place}.
route distance get_route plan_trip
  about Gives the distance between two places and the time it takes.
  need start:place from,start,origin,a Where the way begins.
  need end:place to,end,destination,b Where the way ends.
  may means:=car|train|bike|foot by,means,mode,vehicle How one travels.
  gives km:span distance_km,km,kilometres,length
  gives minutes:span minutes,duration,time_minutes
  ask How far is it from {start} to {end}?
  ask How do I get from {start} to {end}?
  ask Plan a trip from {start} to {end}.
  more How long does it take from {start} to {end} by {means}?
  more I want to travel from {start} to {end} by {means}. How far is it?
  miss I start in {start}. How far is it? | Where do you want to go? | To {end}.
  say From {start} to {end} it is {km} kilometres; the trip takes {minutes} minutes.
  say The way from {start} to {end} is {km} kilometres long and takes {minutes} minutes.
convert convert_money exchange change_currency
  about Converts an amount of money.
  need amount:amount amount,value,sum How much money.
  need from:=euros|dollars|pounds|francs from,source,old The money that one has.
  need to:=yen|yuan|crowns|rupees to,target,new The money that one wants.
  gives result:count result,converted,total
  ask How much are {amount} {from} in {to}?
  ask Convert {amount} {from} to {to}.
  ask I have {amount} {from}. How many {to} do I get?
  miss Convert {amount} {from} for me. | Into which money? | Into {to}.
  say {amount} {from} are {result} {to}.
  say You get {result} {to} for {amount} {from}.
set_reminder remind reminder_add remember_task
  about Reminds the user of something at a given time.
  need what:errand text,what,task,note What to remind of.
  need time:time time,at,when The time of day.
  gives id:code id,reminder_id,number
  ask Remind me to {what} at {time}.
  ask At {time} I have to {what}. Please remind me.
  ask Set a reminder for {time}: {what}.
  miss Remind me to {what}. | At what time? | At {time}.
  say I will remind you to {what} at {time} (number {id}).
  say Reminder {id} is set: {what} at {time}.
play_music play_song start_track music_play
  about Plays a song.
  need song:work song,title,track,name The title of the song.
  may artist:person artist,singer,by,band Who sings it.
  gives length:seconds seconds,length,duration
  ask Play "{song}".
  ask I would like to hear "{song}".
  ask Please start the song "{song}".
  more Play "{song}" by {artist}.
  more I want to listen to "{song}" by {artist}.
  miss Play some music. | Which song would you like? | "{song}", please.
  say Now playing "{song}" ({length} seconds).
  say "{song}" is playing. It is {length} seconds long.
book_table reserve_table reservation table_booking
  about Books a table at a restaurant.
  need where:org restaurant,place,where,name The restaurant.
  need people:small people,guests,seats,persons How many people come.
  need time:time time,at,hour When they come.
  gives number:code booking,code,confirmation,number
  ask Book a table for {people} at {where} at {time}.
  ask We are {people} people. Please reserve a table at {where} for {time}.
  ask I need a table at {where} for {people} people at {time}.
  miss Book a table for {people} people at {where}. | At what time? | At {time}.
  say Your table for {people} at {where} is booked for {time}. The code is {number}.
  say Done. {where}, {people} people, {time}; booking {number}.
find_contact get_contact contacts_search phone_book
  about Looks up a person in the address book.
  need person:person name,person,contact,who The person's name.
  gives mail:email email,mail,address
  gives phone:code phone,number,telephone
  ask How can I reach {person}?
  ask Give me the address and number of {person}.
  ask Look up {person} in my contacts.
  miss Give me a phone number from my contacts. | Whose number do you need? | The number of {person}.
  say You can reach {person} at {mail} or {phone}.
  say {person}: mail {mail}, phone {phone}.
item_price get_price price_of shop_price
  about Gives the price of a product in a shop.
  need product:thing product,item,article,goods The product.
  need shop:org shop,store,seller,at The shop.
  gives price:amount price,cost,amount
  ask How much is a {product} at {shop}?
  ask What does {shop} take for a {product}?
  ask Find the price of a {product} at {shop}.
  miss How much is a {product}? | In which shop? | At {shop}.
  say A {product} costs {price} coins at {shop}.
  say {shop} sells a {product} for {price} coins.
send_message send_mail write_message message
  about Sends a short message to a person.
  need to:person to,recipient,receiver,person Who gets the message.
  need text:work text,message,body,content What it says.
  may urgent:=high|low priority,urgency,level How urgent it is.
  gives state:=sent|queued status,state,result
  ask Send {to} the message "{text}".
  ask Write "{text}" to {to}.
  ask Please tell {to}: "{text}"
  more Send {to} the message "{text}" with {urgent} priority.
  miss Send {to} a message. | What should it say? | "{text}"
  say The message "{text}" to {to} is {state}.
  say {state}: "{text}" for {to}.
start_timer set_timer timer countdown
  about Starts a timer.
  need minutes:small minutes,duration,length,time How many minutes it runs.
  may label:food label,name,for What the timer is for.
  gives ends:time ends_at,end,until
  ask Start a timer for {minutes} minutes.
  ask Wake me in {minutes} minutes.
  ask Set the timer to {minutes} minutes.
  more Start a timer of {minutes} minutes for the {label}.
  miss Start a timer. | For how many minutes? | {minutes} minutes.
  say The timer runs for {minutes} minutes and ends at {ends}.
  say Started: {minutes} minutes, until {ends}.
train_times next_train departures timetable
  about Tells when the next train leaves.
  need from:place from,station,origin,start The station to start from.
  need to:place to,destination,goal,end The station to go to.
  gives time:time departure,time,leaves_at
  gives track:small platform,track,gate
  ask When does the next train from {from} to {to} leave?
  ask I want to go from {from} to {to} by train. When can I leave?
  ask Next train from {from} to {to}?
  miss When does the next train to {to} leave? | From which station? | From {from}.
  say The next train from {from} to {to} leaves at {time} from platform {track}.
  say At {time}, platform {track}: that is the next train to {to}.
"""
TOOLS_ZH = """
get_weather weather_now check_weather forecast
  about 查询一个地方的天气。
  need place:place city,place,location,town 要查询的地方。
  may unit:=摄氏|华氏 unit,scale,units 温度单位。
  gives degrees:degrees temperature,temp,degrees
  gives sky:=晴|多云|小雨|大风|有雾|阴 sky,weather,condition
  ask {place}的天气怎么样？
  ask 现在{place}多少度？
  ask 查一下{place}的天气。
  more 查一下{place}的气温，用{unit}表示。
  more {place}现在多少度？请用{unit}。
  miss 今天天气怎么样？ | 请问是哪个地方？ | {place}。
  miss 外面热吗？ | 您在哪里？ | 我在{place}。
  say {place}现在{sky}，气温{degrees}度。
  say {place}的天气是{sky}，{degrees}度。
stock_level check_stock count_items inventory
  about 查询商品的库存数量。
  need item:word item,product,article,name 商品名称。
  may store:place store,shop,warehouse,place 只查这家分店。
  gives left:amount left,stock,quantity,available
  ask {item}还剩多少件？
  ask 查一下{item}的库存。
  ask {item}还有货吗？
  more {store}店的{item}还有多少件？
  more 查一下{store}店{item}的库存。
  miss 帮我查一下库存。 | 您要查哪种商品？ | {item}。
  say {item}还有{left}件。
  say 目前{item}的库存是{left}件。
share_price get_quote stock_price
  about 查询公司的股价。
  need company:org company,firm,name,symbol 公司名称。
  gives price:amount price,value,last
  gives change:percent change_percent,change,percent
  ask {company}的股价是多少？
  ask 查一下{company}的股票。
  ask {company}现在每股多少钱？
  miss 今天股价是多少？ | 您问的是哪家公司？ | {company}。
  say {company}的股价是{price}元，变动{change}%。
  say {company}现在每股{price}元，变动幅度为{change}%。
add_event create_event calendar_add new_appointment
  about 在日历中添加一个日程。
  need title:work title,event,name,subject 日程的标题。
  need day:day date,day,when 日程的日期。
  may time:time time,start,start_time 开始时间。
  gives number:code event_id,id,number,reference
  ask 把“{title}”加到我{day}的日历里。
  ask {day}有“{title}”，请记到日历上。
  ask 添加日程“{title}”，日期是{day}。
  more 在日历里添加“{title}”，{day}{time}开始。
  more {day}{time}有“{title}”，请加到日历里。
  miss 把“{title}”加到日历里。 | 请问是哪一天？ | {day}。
  say 已经把“{title}”加到{day}的日历里，编号是{number}。
  say “{title}”已添加，日期{day}，编号{number}。
set_light switch_light lights light_control
  about 开关一个房间的灯。
  need room:spot room,area,place,zone 房间或地点。
  need state:=打开|关闭 state,power,mode,to 打开还是关闭。
  may level:percent brightness,level,percent 亮度百分比。
  gives state2:=完成|成功 result,status,answer
  ask 请{state}{room}的灯。
  ask 把{room}的灯{state}。
  ask 帮我{state}{room}的灯。
  more 把{room}的灯{state}，亮度{level}%。
  miss 调一下{room}的灯。 | 要打开还是关闭？ | {state}。
  say {room}的灯已经{state}了。
  say 好的，已{state}{room}的灯。
search_books find_book library_search lookup_title
  about 在图书馆按作者查书。
  need author:person author,writer,by,name 书的作者。
  may year:year year,since,published 出版年份。
  gives title:work title,book,found,name
  gives shelf:code shelf,place,location
  ask 图书馆有{author}写的书吗？
  ask 帮我找一本{author}的书。
  ask 查找作者{author}的书。
  more 找一本{author}在{year}年出版的书。
  more 有没有{author}{year}年写的书？
  miss 我想找一本书。 | 请问作者是谁？ | 作者是{author}。
  say 找到了{author}的《{title}》，在{shelf}号书架。
  say 有的，{author}的《{title}》放在{shelf}号书架。
order_status track_order where_is_order parcel_state
  about 查询订单的状态。
  need order:code order,order_id,number,code 订单号。
  gives state:=已打包|已发货|已送达|延误 state,status,stage
  gives place:place place,location,last_seen,at
  ask 我的订单{order}到哪里了？
  ask 查一下订单{order}的状态。
  ask 订单{order}发货了吗？
  miss 我的订单到哪里了？ | 请告诉我订单号。 | 订单号是{order}。
  miss 我的包裹寄出了吗？ | 请问订单号是多少？ | {order}
  say 订单{order}的状态是{state}，目前在{place}。
  say 您的订单{order}{state}，最近的位置是{place}。
route distance get_route plan_trip
  about 查询两地之间的距离和所需时间。
  need start:place from,start,origin,a 起点。
  need end:place to,end,destination,b 终点。
  may means:=汽车|火车|自行车|步行 by,means,mode,vehicle 出行方式。
  gives km:span distance_km,km,kilometres,length
  gives minutes:span minutes,duration,time_minutes
  ask 从{start}到{end}有多远？
  ask 从{start}去{end}要多久？
  ask 帮我规划从{start}到{end}的路线。
  more 从{start}到{end}，出行方式是{means}，要多久？
  more 我想从{start}去{end}，方式选{means}，有多远？
  miss 我从{start}出发，要走多远？ | 您要去哪里？ | 去{end}。
  say 从{start}到{end}有{km}公里，需要{minutes}分钟。
  say {start}到{end}全程{km}公里，大约{minutes}分钟。
convert convert_money exchange change_currency
  about 兑换货币。
  need amount:amount amount,value,sum 金额。
  need from:=欧元|美元|英镑|法郎 from,source,old 原来的货币。
  need to:=日元|人民币|克朗|卢比 to,target,new 要换成的货币。
  gives result:count result,converted,total
  ask {amount}{from}等于多少{to}？
  ask 把{amount}{from}换成{to}。
  ask 我有{amount}{from}，能换多少{to}？
  miss 帮我兑换{amount}{from}。 | 要换成哪种货币？ | 换成{to}。
  say {amount}{from}等于{result}{to}。
  say {amount}{from}可以换{result}{to}。
set_reminder remind reminder_add remember_task
  about 在指定时间提醒用户。
  need what:doing text,what,task,note 提醒的内容。
  need time:time time,at,when 提醒的时间。
  gives id:code id,reminder_id,number
  ask {time}提醒我{what}。
  ask 我{time}要{what}，请提醒我。
  ask 设一个{time}的提醒：{what}。
  miss 提醒我{what}。 | 什么时候提醒您？ | {time}。
  say 好的，我会在{time}提醒您{what}，编号{id}。
  say 提醒已设好：{time}{what}（编号{id}）。
play_music play_song start_track music_play
  about 播放歌曲。
  need song:work song,title,track,name 歌名。
  may artist:person artist,singer,by,band 歌手。
  gives length:seconds seconds,length,duration
  ask 播放《{song}》。
  ask 我想听《{song}》。
  ask 请放一首《{song}》。
  more 播放{artist}的《{song}》。
  more 我想听{artist}唱的《{song}》。
  miss 放点音乐。 | 您想听哪首歌？ | 《{song}》。
  say 正在播放《{song}》，全长{length}秒。
  say 《{song}》已经开始播放，时长{length}秒。
book_table reserve_table reservation table_booking
  about 在餐厅订座。
  need where:eatery restaurant,place,where,name 餐厅名称。
  need people:small people,guests,seats,persons 用餐人数。
  need time:time time,at,hour 用餐时间。
  gives number:code booking,code,confirmation,number
  ask 在{where}订一张{people}人的桌子，{time}到。
  ask 我们{people}个人{time}去{where}吃饭，请订座。
  ask 请预订{where}{time}的位子，一共{people}人。
  miss 我们{people}个人想去{where}吃饭，请订座。 | 几点到？ | {time}。
  say {where}的座位订好了，{people}人，{time}，预订号是{number}。
  say 已预订{where}，{time}，{people}人，预订号{number}。
find_contact get_contact contacts_search phone_book
  about 在通讯录中查找联系人。
  need person:person name,person,contact,who 联系人姓名。
  gives mail:email email,mail,address
  gives phone:code phone,number,telephone
  ask 怎么联系{person}？
  ask 查一下{person}的联系方式。
  ask {person}的电话和邮箱是什么？
  miss 帮我查一个联系人。 | 请问要查谁？ | {person}。
  say {person}的邮箱是{mail}，电话是{phone}。
  say 可以通过邮箱{mail}或电话{phone}联系{person}。
item_price get_price price_of shop_price
  about 查询商店里商品的价格。
  need product:thing product,item,article,goods 商品。
  need shop:store shop,store,seller,at 商店。
  gives price:amount price,cost,amount
  ask {shop}的{product}多少钱？
  ask 在{shop}买一个{product}要多少钱？
  ask 查一下{shop}里{product}的价格。
  miss {product}多少钱？ | 请问在哪家商店？ | {shop}。
  say {shop}的{product}每个{price}元。
  say 在{shop}，一个{product}要{price}元。
send_message send_mail write_message message
  about 给某人发送一条短消息。
  need to:person to,recipient,receiver,person 收信人。
  need text:work text,message,body,content 消息内容。
  may urgent:=紧急|普通 priority,urgency,level 紧急程度。
  gives state:=已发送|排队中 status,state,result
  ask 给{to}发消息：“{text}”
  ask 告诉{to}“{text}”。
  ask 请把“{text}”发给{to}。
  more 给{to}发一条{urgent}消息：“{text}”
  miss 给{to}发一条消息。 | 消息写什么？ | “{text}”
  say 给{to}的消息“{text}”{state}。
  say “{text}”{state}，收信人是{to}。
start_timer set_timer timer countdown
  about 启动计时器。
  need minutes:small minutes,duration,length,time 分钟数。
  may label:food label,name,for 计时器的用途。
  gives ends:time ends_at,end,until
  ask 计时{minutes}分钟。
  ask {minutes}分钟以后叫我。
  ask 设一个{minutes}分钟的计时器。
  more 给{label}计时{minutes}分钟。
  miss 帮我计时。 | 要计多少分钟？ | {minutes}分钟。
  say 计时器已启动，{minutes}分钟，{ends}结束。
  say 好的，{minutes}分钟的计时到{ends}为止。
train_times next_train departures timetable
  about 查询下一班火车的时间。
  need from:place from,station,origin,start 出发站。
  need to:place to,destination,goal,end 到达站。
  gives time:time departure,time,leaves_at
  gives track:small platform,track,gate
  ask 从{from}到{to}的下一班火车几点开？
  ask 我要坐火车从{from}去{to}，最近一班是几点？
  ask 查一下{from}到{to}的火车。
  miss 去{to}的下一班火车几点开？ | 从哪一站出发？ | 从{from}出发。
  say 从{from}到{to}的下一班火车{time}开，在{track}站台。
  say 下一班去{to}的火车{time}从{track}站台出发。
"""
PHRASES_EN = """
system
  You can call tools. Call one only if the request needs it.
  Use the tools where they help. Never guess what a tool can tell.
  You are an assistant with tools. If something is missing, ask for it.
  Call the right function with the values that the user gives.
and
  _And_
  _Also:_
  _One more thing:_
  _
no_tool
  I have no tool for that.
  I am sorry, none of my tools can do that.
  That is not something I can do with my tools.
errors
  not found | I am sorry, nothing was found.
  service not available | I am sorry, the service is not available. Please try again later.
  timeout | The request took too long. Please try again later.
  permission denied | I am sorry, I am not allowed to do that.
  too many requests | There were too many requests. Please wait a moment.
  invalid value | The service did not accept the value. Please check what you wrote.
"""
PHRASES_ZH = """
system
  你可以调用工具，需要时才调用。
  请使用合适的工具，不要猜测结果。
  你是带工具的助手。缺少信息时，先向用户询问。
  用用户给出的内容调用正确的函数。
and
  另外，
  还有，
  再问一件事：
  顺便，
no_tool
  我没有可以做这件事的工具。
  对不起，我的工具做不到。
  这件事现有的工具帮不上忙。
errors
  没有找到 | 对不起，没有找到。
  服务不可用 | 对不起，服务暂时不可用，请稍后再试。
  超时 | 请求超时了，请稍后再试。
  没有权限 | 对不起，我没有权限这样做。
  请求过多 | 请求太多了，请稍等一会儿。
  参数无效 | 服务没有接受这个内容，请检查一下。
"""
TOOLS = {"en": TOOLS_EN, "zh": TOOLS_ZH}
PHRASES = {"en": PHRASES_EN, "zh": PHRASES_ZH}
