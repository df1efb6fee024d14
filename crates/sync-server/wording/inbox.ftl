# The inbox.

inbox-mine = For me ({ $count })
inbox-team = My team’s ({ $count })
inbox-covered = Covered for others ({ $count })
inbox-show-open = Open
inbox-show-closed = Closed
inbox-show-all = All
inbox-any-urgency = Any urgency
inbox-none-urgency = Nothing of this urgency
inbox-none-urgency-words = Choose another urgency, or any.
inbox-none-covered = You are not covering anything
inbox-none-covered-words = What you are told in the place of somebody who is away appears here.
inbox-for = in the place of { $person }
inbox-acknowledge = Acknowledge
inbox-acknowledged = You acknowledged the escalation about { $child } { $when }. It stays open until it is done.
inbox-first = { $person } was first: the escalation about { $child } was acknowledged { $when }.
inbox-open-it = Open it
