# What stands around every page.

app-name = Doorstep
skip = Skip to main content
lock = Lock
change = Change
back-label = Back
nav-label = Pages
nav-today = Today
nav-children = Children
nav-records = Records
nav-sync = Sync

# How the device stands, in one line.
state-all-sent = Every record has reached the office
state-here = { $count ->
    [one] 1 record on this device only
   *[other] { $count } records on this device only
}
state-contact = last contact { $at }
state-no-contact = never in contact yet
state-needs-you = { $count ->
    [one] 1 record needs you
   *[other] { $count } records need you
}
state-offline = No connection now.

notice-storage = This browser may clear its storage when space runs out, and records that were not sent would be lost. Put Doorstep on the home screen, or sync often.
notice-space = Only { $megabytes } MB are left on this device. Free some space before you go on.
notice-elsewhere = Doorstep is open in another window, which holds the records. Go on there, or close it.
notice-update = A new version is ready. Take it when you are not in the middle of a record.
notice-update-take = Use the new version

error-summary = There is a problem
error-prefix = Error:
error-title = Error: { $title }
not-here-title = Not on this device
not-here-body = The page, child or record is not on this device, or not any more. If a child left your caseload, your manager can say why.
settling-title = Not recorded yet
settling-body = { $seconds ->
    [one] This device is making its storage safe. Go back and try again in 1 second.
   *[other] This device is making its storage safe. Go back and try again in { $seconds } seconds.
}
problem-title = That did not work
problem-body = Nothing of the last step was kept; everything from before is safe. Go back and try again. If it stays so, sync or phone the office before you close Doorstep.

limit-by = by { $at }
limit-was = was due { $at }
limit-none = No time limit
