"""More English for the starter's dialogues: what reading, remembering, roles and changes of form say. Text only."""

from __future__ import annotations

MORE_WORDS = """
errand
  water the flowers / call the bank / buy bread / feed the cat / take the medicine / close the windows / bake a cake
  fetch the parcel / write the report / pay the bill / walk the dog / clean the kitchen / send the letter / pack the bag
  repair the bicycle / visit the museum / wash the shirts / check the oven / practise the piano / return the books
"""
MORE_PHRASES = r"""
few.system
  Answer in {word}.
  Write everything in {word}, as before.
  You speak {word} only.
  You are a {word} translator.
  Turn each message into {word} notation.
  The output language is {word}.
few.wrapped
  Hello! {q}
  {q} Please be exact.
  I wonder: {q}
  One more: {q}
  {q} That is all.
  Next one. {q}
memory.noted
  Noted.
  Thank you, I will remember that.
  All right.
  Got it.
  I see.
  Good to know.
memory.none
  You have not told me that.
  I do not know. You have not said it.
memory.me
  My name is {name}. = Hello, {name}!
  I am {name} from {city}. = Nice to meet you, {name}.
  Hi, I am {name}. = Hi {name}!
  Please call me {name}. = All right, {name}.
memory.me.ask
  What is my name? = Your name is {name}.
  Do you remember my name? = Yes, your name is {name}.
  Who am I? = You are {name}.
  What should you call me? = I should call you {name}.
persona.who
  You are {word}, the assistant of {org}.
  Your name is {word}. You work for {org}.
  You are {word}, a friendly helper at the {spot} of {city}.
  You are {word}, who answers questions about {org}.
  Play the part of {word}, a {job} at {org}.
persona.ask
  Who are you? = I am {word}.
  What is your name? = My name is {word}.
  Hello, who am I talking to? = You are talking to {word}.
  May I ask your name? = Of course. I am {word}.
  Are you {word}? = Yes, I am {word}.
  Are you {name}? = No, I am {word}.
persona.knows
  {org} is open from {time} on. | When does {org} open? = {org} opens at {time}. | From when on can I come? = You can come from {time} on.
  The phone number of {org} is {code}. | How can I call you? = Please call {code}. | What is your number? = Our number is {code}.
  {org} sells a {thing} for {amount} coins. | How much is the {thing}? = The {thing} costs {amount} coins. | What do you sell? = We sell a {thing}.
  Questions about the {thing} go to {other}. | Whom should I ask about the {thing}? = Please ask {other}.
  Complaints go to {email}. | Where can I complain? = Please write to {email}. | I am not happy with my order. = I am sorry. Please write to {email}.
  The office of {org} is in {place}. | Where is your office? = Our office is in {place}. | Are you in {place}? = Yes, our office is in {place}.
  On {dayname} {org} is closed. | On which day are you closed? = We are closed on {dayname}. | Can I come on {dayname}? = No, on {dayname} we are closed.
  The boss of {org} is {other}. | Who is your boss? = My boss is {other}. | Do you know {other}? = Yes, {other} is the boss of {org}.
persona.rule
  End each answer with "{mark}". | {said} {mark}
  Begin each answer with "{mark}:". | {mark}: {said}
  Put "{mark}" in square brackets before each answer. | [{mark}] {said}
  Write "{mark}" on a line of its own after each answer. | {said}\n{mark}
persona.refuse
  If you do not know something, say "I cannot help with that."
persona.strange
  How high is {place}?
  Who lives in {place}?
  What did {person} write?
  When was {person} born?
  What is the price of {work}?
read.filler
  The day was long and {weather}.
  In {season}, many visitors come.
  Nobody can say why.
  It was a quiet {season}.
  People still talk about it.
  The newspaper wrote about it on {dayname}.
  This is what the records show.
  More will be known next {season}.
  Much has changed since then.
  There are several pictures of it.
read.system
  Answer from this text:\n{text}
  Use only the text below. If it does not say, tell so.\n\n{text}
  {text}\n\nAnswer questions about this text.
read.section
  Copy the section "{head}".
  What does the section "{head}" say?
read.heads
  List the headings.
  Which headings does the page have, one a line?
read.under
  Under which heading stands this? {text}
  Which section says: {text}
table.first
  {table}\n\n{question}
  Table:\n{table}\n\nQuestion: {question}
  {question}\n\n{table}
  Look at this table.\n{table}\n{question}
table.system
  Answer questions about this table.\n{table}
  {table}\n\nGive only the answer.
table.columns
  name:person city:place age:small job:job
  name:person team:org points:amount colour:colour
  item:word price:amount colour:colour shop:org
  town:place people:count country:place season:season
  order:code customer:person day:dayname amount:amount
  student:person subject:subject mark:small room:amount
  train:code from:place to:place minutes:amount
  animal:word kind:animal age:small owner:person
  book:work author:person pages:amount shelf:word
  city:place weather:weather degrees:amount day:dayname
  user:lower_word mail:email group:word logins:count
  part:code place:word stock:amount maker:org
table.cell
  What is the {column} of {key}?
  Give me the {column} of {key}.
  Look up the {column} for {key}.
  {column} of {key}?
table.rows
  How many rows has the table?
  How many entries are there, without the heading?
table.max
  Which {head} has the highest {column}?
  Whose {column} is the highest?
table.min
  Which {head} has the lowest {column}?
  Whose {column} is the lowest?
table.which
  Which {head} has the {column} {value}?
  Where is the {column} {value}? Give the {head}.
table.count
  How many rows have the {column} {value}?
  Count the rows with {column} {value}.
table.all
  List every {head} with the {column} {value}.
  Which rows have the {column} {value}? Give each {head}.
change.date.iso
  Write the date as YYYY-MM-DD: {date}
  {date}\nGive this date as year-month-day with digits.
change.date.long
  Write the date as day, month in words, year: {date}
  Write {date} like "7 March 2004".
change.date.american
  Write {date} like "March 7, 2004".
  Write the date with the month in words first: {date}
change.date.dots
  Write the date as DD.MM.YYYY: {date}
  {date}\nUse the form 07.03.2004.
change.date.slashes
  Write the date as YYYY/MM/DD: {date}
  {date}\nUse the form 2004/03/07.
change.hour.24
  Write {time} on the 24-hour clock.
  {time} in 24-hour time?
change.hour.12
  Write {time} with am or pm.
  {time} on the 12-hour clock?
change.units
  metres kilometres 1000
  grams kilograms 1000
  centimetres metres 100
  millimetres centimetres 10
  minutes hours 60
  seconds minutes 60
  hours days 24
  days weeks 7
  months years 12
  cents euros 100
  millilitres litres 1000
change.unit
  How many {new} are {count} {old}?
  Convert {count} {old} to {new}. Give only the number.
  {count} {old} in {new}?
change.digits
  Write {words} in digits.
  Which number is {words}?
change.words
  Write {number} in words.
  Spell out the number {number}.
change.letters.upper
  In capital letters: {text}
change.letters.lower
  In lower case: {text}
change.letters.title
  Begin each word with a capital letter: {text}
change.letters.snake
  Write in snake_case: {text}
  Lower case, join with underscores: {text}
change.letters.kebab
  Lower case, join with hyphens: {text}
change.letters.camel
  Write in camelCase: {text}
change.letters.initials
  Give the initials in capitals: {text}
change.letters.backwards
  Lower case, last word first: {text}
change.name.comma
  Write the name as "last name, first name": {first} {last}
  Family name first, then a comma: {first} {last}
change.name.short
  Shorten the first name to its initial: {first} {last}
change.name.last
  Give only the family name: {first} {last}
  What is the last name of {first} {last}?
change.tally
  How often does {it} occur? {items}
  Count {it}: {items}
change.most
  Which item occurs most often? {items}
change.largest
  What is the largest number? {items}
  {items}\nGive only the largest.
change.smallest
  What is the smallest number? {items}
  {items}\nGive only the smallest.
change.down
  Sort from large to small: {items}
  Put in falling order: {items}
change.total
  Add these numbers: {items}
  What is the sum? {items}
"""
