# A child, and the records.

address-none = No address is recorded
address-protected = Protected address
address-show = Show the address
address-warning = Tell nobody and write it nowhere, not even in a note.
child-looked-after = Looked After
child-address = Address
child-phone = Family’s phone
child-born = Born
child-born-words = { $years ->
    [one] { $date } (1 year)
   *[other] { $date } ({ $years } years)
}
child-household = Who lives there
child-timescale = To be seen by
child-next-visit = Next visit
child-agencies = Agencies
child-before = Before now
child-counts = { $failed ->
    [0] No failed contact since the child was last assured.
    [one] 1 failed contact since the child was last assured, { $no_access } of them without access to the home.
   *[other] { $failed } failed contacts since the child was last assured, { $no_access } of them without access to the home.
}
child-not-judged = { $count ->
    [one] 1 record was made by a newer app and could not be judged: update this one.
   *[other] { $count } records were made by a newer app and could not be judged: update this one.
}
child-owed = For you to do
child-nothing-owed = Nothing is owed by what this device holds.
child-owed-others = For others to do ({ $count })
child-other-act = Record something else
child-consider = To be considered
child-answered = Yes, by the record.
child-people = Whom to phone
child-timeline = Everything recorded ({ $count })
child-yours = yours

need-interpreter = Needs an interpreter
need-does-not-read = Does not read
need-hearing = Hearing
need-mobility = Mobility

drawing-nothing = Nothing has been recorded of this child yet.
drawing-failed = { $count ->
    [0] No failed contact in the last year
    [one] 1 failed contact in the last year
   *[other] { $count } failed contacts in the last year
}
drawing-seen = { $failed }; last seen { $at }.
drawing-not-seen = { $failed }; no record of the child being seen.

follow-title = Record something else
follow-whom = Whom?
follow-choose = Choose or write an answer
follow-referral = A referral to children’s social care
follow-agency = Which agency?
follow-agency-other = Another agency, for example health visiting
follow-agency-fault = Write the agency in letters and spaces
follow-address = What does it know of the address?
follow-child-seen = Has it seen the child?
follow-address-found = What did you find?
follow-appointment = A new appointment
follow-subject = What is it on?
follow-decision = What was decided, and why
follow-by-date = Date by which the visit is to be made
follow-close-concern = This closes every concern that was recorded for the child so far.
follow-copy-letter = A copy of the letter is with the child’s record now.
follow-family = The family got in touch after a card, a letter or a call.
follow-note = In your words
follow-when = When
follow-step-reason = The step was taken and had not been ticked

act-inform = Somebody was told
act-discuss = It was talked over with somebody
act-ask-agency = Another agency was asked
act-check-address = The address was checked
act-try-again = Another attempt to arrange a visit
act-decide = A decision was taken
act-add-step = A step at the visit that was not ticked
act-weigh-impact = The effect on the child was considered
act-assess-vulnerability = The child’s vulnerability was assessed
act-assess-effect-on-children = The effect on the children was assessed
act-consider-needs = Whether needs are met was considered
act-agree-plan = A plan was agreed
act-contribute = A contribution was made to a plan
act-copy-letter = A copy of the letter was kept
act-arrange-interpreter = An interpreter was arranged
act-set-timeframe = A time was set for a further visit
act-start-procedures = Child protection procedures were started
act-family-made-contact = The family got in touch
act-raise-concern = There is a new concern
act-close-concern = The concerns are closed
act-seen-elsewhere = Another agency saw the child

do-see = See the child
do-inform = I told the { $role }
do-discuss = I talked it over with the { $role }
do-ask-agency = I asked another agency
do-check-address = I checked the address
do-try-again = I tried again to arrange a visit
do-decide = A decision was taken on { $on }
do-step-windows-checked = I looked at the windows
do-step-family-phoned = I phoned the family
do-step-phone-not-possible = There was no way of phoning
do-step-interpreter-used = I used an interpreter
do-step-card-left = I left a card
do-step-letter-left = I left a letter
do-weigh-impact = I considered the effect on the child
do-assess-vulnerability = I assessed the child’s vulnerability
do-assess-effect-on-children = I assessed the effect on the children
do-consider-needs = I considered whether needs are met
do-agree-plan = A plan was agreed
do-contribute = I contributed to a plan
do-copy-letter = A copy of the letter is kept
do-arrange-interpreter = An interpreter is arranged
do-set-timeframe = A time was set for a further visit
do-start-procedures = The procedures were started

referral-made = Was made
referral-not-made = It was decided not to refer
referral-not-considered = Was not considered
address-confirmed = It is right
address-corrected = It was wrong, and the right one is known now
address-not-known = It does not know
known-yes = Yes
known-no = No
known-not-known = It does not know
found-confirmed = The address is right
found-corrected = It was wrong, and the right one is known now
appointment-none = None was made
appointment-ordinary = Was made
appointment-urgent = Was made, urgently

records-title = Records
records-none = Nothing is recorded on this device yet.
records-need-you = These need you
records-others = The others
records-newest = The newest { $count } are shown.
records-child = Child
records-at = Happened
records-made = Recorded
records-withdrawn = This record was withdrawn. It stays here and counts for nothing.
records-was-corrected = It was corrected; this is what it says now.
records-correct = Correct it
records-withdraw = Withdraw it
record-unreadable = Recorded by a newer app: update this one to read it

record-state-on-this-device = Only here
record-state-received = Received
record-state-backed-up = Backed up
record-state-needs-you = Needs you
record-state-corrected = Corrected
record-state-dismissed = Set aside
state-words-here = Only on this device. It is sent as soon as there is a connection.
state-words-received = The office has it.
state-words-backed-up = The office has it, and has it backed up.
state-words-handed-over = The office has it. The child had left your caseload: the new worker and the manager see it.
state-words-needs-you = The office set it aside: { $why }. Phone your manager, or correct or withdraw it below.
state-words-corrected = The office set it aside, and { $by } recorded what it meant: “{ $reason }”.
state-words-dismissed = The office set it aside, and { $by } decided that it stays so: “{ $reason }”.

correct-title = Correct a record
correct-body = The record itself is never changed: the correction stands beside it, with your reason.
correct-date = Date on which it happened
correct-why = Why?
correct-why-missing = Say why in a few words
correct-nothing = Nothing is different yet: change what was wrong
correct-save = Save the correction
withdraw-title = Withdraw a record
withdraw-body = For a record that should not have been made, such as one about the wrong child. It stays readable, and counts for nothing any more.
withdraw-save = Withdraw it
