# Setting up: people, teams, import.

set-up-title = Set-up
set-up-intro = Who and what is there. Where the organisation’s own system leads, what it exports is imported here. One person, or who works with one child, is changed by hand; the next import that names them has the last word.
set-up-add-person = Add a person
set-up-allocate = Change who works with a child
set-up-import = Import teams, staff, children and allocations
set-up-cover = Cover: who is away, and who stands in
set-up-devices = Devices
set-up-notices = Notices: what became of them, and a test of each way
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
set-up-duty-list = Duty list for when systems are down
set-up-duty-list-fails = No duty list could be written since { $since }:
set-up-duty-list-mend = Make room there, or have the folder put right; it is tried again every five minutes. Until then print the page of the inbox, or write the list elsewhere with the command.
set-up-duty-list-off = The server writes none by itself: no folder is set for it (contingency_folder).
set-up-duty-list-none = None has been written yet.
set-up-duty-list-last = The last was written { $when }, to { $folder }.

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

one-row-enter = { $what }: fill this in
one-row-fault = { $what }: { $fault }
one-row-real-date = Enter a real date, for example 31 3 2026

person-title = { $who }
person-title-new = Add a person
person-number = Staff number
person-number-hint = As the organisation’s own system has it. It cannot be changed later.
person-number-taken = Staff number: { $who } has this number. Open their page from Set-up to change them.
person-name = Full name
person-role = Role
person-role-hint = The role in which this person records, and is told of escalations.
person-choose-role = Choose a role
person-also = Further roles
person-duties = Duties for the whole organisation
person-administrator = Administrator, on the duty desk
person-auditor = Auditor: sees who looked at records, and no record
person-team = Team
person-manager = Line manager
person-manager-hint = Hears next of an escalation of which this person takes no notice.
person-none = None
person-phone = Phone
person-phone-hint = Digits and spaces. A mobile number can be sent text messages.
person-email = E-mail
person-email-hint = Notices go there. They name nobody.
person-hours = Working hours
person-hours-hint = For example Mon-Fri 09:00-17:00. Leave empty where they are not known.
person-left = No longer works here from
person-left-hint = From that day this person can neither sign in nor exchange with a device, and what is addressed to them goes to somebody else. Leave empty while they work here.
person-holds = { $count ->
        [one] 1 child is still with this person. Give it to somebody else:
       *[other] { $count } children are still with this person. Give them to somebody else:
    }
person-save = Save
person-saved = Saved. It holds from now on.
person-kept = Your session had ended. Nothing that you typed is lost: look through it and send it again.
person-meanwhile = Somebody else changed this person while you were typing
person-meanwhile-words = Nothing was saved. What is there now is listed here; what you typed is below. Change it where you need to and save again: then yours counts.

allocating-title = Who works with a child
allocating-child = Number of the child
allocating-child-hint = As the organisation’s own system has it, for example C-001. This page names no child.
allocating-show = Show
allocating-no-child = No child has the number { $number }. Look it up in the organisation’s own system.
allocating-about = Child { $number }, team { $team }.
allocating-another = Another child
allocating-person = Person
allocating-role = Role
allocating-role-hint = The role in which this person works with the child.
allocating-from = From
allocating-from-hint = Leave empty to begin now.
allocating-until = Until
allocating-until-hint = The first day on which it holds no more. Leave empty while it is open.
allocating-choose = Choose
allocating-held = Who works or worked with this child
allocating-nobody = Nobody works with this child
allocating-nobody-words = Escalations go to the child’s team until somebody does.
allocating-end = End now
allocating-add = Somebody begins
allocating-do = Allocate
allocating-begun = Done. It holds now: their devices hear of it when they next exchange.
allocating-ended = Ended. The child leaves their devices when they next exchange, unless they see it for another reason.
