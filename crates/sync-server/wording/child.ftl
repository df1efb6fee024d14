# A child's page, and its print for a meeting.

child-nothing = Nothing has been recorded yet.
child-timeline = Timeline
child-timeline-list = Everything recorded, the latest first
child-newer = Recorded by a newer app and not shown here: { $count }.

child-drawing = Timeline from { $from } to { $until }: { $failed ->
        [one] 1 failed contact
       *[other] { $failed } failed contacts
    }, { $seen ->
        [0] the child not seen
        [one] the child seen once
       *[other] the child seen { $seen } times
    }, { $late ->
        [0] nothing came late
        [one] 1 record came late
       *[other] { $late } records came late
    }. The list below says all of it in words.
child-drawing-scroll = Timeline drawn; scroll sideways to see all of it
child-drawing-failed = Failed contact
child-drawing-seen = Child seen
child-drawing-done = Done about it
child-drawing-arrived = Reached us
child-drawing-limits = Limits
child-drawing-now = now
child-drawing-key = The band is an open episode. A line down shows how long a record took to reach us. A ring is a record that was corrected, a cross one that was withdrawn.

child-episodes = Episodes
child-episodes-none = No failed contact so far, so there is no episode.
child-episode-from = From
child-episode-until = Until
child-episode-contacts = Failed contacts
child-episode-open = Open: the child is not assured yet
child-episode-assured = Assured { $when }
child-episode-count = { $contacts }, { $visits ->
        [0] none of them a no-access visit
        [one] one of them a no-access visit
       *[other] { $visits } of them no-access visits
    }

child-duties-settled = { $count ->
        [one] 1 duty is met or ended
       *[other] { $count } duties are met or ended
    }
child-duty-what = What
child-duty-by = By
child-duty-settled = Settled
child-duty-met = Met { $when }
child-duty-met-late = Met { $when }, after its limit
child-duty-ended = Ended { $when }: the child was assured

child-agencies = Agencies
child-agencies-none = No agency is named in the record, and none has been asked.
child-agency = Agency
child-agency-last = What it last said
child-agency-never = Not asked yet
child-agency-saw = Has it seen the child
child-agency-saw-on = Seen { $when }
child-agency-saw-yes = It says so
child-agency-saw-no = No
child-agency-saw-not-known = Not known

child-letters = Letters
child-letters-none = No letter is attached to the record.
child-letter-left = A letter was left { $when } by { $person }; no copy of it is attached (NA-4.15).

child-closing = May it be closed?
child-closing-yes = Yes: nothing stands before it.
child-closing-no = It cannot be closed yet, because:
child-closing-first = It cannot be closed yet: closing needs the child to be seen with needs known to be met (NA-4.10), and an assessment made after the latest failed contact (NA-4.2; for services for parents or carers NA-4.4).

overseen-open = What managers were told, still open
overseen-all = What managers were told, and what came of it
overseen-none = Nothing.
overseen-what = What
overseen-told = Who was told
overseen-stands = How it stands
overseen-who-when = { $who }, { $when }
overseen-to = { $who }, raised { $when }
overseen-heard = Heard of it: { $who }
overseen-nobody-heard = Nobody has heard of it yet, as far as is known.
overseen-acknowledged = Acknowledged: { $who }
overseen-not-acknowledged = Not acknowledged
overseen-met = Met, over since { $when }
overseen-met-unseen = Met; a manager has still to take notice
overseen-stood-down = Stood down { $when }: its ground has gone
overseen-owed-by = Owed by { $when }
overseen-owed = Owed, without a time limit

child-number = Number
child-team = Team
child-household = Household
child-needs = How to communicate

child-print = Print for a meeting
child-print-title = Record for a meeting
child-print-by = Printed by { $person }, { $role }, { $when }. { $organisation }
child-print-care = Confidential. It holds what is recorded about this child up to then; a failed contact does not by itself mean that a child is at risk.
child-print-how = Print this page, or save it as PDF, with your browser’s print command (Ctrl and P).
child-print-back = Back to the child
child-print-button = Print or save as PDF
child-address-protected = Protected: not printed

timeline-by = Recorded by { $person }, { $role }
timeline-late = Arrived late: happened { $happened }, reached us { $came }
timeline-corrected = Corrected { $when } by { $person }: { $changes }
timeline-withdrawn = Withdrawn { $when } by { $person }
timeline-withdrawn-why = Withdrawn { $when } by { $person }: { $why }
timeline-clock-anchored = The clock of its device was not right: it happened { $when }{ $same ->
        [yes] , and limits run from then
       *[no] . Limits run from { $from }
    }
timeline-clock-estimated = The clock of its device was not right: it happened about { $when }{ $same ->
        [yes] , and limits run from then
       *[no] . Limits run from { $from }
    }
timeline-clock-unanchored = The clock of its device was not right: it is not sure when it happened; at the latest { $when }{ $same ->
        [yes] , and limits run from then
       *[no] . Limits run from { $from }
    }
timeline-removed = { $key } removed
timeline-is-now = { $key } is now { $value }
timeline-brief = { $what } ({ $when })
timeline-brief-clock = { $what } ({ $when } by its device; limits run from { $from })
timeline-earlier = { $count } earlier
timeline-why = { $reason }: { $records }

attachment-missing = { $what }: not yet arrived

child-born = Born
child-born-age = { $day } ({ $years ->
        [one] 1 year
       *[other] { $years } years
    })
child-address = Address
child-phone = Phone
child-plans = Plans
child-looked-after = Looked After
child-looked-after-yes = Yes, by the local authority
child-known = Known from before
child-agencies-known = Agencies
child-people = People
child-address-logged = Showing it is written to the access log.
child-no-contact = No failed contact since the child was last assured.
child-contacts = { $contacts ->
        [one] One failed contact
       *[other] { $contacts } failed contacts
    } since the child was last assured, { $visits ->
        [0] none of them a no-access visit.
        [one] one of them a no-access visit.
       *[other] { $visits } of them no-access visits.
    }
child-without-limit = { $count } more without a time limit
child-because = { $clause }, { $modality }: { $reason }
child-because-by = { $clause }, { $modality } by the { $role }: { $reason }
child-times = ({ $count } times)
child-what = What
child-by = By
child-limit = Limit

child-child = Child
child-nothing-has-been-judged = Nothing has been judged for this child yet.
child-owed-now = Owed now
child-not-recorded = Not recorded
child-protected = Protected
child-show-address = Show the address
child-lift-protection = Lift the protection
child-no-multiagency-plan = No multi-agency plan
child-nobody-named = Nobody is named
child-nothing-2 = Nothing.
child-nothing-with-time-limit = Nothing with a time limit.
child-none = None
child-patterns-look-at = Patterns to look at
child-each-question-for-person = Each is a question for a person, never a decision.
