# The visits that are planned to a child.

visits-title = Planned visits
visits-list = Planned, the latest first
visits-none = No visit is planned
visits-none-words = Plan one below, or import them from your own system.
visits-when = When
visits-who = Who goes
visits-who-hint = Who holds the child, or belongs to its team
visits-outcome = Outcome
visits-plan = Plan a visit
visits-day = Day
visits-day-hint = For example, { $today }
visits-time = Time
visits-time-hint = For example, 14:30. Where no outcome has arrived when the day ends, the line manager is told.
visits-call-off = Call it off
visits-choose-who = Choose who goes
visits-enter-day = Enter a day, for example 27 3 2026
visits-enter-time = Enter a time, for example 14:30
visits-to-come = The visit must lie ahead, by two years at most
