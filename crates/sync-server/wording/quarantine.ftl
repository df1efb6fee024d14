# Records that were set aside, and what becomes of them.

quarantine-done-released = The record is in the log, and was judged like any other.
quarantine-done-corrected = What it meant is recorded, and stands beside it.
quarantine-done-dismissed = The record stays aside for good. Nothing of it is lost.
quarantine-more = And { $count } more, which came later.
quarantine-record-of = record { $number } of { $person }
quarantine-device-of = { $device }, device of { $person } · record { $number }
quarantine-came = came { $when }
quarantine-released = Released into the log by { $person }, { $when }: “{ $reason }”
quarantine-corrected = Corrected by a record of { $person }, { $when }: “{ $reason }”
quarantine-dismissed = Set aside for good by { $person }, { $when }: “{ $reason }”
quarantine-first = Only the first { $count } characters are shown.
quarantine-fork = Number used twice with different content
quarantine-other = Other

ruling-say-why = Say why, in at most { $count } characters
ruling-choose = Choose what becomes of it
ruling-failed-contact = Failed contact: { $form }
ruling-seen-met = Child seen, needs known to be met
ruling-seen = Child seen, not known whether needs are met
ruling-no-child = There is no child with this number
ruling-choose-what = Choose what happened
ruling-enter-date = Enter a date, for example 2 3 2026
ruling-enter-time = Enter a time, for example 14:30
ruling-future = It cannot have happened in the future
ruling-title = Record set aside
ruling-back = Back to what is set aside
ruling-cannot = It cannot be released: { $why }.
ruling-reason-hint = It stays beside the record, and its author reads it.
ruling-why = Why?
ruling-what = What happened
ruling-release = Release it: it is good as it is

quarantine-set-aside = Set aside
quarantine-records-came-from-device = Records that came from a device but could not be taken into the log. Nothing of them is lost; each waits for a person to look.
quarantine-nothing-set-aside = Nothing is set aside
quarantine-every-record-came-was = Every record that came in was taken.
quarantine-decided = Decided
quarantine-decide-what-becomes = Decide what becomes of it
quarantine-what-meant = What it meant
quarantine-about-child-whose-record = It is about a child whose record you do not hold.
quarantine-what-came = What came

ruling-record-decision = Record the decision
ruling-what-becomes = What becomes of it?
ruling-record-what-meant = Record what it meant
ruling-set-aside-for-good = Set it aside for good
ruling-recorded-your-name-stands = It is recorded in your name, and stands beside this record for good.
ruling-child = Child
ruling-number-your-own-system = The number in your own system
ruling-choose-2 = Choose
ruling-on-which-day = On which day
ruling-for-example-2-3 = For example, 2 3 2026
ruling-at-what-time = At what time
ruling-for-example-1430 = For example, 14:30
