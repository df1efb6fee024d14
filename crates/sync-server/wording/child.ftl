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

child-print = Print for a meeting
child-print-title = Record for a meeting
child-print-by = Printed by { $person }, { $role }, { $when }. { $organisation }
child-print-care = Confidential. It holds what is recorded about this child up to then; a failed contact does not by itself mean that a child is at risk.
child-print-how = Print this page, or save it as PDF, with your browser’s print command (Ctrl and P).
child-print-back = Back to the child
child-print-button = Print or save as PDF
child-address-protected = Protected: not printed
