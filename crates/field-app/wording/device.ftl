# First use, enrolment, unlocking.

start-title = Set up this device
start-body = You need the code from your manager and a connection. Afterwards Doorstep works without one.
start-server = Server
start-server-hint = As your manager wrote it, for example https://doorstep.example
start-server-missing = Enter the server’s address
start-code = Code
start-code-hint = It works once
start-code-missing = Enter the code that your manager gave you
start-name = What you call this device
start-name-hint = For example “Work phone”. Managers see it.
start-name-default = Unnamed device
start-passphrase = Passphrase
start-passphrase-hint = { $count } characters or more. Four words are easier to type than signs.
start-passphrase-short = Choose a passphrase of { $count } characters or more
start-again = The passphrase again
start-again-differs = Enter the same passphrase twice
start-forgotten = Nobody can open this device without it: not your manager, and not us. If you forget it, records that were not sent are lost.
start-button = Set up
enrol-title = Finish setting up
enrol-body = The passphrase is chosen already. What is missing is the code from your manager, and a connection.

lease-title = Sync to see your children
lease-record = Record a visit now
lease-name = The child’s full name
lease-name-hint = As it is written in the record. Nothing of the child is shown.
lease-no-such-name = No child on this device is called that, or more than one is: write the full name, or sync first
lease-saved = What this record asks for is shown after the next sync.

unlock-title = Unlock Doorstep
unlock-passphrase = Passphrase
unlock-hint = The one that you chose when you set up this device
unlock-missing = Enter your passphrase
unlock-unsent = { $count ->
    [one] 1 record is only on this device. It is sent as soon as there is a connection, also while locked.
   *[other] { $count } records are only on this device. They are sent as soon as there is a connection, also while locked.
}
unlock-button = Unlock
