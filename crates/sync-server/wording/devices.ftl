# Devices: how they stand, enrolling one, shutting one out.

devices-differed = { $found } found, { $healed } mended by the device itself
devices-never = Never
devices-device = Device
devices-app = App
devices-enrolled = Enrolled
devices-last-contact = Last contact
devices-still-on-it = Still on it
devices-clock = Clock
devices-copies = Copies that differed
devices-shut-out = Shut out
devices-back = Back to the devices
devices-whose = Whose
devices-children = Children on it
devices-backup-fails = The server’s backup has failed since { $since }. Devices keep their records until it succeeds.
devices-backed-up = The server was last backed up { $when }.
devices-more = And { $count } more, which spoke later.
devices-records = { $count ->
        [one] 1 record
       *[other] { $count } records
    }
devices-oldest = (the oldest of { $when })
devices-missing-one = Missing: number { $number }
devices-missing = Missing: number { $from } to { $to }
devices-epoch = (epoch { $epoch })
devices-set-aside = { $count } set aside
devices-minutes = { $count } minutes
devices-hours = { $count } hours
devices-days = { $count } days
devices-ahead = { $span } ahead
devices-behind = { $span } behind

lost-last-spoke = It last spoke to the server { $when }.
lost-held = { $count ->
        [one] When it last spoke it still held 1 record that is not here: number { $from }.
       *[other] When it last spoke it still held { $count } records that are not here: number { $from } to { $to }.
    }
lost-oldest = The oldest was made { $when }.
lost-ask = What was recorded on it after that is not here, and nobody can say how much it is: ask { $person } what they recorded, and record it again.
lost-children = Children on it: { $count }, of whom { $protected } with a protected address.
lost-encrypted = Its file is encrypted, and opens only with { $person }’s passphrase. Was the device unlocked, or the passphrase with it? Then treat what was on it as known to whoever has it.
lost-set-aside = { $count } of its records are set aside and wait for a decision.

enrolling-code-for = Device code for { $person }
enrolling-until = works once, until { $when }
enrolling-only-now = It is shown only now. Give it to nobody but { $person }: whoever uses it first gets their caseload. The server is { $server }.
enrolling-picture = The code as a picture to scan

devices-being-mended = Being mended
devices-what-server-sent-device = What the server sent to this device and has not told it to remove. The device removes a child when it next speaks to the server.
devices-none = None.

devices-warning = Warning
devices-tell-administrator = Tell an administrator.
devices-server-has-not-been = The server has not been backed up yet.
devices-devices = Devices
devices-what-devices-said-when = What the devices said when they last spoke. A record that is still on a device is safe there, but only there: phone whoever has been silent for long.
devices-enrol-device = Enrol a device
devices-no-devices = No devices
devices-nobody-yours-has-enrolled = Nobody of yours has enrolled one.
devices-longest-silent-first = The longest silent first
devices-nothing = Nothing
devices-not-known = Not known
devices-right = Right

lost-lost-stolen-or-handed = Lost, stolen or handed back?
lost-shut-device-out-from = Shut the device out: from that moment it is sent nothing more. What was recorded on it before is still taken when it is found and hands it in; what is recorded on it after that is set aside for somebody to look at.
lost-yes-shut-device-out = Yes, shut this device out now
lost-leave-as = Leave it as it is
lost-shut-device-out = Shut this device out
lost-what-known = What is known
lost-has-never-spoken-server = It has never spoken to the server since it was enrolled.
lost-when-last-spoke-everything = When it last spoke, everything recorded on it had been handed in.
lost-visits-planned-since-then = Visits planned since then, of which nothing has come

enrolling-enrol-device = Enrol a device
enrolling-code-works-once-for = The code works once, for the person that you choose, for a few minutes.
enrolling-whose-device = Whose device is it?
enrolling-make-code = Make a code
enrolling-device-code = Device code
enrolling-scan-picture-with-device = Scan the picture with the device, or type the code into the app.
