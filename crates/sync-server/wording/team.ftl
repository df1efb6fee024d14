# The team's page: what nobody knows yet, and how its devices stand.

team-visit-when = When
team-visit-child = Child
team-visit-who = Who was to visit
team-unknown = Visits of which the outcome is not known
team-unknown-none = None: of every visit whose day has ended there is a record.
team-devices = Devices
team-devices-heard = { $heard ->
        [0] No device was
        [one] 1 device was
       *[other] { $heard } devices were
    } in contact within 24 hours, { $silent ->
        [0] none has been silent for longer.
        [one] 1 has been silent for longer.
       *[other] { $silent } have been silent for longer.
    }
team-devices-oldest = The oldest record still on one is of { $when }.
team-set-aside = { $count ->
        [one] 1 record of theirs is set aside
       *[other] { $count } records of theirs are set aside
    }
team-silent = Out of contact for more than 24 hours
team-device-whose = Whose
team-device-last = Last contact
team-device-on = Still on it
team-device-never = Never
team-away-from = { $why } from { $when },
team-until = until { $when }
team-stands-in = { $person } stands in
team-visit-who-visits = Who visits
team-visit-outcome = Outcome
team-silent-since = { $tag } since { $when }
team-nobody-by-name = Nobody by name: the next in the chain
team-until-hint = The last day away. Leave it empty where it is not known
team-who = Who
team-why = Why
team-choose-who = Choose who is away
team-choose-why = Choose why
team-choose-deputy = Choose somebody of the team, or nobody by name
team-choose-other-deputy = Choose somebody else: nobody stands in for themselves
team-enter-from = Enter a date, for example 2 3 2026, or leave it empty for now
team-enter-until = Enter a date, for example 9 3 2026, or leave it empty
team-until-before = The last day must not lie before the first, or in the past

team-team = Team
team-who-there = Who is there
team-now = Now
team-later = Later
team-open-for-them = Open for them
team-absence-written-down-whoever = The absence is written down. Whoever stands in is told from then on.
team-you-are-not-available = You are not available from now on. What is addressed to you goes to the next as well.
team-absence-has-ended = The absence has ended.
team-i-am-back = I am back
team-i-am-not-available = I am not available now
team-there = There
team-end-now = End it now
team-on-leave = On leave
team-ill = Ill
team-not-available = Not available
team-until-further-notice = until further notice
team-next-chain-told = The next in the chain is told
team-visits-planned-today = Visits planned today
team-none-server-knows = None that the server knows of.
team-called-off = Called off
team-recorded = Recorded
team-still-come = Still to come
team-not-recorded-yet = Not recorded yet
team-device-silent = Device silent
team-outcome-not-known = Outcome not known
team-somebody-away = Somebody is away
team-from = From
team-leave-empty-for-now = Leave it empty for now
team-until-2 = Until
team-who-stands = Who stands in
team-they-are-told-at = They are told at once of what is addressed to the person who is away
team-write-down = Write it down
