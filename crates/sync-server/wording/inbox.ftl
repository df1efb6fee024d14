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
inbox-none-covered-words = What you are told in the place of somebody who is away appears here, and what they had open when they went.
inbox-for = in the place of { $person }
inbox-passed-on = to { $person } as { $role }, passed on to you
inbox-acknowledge = Acknowledge
inbox-acknowledged = You acknowledged the escalation about { $child } { $when }. It stays open until it is done.
inbox-first = { $person } was first: the escalation about { $child } was acknowledged { $when }.
inbox-open-it = Open it

inbox-title = Inbox
inbox-title-waiting = ({ $count }) Inbox
inbox-filters = Show
inbox-as-of = As of { $when }
inbox-group-new = To acknowledge
inbox-group-met-unseen = Met before anybody acknowledged it
inbox-group-acknowledged = Acknowledged, still to be done
inbox-group-met = Met
inbox-group-stood-down = Stood down
inbox-why = Why: { $why }
inbox-to-you = to you as { $role }
inbox-to = to { $person }, { $role }
inbox-raised = raised { $ago }
inbox-summary = { $total ->
        [one] 1 escalation
       *[other] { $total } escalations
    }: { $waiting } to acknowledge{ $met ->
        [0] {""}
       *[other] , { $met } met before anybody acknowledged it
    }, { $over ->
        [0] none past its limit.
       *[other] { $over } past the limit.
    }

inbox-nothing-waiting-for-you = Nothing is waiting for you
inbox-when-failed-contact-calls = When a failed contact calls for you, it appears here by itself.
inbox-nothing-waiting-for-your = Nothing is waiting for your team
inbox-when-failed-contact-calls-2 = When a failed contact calls for somebody in your team, it appears here by itself.
inbox-nothing-has-been-closed = Nothing has been closed yet
inbox-escalations-were-met-or = Escalations that were met or stood down are kept here.
inbox-notice-by-email-does = The notice by e-mail does not arrive.
inbox-new = New
inbox-acknowledged-2 = Acknowledged
