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
