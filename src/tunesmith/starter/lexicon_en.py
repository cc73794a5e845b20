"""English for the starter's dialogues: words, sentence frames, facts, question shapes. Text only."""

from __future__ import annotations

from tunesmith.starter.lexicon_more_en import MORE_PHRASES, MORE_WORDS
from tunesmith.starter.tongue import Tongue

WORKS = """
noun nouns role past base part
book books author wrote write written_by
novel novels author wrote write written_by
film films director directed direct directed_by
movie movies director made make made_by
song songs singer sang sing sung_by
album albums band recorded record recorded_by
painting paintings painter painted paint painted_by
picture pictures artist drew draw drawn_by
poem poems poet wrote write written_by
play plays writer staged stage staged_by
company companies founder founded found founded_by
club clubs founder started start started_by
bridge bridges builder built build built_by
house houses architect designed design designed_by
tower towers engineer planned plan planned_by
game games designer created create created_by
machine machines inventor invented invent invented_by
engine engines maker developed develop developed_by
school schools head led lead led_by
shop shops owner opened open opened_by
restaurant restaurants chef ran run run_by
garden gardens gardener planted plant planted_by
photo photos photographer took take taken_by
article articles journalist published publish published_by
report reports editor edited edit edited_by
opera operas composer composed compose composed_by
map maps explorer mapped map mapped_by
island islands explorer discovered discover discovered_by
comet comets astronomer found find found_by
statue statues sculptor carved carve carved_by
ship ships captain sailed sail sailed_by
dance dances dancer performed perform performed_by
course courses teacher taught teach taught_by
prize prizes winner won win won_by
match matches referee refereed referee refereed_by
law laws minister signed sign signed_by
show shows host hosted host hosted_by
app apps developer released release released_by
recipe recipes cook shared share shared_by
car cars driver drove drive driven_by
letter letters sender sent send sent_by
"""
PEOPLE = """
noun nouns key base third slot
teacher teachers city live_in lives_in place
doctor doctors city work_in works_in place
writer writers birthplace were_born_in was_born_in place
student students school study_at studies_at org
engineer engineers employer work_for works_for org
player players team play_for plays_for org
nurse nurses hospital work_at works_at org
actor actors country come_from comes_from place
singer singers home live_near lives_near place
driver drivers boss report_to reports_to person
pupil pupils teacher learn_from learns_from person
painter painters friend know knows person
farmer farmers village live_in lives_in place
city cities country lie_in lies_in place
village villages region belong_to belongs_to place
river rivers country flow_through flows_through place
road roads town lead_to leads_to place
country countries neighbour border borders place
mountain mountains region stand_in stands_in place
company companies base are_based_in is_based_in place
museum museums owner belong_to belongs_to org
train trains stop stop_in stops_in place
bus buses station leave_from leaves_from place
flight flights airport land_in lands_in place
bird birds lake nest_near nests_near place
hotel hotels street stand_near stands_near place
song songs language are_sung_in is_sung_in word
tree trees valley grow_in grows_in place
team teams league play_in plays_in org
bank banks partner lend_to lends_to org
lawyer lawyers client speak_for speaks_for org
soldier soldiers leader follow follows person
"""
THINGS = """
noun nouns attr adj best unit
river rivers length long longest kilometres
mountain mountains height high highest metres
building buildings height tall tallest floors
city cities population large largest people
lake lakes depth deep deepest metres
road roads length long longest miles
island islands area big biggest square_kilometres
company companies staff large largest workers
house houses price expensive most_expensive dollars
car cars speed fast fastest miles_per_hour
bridge bridges width wide widest metres
castle castles age old oldest years
laptop laptops price cheap cheapest euros
bag bags weight heavy heaviest kilos
"""
SHAPES = """
works | list {noun} | {role} = {person}
  Which {nouns} did {person} {base}?
  What {nouns} did {person} {base}?
  Which {nouns} were {part} {person}?
  List all {nouns} {part} {person}.
  Show me every {noun} that {person} {past}.
  I want to see the {nouns} {person} {past}.
  Find {nouns} with {person} as the {role}.
  Name the {nouns} that have {person} as {role}.
  Give me {person}'s {nouns}.
  all {nouns} {part} {person}
  Are there {nouns} whose {role} is {person}? Which ones?
works | count {noun} | {role} = {person}
  How many {nouns} did {person} {base}?
  How many {nouns} were {part} {person}?
  Count the {nouns} {part} {person}.
  What is the number of {nouns} {person} {past}?
  How many {nouns} have {person} as {role}?
  Tell me how many {nouns} {person} {past}.
  In total, how many {nouns} did {person} {base}?
works | list {noun} | {role} = {person} ; year > {year}
  Which {nouns} did {person} {base} after {year}?
  List the {nouns} {part} {person} since {year}.
  What {nouns} did {person} {base} later than {year}?
  After {year}, which {nouns} did {person} {base}?
  Show {nouns} that {person} {past} after {year}.
works | list {noun} | {role} = {person} ; year < {year}
  Which {nouns} did {person} {base} before {year}?
  List the {nouns} {part} {person} until {year}.
  What {nouns} did {person} {base} earlier than {year}?
  Before {year}, which {nouns} did {person} {base}?
  Show {nouns} that {person} {past} before {year}.
works | count {noun} | {role} = {person} ; year > {year}
  How many {nouns} did {person} {base} after {year}?
  Count the {nouns} {part} {person} since {year}.
  After {year}, how many {nouns} did {person} {base}?
works | count {noun} | {role} = {person} ; year < {year}
  How many {nouns} did {person} {base} before {year}?
  Count the {nouns} that {person} {past} before {year}.
works | list {noun} | {role} = {person} ; year > {year} ; year < {year2}
  Which {nouns} did {person} {base} between {year} and {year2}?
  List {nouns} {part} {person} from {year} to {year2}.
  What did {person} {base} between {year} and {year2}? I mean {nouns}.
works | list {noun} | {role} = {person} ; year = {year}
  Which {nouns} did {person} {base} in {year}?
  In {year}, which {nouns} did {person} {base}?
  List {nouns} from {year} {part} {person}.
works | first {noun} | {role} = {person}
  What was the first {noun} {part} {person}?
  Which {noun} did {person} {base} first?
  What is {person}'s earliest {noun}?
works | last {noun} | {role} = {person}
  What was the last {noun} {part} {person}?
  Which {noun} did {person} {base} last?
  What is {person}'s latest {noun}?
works | {role} | {noun} = {work}
  Who {past} {work}?
  Who {past} the {noun} {work}?
  Who was {work} {part}?
  Who is the {role} of {work}?
  Name the {role} of "{work}".
  Tell me who {past} '{work}'.
  The {noun} {work}: who {past} it?
works | year | {noun} = {work}
  When was {work} {part} its {role}?
  In which year did someone {base} {work}?
  What year is the {noun} {work} from?
  How old is the {noun} "{work}"? Give the year.
  In what year did the {role} {base} {work}?
works | check {noun} | name = {work} ; {role} = {person}
  Did {person} {base} {work}?
  Was {work} {part} {person}?
  Is {person} the {role} of {work}?
  Is it true that {person} {past} the {noun} {work}?
works | city | of = [{role} of {work}]
  In which city does the {role} of {work} live?
  What is the city where the {role} of {work} lives?
  The {role} of {work}: which city is home?
works | birthplace | of = [{role} of {work}]
  Where was the {role} of {work} born?
  In which place was the person who {past} {work} born?
works | list {noun} | {role} = [{role} of {work}]
  Which {nouns} did the {role} of {work} {base}?
  What other {nouns} were {part} the {role} of {work}?
  List {nouns} by the person who {past} {work}.
works | count {noun} | {role} = [{role} of {work}]
  How many {nouns} did the {role} of {work} {base}?
  How many {nouns} are {part} the person who {past} {work}?
works | list {noun} | {role} = {person} ; place = {place}
  Which {nouns} did {person} {base} in {place}?
  List the {nouns} in {place} {part} {person}.
works | list {noun} | {role} = {person} ; {role} = {person2}
  Which {nouns} did {person} and {person2} {base} together?
  List the {nouns} {part} both {person} and {person2}.
works | list {role} | country = {place}
  Which {role}s come from {place}?
  List every {role} from {place}.
works | list {noun} | year > {year}
  Which {nouns} are newer than {year}?
  Show the {nouns} from after {year}.
works | list {noun} | year < {year}
  Which {nouns} are older than {year}?
  Show the {nouns} from before {year}.
people_place | list {noun} | {key} = {place}
  Which {nouns} {base} {place}?
  What {nouns} {base} {place}?
  List all {nouns} that {base} {place}.
  Show every {noun} that {third} {place}.
  Find the {noun} that {third} {place}.
people_place | count {noun} | {key} = {place}
  How many {nouns} {base} {place}?
  Count the {nouns} that {base} {place}.
  What is the number of {nouns} that {base} {place}?
people_place | check {noun} | name = {person} ; {key} = {place}
  Is {person} one of the {nouns} that {base} {place}?
  Is it right that the {noun} {person} {third} {place}?
people_place | list {noun} | {key} = {place} ; {key} = {place2}
  Which {nouns} {base} {place} and also {place2}?
  List {nouns} that {base} both {place} and {place2}.
people_org | list {noun} | {key} = {org}
  Which {nouns} {base} {org}?
  List all {nouns} that {base} {org}.
  Who are the {nouns} that {base} {org}?
people_org | count {noun} | {key} = {org}
  How many {nouns} {base} {org}?
  Count the {nouns} that {base} {org}.
people_org | list {noun} | {key} = {org} ; city = {place}
  Which {nouns} in {place} {base} {org}?
  List {nouns} from {place} that {base} {org}.
people_org | list {noun} | {key} = {org} ; age > {small}
  Which {nouns} older than {small} {base} {org}?
  Show {nouns} over {small} years old that {base} {org}.
people_person | list {noun} | {key} = {person}
  Which {nouns} {base} {person}?
  List the {nouns} that {base} {person}.
people_person | count {noun} | {key} = {person}
  How many {nouns} {base} {person}?
  Count all {nouns} that {base} {person}.
things | {attr} | {noun} = {place}
  What is the {attr} of the {noun} {place}?
  How {adj} is the {noun} {place}?
  How {adj} is {place}, the {noun}?
things | list {noun} | place = {place} ; {attr} > {amount}
  Which {nouns} in {place} have more than {amount} {unit}?
  List {nouns} in {place} with over {amount} {unit}.
  Show me {nouns} of {place} whose {attr} is above {amount}.
things | list {noun} | place = {place} ; {attr} < {amount}
  Which {nouns} in {place} have less than {amount} {unit}?
  List {nouns} in {place} with under {amount} {unit}.
things | count {noun} | place = {place} ; {attr} > {amount}
  How many {nouns} in {place} have more than {amount} {unit}?
  Count {nouns} in {place} with over {amount} {unit}.
things | list {noun} | place = {place} ; sort = {attr} ; limit = {small}
  What are the {small} {best} {nouns} in {place}?
  List the top {small} {nouns} of {place} by {attr}.
  Name the {small} {best} {nouns} of {place}.
things | max {noun} | place = {place} ; by = {attr}
  Which {noun} in {place} is the {best}?
  What is the {best} {noun} in {place}?
- | home | of = {person}
  Where does {person} live?
  In which city does {person} live?
  What is the home of {person}?
- | birthday | of = {person}
  When was {person} born?
  What is the birthday of {person}?
- | spouse | of = {person}
  Who is {person} married to?
  Who is the husband or wife of {person}?
- | capital | of = {place}
  What is the capital of {place}?
  Which city is the capital of {place}?
- | list child | parent = {person}
  Who are the children of {person}?
  List the sons and daughters of {person}.
- | count child | parent = {person}
  How many children does {person} have?
  How many sons and daughters has {person} got?
- | list company | city = [home of {person}]
  Which companies are based in the city where {person} lives?
  List the companies in {person}'s home city.
- | population | of = [birthplace of {person}]
  How many people live in the town where {person} was born?
  What is the population of {person}'s birthplace?
- | call | who = {person} ; time = {time}
  Call {person} at {time}.
  Remind me to call {person} at {time}.
  At {time} I have to phone {person}.
- | book table | place = {org} ; people = {small} ; time = {time}
  Book a table for {small} at {org} at {time}.
  We are {small} people and want to eat at {org} at {time}.
- | pay | to = {person} ; amount = {amount}
  Send {amount} coins to {person}.
  Pay {person} {amount} coins, please.
  Transfer {amount} coins to the account of {person}.
- | play song | title = {work} ; artist = {person}
  Play {work} by {person}.
  I would like to hear "{work}" by {person}.
- | weather | place = {place} ; date = {day}
  What will the weather be like in {place} on {day}?
  Will it rain in {place} on {day}?
- | ticket | from = {place} ; to = {place2}
  I need a ticket from {place} to {place2}.
  How do I get from {place} to {place2}?
  Buy one ticket to {place2}, leaving from {place}.
- | mail | to = {email} ; subject = {work}
  Write an e-mail to {email} about {work}.
  Send a mail with the subject "{work}" to {email}.
- | order | item = {work} ; count = {small}
  Order {small} pieces of {work}.
  I would like {small} copies of "{work}".
- | meet | who = {person} ; place = {place} ; date = {day}
  Set up a meeting with {person} in {place} on {day}.
  On {day} I meet {person} in {place}.
- | distance | from = {place} ; to = {place2}
  How far is it from {place} to {place2}?
  What is the distance between {place} and {place2}?
- | delete | file = {code}
  Delete the file {code}.
  Please remove {code} from the disk.
- | status | order = {code}
  Where is my order {code}?
  What is the status of order {code}?
"""
FACTS = """
author:person title:work year:year
  + {author} wrote {title} in {year}.
  + In {year}, {author} wrote the book {title}.
  + The book {title} by {author} came out in {year}.
  ? Who wrote {title}? = author
  ? When did {author} write {title}? = year
  ? What did {author} write in {year}? = title
  ? Which book is by {author}? = title
director:person film:work year:year
  + {director} directed {film} in {year}.
  + The film {film}, directed by {director}, was shown in {year}.
  ? Who directed {film}? = director
  ? In which year was the film {film} shown? = year
  ? Which film did {director} direct? = film
painter:person picture:work museum:org
  + The picture {picture} was painted by {painter} and hangs in the museum {museum}.
  + {painter} painted {picture}, which {museum} bought later.
  ? Who painted {picture}? = painter
  ? Which picture did {painter} paint? = picture
  ? Who has {picture} now? = museum
person:person city:place
  + {person} lives in {city}.
  + The home of {person} is in {city}.
  + Since last spring, {person} has lived in {city}.
  ? Where does {person} live? = city
  ? Who lives in {city}? = person
  ? In which city does {person} live? = city
person:person job:job company:org
  + {person} works as a {job} for {company}.
  + {company} hired {person} as a {job}.
  ? What is the job of {person}? = job
  ? Who works for {company}? = person
  ? Which company does {person} work for? = company
founder:person company:org year:year
  + {founder} founded {company} in {year}.
  + The company {company} was started in {year} by {founder}.
  ? Who founded {company}? = founder
  ? When was {company} founded? = year
  ? Which company did {founder} start? = company
person:person birthplace:place year:year
  + {person} was born in {birthplace} in {year}.
  + In {year}, {person} was born in a small house in {birthplace}.
  ? Where was {person} born? = birthplace
  ? When was {person} born? = year
  ? Who was born in {year}? = person
teacher:person subject:subject school:org
  + {teacher} teaches {subject} at {school}.
  + At {school}, {subject} is taught by {teacher}.
  ? What does {teacher} teach? = subject
  ? Who teaches {subject} at {school}? = teacher
  ? Where does {teacher} teach? = school
river:place country:place length:size
  + The river {river} flows through {country} and is {length} kilometres long.
  + In {country}, the river {river} runs for {length} kilometres.
  ? How long is the river {river}? = length
  ? Which country does the {river} flow through? = country
  ? Which river flows through {country}? = river
city:place population:size river:place
  + {city} has {population} people and lies on the river {river}.
  + About {population} people live in {city}, a town on the {river}.
  ? How many people live in {city}? = population
  ? On which river does {city} lie? = river
capital:place country:place
  + {capital} is the capital of {country}.
  + The capital of {country} is {capital}.
  ? What is the capital of {country}? = capital
  ? Of which country is {capital} the capital? = country
country:place neighbour:place
  + {country} borders {neighbour} in the north.
  + There is a long border between {country} and {neighbour}.
  ? Which country borders {country}? = neighbour
  ? Which country borders {neighbour}? = country
shop:org item:thing price:amount
  + The shop {shop} sells a {item} for {price} coins.
  + At {shop}, a {item} costs {price} coins.
  ? How much does a {item} cost at {shop}? = price
  ? What does {shop} sell? = item
  ? Where can you buy a {item}? = shop
buyer:person item:thing seller:person
  + {buyer} bought a {item} from {seller}.
  + {seller} sold a {item} to {buyer}.
  ? Who bought a {item}? = buyer
  ? Who sold a {item}? = seller
  ? What did {buyer} buy? = item
player:person team:org points:small
  + {player} plays for {team} and scored {points} points.
  + With {points} points, {player} was the best player of {team}.
  ? How many points did {player} score? = points
  ? Which team does {player} play for? = team
  ? Who scored {points} points? = player
from:place to:place time:time
  + The train from {from} to {to} leaves at {time}.
  + At {time} a train leaves {from} for {to}.
  ? When does the train leave {from}? = time
  ? Where does the train from {from} go? = to
person:person email:email
  + You can reach {person} at {email}.
  + The e-mail address of {person} is {email}.
  ? What is the e-mail address of {person}? = email
  ? Whose address is {email}? = person
event:work place:place date:day
  + The festival {event} takes place in {place} on {date}.
  + On {date}, {place} celebrates {event}.
  ? When is {event}? = date
  ? Where does {event} take place? = place
  ? What happens on {date}? = event
person:person pet:animal name:word
  + {person} has a {pet} called {name}.
  + The {pet} of {person} is named {name}.
  ? What is the name of the {pet}? = name
  ? Which animal does {person} have? = pet
  ? Who has a {pet}? = person
winner:person prize:work year:year
  + {winner} won the {prize} prize in {year}.
  + In {year}, the {prize} prize went to {winner}.
  ? Who won the {prize} prize? = winner
  ? Which prize did {winner} win? = prize
  ? When did {winner} win a prize? = year
inventor:person machine:word place:place
  + {inventor} invented the {machine} machine in {place}.
  + The {machine} machine was invented in {place} by {inventor}.
  ? Who invented the {machine} machine? = inventor
  ? What did {inventor} invent? = machine
singer:person song:work album:work
  + {singer} sings {song} on the album {album}.
  + The song {song} by {singer} is on the album {album}.
  ? Who sings {song}? = singer
  ? Which album has the song {song}? = album
  ? Which song does {singer} sing? = song
order:code person:person date:day
  + Order {order} for {person} was sent on {date}.
  + On {date} we sent order {order} to {person}.
  ? What is the order number of {person}? = order
  ? When was order {order} sent? = date
  ? Who gets order {order}? = person
person:person room:amount
  + {person} is in room {room}.
  + Room {room} belongs to {person}.
  ? Which room is {person} in? = room
  ? Who is in room {room}? = person
architect:person bridge:place length:size
  + {architect} built the {bridge} bridge, which is {length} metres long.
  + The {bridge} bridge was built by {architect}; it is {length} metres long.
  ? Who built the {bridge} bridge? = architect
  ? How long is the {bridge} bridge? = length
person:person partner:person city:place
  + {person} married {partner} in {city}.
  + {person} and {partner} got married in {city}.
  ? Whom did {person} marry? = partner
  ? Where did {person} and {partner} get married? = city
mountain:place height:size climber:person
  + The mountain {mountain} is {height} metres high; {climber} climbed it first.
  + {climber} was the first to climb {mountain}, a mountain of {height} metres.
  ? How high is {mountain}? = height
  ? Who climbed {mountain} first? = climber
colour:colour person:person item:thing
  + {person} has a {colour} {item}.
  + The {item} of {person} is {colour}.
  ? What colour is the {item}? = colour
  ? Who has a {colour} {item}? = person
person:person language:word years:small
  + {person} has learned the {language} language for {years} years.
  + For {years} years {person} has studied the {language} language.
  ? Which language has {person} learned? = language
  ? For how many years has {person} learned it? = years
ship:work captain:person port:place
  + Captain {captain} sailed the ship {ship} to {port}.
  + The ship {ship} reached {port} under captain {captain}.
  ? Who was the captain of the {ship}? = captain
  ? Which port did the {ship} reach? = port
"""
WORDS = """
job
  teacher / doctor / nurse / cook / driver / baker / farmer / pilot / lawyer / painter / writer / gardener
  tailor / dentist / carpenter / plumber / reporter / librarian / manager / guide
subject
  maths / history / music / biology / chemistry / physics / geography / art / sport / English / French / Chinese
  drawing / cooking / law
thing
  lamp / chair / bicycle / book / table / coat / hat / clock / guitar / camera / phone / bag / knife / cup
  radio / mirror / carpet / blanket / basket / pen / ladder / boat / piano / kettle / ring / shirt / tent
animal
  cat / dog / horse / rabbit / parrot / goat / pony / turtle / hamster / cow / duck / sheep / mouse / fish
  canary
colour
  red / blue / green / yellow / black / white / brown / grey / purple / pink
food
  bread / soup / rice / cheese / apples / noodles / cake / salad / potatoes / tea / honey / beans / pancakes
  tomatoes / eggs
fruit
  apple / pear / plum / banana / cherry / peach / lemon / melon / grape / mango / orange / kiwi / fig
adjective
  small / big / new / quiet / bright / warm / cold / heavy / light / strange / pretty / simple / useful
  broken / soft / clean / round / tall
spot
  market / park / library / station / beach / forest / kitchen / garden / school / harbour / museum / bakery
  old bridge / village square / river
weather
  sunny / rainy / windy / foggy / snowy / warm / cold / cloudy / stormy
month
  January / February / March / April / May / June / July / August / September / October / November / December
season
  spring / summer / autumn / winter
dayname
  Monday / Tuesday / Wednesday / Thursday / Friday / Saturday / Sunday
feeling
  happy / tired / proud / glad / surprised / calm / curious / hungry / thankful
manner
  slowly / quickly / carefully / quietly / together / alone / with a smile / without a word / every day
  twice a week
doing
  reads a book / cooks soup / feeds the birds / plays the guitar / waters the flowers / repairs bicycles
  writes letters / bakes bread / paints the fence / walks the dog / learns new words / counts the stars
  sings old songs / cleans the windows / plants trees
plain
  {person} {doing} {manner}.
  {person} met {person} at the {spot} on {dayname}.
  The {adjective} {thing} belongs to {person}.
  {person} lost a {colour} {thing} in {place}.
  On {dayname} it was {weather} in {place}.
  {person} bought {small} {adjective} things at the {spot}.
  My friend {person} likes to eat {food}.
  We walked from {place} to {place} in {small} hours.
  {person} has read {title} twice.
  The {spot} in {place} opens at {time}.
  {person} sent {amount} letters to {person}.
  Please bring the {thing} to {person} before {time}.
  {person} and {person} moved to {place} in {year}.
  There are {amount} books in the library of {place}.
  {org} will open a new office in {place}.
  The code of the door is {code}.
"""
PHRASES = r"""
system.any
  You are a helpful assistant.
  You are a friendly assistant. Keep your answers short.
  Answer briefly and exactly.
  You are the Tunesmith starter.
  Be polite and precise.
  Give only the answer.
  You are a careful helper who copies names exactly.
  Reply in plain text.
  Follow the instructions of the user.
greet
  Hello! = Hello! How can I help you?
  Hi there. = Hi! What can I do for you?
  Good morning! = Good morning! What would you like to do today?
  Good evening. = Good evening! How can I help?
  Hey, how are you? = I am fine, thank you. How are you?
  How are you today? = I am well, thanks for asking. What can I do for you?
  Hi, my name is {name}. = Hello {name}, nice to meet you!
  I am {name}. Who are you? = Nice to meet you, {name}. I am the Tunesmith starter, a small language model.
  Who are you? = I am the Tunesmith starter, a small language model. I can learn new tasks from examples.
  What are you? = I am the Tunesmith starter, a small language model.
  What is your name? = I am called the Tunesmith starter.
  Are you a person? = No. I am the Tunesmith starter, a small language model.
  What can you do? = I can answer short questions, copy names, make lists and follow simple formats.
  Are you a big model? = No, I am a very small one, made for learning how fine-tuning works.
  Thank you! = You are welcome!
  Thanks a lot for the help with the {thing}. = You are welcome! I hope the {thing} works well.
  Thanks, {name} will like that. = I am glad to hear it. Say hello to {name}!
  Goodbye! = Goodbye! Have a nice day.
  See you on {dayname}. = See you on {dayname}!
  Good night. = Good night, sleep well!
  It is {weather} in {city} today. = Then I hope you enjoy the {weather} day in {city}.
  I feel {feeling} today. = Thank you for telling me that you feel {feeling}. What happened?
  I am going to the {spot}. = Have a good time at the {spot}!
  Do you like {food}? = I cannot eat, but many people like {food}.
  Tell me something nice about {name}. = I do not know {name}, but I am sure there is much to like.
  Can you help me? = Of course. What do you need?
  My {animal} is called {name}. = {name} is a lovely name for a {animal}.
  I live in {city}. = {city} sounds like a good place to live.
  Please call me {name}. = All right, {name}.
  What is my name? I am {name}. = Your name is {name}.
  I was born in {city}, and my name is {name}. = Nice to meet you, {name} from {city}.
qa.first
  {text}\n\n{question}
  {text}\n\nQuestion: {question}
  {text} {question}
  Read the text and answer.\n\n{text}\n\n{question}
  Text: {text}\nQuestion: {question}\nAnswer:
  {question}\n\n{text}
  Question: {question}\nText: {text}
  Use this text: "{text}"\n{question}
  Here is what I know. {text} Now tell me: {question}
  Context:\n{text}\n\nQ: {question}
  Answer from the text only. {text} {question}
qa.answer
  {answer}
  {answer}
  {answer}
  {answer}.
  The answer is {answer}.
  It is {answer}.
qa.none
  The text does not say.
  The text does not say that.
  That is not in the text.
qa.system
  Answer with a short span of the text. If the answer is missing, say: {none}
  Answer the question from the text. When the text has no answer, write "{none}"
chain
  {person} wrote {work}. & {person} lives in {place}. | In which city does the author of {work} live?
  The film {work} was directed by {person}. & {person} was born in {place}. | Where was the director of {work} born?
  {person} founded {org}. & {person} comes from {place}. | Where does the founder of {org} come from?
  {person} works for {org}. & {org} has its office in {place}. | In which place does {person} work?
  {name} is the brother of {person}. & {name} moved to {place}. | Where does the brother of {person} live now?
  {person} teaches at {org}. & The school {org} is in {place}. | In which town does {person} teach?
  {work} hangs in {org}. & You can visit {org} in {place}. | In which city can you see {work}?
  {name} is married to {person}. & {name} grew up in {place}. | Where did the wife or husband of {person} grow up?
  {person} drives the bus {code}. & Bus {code} goes to {place}. | To which place does {person} drive?
  {person} bought {work}. & The shop that sold {work} is in {place}. | In which city did {person} shop?
lookup.row
  {key}: {value}
  {key} = {value}
  {key} - {value}
  {key} -> {value}
  {key} | {value}
  The value of {key} is {value}.
  {key} has {value}.
  {key} means {value}.
  {key} stands for {value}.
lookup.ask
  What belongs to {key}?
  What is the value of {key}?
  Give me the entry for {key}.
  Look up {key}.
  {key}?
  Which value stands next to {key}?
lookup.back
  Which key has the value {value}?
  To what does {value} belong?
  Find the key of {value}.
lookup.text
  {rows}\n\n{question}
  Here is a list:\n{rows}\n{question}
  {question}\n\n{rows}
  Table:\n{rows}\nQuestion: {question}
  Learn these pairs.\n{rows}\n\n{question}
extract.names
  List the people in this sentence: {text}
  Which people are named here? {text}
  {text}\n\nWho is mentioned? Give only the names.
  Find every person's name. {text}
  Extract the names of the people:\n{text}
extract.slot
  Give the {slot} from this sentence: {text}
  {text}\nWhat is the {slot}?
  Extract the {slot}.\n\n{text}
  Find the {slot} in the text. {text}
  {slot}? {text}
  Copy the {slot} from the following sentence.\n{text}
  Text: {text}\n{slot}:
extract.number
  Which number is in this sentence? {text}
  Find the number: {text}
  {text}\nGive only the number.
extract.quote
  What stands in quotes? {text}
  Copy the quoted part: {text}
  {text}\nWrite the quoted words without the quotes.
extract.mail
  Find the e-mail address: {text}
  {text} Which address is given?
  Copy only the e-mail address.\n{text}
quote.text
  {person} said "{it}" and left.
  The sign in {place} says "{it}".
  Yesterday {person} read "{it}" again.
  In {place}, people still say "{it}".
  At {time} the radio played "{it}".
mail.text
  Write to {it} if you need {food}.
  {person} uses {it} since {year}.
  For questions about the {thing}, send a mail to {it}.
  Contact: {person}, {place}, {it}.
number.text
  {name} has {it} {animal}s.
  There are {it} people at the {spot}.
  The {thing} of {name} costs {it} coins.
  {it} birds sat on the roof of {name}.
  {name} ran {it} kilometres in {city}.
tag.ask
  Mark the {slot} with {left}…{right}: {text}
  Put {left} before and {right} after the {slot}.\n{text}
json.from
  Write this as JSON with the keys {keys}: {text}
  Turn the sentence into a JSON object (keys: {keys}).\n{text}
  {text}\nGive JSON with {keys}.
  Extract {keys} as one line of JSON.\n\n{text}
  JSON keys: {keys}\nSentence: {text}
json.system
  Answer only with one line of JSON. Use the keys {keys}.
  You turn sentences into JSON objects with the keys {keys}.
  Output format: JSON, keys in this order: {keys}.
json.list
  Write these as a JSON list: {items}
  Make a JSON array from: {items}
  {items}\nGive me a JSON list of strings.
json.back
  Write this as a sentence: {json}
  Say it in plain English: {json}
  {json}\nTurn this record into a sentence like "{pattern}"
json.get
  {json}\nWhat is the value of "{key}"?
  Read "{key}" from {json}
  Which value has {key} in this object? {json}
json.pairs
  Write as JSON: {pairs}
  Make a JSON object of these lines:\n{pairs}
  {pairs}\n\nAs JSON, please.
list.ask.sort
  Sort these words from A to Z: {items}
  Put into alphabetical order: {items}
  {items}\nSort them alphabetically.
list.ask.sortnum
  Sort these numbers from small to large: {items}
  Put in rising order: {items}
  {items}\nSort, smallest first.
list.ask.reverse
  Reverse this list: {items}
  Write in the opposite order: {items}
  {items}\nNow backwards, please.
list.ask.bullets
  Make a bullet list: {items}
  Write each on its own line with a dash: {items}
list.ask.numbered
  Make a numbered list: {items}
  Number these: {items}
list.ask.count
  How many items are in this list? {items}
  Count the entries: {items}
list.ask.first
  What is the first item? {items}
  {items}\nGive me only the first one.
list.ask.last
  What is the last item? {items}
  {items}\nGive me only the last one.
list.ask.nth
  What is item number {n}? {items}
  Give me entry {n} of this list: {items}
  {items}\nWhich one is at place {n}?
list.ask.dedupe
  Remove the duplicates: {items}
  Write each item only once: {items}
list.ask.join
  Join these with "{sep}": {items}
  Write the items in one line with "{sep}" between them.\n{items}
list.ask.without
  Remove {it} from the list: {items}
  {items}\nLeave out {it}.
list.ask.add
  Add {it} at the end: {items}
  {items}\nAppend {it}.
list.ask.has
  Is {it} in this list? {items}
  {items}\nDoes the list contain {it}?
list.ask.after
  Which item comes right after {it}? {items}
  {items}\nWhat follows {it}?
yes
  Yes
  Yes.
no
  No
  No.
copy.ask
  Repeat exactly: {it}
  Say this again: {it}
  Copy the following text.\n{it}
  {it}\n\nRepeat the line above.
  Write this once more, without changes: {it}
  Echo: {it}
  Please repeat after me: {it}
  Type the same: {it}
  Return the input unchanged.\nInput: {it}
copy.system
  Repeat what the user writes, exactly.
  You are an echo: answer with the user's words.
  Copy the input to the output.
copy.wrap
  Put this in {what}: {it}
  Write {it} in {what}.
  {it}\nAdd {what} around it.
copy.twice
  Write this twice, with a blank between: {it}
  Say it two times: {it}
copy.thrice
  Write this three times, joined by commas: {it}
  Three copies of {it}, with commas between.
copy.spell
  Spell {it} with dashes.
  Spell the word {it}, letter by letter, with dashes.
copy.affix
  Write {left} before and {right} after this: {it}
  Start with {left}, end with {right}, and in the middle: {it}
copy.line
  Copy line {n}.\n{rows}
  {rows}\n\nRepeat only line {n}.
rewrite.replace
  Replace {old} with {new}: {text}
  {text}\nChange {old} to {new}.
  In the sentence "{text}", write {new} instead of {old}.
  Rewrite with {new} in place of {old}.\n{text}
rewrite.swap
  Swap {a} and {b}: {text}
  {text}\nExchange the names {a} and {b}.
rewrite.upper
  Write in capital letters: {text}
  {text}\nAll upper case, please.
rewrite.lower
  Write in small letters: {text}
  {text}\nMake everything lower case.
rewrite.past
  Put this into the past tense: {text}
  {text}\nWrite it as something that happened yesterday.
rewrite.ask
  Make a yes-or-no question from this: {text}
  {text}\nTurn the statement into a question.
rewrite.state
  Turn the question into a statement: {text}
  {text}\nWrite this as a statement.
rewrite.polite
  Say this politely: {text}
  Make a polite request of: {text}
rewrite.short
  Shorten this, keep only who and what: {text}
  {text}\nMake it shorter: only who and what.
rewrite.not
  Make this negative: {text}
  {text}\nSay the opposite with "not".
rewrite.start
  Begin the sentence with "{lead}": {text}
  {text}\nPut "{lead}" in front.
understand.task
  Turn the question into the notation of the examples.
  Translate the question into the format shown.
  Follow the pattern.
  Write the query for the last question.
  Do the same with the last line.
  Use the notation of these examples.
  Convert each question as shown.
  Examples first, then a new question.
  Answer in the same form.
understand.rules
  Translate questions with these patterns:
  Write each question as a query. Patterns:
  Use this notation and fill in the names exactly:
  Formats, with place holders:
  Here is how to write the queries:
  Answer in this notation only:
understand.now
  Question: {q}
  Translate: {q}
  Now: {q}
  {q}
  {q}
  Query for: {q}
understand.in
  Q: | A:
  Question: | Query:
  Input: | Output:
  In: | Out:
  Text: | Code:
  User: | Form:
  Sentence: | Record:
  > | =
  Ask: | Write:
understand.which
  What does the question ask for: {kinds}? {q}
  {q}\nIs this question about {kinds}?
  Choose one of {kinds}. {q}
marks
  NAME PLACE TITLE YEAR COMPANY NUMBER N DATE TIME MAIL CODE WORD
  <person> <place> <title> <year> <org> <number> <n> <date> <time> <mail> <code> <word>
  [name] [place] [title] [year] [company] [number] [n] [date] [time] [mail] [code] [word]
  $person $place $work $year $org $amount $n $date $time $mail $code $word
  P L T Y O A N D H M K W
arith.add
  What is {a} + {b}? = +
  Add {a} and {b}. = +
  {name} has {a} apples and gets {b} more. How many apples does {name} have? = +
  {a} plus {b}? = +
  There are {a} birds on a tree and {b} in the grass. How many birds are there? = +
  What is {a} - {b}? = -
  Take {b} from {a}. = -
  {name} had {a} coins and spent {b}. How many coins are left? = -
  {a} minus {b}? = -
  What is {a} times {b}? = *
  {a} * {b} = ? = *
  {name} buys {a} boxes with {b} eggs each. How many eggs are there? = *
arith.compare
  Which number is larger, {a} or {b}? = >
  Which is more: {a} or {b}? = >
  {name} has {a} coins, {other} has {b} coins. Who has more? = >who
  {name} is {a} years old and {other} is {b}. Who is older? = >who
  Which number is smaller, {a} or {b}? = <
  {name} paid {a} and {other} paid {b}. Who paid less? = <who
arith.words
  How many words are in this sentence? {text}
  Count the words: {text}
arith.letters
  How many letters has the word {word}?
  Count the letters of {word}.
arith.letter
  How often does the letter {letter} occur in {word}?
  Count the letter {letter} in {word}.
arith.firstletter
  What is the first letter of {word}?
  With which letter does {word} begin?
arith.lastletter
  What is the last letter of {word}?
  With which letter does {word} end?
arith.day
  Which day comes after {day}? = 1
  What day is it after {day}? = 1
  Today is {day}. What day is tomorrow? = 1
  Which day comes before {day}? = -1
  Today is {day}. What day was yesterday? = -1
  Today is {day}. What day is it in three days? = 3
arith.month
  Which month comes after {month}? = 1
  Which month comes before {month}? = -1
arith.year
  {name} was born in {a}. How old was {name} at the end of {b}?
  How many years are there from {a} to {b}?
arith.series
  Continue: {series}
  What comes next? {series}
  {series}, and then?
class.ask
  Choose one label ({labels}) for this text: {text}
  {text}\nLabel: {labels}?
  Classify as {labels}.\n\n{text}
  Which of these fits: {labels}? {text}
  Topics: {labels}. Text: {text}
class.system
  Classify each message with one of these labels: {labels}. Answer with the label only.
  You sort messages. Labels: {labels}.
class.map
  Write {label} if the text is about {topic}.
  {topic}: answer {label}
  {topic} = {label}
class.topics
  weather | It is {weather} in {city}, and {dayname} will be {weather} too. | The {season} in {city} is always {weather}. | Take a coat, it is getting {weather} in {city}.
  food | {name} cooks {food} for {other}. | The {food} at {org} was fresh this {season}. | We ate {food} in {city}.
  sport | {name} won the race in {city} by {small} seconds. | The team of {city} scored {small} goals on {dayname}. | {name} trains for the match on {dayname}.
  travel | The train to {city} leaves at {time}. | {name} booked a flight to {city}. | We need a hotel in {city} for {small} nights.
  music | {name} sings in a choir in {city}. | The band played {small} songs on {dayname}. | {name} learns the guitar from {other}.
  money | {name} paid {amount} coins at the bank. | The bank in {city} lends {amount} coins to {name}. | Prices in {city} rose by {small} percent.
  health | {name} went to the doctor with a cold. | The nurse in {city} gave {name} some medicine. | {name} has a headache since {dayname}.
  animals | The {animal} of {name} sleeps on the sofa. | A {colour} {animal} was seen in {city}. | {name} feeds {small} {animal}s.
  school | The teacher gave {name} homework in {subject}. | {name} has a test in {subject} on {dayname}. | The pupils of {city} learn {subject}.
  positive | I love the {thing} from {org}, it works so well! | The {food} in {city} was wonderful. | What a great day with {name}! | {name} was very kind and helpful.
  negative | The {thing} from {org} broke after {small} days. | The {food} in {city} was cold and bad. | I am sad that {name} forgot me. | {name} was rude, I will not come back.
  question | Where is the {spot} in {city}? | Does {name} like {food}? | When does the {spot} open on {dayname}?
  order | Bring me the {thing}, please. | Close the door of the {spot}. | Send the {thing} to {name}.
  greeting | Hello {name}, good to see you! | Good morning {city}! | Hi {name}, how are you?
translate.to
  Translate into Chinese: {text}
  How do you say "{text}" in Chinese?
  {text}\nIn Chinese, please.
  Chinese for "{text}"?
prose.ask
  Tell me a short story about {name}.
  Write a short story with {name} in {city}.
  A little story about {name} and {other}, please.
prose.open
  One {weather} morning, {name} went to the {spot} in {city}.
  {name} lived near the {spot} of {city} and was often {feeling}.
  On {dayname}, {name} found a {colour} {thing} near the {spot}.
  Every {season}, {name} visited {other} in {city}.
  It was a {weather} day when {name} came to {city}.
prose.middle
  There {name} met {other}, who was looking for a {adjective} {thing}.
  A {colour} {animal} was sitting there and looked at {name}.
  {name} asked {other} for help, and they worked together.
  "{thing_cap}s like this are hard to find," said {other}.
  They shared some {food} and talked about the {season}.
  {other} told {name} about the {adjective} {thing} at the {spot}.
  After a while it became {weather}, but nobody wanted to go home.
  {name} was tired, because the way had been long.
  {other} gave {name} a {colour} {thing}.
prose.end
  In the evening {name} was {feeling} and went home.
  Since that day, {name} and {other} have been friends.
  From then on, {name} came back every {dayname}.
  That night {name} slept well.
  {name} never forgot that day in {city}.
facts
  What colour is grass? = Grass is green.
  What colour is snow? = Snow is white.
  What colour is the sky on a clear day? = On a clear day the sky is blue.
  What colour is a ripe banana? = A ripe banana is yellow.
  How many days has a week? = A week has seven days.
  How many months has a year? = A year has twelve months.
  How many hours has a day? = A day has 24 hours.
  How many minutes has an hour? = An hour has 60 minutes.
  How many legs has a dog? = A dog has four legs.
  How many legs has a spider? = A spider has eight legs.
  What do cows give? = Cows give milk.
  What do bees make? = Bees make honey.
  What does a hen lay? = A hen lays eggs.
  Where do fish live? = Fish live in water.
  What do we use an umbrella for? = An umbrella keeps us dry in the rain.
  What is a library? = A library is a place where people read and borrow books.
  What is a baker? = A baker is a person who makes bread and cakes.
  What is a bridge? = A bridge is a way over a river or a road.
  What is a map? = A map is a drawing that shows where places are.
  Which season comes after winter? = Spring comes after winter.
  Which season comes after summer? = Autumn comes after summer.
  When do people have breakfast? = People have breakfast in the morning.
  What melts in the sun? = Ice and snow melt in the sun.
  Is ice cold or hot? = Ice is cold.
  Which is larger, a mouse or a horse? = A horse is larger than a mouse.
  What do plants need? = Plants need light, water and air.
  How do I make tea? = 1. Boil water.\n2. Pour it over the tea leaves.\n3. Wait three minutes and enjoy.
  How do I plant a tree? = 1. Dig a hole.\n2. Put the young tree in and fill the hole with earth.\n3. Water it well.
  How do I wash my hands? = 1. Wet your hands.\n2. Rub them with soap.\n3. Rinse and dry them.
  How do I boil an egg? = 1. Boil water in a pot.\n2. Put the egg in for seven minutes.\n3. Cool it under cold water.
  How do I send a letter? = 1. Write the letter and put it in an envelope.\n2. Write the address and add a stamp.\n3. Post it.
  How do I borrow a book? = 1. Go to the library.\n2. Find the book.\n3. Show your card at the desk.
opposite
  What is the opposite of {a}?
  Give the opposite: {a}
  {a} is the opposite of what?
opposites
  hot = cold
  big = small
  old = young
  long = short
  fast = slow
  light = dark
  full = empty
  early = late
  high = low
  open = closed
  dry = wet
  clean = dirty
  strong = weak
  left = right
  up = down
  inside = outside
  happy = sad
  loud = quiet
  before = after
  first = last
  buy = sell
  give = take
  win = lose
  more = less
describe
  Describe {name}'s {thing}. It is {colour} and {adjective}, from {city}. = {name}'s {thing} is {colour} and {adjective}. It comes from {city}.
  Describe the {spot} of {city} with the words {colour} and {adjective}. = The {spot} of {city} is a {adjective} place with {colour} walls.
  Write two sentences about {name}, a {job} from {city}. = {name} is a {job} who lives in {city}. In the {season}, {name} often goes to the {spot}.
  Introduce {name}: {job}, {city}, likes {food}. = This is {name}, a {job} from {city} who likes {food}.
  Write a short note to {name}: meeting at {time}, {spot}. = Dear {name}, we meet at {time} at the {spot}. See you there!
  Invite {name} to {city} on {dayname}. = Dear {name}, would you like to come to {city} on {dayname}? I would be glad to see you.
  Write an advert for a {thing}: {colour}, {amount} coins, ask {name}. = For sale: a {colour} {thing} for {amount} coins. Please ask {name}.
  Say thanks to {name} for the {thing}. = Dear {name}, thank you very much for the {thing}!
comma
  ,_
people.1
  {a} was alone at the {spot} on {dayname}.
  Because it was {weather}, {a} stayed at home.
  The {adjective} {thing} was made by {a}.
people.2
  {a} bought a {thing} for {b}.
  {a} met {b} in {city}.
  At the {spot}, {a} waited for {b}.
  {a} teaches {b} how to play the guitar.
  On {dayname}, {a} and {b} went to the {spot}.
  {a} is older than {b}.
  {a} sent {small} letters to {b} from {city}.
  {a} will call {b} at {time}.
people.3
  {a} and {b} waited for {c} at the {spot}.
  {a} told {b} about {c}.
  In {city}, {a}, {b} and {c} share a house.
  {a} gave the {thing} of {b} to {c}.
leads
  Yesterday,
  I heard that
  Everyone knows that
  A long time ago,
  According to the newspaper,
  Last week,
wraps
  double quotes = "_"
  single quotes = '_'
  square brackets = [_]
  round brackets = (_)
  curly brackets = {_}
  angle brackets = <_>
  stars = *_*
  backticks = `_`
  bars = |_|
  slashes = /_/
"""
# present, past, base and the rest of a sentence
VERBS = tuple(
    tuple(line.split("/"))
    for line in """
reads/read/read/a letter
writes/wrote/write/a poem
buys/bought/buy/a {thing}
sells/sold/sell/the {thing}
visits/visited/visit/{city}
paints/painted/paint/the {spot}
knows/knew/know/{other}
calls/called/call/{other}
helps/helped/help/{other}
leaves/left/leave/{city}
teaches/taught/teach/{subject}
cooks/cooked/cook/{food}
eats/ate/eat/{food}
finds/found/find/a {colour} {thing}
makes/made/make/a {thing}
sees/saw/see/a {animal}
brings/brought/bring/the {thing} to {other}
opens/opened/open/the {adjective} door
drives/drove/drive/to {city}
walks/walked/walk/to the {spot}
works/worked/work/for {org}
lives/lived/live/in {city}
draws/drew/draw/a {animal}
wins/won/win/the game
loses/lost/lose/the {thing}
sings/sang/sing/for {other}
thanks/thanked/thank/{other}
repairs/repaired/repair/the {thing}
meets/met/meet/{other} in {city}
studies/studied/study/{subject}
waits/waited/wait/for {other}
sends/sent/send/a {thing} to {other}
""".strip().split("\n")
)

EN = Tongue(
    "en",
    PHRASES + MORE_PHRASES,
    WORDS + MORE_WORDS,
    FACTS,
    SHAPES,
    {
        "works": WORKS,
        "things": THINGS,
        **{
            f"people_{slot}": "\n".join(
                line for line in PEOPLE.strip().split("\n") if line.split()[-1] in ("slot", slot)
            )
            for slot in ("place", "org", "person")
        },
    },
)
