# Setting up: people, teams, import.

set-up-title = Set-up
set-up-intro = Who and what is there. The organisation’s own system leads: what it exports is imported here.
set-up-import = Import teams, staff, children and allocations
set-up-cover = Cover: who is away, and who stands in
set-up-devices = Devices
set-up-teams = Teams
set-up-team = Team
set-up-number = Number
set-up-phone = Phone
set-up-members = People
set-up-children = Children
set-up-without-team = { $count ->
        [one] 1 child has no team.
       *[other] { $count } children have no team.
    }
set-up-unheld = { $count ->
        [one] 1 child is allocated to nobody.
       *[other] { $count } children are allocated to nobody.
    }
set-up-empty = No teams yet
set-up-empty-words = Import the organisation’s teams, staff, children and allocations to begin.
set-up-people = People
set-up-person = Who
set-up-roles = Roles
set-up-manager = Line manager
set-up-access = Signs in, devices, hours
set-up-also = Also { $roles }
set-up-administrator = Administrator, on the duty desk
set-up-left = Left { $when }
set-up-login = As { $login }
set-up-no-login = No account here
set-up-device-count = { $count ->
        [0] No device
        [one] 1 device
       *[other] { $count } devices
    }
set-up-more = And { $count } more.

import-title = Import
import-back = Back to set-up
import-intro = CSV files as the organisation’s own system exports them. Rows that are there are changed, rows that are in no file are left alone. With a fault in any row nothing is changed.
import-files = Files
import-files-hint = Several at once: teams, staff, children, allocations. The first line says which is which.
import-check = Check only
import-do = Import
import-no-file = Choose a file
import-too-large = An import here may have { $files } files and { $most } MB; import larger ones with the command
import-faults = { $count ->
        [one] Nothing was changed: 1 fault is listed below
       *[other] Nothing was changed: { $count } faults are listed below
    }
import-fault-caption = Faults
import-file = File
import-line = Line
import-column = Column
import-what = What is wrong
import-more = And { $count } more.
import-checked = Checked: nothing was changed. An import would do this:
import-done = Imported
import-tally = { $kind }: { $new } new, { $changed } changed, { $same } the same
