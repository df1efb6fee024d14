# The page of one escalation.

escalation-caption = Escalation · { $clause }
escalation-open-record = Open the record of { $child }
escalation-handed-over-to = Handed over to { $person }.
escalation-you-acknowledged = You acknowledged this { $when }.
escalation-stays-open = It stays open until it is done.
escalation-was-first = { $person } was first, { $when }.
escalation-acknowledged-by = Acknowledged by { $person }, { $when }.
escalation-limit-by = By { $when }
escalation-owed-by = { $modality } by the { $role }
escalation-pack = Policy { $pack }, version { $version }
escalation-evidence = { $record }, recorded by { $person }
escalation-webhook = the webhook
escalation-sent = To { $to }: { $outcome }
escalation-sent-more-urgent = To { $to }, that it became more urgent: { $outcome }
escalation-sent-reopened = To { $to }, that it is open again: { $outcome }
escalation-sent-cause-changed = To { $to }, that its cause changed: { $outcome }
escalation-sent-stood-down = To { $to }, that it was stood down: { $outcome }
escalation-step-by = { $what } by { $person }
escalation-told = { $person } was told, { $how }
escalation-not-reached = No notice reached { $person } yet: { $why }
escalation-with-note = { $what }: { $note }
escalation-why = Why
escalation-records = Records
escalation-clause = Clause
escalation-limit = Limit
escalation-ground = Ground
escalation-now = What to do now

chain-desk = the duty desk
chain-desk-again = the duty desk once more
chain-told = { $person }, { $when }
chain-told-for = { $person }, { $when }, in place of { $of }
chain-heard = Heard of it { $when }, { $how }
chain-not-heard = Has not heard of it yet, as far as is known
chain-next = Next: { $person }, { $when }, unless somebody acknowledges it before
chain-next-now = Next: { $person }, any moment now, unless somebody acknowledges it before

escalation-why-you-are-told = Why you are told
escalation-timeline = Timeline
escalation-what-else-owed = What else is owed
escalation-back-inbox = Back to the inbox
escalation-already-acknowledged = Already acknowledged
escalation-there-nothing-more-do = There is nothing more to do here for now.
escalation-acknowledge = Acknowledge
escalation-says-you-have-seen = This says that you have seen it and have it in hand. What is owed stays owed until it is recorded.
escalation-its-ground-has-gone = Its ground has gone. There is nothing to acknowledge.
escalation-who-told = Who is told
escalation-history = History
escalation-ground-for-arose = The ground for this arose
escalation-records-reached-us-was = The records reached us and it was raised
escalation-brought-up-date-after = Brought up to date after a later or corrected record
escalation-met-what-was-owed = Met: what was owed is done
escalation-stood-down-its-ground = Stood down: its ground has gone
escalation-open-again = Open again
escalation-acknowledged = Acknowledged
escalation-passed-on-nobody-had = Passed on: nobody had acknowledged it in time
escalation-handed-over = Handed over
escalation-given-somebody-else-addressee = Given to somebody else: the addressee no longer works here
escalation-asked-again-holder-gone = To be acknowledged again: whoever had it in hand no longer works here
escalation-notice-was-handed-over = A notice was handed over
escalation-notice-could-not-be = A notice could not be delivered

chain-hand-over = Hand it over
chain-whom = To whom
chain-they-answer-for-from = They answer for it from then on, and must acknowledge it.
chain-hand-over-2 = Hand over

judged-owed-by = Owed by { $who }; { $state }. It arose because of this: { $reason }.
judged-limit = Limit: { $limit }.
judged-pack = Pack { $pack }, version { $version }.

judged-how-was-judged = How this was judged
judged-not-counted = Not counted:
judged-settled-by = Settled by:
