# What a manager records from an escalation.

record-heading = What can be done now
record-meets = This meets it
record-also = You can also record
record-nothing = Nothing that is recorded here meets this. It is met by what the practitioner records at the visit.
record-note = Each becomes an entry in the child’s record, in your name, and meets what it meets there.

record-do-discuss = Record a discussion
record-do-timeframe = Set a time for a further visit
record-do-told = Record who was told
record-do-seen = Record that the child was seen
record-do-ask-agency = Record what another agency said
record-do-check-address = Record a check of the address
record-do-try-again = Record a further attempt to arrange a visit
record-do-weigh-impact = Record the effect on the child
record-do-assess-vulnerability = Record an assessment of vulnerability
record-do-assess-effect = Record an assessment of the effect on the children
record-do-consider-needs = Record whether needs are met
record-do-agree-plan = Record a plan for safety and welfare
record-do-contribute = Record a contribution to a plan
record-do-arrange-interpreter = Record that an interpreter is arranged
record-do-start-procedures = Record that child protection procedures started
record-do-decide-planning-or-strategy-meeting = Decide on a planning or strategy meeting
record-do-decide-section-47-strategy-meeting = Decide on a section 47 strategy meeting
record-do-decide-police = Decide on approaching the police
record-do-decide-known-contacts = Decide on phoning known contacts
record-do-decide-wider-agencies = Decide on talking with the wider agencies
record-do-decide-visit-urgency = Decide how urgent the next visit is

record-back = Back to the escalation
record-save = Record it
record-limit = Limit

record-with = With whom was it discussed?
record-with-hint = The discussion is recorded in your name. Choose the role that the policy asks for.
record-with-fault = Choose with whom it was discussed
record-discussed = What was said, and why was it decided so? (optional)
record-discussed-hint = It stands in the child’s record as part of the discussion.
record-discussed-fault = Say it in at most { $most } characters
record-with-you = { $role } (you)
record-referral = Was a referral to Children’s Social Care decided on?
record-referral-made = Yes, a referral was made
record-referral-not-made = It was decided not to refer
record-referral-not-considered = A referral was not considered
record-referral-fault = Choose what was decided about a referral

record-told = Who was told?
record-told-fault = Choose who was told

record-decided = What was decided?
record-decided-fault = Choose what was decided
record-decided-yes = Yes
record-decided-no = Not for now
record-decided-strategy = Hold a strategy meeting
record-decided-planning = Hold a planning meeting
record-decided-discussion = Hold a strategy discussion
record-decided-none = No meeting for now
record-why = Why?
record-why-hint = It stays in the child’s record, and whoever reads it later relies on it.
record-why-fault = Say why, in at most { $most } characters
record-urgency = How urgent is the next visit, and what follows if the child is not seen then?
record-urgency-fault = Say how urgent it is, in at most { $most } characters

record-words = In your words
record-words-hint = What was done, by whom, and what follows from it.
record-words-fault = Say what was done, in at most { $most } characters

record-agency = Which agency?
record-agency-other = Another agency
record-agency-fault = Choose an agency, or name another
record-agency-name-fault = Name the agency with letters, spaces and hyphens only
record-agency-address = What does it know about the address?
record-address-confirmed = It is right
record-address-corrected = It was wrong, and the right one is known now
record-address-not-known = It does not know
record-agency-seen = Has it seen the child?
record-known-yes = Yes
record-known-no = No
record-known-not-known = It does not know
record-choose-fault = Choose an answer

record-seen-by = Who saw the child?
record-seen-by-service = Our own service
record-needs = Are the child’s needs met?
record-needs-yes = Yes, they are known to be met
record-needs-no = No
record-needs-not-known = Not known
record-needs-hint = Follow-up ends only when the child was seen and needs are known to be met (NA-4.10).

record-found = What was found?
record-found-confirmed = The address is right
record-found-corrected = It was wrong, and is put right
record-appointment = Which appointment was made with it?
record-appointment-none = None
record-appointment-ordinary = An ordinary one
record-appointment-urgent = An urgent one

record-when-earlier = It was earlier than now
record-when-day = On which day?
record-when-day-hint = For example, 2 3 2026
record-when-day-fault = Enter a date, for example 2 3 2026
record-when-time = At what time?
record-when-time-hint = For example, 14:30
record-when-time-fault = Enter a time, for example 14:30
record-when-future-fault = It cannot have happened in the future

record-day = By when is the child to be seen?
record-day-hint = Working days can be chosen; the others say why they do not count.
record-day-fault = Choose a day
record-day-past-fault = Choose a time that has not passed
record-day-limit = last day of the limit
record-day-after = after the limit
record-day-today = today
record-day-time = At the latest at what time?
record-day-time-hint = 17:00 is the end of the working day
record-day-time-fault = Enter a time, for example 17:00
record-calendar-caption = Working days from { $first } to { $last }

record-meanwhile-title = Look at this first
record-meanwhile = While this page was open, this was recorded. What you wrote is kept below: record it as well, or leave the page.
record-meanwhile-entry = { $title }, recorded by { $person } { $when }
record-kept = You are signed in again. What you had written is here as you left it.

record-done-met = Recorded. This is met.
record-done-owed = Recorded. What this escalation is about is still to be done.
record-done-before = That was recorded already: nothing was recorded twice.
record-refused = It could not be recorded. Nothing was changed. Go back to the escalation and try again.
