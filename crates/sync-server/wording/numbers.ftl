# The numbers page.

numbers-title = Numbers
numbers-intro = Counted from what is recorded: each visit to a child once, without what was withdrawn. Nothing here is counted by practitioner.
numbers-whose = Whose
numbers-all = The organisation
numbers-no-team = No team
numbers-weeks = { $count } weeks
numbers-csv = Download as CSV
numbers-nothing = Nothing in these weeks
numbers-nothing-words = Choose a longer time.

numbers-contacts = Failed contacts by week and form
numbers-contacts-table = Failed contacts by form
numbers-teams-table = Failed contacts by team
numbers-week = Week from
numbers-all-forms = All

numbers-late = Records that came late
numbers-late-words = Failed contacts that reached us more than 8 hours after they happened.
numbers-late-table = Late records by week
numbers-late-late = Came late
numbers-late-of = Of
numbers-late-share = Share

numbers-steps = From the door to the manager
numbers-steps-words = Half of them took no longer than the first figure, nine of ten no longer than the second.
numbers-step = Step
numbers-half = Half within
numbers-nine = Nine of ten within
numbers-count = How many
numbers-step-arrived = From the door to the server
numbers-step-told = From the server to somebody who is told
numbers-step-acknowledged = From being told to acknowledging

numbers-overdue = Owed past their limit now
numbers-overdue-none = Nothing is owed past its limit.
numbers-clause = Clause
numbers-earliest = The earliest since

numbers-breaches = Limits that passed unmet, by week
numbers-breaches-table = Limits that passed unmet, by clause
numbers-breaches-none = No limit passed unmet in these weeks.
