# Today, and whom to phone.

today-title = Today
today-arriving = { $left ->
    [one] Your caseload is arriving: { $here } here, 1 child to come. You can begin already.
   *[other] Your caseload is arriving: { $here } here, { $left } children to come. You can begin already.
}
today-policy-unreadable = This app cannot read your organisation’s policy ({ $why }). What it says is owed comes from the built-in policies meanwhile: update the app.
today-draft = Not saved yet: { $about }
today-draft-at = Kept on this device { $at }
today-draft-go-on = Go on with it
today-visits = Planned visits
today-no-visits = No visit is planned for today that is not recorded.
today-duties = For you to do
today-no-duties = Nothing is owed by what this device holds.
today-owed-more = { $count ->
    [one] 1 more child for whom something is owed
   *[other] { $count } more children for whom something is owed
}
today-more = { $count ->
    [one] and 1 more
   *[other] and { $count } more
}
today-only-more = { $count ->
    [one] 1 thing without a time limit
   *[other] { $count } things without a time limit
}

call-now = Phone the { $role } now
call-today = Phone the { $role } today
call-soon = Phone the { $role } within a working day
call-about = About { $name }
call-about-several = About { $count } children, in one call
call-children = { $count ->
    [one] and 1 more child
   *[other] and { $count } more children
}
call-others = { $count ->
    [one] 1 more person to phone
   *[other] { $count } more people to phone
}
call-nobody = No { $role } is named on this device: ask the office.
call-no-number = no number is known here
call-no-answer = No answer? Do not wait; phone next:
call-unheard = Nobody else knows yet: the record is only on this device.
call-heard = The office has the record; this cannot wait for somebody to read it.
call-by = By { $at }.
call-told = I told them
call-told-all = I told them about all { $count }
call-told-first = I told them about the first { $count }
call-one-by-one = Not about all of them
call-told-one = I told them about this child
call-talked = We talked it over

duty-why = Why: { $clause }
duty-later = { $count ->
    [one] 1 more without a time limit
   *[other] { $count } more without a time limit
}
duty-times = ({ $count } times)

children-title = Children
children-search = Name or street
children-search-button = Find
children-count = { $count ->
    [one] 1 child
   *[other] { $count } children
}
children-owed = { $count ->
    [one] 1 child for whom something is owed, the earliest limit first.
   *[other] { $count } children for whom something is owed, the earliest limit first.
}
children-all = Show all children
children-call = Phone

sync-title = Sync
sync-under-way = Speaking with the office now…
sync-progress = Progress
sync-now = Sync now
sync-offline = This device says that it has no connection. Records are kept here until there is one.
sync-here = Records only here
sync-oldest = The oldest of them
sync-contact = Last contact
sync-never = Never yet
sync-again = Tries again
sync-differing = Children being fetched again
sync-last = Last exchange, { $at }
sync-sent = { $count ->
    [one] 1 record sent
   *[other] { $count } records sent
}
sync-received = { $count ->
    [one] 1 record received
   *[other] { $count } records received
}
sync-children = { $count ->
    [one] 1 child new or changed
   *[other] { $count } children new or changed
}
sync-left = { $count ->
    [one] 1 child left your caseload
   *[other] { $count } children left your caseload
}
sync-set-aside = { $count ->
    [one] 1 record was set aside by the office: see Records
   *[other] { $count } records were set aside by the office: see Records
}
sync-nothing = Nothing new on either side
sync-automatic = Doorstep syncs by itself whenever there is a connection, also while locked.

about-title = About this device
about-person = Person
about-organisation = Organisation
about-device = Device
about-version = App
